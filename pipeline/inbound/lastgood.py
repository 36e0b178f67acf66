"""A feed that goes on with its last good file: where its row allows that, and its own of the morning is overdue."""

import datetime as dt

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import PortalReport
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import NotYet
from pipeline.inbound import lateness, sources
from pipeline.inbound.evidence import LandedTarget, PreparedTarget

# What was decided in this run holds to its end, even if a deadline passes meanwhile.
_decided: dict[tuple[str, dt.date], dt.date] = {}
# What could not be decided when it was asked in a scheduling, since the vendor had not answered yet.
_open: set[tuple[Feed, dt.date]] = set()


def forget() -> None:
    """Decide anew."""
    _decided.clear()
    _open.clear()


def settle() -> bool:
    """Decide what was left open in a scheduling; whether an older file stands in after all, so that it is scheduled."""
    asked = list(_open)
    _open.clear()
    return any(date_of(feed, date) != date for feed, date in asked)


def date_of(feed: Feed, date: dt.date) -> dt.date:
    """The date whose file stands for the feed on `date`: `date` itself, or that of the last good one.

    A scheduling does not wait for the vendor's answer: until that is there, it is `date`.
    A report of the portal is made when it is asked for, and is asked for on every run: there, it is `date`.
    """
    if not feed.last_good_days or any(isinstance(source.place, PortalReport) for source in feed.sources):
        return date
    key = (feed.name, date)
    if key not in _decided:
        try:
            gone = lateness.overdue(feed, date) and missing(feed, date)
        except NotYet:
            _open.add((feed, date))
            return date
        _decided[key] = _last_good(feed, date) if gone else date
    return _decided[key]


def missing(feed: Feed, date: dt.date) -> list[str]:
    """The parts of which nothing of that date is here, nor to be had. Raises NotYet in a scheduling."""
    return [source.name for source in feed.sources if not _to_be_had(feed, source.name, date)]


def _to_be_had(feed: Feed, part: str, date: dt.date) -> bool:
    if LandedTarget(feed, part, date).manifest():
        return True
    try:
        return sources.newest_of(feed, part, date) is not None
    except NotYet:
        raise
    except PipelineError:
        return False  # the run tells why nobody could look


def _last_good(feed: Feed, date: dt.date) -> dt.date:
    """The last date before with a file that kept its contract, not longer ago than the row allows; or `date`."""
    before = (date - dt.timedelta(days=days) for days in range(1, feed.last_good_days + 1))
    return next((day for day in before if PreparedTarget(feed, day).manifest()), date)


def told(feed: Feed, date: dt.date) -> list[str]:
    """A line for each part that another date's file stands for; none when the feed has its own."""
    held = date_of(feed, date)
    parts = missing(feed, date) if held != date else []
    return [f"{_late(feed, part, date)}; goes on with that of {held}" for part in parts]


def _late(feed: Feed, part: str, date: dt.date) -> str:
    try:
        return str(lateness.of(feed, part, date))
    except PipelineError as error:
        return f"{feed.name} {part}: {error.found}"
