-- Whom the school calls for a student.
-- grain: one row per student and contact. A contact without a name is none. The same person twice (the same sis_id, or
--        the same name without one) has one row, that of the lower position.
-- owner: district data team
-- reader: the other views
-- layout: ours; the SIS's fields are modelled
-- position (INT64) is 1 to 3. Texts are '' where the SIS holds nothing.
SELECT
  contacts.district_identification,
  contacts.studentid,
  contacts.position,
  contacts.name,
  COALESCE(contacts.relationship, '') AS relationship,
  COALESCE(contacts.type, '') AS type,
  COALESCE(contacts.phone, '') AS phone,
  COALESCE(contacts.phone_type, '') AS phone_type,
  COALESCE(contacts.email, '') AS email,
  COALESCE(contacts.sis_id, '') AS sis_id
FROM (
  SELECT
    first_one.district_identification,
    first_one.studentid,
    1 AS position,
    first_one.contact1_name AS name,
    first_one.contact1_relationship AS relationship,
    first_one.contact1_type AS type,
    first_one.contact1_phone AS phone,
    first_one.contact1_phone_type AS phone_type,
    first_one.contact1_email AS email,
    first_one.contact1_sis_id AS sis_id
  FROM `powerschool_combined.custom` AS first_one
  UNION ALL
  SELECT
    second_one.district_identification,
    second_one.studentid,
    2 AS position,
    second_one.contact2_name AS name,
    second_one.contact2_relationship AS relationship,
    second_one.contact2_type AS type,
    second_one.contact2_phone AS phone,
    second_one.contact2_phone_type AS phone_type,
    second_one.contact2_email AS email,
    second_one.contact2_sis_id AS sis_id
  FROM `powerschool_combined.custom` AS second_one
  UNION ALL
  SELECT
    third_one.district_identification,
    third_one.studentid,
    3 AS position,
    third_one.contact3_name AS name,
    third_one.contact3_relationship AS relationship,
    third_one.contact3_type AS type,
    third_one.contact3_phone AS phone,
    third_one.contact3_phone_type AS phone_type,
    third_one.contact3_email AS email,
    third_one.contact3_sis_id AS sis_id
  FROM `powerschool_combined.custom` AS third_one
) AS contacts
WHERE COALESCE(contacts.name, '') != ''
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY
      contacts.district_identification,
      contacts.studentid,
      COALESCE(contacts.sis_id, ''),
      IF(COALESCE(contacts.sis_id, '') = '', contacts.name, '')
    ORDER BY contacts.position, contacts.name, contacts.relationship, contacts.type, contacts.phone, contacts.email
  ) = 1
