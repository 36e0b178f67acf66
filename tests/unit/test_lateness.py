"""A file that is not this morning's: nothing there, another day's, and the same bytes once more."""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline import catalogue
from pipeline.catalogue.place import SftpFolder
from pipeline.chain.tasks import VendorFile
from pipeline.ground import manifests, settings
from pipeline.ground.errors import Overdue, StaleFile, VendorError
from pipeline.inbound import lateness, sources, steps
from pipeline.inbound.evidence import LandedTarget
from pipeline.outside.sftp.sftp import Listing, RemoteFile

from .conftest import Configure

MONDAY = dt.date(2025, 11, 17)
DAY = dt.timedelta(days=1)
FTE = catalogue.feeds()["fte"]


@pytest.fixture
def drop() -> Path:
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True)
    return folder


def arrive(drop: Path, date: dt.date, content: str) -> None:
    """The export of the night before that morning."""
    file = drop / "fte.csv"
    file.write_text(content)
    at = dt.datetime.combine(date, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(file, (at, at))
    sources.forget()


def land(date: dt.date, repeats: int | None = None) -> str:
    target = LandedTarget(replace(FTE, repeats=repeats), "RSD", date)
    return str(steps.land(target, lambda done, total: None))


def test_an_empty_folder_and_another_days_file_are_told_apart(drop: Path) -> None:
    assert lateness.why(FTE, "RSD", MONDAY) == "nothing called fte.csv is in district:powerschool_rsd"
    arrive(drop, MONDAY - DAY, "ID\n1\n")
    assert lateness.why(FTE, "RSD", MONDAY) == (
        "the newest, fte.csv in district:powerschool_rsd, is of 2025-11-16 02:10"
    )


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda drop: (drop / "FTE.CSV").write_text("ID\n1\n"), "but FTE.CSV: a file's name is told apart by upper"),
        (lambda drop: (drop / "Fte.csv").write_text("ID\n1\n"), "but Fte.csv: a file's name is told apart by upper"),
        (lambda drop: (drop / "fte.csv").mkdir(), "but fte.csv, which is a folder"),
        (lambda drop: (drop / "fte.CSV").mkdir(), "but fte.CSV, which is a folder"),
        (
            lambda drop: (drop / "fte.csv").symlink_to(drop / "gone"),
            "but fte.csv, which is a link to what is not there",
        ),
        (lambda drop: os.mkfifo(drop / "fte.csv"), "but fte.csv, which is no plain file"),
    ],
)
def test_what_is_there_instead_is_told_as_what_it_is(drop: Path, make: Callable[[Path], object], told: str) -> None:
    make(drop)
    sources.forget()
    assert lateness.why(FTE, "RSD", MONDAY).startswith(f"nothing called fte.csv is in district:powerschool_rsd, {told}")


@pytest.mark.parametrize(
    ("files", "odd", "told"),
    [
        ((), {"x": "a folder"}, ""),
        (
            (),
            {"SAVVAS_Realize_Standards_Scores.csv": "a folder"},
            ", but SAVVAS_Realize_Standards_Scores.csv, which is a",
        ),
        (
            (),
            {"savvas_realize_standards_scores1.CSV": "a link"},
            ", but savvas_realize_standards_scores1.CSV, which is",
        ),
        (("SAVVAS_REALIZE_STANDARDS_SCORES.CSV",), {}, ", but SAVVAS_REALIZE_STANDARDS_SCORES.CSV: a file's name is"),
    ],
)
def test_what_is_there_instead_is_told_of_a_vendors_server_too(
    monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], odd: dict[str, str], told: str
) -> None:
    listed = Listing()
    listed.update({name: RemoteFile(name, 1, 1) for name in files})
    listed.odd.update(odd)
    monkeypatch.setattr(SftpFolder, "look", lambda _: listed)
    why = lateness.why(catalogue.feeds()["savvas_standards_scores"], "savvas", MONDAY)
    assert why.startswith(f"nothing called SAVVAS_Realize_Standards_Scores*.csv is in savvas:/scores{told}")
    assert why.endswith("/scores") or told


@pytest.mark.parametrize(
    ("name", "days", "told"),
    [
        ("FTE.CSV", 0, "; beside it is FTE.CSV: a file's name is told apart by upper and lower case"),
        ("Fte.csv", 0, "; beside it is Fte.csv: a file's name is told apart by upper and lower case"),
        ("FTE.CSV", 1, ""),
        ("fte.csv.bak", 0, ""),
    ],
)
def test_what_is_there_beside_another_days_file_is_told(drop: Path, name: str, days: int, told: str) -> None:
    arrive(drop, MONDAY - days * DAY, "ID\n1\n")
    (drop / "fte.csv").rename(drop / name)
    arrive(drop, MONDAY - DAY, "ID\n1\n")
    assert lateness.why(FTE, "RSD", MONDAY).endswith(f"is of 2025-11-16 02:10{told}")


def test_the_same_bytes_are_told(drop: Path) -> None:
    arrive(drop, MONDAY - DAY, "ID\n1\n")
    assert "the same bytes" not in land(MONDAY - DAY)
    arrive(drop, MONDAY, "ID\n1\n")
    assert "the same bytes as on 2025-11-16" in land(MONDAY)
    arrive(drop, MONDAY + DAY, "ID\n2\n")
    assert "the same bytes" not in land(MONDAY + DAY)


def test_the_same_bytes_too_often_are_refused_and_not_kept(drop: Path) -> None:
    for n in range(3):
        arrive(drop, MONDAY + n * DAY, "ID\n1\n")
        land(MONDAY + n * DAY, repeats=2)
    arrive(drop, MONDAY + 3 * DAY, "ID\n1\n")
    with pytest.raises(StaleFile, match="on each of the last 3 mornings"):
        land(MONDAY + 3 * DAY, repeats=2)
    target = LandedTarget(FTE, "RSD", MONDAY + 3 * DAY)
    assert target.manifest() is None
    assert not list(target.folder.glob("fte.csv"))
    arrive(drop, MONDAY + 4 * DAY, "ID\n1\n")
    with pytest.raises(StaleFile, match="on each of the last 4 mornings"):  # that it was refused makes it no fresher
        land(MONDAY + 4 * DAY, repeats=2)
    arrive(drop, MONDAY + 5 * DAY, "ID\n2\n")
    assert "the same bytes" not in land(MONDAY + 5 * DAY, repeats=2)


def test_a_file_for_which_there_is_no_room_is_refused_before_its_first_byte(drop: Path) -> None:
    arrive(drop, MONDAY, "ID\n1\n")
    file = drop / "fte.csv"
    at = file.stat().st_mtime
    os.truncate(file, 1 << 43)
    os.utime(file, (at, at))
    sources.forget()
    with pytest.raises(VendorError, match=r"fte\.csv is said to have 8,796,093,022,208 bytes"):
        land(MONDAY)
    assert not list(LandedTarget(FTE, "RSD", MONDAY).folder.glob("*"))


def test_again_takes_the_file_anew(drop: Path) -> None:
    arrive(drop, MONDAY, "ID\n1\n")
    land(MONDAY)
    assert LandedTarget(FTE, "RSD", MONDAY).exists()
    assert steps.again(FTE, MONDAY) == 1
    assert not LandedTarget(FTE, "RSD", MONDAY).exists()
    land(MONDAY)
    assert manifests.load(LandedTarget(FTE, "RSD", MONDAY).manifest_path)


def test_a_deadline_is_put_off_by_the_hours_that_all_are_granted(configure: object) -> None:
    assert not lateness.overdue(FTE, dt.date(2020, 1, 1))  # the configuration of these tests grants many
    configure(district={"grace_hours": "1"})  # type: ignore[operator]
    assert lateness.overdue(FTE, dt.date(2020, 1, 1))
    assert not lateness.overdue(FTE, settings.load().today() + DAY)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Chicago", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("hours", [0, 3])
@pytest.mark.parametrize(("due", "deadline"), [(-2, 2), (2, -2), (-2, -2), (2, 2)])
def test_due_and_deadline_are_hours_of_the_districts_own_clock(
    configure: Configure, zone: str, hours: int, due: int, deadline: int
) -> None:
    """So many minutes before or after now; what is granted to all puts off the deadline, and not what is due."""
    configure(district={"grace_hours": f"{hours}", "timezone": zone})
    now = dt.datetime.now(ZoneInfo(zone))
    at = now + dt.timedelta(minutes=due)
    assert lateness.is_due(replace(FTE, due=at.time(), deadline=dt.time.min), at.date()) == (due < 0)
    at = now + dt.timedelta(minutes=deadline, hours=-hours)
    feed = replace(FTE, deadline=at.time(), due=dt.time.max)
    assert lateness.overdue(feed, at.date()) == (deadline < 0)
    told = lateness.Late(replace(FTE, due=dt.time(5, 1), deadline=dt.time(9, 2)), "RSD", "not there", True).sentences()
    assert "not there at 09:02, its deadline\nexpected: the file of this morning by 05:01\n" in told


# Zone; a day on which its clock changes, a time of it, and the moment which that is in UTC.
CHANGES = [
    # America/Chicago: 2026-03-08 from 02:00 to 03:00, 2026-11-01 from 02:00 back to 01:00
    ("America/Chicago", "2026-03-08", "06:30", "2026-03-08T11:30"),
    ("America/Chicago", "2026-03-08", "01:59", "2026-03-08T07:59"),
    ("America/Chicago", "2026-03-08", "02:30", "2026-03-08T08:30"),  # left out: 03:30 there
    ("America/Chicago", "2026-03-07", "06:30", "2026-03-07T12:30"),
    ("America/Chicago", "2026-11-01", "06:30", "2026-11-01T12:30"),
    ("America/Chicago", "2026-11-01", "01:30", "2026-11-01T06:30"),  # twice: the first
    ("America/Chicago", "2026-10-31", "06:30", "2026-10-31T11:30"),
    # East of UTC: 2026-03-29 from 02:00 to 03:00, 2026-10-25 from 03:00 back to 02:00
    ("Europe/Vienna", "2026-03-29", "06:30", "2026-03-29T04:30"),
    ("Europe/Vienna", "2026-03-29", "02:30", "2026-03-29T01:30"),
    ("Europe/Vienna", "2026-10-25", "06:30", "2026-10-25T05:30"),
    ("Europe/Vienna", "2026-10-25", "02:30", "2026-10-25T00:30"),
    # The southern hemisphere, where spring is in October: 2026-10-04 from 02:00 to 03:00, 2026-04-05 back
    ("Australia/Sydney", "2026-10-04", "06:30", "2026-10-03T19:30"),
    ("Australia/Sydney", "2026-04-05", "06:30", "2026-04-04T20:30"),
    # At midnight itself: 2026-09-06 begins at 01:00
    ("America/Santiago", "2026-09-06", "06:30", "2026-09-06T09:30"),
    ("America/Santiago", "2026-09-06", "00:00", "2026-09-06T04:00"),
]


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(("zone", "day", "clock", "moment"), CHANGES)
def test_a_deadline_is_of_the_days_own_clock(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, zone: str, day: str, clock: str, moment: str
) -> None:
    """To the minute; hours that are granted to all are hours gone by, also where the clock shows another difference."""
    date, time = dt.date.fromisoformat(day), dt.time.fromisoformat(clock)
    feed = replace(FTE, due=time, deadline=time)
    minute = dt.timedelta(minutes=1)
    for hours in (0, 1, 24):
        configure(district={"grace_hours": f"{hours}", "timezone": zone})
        for now, over in ((utc(moment) - minute, False), (utc(moment) + minute, True)):
            monkeypatch.setattr(dt, "datetime", _at(now))
            assert lateness.is_due(feed, date) == over
            monkeypatch.setattr(dt, "datetime", _at(now + dt.timedelta(hours=hours)))
            assert lateness.overdue(feed, date) == over
            monkeypatch.undo()
            configure(district={"grace_hours": f"{hours}", "timezone": zone})


def _at(moment: dt.datetime) -> type[dt.datetime]:
    """The clock, at that moment."""

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(moment.timestamp(), tz)

    return Clock


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        ("America/Chicago", "2026-03-08", "2026-03-08T00:00", "2026-03-08T23:00"),  # 23 hours
        ("America/Chicago", "2026-11-01", "2026-10-31T23:00", "2026-11-02T00:00"),  # 25
        ("Europe/Vienna", "2026-03-29", "2026-03-28T17:00", "2026-03-29T16:00"),
        ("Australia/Sydney", "2026-04-05", "2026-04-04T07:00", "2026-04-05T08:00"),
        ("America/Santiago", "2026-09-06", "2026-09-05T22:00", "2026-09-06T21:00"),
    ],
)
def test_the_hours_of_a_morning_leave_no_gap_and_overlap_nowhere(
    configure: Configure, zone: str, day: str, begins: str, ends: str
) -> None:
    configure(district={"timezone": zone})
    date = dt.date.fromisoformat(day)
    assert FTE.hours(date) == (utc(begins), utc(ends))
    assert FTE.hours(date - DAY)[1] == utc(begins)
    assert FTE.hours(date + DAY)[0] == utc(ends)


def test_what_waits_after_its_deadline_fails_on_luigis_page_with_its_three_sentences(
    drop: Path, configure: Configure
) -> None:
    """Before it, it is Luigi's external task, which nobody here can run."""
    task = VendorFile(date=MONDAY, feed=FTE, part="RSD")
    assert task.run is None
    assert not task.complete()  # type: ignore[no-untyped-call]
    configure(district={"grace_hours": "0"})
    assert task.run is not None
    with pytest.raises(Overdue) as caught:
        task.run()
    told = task.on_failure(caught.value)
    assert told == lateness.of(FTE, "RSD", MONDAY).sentences()
    assert told.startswith(
        "found: fte RSD: nothing called fte.csv is in district:powerschool_rsd at 10:00, its deadline\n"
    )


def test_nothing_is_overdue_on_a_day_that_is_none(configure: Configure) -> None:
    configure(district={"grace_hours": "0"})
    feed = replace(FTE, days=("Tuesday",))
    assert not lateness.overdue(feed, MONDAY)
    assert lateness.overdue(feed, MONDAY + DAY)
    assert VendorFile(date=MONDAY, feed=FTE, part="RSD").run is not None
