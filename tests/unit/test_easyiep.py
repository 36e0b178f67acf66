"""EasyIEP's options report: its form, its students, and what PowerSchool has of it."""

from collections import defaultdict
from pathlib import Path

import pytest

from pipeline.catalogue import schemas
from pipeline.catalogue.contract import column_name
from pipeline.sandbox import easyiep

from .test_district import MONDAY, Night, Rows, by, day

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("monday"), MONDAY)


@pytest.fixture(scope="module")
def report(night: Night) -> Rows:
    return night.rows(easyiep.NAME)


def active(night: Night) -> dict[str, dict[str, str]]:
    """RSD's active students by Student_Number."""
    rows = night.rows("powerschool_rsd/students.csv")
    return {row["Student_Number"]: row for row in rows if row["Enroll_Status"] == "0"}


def test_header_is_the_schemas_columns() -> None:
    columns = [column.name for column in schemas.columns("misc_imports", "TN_options_report_2014")]
    assert [column_name(title) for title in easyiep.HEADER] == columns


def test_tabs_line_ends_and_curly_apostrophes(night: Night) -> None:
    raw = night.path(easyiep.NAME).read_bytes()
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n") == night.counts[easyiep.NAME] + 1
    assert raw.split(b"\r\n")[0].count(b"\t") == 14
    assert b"student\x92s" in raw
    assert b"O\x92Brien\tSe\xe1n" in raw
    assert b"'" not in raw


def test_it_is_of_the_active_students_with_a_plan(night: Night, report: Rows) -> None:
    known = active(night)
    eligible = {row["StudentID"] for row in night.rows("powerschool_rsd/sped.csv") if row["SpEd_Status"] == "E"}
    assert {row["Student Number"] for row in report} == {n for n, row in known.items() if row["ID"] in eligible}
    for row in report:
        student = known[row["Student Number"]]
        names = (student["Last_Name"], student["First_Name"])
        assert (row["Last Name"], row["First Name"]) == tuple(name.replace("'", APOSTROPHE) for name in names)
        for title, name in (("State ID", "State_ID"), ("School", "SchoolID"), ("Grade", "Grade_Level")):
            assert row[title] == student[name]
        assert row["Birth Date"] == student["DOB"]


def test_options(report: Rows) -> None:
    by(report, "Student Number", "Option")
    students = defaultdict(list)
    for row in report:
        assert len(row["Option"]) == len(row["Disability Code"]) == 2
        assert 0 < float(row["Option Hours"]) <= 32.5
        assert day(row["IEP Start Date"]) <= MONDAY <= day(row["IEP End Date"])
        students[row["Student Number"]].append(row)
    assert {len(rows) for rows in students.values()} == {1, 2, 3}
    for rows in students.values():
        assert len({(row["IEP Start Date"], row["Disability"], row["Case Manager"]) for row in rows}) == 1


def test_case_managers_teach_at_the_school(night: Night, report: Rows) -> None:
    teachers = {
        (row["SchoolID"], f"{row['First_Name']} {row['Last_Name']}".replace("'", APOSTROPHE))
        for row in night.rows("powerschool_rsd/teachers.csv")
        if row["Title"] == "Teacher" and row["Status"] == "1"
    }
    assert {(row["School"], row["Case Manager"]) for row in report} <= teachers


@pytest.mark.parametrize("students", [40, 400, 2000])
def test_powerschool_lacks_some_plans_and_has_some_old_ones(tmp_path: Path, students: int) -> None:
    night = Night(tmp_path, MONDAY, students)
    known, plans = active(night), defaultdict(list)
    for row in night.rows(easyiep.NAME):
        plans[known[row["Student Number"]]["ID"]].append(row)
    held = by(night.rows("powerschool_rsd/easyiep.csv"), "StudentID")
    same = old = 0
    for id, rows in plans.items():
        if (id,) in held:
            row = held[(id,)]
            now = (max(r["Option"] for r in rows), *(rows[0][t] for t in ("IEP Start Date", "IEP End Date")))
            same += (row["SpEd_Code"], row["IEP_Start"], row["IEP_End"]) == now
            old += day(row["IEP_Start"]) < day(rows[0]["IEP Start Date"])
            assert row["Disability"] == rows[0]["Disability Code"]
            assert day(row["IEP_Start"]) <= day(row["Last_Import"]) < MONDAY
            assert day(row["Last_Import"]).weekday() == 4
    missing = sum((id,) not in held for id in plans)
    assert same + old + missing == len(plans)
    assert 1 <= missing <= 1 + len(plans) / 8
    assert 1 <= old <= 1 + len(plans) / 8
