-- The Google accounts that Clever has made for the active students, with their first passwords.
-- grain: one row per active student of either server with an account in this morning's export. Left out: accounts of
--        students who are not active, active students for whom Clever has made none yet (who came yesterday), and
--        accounts without an address or a provisioned password (whose owners sign in otherwise).
-- owner: district data team
-- reader: the views GoogleForPSImport_RSD and GoogleForPSImport_BLF, and nobody else: import_password is a password
-- layout: ours
-- The server is the one that the student is active on: Clever's export does not name it. A password goes out as it
-- stands.
SELECT
  students.district_identification,
  students.student_number,
  accounts.email AS import_email,
  accounts.provisioned_password AS import_password
FROM `misc_imports_restricted.google_students_provisioned` AS accounts
INNER JOIN `roster_files.current_students` AS students
  ON students.student_number = accounts.student_number
WHERE
  COALESCE(accounts.email, '') != ''
  AND COALESCE(accounts.provisioned_password, '') != ''
