-- The active students: the one place that says whom a vendor hears of.
-- grain: one row per student_number that is active (Enroll_Status 0) on either server. A student without a student_number
--        has no key and is left out. One who is active on both servers (moved, and not yet closed on the first) has the row
--        of the later entry.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- Texts are '' where the SIS holds nothing; dob, entry_day and us_entry_day are DATEs, NULL when it holds none or nothing
-- that is a date.
SELECT
  students.district_identification,
  students.id,
  students.student_number,
  COALESCE(students.state_id, '') AS state_id,
  COALESCE(students.last_name, '') AS last_name,
  COALESCE(students.first_name, '') AS first_name,
  COALESCE(students.middle_name, '') AS middle_name,
  COALESCE(students.grade_level, '') AS grade_level,
  COALESCE(students.schoolid, '') AS schoolid,
  COALESCE(students.gender, '') AS gender,
  COALESCE(students.ethnicity, '') AS ethnicity,
  COALESCE(students.fedethnicity, '') AS fedethnicity,
  COALESCE(students.lunchstatus, '') AS lunchstatus,
  COALESCE(students.sched_yearofgraduation, '') AS sched_yearofgraduation,
  COALESCE(students.street, '') AS street,
  COALESCE(students.city, '') AS city,
  COALESCE(students.state, '') AS state,
  COALESCE(students.zip, '') AS zip,
  COALESCE(students.home_phone, '') AS home_phone,
  COALESCE(students.student_email, '') AS student_email,
  COALESCE(students.home_language, '') AS home_language,
  COALESCE(students.lep_status, '') AS lep_status,
  COALESCE(students.country_of_birth, '') AS country_of_birth,
  COALESCE(students.esl_teacher, '') AS esl_teacher,
  SAFE.PARSE_DATE('%m/%d/%Y', students.dob) AS dob,
  SAFE.PARSE_DATE('%m/%d/%Y', students.entrydate) AS entry_day,
  SAFE.PARSE_DATE('%m/%d/%Y', students.us_entry_date) AS us_entry_day
FROM `powerschool_combined.students` AS students
WHERE
  students.enroll_status = '0'
  AND COALESCE(students.student_number, '') != ''
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY students.student_number
    ORDER BY
      SAFE.PARSE_DATE('%m/%d/%Y', students.entrydate) DESC,
      students.district_identification,
      SAFE_CAST(students.id AS INT64)
  ) = 1
