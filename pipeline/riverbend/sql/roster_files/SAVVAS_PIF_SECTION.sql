-- SAVVAS (EasyBridge): the sections that are taught now.
-- grain: one row per current section with a teacher, of a school in SCHOOL. The other section files hold rows of these
--        sections only.
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
