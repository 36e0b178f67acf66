-- Clever: staff who do not teach: principals, counselors and the like.
-- grain: one row per school and TeacherNumber of current staff with StaffStatus 2. Left out: whoever teaches in the same
--        school, though teachers.csv has each teacher under one school only: staff see more than their own sections; those
--        without an e-mail address, which Clever requires here; schools that the SIS did not export; lunch staff and
--        substitutes. Of two SIS rows for one school that with the lower id holds.
-- owner: district data team
-- reader: Clever, file `staff.csv`, every morning
-- layout: known. Staff_id is the TeacherNumber. An empty Role, which is known too, gives access to the portal and
--         nothing more (the other is `School Tech Lead`). Modelled: Title is the SIS's; Department is not in the SIS
--         and stays empty. Password is always empty.
SELECT
  staff.schoolid AS School_id,
  staff.teachernumber AS Staff_id,
  staff.email AS Staff_email,
  staff.first_name AS First_name,
  staff.last_name AS Last_name,
  '' AS Department,
  staff.title AS Title,
  staff.username AS Username,
  '' AS Password,
  '' AS Role
FROM `roster_files.current_staff` AS staff
INNER JOIN `roster_files.district_schools` AS schools
  ON schools.district_identification = staff.district_identification
  AND schools.school_number = staff.schoolid
LEFT JOIN `roster_files.current_teachers` AS teachers
  ON teachers.schoolid = staff.schoolid
  AND teachers.teachernumber = staff.teachernumber
WHERE
  staff.staffstatus = '2'
  AND staff.email != ''
  AND teachers.teachernumber IS NULL
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY staff.schoolid, staff.teachernumber
    ORDER BY staff.district_identification, SAFE_CAST(staff.id AS INT64)
  ) = 1
