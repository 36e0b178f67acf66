-- PowerSchool, server RSD: the intervention (RTI) of each student who is in one.
-- grain: one row per student who is active on RSD and has a tier (see interventions)
-- owner: district data team
-- reader: the server's AutoComm import of `RTI_RSD.txt`, every morning; the order of the columns is the contract
-- layout: modelled: the columns and their order; dates as MM/DD/YYYY
SELECT
  interventions.student_number AS student_number,
  interventions.rti_tier AS rti_tier,
  interventions.rti_subject AS rti_subject,
  interventions.start_date AS start_date
FROM `powerschool_imports.interventions` AS interventions
WHERE interventions.district_identification = 'RSD'
