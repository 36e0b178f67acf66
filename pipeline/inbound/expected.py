"""What a morning asks its feeds for: the files of whose days it is one; and what has come all the same.

A day that is none of a feed's: nothing of it is expected, late or waited for. What came all the same is seen by a run,
which looks wherever feeds come from (`look_ahead`); a command that asks no vendor knows of what has landed.
"""

import datetime as dt
from collections.abc import Iterable

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import Place
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import NotYet
from pipeline.inbound import calendar, sources
from pipeline.inbound.evidence import LandedTarget

# What had come when it was asked holds to the end of the run, even if more comes meanwhile.
_came: dict[tuple[str, dt.date], tuple[str, ...]] = {}
# Of these it could not be said in a scheduling, since a vendor had not answered yet.
_open: set[tuple[Feed, dt.date]] = set()


def forget() -> None:
    """Decide anew."""
    calendar.forget()
    _came.clear()
    _open.clear()


def asked(feed: Feed, date: dt.date) -> bool:
    """Whether the morning of the date is made of the feed's file of that date: it is one of the feed's days, or all of
    the file came all the same."""
    return calendar.is_day(feed.days, date) or came(feed, date)


def came(feed: Feed, date: dt.date) -> bool:
    """Whether all parts of the feed's file of that date have landed, or lie where they come from."""
    return len(parts(feed, date)) == len(feed.sources)


def parts(feed: Feed, date: dt.date) -> tuple[str, ...]:
    """The parts of the feed's file of that date that have come."""
    key = (feed.name, date)
    if key in _came:
        return _came[key]
    try:
        found = tuple(source.name for source in feed.sources if _has_come(feed, source.name, date))
    except NotYet:
        _open.add((feed, date))
        return ()
    if all(sources.begun(source.place) for source in feed.sources):
        _came[key] = found
    return found


def _has_come(feed: Feed, part: str, date: dt.date) -> bool:
    if sources.begun(feed.source(part).place):
        return to_be_had(feed, part, date)
    return LandedTarget(feed, part, date).manifest() is not None


def to_be_had(feed: Feed, part: str, date: dt.date) -> bool:
    """Whether the part of that date has landed, or lies where it comes from. Raises NotYet in a scheduling."""
    if LandedTarget(feed, part, date).manifest():
        return True
    try:
        return sources.newest_of(feed, part, date) is not None
    except NotYet:
        raise
    except PipelineError:
        return False  # the run tells why nobody could look


def settle() -> bool:
    """Decide what was left open in a scheduling; whether something came after all, so that it is scheduled."""
    left = list(_open)
    _open.clear()
    return any({feed.name: parts(feed, date) for feed, date in left}.values())


def look_ahead(feeds: Iterable[Feed], date: dt.date) -> None:
    """Begin to look what came all the same, where the date is not a day of all of these feeds."""
    wanted = list(feeds)
    if not all(calendar.is_day(feed.days, date) for feed in wanted):
        for place in {source.place for feed in wanted for source in feed.sources}:
            sources.look_aside(place)


def nobody_waits_at(feeds: Iterable[Feed], date: dt.date) -> set[Place]:
    """The places from which nothing is expected on the date."""
    wanted = [*feeds]
    waited = {source.place for feed in wanted if asked(feed, date) for source in feed.sources}
    return {source.place for feed in wanted for source in feed.sources} - waited
