"""A morning on which nearly every file is wrong in a way of its own: each is told, none does harm, the rest goes on."""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.district import MONDAY, TUESDAY, District, Result
from e2e.mornings import Monday, restored
from faults.leaks import leaks

RSD = "district/powerschool_rsd/{}.csv"
BLF = "district/powerschool_blf/{}.csv"
# What is done to which feed's file, and what the run must say of it. (late: no file of today; broken: a file that is
# refused, or nobody could look; loaded: read as if nothing were wrong.)
FAULTS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "F2 one server's is missing": ("schools", ("late", BLF), "late", "found: schools BLF: nothing called schools.csv"),
    "F4 cut in a row": (
        "attendance",
        ("truncated", RSD, "--keep", "0.5", "--mid-row"),
        "broken",
        "attendance.csv (RSD)",
    ),
    "F5 yesterday's time": (
        "sections",
        ("stale", RSD),
        "late",
        "sections.csv in district:powerschool_rsd, is of 2025-11-1",
    ),
    "F6 a column renamed": (
        "courses",
        ("header", RSD, "--rename", "Course_Name=Title"),
        "broken",
        "file courses.csv (RSD), line 1, column title: the unknown column title",
    ),
    "F7 no byte": ("incidents", ("empty", BLF), "broken", "file incidents.csv (BLF), line 1: an empty file"),
    "F7 no row": ("calendar_day", ("header-only", RSD), "broken", "file calendar_day.csv (RSD): 0 rows"),
    "F8 cp1252": ("teachers", ("encoding", RSD, "cp1252"), "loaded", "was cp1252"),
    "F8 a byte order mark": ("students", ("encoding", RSD, "utf-8-sig"), "loaded", "was utf-8-sig"),
    "F8 UTF-16": ("attendance_code", ("encoding", RSD, "utf-16"), "loaded", "was utf-16"),
    "F10 True for 1": ("terms", ("booleans", RSD, "IsYearRec"), "loaded", "LoadedTable   terms"),
    "F16 an account is locked": (
        "savvas_standards_scores",
        ("login", "savvas"),
        "broken",
        "does not let riverbend-savvas in",
    ),
}
# F5: yesterday's bytes under today's name, and with a time of today.
SAME = "cc"


@dataclass
class Tuesday:
    """The damaged morning: what its run said, where each flow stood, what was held; and the run after it was mended."""

    district: District
    run: Result
    flows: dict[str, dict[str, Any]]
    before: dict[str, Any]
    after: dict[str, Any]
    then: Result
    status: Result
    cut: int  # the lines of the file that ends in a row


def held(district: District) -> dict[str, Any]:
    """What the vendors have, and the rows and labels of every table."""
    tables = {
        f"{dataset}.{name}": (table.labels, district.rows(f"{dataset}.{name}"))
        for dataset in ("powerschool_combined", "misc_imports")
        for name, table in district.tables(dataset).items()
    }
    return {**tables, "vendors": district.delivered_files(), "receipts": district.receipts()}


@pytest.fixture(scope="module")
def tuesday(monday: Monday) -> Iterator[Tuesday]:
    for district in restored(monday):
        before, good, yesterday = held(district), {}, {}
        for path in (RSD, BLF):
            yesterday[path.format(SAME)] = (district.sftp / path.format(SAME)).read_bytes()
        district.sandbox("new-day", "--date", f"{TUESDAY}")
        for feed, (kind, where, *options), _, _ in FAULTS.values():
            path = where.format(feed)
            if (district.sftp / path).is_file():
                good[path] = (district.sftp / path).read_bytes()
            district.fault(TUESDAY, kind, path, *options)
        for path, content in yesterday.items():
            good[path] = (district.sftp / path).read_bytes()
            district.send(TUESDAY, district.sftp / path, content)
        cut = len((district.sftp / RSD.format("attendance")).read_bytes().splitlines())
        run = district.run_daily(TUESDAY, workers=4)
        told = json.loads(district.pipeline("status", "--date", f"{TUESDAY}", "--json").out)["flows"]
        status = district.pipeline("status", "--date", f"{TUESDAY}")
        after = held(district)
        district.sandbox("heal")
        district.pipeline("retry-login", "savvas")
        for path, content in good.items():
            district.send(TUESDAY, district.sftp / path, content)
        then = district.run_daily(TUESDAY, workers=4)
        yield Tuesday(district, run, {flow["flow"]: flow for flow in told}, before, after, then, status, cut)
        assert leaks(district) == []


def table(feed: str) -> str:
    return f"{'misc_imports' if 'scores' in feed else 'powerschool_combined'}.{feed}"


@pytest.mark.parametrize("what", FAULTS)
def test_each_is_told_as_what_it_is(tuesday: Tuesday, what: str) -> None:
    feed, _, state, words = FAULTS[what]
    assert tuesday.flows[feed]["state"] == state, tuesday.flows[feed]
    assert words in tuesday.run.out


@pytest.mark.parametrize("what", [what for what, (_, _, state, _) in FAULTS.items() if state != "loaded"])
def test_the_last_good_rows_stay(tuesday: Tuesday, what: str) -> None:
    name = table(FAULTS[what][0])
    assert tuesday.after[name] == tuesday.before[name]
    assert tuesday.after[name][0]["as_of"] == f"{MONDAY}"


@pytest.mark.parametrize("what", [what for what, (_, _, state, _) in FAULTS.items() if state == "loaded"])
def test_what_can_be_read_is_read_right(tuesday: Tuesday, what: str) -> None:
    """The same rows as from the undamaged file, which came later that morning."""
    name = table(FAULTS[what][0])
    assert tuesday.after[name][0]["as_of"] == f"{TUESDAY}"
    assert tuesday.after[name][1] == tuesday.district.rows(name)


def test_a_cut_row_is_named_by_its_line(tuesday: Tuesday) -> None:
    assert f"file attendance.csv (RSD), line {tuesday.cut}" in tuesday.run.out


def test_yesterdays_bytes_are_told(tuesday: Tuesday) -> None:
    assert tuesday.flows[SAME]["detail"] == "the same bytes as on 2025-11-17"
    assert "cc.csv, the same bytes as on 2025-11-17" in tuesday.run.out
    assert tuesday.after[table(SAME)][0]["as_of"] == f"{TUESDAY}"


def test_status_lists_what_was_refused(tuesday: Tuesday) -> None:
    """By feed, with what was found and where it lies; a file that is late is none."""
    refused = {feed for feed, flow in tuesday.flows.items() if flow.get("refused")}
    assert refused == {"attendance", "courses", "incidents", "calendar_day"}
    for feed in refused:
        ((folder, found),) = tuesday.flows[feed]["refused"].items()
        assert f"the refused file of {feed} lies in {folder}" in tuesday.status.out
        assert tuesday.status.out.count(found) == 2  # as a cause, and in its flow's line
        assert found in tuesday.run.out
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        assert sorted(path.name for path in files) == sorted(["reason.json", *[f"{feed}.csv"] * 2])
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_nothing_is_sent_that_is_made_of_any_of_them(tuesday: Tuesday) -> None:
    assert tuesday.run.code == 30
    assert tuesday.after["vendors"] == tuesday.before["vendors"]
    assert tuesday.after["receipts"] == tuesday.before["receipts"]


def test_mended_files_are_all_it_takes(tuesday: Tuesday) -> None:
    assert tuesday.then.code == 0, tuesday.then.out
    assert {f"{TUESDAY}/{name}" for name in ("ellevation_rosters", "otus_scores")} <= tuesday.district.receipts().keys()
    for feed in (*(feed for feed, *_ in FAULTS.values()), SAME):
        dataset, name = table(feed).split(".")
        assert tuesday.district.tables(dataset)[name].labels["as_of"] == f"{TUESDAY}"
    content = tuesday.district.vendor_files("ellevation")["/data/Student-Demographics.csv"].decode()
    assert len(list(csv.DictReader(io.StringIO(content, newline="")))) == 400


# ------------------------------------------------------------------------------------------------ mornings of their own


def test_ids_without_their_zeros_are_refused(district: District) -> None:
    """F9: a program in between has read them as numbers; the vendor would take each for another student."""
    before = district.vendor_files("ellevation")
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.fault(TUESDAY, "zeros", RSD.format("students"))
    run = district.run_daily(TUESDAY)
    assert run.code == 30, run.out
    assert re.search(r"file students\.csv \(RSD\), line \d+, column student_number: the form '9+'", run.out)
    assert "expected: 7 digits" in run.out
    assert "PreparedFile students" in run.tasks("FAILED")
    assert district.vendor_files("ellevation") == before


def test_a_file_that_is_being_written_is_not_taken(district: District) -> None:
    """F4: it grows while we look. When it stands still, it is taken."""
    now = dt.datetime.now(dt.UTC).astimezone(district.zone)
    today = (now + dt.timedelta(hours=6)).date()  # the morning to which a file of this moment belongs
    district.sandbox("new-day", "--date", f"{today}")
    growing = district.sftp / RSD.format("courses")
    whole = growing.read_bytes()
    district.sandbox("fault", "growing", RSD.format("courses"))
    run = district.run_daily(today, workers=4)
    assert run.code == 20, run.out
    assert "found: courses RSD: courses.csv in district:powerschool_rsd is still being written" in run.out
    assert not Path(district.landing / "powerschool_combined" / f"{today}" / "RSD" / "courses.csv").exists()
    district.sandbox("heal")
    then = district.run_daily(today, workers=4)
    assert then.tasks("FAILED") == {"CheckedSet ellevation_rosters"}, "a school year lies between: all is other"
    assert "LoadedTable courses" in then.tasks("done")
    assert (district.landing / "powerschool_combined" / f"{today}" / "RSD" / "courses.csv").read_bytes() == whole
