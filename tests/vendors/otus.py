"""OTUS: file names and headers that never change, nothing empty and no `NA`. Two files of scores every morning, which
are SAVVAS's own as they landed, so that a value may be empty there; attendance and discipline once a week."""

import re
from collections.abc import Sequence

from .checks import (
    ANYTHING,
    MONTH_FIRST,
    STUDENT_NUMBER,
    VALUE,
    YEAR_FIRST,
    Check,
    day,
    number,
    one_of,
    pattern,
    required,
)
from .reading import Files, Findings, Layout, Table, comma_file, in_order, names
from .rules import agree, columns, written_one_way

YEAR_DAYS = required(number(0, 366))
COUNT = required(pattern("a whole number", r"\d+"))
SCORE = number(0, 1_000_000)
# What programs write for no value.
NO_VALUE = ("NA", "N/A", "NULL", "nan", "NaN", "None", "#N/A")
KINDERGARTEN = (("-1", "0"), ("PK", "K"), ("PK", "KG"), ("Prekindergarten", "Kindergarten"))
GRADES = tuple((*below, *map(str, range(1, 13))) for below in KINDERGARTEN)
# SAVVAS writes its days with or without zeros.
SUBMITTED = required(
    Check(
        "a day that exists, M/D/YYYY",
        lambda value: day(re.sub(r"\b(\d)/", r"0\1/", value), MONTH_FIRST) is not None,
    )
)

ASSESSMENTS = Layout(
    "savvas_assessment_scores.csv",
    {
        "School": ANYTHING,
        "Class": VALUE,
        "Teacher": ANYTHING,
        "Program": ANYTHING,
        "Assessment": VALUE,
        "Submit Date": SUBMITTED,
        "Student Name": ANYTHING,
        "Student Login": ANYTHING,
        "Student ID": STUDENT_NUMBER,
        "Source ID": ANYTHING,
        "Raw Score": SCORE,
        "Max Score": SCORE,
        "% Score": number(0, 100),
    },
)
STANDARDS = Layout(
    "savvas_standards_scores.csv",
    {
        "School": ANYTHING,
        "Class": VALUE,
        "Teacher": ANYTHING,
        "Standard Code": VALUE,
        "Standard Description": ANYTHING,
        "Submit Date": SUBMITTED,
        "Student Name": ANYTHING,
        "Student ID": STUDENT_NUMBER,
        "Points Earned": SCORE,
        "Points Possible": SCORE,
        "% Score": number(0, 100),
    },
)
ATTENDANCE = Layout(
    "OTUS_Attendance_Discipline.csv",
    {
        "student_number": STUDENT_NUMBER,
        "state_id": STUDENT_NUMBER,
        "school_id": VALUE,
        "grade_level": required(one_of(*dict.fromkeys(grade for way in GRADES for grade in way))),
        "as_of_date": required(
            Check("a day that exists", lambda value: bool(day(value, MONTH_FIRST) or day(value, YEAR_FIRST)))
        ),
        "days_enrolled": YEAR_DAYS,
        "days_present": YEAR_DAYS,
        "days_absent": YEAR_DAYS,
        "excused": YEAR_DAYS,
        "unexcused": YEAR_DAYS,
        "tardies": COUNT,
        "incidents": COUNT,
        "iss_days": YEAR_DAYS,
        "oss_days": YEAR_DAYS,
    },
    key=("student_number",),
)
LAYOUTS = {layout.file: layout for layout in (ASSESSMENTS, STANDARDS, ATTENDANCE)}
DAILY = (ASSESSMENTS.file, STANDARDS.file)
WEEKLY = (ATTENDANCE.file,)


def read(files: Files, expected: Sequence[str] = DAILY) -> list[str]:
    """What OTUS would say of its folder; nothing when it would take it. A weekly file is read when it is there."""
    findings = Findings()
    names(files, expected, findings, also=list(LAYOUTS))
    for name, layout in LAYOUTS.items():
        if name in files and (table := comma_file(layout, files[name], findings, in_order)):
            columns(layout, table, findings)
            _no_value_in_words(layout, table, findings)
            if layout is ATTENDANCE:
                _adds_up(table, findings)
    return findings.told()


def _no_value_in_words(layout: Layout, table: Table, findings: Findings) -> None:
    for column in layout.columns:
        for row in table.rows:
            if row[column] in NO_VALUE:
                findings.add(table.file, "expected a value, not a word for none", line=row.line, column=column)


def _adds_up(table: Table, findings: Findings) -> None:
    """A school's rows are as of one day, and the days that somebody was enrolled are those present and those absent."""
    written_one_way(table, "grade_level", GRADES, findings)
    agree(table, "school_id", ["as_of_date"], findings)
    for row in table.rows:
        try:
            enrolled, present, absent = map(float, row.of(("days_enrolled", "days_present", "days_absent")))
        except ValueError:
            continue
        if abs(present + absent - enrolled) > 0.01:
            what = "is not days_present and days_absent together"
            findings.add(table.file, what, line=row.line, column="days_enrolled")
