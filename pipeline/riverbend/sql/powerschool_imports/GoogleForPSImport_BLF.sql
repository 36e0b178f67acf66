-- PowerSchool, server BLF: the Google account of each student, for the fields that the SIS shows it in.
-- grain: one row per student who is active on BLF and has an account (see google_identities)
-- owner: district data team
-- reader: the server's import of `GoogleForPSImport_BLF.txt`, every morning
-- layout: known
-- import_password is a password: it leaves in this file and its twin of the other server only.
SELECT
  identities.student_number AS student_number,
  identities.import_email AS import_email,
  identities.import_password AS import_password
FROM `powerschool_imports.google_identities` AS identities
WHERE identities.district_identification = 'BLF'
