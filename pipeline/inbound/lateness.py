"""Why a part's file is not there, and whether it is late or, its deadline being over, something is broken."""

import datetime as dt
import fnmatch
import math
from dataclasses import dataclass

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import Source
from pipeline.ground import settings
from pipeline.ground.errors import Overdue
from pipeline.inbound import calendar, sources


@dataclass(frozen=True)
class Late:
    """A part's file that the morning of a date waits for; `why` says what is at the vendor instead, `until` when its
    deadline is, with the hours that luigi.cfg grants to all."""

    feed: Feed
    part: str
    why: str
    overdue: bool
    until: str = ""

    def __str__(self) -> str:
        return f"{self.feed.name} {self.part}: {self.why}"

    @property
    def place(self) -> str:
        """Where the file should be."""
        return str(self.feed.source(self.part).place)

    def error(self) -> Overdue:
        """What is said of it, before its deadline and after; then it is what its task fails with."""
        until = self.until or f"{self.feed.deadline:%H:%M}"
        when = f" at {until}, its deadline" if self.overdue else ""
        waiting = f"nothing before {until}, its deadline: every run looks again"
        asking = "ask the vendor; every run looks again"
        return Overdue(
            f"{self}{when}",
            expected=f"the file of this morning by {self.feed.due:%H:%M}",
            next_step=f"{asking if self.overdue else waiting}. What needs it was not made, and is made when it comes",
        )

    def sentences(self) -> str:
        """The same, as text."""
        return str(self.error())


def of(feed: Feed, part: str, date: dt.date) -> Late:
    """Raises PipelineError when nobody could look."""
    return Late(feed, part, why(feed, part, date), overdue(feed, date), _told(deadline(feed, date), date))


def why(feed: Feed, part: str, date: dt.date) -> str:
    """What is there, when it is not the file of that date: nothing of the name, or another day's."""
    source = feed.source(part)
    (begins, ends), zone = feed.hours(date), settings.load().district.zone
    newest = sources.newest(source, dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC))
    if newest is None:
        other = _other(source)
        return f"nothing called {source.pattern} is in {source.place}" + (f", but {other}" if other else "")
    changed = dt.datetime.fromtimestamp(newest.mtime, zone)
    if begins.timestamp() <= newest.mtime < ends.timestamp():
        return f"{sources.printable(newest.name)} in {source.place} is still being written"
    other = _other(source, begins.timestamp())
    beside = f"; beside it is {other}" if other else ""
    return f"the newest, {sources.printable(newest.name)} in {source.place}, is of {changed:%Y-%m-%d %H:%M}{beside}"


def _other(source: Source, since: float = -math.inf) -> str:
    """What is there that is no file of the name: one changed since then whose name differs in upper and lower case, or
    what is called so and is no file."""
    _, there = sources.look(source.place)
    called = sorted(name for name, file in there.items() if file.mtime >= since and _is_called(name, source))
    if alike := [name for name in called if not fnmatch.fnmatchcase(name, source.pattern)]:
        return f"{sources.printable(alike[0])}: a file's name is told apart by upper and lower case"
    odd = sorted((name, kind) for name, kind in sources.odd(source.place).items() if _is_called(name, source))
    return f"{sources.printable(odd[0][0])}, which is {odd[0][1]}" if odd else ""


def _is_called(name: str, source: Source) -> bool:
    return fnmatch.fnmatchcase(name.lower(), source.pattern.lower())


def overdue(feed: Feed, date: dt.date) -> bool:
    """Whether the feed's deadline on that date is over, with the hours that luigi.cfg grants to all. On a day that is
    none of the feed's there is none."""
    if not calendar.is_day(feed.days, date):
        return False
    return dt.datetime.now(dt.UTC) > deadline(feed, date)


def deadline(feed: Feed, date: dt.date) -> dt.datetime:
    """The moment of it on that date, with the hours that luigi.cfg grants to all."""
    told = settings.load().district
    return told.moment(date, feed.deadline) + dt.timedelta(hours=told.grace_hours)


def _told(moment: dt.datetime, date: dt.date) -> str:
    """A moment as people of the district say it: of another day with that."""
    local = moment.astimezone(settings.load().district.zone)
    return f"{local:%H:%M}" if local.date() == date else f"{local:%Y-%m-%d %H:%M}"


def is_due(feed: Feed, date: dt.date) -> bool:
    """Whether the file should be there by now."""
    return dt.datetime.now(dt.UTC) > settings.load().district.moment(date, feed.due)
