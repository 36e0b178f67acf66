-- SAVVAS (EasyBridge): in which schools the people who teach work.
-- grain: one row per person of STAFF and school of SCHOOL in which they teach a current section or are current teaching
--        staff. Left out: who is in no such school, and who has no e-mail address, which SAVVAS requires of staff: they are
--        in none of its files, and a section that nobody else teaches is in none either.
-- owner: district data team
-- reader: SAVVAS, file `ASSIGNMENT.txt`, every morning
-- layout: meaning of a row open: some districts send one for each teacher and school, one only for staff who must see all
--         classes of the school. Ask SAVVAS what a row with position_code Teacher opens. Header known; the values are modelled: native_assignment_code is `<staff_code>-<institution_code>`;
--         institution_code is the school_number; position_code is always Teacher, since nobody else is sent. The SIS
--         holds no days of employment: date_start and date_end are those of the school year.
SELECT
  CONCAT(teachers.teachernumber, '-', teachers.schoolid) AS native_assignment_code,
  teachers.teachernumber AS staff_code,
  COALESCE(years.school_year, '') AS school_year,
  teachers.schoolid AS institution_code,
  COALESCE(FORMAT_DATE('%Y-%m-%d', years.first_day), '') AS date_start,
  COALESCE(FORMAT_DATE('%Y-%m-%d', years.last_day), '') AS date_end,
  'Teacher' AS position_code
FROM `roster_files.current_teachers` AS teachers
INNER JOIN `roster_files.district_schools` AS schools
  ON schools.district_identification = teachers.district_identification
  AND schools.school_number = teachers.schoolid
LEFT JOIN `roster_files.current_school_years` AS years
  ON years.district_identification = teachers.district_identification
  AND years.schoolid = teachers.schoolid
WHERE
  teachers.teachernumber IN (
    SELECT reachable.teachernumber
    FROM `roster_files.current_staff` AS reachable
    WHERE TRIM(reachable.email) != ''
  )
