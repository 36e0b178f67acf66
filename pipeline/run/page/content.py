"""What a page shows, each part a value. None holds anything of a person: names of the catalogue, places, counts.

Shown      the page of one date
Set        a delivery, and what it changes at its vendor: File, School
Clock      when what was made: Step
Trend      rows and seconds of one flow over the last mornings: Day
Given      what a vendor was given in a week
Morning    a day of the calendar
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pipeline.outbound.disclosed import Given
from pipeline.run.causes import Cause

# Never told by the colour alone: `words` stand beside it.
Light = Literal["green", "amber", "red", "grey"]
Band = tuple[float, float]


@dataclass(frozen=True)
class Morning:
    """How a date stands, or stood: a light, what it means, and whether there is a page to lead to."""

    date: dt.date
    light: Light
    words: str
    page: bool = True


@dataclass(frozen=True)
class School:
    """What changes for one school; '' is a file that says no school."""

    name: str
    gone: int
    added: int
    changed: int

    @property
    def all(self) -> int:
        return self.gone + self.added + self.changed


@dataclass(frozen=True)
class File:
    """A file of a set: `before` are the keys or people of the last accepted one, None where there is none to compare
    with. `others` is what changes at schools that are not named; `held` that a check of the file did not pass."""

    name: str
    rows: int
    called: str
    before: int | None
    total: School
    schools: tuple[School, ...] = ()
    others: School | None = None
    held: bool = False


@dataclass(frozen=True)
class Set:
    """A delivery on a date. `failed` are checks that it did not pass, `period` the day that it counts for, where that
    is another one."""

    name: str
    called: str
    state: str
    light: Light
    detail: str
    rows: int | None
    at: str
    period: dt.date | None = None
    checks: int = 0
    failed: tuple[str, ...] = ()
    files: tuple[File, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether there was an earlier set to compare it with."""
        return any(file.before is not None for file in self.files)

    @property
    def quiet(self) -> bool:
        """Whether nothing of it changes."""
        return not any(file.total.all for file in self.files)


@dataclass(frozen=True)
class Step:
    """A flow in the clock. `begun` is when the vendor last changed the file, or when the last thing that a set waited
    for (`waited`) was there; `here` when we had it; `done` when it was loaded, or given. `usual` are the earliest and
    the latest times of the mornings before, on the clock's day."""

    name: str
    out: bool
    begun: dt.datetime | None
    here: dt.datetime | None
    done: dt.datetime | None
    usual: tuple[dt.datetime, dt.datetime] | None
    waited: str = ""
    state: str = ""

    @property
    def late(self) -> bool:
        """Whether it came more than a quarter of an hour after the latest of the usual times."""
        return bool(self.usual and self.done and self.done > self.usual[1] + dt.timedelta(minutes=15))


@dataclass(frozen=True)
class Clock:
    """From `begin` to `end`, with a mark every `every`."""

    begin: dt.datetime
    end: dt.datetime
    every: dt.timedelta
    steps: tuple[Step, ...]

    @property
    def marks(self) -> list[dt.datetime]:
        return [self.begin + number * self.every for number in range(int((self.end - self.begin) / self.every) + 1)]


@dataclass(frozen=True)
class Day:
    date: dt.date
    rows: int
    seconds: float | None


@dataclass(frozen=True)
class Trend:
    """The days of a flow, oldest first; the bands are the usual ones, of the days before the last."""

    name: str
    out: bool
    days: tuple[Day, ...]
    rows: Band | None
    seconds: Band | None


@dataclass(frozen=True)
class Good:
    """The last date of which a flow was loaded or given; None for never."""

    name: str
    date: dt.date | None


@dataclass(frozen=True)
class Headline:
    """Of one wrapper: what it says in words, and the counts."""

    wrapper: str
    light: Light
    words: str
    counts: str


@dataclass(frozen=True)
class Shown:
    """Everything that the page of a date shows. `missing` is what did not answer when it was asked."""

    district: str
    pretends: bool
    date: dt.date
    as_of: dt.datetime
    stale: dt.datetime | None
    headlines: tuple[Headline, ...]
    causes: tuple[Cause, ...]
    more_causes: int
    remarks: tuple[str, ...]
    sets: tuple[Set, ...]
    clock: Clock | None
    trends: tuple[Trend, ...]
    good: tuple[Good, ...]
    given: tuple[Given, ...]
    since: dt.date
    mornings: tuple[Morning, ...]
    missing: tuple[str, ...] = ()

    @property
    def morning(self) -> Morning:
        """How the date stands in the calendar: as the worst of its headlines."""
        worst = max(self.headlines, key=lambda each: _WORST.index(each.light))
        return Morning(self.date, worst.light, worst.words)


_WORST: tuple[Light, ...] = ("grey", "green", "amber", "red")
