"""On which days something is expected. `[district] calendar` names a file that somebody types, or a feed of the SIS's.

What cannot be read, or does not reach a day, never makes a morning expect nothing: Monday to Friday count then, and
`remarks` says so. Before a feed's first calendar has come, every day does.
"""

import csv
import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.catalogue import calendars
from pipeline.catalogue.days import WEEKDAYS, Days, Known, SaysSchoolDays, is_weekday
from pipeline.catalogue.feed import Feed
from pipeline.ground import manifests, settings
from pipeline.ground.errors import ConfigurationError, PipelineError
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outside.cloud import documents

# Of ours, below the landing area: what the last calendar that came says, for longer than our copy of it is kept.
FOLDER = "calendar"


def is_day(days: Days, date: dt.date) -> bool:
    """Whether the date is one of these days."""
    if days == "school days":
        return has_school(date)
    if days == "weekdays":
        return is_weekday(date)
    return days == "every day" or WEEKDAYS[date.weekday()] in days


@cache
def has_school(date: dt.date) -> bool:
    """Whether the date is a school day; what this process has once read holds to its end."""
    said, _ = _said()
    if said is None:
        return calendars.feed() is not None or is_weekday(date)
    return date in said.school if said.reaches(date) else is_weekday(date)


def remarks(date: dt.date) -> list[str]:
    """What is said when the calendar was of no use for that date, or is not what it must be."""
    said, errors = _read()
    if said is not None and not errors and is_weekday(date) and not said.reaches(date):
        named, last = settings.load().district.calendar, max(last for _, last in said.covers)
        errors = [
            ConfigurationError(
                f"the calendar {named} says nothing of {date} (its last day is {last})",
                expected="one that says of each day whether there is school, also of those of the summer",
                next_step=f"let it reach further, or {calendars.OTHERWISE}",
            )
        ]
    return [f"{_stopgap(error)}" for error in errors]


def _stopgap(error: PipelineError) -> PipelineError:
    found = f"{error.found}; so Monday to Friday count as school days"
    return ConfigurationError(found, expected=error.expected, next_step=error.next_step)


def forget() -> None:
    """Read it anew."""
    _said.cache_clear()
    has_school.cache_clear()


@cache
def _said() -> tuple[Known | None, list[PipelineError]]:
    """What this process goes by."""
    return _read()


def _read() -> tuple[Known | None, list[PipelineError]]:
    """What the calendar says; None when there is none (yet), or it cannot be read: then with the reason."""
    named = settings.load().district.calendar
    try:
        feed = calendars.feed()
        if feed:
            return _of_feed(feed), []
    except (PipelineError, OSError, ValueError, csv.Error, LookupError) as error:
        return Known((), frozenset()), [_unread(named, error)]
    if not named:
        return None, []
    known, errors = calendars.typed()
    return (Known((), frozenset()) if errors else known), [*errors]


def _unread(named: str, error: Exception) -> PipelineError:
    if isinstance(error, PipelineError):
        return error
    return ConfigurationError(
        f"the calendar of {named} cannot be read ({type(error).__name__})",
        expected="a file of it as it came in, with its columns",
        next_step=f"look at the feed's row, at its copy in the landing area, or {calendars.OTHERWISE}",
    )


# ------------------------------------------------------------------------------------------- of a feed of the SIS's


def _of_feed(feed: Feed) -> Known | None:
    """What the last file of the feed that came says; None before the first. Raises what reading a file may raise."""
    kept_at, last = _kept_at(feed), _last(feed)
    kept = manifests.load(kept_at)
    if kept is None or kept["sha256"] != _of_today(feed, otherwise=kept["sha256"]):  # another machine has a later one
        kept = documents.load(kept_at) or kept
    if last and (kept is None or (kept["sha256"] != last.sha256 and kept.get("of", "") <= last.of)):
        kept = _kept(feed, last)
        with suppress(OSError):  # who only looks may not write
            documents.keep(kept_at, kept)
    if not kept or not kept["days"]:
        return None
    found = {dt.date.fromisoformat(day): bool(school) for day, school in kept["days"].items()}
    if not any(found.values()):
        raise calendars.no_school(f"the last {feed.name} that came")
    covers = tuple((day, day) for day in sorted(found))
    return Known(covers, frozenset(day for day, school in found.items() if school))


def learn(feed: Feed, path: Path, sha256: str, date: dt.date) -> None:
    """Remember what the feed's prepared file of the date says, where it is the one that says the school days: before
    anybody is told that it is prepared, so that no machine needs the file for it. One that cannot be read is told by
    who reads the calendar."""
    with suppress(PipelineError, OSError, ValueError, csv.Error, LookupError):
        if (named := calendars.feed()) and feed.name == named.name:
            before = documents.load(_kept_at(feed)) or {}
            if before.get("of", "") <= date.isoformat():
                documents.keep(_kept_at(feed), _kept(feed, _Prepared(path, sha256, date.isoformat())))


def _kept_at(feed: Feed) -> Path:
    return settings.load().district.landing / FOLDER / f"{feed.name}.json"


def _kept(feed: Feed, last: "_Prepared") -> dict[str, Any]:
    """What is remembered of the file. Raises what reading it may raise."""
    assert feed.says is not None  # noqa: S101  (it is one that says)
    days = _days(last.path, feed.says)
    return {
        "sha256": last.sha256,
        "of": last.of,
        "days": {f"{day}": school for day, school in sorted(days.items())},
    }


@dataclass(frozen=True)
class _Prepared:
    """A prepared file that is still here, its digest, and the day of its morning."""

    path: Path
    sha256: str
    of: str


def _of_today(feed: Feed, otherwise: str) -> str:
    """The digest of the file that was prepared today, on whatever machine."""
    prepared = PreparedTarget(feed, settings.load().today())
    return str((documents.load(prepared.manifest_path) or {}).get("sha256", otherwise))


def _last(feed: Feed) -> _Prepared | None:
    """The last prepared file of the feed that is still here."""
    for folder in sorted((settings.load().district.landing / feed.folder).glob("????-??-??"), reverse=True):
        told = manifests.load(at := folder / f"{feed.name}.manifest.json")
        if told and (folder / feed.file).is_file() and told == documents.load(at):
            return _Prepared(folder / feed.file, str(told["sha256"]), folder.name)
    return None


def _days(path: Path, says: SaysSchoolDays) -> dict[dt.date, bool]:
    """Each day of the file, and whether any school has school then."""
    found: dict[dt.date, bool] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row[says.day]:
                day = dt.datetime.strptime(row[says.day], says.written).date()
                found[day] = found.get(day, False) or row[says.in_session].lower() in ("1", "true")
    return found
