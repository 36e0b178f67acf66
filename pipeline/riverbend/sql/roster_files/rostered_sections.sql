-- The sections that Clever hears of: current sections, with a teacher, of a school that the SIS exported.
-- grain: one row per section. Left out: sections whose teachers have all left, or whose schoolid is no school of the
--        server. A section without students stays.
-- owner: district data team
-- reader: Clever's views
-- layout: ours
-- Columns are those of current_sections, and lead_teacher the TeacherNumber of who leads.
SELECT
  sections.district_identification,
  sections.section_id,
  sections.schoolid,
  lead_teachers.teachernumber AS lead_teacher,
  sections.course_number,
  sections.course_name,
  sections.subject,
  sections.section_number,
  sections.expression,
  sections.term_name,
  sections.term_first,
  sections.term_last
FROM `roster_files.current_sections` AS sections
INNER JOIN `roster_files.district_schools` AS schools
  ON schools.district_identification = sections.district_identification
  AND schools.school_number = sections.schoolid
INNER JOIN `roster_files.section_teachers` AS lead_teachers
  ON lead_teachers.section_id = sections.section_id
  AND lead_teachers.position = 1
