"""The benchmark's morning: 12 seeded feeds (102 MB, one of a million rows), their schemas, and 8 views over them.

    python -m bench.workload FOLDER

writes `<feed>.csv` for each. The data are the same whenever they are made; all people and places are invented.
BENCH_COPIES=12 in the environment has so many more feeds, of which nothing is sent: the first quarter of the largest
one each, 344 MB in all then.
"""

import csv
import datetime as dt
import json
import os
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pipeline.catalogue.agreement import OWN_RECORDS, Agreement
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import SftpFolder, Source
from pipeline.outside.sftp.vendor import Vendor

# Two of the sandbox's accounts, of which one gives and one takes.
GIVER, GIVES, TAKER, TAKES = "savvas", "/scores", "otus", "/home/incoming"
# The size of the largest feed, in rows.
MARKS = 1_000_000

_R = random.Random(20260805)
_number, _any = _R.randint, _R.choice
# fmt: off
_FIRST = [
    "Maria", "Jose", "Aiden", "Liam", "Noah", "Emma", "Olivia", "Ava", "Sofia", "Mateo", "Elijah",
    "Lucas", "Mia", "Amelia", "Harper", "Ethan", "Zoe", "Layla", "Omar", "Fatima", "Wei", "Minh",
    "Linh", "Anh", "Kofi", "Ama", "Priya", "Arjun",
]
_LAST = [
    "Garcia", "Smith", "Johnson", "Nguyen", "Lopez", "Brown", "Davis", "Martinez", "Hernandez", "Wilson", "Lee",
    "Tran", "Patel", "Khan", "Moore", "O'Neil", "Taylor", "Thomas", "Jackson", "White",
]
_STREETS = [
    "Maple", "Oak", "Cedar", "Pine", "Main", "Church", "Elm", "Washington", "Lake", "Hill",
]
# fmt: on
_STUDENTS, _STAFF, _COURSES, _SECTIONS = 30_000, 10_000, 10_000, 15_000
_DAYS = [(dt.date(2026, 8, 10) + dt.timedelta(days=day)).isoformat() for day in range(180)]


@dataclass(frozen=True)
class Table:
    """One feed: `columns` are `name` (STRING) or `name:TYPE`; the first is the key; `row` makes the row of a number."""

    name: str
    columns: str
    rows: int
    row: Callable[[int], tuple[object, ...]]

    def schema(self) -> list[dict[str, str]]:
        """In BigQuery's JSON schema format; the key is required."""
        pairs = [(*column.split(":"), "STRING")[:2] for column in self.columns.split()]
        return [
            {"name": name, "type": kind, "mode": "NULLABLE" if number else "REQUIRED"}
            for number, (name, kind) in enumerate(pairs)
        ]


def _student() -> int:
    return 100_000 + _number(0, _STUDENTS - 1)


def _teacher() -> int:
    return 5000 + _number(0, _STAFF - 1)


def _birthday(first: int, last: int) -> str:
    return f"{_number(first, last)}-{_number(1, 12):02d}-{_number(1, 28):02d}"


# In the order in which they are made: they share one generator of random numbers.
TABLES = (
    Table(
        "students",
        "student_id:INTEGER local_id last_name first_name birth_date:DATE grade_level:INTEGER school_id:INTEGER gender "
        "lunch_status ell enroll_date:DATE email",
        _STUDENTS,
        lambda i: (
            100_000 + i, f"L{700_000 + i}", _any(_LAST), _any(_FIRST), _birthday(2008, 2020), _number(0, 12),
            _number(1, 60), _any("FMX"), _any(["F", "R", "P"]), _any("YN"), _any(_DAYS[:30]),
            f"s{100_000 + i}@district.example.org",
        ),
    ),
    Table(
        "staff",
        "staff_id:INTEGER last_name first_name school_id:INTEGER title hire_date:DATE email",
        _STAFF,
        lambda i: (
            5000 + i, _any(_LAST), _any(_FIRST), _number(1, 60),
            _any(["Teacher", "Aide", "Counselor", "Principal, Asst"]), _birthday(1995, 2025),
            f"t{5000 + i}@district.example.org",
        ),
    ),
    Table(
        "courses",
        "course_id:INTEGER course_code title department credits:FLOAT grade_low:INTEGER grade_high:INTEGER",
        _COURSES,
        lambda i: (
            i + 1, f"C{i:05d}",
            f"{_any(['Algebra', 'Biology', 'English', 'History', 'Art', 'Band'])} {_number(1, 12)}, "
            f"section group {_number(1, 99)}",
            _any(["Math", "Science", "ELA", "Social Studies", "Arts"]), _any([0.5, 1.0]), _number(0, 6),
            _number(6, 12),
        ),
    ),
    Table(
        "sections",
        "section_id:INTEGER course_id:INTEGER staff_id:INTEGER school_id:INTEGER period room term max_seats:INTEGER",
        _SECTIONS,
        lambda i: (
            i + 1, _number(1, _COURSES), _teacher(), _number(1, 60), f"P{_number(1, 8)}",
            f"B{_number(1, 5)}-{_number(100, 399)}", _any(["S1", "S2", "FY"]), _number(18, 34),
        ),
    ),
    Table(
        "enrolments",
        "enrolment_id:INTEGER student_id:INTEGER section_id:INTEGER entry_date:DATE exit_date:DATE status updated_by",
        50_000,
        lambda i: (
            i + 1, _student(), _number(1, _SECTIONS), _any(_DAYS[:40]), _any(_DAYS[120:]), _any(["A", "A", "A", "W"]),
            f"registrar{_number(1, 60)}@district.example.org",
        ),
    ),
    Table(
        "attendance",
        "attendance_id:INTEGER student_id:INTEGER section_id:INTEGER att_date:DATE code minutes:INTEGER period "
        "teacher_note entered_by",
        MARKS,
        lambda i: (
            i + 1, _student(), _number(1, _SECTIONS), _any(_DAYS), _any("PPPPPPAATE"), _number(0, 55),
            f"P{_number(1, 8)}",
            _any(["", "", "", "late bus, excused", "nurse visit", "parent called front office"]),
            f"t{_teacher()}@district.example.org+roll",
        ),
    ),
    Table(
        "grades",
        "grade_id:INTEGER student_id:INTEGER section_id:INTEGER term score:FLOAT letter posted:DATE comment",
        50_000,
        lambda i: (
            i + 1, _student(), _number(1, _SECTIONS), _any(["Q1", "Q2", "Q3", "Q4"]), round(_R.uniform(40, 100), 2),
            _any("ABCDF"), _any(_DAYS), _any(["", "Pleasure to have in class", "Missing work, see portal"]),
        ),
    ),
    Table(
        "guardians",
        "guardian_id:INTEGER student_id:INTEGER name relation phone email custody",
        40_000,
        lambda i: (
            i + 1, 100_000 + i % _STUDENTS, f"{_any(_FIRST)} {_any(_LAST)}",
            _any(["Mother", "Father", "Guardian", "Other"]), f"555-{_number(100, 999)}-{_number(1000, 9999)}",
            f"g{i}@mail.example.com", _any("YN"),
        ),
    ),
    Table(
        "addresses",
        "student_id:INTEGER street city state zip lat:FLOAT lon:FLOAT",
        _STUDENTS,
        lambda i: (
            100_000 + i, f"{_number(1, 9999)} {_any(_STREETS)} St, Apt {_number(1, 99)}",
            _any(["Springfield", "Riverton", "Lakeside"]), "NJ", f"{_number(7000, 8999):05d}",
            round(_R.uniform(39, 41), 6), round(_R.uniform(-75, -73), 6),
        ),
    ),
    Table(
        "transport",
        "student_id:INTEGER route stop am_time pm_time bus:INTEGER",
        20_000,
        lambda i: (
            100_000 + i, f"R{_number(1, 120)}", f"{_any(_STREETS)} & {_any(_STREETS)}",
            f"0{_number(6, 8)}:{_number(0, 59):02d}", f"{_number(14, 16)}:{_number(0, 59):02d}", _number(1, 200),
        ),
    ),
    Table(
        "meals",
        "meal_id:INTEGER student_id:INTEGER meal_date:DATE kind price:FLOAT status",
        30_000,
        lambda i: (i + 1, _student(), _any(_DAYS), _any(["B", "L"]), _any([0.0, 0.4, 2.75]), _any(["F", "R", "P"])),
    ),
    Table(
        "assessments",
        "assessment_id:INTEGER student_id:INTEGER test subject score:FLOAT percentile:INTEGER taken:DATE window_name",
        45_000,
        lambda i: (
            i + 1, _student(), _any(["MAP", "STAR", "DIBELS"]), _any(["Reading", "Math"]),
            round(_R.uniform(120, 280), 1), _number(1, 99), _any(_DAYS), _any(["Fall", "Winter", "Spring"]),
        ),
    ),
)  # fmt: skip

_LARGEST = next(table for table in TABLES if table.rows == MARKS)
COPIES = tuple(
    replace(_LARGEST, name=f"{_LARGEST.name}_{number}", rows=MARKS // 4)
    for number in range(int(os.environ.get("BENCH_COPIES", "0")))
)


@dataclass(frozen=True)
class View:
    """One view: its rows (a SELECT in standard SQL, tables as `morning.<feed>`), and the columns whose values occur
    once."""

    name: str
    key: tuple[str, ...]
    rows: str

    @property
    def columns(self) -> str:
        """Their names, as an agreement lists them: the last word of each column of the SELECT. (A parser would cost
        each measured run its import.)"""
        selected = self.rows.partition("\nFROM ")[0].removeprefix("SELECT ")
        while (less := re.sub(r"\([^()]*\)", "", selected)) != selected:
            selected = less
        return " ".join(re.split(r"[ .\n]", column.strip())[-1] for column in selected.split(","))

    @property
    def select(self) -> str:
        """All columns are text, as in every view that goes to a vendor."""
        columns = ", ".join(f"CAST({name} AS STRING) AS {name}" for name in self.columns.split())
        return f"SELECT {columns} FROM (\n{self.rows}\n) AS found"  # noqa: S608


VIEWS = (
    View(
        "v_roster",
        ("enrolment_id",),
        """SELECT CAST(e.enrolment_id AS STRING) AS enrolment_id, s.student_id, s.local_id, s.last_name, s.first_name,
  s.grade_level, c.course_code, c.title AS course_title, x.period, x.room, t.email AS teacher_email
FROM `morning.enrolments` AS e
JOIN `morning.students` AS s ON s.student_id = e.student_id
JOIN `morning.sections` AS x ON x.section_id = e.section_id
JOIN `morning.courses` AS c ON c.course_id = x.course_id
JOIN `morning.staff` AS t ON t.staff_id = x.staff_id
WHERE e.status = 'A'""",
    ),
    View(
        "v_attendance_rate",
        ("student_id",),
        """SELECT CAST(student_id AS STRING) AS student_id, COUNT(*) AS marks,
  SUM(CASE WHEN code = 'A' THEN 1 ELSE 0 END) AS absences,
  ROUND(1 - SUM(CASE WHEN code = 'A' THEN 1 ELSE 0 END) / COUNT(*), 4) AS rate
FROM `morning.attendance`
GROUP BY 1""",
    ),
    View(
        "v_chronic_absent",
        ("school_id", "grade_level", "code"),
        """SELECT CAST(s.school_id AS STRING) AS school_id, CAST(s.grade_level AS STRING) AS grade_level, a.code,
  COUNT(*) AS n, SUM(a.minutes) AS minutes
FROM `morning.attendance` AS a
JOIN `morning.students` AS s ON s.student_id = a.student_id
GROUP BY 1, 2, 3""",
    ),
    View(
        "v_contacts",
        ("student_id", "email"),
        """SELECT CAST(s.student_id AS STRING) AS student_id, s.last_name, s.first_name, g.name AS guardian, g.relation,
  g.phone, g.email, d.street, d.city, d.zip
FROM `morning.students` AS s
JOIN `morning.guardians` AS g ON g.student_id = s.student_id
JOIN `morning.addresses` AS d ON d.student_id = s.student_id""",
    ),
    View(
        "v_gpa",
        ("student_id",),
        """SELECT CAST(student_id AS STRING) AS student_id, ROUND(AVG(score), 2) AS avg_score, COUNT(*) AS n,
  MAX(posted) AS last_posted
FROM `morning.grades`
GROUP BY 1""",
    ),
    View(
        "v_bus",
        ("student_id",),
        """SELECT t.route, t.stop, t.am_time, CAST(s.student_id AS STRING) AS student_id, s.last_name, s.first_name,
  d.street
FROM `morning.transport` AS t
JOIN `morning.students` AS s ON s.student_id = t.student_id
JOIN `morning.addresses` AS d ON d.student_id = s.student_id""",
    ),
    View(
        "v_meals",
        ("school_id", "meal_date", "kind"),
        """SELECT CAST(s.school_id AS STRING) AS school_id, CAST(m.meal_date AS STRING) AS meal_date, m.kind,
  COUNT(*) AS meals, ROUND(SUM(m.price), 2) AS revenue
FROM `morning.meals` AS m
JOIN `morning.students` AS s ON s.student_id = m.student_id
GROUP BY 1, 2, 3""",
    ),
    View(
        "v_assess",
        ("student_id", "test", "subject", "window_name", "percentile", "taken"),
        """SELECT CAST(a.student_id AS STRING) AS student_id, s.school_id, a.test, a.subject, a.window_name, a.score,
  CAST(a.percentile AS STRING) AS percentile, CAST(a.taken AS STRING) AS taken
FROM `morning.assessments` AS a
JOIN `morning.students` AS s ON s.student_id = a.student_id""",
    ),
)
# Lines of the eight files, with their headers.
LINES = 215_995

DATASET, OUTGOING = "morning", "outgoing"
FEEDS = tuple(
    Feed(
        name=table.name,
        dataset=DATASET,
        folder=DATASET,
        file=f"{table.name}.csv",
        sources=(Source(GIVER, SftpFolder(GIVER, GIVES), f"{table.name}.csv"),),
        key=(table.schema()[0]["name"],),
        floor=table.rows * 9 // 10,
    )
    for table in (*TABLES, *COPIES)
)
DELIVERIES = (
    Delivery(
        name="everything",
        vendor=TAKER,
        folder=TAKES,
        files=tuple(
            ViewFile(view=f"{OUTGOING}.{view.name}", name=f"{view.name}.csv", key=view.key, required=view.key)
            for view in VIEWS
        ),
    ),
)
# Nobody's data.
PAPER = "the benchmark's own data"
AGREEMENTS = (Agreement(PAPER, OWN_RECORDS, dt.date(2026, 8, 5), {f"{view.name}.csv": view.columns for view in VIEWS}),)
VENDORS = (Vendor(GIVER), Vendor(TAKER, agreement=PAPER))


def make(folder: Path) -> None:
    """Write the feeds as `<feed>.csv`; once in a process, since the random numbers go on."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        with (folder / f"{table.name}.csv").open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(column["name"] for column in table.schema())
            lines.writerows(map(table.row, range(table.rows)))
    for table in COPIES:
        with (folder / f"{_LARGEST.name}.csv").open() as whole, (folder / f"{table.name}.csv").open("w") as part:
            part.writelines(islice(whole, 1 + table.rows))


def describe(folder: Path) -> None:
    """Write the catalogue into the folder: the rows above, `schemas/` and `sql/`, as the pipeline reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("FEEDS", "DELIVERIES", "VENDORS", "AGREEMENTS"):
        (folder / f"{name.lower()}.py").write_text(f"from bench.workload import {name} as {name}\n")
    for table in (*TABLES, *COPIES):
        schema = folder / "schemas" / DATASET / f"{table.name}.json"
        schema.parent.mkdir(parents=True, exist_ok=True)
        schema.write_text(json.dumps(table.schema(), indent=1) + "\n")
    for view in VIEWS:
        text = folder / "sql" / OUTGOING / f"{view.name}.sql"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(view.select + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
