"""Which days something is expected: the district's calendar, the days of a row, and what came all the same."""

import datetime as dt
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline import catalogue, morning
from pipeline.catalogue import calendar_file, flows
from pipeline.catalogue.days import Days, Weekday
from pipeline.catalogue.delivery import Delivery, LandedCopy
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import Place
from pipeline.chain.tasks import DeliveredSet, LandedFile, LoadedTable
from pipeline.ground import settings
from pipeline.ground.errors import PipelineError, VendorUnreachable
from pipeline.inbound import calendar, expected, lastgood, sources, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound.wanted import remarks as left_out
from pipeline.outside.cloud import storage
from pipeline.outside.sftp.sftp import Progress, RemoteFile
from pipeline.run.outcome import judge, tasks_below
from pipeline.sandbox.school_year import school_year, why_no_school

from .conftest import Configure
from .test_graph import clock_s_own

DAY = dt.timedelta(days=1)
FRIDAY, SATURDAY = dt.date(2025, 11, 21), dt.date(2025, 11, 22)
THANKSGIVING = dt.date(2025, 11, 27)
TYPED = """
# Two years in one file
covers  2025-08-04 to 2026-07-31
covers  2026-08-03 to 2027-07-30
off     2025-11-26 to 2025-11-28   Thanksgiving: to be moved, perhaps
off     2026-05-23 to 2026-07-31   # Summer
school  2025-11-22                 instead of a day of snow
"""


@pytest.fixture
def typed(configure: Configure, own_folder: Path) -> Path:
    """A calendar that somebody has typed, and no deadline that is put off."""
    path = own_folder / "school days.txt"
    path.write_text(TYPED)
    configure(district={"calendar": path.name, "grace_hours": "0"})
    expected.forget()
    return path


# ------------------------------------------------------------------------------------------- the file that is typed


def test_a_typed_calendar_says_what_it_says(typed: Path) -> None:
    assert [day.isoformat() for day in (THANKSGIVING + n * DAY for n in range(-8, 5)) if calendar.has_school(day)] == [
        *("2025-11-19", "2025-11-20", "2025-11-21", "2025-11-22", "2025-11-24", "2025-11-25", "2025-12-01"),
    ]
    assert not calendar.has_school(dt.date(2026, 7, 1))
    assert calendar.remarks(dt.date(2026, 7, 1)) == []


def test_beyond_what_it_covers_weekdays_count_and_that_is_said(typed: Path) -> None:
    beyond = dt.date(2027, 8, 2)  # a Monday
    assert calendar.has_school(beyond)
    assert not calendar.has_school(beyond - DAY)
    (said,) = calendar.remarks(beyond)
    assert "says nothing of 2027-08-02 (its last day is 2027-07-30); so Monday to Friday count as school days" in said
    assert "next: let it reach further" in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("holiday 2025-09-01", "line 3: a line begins with 'holiday'"),
        ("of 2025-09-01", "line 3: a line begins with 'of'"),
        ("off 1.9.2025", "line 3: '1.9.2025' is no date as 2026-11-23"),
        ("off 2025-02-29", "line 3: '2025-02-29' is no date"),
        ("off 2025-12-20 to Christmas", "line 3: 'Christmas' is no date"),
        ("off 2026-01-04 to 2025-12-20", "line 3: 2026-01-04 to 2025-12-20 is no time from a day to a later one"),
        ("off 2027-01-04", "line 3: 2027-01-04 to 2027-01-04 is not among the days that the calendar covers"),
        ("off", "line 3: 'off' names no day"),
    ],
)
def test_a_wrong_line_is_told_by_its_number_and_weekdays_count(
    configure: Configure, own_folder: Path, line: str, told: str
) -> None:
    path = own_folder / "days.txt"
    path.write_text(f"covers 2025-08-04 to 2026-07-31\noff 2025-11-26 to 2025-11-28\n{line}\n")
    configure(district={"calendar": "days.txt"})
    expected.forget()
    assert calendar.has_school(THANKSGIVING)
    (said,) = calendar.remarks(THANKSGIVING)
    assert said.startswith(f"found: {path}, {told}")
    assert "Monday to Friday count as school days" in said
    if line.startswith("of "):
        assert said.endswith("next: did you mean off?")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read: No such file"),
        (b"covers 2025-08-04 to 2026-07-31 \xff", "it is no text of UTF-8"),
        (b"", "no line says which days the calendar covers"),
        (b"covers 2025-08-04 to 2026-07-31\noff 2025-08-04 to 2026-07-31", "has no school day"),
    ],
)
def test_a_calendar_of_no_use_expects_what_weekdays_would(
    configure: Configure, own_folder: Path, text: bytes | None, told: str
) -> None:
    if text is not None:
        (own_folder / "days.txt").write_bytes(text)
    configure(district={"calendar": "days.txt"})
    expected.forget()
    assert [calendar.has_school(FRIDAY + n * DAY) for n in range(3)] == [True, False, False]
    (said,) = calendar.remarks(FRIDAY)
    assert told in said


def test_without_a_calendar_school_is_from_monday_to_friday(configure: Configure) -> None:
    configure(district={"calendar": ""})
    expected.forget()
    assert [calendar.has_school(FRIDAY + n * DAY) for n in range(4)] == [True, False, False, True]
    assert calendar.remarks(SATURDAY) == []


def test_windows_line_ends_and_a_mark_at_the_beginning_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "days.txt").write_bytes("\ufeff".encode() + TYPED.replace("\n", "\r\n").encode())
    known, errors = calendar_file.read(tmp_path / "days.txt")
    assert errors == []
    assert THANKSGIVING not in known.school


# ---------------------------------------------------------------------------------------------- a feed of the SIS's


SIS = catalogue.feeds()["calendar_day"]


def export(lines: list[str], date: dt.date, *, anew: bool = True) -> None:
    """The calendar has come, and was prepared, on that date."""
    feed = replace(SIS, sources=SIS.sources[:1], floor=1)
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{n},0105,{line}," for n, line in enumerate(lines)]
    (folder / "calendar_day.csv").write_text(
        "\n".join(["ID,SchoolID,Date_Value,InSession,MembershipValue,Note", *rows, ""])
    )
    at = dt.datetime.combine(date, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(folder / "calendar_day.csv", (at, at))
    sources.forget()
    steps.land(LandedTarget(feed, "RSD", date), lambda done, total: None)
    steps.prepare(PreparedTarget(feed, date))
    if anew:
        expected.forget()


def test_before_the_first_export_every_day_is_a_school_day() -> None:
    assert calendar.has_school(SATURDAY)
    assert calendar.remarks(SATURDAY) == []


def test_the_systems_own_calendar_says_it_and_any_school_in_session_counts() -> None:
    export(["11/21/2025,1,1", "11/22/2025,0,0", "11/22/2025,1,1", "11/27/2025,0,0"], FRIDAY)
    assert [calendar.has_school(day) for day in (FRIDAY, SATURDAY, THANKSGIVING)] == [True, True, False]
    assert calendar.remarks(FRIDAY) == []
    # 11/26 has no row: nobody knows
    assert calendar.has_school(THANKSGIVING - DAY)
    assert "calendar_day says nothing of 2025-11-26" in calendar.remarks(THANKSGIVING - DAY)[0]


def test_a_run_keeps_to_the_calendar_that_it_has_read() -> None:
    assert calendar.has_school(THANKSGIVING)
    export(["11/21/2025,1,1", "11/27/2025,0,0"], FRIDAY, anew=False)
    assert calendar.has_school(THANKSGIVING)
    assert calendar.remarks(THANKSGIVING) == []
    expected.forget()
    assert not calendar.has_school(THANKSGIVING)


def test_what_it_says_is_known_for_longer_than_our_copy_is_kept() -> None:
    export(["11/21/2025,1,1", "11/27/2025,0,0"], FRIDAY)
    assert not calendar.has_school(THANKSGIVING)
    PreparedTarget(SIS, FRIDAY).path.unlink()
    expected.forget()
    assert not calendar.has_school(THANKSGIVING)


def test_another_machine_goes_by_the_last_calendar_that_came_and_writes_no_older_one_over_it(
    configure: Configure, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the machine that prepared it is gone, and its disk."""

    def on(machine: str) -> None:
        configure(district={"landing": f"{own_folder}/{machine}"})
        storage.forget()
        expected.forget()

    monkeypatch.setattr(settings.Settings, "today", lambda _: FRIDAY)
    on("one")
    export(["11/21/2025,1,1", "11/27/2025,1,1"], FRIDAY)
    on("two")
    export(["11/21/2025,1,1", "11/27/2025,0,0"], FRIDAY)
    for machine in ("one", "three", "two", "one"):
        on(machine)
        assert not calendar.has_school(THANKSGIVING), machine


def test_a_calendar_without_a_day_of_school_expects_what_weekdays_would() -> None:
    export(["11/21/2025,0,0", "11/27/2025,0,0"], FRIDAY)
    assert calendar.has_school(THANKSGIVING)
    assert "the last calendar_day that came has no school day" in calendar.remarks(THANKSGIVING)[0]


def test_a_feed_that_is_no_calendar_is_told(configure: Configure) -> None:
    configure(district={"calendar": "calender_day"})
    expected.forget()
    assert calendar.has_school(FRIDAY)
    (said,) = calendar.remarks(FRIDAY)
    assert said.endswith("next: did you mean calendar_day?")


def test_the_pretend_districts_calendar_has_the_summer() -> None:
    year = school_year(2025)
    days = [*year.calendar]
    assert (days[0], days[-1]) == (year.first, school_year(2026).first - DAY)
    assert [day for day in days if not why_no_school(day)] == [*year.sessions]
    assert why_no_school(SATURDAY) == "Saturday"
    assert why_no_school(THANKSGIVING) == "Thanksgiving Break"
    assert why_no_school(dt.date(2026, 7, 1)) == "Summer"


# ------------------------------------------------------------------------------------------- what a row's days mean


@pytest.mark.parametrize(
    ("days", "is_one"),
    [
        ("every day", "1111111"),
        ("weekdays", "1111100"),
        ("school days", "1100010"),
        (("Monday", "Sunday"), "1000001"),
    ],
)
def test_days_of_a_row(typed: Path, days: Days, is_one: str) -> None:
    typed.write_text(TYPED + "school 2025-11-29\n")
    week = [dt.date(2025, 11, 24) + n * DAY for n in range(7)]
    assert "".join(str(int(calendar.is_day(days, day))) for day in week) == is_one


CODES = catalogue.feeds()["attendance_conversion"]


def feed(**words: object) -> Feed:
    """One that may come without a table of anything below it."""
    one = CODES
    return replace(one, **{"sources": one.sources[:1], **words})  # type: ignore[arg-type]


def arrive(one: Feed, date: dt.date) -> None:
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True, exist_ok=True)
    columns = [column.name for column in one.contract.expected]
    (folder / f"{one.name}.csv").write_text(f"{','.join(columns)}\n{','.join('1' for _ in columns)}\n")
    at = dt.datetime.combine(date, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(folder / f"{one.name}.csv", (at, at))
    sources.forget()
    lastgood.forget()


def look(one: Feed, date: dt.date) -> None:
    """As a run does before it schedules."""
    expected.look_ahead([one], date)
    for source in one.sources:
        sources.look(source.place)


def test_a_day_of_the_feeds_is_asked_for_without_a_look(typed: Path) -> None:
    assert expected.asked(feed(), FRIDAY)
    assert not sources.begun(feed().sources[0].place)


def test_what_came_all_the_same_is_seen_by_a_run_alone(typed: Path) -> None:
    arrive(feed(), THANKSGIVING)
    assert not expected.asked(feed(), THANKSGIVING)  # nobody looked
    look(feed(), THANKSGIVING)
    assert expected.asked(feed(), THANKSGIVING)


def test_what_has_landed_is_known_without_a_look(typed: Path) -> None:
    arrive(feed(), THANKSGIVING)
    steps.land(LandedTarget(feed(), "RSD", THANKSGIVING), lambda done, total: None)
    sources.forget()
    lastgood.forget()
    assert expected.asked(feed(), THANKSGIVING)


def test_nothing_is_looked_at_ahead_on_a_day_of_all(typed: Path) -> None:
    expected.look_ahead([feed()], FRIDAY)
    assert not sources.begun(feed().sources[0].place)


def test_an_older_file_stands_in_on_a_day_that_is_none(typed: Path) -> None:
    arrive(feed(), FRIDAY)
    steps.land(LandedTarget(feed(), "RSD", FRIDAY), lambda done, total: None)
    steps.prepare(PreparedTarget(feed(), FRIDAY))
    lastgood.forget()
    assert lastgood.date_of(feed(), THANKSGIVING) == FRIDAY
    assert lastgood.held(feed(), THANKSGIVING)
    assert lastgood.told(feed(), THANKSGIVING) == []  # it is not late
    assert lastgood.date_of(feed(), THANKSGIVING - 2 * DAY) == THANKSGIVING - 2 * DAY  # a school day has its own


def test_nothing_kept_holds_nothing(typed: Path) -> None:
    assert lastgood.date_of(feed(), THANKSGIVING) == THANKSGIVING
    assert not lastgood.held(feed(), THANKSGIVING)


def test_days_that_are_none_of_the_feed_s_do_not_count_as_mornings_with_the_same_bytes(typed: Path) -> None:
    """Over a break the server exports each night, and nothing changes."""
    typed.write_text(TYPED.replace("school  2025-11-22", "off  2025-11-22"))
    one = feed(repeats=1)
    for number in range(3):
        arrive(one, FRIDAY + number * DAY)
        steps.land(LandedTarget(one, "RSD", FRIDAY + number * DAY), lambda done, total: None)
    arrive(one, FRIDAY + 3 * DAY)
    told = steps.land(LandedTarget(one, "RSD", FRIDAY + 3 * DAY), lambda done, total: None)
    assert f"the same bytes as on {FRIDAY}" in str(told)


def test_the_same_bytes_are_counted_over_a_weekend(typed: Path) -> None:
    typed.write_text(TYPED.replace("school  2025-11-22", "off  2025-11-22"))
    one = feed(repeats=1)
    for date in (FRIDAY - DAY, FRIDAY):
        arrive(one, date)
        steps.land(LandedTarget(one, "RSD", date), lambda done, total: None)
    arrive(one, FRIDAY + 3 * DAY)
    with pytest.raises(PipelineError, match="on each of the last 2 mornings"):
        steps.land(LandedTarget(one, "RSD", FRIDAY + 3 * DAY), lambda done, total: None)


# ----------------------------------------------------------------------------------------------------- sets


@dataclass(frozen=True)
class Away:
    """A folder that nobody can look into, or in which there are files."""

    files: tuple[tuple[str, float], ...] = ()
    silent: bool = False
    settle: float = 0
    name: str = field(default="away")

    def __str__(self) -> str:
        return f"{self.name}:"

    def look(self) -> dict[str, RemoteFile]:
        if self.silent:
            raise VendorUnreachable("no answer", expected="one", next_step="ask the vendor")
        return {name: RemoteFile(name, 1, int(mtime)) for name, mtime in self.files}

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        raise NotImplementedError


@pytest.fixture
def catalogued(typed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Feed]]:
    """Two feeds and a set of both, whose days a test may say."""
    feeds: dict[str, Feed] = {}
    monkeypatch.setattr(flows, "feeds", lambda: tuple(feeds.values()))
    monkeypatch.setattr(flows, "views", tuple)
    monkeypatch.setattr(catalogue, "feeds", lambda: feeds)
    monkeypatch.setattr(flows, "changed_copy", lambda delivery, feed: ())
    for name in ("one", "two"):
        feeds[name] = feed(name=name, sources=(replace(feed().sources[0], place=Away(name=name), pattern="*"),))
    yield feeds


def came(feeds: dict[str, Feed], name: str, date: dt.date) -> None:
    at = dt.datetime.combine(date, dt.time(3), ZoneInfo("America/Chicago")).timestamp()
    (source,) = feeds[name].sources
    feeds[name] = replace(feeds[name], sources=(replace(source, place=Away(((f"{date}", at),), name=name)),))


def made(monkeypatch: pytest.MonkeyPatch, date: dt.date, days: Days = "school days", **words: object) -> set[str]:
    """What the morning of the date asks for: tables, sets, files."""
    one = Delivery("both", "otus", "/", (LandedCopy("one", "1"), LandedCopy("two", "2")), days=days)
    one = replace(one, **words)  # type: ignore[arg-type]
    monkeypatch.setattr(flows, "deliveries", lambda cadence=None: (one,) if cadence in (None, one.cadence) else ())
    root = morning.Morning(date=date) if one.cadence == "daily" else morning.Week(date=date)
    sources.forget()
    lastgood.forget()
    found = set()
    for task in clock_s_own(root):
        if isinstance(task, DeliveredSet):
            found.add(task.delivery.name)
        if isinstance(task, LoadedTable):
            found.add(task.feed.name)
        if isinstance(task, LandedFile):
            found.add(f"{task.feed.name} {task.part}")
    return found


def test_a_school_day_asks_for_all(catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(monkeypatch, FRIDAY) == {"one", "two", "both"}


@pytest.mark.parametrize("date", [THANKSGIVING, dt.date(2025, 11, 23), dt.date(2026, 7, 1)])
def test_any_other_day_asks_for_nothing_and_ends_well(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch, date: dt.date
) -> None:
    assert made(monkeypatch, date) == set()
    outcome = judge(morning.Morning(date=date), [], [])
    assert (outcome.code, outcome.failures, outcome.remarks) == (0, [], [])


def test_what_came_all_the_same_is_loaded_and_a_set_needs_all_of_it(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    came(catalogued, "one", THANKSGIVING)
    assert made(monkeypatch, THANKSGIVING) == {"one"}
    came(catalogued, "two", THANKSGIVING)
    assert made(monkeypatch, THANKSGIVING) == {"one", "two", "both"}
    assert made(monkeypatch, THANKSGIVING, ("Monday",)) == {"one", "two"}  # on Mondays alone
    assert made(monkeypatch, THANKSGIVING, ("Thursday",)) == {"one", "two", "both"}


def test_a_set_needs_that_all_of_it_has_come_also_of_a_feed_whose_day_it_is(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    came(catalogued, "one", THANKSGIVING)
    catalogued["two"] = replace(catalogued["two"], days="every day")
    assert made(monkeypatch, THANKSGIVING) == {"one", "two"}


def test_of_a_file_that_came_in_part_the_part_is_landed(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    came(catalogued, "one", THANKSGIVING)
    parts = (*catalogued["one"].sources, replace(catalogued["two"].sources[0], name="BLF"))
    catalogued["one"] = replace(catalogued["one"], sources=parts)
    assert made(monkeypatch, THANKSGIVING) == {"one RSD"}


def test_a_set_whose_day_it_is_goes_on_with_what_is_kept_or_says_that_nothing_is(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made(monkeypatch, THANKSGIVING, "every day") == set()
    (said,) = left_out(THANKSGIVING, "daily")
    assert left_out(THANKSGIVING, "weekly") == []
    assert said.startswith("found: 2025-11-27 is a day of both, and none of one, two, of which no earlier file is kept")
    kept = {"one": FRIDAY, "two": FRIDAY}
    monkeypatch.setattr(lastgood, "_last_good", lambda feed, date, most: kept.get(feed.name, date))
    assert made(monkeypatch, THANKSGIVING, "every day") == {"one", "two", "both"}
    assert left_out(THANKSGIVING, "daily") == []
    assert made(monkeypatch, THANKSGIVING) == {"one", "two"}
    assert tasks_below(morning.Morning(date=THANKSGIVING))


def test_a_weekly_set_is_of_a_week_with_a_school_day(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lastgood, "_last_good", lambda feed, date, most: FRIDAY)
    assert made(monkeypatch, THANKSGIVING, cadence="weekly") == {"both"}
    assert made(monkeypatch, dt.date(2026, 7, 1), cadence="weekly") == set()
    tuesdays: tuple[Weekday, ...] = ("Tuesday",)
    assert made(monkeypatch, THANKSGIVING, tuesdays, cadence="weekly") == set()
    assert made(monkeypatch, THANKSGIVING - 2 * DAY, tuesdays, cadence="weekly") == {"both"}


def test_a_vendor_who_does_not_answer_is_trouble_only_where_something_is_expected(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = catalogued["one"].sources
    catalogued["one"] = replace(catalogued["one"], sources=(replace(source, place=Away(silent=True, name="one")),))
    assert made(monkeypatch, THANKSGIVING) == set()
    outcome = judge(morning.Morning(date=THANKSGIVING), [], [])
    assert (outcome.code, outcome.failures) == (0, [])
    assert "no answer" in outcome.remarks[0]
    assert len(expected.nobody_waits_at(catalogued.values(), THANKSGIVING)) == 2
    catalogued["two"] = replace(catalogued["two"], days="every day", sources=catalogued["one"].sources)
    assert expected.nobody_waits_at(catalogued.values(), THANKSGIVING) == set()


def test_what_a_slow_vendor_has_after_all_is_scheduled_in_a_second_pass(
    catalogued: dict[str, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduling waits for nobody; when the answer has come, something is left to do, or nothing."""
    may = threading.Event()
    came(catalogued, "one", THANKSGIVING)
    (source,) = catalogued["one"].sources
    slow = replace(source, place=Slow(source.place, may))
    catalogued["one"] = replace(catalogued["one"], sources=(slow,))
    monkeypatch.setattr(sources, "GRACE", 0.05)
    with sources.scheduling():
        assert made(monkeypatch, THANKSGIVING) == set()
    may.set()
    assert lastgood.settle()
    assert expected.asked(catalogued["one"], THANKSGIVING)
    assert not lastgood.settle()


@dataclass(frozen=True)
class Slow:
    """A folder that is told of when it may be."""

    there: Place
    may: threading.Event = field(compare=False)
    settle: float = 0

    def look(self) -> dict[str, RemoteFile]:
        assert self.may.wait(10)
        return self.there.look()

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        raise NotImplementedError
