-- PowerSchool, server RSD: the special education plan of each student who has one.
-- grain: one row per student who is active on RSD and has a plan (see iep_plans) of which the report holds all: a blank
--        would be written over what the SIS has. BLF's plans are not kept in EasyIEP, so it has no such file.
-- owner: district data team
-- reader: the server's AutoComm import of `IEP_Import_RSD.txt`, every morning; the order of the columns is the contract
-- layout: modelled: the columns and their order; that sped_code is the highest option number of the student's plan, of
--         two digits; that disability is the code of the disability
SELECT
  plans.student_number AS student_number,
  plans.sped_code AS sped_code,
  plans.disability AS disability,
  plans.iep_start AS iep_start,
  plans.iep_end AS iep_end
FROM `powerschool_imports.iep_plans` AS plans
WHERE
  plans.district_identification = 'RSD'
  AND '' NOT IN (plans.sped_code, plans.disability, plans.iep_start, plans.iep_end)
