-- Clever: the students and whom the school calls for them.
-- grain: one row per current student and contact, so that a student's columns repeat; a student without contacts has
--        one row, with empty contact fields. Left out: students whose school the SIS did not export.
-- owner: district data team
-- reader: Clever, file `students.csv`, every morning
-- layout: known. So are dates (MM/DD/YYYY), Y and N, Clever's words for grade, language, lunch, relationship and the types
--         of contacts and telephones, and the letters of Race, which has none for Hispanic (that is Hispanic_Latino). What becomes
--         which word is modelled: Ell_status is Y for L (in the programme) and N for 1 to 4, F and N; Frl_status is Free
--         for F and FDC, Reduced for R, Paid for P. A code that is none of these goes out as nothing, and holds the set
--         (`mapped` of its row), as one of gender, ethnicity or sped_status does; a guardian is a Parent; anything else
--         that the SIS says is Other, or empty where Clever has no Other. Password is always empty. No data is an empty
--         field.
-- IEP_status is Y for a student with an eligible row in sped (E; gifted, G, is none) that has not ended on the server's
-- day, and N for any other. Hispanic_Latino is the federal answer; where there is none, ethnicity H says Y. Of several
-- GPAs the last calculated holds, and its own empty half stays empty.
WITH
  eligible AS (
    SELECT DISTINCT
      sped.district_identification,
      sped.studentid
    FROM `powerschool_combined.sped` AS sped
    INNER JOIN `roster_files.server_days` AS server_days
      ON server_days.district_identification = sped.district_identification
    WHERE
      sped.sped_status = 'E'
      AND COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', sped.service_end), DATE '9999-12-31') > server_days.day
  ),
  gpas AS (
    SELECT
      gpa_current.district_identification,
      gpa_current.studentid,
      gpa_current.unweighted_gpa,
      gpa_current.weighted_gpa
    FROM `powerschool_combined.gpa_current` AS gpa_current
    WHERE COALESCE(gpa_current.unweighted_gpa, '') != '' OR COALESCE(gpa_current.weighted_gpa, '') != ''
    QUALIFY
      ROW_NUMBER() OVER (
        PARTITION BY gpa_current.district_identification, gpa_current.studentid
        ORDER BY
          COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', gpa_current.calculated_on), DATE '0001-01-01') DESC,
          gpa_current.unweighted_gpa,
          gpa_current.weighted_gpa
      ) = 1
  )
SELECT
  students.schoolid AS School_id,
  students.student_number AS Student_id,
  students.student_number AS Student_number,
  students.state_id AS State_id,
  students.last_name AS Last_name,
  students.middle_name AS Middle_name,
  students.first_name AS First_name,
  rostered.grade AS Grade,
  IF(students.gender IN ('F', 'M', 'X'), students.gender, '') AS Gender,
  IF(students.sched_yearofgraduation = '0', '', students.sched_yearofgraduation) AS Graduation_year,
  COALESCE(FORMAT_DATE('%m/%d/%Y', students.dob), '') AS DOB,
  IF(students.ethnicity IN ('A', 'B', 'I', 'M', 'P', 'W'), students.ethnicity, '') AS Race,
  CASE
    WHEN LOWER(students.fedethnicity) IN ('1', 'true') THEN 'Y'
    WHEN LOWER(students.fedethnicity) IN ('0', 'false') THEN 'N'
    WHEN students.ethnicity = 'H' THEN 'Y'
    ELSE ''
  END AS Hispanic_Latino,
  COALESCE(languages.language, '') AS Home_language,
  CASE
    WHEN students.lep_status = 'L' THEN 'Y'
    WHEN students.lep_status IN ('1', '2', '3', '4', 'F', 'N') THEN 'N'
    ELSE ''
  END AS Ell_status,
  CASE
    WHEN students.lunchstatus IN ('F', 'FDC') THEN 'Free'
    WHEN students.lunchstatus = 'R' THEN 'Reduced'
    WHEN students.lunchstatus = 'P' THEN 'Paid'
    ELSE ''
  END AS Frl_status,
  IF(eligible.studentid IS NULL, 'N', 'Y') AS IEP_status,
  students.street AS Student_street,
  students.city AS Student_city,
  students.state AS Student_state,
  students.zip AS Student_zip,
  students.student_email AS Student_email,
  CASE
    WHEN LOWER(contacts.relationship) IN ('mother', 'father', 'stepmother', 'stepfather', 'parent', 'guardian')
      THEN 'Parent'
    WHEN LOWER(contacts.relationship) IN ('grandmother', 'grandfather', 'grandparent') THEN 'Grandparent'
    WHEN LOWER(contacts.relationship) IN ('aunt', 'uncle') THEN 'Aunt/Uncle'
    WHEN LOWER(contacts.relationship) IN ('sister', 'brother', 'sibling') THEN 'Sibling'
    WHEN LOWER(contacts.relationship) = 'self' THEN 'Self'
    WHEN COALESCE(contacts.relationship, '') = '' THEN ''
    ELSE 'Other'
  END AS Contact_relationship,
  CASE
    WHEN LOWER(contacts.type) = 'primary' THEN 'Primary'
    WHEN LOWER(contacts.type) = 'secondary' THEN 'Secondary'
    WHEN LOWER(contacts.type) IN ('parent/guardian', 'parent', 'guardian') THEN 'Parent/Guardian'
    WHEN LOWER(contacts.type) = 'family' THEN 'Family'
    WHEN LOWER(contacts.type) = 'emergency' THEN 'Emergency'
    WHEN COALESCE(contacts.type, '') = '' THEN ''
    ELSE 'Other'
  END AS Contact_type,
  COALESCE(contacts.name, '') AS Contact_name,
  COALESCE(contacts.phone, '') AS Contact_phone,
  CASE
    WHEN LOWER(contacts.phone_type) = 'cell' THEN 'Cell'
    WHEN LOWER(contacts.phone_type) = 'home' THEN 'Home'
    WHEN LOWER(contacts.phone_type) = 'work' THEN 'Work'
    WHEN COALESCE(contacts.phone_type, '') = '' THEN ''
    ELSE 'Other'
  END AS Contact_phone_type,
  COALESCE(contacts.email, '') AS Contact_email,
  COALESCE(contacts.sis_id, '') AS Contact_sis_id,
  COALESCE(SPLIT(students.student_email, '@')[SAFE_OFFSET(0)], '') AS Username,
  '' AS Password,
  COALESCE(gpas.unweighted_gpa, '') AS Unweighted_gpa,
  COALESCE(gpas.weighted_gpa, '') AS Weighted_gpa
FROM `roster_files.rostered_students` AS rostered
INNER JOIN `roster_files.current_students` AS students
  ON students.student_number = rostered.student_number
LEFT JOIN `roster_files.clever_languages` AS languages
  ON languages.home_language = students.home_language
LEFT JOIN eligible
  ON eligible.district_identification = students.district_identification
  AND eligible.studentid = students.id
LEFT JOIN gpas
  ON gpas.district_identification = students.district_identification
  AND gpas.studentid = students.id
LEFT JOIN `roster_files.student_contacts` AS contacts
  ON contacts.district_identification = students.district_identification
  AND contacts.studentid = students.id
