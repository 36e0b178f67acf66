"""Which date's file stands for a feed whose own is not there."""

import csv
import datetime as dt
import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import luigi
import pytest

from pipeline import catalogue
from pipeline.ground import settings
from pipeline.inbound import lastgood, sources, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outside.sftp.sftp import Progress, RemoteFile
from pipeline.run import lookahead, working
from pipeline.run.working import Work

MONDAY = dt.date(2025, 11, 17)
DAY = dt.timedelta(days=1)
CODES = catalogue.feeds()["attendance_conversion"]
FEED = replace(CODES, sources=CODES.sources[:1], last_good_days=2)
COLUMNS = [column.name for column in FEED.contract.expected]


def arrive(date: dt.date) -> None:
    """The export of the night before that morning, as no run has seen it yet."""
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{FEED.name}.csv"
    file.write_text(f"{','.join(COLUMNS)}\n{','.join('1' for _ in COLUMNS)}\n")
    at = dt.datetime.combine(date, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(file, (at, at))
    as_the_next_run()


def as_the_next_run() -> None:
    sources.forget()
    lastgood.forget()


@pytest.fixture
def overdue(configure: object) -> None:
    """Every deadline of the past is over."""
    configure(district={"grace_hours": "0"})  # type: ignore[operator]


@pytest.fixture
def good_monday(own_folder: Path) -> None:
    arrive(MONDAY)
    steps.land(LandedTarget(FEED, "RSD", MONDAY), lambda done, total: None)
    steps.prepare(PreparedTarget(FEED, MONDAY))
    as_the_next_run()


def test_the_last_good_one_stands_in_for_so_many_days(overdue: None, good_monday: None) -> None:
    found = [lastgood.date_of(FEED, MONDAY + days * DAY) for days in range(4)]
    assert found == [MONDAY, MONDAY, MONDAY, MONDAY + 3 * DAY]
    assert steps.loaded_target(FEED, MONDAY + DAY).expected["as_of"] == "2025-11-17"
    (told,) = lastgood.told(FEED, MONDAY + DAY)
    assert told.startswith(f"{FEED.name} RSD: the newest, ")
    assert told.endswith("is of 2025-11-17 02:10; goes on with that of 2025-11-17")
    assert lastgood.told(FEED, MONDAY) == []


def test_the_date_in_the_rows_is_that_of_the_file_that_stands_in(overdue: None, own_folder: Path) -> None:
    """What the views take for the day must not run ahead of the file."""
    calendar = replace(
        catalogue.feeds()["calendar_day"],
        sources=catalogue.feeds()["calendar_day"].sources[:1],
        floor=1,
        last_good_days=2,
    )
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calendar_day.csv").write_text(
        "ID,SchoolID,Date_Value,InSession,MembershipValue,Note\n1,0105,11/17/2025,1,1,\n"
    )
    at = dt.datetime.combine(MONDAY, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(folder / "calendar_day.csv", (at, at))
    as_the_next_run()
    steps.land(LandedTarget(calendar, "RSD", MONDAY), lambda done, total: None)
    steps.prepare(PreparedTarget(calendar, MONDAY))
    as_the_next_run()
    stands = lastgood.date_of(calendar, MONDAY + DAY)
    assert stands == MONDAY
    (row,) = csv.DictReader(PreparedTarget(calendar, stands).path.read_text().splitlines())
    assert row["as_of"] == steps.loaded_target(calendar, MONDAY + DAY).expected["as_of"] == "2025-11-17"


def test_nothing_stands_in_before_the_deadline_or_without_the_row_s_word(good_monday: None, configure: object) -> None:
    assert lastgood.date_of(FEED, MONDAY + DAY) == MONDAY + DAY
    lastgood.forget()
    configure(district={"grace_hours": "0"})  # type: ignore[operator]
    assert lastgood.date_of(replace(FEED, last_good_days=0), MONDAY + DAY) == MONDAY + DAY
    assert lastgood.date_of(FEED, MONDAY + DAY) == MONDAY


def test_a_file_that_came_after_all_is_what_counts(overdue: None, good_monday: None) -> None:
    assert lastgood.date_of(FEED, MONDAY + DAY) == MONDAY
    sources.forget()
    arrive(MONDAY + DAY)
    assert lastgood.date_of(FEED, MONDAY + DAY) == MONDAY + DAY


def test_a_run_decides_once(overdue: None, good_monday: None) -> None:
    assert lastgood.date_of(FEED, MONDAY + DAY) == MONDAY
    arrive_unseen = settings.load().district.drop / "powerschool_rsd" / f"{FEED.name}.csv"
    at = dt.datetime.combine(MONDAY + DAY, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(arrive_unseen, (at, at))
    sources.forget()
    assert lastgood.date_of(FEED, MONDAY + DAY) == MONDAY


@dataclass(frozen=True)
class Silent:
    """The folder of a vendor who answers when he may."""

    may: threading.Event = field(default_factory=threading.Event, compare=False)
    settle: float = 0

    def look(self) -> dict[str, RemoteFile]:
        assert self.may.wait(10)
        return {}

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        raise NotImplementedError


def test_a_scheduling_waits_for_no_vendor_and_goes_on_with_the_older_file_in_a_second_pass(
    overdue: None, good_monday: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Silent()
    feed = replace(FEED, sources=(replace(FEED.sources[0], place=place),))
    monkeypatch.setattr(sources, "GRACE", 0.05)
    tuesday, passes = MONDAY + DAY, list[dt.date]()

    def luigi_works(arguments: list[str], threads: object) -> str:
        with sources.scheduling():
            passes.append(lastgood.date_of(feed, tuesday))
        place.may.set()
        return ""

    monkeypatch.setattr(working, "_luigi", luigi_works)
    monkeypatch.setattr(lookahead, "of_work", lambda root: ())
    assert Work(luigi.ExternalTask(), [], "unit").do() == []  # type: ignore[no-untyped-call]
    assert passes == [tuesday, MONDAY]


def test_what_a_silent_vendor_has_is_waited_for_though_all_looks_made(
    overdue: None, good_monday: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was left open in looking whether anything is to be done is decided before nothing is done."""
    place = Silent()
    feed = replace(FEED, sources=(replace(FEED.sources[0], place=place),))
    monkeypatch.setattr(sources, "GRACE", 0.05)
    passes = list[dt.date]()

    class Root(luigi.Task):
        def complete(self) -> bool:
            """As long as nobody knows better."""
            stands = lastgood.date_of(feed, MONDAY + DAY)
            place.may.set()
            return stands == MONDAY + DAY or stands in passes

    def luigi_works(arguments: list[str], threads: object) -> str:
        passes.append(lastgood.date_of(feed, MONDAY + DAY))
        return ""

    monkeypatch.setattr(working, "_luigi", luigi_works)
    monkeypatch.setattr(lookahead, "of_work", lambda root: ())
    assert Work(Root(), [], "unit").do() == []  # type: ignore[no-untyped-call]
    assert passes == [MONDAY]


def test_a_file_that_is_there_after_all_needs_no_second_pass(overdue: None, good_monday: None) -> None:
    lastgood._open.add((FEED, MONDAY))
    assert not lastgood.settle()
    assert lastgood.date_of(FEED, MONDAY) == MONDAY


def test_what_was_never_good_does_not_stand_in(overdue: None) -> None:
    arrive(MONDAY - DAY)
    steps.land(LandedTarget(FEED, "RSD", MONDAY - DAY), lambda done, total: None)  # and was not prepared
    as_the_next_run()
    assert lastgood.date_of(FEED, MONDAY) == MONDAY
    assert lastgood.told(FEED, MONDAY) == []


def test_a_report_of_the_portal_has_no_stand_in(overdue: None) -> None:
    report = replace(catalogue.feeds()["AllErr_stack"], last_good_days=7)
    assert lastgood.date_of(report, MONDAY) == MONDAY


def test_no_flow_of_this_district_may_be_of_another_morning() -> None:
    assert [feed.name for feed in catalogue.feeds().values() if feed.last_good_days] == []
