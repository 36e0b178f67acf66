-- SAVVAS (EasyBridge): in which schools the students are.
-- grain: one row per active student and school of SCHOOL: the student's own, and any other in which the student sits in a
--        section of PIF_SECTION. A student who is in no such school has no row.
-- owner: district data team
-- reader: SAVVAS, file `ENROLLMENT.txt`, every morning
-- layout: header known, and SAVVAS's codes for grades too (PK, KG, 01 to 12); modelled: native_enrollment_code is
--         `<student_code>-<school_code>`; date_enrolled is EntryDate, or, in another school, the first day in a section
--         there. date_withdrawn stays empty, since all are there now.
WITH
  places AS (
    SELECT
      students.district_identification,
      students.student_number,
      students.grade_level,
      students.schoolid,
      students.entry_day AS day,
      'own' AS kind
    FROM `roster_files.current_students` AS students
    UNION ALL
    SELECT
      guests.district_identification,
      guests.student_number,
      guests.grade_level,
      enrollments.schoolid,
      enrollments.date_enrolled AS day,
      'other' AS kind
    FROM `roster_files.current_enrollments` AS enrollments
    INNER JOIN `roster_files.rostered_sections` AS sections
      ON sections.section_id = enrollments.section_id
    INNER JOIN `roster_files.current_students` AS guests
      ON guests.student_number = enrollments.student_number
  )
SELECT
  CONCAT(places.student_number, '-', places.schoolid) AS native_enrollment_code,
  places.student_number AS student_code,
  COALESCE(years.school_year, '') AS school_year,
  places.schoolid AS school_code,
  COALESCE(grades.grade_code, '') AS grade_code,
  COALESCE(FORMAT_DATE('%Y-%m-%d', places.day), '') AS date_enrolled,
  '' AS date_withdrawn
FROM places
INNER JOIN `roster_files.district_schools` AS schools
  ON schools.district_identification = places.district_identification
  AND schools.school_number = places.schoolid
LEFT JOIN `roster_files.savvas_grades` AS grades
  ON grades.grade_level = places.grade_level
LEFT JOIN `roster_files.current_school_years` AS years
  ON years.district_identification = places.district_identification
  AND years.schoolid = places.schoolid
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY places.student_number, places.schoolid
    ORDER BY IF(places.kind = 'own', 1, 2), COALESCE(places.day, DATE '9999-12-31')
  ) = 1
