-- The special education plans of the active students, as EasyIEP reports them.
-- grain: one row per active student of either server with a plan in the report. The report has a row per service
--        option; the highest option number says what the student's plan is, and its row's disability and dates are
--        taken. Left out: students who are not active.
-- owner: district data team
-- reader: the view IEP_Import_RSD
-- layout: ours
-- Modelled: that sped_code is the highest option number (two digits), and that disability is the report's code of it,
-- as the SIS's own table easyiep holds both. An option that is no number comes last, and gives ''. Dates are text,
-- MM/DD/YYYY, '' where the report holds none or nothing that is a date. A tab, a line end or a quotation mark in a text
-- becomes a blank: the file that the rows go to quotes nothing.
SELECT
  students.district_identification,
  students.student_number,
  COALESCE(FORMAT('%02d', SAFE_CAST(report.option AS INT64)), '') AS sped_code,
  REGEXP_REPLACE(COALESCE(report.disability_code, ''), r'\r\n|[\t\r\n"]', ' ') AS disability,
  COALESCE(FORMAT_DATE('%m/%d/%Y', SAFE.PARSE_DATE('%m/%d/%Y', report.iep_start_date)), '') AS iep_start,
  COALESCE(FORMAT_DATE('%m/%d/%Y', SAFE.PARSE_DATE('%m/%d/%Y', report.iep_end_date)), '') AS iep_end
FROM `misc_imports.TN_options_report_2014` AS report
INNER JOIN `roster_files.current_students` AS students
  ON students.student_number = report.student_number
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY students.student_number
    ORDER BY
      SAFE_CAST(report.option AS INT64) DESC,
      SAFE.PARSE_DATE('%m/%d/%Y', report.iep_start_date) DESC,
      report.option
  ) = 1
