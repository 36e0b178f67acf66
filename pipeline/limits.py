"""What a file that goes out must be like, and how far it may differ from the last one: values of a catalogue's row.

A check counts the rows that are not as they must be; most may be none. What a person typed into the student information
system is never right everywhere, and a typing error in one parent's e-mail address is no reason to hold a morning's
rosters: such columns tolerate a share of the rows (`tolerated`).
"""

import datetime as dt
from dataclasses import dataclass

# A share that is never reached: so much may change.
ANY = float("inf")


@dataclass(frozen=True)
class Reference:
    """What `columns` hold together is in `to`, columns of another file of the set. The last of them may be empty.

    Each of `also` stands in the place of the last of `columns`, as the second teacher in that of the first.
    """

    columns: tuple[str, ...]
    file: str
    to: tuple[str, ...]
    also: tuple[str, ...] = ()
    tolerated: float = 0


@dataclass(frozen=True)
class Allowed:
    """Each of `columns` is empty or one of `values`."""

    columns: tuple[str, ...]
    values: tuple[str, ...]
    tolerated: float = 0


@dataclass(frozen=True)
class Form:
    """A way of writing: `words` say it to people, `pattern` (RE2, the whole value) to the warehouse.

    `day` is BigQuery's format of a date: the day must exist too.
    """

    words: str
    pattern: str
    day: str = ""


MONTH_FIRST = Form("a day as MM/DD/YYYY", r"\d{2}/\d{2}/\d{4}", "%m/%d/%Y")
YEAR_FIRST = Form("a day as yyyy-mm-dd", r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d")
YEAR = Form("a year of four digits", r"\d{4}")
DIGITS = Form("digits", r"\d+")
EMAIL = Form("an e-mail address", r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")
# The district's own: who has numbers of another length says so here. Zeros that got lost are seen by it.
STUDENT_NUMBER = Form("7 digits", r"\d{7}")


@dataclass(frozen=True)
class Written:
    """Each of `columns` is empty or of the form."""

    columns: tuple[str, ...]
    form: Form
    tolerated: float = 0


@dataclass(frozen=True)
class Longest:
    """No value of `columns` has more than `characters`."""

    columns: tuple[str, ...]
    characters: int


@dataclass(frozen=True)
class Churn:
    """How far a file may differ from the last accepted one, in shares of what that one held.

    What is counted are keys, or people where the file says who they are. `drops` are gone, `adds` are there for the
    first time, `changes` are there in both with other values; `school_drops` are the drops of one school in a share of
    that school's. `shrinks` is drops less adds: what remains to be said where everything may be replaced. Up to `slack`
    drops and adds are always right: of eight students in an intervention three may well leave on one day.
    """

    drops: float = 0.05
    school_drops: float = 0.15
    adds: float = 0.1
    changes: float = ANY
    shrinks: float = ANY
    slack: int = 5
    windows: tuple["Window", ...] = ()

    def on(self, date: dt.date) -> "Churn":
        """The limits of that date: those of the first window that it lies in, or these."""
        return next((window.churn for window in self.windows if window.holds(date)), self)


USUAL = Churn()


@dataclass(frozen=True)
class Window:
    """The days of a year, `first` to `last` (month, day), on which other limits hold.

    They name no year: a term begins in the same fortnight each year, and a window that somebody must move every summer
    is one that is forgotten. What begins outside of it is put on hold, looked at and released.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    churn: Churn

    def holds(self, date: dt.date) -> bool:
        """Whether the date lies in it; one that begins in December may end in January."""
        day = (date.month, date.day)
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


# ------------------------------------------------------------------------------------------------ this district's terms

# The first days of a term: the spring's begins after the winter break, the fall's when the student information system
# shows the new school year.
SPRING, FALL = ((1, 2), (1, 14)), ((8, 8), (8, 21))
# Then all sections and all who sit in them may be others, but not fewer by a third.
TAUGHT_ANEW = Churn(drops=ANY, school_drops=ANY, adds=ANY, shrinks=0.34)
# In the fall the last grade of every school has left it.
NEW_YEAR = Churn(drops=0.2, school_drops=0.45, adds=0.25)

PEOPLE = Churn(windows=(Window(*FALL, NEW_YEAR),))
TEACHING = Churn(windows=(Window(*SPRING, TAUGHT_ANEW), Window(*FALL, TAUGHT_ANEW)))
# A school that is missing takes all its people with it: any one is too many.
SCHOOLS = Churn(drops=0, school_drops=0, adds=0.5, slack=0)

# What people typed is wrong here and there.
TYPED = 0.02
