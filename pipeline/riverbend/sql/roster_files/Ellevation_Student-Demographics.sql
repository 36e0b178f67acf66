-- Ellevation: who the students are.
-- grain: one row per active student (Enroll_Status 0) of both servers. All of them, not only English learners: the
--        programme also screens and searches students who are not (yet) learners, and drops whoever is not sent.
--        A student without a student_number has no key and is left out.
-- owner: district data team
-- reader: Ellevation, file `Student-Demographics.csv`, every morning
-- layout: header known; the values are modelled: ActiveStatus is `Active`, ESLTeacher a TeacherNumber, GradeLevel PK, K
--         and 1 to 12, Ethnicity text (a code that is not below goes as it is). AlternateSchool and AddressLine2 are
--         not in the SIS and stay empty. Dates are MM/DD/YYYY, empty when the SIS holds none or nothing that is a
--         date. No data is an empty field.
WITH
  schools AS (
    SELECT
      school_rows.district_identification,
      school_rows.school_number,
      MAX(school_rows.name) AS name
    FROM `powerschool_combined.schools` AS school_rows
    GROUP BY school_rows.district_identification, school_rows.school_number
  )
SELECT
  students.first_name AS FirstName,
  students.middle_name AS MiddleName,
  students.last_name AS LastName,
  'Active' AS ActiveStatus,
  students.schoolid AS SchoolCode,
  COALESCE(schools.name, '') AS SchoolName,
  '' AS AlternateSchool,
  students.esl_teacher AS ESLTeacher,
  students.student_number AS StudentID,
  students.state_id AS StudentStateID,
  CASE students.grade_level
    WHEN '-1' THEN 'PK'
    WHEN '0' THEN 'K'
    ELSE students.grade_level
  END AS GradeLevel,
  students.gender AS Gender,
  COALESCE(FORMAT_DATE('%m/%d/%Y', students.dob), '') AS BirthDate,
  students.street AS AddressLine1,
  '' AS AddressLine2,
  students.city AS City,
  students.state AS State,
  students.zip AS Zip,
  students.home_phone AS HomePhone,
  students.home_language AS NativeLanguage,
  CASE students.ethnicity
    WHEN 'W' THEN 'White'
    WHEN 'H' THEN 'Hispanic or Latino'
    WHEN 'B' THEN 'Black or African American'
    WHEN 'A' THEN 'Asian'
    WHEN 'M' THEN 'Two or More Races'
    WHEN 'I' THEN 'American Indian or Alaska Native'
    WHEN 'P' THEN 'Native Hawaiian or Other Pacific Islander'
    ELSE students.ethnicity
  END AS Ethnicity,
  students.country_of_birth AS CountryOfBirth,
  COALESCE(FORMAT_DATE('%m/%d/%Y', students.us_entry_day), '') AS USEntryDate
FROM `roster_files.current_students` AS students
LEFT JOIN schools
  ON schools.district_identification = students.district_identification
  AND schools.school_number = students.schoolid
