-- The school year that each school is in.
-- grain: one row per school of both servers that has a year record (IsYearRec 1) which holds the server's day. Of two
--        that hold it, the one that began later. A school without one has no row.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- The server's day and not the school's: a school that begins a week after the others is in the same school year.
-- school_year is text, the year in which the school year began (`2026` for 2026-27); first_day and last_day are DATEs.
SELECT
  years.district_identification,
  years.schoolid,
  FORMAT_DATE('%Y', years.first_day) AS school_year,
  years.first_day,
  years.last_day
FROM (
  SELECT
    terms.district_identification,
    terms.schoolid,
    terms.isyearrec,
    SAFE.PARSE_DATE('%m/%d/%Y', terms.firstday) AS first_day,
    SAFE.PARSE_DATE('%m/%d/%Y', terms.lastday) AS last_day
  FROM `powerschool_combined.terms` AS terms
) AS years
INNER JOIN `roster_files.server_days` AS server_days
  ON server_days.district_identification = years.district_identification
  AND server_days.day BETWEEN years.first_day AND years.last_day
WHERE years.isyearrec
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY years.district_identification, years.schoolid
    ORDER BY years.first_day DESC, years.last_day DESC
  ) = 1
