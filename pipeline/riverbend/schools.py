"""The schools of each login at the state's portal."""

# The number, and what stands in the brackets of the school's roles there: `<school> - <authority>`.
SCHOOLS = {
    "RSD": {
        "0105": "Riverbend Elementary School - Riverbend Schools",
        "0110": "Cedar Hollow Elementary School - Riverbend Schools",
        "0205": "Riverbend Middle School - Riverbend Schools",
        "0210": "Miller's Ford Middle School - Riverbend Schools",
        "0305": "Riverbend High School - Riverbend Schools",
    },
    "BLF": {"0805": "Bluff Landing Academy - Bluff Landing Foundation"},
}
