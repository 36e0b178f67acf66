-- SAVVAS's codes for the SIS's grade levels.
-- grain: one row per grade level that a student or a school of the SIS has.
-- owner: district data team
-- reader: SAVVAS's views
-- layout: known: PK, KG and 01 to 12. A level that is none of these, such as 99 for graduates, goes as it is, and the check
--         of the set tells it: which of SAVVAS's other codes (TK, 13, PS, UG, OTHER) it is, only a person can say.
SELECT
  levels.grade_level,
  CASE
    WHEN levels.grade_level = '-1' THEN 'PK'
    WHEN levels.grade_level = '0' THEN 'KG'
    WHEN SAFE_CAST(levels.grade_level AS INT64) BETWEEN 1 AND 12
      THEN LPAD(CAST(CAST(levels.grade_level AS INT64) AS STRING), 2, '0')
    ELSE levels.grade_level
  END AS grade_code
FROM (
  SELECT students.grade_level
  FROM `powerschool_combined.students` AS students
  UNION DISTINCT
  SELECT lowest.low_grade AS grade_level
  FROM `powerschool_combined.schools` AS lowest
  UNION DISTINCT
  SELECT highest.high_grade AS grade_level
  FROM `powerschool_combined.schools` AS highest
) AS levels
WHERE COALESCE(levels.grade_level, '') != ''
