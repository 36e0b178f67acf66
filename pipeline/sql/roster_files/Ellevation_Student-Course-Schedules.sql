-- Ellevation: which sections each student sits in now.
-- grain: one row per active student and section, of both servers. Left out: dropped enrolments (their SectionID is
--        negative and so the id of no section), enrolments that were left, sections of another term, sections or
--        terms that the SIS did not export. A student who left a section and came back has one row.
-- owner: district data team
-- reader: Ellevation, file `Student-Course-Schedules`, every morning
-- layout: modelled. CourseID is the Course_Number; SectionID carries the server's name, because section ids repeat
--         between the servers; SchoolCode is the section's school; TeacherStaffID the lead teacher's TeacherNumber.
-- "Now" comes from the data, so that a re-run gives the same rows: a server's day is the later of its last attendance
-- mark and the last entry date of an active student (which covers the morning before the first mark of a year). An
-- enrolment is current when the section's term holds that day and the student had not left by it.
WITH
  server_days AS (
    SELECT
      dated.district_identification,
      MAX(dated.day) AS day
    FROM (
      SELECT
        attendance.district_identification,
        SAFE.PARSE_DATE('%m/%d/%Y', attendance.att_date) AS day
      FROM `powerschool_combined.attendance` AS attendance
      UNION ALL
      SELECT
        entries.district_identification,
        SAFE.PARSE_DATE('%m/%d/%Y', entries.entrydate) AS day
      FROM `powerschool_combined.students` AS entries
      WHERE entries.enroll_status = '0'
    ) AS dated
    GROUP BY dated.district_identification
  ),
  current_sections AS (
    SELECT
      sections.district_identification,
      sections.id,
      sections.course_number,
      sections.schoolid,
      sections.teacher,
      sections.expression,
      terms.abbreviation AS term,
      server_days.day
    FROM `powerschool_combined.sections` AS sections
    INNER JOIN `powerschool_combined.terms` AS terms
      ON terms.district_identification = sections.district_identification
      AND terms.schoolid = sections.schoolid
      AND terms.id = sections.termid
    INNER JOIN server_days
      ON server_days.district_identification = sections.district_identification
      AND server_days.day BETWEEN SAFE.PARSE_DATE('%m/%d/%Y', terms.firstday)
        AND SAFE.PARSE_DATE('%m/%d/%Y', terms.lastday)
  ),
  courses AS (
    SELECT
      course_rows.district_identification,
      course_rows.course_number,
      MAX(course_rows.course_name) AS course_name
    FROM `powerschool_combined.courses` AS course_rows
    GROUP BY course_rows.district_identification, course_rows.course_number
  )
SELECT
  students.student_number AS StudentID,
  COALESCE(current_sections.schoolid, '') AS SchoolCode,
  COALESCE(current_sections.course_number, '') AS CourseID,
  COALESCE(courses.course_name, '') AS CourseName,
  CONCAT(current_sections.district_identification, '-', current_sections.id) AS SectionID,
  COALESCE(NULLIF(cc.expression, ''), current_sections.expression, '') AS Period,
  COALESCE(current_sections.term, '') AS Term,
  COALESCE(teachers.teachernumber, '') AS TeacherStaffID
FROM `powerschool_combined.cc` AS cc
INNER JOIN current_sections
  ON current_sections.district_identification = cc.district_identification
  AND current_sections.id = cc.sectionid
INNER JOIN `powerschool_combined.students` AS students
  ON students.district_identification = cc.district_identification
  AND students.id = cc.studentid
LEFT JOIN courses
  ON courses.district_identification = current_sections.district_identification
  AND courses.course_number = current_sections.course_number
LEFT JOIN `powerschool_combined.teachers` AS teachers
  ON teachers.district_identification = current_sections.district_identification
  AND teachers.id = COALESCE(NULLIF(current_sections.teacher, ''), cc.teacherid)
WHERE
  students.enroll_status = '0'
  AND COALESCE(students.student_number, '') != ''
  AND COALESCE(SAFE.PARSE_DATE('%m/%d/%Y', cc.dateleft), DATE '9999-12-31') > current_sections.day
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY cc.district_identification, cc.studentid, cc.sectionid
    ORDER BY SAFE.PARSE_DATE('%m/%d/%Y', cc.dateenrolled) DESC, SAFE_CAST(cc.id AS INT64) DESC
  ) = 1
