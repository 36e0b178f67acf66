"""Whoever changes a view sees whom it would add, drop and change before it is deployed, and nothing else changes."""

import csv
import io
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.district import MONDAY, District, Result, copy_of_the_code

DEMOGRAPHICS = "pipeline/riverbend/sql/roster_files/Ellevation_Student-Demographics.sql"
STUDENTS = "pipeline/riverbend/sql/roster_files/current_students.sql"
OF_STUDENTS = ("Student-Demographics.csv", "Student-Course-Schedules.csv")
NAME = "ellevation_rosters"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Somebody's working copy."""
    return copy_of_the_code(tmp_path / "code")


def preview(district: District, code: Path, *words: str) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "preview", NAME, "--date", f"{MONDAY}", *words],
        cwd=code,
        env=district.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return Result(done.returncode, done.stdout)


def change(file: Path, was: str, now: str) -> int:
    """Returns the line on which it stands."""
    text = file.read_text()
    assert text.count(was) == 1
    file.write_text(text.replace(was, now))
    return text[: text.index(was)].count("\n") + 1


def state(district: District) -> dict[str, Any]:
    """All that there is in the cloud: every table with its labels and time, every view's text, every object."""
    items = [
        district.warehouse.get_table(item.reference)
        for dataset in district.warehouse.list_datasets()
        for item in district.warehouse.list_tables(dataset.reference)
    ]
    shelf = {f"{each.dataset_id}.{each.table_id}": (each.labels, each.view_query, each.modified) for each in items}
    return {"shelf": shelf, "objects": district.objects(), "datasets": datasets(district)}


def counts(told: Result) -> dict[str, tuple[int, ...]]:
    """How many are gone, added and changed in each file."""
    found = re.findall(r"^(\S+\.csv) \([\w ]+\) +[\d,]+ +([\d,]+) +([\d,]+) +([\d,]+)$", told.out, re.M)
    return {name: tuple(int(count.replace(",", "")) for count in numbers) for name, *numbers in found}


def datasets(district: District) -> set[str]:
    return {each.dataset_id for each in district.warehouse.list_datasets()}


def test_what_is_deployed_already_changes_nothing(same_district: District, code: Path) -> None:
    before = state(same_district)
    same = preview(same_district, code)
    assert same.code == 0, same.out
    assert "its views are those that are deployed" in same.out
    assert counts(same) == {"Staff-Roster.csv": (0, 0, 0), **dict.fromkeys(OF_STUDENTS, (0, 0, 0))}
    assert "checks pass: it might go" in same.out
    assert state(same_district) == before


def test_a_view_below_that_drops_a_school_is_told_and_would_be_held(same_district: District, code: Path) -> None:
    """A view that others read is changed, and one of a file gets a column: neither is deployed, then or later."""
    given = same_district.vendor_files("ellevation")["/data/Student-Demographics.csv"].decode()
    rows = list(csv.DictReader(io.StringIO(given)))
    school = rows[0]["SchoolCode"]
    gone = {row["StudentID"] for row in rows if row["SchoolCode"] == school}
    with (code / STUDENTS).open("a") as text:
        text.write(f"  AND students.schoolid != '{school}'\n")
    change(code / DEMOGRAPHICS, "  'Active' AS ActiveStatus,\n", "  'Active' AS ActiveStatus,\n  'x' AS Nickname,\n")
    before, since = state(same_district), time.time()
    told = preview(same_district, code, "--rows")
    assert told.code == 40, told.out
    staff, students, sections = counts(told).values()
    assert (staff, students, sections[1:]) == ((0, 0, 0), (len(gone), 0, 0), (0, 0))
    assert sections[0] > len(gone)
    assert re.search(rf"^  school {school} +{len(gone)} +{len(gone)} +0 +0$", told.out, re.M)
    for view in (DEMOGRAPHICS, STUDENTS):
        assert f"{code / view}: is another one than the deployed one" in told.out
    assert f"{OF_STUDENTS[0]}: a new column: Nickname" in told.out
    assert "columns that the agreement does not list (Nickname)" in told.out
    assert f"Ellevation would drop {len(gone)} of {len(rows)} students: {len(gone)} at school {school}" in told.out
    keys = told.out.partition(f"\n{OF_STUDENTS[0]}: StudentID\n")[2].partition("\n\n")[0]
    assert set(keys.splitlines()) == {f"- {school} {student}" for student in gone}
    assert (state(same_district), same_district.writes(since)) == (before, [])

    again = same_district.run_daily(MONDAY)
    assert again.code == 0, again.out
    assert again.tasks("done") == set()


def test_what_google_would_refuse_is_told_by_file_and_line_and_nothing_is_made(
    same_district: District, code: Path
) -> None:
    line = change(code / DEMOGRAPHICS, "students.gender AS Gender", "students.sex AS Gender")
    before, since = state(same_district), time.time()
    told = preview(same_district, code)
    assert told.code == 30, told.out
    assert f"{code / DEMOGRAPHICS}, line {line}: the view roster_files.Ellevation_Student-Demographics" in told.out
    assert state(same_district) == before
    assert {event["method"] for event in same_district.activity(since, "cloud")} <= {"GET"}
