"""What docs/extend.md says of adding a feed and an outbound file, done as it says, in a copy of the code."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from e2e.district import TUESDAY, District, copy_of_the_code
from e2e.recipes import block

SCHEDULES = "ID,SchoolID,Name\n1,{school},Regular\n2,{school},Early release\n"


def insert(file: Path, before: str, row: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, f"{row.strip()}\n{before}"))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the code, with the page's feed and file in it."""
    copy = copy_of_the_code(tmp_path / "code")
    catalogue = copy / "pipeline/riverbend"
    insert(catalogue / "feeds.py", '    savvas.scores(SCORES, "Assessment"', block("feed row"))
    (catalogue / "schemas/powerschool_combined/bell_schedule.json").write_text(block("feed schema"))
    (catalogue / "sql/roster_files/Ellevation_Schools.sql").write_text(block("view"))
    deliveries = (catalogue / "deliveries.py").read_text()
    for was, now in (
        ('files=ellevation.rosters("roster_files", TERMS, students=50),', block("file row").strip()),
        ("import Delivery, LandedCopy\n", "import Delivery, LandedCopy, ViewFile\n"),
    ):
        assert deliveries.count(was) == 1
        deliveries = deliveries.replace(was, now)
    (catalogue / "deliveries.py").write_text(deliveries)
    insert(catalogue / "agreements.py", '            "Staff-Roster.csv": ', block("agreement"))
    return copy


def test_a_feed_and_an_outbound_file_are_a_row_and_a_file_each(district: District, code: Path) -> None:
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    night = dt.datetime.combine(TUESDAY, dt.time(2), ZoneInfo("America/Chicago")).timestamp()
    for server, school in (("rsd", "0105"), ("blf", "0805")):
        file = district.sftp / f"district/powerschool_{server}/bell_schedule.csv"
        file.write_text(SCHEDULES.format(school=school))
        os.utime(file, (night, night))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", "Morning", "--date", f"{TUESDAY}", "--", "--local-scheduler"],
        cwd=code,
        env=district.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert district.rows("powerschool_combined.bell_schedule") == {
        ("RSD", "1", "0105", "Regular"),
        ("RSD", "2", "0105", "Early release"),
        ("BLF", "1", "0805", "Regular"),
        ("BLF", "2", "0805", "Early release"),
    }
    schools = district.vendor_files("ellevation")["/data/Schools.csv"].decode().splitlines()
    assert schools[0] == "SchoolCode,SchoolName"
    assert len(schools) == 7


@pytest.mark.parametrize("name", ["feed row", "feed schema", "view", "file row", "agreement"])
def test_each_of_them_is_under_ten_lines(name: str) -> None:
    assert len(block(name).splitlines()) < 10
