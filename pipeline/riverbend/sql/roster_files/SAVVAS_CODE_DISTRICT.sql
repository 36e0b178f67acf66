-- SAVVAS (EasyBridge): the district itself.
-- grain: one row. Both servers are one customer there.
-- owner: district data team
-- reader: SAVVAS, file `CODE_DISTRICT.txt`, every morning
-- layout: header known; the values are the pretend district's, modelled: a real district corrects them here, and the other
--         rosters follow. district_code is the code that SAVVAS gave the customer.
-- current_school_year is the year in which the school year began; when the servers differ, the later one. Without a year
-- record that holds a server's day it is empty, and the set is put on hold.
SELECT
  'RIVERBEND' AS district_code,
  'Riverbend Schools' AS district_name,
  '1 Schoolhouse Rd' AS address_1,
  '' AS address_2,
  'Riverbend' AS city,
  'TN' AS state,
  '00118' AS zip,
  '555-0100' AS phone,
  COALESCE(MAX(years.school_year), '') AS current_school_year
FROM `roster_files.current_school_years` AS years
