-- Clever's words for the SIS's grade levels.
-- grain: one row per grade level that a student or a school of the SIS has.
-- owner: district data team
-- reader: Clever's views
-- layout: known: `Other` is a level that is none of the others, such as 99 for graduates. Clever's InfantToddler, Preschool,
--         TransitionalKindergarten, PostGraduate and Ungraded have no level of their own in the SIS: a district that has one
--         adds its line here.
SELECT
  levels.grade_level,
  CASE
    WHEN levels.grade_level = '-1' THEN 'PreKindergarten'
    WHEN levels.grade_level = '0' THEN 'Kindergarten'
    WHEN SAFE_CAST(levels.grade_level AS INT64) BETWEEN 1 AND 13 THEN CAST(CAST(levels.grade_level AS INT64) AS STRING)
    ELSE 'Other'
  END AS grade
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
