"""A feed that goes on with its last good file: where its row allows that, and its own of the morning is overdue; and
where nothing has come on a day that is none of its days.
"""

import datetime as dt

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import PortalReport
from pipeline.ground import settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import NotYet
from pipeline.inbound import expected, lateness
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outside.cloud import documents

# So many days longer than they should copies may be there: nobody has made mornings, and so none was removed.
_UNMADE = 7
# What was decided in this run holds to its end, even if a deadline passes meanwhile.
_decided: dict[tuple[str, dt.date], dt.date] = {}
# What could not be decided when it was asked in a scheduling, since the vendor had not answered yet.
_open: set[tuple[Feed, dt.date]] = set()
# On a day that is none of the feed's.
_idle: dict[tuple[str, dt.date], dt.date] = {}


def forget() -> None:
    """Decide anew."""
    expected.forget()
    _decided.clear()
    _idle.clear()
    _open.clear()


def settle() -> bool:
    """Decide what was left open in a scheduling; whether an older file stands in after all, so that it is scheduled."""
    asked = list(_open)
    _open.clear()
    came = expected.settle()
    return any(date_of(feed, date) != date for feed, date in asked) or came


def date_of(feed: Feed, date: dt.date) -> dt.date:
    """The date whose file stands for the feed on `date`: `date` itself, or that of the last good one.

    A scheduling does not wait for the vendor's answer: until that is there, it is `date`.
    A report of the portal is made when it is asked for, and is asked for on every run: there, it is `date`.
    """
    if any(isinstance(source.place, PortalReport) for source in feed.sources):
        return date
    key = (feed.name, date)
    if not expected.asked(feed, date):
        if key not in _idle:
            _idle[key] = _last_good(feed, date, settings.load().district.landing_days)
        return _idle[key]
    if not feed.last_good_days:
        return date
    if key not in _decided:
        try:
            gone = lateness.overdue(feed, date) and missing(feed, date)
        except NotYet:
            _open.add((feed, date))
            return date
        _decided[key] = _last_good(feed, date, feed.last_good_days) if gone else date
    return _decided[key]


def held(feed: Feed, date: dt.date) -> bool:
    """Whether the morning of the date has a file of the feed to be made of: its own, which it asks for, or an older
    one that stands for it."""
    return expected.asked(feed, date) or date_of(feed, date) != date


def missing(feed: Feed, date: dt.date) -> list[str]:
    """The parts of which nothing of that date is here, nor to be had. Raises NotYet in a scheduling."""
    return [source.name for source in feed.sources if not expected.to_be_had(feed, source.name, date)]


def _last_good(feed: Feed, date: dt.date, most: int) -> dt.date:
    """The last date before with a file that kept its contract, at most so many days ago; or `date`."""
    if feed.landing_days is not None:
        most = min(most, feed.landing_days + _UNMADE)
    before = documents.by_days(date, most, lambda day: PreparedTarget(feed, day).manifest_path)
    return next((day for day in before if PreparedTarget(feed, day).manifest()), date)


def told(feed: Feed, date: dt.date) -> list[str]:
    """A line for each part that another date's file stands for; none when the feed has its own, or needs none."""
    stands = date_of(feed, date)
    parts = missing(feed, date) if stands != date and expected.asked(feed, date) else []
    return [f"{_late(feed, part, date)}; goes on with that of {stands}" for part in parts]


def _late(feed: Feed, part: str, date: dt.date) -> str:
    try:
        return str(lateness.of(feed, part, date))
    except PipelineError as error:
        return f"{feed.name} {part}: {error.found}"
