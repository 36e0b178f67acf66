-- The sections that are taught now.
-- grain: one row per section of both servers whose term holds the school's day. Left out: sections of another term, and
--        sections whose term the SIS did not export for their school.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- section_id is what vendors get: it carries the server's name, because section ids repeat between the servers.
-- Texts are '' where the SIS holds nothing; day, term_first and term_last are DATEs.
WITH
  courses AS (
    SELECT
      course_rows.district_identification,
      course_rows.course_number,
      MAX(course_rows.course_name) AS course_name,
      MAX(course_rows.subject) AS subject
    FROM `powerschool_combined.courses` AS course_rows
    GROUP BY course_rows.district_identification, course_rows.course_number
  )
SELECT
  sections.district_identification,
  sections.id,
  CONCAT(sections.district_identification, '-', sections.id) AS section_id,
  COALESCE(sections.course_number, '') AS course_number,
  COALESCE(courses.course_name, '') AS course_name,
  COALESCE(courses.subject, '') AS subject,
  COALESCE(sections.schoolid, '') AS schoolid,
  COALESCE(sections.teacher, '') AS teacher,
  COALESCE(sections.section_number, '') AS section_number,
  COALESCE(sections.expression, '') AS expression,
  COALESCE(terms.name, '') AS term_name,
  COALESCE(terms.abbreviation, '') AS term,
  SAFE.PARSE_DATE('%m/%d/%Y', terms.firstday) AS term_first,
  SAFE.PARSE_DATE('%m/%d/%Y', terms.lastday) AS term_last,
  school_days.day
FROM `powerschool_combined.sections` AS sections
INNER JOIN `powerschool_combined.terms` AS terms
  ON terms.district_identification = sections.district_identification
  AND terms.schoolid = sections.schoolid
  AND terms.id = sections.termid
INNER JOIN `roster_files.school_days` AS school_days
  ON school_days.district_identification = sections.district_identification
  AND school_days.schoolid = sections.schoolid
  AND school_days.day BETWEEN SAFE.PARSE_DATE('%m/%d/%Y', terms.firstday)
    AND SAFE.PARSE_DATE('%m/%d/%Y', terms.lastday)
LEFT JOIN courses
  ON courses.district_identification = sections.district_identification
  AND courses.course_number = sections.course_number
