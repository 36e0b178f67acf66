-- SAVVAS (EasyBridge): in which schools the people who teach work.
-- grain: one row per person of STAFF and school of SCHOOL in which they teach a current section or are current teaching
--        staff. Somebody who is in no such school has no row.
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
