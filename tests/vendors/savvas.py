"""SAVVAS EasyBridge rosters: nine files in which every value stands in quotation marks, days are yyyy-mm-dd, and the
school year is told by the year in which it begins."""

from .checks import (
    ANYTHING,
    EMAIL,
    EMPTY,
    PHONE,
    STATE,
    STUDENT_NUMBER,
    VALUE,
    YEAR,
    YEAR_FIRST,
    ZIP,
    Check,
    date,
    day,
    one_of,
    pattern,
    required,
    shorter,
    small,
)
from .reading import Files, Findings, Layout, Table, cells, comma_file, in_order, names, split_lines, text
from .rules import columns, days_in_order, known, used

DAY = date(YEAR_FIRST)
# A salutation of SAVVAS's list, which no export of a SIS holds: a job's title is none.
NO_TITLE = Check("nothing: a job's title is no salutation", lambda value: value == "")
TRUTH = one_of("true", "false")
GRADE = one_of("IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "OTHER")
NAME, ID = shorter(VALUE, 64), shorter(VALUE, 32)
# What people sign in with: in small letters, and the name at the single sign-on in one piece.
SMALL_EMAIL, USERNAME = small(EMAIL), small(shorter(ANYTHING, 128))
FEDERATED = small(shorter(pattern("one piece, without blanks", r"\S+"), 128))
STUDENT_CODE = shorter(STUDENT_NUMBER, 32)

DISTRICT = Layout(
    "CODE_DISTRICT.txt",
    {
        "district_code": VALUE,
        "district_name": VALUE,
        "address_1": ANYTHING,
        "address_2": ANYTHING,
        "city": ANYTHING,
        "state": STATE,
        "zip": ZIP,
        "phone": PHONE,
        "current_school_year": required(YEAR),
    },
    key=("district_code",),
)
SCHOOL = Layout(
    "SCHOOL.txt",
    {
        "school_code": VALUE,
        "school_name": VALUE,
        "district_code": VALUE,
        "grade_start": GRADE,
        "grade_end": GRADE,
        "address_1": ANYTHING,
        "address_2": ANYTHING,
        "city": ANYTHING,
        "state": STATE,
        "zip": ZIP,
        "phone": PHONE,
    },
    key=("school_code",),
)
STUDENT = Layout(
    "STUDENT.txt",
    {
        "student_code": STUDENT_CODE,
        "last_name": NAME,
        "first_name": NAME,
        "middle_name": shorter(ANYTHING, 64),
        "gender_code": one_of("F", "M", "X", "U"),
        "dob": DAY,
        "email": SMALL_EMAIL,
        "student_number": STUDENT_CODE,
        "federated_id": FEDERATED,
    },
    key=("student_code",),
)
STAFF = Layout(
    "STAFF.txt",
    {
        "staff_code": ID,
        "last_name": NAME,
        "first_name": NAME,
        "middle_name": shorter(ANYTHING, 64),
        "email": required(SMALL_EMAIL),
        "title": NO_TITLE,
        "staff_number": shorter(ANYTHING, 32),
        "username": USERNAME,
        "password": EMPTY,
        "federated_id": FEDERATED,
    },
    key=("staff_code",),
)
SECTION = Layout(
    "PIF_SECTION.txt",
    {
        "native_section_code": VALUE,
        "school_code": VALUE,
        "section_type": ANYTHING,
        "section_type_description": ANYTHING,
        "date_start": required(DAY),
        "date_end": required(DAY),
        "school_year": VALUE,
        "course_number": ANYTHING,
        "course_name": ANYTHING,
        "section_name": VALUE,
        "section_number": ANYTHING,
    },
    key=("native_section_code",),
)
SECTION_STAFF = Layout(
    "PIF_SECTION_STAFF.txt",
    {
        "section_teacher_code": VALUE,
        "staff_code": VALUE,
        "native_section_code": VALUE,
        "date_start": required(DAY),
        "date_end": required(DAY),
        "school_year": VALUE,
        "teacher_of_record": required(TRUTH),
        "teaching_assignment": ANYTHING,
    },
    key=("section_teacher_code",),
)
SECTION_STUDENT = Layout(
    "PIF_SECTION_STUDENT.txt",
    {
        "section_student_code": VALUE,
        "student_code": VALUE,
        "native_section_code": VALUE,
        "date_start": required(DAY),
        "date_end": required(DAY),
        "school_year": VALUE,
    },
    key=("section_student_code",),
)
ENROLLMENT = Layout(
    "ENROLLMENT.txt",
    {
        "native_enrollment_code": VALUE,
        "student_code": VALUE,
        "school_year": VALUE,
        "school_code": VALUE,
        "grade_code": required(GRADE),
        "date_enrolled": DAY,
        "date_withdrawn": DAY,
    },
    key=("native_enrollment_code",),
)
ASSIGNMENT = Layout(
    "ASSIGNMENT.txt",
    {
        "native_assignment_code": VALUE,
        "staff_code": VALUE,
        "school_year": VALUE,
        "institution_code": VALUE,
        "date_start": DAY,
        "date_end": DAY,
        "position_code": VALUE,
    },
    key=("native_assignment_code",),
)
LAYOUTS = (DISTRICT, SCHOOL, STUDENT, STAFF, SECTION, SECTION_STAFF, SECTION_STUDENT, ENROLLMENT, ASSIGNMENT)

# (file, column, file that it speaks of, column there)
REFERENCES = (
    (SCHOOL, "district_code", DISTRICT, "district_code"),
    (SECTION, "school_code", SCHOOL, "school_code"),
    (SECTION_STAFF, "staff_code", STAFF, "staff_code"),
    (SECTION_STAFF, "native_section_code", SECTION, "native_section_code"),
    (SECTION_STUDENT, "student_code", STUDENT, "student_code"),
    (SECTION_STUDENT, "native_section_code", SECTION, "native_section_code"),
    (ENROLLMENT, "student_code", STUDENT, "student_code"),
    (ENROLLMENT, "school_code", SCHOOL, "school_code"),
    (ASSIGNMENT, "staff_code", STAFF, "staff_code"),
)
# A student without an enrolment, or somebody without a post, belongs to no school there and can do nothing.
NEEDED = (
    (STUDENT, "student_code", ENROLLMENT),
    (STAFF, "staff_code", ASSIGNMENT),
    (SECTION, "native_section_code", SECTION_STAFF),
)


def read(files: Files) -> list[str]:
    """What SAVVAS would say of the folder; nothing when it would take it. Files of other names are not looked at."""
    findings = Findings()
    names(files, [layout.file for layout in LAYOUTS], findings)
    tables: dict[str, Table] = {}
    for layout in LAYOUTS:
        if layout.file in files:
            _all_quoted(layout, files[layout.file], findings)
            if table := comma_file(layout, files[layout.file], findings, in_order):
                tables[layout.file] = table
                columns(layout, table, findings)
    if len(tables) == len(LAYOUTS):
        _fits(tables, findings)
        _one_year(tables, findings)
    return findings.told()


def _all_quoted(layout: Layout, content: bytes, findings: Findings) -> None:
    """Every value of every row; the header has its quotation marks or has none."""
    for number, line in enumerate(split_lines(text(content)), 1):
        values = cells(line) or []
        bare = [place for place, value in enumerate(values) if not value.startswith('"')]
        if bare and not (number == 1 and len(bare) == len(values)):
            column = [*layout.columns, *values][bare[0]]
            findings.add(layout.file, "is not in quotation marks", line=number, column=column)


def _fits(tables: dict[str, Table], findings: Findings) -> None:
    for layout, column, other, key in REFERENCES:
        known(tables[layout.file], [column], tables[other.file], [key], findings)
    for layout, column, other in NEEDED:
        used(tables[layout.file], column, tables[other.file], column, findings)
    institutions = {row["school_code"] for row in tables[SCHOOL.file].rows}
    institutions |= {row["district_code"] for row in tables[DISTRICT.file].rows}
    for row in tables[ASSIGNMENT.file].rows:
        if row["institution_code"] not in institutions:
            what = f"no such school in {SCHOOL.file}, nor district in {DISTRICT.file}"
            findings.add(ASSIGNMENT.file, what, line=row.line, column="institution_code")
    for layout in (SECTION, SECTION_STAFF, SECTION_STUDENT, ASSIGNMENT):
        days_in_order(tables[layout.file], "date_start", "date_end", YEAR_FIRST, findings)
    days_in_order(tables[ENROLLMENT.file], "date_enrolled", "date_withdrawn", YEAR_FIRST, findings)
    _one_sign_on(tables, findings)


def _one_sign_on(tables: dict[str, Table], findings: Findings) -> None:
    """Nobody signs in as somebody else, whichever of the two files they are in."""
    seen: set[str] = set()
    for layout in (STAFF, STUDENT):
        for row in tables[layout.file].rows:
            name = row["federated_id"].casefold()
            if name and name in seen:
                findings.add(layout.file, "is another person's too", line=row.line, column="federated_id")
            seen.add(name)


def _one_year(tables: dict[str, Table], findings: Findings) -> None:
    """One district, one school year, and sections that are taught in it."""
    years = {row["current_school_year"] for row in tables[DISTRICT.file].rows}
    if len(years) != 1:
        findings.add(DISTRICT.file, "expected one school year", column="current_school_year")
    for layout in (SECTION, SECTION_STAFF, SECTION_STUDENT, ENROLLMENT, ASSIGNMENT):
        for row in tables[layout.file].rows:
            if row["school_year"] not in years:
                what = f"is not the current_school_year of {DISTRICT.file}"
                findings.add(layout.file, what, line=row.line, column="school_year")
    for layout in (SECTION, SECTION_STAFF, SECTION_STUDENT):
        for row in tables[layout.file].rows:
            if not _begins_in(row["school_year"], row["date_start"]):
                findings.add(layout.file, "is not in the school year", line=row.line, column="date_start")


def _begins_in(year: str, start: str) -> bool:
    """Between the summers; what cannot be read is the columns' business."""
    found = day(start, YEAR_FIRST)
    if not found or not year.isdecimal():
        return True
    return (int(year), 6) <= (found.year, found.month) <= (int(year) + 1, 8)
