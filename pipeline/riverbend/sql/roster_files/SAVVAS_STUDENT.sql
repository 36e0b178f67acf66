-- SAVVAS (EasyBridge): the students.
-- grain: one row per active student of both servers who is in a school of SCHOOL, so that each has an ENROLLMENT.
-- owner: district data team
-- reader: SAVVAS, file `STUDENT.txt`, every morning
-- layout: header known; the values are modelled: student_code is the student_number, federated_id (the name at the single
--         sign-on) the e-mail address. Both are in small letters, and federated_id is without blanks. gender_code is F or M,
--         and empty for anything else.
SELECT
  students.student_number AS student_code,
  students.last_name,
  students.first_name,
  students.middle_name,
  IF(students.gender IN ('F', 'M'), students.gender, '') AS gender_code,
  COALESCE(FORMAT_DATE('%Y-%m-%d', students.dob), '') AS dob,
  LOWER(students.student_email) AS email,
  students.student_number,
  REGEXP_REPLACE(LOWER(students.student_email), r'\s', '') AS federated_id
FROM `roster_files.current_students` AS students
WHERE students.student_number IN (SELECT enrolled.student_code FROM `roster_files.SAVVAS_ENROLLMENT` AS enrolled)
