-- Ellevation: which sections each student sits in now.
-- grain: one row per active student and section, of both servers. Left out: dropped enrolments (their SectionID is
--        negative and so the id of no section), enrolments that were left, sections of another term, sections or
--        terms that the SIS did not export. A student who left a section and came back has one row.
-- owner: district data team
-- reader: Ellevation, file `Student-Course-Schedules.csv`, every morning
-- layout: modelled. CourseID is the Course_Number; SectionID carries the server's name, because section ids repeat
--         between the servers; SchoolCode is the section's school; TeacherStaffID the TeacherNumber of who leads it now, and
--         empty when all its teachers have left.
SELECT
  enrollments.student_number AS StudentID,
  enrollments.schoolid AS SchoolCode,
  sections.course_number AS CourseID,
  sections.course_name AS CourseName,
  enrollments.section_id AS SectionID,
  enrollments.expression AS Period,
  sections.term AS Term,
  COALESCE(leads.teachernumber, '') AS TeacherStaffID
FROM `roster_files.current_enrollments` AS enrollments
INNER JOIN `roster_files.current_sections` AS sections
  ON sections.section_id = enrollments.section_id
LEFT JOIN `roster_files.section_teachers` AS leads
  ON leads.section_id = sections.section_id
  AND leads.position = 1
