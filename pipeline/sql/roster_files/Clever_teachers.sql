-- Clever: the teachers.
-- grain: one row per TeacherNumber and school: everyone who teaches a current section there, and the school's current
--        teaching staff (StaffStatus 1), with or without a section. Left out: staff who have left, and schools that the
--        SIS did not export. Teacher_id and Teacher_number are the TeacherNumber.
-- owner: district data team
-- reader: Clever, file `teachers.csv`, every morning
-- layout: known. Modelled: of a person's rows in the SIS that of the school itself holds, then one of the same server,
--         then one with StaffStatus 1, then the lowest id; Title is the SIS's. Password is always empty. No data is an
--         empty field.
SELECT
  teachers.schoolid AS School_id,
  teachers.teachernumber AS Teacher_id,
  teachers.teachernumber AS Teacher_number,
  people.state_id AS State_teacher_id,
  people.email AS Teacher_email,
  people.first_name AS First_name,
  people.middle_name AS Middle_name,
  people.last_name AS Last_name,
  people.title AS Title,
  people.username AS Username,
  '' AS Password
FROM `roster_files.current_teachers` AS teachers
INNER JOIN `roster_files.current_staff` AS people
  ON people.teachernumber = teachers.teachernumber
WHERE teachers.schoolid IN (SELECT schools.school_number FROM `roster_files.district_schools` AS schools)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY teachers.teachernumber, teachers.schoolid
    ORDER BY
      IF(people.schoolid = teachers.schoolid, 0, 1),
      IF(people.district_identification = teachers.district_identification, 0, 1),
      IF(people.staffstatus = '1', 0, 1),
      SAFE_CAST(people.id AS INT64),
      people.district_identification
  ) = 1
