"""The days on which something is expected: words of the rows of feeds and deliveries, and what a calendar says."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# `school days` are those of the district's calendar ([district] calendar), `weekdays` Monday to Friday.
Days = Literal["school days", "weekdays", "every day"] | tuple[Weekday, ...]


@dataclass(frozen=True)
class SaysSchoolDays:
    """A feed's file has a row a day (and school): columns of the day and of whether there is school, and how the day is
    written there. A day on which any school is in session is a school day."""

    day: str
    in_session: str
    written: str = "%m/%d/%Y"


@dataclass(frozen=True)
class Known:
    """What a calendar says: it `covers` the days from the first to the last of each pair, and `school` are those of
    them with school."""

    covers: tuple[tuple[dt.date, dt.date], ...]
    school: frozenset[dt.date]

    def reaches(self, date: dt.date) -> bool:
        return any(first <= date <= last for first, last in self.covers)


def spelled(days: Days) -> str:
    """The days in words, for people."""
    return days if isinstance(days, str) else ", ".join(days)


def is_weekday(date: dt.date) -> bool:
    """Monday to Friday."""
    return date.weekday() < 5
