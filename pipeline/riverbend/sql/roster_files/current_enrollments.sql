-- Which students sit in which sections now.
-- grain: one row per current student and current section. Left out: dropped enrolments (their SectionID is negative and so
--        the id of no section), enrolments that were left by the server's day, and those that begin after it: who moves
--        tomorrow sits in the old section today. A student who left a section and came back has one row, the later.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- date_enrolled and date_left are DATEs; date_left, the day after the last, lies ahead, or is NULL.
SELECT
  cc.district_identification,
  cc.studentid,
  students.student_number,
  sections.id AS sectionid,
  sections.section_id,
  sections.schoolid,
  COALESCE(cc.teacherid, '') AS teacherid,
  COALESCE(NULLIF(cc.expression, ''), sections.expression, '') AS expression,
  SAFE.PARSE_DATE('%m/%d/%Y', cc.dateenrolled) AS date_enrolled,
  SAFE.PARSE_DATE('%m/%d/%Y', cc.dateleft) AS date_left
FROM `powerschool_combined.cc` AS cc
INNER JOIN `roster_files.current_sections` AS sections
  ON sections.district_identification = cc.district_identification
  AND sections.id = cc.sectionid
INNER JOIN `roster_files.current_students` AS students
  ON students.district_identification = cc.district_identification
  AND students.id = cc.studentid
WHERE
  COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', cc.dateenrolled), sections.day) <= sections.day
  AND COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', cc.dateleft), DATE '9999-12-31') > sections.day
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY cc.district_identification, cc.studentid, cc.sectionid
    ORDER BY SAFE.PARSE_DATE('%m/%d/%Y', cc.dateenrolled) DESC, SAFE_CAST(cc.id AS INT64) DESC
  ) = 1
