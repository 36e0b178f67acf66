-- The day that it is for each school: schools of one server may have calendars of their own, and other first days of term.
-- grain: one row per school that the server's calendar, terms or schools name.
-- owner: district data team
-- reader: current_sections
-- layout: ours
-- day (DATE) is the school's last day in session up to the morning that the calendar belongs to (as_of): in the school's own
-- break its last school day holds, and with it the sections that were taught. Where the calendar names the school and has
-- no such day of it, it is as_of. It is the server's day where the calendar does not name the school, and where nobody has
-- filled the school's calendar: a term of it holds the server's day, and has no day in session.
WITH
  calendar AS (
    SELECT
      days.district_identification,
      days.schoolid,
      days.as_of,
      IF(days.insession, SAFE.PARSE_DATE('%m/%d/%Y', days.date_value), NULL) AS day
    FROM `powerschool_combined.calendar_day` AS days
    WHERE COALESCE(days.schoolid, '') != ''
  ),
  own AS (
    SELECT
      calendar.district_identification,
      calendar.schoolid,
      COALESCE(MAX(IF(calendar.day <= calendar.as_of, calendar.day, NULL)), MAX(calendar.as_of)) AS day
    FROM calendar
    GROUP BY calendar.district_identification, calendar.schoolid
  ),
  unfilled AS (  -- of a year and its semesters, any one is enough
    SELECT DISTINCT
      terms.district_identification,
      terms.schoolid
    FROM `powerschool_combined.terms` AS terms
    INNER JOIN `roster_files.server_days` AS today
      ON today.district_identification = terms.district_identification
      AND today.day BETWEEN SAFE.PARSE_DATE('%m/%d/%Y', terms.firstday)
        AND SAFE.PARSE_DATE('%m/%d/%Y', terms.lastday)
    LEFT JOIN calendar
      ON calendar.district_identification = terms.district_identification
      AND calendar.schoolid = terms.schoolid
      AND calendar.day BETWEEN SAFE.PARSE_DATE('%m/%d/%Y', terms.firstday)
        AND SAFE.PARSE_DATE('%m/%d/%Y', terms.lastday)
    GROUP BY terms.district_identification, terms.schoolid, terms.id
    HAVING COUNT(calendar.day) = 0
  ),
  places AS (
    SELECT
      own.district_identification,
      own.schoolid
    FROM own
    UNION DISTINCT
    SELECT
      terms.district_identification,
      terms.schoolid
    FROM `powerschool_combined.terms` AS terms
    UNION DISTINCT
    SELECT
      schools.district_identification,
      schools.school_number AS schoolid
    FROM `powerschool_combined.schools` AS schools
  )
SELECT
  places.district_identification,
  places.schoolid,
  IF(own.day IS NULL OR unfilled.schoolid IS NOT NULL, server_days.day, own.day) AS day
FROM places
INNER JOIN `roster_files.server_days` AS server_days
  ON server_days.district_identification = places.district_identification
LEFT JOIN own
  ON own.district_identification = places.district_identification
  AND own.schoolid = places.schoolid
LEFT JOIN unfilled
  ON unfilled.district_identification = places.district_identification
  AND unfilled.schoolid = places.schoolid
WHERE COALESCE(places.schoolid, '') != ''
