-- Clever: which students sit in which sections now.
-- grain: one row per section and student that are both sent. Left out: enrolments that were dropped or left, and those
--        in sections without a teacher.
-- owner: district data team
-- reader: Clever, file `enrollments.csv`, every morning
-- layout: known. School_id is the section's school, also for a student of another.
SELECT
  sections.schoolid AS School_id,
  sections.section_id AS Section_id,
  students.student_number AS Student_id
FROM `roster_files.current_enrollments` AS enrollments
INNER JOIN `roster_files.rostered_sections` AS sections
  ON sections.section_id = enrollments.section_id
INNER JOIN `roster_files.rostered_students` AS students
  ON students.student_number = enrollments.student_number
