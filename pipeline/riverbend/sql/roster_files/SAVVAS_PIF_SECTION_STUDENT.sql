-- SAVVAS (EasyBridge): who sits in which section.
-- grain: one row per section of PIF_SECTION and active student who sits in it now.
-- owner: district data team
-- reader: SAVVAS, file `PIF_SECTION_STUDENT.txt`, every morning
-- layout: header known; the values are modelled: section_student_code is `<native_section_code>-<student_code>`; date_end
--         is the last day in the section (the SIS holds the day after); a day that the SIS does not hold is the section's.
SELECT
  CONCAT(enrollments.section_id, '-', enrollments.student_number) AS section_student_code,
  enrollments.student_number AS student_code,
  sections.native_section_code,
  COALESCE(FORMAT_DATE('%Y-%m-%d', enrollments.date_enrolled), sections.date_start) AS date_start,
  COALESCE(FORMAT_DATE('%Y-%m-%d', DATE_SUB(enrollments.date_left, INTERVAL 1 DAY)), sections.date_end) AS date_end,
  sections.school_year
FROM `roster_files.current_enrollments` AS enrollments
INNER JOIN `roster_files.SAVVAS_PIF_SECTION` AS sections
  ON sections.native_section_code = enrollments.section_id
