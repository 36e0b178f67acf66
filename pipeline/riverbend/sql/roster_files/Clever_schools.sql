-- Clever: the schools of the district.
-- grain: one row per school of both servers, also of one without students or sections. School_id and School_number are
--        the school_number.
-- owner: district data team
-- reader: Clever, file `schools.csv`, every morning
-- layout: known, and Clever's words for grades too. State_id is modelled: the SIS export holds no state's number of a
--         school, so it is empty. No data is an empty field.
SELECT
  schools.school_number AS School_id,
  schools.name AS School_name,
  schools.school_number AS School_number,
  '' AS State_id,
  COALESCE(lowest.grade, '') AS Low_grade,
  COALESCE(highest.grade, '') AS High_grade,
  schools.principal AS Principal,
  schools.principal_email AS Principal_email,
  schools.address AS School_address,
  schools.city AS School_city,
  schools.state AS School_state,
  schools.zip AS School_zip,
  schools.phone AS School_phone
FROM `roster_files.district_schools` AS schools
LEFT JOIN `roster_files.clever_grades` AS lowest
  ON lowest.grade_level = schools.low_grade
LEFT JOIN `roster_files.clever_grades` AS highest
  ON highest.grade_level = schools.high_grade
