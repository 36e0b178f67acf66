"""Who sits on a seat, and who they and the people on the staff are.

A seat always has somebody: when one student leaves, another from the waiting list enters on the same day, so that the
number of active students stays what it was asked to be while some come and go.
"""

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import NamedTuple

from pipeline.sandbox.dice import below, mix, pick
from pipeline.sandbox.names import AWKWARD, Name, any_name
from pipeline.sandbox.school_year import DAY, SchoolYear, us

EPOCH = 2020  # the occupants of a seat are counted from this school year on

_LANGUAGES = [
    *[("Spanish", ("Mexico", "Guatemala", "Honduras", "El Salvador", "Colombia"))] * 12,
    *[("Arabic", ("Egypt", "Iraq", "Sudan"))] * 3,
    ("Kurdish", ("Iraq", "Türkiye")),
    ("Somali", ("Somalia", "Kenya")),
    ("Vietnamese", ("Vietnam",)),
    ("Swahili, Congo", ("Congo, Democratic Republic of the", "Tanzania")),
    ("French", ("Côte d'Ivoire", "Haiti")),
    ("Nepali", ("Nepal",)),
]
_STREETS = ["Maple St", "Mill Race Rd", "College Ave", "O'Hara Ln", "2nd St", "Old Bridge Rd", "Cañon Dr", "Elm Ct"]
_ZIPS = ["00118", "00119", "00127"]
_ETHNICITIES = "WWWWWWWWHHHHHBBBBBAAMMIP"
_HISPANIC = ["0"] * 46 + ["1"] * 3 + [""]  # of those whose ethnicity is another
_LUNCH = ["P"] * 26 + ["F"] * 11 + ["FDC"] * 8 + ["R"] * 4 + [""]


class Occupant(NamedTuple):
    """A student's time on a seat in one school year. `turn` counts the seat's occupants; `leaves` is the first day
    on which the student is gone; `status` is PowerSchool's Enroll_Status on the day of the export."""

    turn: int
    enters: dt.date
    leaves: dt.date | None
    status: int


class Learner(NamedTuple):
    """What the state asks about a student's languages."""

    language: str
    status: str
    us_entry: str
    country: str


class Student(NamedTuple):
    """What does not change about a student."""

    name: Name
    dob: str
    gender: str
    ethnicity: str
    address: tuple[str, str]
    phone: str
    learner: Learner
    hispanic: str
    lunch: str


def fate(seed: int, server: int, seat: int) -> int:
    """64 bits of chance, four a school year: zero means that the seat changes hands. The awkward names stay."""
    return mix(seed, server, seat) | (0x1111111111111111 if seat < len(AWKWARD) else 0)


def changes(fate: int, start: int) -> bool:
    """Whether the seat changes hands in the school year of `start`."""
    return fate >> 4 * (start - EPOCH) & 15 == 0


def change_day(fate: int, year: SchoolYear) -> dt.date:
    """On which day, if it does: any of the calendar but the first ten."""
    return year.days[10 + mix(fate, year.start) % (len(year.days) - 10)]


def turns(fate: int, cohorts: int, start: int) -> int:
    """How many had the seat before the one who begins the school year of `start` on it."""
    return cohorts + sum(changes(fate, before) for before in range(EPOCH, start))


def occupants(
    fate: int, cohorts: int, year: SchoolYear, as_of: dt.date, day: dt.date | None = None
) -> Iterator[Occupant]:
    """Those whom a seat's books show on `as_of`: its student, one who left, one who is pre-registered.

    `cohorts` is how many have been through all the grades on this seat. In one school year of sixteen it also
    changes hands, on `day` or else on the day that chance says; the office knows one to three weeks before.
    """
    turn = turns(fate, cohorts, year.start)
    if not changes(fate, year.start):
        yield Occupant(turn, year.first, None, 0)
        return
    day = day or change_day(fate, year)
    gone = as_of >= day
    yield Occupant(turn, year.first, day if gone else None, 2 if gone else 0)
    if as_of >= day - DAY * (7 + (mix(fate, year.start) >> 32) % 14):
        yield Occupant(turn + 1, day, None, 0 if gone else -1)


def student(rng: Random, seat: int, born: int) -> Student:
    """The person whom `rng` holds; `born` is the year in which the cohort's school year of birth ends."""
    birth = dt.date(born - 1, 8, 16) + DAY * below(rng, 365)
    name = any_name(rng)
    return Student(
        AWKWARD[seat] if seat < len(AWKWARD) else name,
        us(birth),
        "" if rng.random() < 0.004 else pick(rng, "FM"),
        ethnicity := pick(rng, _ETHNICITIES),
        address(rng),
        f"555-01{below(rng, 100):02d}",
        _learner(rng, birth),
        "1" if ethnicity == "H" else pick(rng, _HISPANIC),
        pick(rng, _LUNCH),
    )


def address(rng: Random) -> tuple[str, str]:
    """Street and ZIP code."""
    flat = f", Apt {1 + below(rng, 40)}" if rng.random() < 0.2 else ""
    return f"{1 + below(rng, 1999)} {pick(rng, _STREETS)}{flat}", pick(rng, _ZIPS)


def _learner(rng: Random, birth: dt.date) -> Learner:
    """12 % learn English, 5 % have learned it; six of ten of them were born elsewhere."""
    draw = rng.random()
    if draw >= 0.17:
        return Learner("English", "N", "", "United States")
    status = "L" if draw < 0.12 else pick(rng, "1234FF")
    language, countries = pick(rng, _LANGUAGES)
    if rng.random() < 0.4:
        return Learner(language, status, "", "United States")
    return Learner(language, status, us(birth + DAY * (1000 + below(rng, 400))), pick(rng, countries))


class Worker(NamedTuple):
    """A member of the staff, by name, staff number and address."""

    name: Name
    number: str
    email: str


@lru_cache(maxsize=2048)
def worker(seed: int, server: str, id: int) -> Worker:
    rng = Random(mix(seed, ord(server[0]), id, 1))
    name = any_name(rng)
    if id <= len(AWKWARD):
        name = AWKWARD[-id]._replace(first=name.first)
    number = f"{server[0]}T{id:05d}{'ABCDEFGH'[id % 8]}"
    return Worker(name, number, f"{name.plain}.{server[0].lower()}{id}@riverbend.example.org")
