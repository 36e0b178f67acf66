-- Who teaches now, and in which schools.
-- grain: one row per school of a server and TeacherNumber: those who teach a current section there, whatever their
--        StaffStatus, and the school's current teaching staff (StaffStatus 1), with or without a section.
-- owner: district data team
-- reader: the other views
-- layout: ours
SELECT DISTINCT
  places.district_identification,
  places.schoolid,
  places.teachernumber
FROM (
  SELECT
    sections.district_identification,
    sections.schoolid,
    taught.teachernumber
  FROM `roster_files.section_teachers` AS taught
  INNER JOIN `roster_files.current_sections` AS sections
    ON sections.section_id = taught.section_id
  UNION ALL
  SELECT
    staff.district_identification,
    staff.schoolid,
    staff.teachernumber
  FROM `roster_files.current_staff` AS staff
  WHERE staff.staffstatus = '1'
) AS places
