"""Ellevation's three rosters: students, the courses they take, and staff. Headers in their order, days MM/DD/YYYY."""

from .checks import (
    ANYTHING,
    EMAIL,
    MONTH_FIRST,
    PHONE,
    STATE,
    STATE_ID,
    STUDENT_NUMBER,
    VALUE,
    ZIP,
    date,
    one_of,
    required,
)
from .reading import Files, Findings, Layout, Table, comma_file, in_order, names
from .rules import agree, columns, known, written_one_way

DAY = date(MONTH_FIRST)
# Which of these Ellevation was told is the district's choice; a file keeps to one.
ACTIVE = (("Active", "Inactive"), ("A", "I"), ("Y", "N"), ("1", "0"), ("true", "false"), ("TRUE", "FALSE"))
NUMBERS = tuple(map(str, range(1, 13)))
GRADES = (
    ("-1", "0", *NUMBERS),
    ("PK", "K", *NUMBERS),
    ("PK", "KG", *(number.zfill(2) for number in NUMBERS)),
    ("PreK", "K", *NUMBERS),
    ("Prekindergarten", "Kindergarten", *NUMBERS),
)


def _one_of_ways(*ways: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for way in ways for word in way))


DEMOGRAPHICS = Layout(
    "Student-Demographics.csv",
    {
        "FirstName": VALUE,
        "MiddleName": ANYTHING,
        "LastName": VALUE,
        "ActiveStatus": required(one_of(*_one_of_ways(*ACTIVE))),
        "SchoolCode": VALUE,
        "SchoolName": ANYTHING,
        "AlternateSchool": ANYTHING,
        "ESLTeacher": ANYTHING,
        "StudentID": STUDENT_NUMBER,
        "StudentStateID": STATE_ID,
        "GradeLevel": required(one_of(*_one_of_ways(*GRADES))),
        "Gender": one_of("F", "M", "X"),
        "BirthDate": DAY,
        "AddressLine1": ANYTHING,
        "AddressLine2": ANYTHING,
        "City": ANYTHING,
        "State": STATE,
        "Zip": ZIP,
        "HomePhone": PHONE,
        "NativeLanguage": ANYTHING,
        "Ethnicity": ANYTHING,
        "CountryOfBirth": ANYTHING,
        "USEntryDate": DAY,
    },
    key=("StudentID",),
)
SCHEDULES = Layout(
    "Student-Course-Schedules.csv",
    {
        "StudentID": STUDENT_NUMBER,
        "SchoolCode": VALUE,
        "CourseID": VALUE,
        "CourseName": ANYTHING,
        "SectionID": VALUE,
        "Period": ANYTHING,
        "Term": ANYTHING,
        "TeacherStaffID": ANYTHING,
    },
    key=("StudentID", "SectionID"),
)
STAFF = Layout(
    "Staff-Roster.csv",
    {
        "StaffID": VALUE,
        "FirstName": VALUE,
        "LastName": VALUE,
        "Email": EMAIL,
        "SchoolCode": VALUE,
        "Role": VALUE,
    },
    key=("StaffID", "SchoolCode"),
)
LAYOUTS = (DEMOGRAPHICS, SCHEDULES, STAFF)


def read(files: Files) -> list[str]:
    """What Ellevation would say of the folder; nothing when it would take it. Other names are not looked at."""
    findings = Findings()
    names(files, [layout.file for layout in LAYOUTS], findings)
    tables: dict[str, Table] = {}
    for layout in LAYOUTS:
        if layout.file in files and (table := comma_file(layout, files[layout.file], findings, in_order)):
            tables[layout.file] = table
            columns(layout, table, findings)
    if len(tables) == len(LAYOUTS):
        _fits(tables[DEMOGRAPHICS.file], tables[SCHEDULES.file], tables[STAFF.file], findings)
    return findings.told()


def _fits(students: Table, schedules: Table, staff: Table, findings: Findings) -> None:
    known(schedules, ["StudentID"], students, ["StudentID"], findings)
    known(schedules, ["SchoolCode"], students, ["SchoolCode"], findings)
    known(schedules, ["TeacherStaffID"], staff, ["StaffID"], findings)
    agree(students, "SchoolCode", ["SchoolName"], findings)
    agree(schedules, "SectionID", ["SchoolCode", "CourseID", "CourseName"], findings)
    agree(staff, "StaffID", ["FirstName", "LastName", "Email"], findings)
    written_one_way(students, "ActiveStatus", ACTIVE, findings)
    written_one_way(students, "GradeLevel", GRADES, findings)
