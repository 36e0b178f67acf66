-- SAVVAS (EasyBridge): who teaches which section.
-- grain: one row per section of PIF_SECTION and person who teaches it now. Left out: those without an e-mail address (see
--        SAVVAS_ASSIGNMENT); the next one then leads.
-- owner: district data team
-- reader: SAVVAS, file `PIF_SECTION_STAFF.txt`, every morning
-- layout: header known; the values are modelled: section_teacher_code is `<native_section_code>-<staff_code>`;
--         teacher_of_record is true for the lead teacher, one a section. teaching_assignment stays empty: which values
--         are allowed is not public, and exports of other systems do without it.
SELECT
  CONCAT(taught.section_id, '-', taught.teachernumber) AS section_teacher_code,
  taught.teachernumber AS staff_code,
  sections.native_section_code,
  COALESCE(FORMAT_DATE('%Y-%m-%d', taught.start_day), '') AS date_start,
  COALESCE(FORMAT_DATE('%Y-%m-%d', taught.end_day), '') AS date_end,
  sections.school_year,
  IF(
    ROW_NUMBER() OVER (PARTITION BY taught.section_id ORDER BY taught.position) = 1,
    'true',
    'false'
  ) AS teacher_of_record,
  '' AS teaching_assignment
FROM `roster_files.section_teachers` AS taught
INNER JOIN `roster_files.SAVVAS_PIF_SECTION` AS sections
  ON sections.native_section_code = taught.section_id
WHERE taught.teachernumber IN (SELECT posts.staff_code FROM `roster_files.SAVVAS_ASSIGNMENT` AS posts)
