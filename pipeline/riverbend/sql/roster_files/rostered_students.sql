-- The students that Clever hears of: current students of a school that the SIS exported.
-- grain: one row per student_number. A student whose schoolid is no school of the server is left out.
-- owner: district data team
-- reader: Clever's views
-- layout: ours
-- grade is Clever's word, '' where the SIS holds no grade level.
SELECT
  students.district_identification,
  students.id,
  students.student_number,
  students.schoolid,
  COALESCE(grades.grade, '') AS grade
FROM `roster_files.current_students` AS students
INNER JOIN `roster_files.district_schools` AS schools
  ON schools.district_identification = students.district_identification
  AND schools.school_number = students.schoolid
LEFT JOIN `roster_files.clever_grades` AS grades
  ON grades.grade_level = students.grade_level
