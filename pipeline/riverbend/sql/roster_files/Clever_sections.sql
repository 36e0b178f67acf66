-- Clever: the sections that are taught now, and by whom.
-- grain: one row per current section, with a teacher, of a school that is sent. Left out: sections whose teachers have
--        all left. A section without students stays. Teacher_id leads; an eleventh teacher has no column.
-- owner: district data team
-- reader: Clever, file `sections.csv`, every morning
-- layout: known. So are dates (MM/DD/YYYY), Clever's list of subjects and its words for grades. Modelled: which of the
--         SIS's subjects becomes which of Clever's (what is not below is `other`); Name is the course's name, cut at
--         200 characters (or its number, where it has none), and the section's number; Period is the whole expression,
--         such as `3(A)`; Grade is that of the students who are sent, when they are all of one, else empty. The SIS
--         holds no Course_description. No data is an empty field.
WITH
  grades AS (
    SELECT
      enrollments.section_id,
      MAX(students.grade) AS grade
    FROM `roster_files.current_enrollments` AS enrollments
    INNER JOIN `roster_files.rostered_students` AS students
      ON students.student_number = enrollments.student_number
    GROUP BY enrollments.section_id
    HAVING MIN(students.grade) = MAX(students.grade)
  ),
  others AS (
    SELECT
      section_teachers.section_id,
      MAX(IF(section_teachers.position = 2, section_teachers.teachernumber, '')) AS teacher_2,
      MAX(IF(section_teachers.position = 3, section_teachers.teachernumber, '')) AS teacher_3,
      MAX(IF(section_teachers.position = 4, section_teachers.teachernumber, '')) AS teacher_4,
      MAX(IF(section_teachers.position = 5, section_teachers.teachernumber, '')) AS teacher_5,
      MAX(IF(section_teachers.position = 6, section_teachers.teachernumber, '')) AS teacher_6,
      MAX(IF(section_teachers.position = 7, section_teachers.teachernumber, '')) AS teacher_7,
      MAX(IF(section_teachers.position = 8, section_teachers.teachernumber, '')) AS teacher_8,
      MAX(IF(section_teachers.position = 9, section_teachers.teachernumber, '')) AS teacher_9,
      MAX(IF(section_teachers.position = 10, section_teachers.teachernumber, '')) AS teacher_10
    FROM `roster_files.section_teachers` AS section_teachers
    WHERE section_teachers.position BETWEEN 2 AND 10
    GROUP BY section_teachers.section_id
  )
SELECT
  sections.schoolid AS School_id,
  sections.section_id AS Section_id,
  sections.lead_teacher AS Teacher_id,
  COALESCE(others.teacher_2, '') AS Teacher_2_id,
  COALESCE(others.teacher_3, '') AS Teacher_3_id,
  COALESCE(others.teacher_4, '') AS Teacher_4_id,
  COALESCE(others.teacher_5, '') AS Teacher_5_id,
  COALESCE(others.teacher_6, '') AS Teacher_6_id,
  COALESCE(others.teacher_7, '') AS Teacher_7_id,
  COALESCE(others.teacher_8, '') AS Teacher_8_id,
  COALESCE(others.teacher_9, '') AS Teacher_9_id,
  COALESCE(others.teacher_10, '') AS Teacher_10_id,
  CONCAT(
    SUBSTR(COALESCE(NULLIF(sections.course_name, ''), sections.course_number), 1, 200),
    IF(sections.section_number = '', '', ' - '),
    SUBSTR(sections.section_number, 1, 50)
  ) AS Name,
  sections.section_number AS Section_number,
  COALESCE(grades.grade, '') AS Grade,
  sections.course_name AS Course_name,
  sections.course_number AS Course_number,
  '' AS Course_description,
  sections.expression AS Period,
  CASE LOWER(sections.subject)
    WHEN 'english' THEN 'english/language arts'
    WHEN 'mathematics' THEN 'math'
    WHEN 'science' THEN 'science'
    WHEN 'social studies' THEN 'social studies'
    WHEN 'homeroom' THEN 'homeroom/advisory'
    WHEN 'music' THEN 'arts and music'
    WHEN 'art' THEN 'arts and music'
    WHEN 'physical education' THEN 'PE and health'
    WHEN 'world language' THEN 'language'
    WHEN 'computer science' THEN 'technology and engineering'
    WHEN 'intervention' THEN 'interventions/online learning'
    ELSE 'other'
  END AS Subject,
  sections.term_name AS Term_name,
  FORMAT_DATE('%m/%d/%Y', sections.term_first) AS Term_start,
  FORMAT_DATE('%m/%d/%Y', sections.term_last) AS Term_end
FROM `roster_files.rostered_sections` AS sections
LEFT JOIN others
  ON others.section_id = sections.section_id
LEFT JOIN grades
  ON grades.section_id = sections.section_id
