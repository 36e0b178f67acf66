-- SAVVAS (EasyBridge): the schools.
-- grain: one row per school that the SIS exports, of both servers.
-- owner: district data team
-- reader: SAVVAS, file `SCHOOL.txt`, every morning
-- layout: header known, and SAVVAS's codes for grades too; modelled: school_code is the school_number. The SIS holds one line of address, so address_2 stays empty.
SELECT
  schools.school_number AS school_code,
  schools.name AS school_name,
  (SELECT district.district_code FROM `roster_files.SAVVAS_CODE_DISTRICT` AS district) AS district_code,
  COALESCE(lowest.grade_code, '') AS grade_start,
  COALESCE(highest.grade_code, '') AS grade_end,
  schools.address AS address_1,
  '' AS address_2,
  schools.city,
  schools.state,
  schools.zip,
  schools.phone
FROM `roster_files.district_schools` AS schools
LEFT JOIN `roster_files.savvas_grades` AS lowest
  ON lowest.grade_level = schools.low_grade
LEFT JOIN `roster_files.savvas_grades` AS highest
  ON highest.grade_level = schools.high_grade
