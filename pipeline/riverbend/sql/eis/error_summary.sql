-- EIS: how many errors are new, still open and cleared.
-- grain: one row per school, severity, group of errors and state that has any.
-- owner: district data team
-- reader: principals and the data team
-- layout: ours. Severity 80 is Fatal Field, 90 Fatal Extract Record, 92 Approval Blocked (known).
-- errors (INT64) counts rows of error_worklist. The names of the school and of the severity are one of those reported.
SELECT
  worklist.district_no,
  worklist.school_no,
  MAX(worklist.school_name) AS school_name,
  worklist.severity_code,
  MAX(worklist.severity_descr) AS severity_descr,
  worklist.error_group,
  worklist.state,
  COUNT(*) AS errors
FROM `eis.error_worklist` AS worklist
GROUP BY worklist.district_no, worklist.school_no, worklist.severity_code, worklist.error_group, worklist.state
