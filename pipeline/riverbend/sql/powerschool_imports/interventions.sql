-- The active students who are in an intervention (RTI).
-- grain: one row per active student of either server whose row in custom has a tier, a subject and a start. Left out:
--        students without one of them, since a blank would be written over what the SIS has, and students who are not
--        active.
-- owner: district data team
-- reader: the views RTI_RSD and RTI_BLF
-- layout: ours
-- start_date is text, MM/DD/YYYY. A tab, a line end or a quotation mark in a text becomes a blank: the file that the
-- rows go to quotes nothing.
SELECT
  students.district_identification,
  students.student_number,
  REGEXP_REPLACE(custom.rti_tier, r'\r\n|[\t\r\n"]', ' ') AS rti_tier,
  REGEXP_REPLACE(custom.rti_subject, r'\r\n|[\t\r\n"]', ' ') AS rti_subject,
  FORMAT_DATE('%m/%d/%Y', SAFE.PARSE_DATE('%m/%d/%Y', custom.rti_start_date)) AS start_date
FROM `powerschool_combined.custom` AS custom
INNER JOIN `roster_files.current_students` AS students
  ON students.district_identification = custom.district_identification
  AND students.id = custom.studentid
WHERE
  COALESCE(custom.rti_tier, '') != ''
  AND COALESCE(custom.rti_subject, '') != ''
  AND SAFE.PARSE_DATE('%m/%d/%Y', custom.rti_start_date) IS NOT NULL
