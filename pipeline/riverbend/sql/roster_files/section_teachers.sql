-- Who teaches each section now, the lead teacher first.
-- grain: one row per current section and current staff member (Status 1, with a TeacherNumber). The section's own teacher
--        leads; those of section_teacher whose assignment holds the school's day follow by Priority_Order. When the
--        lead teacher has left, the next one leads. A section whose teachers have all left has no row.
-- owner: district data team
-- reader: the other views
-- layout: ours
-- position (INT64) counts from 1. start_day and end_day (DATE) are those of the assignment, or of the term where the SIS
-- holds none; end_day is the last day.
WITH
  sections AS (
    SELECT
      current_sections.district_identification,
      current_sections.id,
      current_sections.section_id,
      current_sections.schoolid,
      current_sections.teacher,
      current_sections.term_first,
      current_sections.term_last,
      current_sections.day
    FROM `roster_files.current_sections` AS current_sections
  ),
  assigned AS (
    SELECT
      sections.district_identification,
      sections.section_id,
      sections.schoolid,
      sections.teacher AS teacherid,
      -1 AS priority,
      sections.term_first AS start_day,
      sections.term_last AS end_day
    FROM sections
    WHERE sections.teacher != ''
    UNION ALL
    SELECT
      sections.district_identification,
      sections.section_id,
      sections.schoolid,
      others.teacherid,
      COALESCE(SAFE_CAST(others.priority_order AS INT64), 99) AS priority,
      COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', others.start_date), sections.term_first) AS start_day,
      COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', others.end_date), sections.term_last) AS end_day
    FROM `powerschool_combined.section_teacher` AS others
    INNER JOIN sections
      ON sections.district_identification = others.district_identification
      AND sections.id = others.sectionid
    WHERE
      sections.day BETWEEN COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', others.start_date), sections.day)
        AND COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', others.end_date), sections.day)
  ),
  people AS (
    SELECT
      assigned.section_id,
      assigned.schoolid,
      staff.teachernumber,
      MIN(assigned.priority) AS priority,
      MIN(assigned.start_day) AS start_day,
      MAX(assigned.end_day) AS end_day
    FROM assigned
    INNER JOIN `roster_files.current_staff` AS staff
      ON staff.district_identification = assigned.district_identification
      AND staff.id = assigned.teacherid
    GROUP BY assigned.section_id, assigned.schoolid, staff.teachernumber
  )
SELECT
  people.section_id,
  people.schoolid,
  people.teachernumber,
  ROW_NUMBER() OVER (PARTITION BY people.section_id ORDER BY people.priority, people.teachernumber) AS position,
  people.start_day,
  people.end_day
FROM people
