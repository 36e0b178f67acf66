-- EIS: the errors that the state's portal reports: which are new, still open or cleared since the last report before.
-- grain: one row per error of this morning's report (new or open), and per error of the last report before that is not
--        in this one (cleared). All schools of both districts; an error that a report holds twice is two errors.
-- owner: district data team
-- reader: the schools' data clerks, and error_summary
-- layout: ours, of known columns. What makes an error the same one is modelled: school year, district, school, ERROR_NO,
--         the two calendars, class, course, student and staff member. TRANSMIT_DATE, FILE_NAME, LINE_ID and EXTRACT_ID
--         are others after each transmission. Of errors that agree in all that, those with the same DETAIL_INFO belong
--         together, and then the others in the order of it: an error whose detail alone has changed is still open.
-- Nobody's name is shown: student_pin and staff_tln are for those who may look them up. One without a number is told
-- apart by the name, within the view. detail_info is the portal's own text.
-- first_seen (DATE) is the earlier ERROR_DATE of the two reports, NULL where they hold no date; reports before those are
-- not asked. An open error is shown as this morning's report has it. Texts are '' where there is none.
WITH
  reports AS (
    SELECT
      TRUE AS is_now,
      today.school_year,
      today.district_no,
      today.school_no,
      today.school_name,
      today.error_group,
      today.error_date,
      today.error_no,
      today.error_desc,
      today.severity_code,
      today.severity_descr,
      today.calno200day,
      today.schcalno,
      today.localclassno,
      today.course_no,
      today.student_pin,
      TO_JSON_STRING(STRUCT(
        today.student_first_nm,
        today.student_middle_nm,
        today.student_last_nm,
        today.student_suffix_nm
      )) AS student_name,
      today.staff_tln,
      TO_JSON_STRING(STRUCT(
        today.staff_first_nm,
        today.staff_middle_nm,
        today.staff_last_nm,
        today.staff_suffix_nm
      )) AS staff_name,
      today.detail_info
    FROM `eis.AllErr_stack` AS today
    UNION ALL
    SELECT
      FALSE AS is_now,
      earlier.school_year,
      earlier.district_no,
      earlier.school_no,
      earlier.school_name,
      earlier.error_group,
      earlier.error_date,
      earlier.error_no,
      earlier.error_desc,
      earlier.severity_code,
      earlier.severity_descr,
      earlier.calno200day,
      earlier.schcalno,
      earlier.localclassno,
      earlier.course_no,
      earlier.student_pin,
      TO_JSON_STRING(STRUCT(
        earlier.student_first_nm,
        earlier.student_middle_nm,
        earlier.student_last_nm,
        earlier.student_suffix_nm
      )) AS student_name,
      earlier.staff_tln,
      TO_JSON_STRING(STRUCT(
        earlier.staff_first_nm,
        earlier.staff_middle_nm,
        earlier.staff_last_nm,
        earlier.staff_suffix_nm
      )) AS staff_name,
      earlier.detail_info
    FROM `eis.AllErr_stack_previous` AS earlier
  ),
  errors AS (
    SELECT
      reports.is_now,
      TO_JSON_STRING(STRUCT(
        reports.school_year,
        reports.district_no,
        reports.school_no,
        reports.error_no,
        reports.calno200day,
        reports.schcalno,
        reports.localclassno,
        reports.course_no,
        reports.student_pin,
        reports.staff_tln,
        IF(COALESCE(reports.student_pin, '') = '', reports.student_name, NULL) AS student_name,
        IF(COALESCE(reports.staff_tln, '') = '', reports.staff_name, NULL) AS staff_name
      )) AS subject,
      COALESCE(reports.detail_info, '') AS detail_info,
      SAFE.PARSE_DATE('%m/%d/%Y', reports.error_date) AS day,
      STRUCT(
        reports.school_year AS school_year,
        reports.district_no AS district_no,
        reports.school_no AS school_no,
        COALESCE(reports.school_name, '') AS school_name,
        COALESCE(reports.severity_code, '') AS severity_code,
        COALESCE(reports.severity_descr, '') AS severity_descr,
        COALESCE(reports.error_group, '') AS error_group,
        reports.error_no AS error_no,
        COALESCE(reports.error_desc, '') AS error_desc,
        COALESCE(reports.student_pin, '') AS student_pin,
        COALESCE(reports.staff_tln, '') AS staff_tln,
        COALESCE(reports.calno200day, '') AS calno200day,
        COALESCE(reports.schcalno, '') AS schcalno,
        COALESCE(reports.course_no, '') AS course_no,
        COALESCE(reports.localclassno, '') AS localclassno
      ) AS shown
    FROM reports
  ),
  numbered AS (
    SELECT
      errors.is_now,
      errors.subject,
      errors.detail_info,
      errors.day,
      errors.shown,
      ROW_NUMBER() OVER (
        PARTITION BY errors.is_now, errors.subject, errors.detail_info
        ORDER BY errors.day, errors.shown.severity_code
      ) AS nth
    FROM errors
  ),
  compared AS (
    SELECT
      numbered.is_now,
      numbered.subject,
      numbered.detail_info,
      numbered.day,
      numbered.shown,
      numbered.nth,
      -- Where the other report has the same detail too, the detail: those are the same error whatever else there is.
      IF(
        COUNT(*) OVER (PARTITION BY numbered.subject, numbered.detail_info, numbered.nth) = 2,
        CONCAT('=', numbered.detail_info),
        ''
      ) AS twin
    FROM numbered
  ),
  placed AS (
    SELECT
      compared.is_now,
      compared.subject,
      compared.detail_info,
      compared.day,
      compared.shown,
      compared.twin,
      ROW_NUMBER() OVER (
        PARTITION BY compared.is_now, compared.subject, compared.twin
        ORDER BY compared.detail_info, compared.nth
      ) AS place
    FROM compared
  )
SELECT
  CASE
    WHEN COUNT(*) OVER (PARTITION BY placed.subject, placed.twin, placed.place) = 2 THEN 'open'
    WHEN placed.is_now THEN 'new'
    ELSE 'cleared'
  END AS state,
  placed.shown.school_year AS school_year,
  placed.shown.district_no AS district_no,
  placed.shown.school_no AS school_no,
  placed.shown.school_name AS school_name,
  placed.shown.severity_code AS severity_code,
  placed.shown.severity_descr AS severity_descr,
  placed.shown.error_group AS error_group,
  placed.shown.error_no AS error_no,
  placed.shown.error_desc AS error_desc,
  placed.shown.student_pin AS student_pin,
  placed.shown.staff_tln AS staff_tln,
  placed.shown.calno200day AS calno200day,
  placed.shown.schcalno AS schcalno,
  placed.shown.course_no AS course_no,
  placed.shown.localclassno AS localclassno,
  placed.detail_info,
  MIN(placed.day) OVER (PARTITION BY placed.subject, placed.twin, placed.place) AS first_seen
FROM placed
QUALIFY
  placed.is_now
  OR COUNT(*) OVER (PARTITION BY placed.subject, placed.twin, placed.place) = 1
