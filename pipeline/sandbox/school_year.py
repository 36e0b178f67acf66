"""The pretend district's school year: its days, holidays and terms, worked out from the date alone."""

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """A row of terms.csv. `id` is PowerSchool's: year id times 100, + 1 and + 2 for the semesters."""

    id: int
    name: str
    abbreviation: str
    first: dt.date
    last: dt.date
    portion: int


@dataclass(frozen=True)
class SchoolYear:
    """The school year that begins in August of `start`."""

    start: int

    @property
    def id(self) -> int:
        """PowerSchool's YearID: 36 for 2026-27."""
        return self.start - 1990

    @cached_property
    def first(self) -> dt.date:
        return _weekday_from(dt.date(self.start, 8, 5), 0)

    @cached_property
    def last(self) -> dt.date:
        return _weekday_from(dt.date(self.start + 1, 5, 22), 4)

    @cached_property
    def days(self) -> tuple[dt.date, ...]:
        """Every calendar day from the first to the last of school."""
        return tuple(self.first + DAY * n for n in range((self.last - self.first).days + 1))

    @property
    def calendar(self) -> Iterator[dt.date]:
        """Every day that the system's calendar has: from the first of school to the end of the summer after it."""
        return _between(self.first, SchoolYear(self.start + 1).first - DAY)

    @cached_property
    def holidays(self) -> dict[dt.date, str]:
        """Weekdays without school, and why."""
        return {day: note for note, first, last in _holidays(self.start) for day in _between(first, last)}

    @cached_property
    def sessions(self) -> tuple[dt.date, ...]:
        """The days in session, in order."""
        return tuple(day for day in self.days if day.weekday() < 5 and day not in self.holidays)

    def why_none(self, day: dt.date) -> str:
        """Why there is no school on the day, of the school year or of the summer after it; '' when there is."""
        if day > self.last:
            return "Summer"
        return self.holidays.get(day, "") or (f"{day:%A}" if day.weekday() > 4 else "")

    @cached_property
    def terms(self) -> tuple[Term, Term, Term]:
        """The year, the first semester (through the winter break) and the second."""
        spring = self.sessions[self.sessions_before(dt.date(self.start + 1, 1, 1))]
        name = f"{self.start}-{self.start + 1}"
        return (
            Term(self.id * 100, name, f"{self.start % 100}-{(self.start + 1) % 100}", self.first, self.last, 1),
            Term(self.id * 100 + 1, "Semester 1", "S1", self.first, spring - DAY, 2),
            Term(self.id * 100 + 2, "Semester 2", "S2", spring, self.last, 2),
        )

    def sessions_before(self, day: dt.date) -> int:
        """How many days of school were over on the morning of `day`."""
        return bisect_left(self.sessions, day)


def _weekday_from(day: dt.date, weekday: int) -> dt.date:
    """The first such weekday (Monday is 0) on or after `day`."""
    return day + DAY * ((weekday - day.weekday()) % 7)


def _between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + DAY * n for n in range((last - first).days + 1))


def _holidays(start: int) -> list[tuple[str, dt.date, dt.date]]:
    labor = _weekday_from(dt.date(start, 9, 1), 0)
    fall = _weekday_from(dt.date(start, 10, 8), 0)
    thanksgiving = _weekday_from(dt.date(start, 11, 22), 3)
    king = _weekday_from(dt.date(start + 1, 1, 15), 0)
    presidents = _weekday_from(dt.date(start + 1, 2, 15), 0)
    spring = _weekday_from(dt.date(start + 1, 3, 12), 0)
    return [
        ("Labor Day", labor, labor),
        ("Fall Break", fall, fall + 4 * DAY),
        ("Thanksgiving Break", thanksgiving - DAY, thanksgiving + DAY),
        ("Winter Break", dt.date(start, 12, 20), dt.date(start + 1, 1, 4)),
        ("Martin Luther King, Jr. Day", king, king),
        ("Presidents' Day", presidents, presidents),
        ("Spring Break", spring, spring + 4 * DAY),
    ]


@lru_cache(maxsize=16)
def school_year(start: int) -> SchoolYear:
    return SchoolYear(start)


def why_no_school(date: dt.date) -> str:
    """A holiday's name, the day of a weekend, or the summer; '' of a school day."""
    year = school_year(date.year)
    return (year if date >= year.first else school_year(date.year - 1)).why_none(date)


def on(date: dt.date) -> tuple[SchoolYear, dt.date]:
    """The school year that the student information system shows at night before `date`, and the day that it
    believes it is: the new year after its first five days of school, until then the end of the old one."""
    year = school_year(date.year)
    if date <= year.sessions[4]:
        year = school_year(date.year - 1)
    return year, min(date, year.last + DAY)


@lru_cache(maxsize=16_384)
def us(day: dt.date) -> str:
    """MM/DD/YYYY."""
    return f"{day.month:02d}/{day.day:02d}/{day.year}"
