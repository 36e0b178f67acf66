-- Who works in the schools now.
-- grain: one row per SIS row of a current staff member (Status 1) with a TeacherNumber; the SIS has a row for each
--        school of a person. Staff without a TeacherNumber have no key and are left out.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- Texts are '' where the SIS holds nothing. username is the e-mail address before the @.
SELECT
  staff.district_identification,
  staff.id,
  staff.teachernumber,
  COALESCE(staff.schoolid, '') AS schoolid,
  COALESCE(staff.staffstatus, '') AS staffstatus,
  COALESCE(staff.first_name, '') AS first_name,
  COALESCE(staff.middle_name, '') AS middle_name,
  COALESCE(staff.last_name, '') AS last_name,
  COALESCE(staff.email_addr, '') AS email,
  COALESCE(SPLIT(staff.email_addr, '@')[SAFE_OFFSET(0)], '') AS username,
  COALESCE(staff.title, '') AS title,
  COALESCE(staff.sif_stateprid, '') AS state_id
FROM `powerschool_combined.teachers` AS staff
WHERE
  staff.status = '1'
  AND COALESCE(staff.teachernumber, '') != ''
