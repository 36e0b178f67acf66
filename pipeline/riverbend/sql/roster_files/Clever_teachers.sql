-- Clever: the teachers.
-- grain: one row per TeacherNumber: everyone who teaches a current section, and the schools' current teaching staff
--        (StaffStatus 1), with or without a section. Left out: staff who have left, and who teaches only in schools that
--        the SIS did not export. Teacher_id and Teacher_number are the TeacherNumber.
-- owner: district data team
-- reader: Clever, file `teachers.csv`, every morning
-- layout: known: Clever takes the first record of a Teacher_id and reports the others; a teacher may lead sections of any
--         school. School_id is the primary school. Modelled: which one that is (see primary_schools); of a person's rows in
--         the SIS that of this school holds, then one of the same server, then one with StaffStatus 1, then the lowest id;
--         Title is the SIS's. Password is always empty. No data is an empty field.
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
FROM `roster_files.primary_schools` AS teachers
INNER JOIN `roster_files.current_staff` AS people
  ON people.teachernumber = teachers.teachernumber
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY teachers.teachernumber
    ORDER BY
      IF(people.schoolid = teachers.schoolid, 0, 1),
      IF(people.district_identification = teachers.district_identification, 0, 1),
      IF(people.staffstatus = '1', 0, 1),
      SAFE_CAST(people.id AS INT64),
      people.district_identification
  ) = 1
