-- OTUS: attendance and discipline of each student's present enrolment, up to one day.
-- grain: one row per active student (Enroll_Status 0) with a student_number, of both servers. Left out: students without a
--        state_id, a school or a grade level from -1 to 12, since OTUS takes no blanks, and one invented id for many would
--        make them one student there.
-- owner: district data team
-- reader: OTUS, file `OTUS_Attendance_Discipline`, once a week
-- layout: modelled. A number without data is 0; grade_level is the SIS's own (-1 PK, 0 Kindergarten).
-- as_of_date (YYYY-MM-DD) comes from the data, so that a re-run gives the same rows, and is the server's: the day of its last
-- attendance mark up to the server's day, or, before its first one, the first entry date of its active students. A mark
-- or an entry that the SIS already holds for a day to come counts for nothing; a server that has neither has no rows.
-- days_enrolled counts the in-session days of the student's school from EntryDate to as_of_date, both included; marks
-- on other days do not count, so that days_present = days_enrolled - days_absent is never negative. Of several daily
-- marks on one day the last written (highest id) holds; a mark whose code the SIS did not export holds for nothing.
-- excused is code E, unexcused any other code that is absent. incidents, iss_days and oss_days cover the same days.
-- stand-in: numbers with decimals go through FORMAT('%g', ...), since the stand-in writes NUMERIC with nine decimals.
WITH
  last_marks AS (
    SELECT
      marks.district_identification,
      MAX(SAFE.PARSE_DATE('%m/%d/%Y', marks.att_date)) AS day
    FROM `powerschool_combined.attendance` AS marks
    INNER JOIN `roster_files.server_days` AS server_days
      ON server_days.district_identification = marks.district_identification
      AND SAFE.PARSE_DATE('%m/%d/%Y', marks.att_date) <= server_days.day
    GROUP BY marks.district_identification
  ),
  first_entries AS (
    SELECT
      entries.district_identification,
      MIN(SAFE.PARSE_DATE('%m/%d/%Y', entries.entrydate)) AS day
    FROM `powerschool_combined.students` AS entries
    INNER JOIN `roster_files.server_days` AS entry_days
      ON entry_days.district_identification = entries.district_identification
      AND SAFE.PARSE_DATE('%m/%d/%Y', entries.entrydate) <= entry_days.day
    WHERE entries.enroll_status = '0'
    GROUP BY entries.district_identification
  ),
  active AS (
    SELECT
      students.district_identification,
      students.id,
      students.student_number,
      students.state_id,
      students.schoolid,
      students.grade_level,
      students.entry_day,
      COALESCE(last_marks.day, first_entries.day) AS as_of_day
    FROM `roster_files.current_students` AS students
    LEFT JOIN last_marks
      ON last_marks.district_identification = students.district_identification
    LEFT JOIN first_entries
      ON first_entries.district_identification = students.district_identification
    WHERE
      COALESCE(last_marks.day, first_entries.day) IS NOT NULL
      AND students.state_id != ''
      AND students.schoolid != ''
      AND SAFE_CAST(students.grade_level AS INT64) BETWEEN -1 AND 12
  ),
  school_days AS (
    SELECT DISTINCT
      calendar_day.district_identification,
      calendar_day.schoolid,
      SAFE.PARSE_DATE('%m/%d/%Y', calendar_day.date_value) AS day
    FROM `powerschool_combined.calendar_day` AS calendar_day
    WHERE calendar_day.insession
  ),
  daily_marks AS (
    SELECT
      attendance.district_identification,
      attendance.studentid,
      SAFE.PARSE_DATE('%m/%d/%Y', attendance.att_date) AS day,
      COALESCE(codes.att_code, '') AS att_code,
      codes.presence_status_cd = 'Absent' AS absent
    FROM `powerschool_combined.attendance` AS attendance
    INNER JOIN `powerschool_combined.attendance_code` AS codes
      ON codes.district_identification = attendance.district_identification
      AND codes.id = attendance.attendance_codeid
    WHERE attendance.att_mode_code = 'ATT_ModeDaily'
    QUALIFY
      ROW_NUMBER() OVER (
        PARTITION BY
          attendance.district_identification,
          attendance.studentid,
          SAFE.PARSE_DATE('%m/%d/%Y', attendance.att_date)
        ORDER BY SAFE_CAST(attendance.id AS INT64) DESC
      ) = 1
  ),
  attended AS (
    SELECT
      active.district_identification,
      active.id,
      COUNT(*) AS days_enrolled,
      COUNTIF(daily_marks.absent) AS days_absent,
      COUNTIF(daily_marks.absent AND daily_marks.att_code = 'E') AS excused,
      COUNTIF(daily_marks.att_code = 'T') AS tardies
    FROM active
    INNER JOIN school_days
      ON school_days.district_identification = active.district_identification
      AND school_days.schoolid = active.schoolid
      AND school_days.day BETWEEN active.entry_day AND active.as_of_day
    LEFT JOIN daily_marks
      ON daily_marks.district_identification = active.district_identification
      AND daily_marks.studentid = active.id
      AND daily_marks.day = school_days.day
    GROUP BY active.district_identification, active.id
  ),
  disciplined AS (
    SELECT
      active.district_identification,
      active.id,
      COUNT(*) AS incidents,
      SUM(IF(offences.action_code = 'ISS', offences.action_days, 0)) AS iss_days,
      SUM(IF(offences.action_code = 'OSS', offences.action_days, 0)) AS oss_days
    FROM active
    INNER JOIN `powerschool_combined.incidents` AS offences
      ON offences.district_identification = active.district_identification
      AND offences.studentid = active.id
      AND SAFE.PARSE_DATE('%m/%d/%Y', offences.incident_date) BETWEEN active.entry_day AND active.as_of_day
    GROUP BY active.district_identification, active.id
  )
SELECT
  active.student_number AS student_number,
  active.state_id AS state_id,
  active.schoolid AS school_id,
  active.grade_level AS grade_level,
  FORMAT_DATE('%Y-%m-%d', active.as_of_day) AS as_of_date,
  CAST(COALESCE(attended.days_enrolled, 0) AS STRING) AS days_enrolled,
  CAST(COALESCE(attended.days_enrolled - attended.days_absent, 0) AS STRING) AS days_present,
  CAST(COALESCE(attended.days_absent, 0) AS STRING) AS days_absent,
  CAST(COALESCE(attended.excused, 0) AS STRING) AS excused,
  CAST(COALESCE(attended.days_absent - attended.excused, 0) AS STRING) AS unexcused,
  CAST(COALESCE(attended.tardies, 0) AS STRING) AS tardies,
  CAST(COALESCE(disciplined.incidents, 0) AS STRING) AS incidents,
  FORMAT('%g', CAST(COALESCE(disciplined.iss_days, 0) AS FLOAT64)) AS iss_days,
  FORMAT('%g', CAST(COALESCE(disciplined.oss_days, 0) AS FLOAT64)) AS oss_days
FROM active
LEFT JOIN attended
  ON attended.district_identification = active.district_identification
  AND attended.id = active.id
LEFT JOIN disciplined
  ON disciplined.district_identification = active.district_identification
  AND disciplined.id = active.id
