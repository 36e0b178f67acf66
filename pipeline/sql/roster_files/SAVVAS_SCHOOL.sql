-- SAVVAS (EasyBridge): the schools.
-- grain: one row per school that the SIS exports, of both servers.
-- owner: district data team
-- reader: SAVVAS, file `SCHOOL.txt`, every morning
-- layout: header known; the values are modelled: school_code is the school_number; grades are PK, K and 1 to 12, as in
--         ENROLLMENT. The SIS holds one line of address, so address_2 stays empty.
SELECT
  schools.school_number AS school_code,
  schools.name AS school_name,
  (SELECT district.district_code FROM `roster_files.SAVVAS_CODE_DISTRICT` AS district) AS district_code,
  CASE schools.low_grade
    WHEN '-1' THEN 'PK'
    WHEN '0' THEN 'K'
    ELSE schools.low_grade
  END AS grade_start,
  CASE schools.high_grade
    WHEN '-1' THEN 'PK'
    WHEN '0' THEN 'K'
    ELSE schools.high_grade
  END AS grade_end,
  schools.address AS address_1,
  '' AS address_2,
  schools.city,
  schools.state,
  schools.zip,
  schools.phone
FROM `roster_files.district_schools` AS schools
