"""What the views say of the district itself: `{{name}}` in a view's text is the text of that name."""

FACTS = {
    # The code that SAVVAS gave the customer.
    "savvas_district_code": "RIVERBEND",
    # Its name and address as a vendor is to have them.
    "district_name": "Riverbend Schools",
    "district_street": "1 Schoolhouse Rd",
    "district_city": "Riverbend",
    "district_state": "TN",
    "district_zip": "00118",
    "district_phone": "555-0100",
}
