-- SAVVAS (EasyBridge): the district itself.
-- grain: one row. Both servers are one customer there.
-- owner: district data team
-- reader: SAVVAS, file `CODE_DISTRICT.txt`, every morning
-- layout: header known. What it says of the district stands in the catalogue's facts.py, and the other rosters follow.
--         district_code is the code that SAVVAS gave the customer.
-- current_school_year is the year in which the school year began; when the servers differ, the later one. Without a year
-- record that holds a server's day it is empty, and the set is put on hold.
SELECT
  {{savvas_district_code}} AS district_code,
  {{district_name}} AS district_name,
  {{district_street}} AS address_1,
  '' AS address_2,
  {{district_city}} AS city,
  {{district_state}} AS state,
  {{district_zip}} AS zip,
  {{district_phone}} AS phone,
  COALESCE(MAX(years.school_year), '') AS current_school_year
FROM `roster_files.current_school_years` AS years
