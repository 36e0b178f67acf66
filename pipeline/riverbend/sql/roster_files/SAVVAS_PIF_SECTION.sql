-- SAVVAS (EasyBridge): the sections that are taught now.
-- grain: one row per current section with a teacher of ASSIGNMENT, of a school in SCHOOL. The other section files hold rows of these
--        sections only. Left out: sections of a school year that is over, of a school whose first day of the new one is
--        still to come while the server's other schools have begun it: SAVVAS takes one school year at a time.
-- owner: district data team
-- reader: SAVVAS, file `PIF_SECTION.txt`, every morning
-- layout: header known; the values are modelled: native_section_code carries the server's name, the dates are the term's,
--         section_name is `<course> - <section number>`. section_type and its description stay empty: which values are
--         allowed is not public, and exports of other systems do without them.
SELECT
  sections.section_id AS native_section_code,
  sections.schoolid AS school_code,
  '' AS section_type,
  '' AS section_type_description,
  COALESCE(FORMAT_DATE('%Y-%m-%d', sections.term_first), '') AS date_start,
  COALESCE(FORMAT_DATE('%Y-%m-%d', sections.term_last), '') AS date_end,
  COALESCE(years.school_year, '') AS school_year,
  sections.course_number,
  sections.course_name,
  CONCAT(
    IF(sections.course_name = '', sections.course_number, sections.course_name),
    IF(sections.section_number = '', '', CONCAT(' - ', sections.section_number))
  ) AS section_name,
  sections.section_number
FROM `roster_files.current_sections` AS sections
INNER JOIN `roster_files.rostered_sections` AS rostered
  ON rostered.section_id = sections.section_id
LEFT JOIN `roster_files.current_school_years` AS years
  ON years.district_identification = sections.district_identification
  AND years.schoolid = sections.schoolid
WHERE
  COALESCE(sections.term_last >= years.first_day, TRUE)
  AND sections.section_id IN (
    SELECT taught.section_id
    FROM `roster_files.section_teachers` AS taught
    INNER JOIN `roster_files.SAVVAS_ASSIGNMENT` AS posts
      ON posts.staff_code = taught.teachernumber
  )
