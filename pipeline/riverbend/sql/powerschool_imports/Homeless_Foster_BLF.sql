-- PowerSchool, server BLF: who is homeless, in foster care or unaccompanied.
-- grain: one row per student who is active on BLF and is any of the three now (see homeless_foster)
-- owner: district data team
-- reader: the server's AutoComm import of `Homeless_Foster_BLF.txt`, every morning; the order of the columns is the
--         contract
-- layout: modelled: the columns and their order; that homeless_code is the state's code itself, and the others Y or N
SELECT
  flagged.student_number AS student_number,
  flagged.homeless_code AS homeless_code,
  flagged.foster_care AS foster_care,
  flagged.unaccompanied AS unaccompanied
FROM `powerschool_imports.homeless_foster` AS flagged
WHERE flagged.district_identification = 'BLF'
