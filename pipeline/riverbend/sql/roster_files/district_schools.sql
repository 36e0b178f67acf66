-- The schools of both servers.
-- grain: one row per school_number of a server. A second SIS row for the same number is left out (the higher id loses).
--        A number that both servers use has two rows: two schools must not become one in silence, and the delivery's
--        check of the key tells.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- Texts are '' where the SIS holds nothing.
SELECT
  schools.district_identification,
  schools.school_number,
  COALESCE(schools.name, '') AS name,
  COALESCE(schools.low_grade, '') AS low_grade,
  COALESCE(schools.high_grade, '') AS high_grade,
  COALESCE(schools.principal, '') AS principal,
  COALESCE(schools.principal_email, '') AS principal_email,
  COALESCE(schools.school_address, '') AS address,
  COALESCE(schools.school_city, '') AS city,
  COALESCE(schools.school_state, '') AS state,
  COALESCE(schools.school_zip, '') AS zip,
  COALESCE(schools.school_phone, '') AS phone
FROM `powerschool_combined.schools` AS schools
WHERE COALESCE(schools.school_number, '') != ''
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY schools.district_identification, schools.school_number
    ORDER BY COALESCE(SAFE_CAST(schools.id AS INT64), 9223372036854775807), schools.name
  ) = 1
