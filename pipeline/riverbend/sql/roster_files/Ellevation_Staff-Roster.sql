-- Ellevation: the staff who may be given an account there.
-- grain: one row per TeacherNumber and school, of current staff (Status 1) of both servers. Staff who belong to two
--        schools have two rows; a second SIS row for the same number and school is left out (the higher id loses).
--        Staff without a TeacherNumber have no key and are left out.
-- owner: district data team
-- reader: Ellevation, file `Staff-Roster.csv`, every morning
-- layout: modelled. Role is the meaning of PowerSchool's StaffStatus; what is not 1, 3 or 4 is Staff.
SELECT
  teachers.teachernumber AS StaffID,
  COALESCE(teachers.first_name, '') AS FirstName,
  COALESCE(teachers.last_name, '') AS LastName,
  COALESCE(teachers.email_addr, '') AS Email,
  COALESCE(teachers.schoolid, '') AS SchoolCode,
  CASE teachers.staffstatus
    WHEN '1' THEN 'Teacher'
    WHEN '3' THEN 'Lunch Staff'
    WHEN '4' THEN 'Substitute'
    ELSE 'Staff'
  END AS Role
FROM `powerschool_combined.teachers` AS teachers
WHERE
  teachers.status = '1'
  AND COALESCE(teachers.teachernumber, '') != ''
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY teachers.teachernumber, COALESCE(teachers.schoolid, '')
    ORDER BY SAFE_CAST(teachers.id AS INT64), teachers.district_identification
  ) = 1
