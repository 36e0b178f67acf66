"""Juniper Flats, an invented district that is unlike the pretend one: one server, three schools, numbers with letters.

What its student information system and its vendors write in the night before a morning is here, row by row.
"""

import csv
import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Los_Angeles")
SERVER = "JFU"
NUMBER = r"JF\d{4}[A-Z]"

Row = dict[str, object]


class School(NamedTuple):
    number: str
    name: str
    low: int
    high: int
    street: str


class Student(NamedTuple):
    id: int
    number: str
    first: str
    last: str
    grade: int
    school: str

    @property
    def email(self) -> str:
        return f"{self.number.lower()}@pupils.juniperflats.example"


SCHOOLS = (
    School("11", "Juniper Flats Grade School", 0, 5, "8 Sagebrush Loop"),
    School("12", "Two Buttes Middle School", 6, 8, "31 Buttes Rd"),
    School("77", "Lone Mesa High School", 9, 12, "500 Mesa Ave"),
)
_FIRST = ("Aino", "Birk", "Celia", "Dario", "Edda", "Finn", "Greta", "Hiro", "Inés", "Jonas", "Kirsten", "Lev")
LAST_NAMES = ("Aalto", "Brandvold", "Castañeda", "Dahl", "Eriksen", "Fujita", "Gonsalves", "Haugen", "Ibarra", "O'Dell")
COURSES = {"ELA1": ("Language Arts", "English"), "MTH1": ("Mathematics", "Mathematics"), "SCI1": ("Science", "Science")}


def students() -> list[Student]:
    """Thirty-six, twelve a school; ids of the server begin at 9001."""
    return [
        Student(
            9001 + seat,
            f"JF{4100 + seat * 7:04d}{'ABCDEFGHK'[seat % 9]}",
            _FIRST[seat % len(_FIRST)],
            LAST_NAMES[(seat * 7 + seat // 12) % len(LAST_NAMES)],
            school.low + seat % (school.high - school.low + 1),
            school.number,
        )
        for place, school in enumerate(SCHOOLS)
        for seat in range(place * 12, place * 12 + 12)
    ]


def overdue() -> list[tuple[str, str]]:
    """Student number and barcode of each book that is overdue at the libraries."""
    return [(students()[0].number, "B-1"), (students()[0].number, "B-2"), (students()[17].number, "B-9")]


def write_sis(drop: Path, schemas: Path, date: dt.date) -> None:
    """Every export that the district's catalogue has a schema for, in the folder of its one server."""
    for schema in sorted(schemas.glob("powerschool_combined/*.json")):
        columns = [column["name"] for column in json.loads(schema.read_text())]
        told = [name for name in columns if name not in ("district_identification", "as_of")]
        prefix = "CC." if schema.stem == "cc" else ""
        rows = [[str(row.get(name, "")) for name in told] for row in _ROWS[schema.stem](date)]
        assert all(row.keys() <= {*told} for row in _ROWS[schema.stem](date)), schema.stem
        header = [prefix + name.title() for name in told]
        write(drop / f"powerschool_{SERVER.lower()}/{schema.stem}.csv", header, rows, date, 2)


def write_vendors(folders: dict[str, Path], date: dt.date) -> None:
    """What the vendors among these write: SAVVAS its scores, Clever the accounts, Shelfmark the books."""
    one, stamp = students()[3], f"{date:%Y%m%d}"
    if there := folders.get("savvas"):
        whose = ("Lone Mesa High School", "Mathematics - 1", "Haugen, Rolf")
        marks = (f"{date - dt.timedelta(days=4):%m/%d/%Y}", f"{one.last}, {one.first}")
        write(
            there / f"scores/SAVVAS_Realize_Assessment_Scores_{stamp}.csv",
            [
                *("School", "Class", "Teacher", "Program", "Assessment", "Submit Date", "Student Name"),
                *("Student Login", "Student ID", "Source ID", "Raw Score", "Max Score", "% Score"),
            ],
            [(*whose, "enVision", "Topic 1", *marks, one.email, one.number, "x-1", 8, 10, "80.0")],
            date,
            3,
        )
        write(
            there / f"scores/SAVVAS_Realize_Standards_Scores_{stamp}.csv",
            [
                *("School", "Class", "Teacher", "Standard Code", "Standard Description", "Submit Date", "Student Name"),
                *("Student ID", "Points Earned", "Points Possible", "% Score"),
            ],
            [(*whose, "A.1", "Lines", *marks, one.number, 3, 4, "75.0")],
            date,
            3,
        )
    if there := folders.get("clever_reports"):
        write(
            there / "idm-sensitive-exports/google-students-passwords.csv",
            ["clever_id", "sis_id", "student_number", "email", "google_id", "provisioned_password"],
            [(f"c{who.id}", who.number, who.number, who.email, who.id, "Basalt-17") for who in students()],
            date,
            4,
        )
    if there := folders.get("shelfmark"):
        rows = [(number, barcode, f"{date - dt.timedelta(days=9):%m/%d/%Y}") for number, barcode in overdue()]
        write(there / f"reports/overdue-{stamp}.csv", ["Student Number", "Barcode", "Due On"], rows, date, 4)


def write(file: Path, header: Iterable[str], rows: Iterable[Iterable[object]], date: dt.date, hour: int) -> None:
    """A file of that hour of the date, in the district's zone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows([list(header), *map(list, rows)])
    at = dt.datetime.combine(date, dt.time(hour, 5), ZONE).timestamp()
    os.utime(file, (at, at))


# ------------------------------------------------------------------------------------------------- the server's tables


def _schools(date: dt.date) -> Iterator[Row]:
    for place, school in enumerate(SCHOOLS, 1):
        yield {
            **{"id": place, "school_number": school.number, "name": school.name, "abbreviation": school.name[:3]},
            **{"low_grade": school.low, "high_grade": school.high, "school_address": school.street},
            **{"principal": "Sigrid Haugen", "principal_email": f"head{school.number}@juniperflats.example"},
            **{"school_city": "Juniper Flats", "school_state": "OR", "school_zip": "97990", "school_phone": "555-0177"},
        }


def _students(date: dt.date) -> Iterator[Row]:
    for who in students():
        yield {
            **{"id": who.id, "dcid": who.id + 50000, "student_number": who.number, "state_id": f"OR-{who.id}"},
            **{"last_name": who.last, "first_name": who.first, "grade_level": who.grade, "schoolid": who.school},
            **{"enroll_status": 0, "entrydate": "09/02/2025", "exitdate": "06/13/2026", "gender": "FM"[who.id % 2]},
            **{"dob": f"03/{who.id % 28 + 1:02d}/{2019 - who.grade}", "ethnicity": "HWA"[who.id % 3]},
            **{"street": f"{who.id} Mesa Ave", "city": "Juniper Flats", "state": "OR", "zip": "97990"},
            **{"student_email": who.email, "home_language": "English", "lep_status": "N", "lunchstatus": "P"},
            **{"fedethnicity": 0, "sched_yearofgraduation": 2038 - who.grade},
        }
    left = students()[0]._replace(id=9900, number="JF9999Z", first="Gone", last="Away")
    yield {
        **{"id": left.id, "student_number": left.number, "last_name": left.last, "first_name": left.first},
        **{"grade_level": left.grade, "schoolid": left.school, "enroll_status": 2},
    }


def _teachers(date: dt.date) -> Iterator[Row]:
    """Of each school two who teach, and the head, who does not."""
    for place, school in enumerate(SCHOOLS):
        for post, (first, last, status) in enumerate((("Rolf", "Haugen", 1), ("Mei", "Tran", 1), ("Sigrid", "Vik", 2))):
            number = f"T{place}{post}"
            yield {
                **{"id": 100 + place * 10 + post, "teachernumber": number, "last_name": last, "first_name": first},
                **{
                    "email_addr": f"{number.lower()}@juniperflats.example",
                    "title": "Teacher" if status == 1 else "Head",
                },
                **{"schoolid": school.number, "status": 1, "staffstatus": status},
            }


def _sections(date: dt.date) -> Iterator[Row]:
    """Of each school three all year, and taught by two."""
    for place, school in enumerate(SCHOOLS):
        for course, number in enumerate(COURSES):
            yield {
                **{"id": 500 + place * 10 + course, "course_number": number, "schoolid": school.number},
                **{"termid": 3500, "teacher": 100 + place * 10 + course % 2, "section_number": course + 1},
                **{"expression": f"{course + 1}(A-E)", "max_enrollment": 30},
            }


def _seats(date: dt.date) -> Iterator[Row]:
    """Everybody sits in two sections of their school."""
    for who in students():
        place = [school.number for school in SCHOOLS].index(who.school)
        for turn in range(2):
            course = (who.id + turn) % 3
            yield {
                **{"id": who.id * 2 + turn, "studentid": who.id, "sectionid": 500 + place * 10 + course},
                **{"course_number": list(COURSES)[course], "termid": 3500, "schoolid": who.school},
                **{"dateenrolled": "09/02/2025", "dateleft": "06/13/2026", "teacherid": 100 + place * 10 + course % 2},
            }


def _contacts(date: dt.date) -> Iterator[Row]:
    for who in students():
        yield {
            **{"studentid": who.id, "contact1_name": f"Toril {who.last}", "contact1_relationship": "Mother"},
            **{"contact1_type": "primary", "contact1_phone": "555-0142", "contact1_phone_type": "cell"},
            **{"contact1_sis_id": f"P{who.id}"},
        }


def _days(date: dt.date) -> Iterator[Row]:
    """In session from Monday to Friday, until a month ahead."""
    for place, school in enumerate(SCHOOLS):
        for past in range((date - dt.date(2025, 9, 2)).days + 30):
            day = dt.date(2025, 9, 2) + dt.timedelta(days=past)
            held = int(day.weekday() < 5)
            row = {"schoolid": school.number, "insession": held, "membershipvalue": held}
            yield {"id": place * 1000 + past + 1, "date_value": f"{day:%m/%d/%Y}", **row}


def _terms(date: dt.date) -> Iterator[Row]:
    for school in SCHOOLS:
        for id, name, first, last, portion in (
            (3500, "2025-2026", "09/02/2025", "06/12/2026", 1),
            (3501, "Semester 1", "09/02/2025", "01/23/2026", 2),
        ):
            yield {
                **{"id": id, "schoolid": school.number, "yearid": 35, "name": name, "firstday": first, "lastday": last},
                **{"abbreviation": name[:4], "isyearrec": int(portion == 1), "portion": portion},
            }


def _courses(date: dt.date) -> Iterator[Row]:
    for place, (number, (name, subject)) in enumerate(COURSES.items(), 1):
        yield {"id": place, "course_number": number, "course_name": name, "subject": subject}


def _section_teachers(date: dt.date) -> Iterator[Row]:
    for row in _sections(date):
        yield {"id": row["id"], "sectionid": row["id"], "teacherid": row["teacher"], "roleid": 1, "priority_order": 1}


def _meetings(date: dt.date) -> Iterator[Row]:
    for row in _sections(date):
        yield {"id": row["id"], "sectionid": row["id"], "schoolid": row["schoolid"], "year_id": 35}


def _codes(date: dt.date) -> Iterator[Row]:
    for place, school in enumerate(SCHOOLS, 1):
        yield {"id": place, "schoolid": school.number, "yearid": 35, "att_code": "A", "presence_status_cd": "Absent"}


def _schedules(date: dt.date) -> Iterator[Row]:
    for place, school in enumerate(SCHOOLS, 1):
        yield {"id": place, "schoolid": school.number, "name": "Fog delay"}


def _none(date: dt.date) -> Iterator[Row]:
    return iter(())


_ROWS = {
    **{"schools": _schools, "students": _students, "teachers": _teachers, "sections": _sections, "cc": _seats},
    **{"custom": _contacts, "calendar_day": _days, "terms": _terms, "courses": _courses},
    **{"section_teacher": _section_teachers, "section_meeting": _meetings, "attendance_code": _codes},
    "bell_schedule": _schedules,
    **dict.fromkeys(("attendance", "gpa_current", "incident_data", "incidents", "reenrollments", "sped"), _none),
    **dict.fromkeys(("classifications",), _none),
}
