-- The day that it is for each server. "Now" comes from the data, so that a re-run gives the same rows.
-- grain: one row per server (district_identification) with a calendar.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- day (DATE) is the last day in session of any of the server's schools, up to the morning that the calendar belongs to
-- (as_of, which the pipeline writes): in a break the last school day holds, and with it the sections that were taught. Where
-- the calendar has no such day, it is as_of itself. What lies ahead in the data, an absence told early or a mistyped date,
-- moves it nowhere.
SELECT
  days.district_identification,
  COALESCE(MAX(IF(days.insession AND days.day <= days.as_of, days.day, NULL)), MAX(days.as_of)) AS day
FROM (
  SELECT
    calendar_day.district_identification,
    calendar_day.as_of,
    calendar_day.insession,
    SAFE.PARSE_DATE('%m/%d/%Y', calendar_day.date_value) AS day
  FROM `powerschool_combined.calendar_day` AS calendar_day
) AS days
GROUP BY days.district_identification
