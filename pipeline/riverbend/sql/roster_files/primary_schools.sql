-- Each teacher's one school: of several, that to which the person belongs.
-- grain: one row per TeacherNumber of current_teachers with a school that the SIS exported. It is the home school, where the
--        SIS exported that: the only one that the person's SIS rows name, on both servers. Who has several belongs to that
--        of most sections, and of two with as many to the lower school number.
-- owner: district data team
-- reader: Clever_teachers
-- layout: ours. The export holds no HomeSchoolID; whose export does lets it stand in the place of the schoolid in `homes`.
WITH
  homes AS (
    SELECT
      staff.teachernumber,
      MIN(staff.district_identification) AS district_identification,
      MIN(staff.schoolid) AS schoolid
    FROM `roster_files.current_staff` AS staff
    GROUP BY staff.teachernumber
    HAVING COUNT(DISTINCT CONCAT(staff.district_identification, '-', staff.schoolid)) = 1
  ),
  taught AS (
    SELECT
      sections.district_identification,
      sections.schoolid,
      section_teachers.teachernumber,
      COUNT(*) AS section_count
    FROM `roster_files.section_teachers` AS section_teachers
    INNER JOIN `roster_files.current_sections` AS sections
      ON sections.section_id = section_teachers.section_id
    GROUP BY sections.district_identification, sections.schoolid, section_teachers.teachernumber
  ),
  places AS (
    SELECT
      teachers.district_identification,
      teachers.schoolid,
      teachers.teachernumber,
      0 AS home
    FROM `roster_files.current_teachers` AS teachers
    UNION ALL
    SELECT
      homes.district_identification,
      homes.schoolid,
      homes.teachernumber,
      1 AS home
    FROM homes
    WHERE
      homes.teachernumber IN (
        SELECT posted.teachernumber
        FROM `roster_files.current_teachers` AS posted
        INNER JOIN `roster_files.district_schools` AS exported
          ON exported.district_identification = posted.district_identification
          AND exported.school_number = posted.schoolid
      )
  )
SELECT
  places.teachernumber,
  places.district_identification,
  places.schoolid
FROM places
INNER JOIN `roster_files.district_schools` AS schools
  ON schools.district_identification = places.district_identification
  AND schools.school_number = places.schoolid
LEFT JOIN taught
  ON taught.district_identification = places.district_identification
  AND taught.schoolid = places.schoolid
  AND taught.teachernumber = places.teachernumber
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY places.teachernumber
    ORDER BY
      places.home DESC,
      COALESCE(taught.section_count, 0) DESC,
      places.schoolid,
      places.district_identification
  ) = 1
