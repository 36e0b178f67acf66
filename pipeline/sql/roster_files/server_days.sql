-- The day of which each server's data are. "Now" comes from the data, so that a re-run gives the same rows.
-- grain: one row per server (district_identification) that has a mark or an active student.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- day (DATE) is the later of the last attendance mark and the last entry date of an active student; the second covers the
-- morning before the first mark of a year.
SELECT
  dated.district_identification,
  MAX(dated.day) AS day
FROM (
  SELECT
    attendance.district_identification,
    SAFE.PARSE_DATE('%m/%d/%Y', attendance.att_date) AS day
  FROM `powerschool_combined.attendance` AS attendance
  UNION ALL
  SELECT
    entries.district_identification,
    SAFE.PARSE_DATE('%m/%d/%Y', entries.entrydate) AS day
  FROM `powerschool_combined.students` AS entries
  WHERE entries.enroll_status = '0'
) AS dated
WHERE dated.day IS NOT NULL
GROUP BY dated.district_identification
