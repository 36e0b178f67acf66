"""What the views say of the district itself: `{{name}}` in a view's text is the text of that name. "" is a question."""

FACTS: dict[str, str] = {
#: with savvas
    # The code that SAVVAS gave the customer, and the district's name and address as SAVVAS is to have them.
    "savvas_district_code": "",
    "district_name": "",
    "district_street": "",
    "district_city": "",
    "district_state": "",
    "district_zip": "",
    "district_phone": "",
#: always
}
