-- The active students who are homeless, in foster care or unaccompanied now.
-- grain: one row per active student of either server with a classification HMLS1 to HMLS4, FOS or UY that holds on the
--        server's day. Left out: other classifications, those that have ended or not begun, and students who are not
--        active. A student who has none any more has no row: what an import has written stays in the SIS until somebody
--        takes it out there.
-- owner: district data team
-- reader: the views Homeless_Foster_RSD and Homeless_Foster_BLF
-- layout: ours
-- homeless_code is the classification's own code, '' for not homeless; of several that hold, the one that began last.
-- foster_care and unaccompanied are Y or N. A classification without a first day has always held; its end is the day
-- after its last.
WITH
  held AS (
    SELECT
      students.district_identification,
      students.student_number,
      classifications.classification_code AS code,
      ROW_NUMBER() OVER (
        PARTITION BY students.student_number, STARTS_WITH(classifications.classification_code, 'HMLS')
        ORDER BY
          SAFE.PARSE_DATE('%m/%d/%Y', classifications.begindate) DESC,
          SAFE_CAST(classifications.id AS INT64) DESC
      ) AS place
    FROM `powerschool_combined.classifications` AS classifications
    INNER JOIN `roster_files.current_students` AS students
      ON students.district_identification = classifications.district_identification
      AND students.id = classifications.studentid
    INNER JOIN `roster_files.server_days` AS server_days
      ON server_days.district_identification = classifications.district_identification
    WHERE
      classifications.classification_code IN ('HMLS1', 'HMLS2', 'HMLS3', 'HMLS4', 'FOS', 'UY')
      AND COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', classifications.begindate), server_days.day) <= server_days.day
      AND COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', classifications.enddate), DATE '9999-12-31') > server_days.day
  )
SELECT
  held.district_identification,
  held.student_number,
  MAX(IF(held.place = 1 AND STARTS_WITH(held.code, 'HMLS'), held.code, '')) AS homeless_code,
  IF(COUNTIF(held.code = 'FOS') > 0, 'Y', 'N') AS foster_care,
  IF(COUNTIF(held.code = 'UY') > 0, 'Y', 'N') AS unaccompanied
FROM held
GROUP BY held.district_identification, held.student_number
