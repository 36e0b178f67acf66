-- SAVVAS (EasyBridge): the people who teach.
-- grain: one row per TeacherNumber of those who teach a current section or are current teaching staff, in a school of
--        SCHOOL, so that each has an ASSIGNMENT. Left out: those without an e-mail address, which SAVVAS requires. Of
--        somebody's several rows in the SIS (two schools, both servers) one with an e-mail address is taken, of those the
--        lowest id.
-- owner: district data team
-- reader: SAVVAS, file `STAFF.txt`, every morning
-- layout: header known; the values are modelled: staff_code and staff_number are the TeacherNumber, federated_id (the name
--         at the single sign-on) is the e-mail address, username its part before the @. All three are in small letters, and
--         federated_id is without blanks: else nobody signs in with it. title is a salutation of SAVVAS's list, which the
--         SIS does not hold, so it stays empty. So does password: people sign in through the district.
SELECT
  staff.teachernumber AS staff_code,
  staff.last_name,
  staff.first_name,
  staff.middle_name,
  LOWER(staff.email) AS email,
  '' AS title,
  staff.teachernumber AS staff_number,
  LOWER(staff.username) AS username,
  '' AS password,
  REGEXP_REPLACE(LOWER(staff.email), r'\s', '') AS federated_id
FROM `roster_files.current_staff` AS staff
WHERE staff.teachernumber IN (SELECT posts.staff_code FROM `roster_files.SAVVAS_ASSIGNMENT` AS posts)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY staff.teachernumber
    ORDER BY IF(TRIM(staff.email) = '', 1, 0), SAFE_CAST(staff.id AS INT64), staff.district_identification
  ) = 1
