"""Special education: who is in it, since when, and the plan of every year."""

import datetime as dt
from random import Random
from typing import NamedTuple

from pipeline.sandbox.dice import below, mix, pick
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.school_year import DAY

# Number, what it is, hours a week at least and at most. [modelled]
OPTIONS = {
    "01": ("Consultation with the student's teachers", 1, 1),
    "02": ("Direct services, less than 4 hours", 1, 3),
    "03": ("Direct services in the student's classroom, 4 to 8 hours", 4, 8),
    "04": ("Resource program, 9 to 13 hours", 9, 13),
    "05": ("Resource program, 14 to 17 hours", 14, 17),
    "07": ("Self-contained program, with the child's own aide", 18, 30),
    "09": ("Ancillary services, at the parents' request", 1, 5),
    "10": ("Homebound or hospital instruction", 3, 6),
}
_NUMBERS = ["01"] * 4 + ["02"] * 8 + ["03"] * 8 + ["04"] * 4 + ["05", "07", "09"] * 2 + ["10"]
_DISABILITIES = [
    *[("06", "Specific Learning Disability")] * 8,
    *[("09", "Speech or Language Impairment")] * 5,
    *[("08", "Other Health Impairment")] * 3,
    *[("14", "Autism")] * 3,
    ("04", "Emotional Disturbance"),
    ("01", "Intellectual Disability"),
    ("03", "Hearing Impairment, incl. deafness"),
]
_YEAR = 364 * DAY  # a plan is reviewed on the same weekday
_REFERRED = 150 * DAY  # at most, from the referral to the first plan
_SURE = 3  # the first seats are in it at every size


class Plan(NamedTuple):
    """`end` is the plan's last day; `options` are (number, hours), in order."""

    start: dt.date
    end: dt.date
    options: tuple[tuple[str, str], ...]

    @property
    def main(self) -> str:
        """The number that stands for all: the highest."""
        return self.options[-1][0]


class Case(NamedTuple):
    """A student's special education, over all years. `ends` is the first day without."""

    begins: dt.date
    ends: dt.date | None
    gifted: bool
    disability: tuple[str, str]
    chance: int

    def status(self, day: dt.date) -> str:
        """PowerSchool's, as of that day; empty before anybody thought of it."""
        if day < self.begins:
            return "R" if day >= self.begins - _REFERRED and not self.gifted else ""
        if self.ends and day >= self.ends:
            return "X"
        return "G" if self.gifted else "E"

    def plan(self, day: dt.date) -> Plan | None:
        """The plan in force; the gifted have none."""
        return self._plan((day - self.begins) // _YEAR) if self.status(day) == "E" else None

    def last_plan(self) -> Plan | None:
        """Of one whose services have ended."""
        return self._plan((self.ends - DAY - self.begins) // _YEAR) if self.ends else None

    def _plan(self, review: int) -> Plan:
        rng = Random(mix(self.chance, review))
        numbers = {pick(rng, _NUMBERS) for _ in range(pick(rng, (1, 1, 1, 2, 2, 3)))}
        start = self.begins + review * _YEAR
        return Plan(start, start + _YEAR - DAY, tuple((number, _hours(rng, number)) for number in sorted(numbers)))


def case(books: Books, who: Enrolled) -> Case | None:
    """One student in six has needed it, or will, from the age of three to eleven on; one in forty is gifted."""
    sure, rng = who.seat < _SURE, Random(mix(who.chance, 41))
    luck = rng.random()
    if luck >= 0.2 and not sure:
        return None
    born = dt.date(books.year.start - who.grade - 5, 9, 1)
    begins = born + DAY * (1095 + (0 if sure else below(rng, 2740)))
    ends = begins + _YEAR * (2 + below(rng, 4)) + DAY * below(rng, 300) if rng.random() < 0.1 else None
    gifted = luck >= 0.175 and not sure
    return Case(begins, None if sure or gifted else ends, gifted, pick(rng, _DISABILITIES), mix(who.chance, 43))


def _hours(rng: Random, number: str) -> str:
    """Such as `4.5`."""
    _, least, most = OPTIONS[number]
    return f"{least + below(rng, most - least + 1)}.{pick(rng, '05')}"
