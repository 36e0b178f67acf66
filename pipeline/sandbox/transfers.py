"""Students who go from RSD to BLF in the middle of a school year: one in early autumn, and those who happen to.

A seat of BLF has a counterpart at RSD in each school year: same grade, same row. When both change hands in one year,
BLF's newcomer is RSD's leaver, and comes on the day on which that one leaves. All of it is worked out from the seat
and the year, so that it needs no memory and no search.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pipeline.sandbox import people
from pipeline.sandbox.names import AWKWARD
from pipeline.sandbox.people import EPOCH, changes, turns
from pipeline.sandbox.school_year import SchoolYear
from pipeline.sandbox.schools import Server

_AUTUMN = 56  # which day of the calendar the meant one leaves on: a Monday around the first of October


class Identity(NamedTuple):
    """A person, by where they began: the server's number, the seat, and how many had it before them."""

    server: int
    seat: int
    turn: int


@dataclass(frozen=True)
class Transfers:
    """Which seats change hands, and who comes from where."""

    seed: int
    rsd: Server
    blf: Server

    def fate(self, server: Server, seat: int) -> int:
        """The seat's chance, with the changes that are meant to happen."""
        found = people.fate(self.seed, server.number, seat)
        for start in self._meant.get((server.number, seat), ()):
            found &= ~(15 << 4 * (start - EPOCH))
        return found

    def day(self, server: Server, seat: int, year: SchoolYear) -> dt.date:
        """The day on which the seat changes hands in that year, if it does."""
        origin = self.origin(seat, year.start) if server.number == self.blf.number else None
        if origin:
            return self.day(self.rsd, origin.seat, year)
        if year.start in self._meant.get((server.number, seat), ()):
            return year.days[_AUTUMN]
        return people.change_day(self.fate(server, seat), year)

    def who(self, server: Server, seat: int, turn: int, came: int | None) -> Identity:
        """The person who is the seat's `turn`-th; `came` is the year in which the seat changed hands to them."""
        origin = self.origin(seat, came) if server.number == self.blf.number and came is not None else None
        return origin or Identity(server.number, seat, turn)

    def origin(self, seat: int, start: int) -> Identity | None:
        """Who of RSD comes to the seat of BLF in the school year of `start`."""
        other = self._counterpart(seat, start)
        if other is None or not changes(self.fate(self.blf, seat), start):
            return None
        fate = self.fate(self.rsd, other)
        turn = turns(fate, cohorts(self.rsd, other, start), start)
        return Identity(self.rsd.number, other, turn) if changes(fate, start) else None

    def _counterpart(self, seat: int, start: int) -> int | None:
        """RSD's seat beside BLF's, if RSD has one. The awkward names stay: for their seats, one that is no other's."""
        grades = self.rsd.grades
        column = (grades.index(self.blf.cohort(seat, start)[0]) - start) % len(grades)
        row = seat // (self.blf.tracks * len(self.blf.grades))
        other = (row * len(grades) + column) * self.rsd.tracks
        if other < len(AWKWARD):
            other += len(grades) * self.rsd.tracks + 1
        return other if other < self.rsd.seats else None

    @cached_property
    def _meant(self) -> dict[tuple[int, int], list[int]]:
        """(server number, seat) -> school years of the pairs that are made to change hands, another each year."""
        meant: dict[tuple[int, int], list[int]] = defaultdict(list)
        free = self.blf.seats - len(AWKWARD)
        for start in range(EPOCH, EPOCH + 16) if free > 0 else ():
            seat = len(AWKWARD) + start % free
            other = self._counterpart(seat, start)
            if other is not None:
                meant[self.blf.number, seat].append(start)
                meant[self.rsd.number, other].append(start)
        return dict(meant)


def cohorts(server: Server, seat: int, start: int) -> int:
    """How many have been through all the grades on the seat by the school year of `start`."""
    return server.cohort(seat, start)[1] - server.cohort(seat, EPOCH)[1]


def last_change(fate: int, server: Server, seat: int, start: int) -> int | None:
    """The last school year before `start` in which the seat changed hands within the cohort that it now has."""
    begun = server.cohort(seat, start)[1]
    for before in range(start - 1, EPOCH - 1, -1):
        if server.cohort(seat, before)[1] != begun:
            return None
        if changes(fate, before):
            return before
    return None
