"""What a file that goes out must be like, and how far it may differ from the last one: values of a catalogue's row.

A check counts the rows that are not as they must be; most may be none. What a person typed into the student information
system is never right everywhere, and a typing error in one parent's e-mail address is no reason to hold a morning's
rosters: such columns tolerate a share of the rows (`tolerated`).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Generic, TypeVar

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
class Apart:
    """What `column` holds is nowhere in `to`, a column of another file of the set, in whatever case.

    `unless` are a column here and one there that say who somebody is: where they are equal, it is the same person.
    """

    column: str
    file: str
    to: str
    unless: tuple[str, str] | None = None


@dataclass(frozen=True)
class Personal:
    """What each of `columns` holds is one person's: nobody else of the file has it too, in whatever case.

    Up to `tolerated` people may: a typing error that the district knows of, and cannot mend today.
    """

    columns: tuple[str, ...]
    tolerated: int = 0


@dataclass(frozen=True)
class Same:
    """Rows of `table` (a table or view that the file is made of) with the same `key` are one person, though two servers
    wrote them: they say the same in each of `columns`, in whatever case, where they say anything.

    `among` are the column and the value of the rows that count. Up to `tolerated` people may differ.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    among: tuple[str, str] | None = None
    tolerated: int = 0


@dataclass(frozen=True)
class Mapped:
    """What `table` (a table or view that the file is made of) holds in `column` is empty or one of `codes`: those that
    the file's view knows a word for. Any other would go out as nothing. Up to `tolerated` rows may hold one.
    """

    table: str
    column: str
    codes: tuple[str, ...]
    tolerated: int = 0


@dataclass(frozen=True)
class Agreeing:
    """Rows of the file with the same `key` say the same in `columns`."""

    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Alone:
    """A row that is empty in all of `columns` is the only one of its `key`."""

    key: str
    columns: tuple[str, ...]


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
TWO_DIGITS = Form("two digits", r"\d{2}")
DAYS = Form("days of a year", r"\d{1,3}(?:\.\d+)?")
EMAIL = Form("an e-mail address", r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[A-Za-z]{2,}")
PHONE = Form("a telephone number", r"[\d ()+.x-]{7,}")
STATE = Form("two capital letters", r"[A-Z]{2}")
ZIP = Form("a ZIP code with its zeros", r"\d{5}(?:-\d{4})?")


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


Limits = TypeVar("Limits", bound="Churn | ColumnChurn")


@dataclass(frozen=True)
class Window(Generic[Limits]):
    """The days of a year, `first` to `last` (month, day), on which other limits hold.

    They name no year: a term begins in the same fortnight each year, and a window that somebody must move every summer
    is one that is forgotten. What begins outside of it is put on hold, looked at and released.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    churn: Limits

    def holds(self, date: dt.date) -> bool:
        """Whether the date lies in it; one that begins in December may end in January."""
        day = (date.month, date.day)
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


def _on(usual: Limits, windows: tuple[Window[Limits], ...], date: dt.date) -> Limits:
    """The limits of that date: those of the first window that it lies in, or the usual ones."""
    return next((window.churn for window in windows if window.holds(date)), usual)


@dataclass(frozen=True)
class Churn:
    """How far a file may differ from the last accepted one, in shares of what that one held.

    What is counted are keys, or people where the file says who they are. `drops` are gone, `adds` are there for the
    first time; `changes` are there in both with other values, in a share of all that are there in both; `school_drops`
    are the drops of one school in a share of that school's. `shrinks` is drops less adds: what remains to be said where
    everything may be replaced. Up to `slack` drops, adds and changes are always right: of eight students in an
    intervention three may well leave on one day. A share of nothing says nothing: a file that held none may get
    `from_nothing`.
    """

    drops: float = 0.05
    school_drops: float = 0.15
    adds: float = 0.1
    changes: float = 0.25
    shrinks: float = ANY
    slack: int = 5
    from_nothing: float = 50
    windows: tuple[Window["Churn"], ...] = ()

    def on(self, date: dt.date) -> "Churn":
        """The limits of that date."""
        return _on(self, self.windows, date)


USUAL = Churn()


@dataclass(frozen=True)
class ColumnChurn:
    """How far the values of each of `columns` (of all that no other row names, where there are none) may differ, in
    shares of the rows (or people) that had one.

    `blanked` had a value and have none now, `changes` have another one. `school_blanked` and `school_changes` are those
    of one school, in shares of that school's. Where a column has few values, as of codes, `moves` had the same one and
    have another one or none now, in a share of those that had it, everywhere or at one school. Up to `slack` are always
    right.
    """

    columns: tuple[str, ...] = ()
    blanked: float = 0.05
    changes: float = 0.1
    school_blanked: float = 0.15
    school_changes: float = 0.25
    moves: float = 0.5
    slack: int = 5
    windows: tuple[Window["ColumnChurn"], ...] = ()

    def on(self, date: dt.date) -> "ColumnChurn":
        """The limits of that date."""
        return _on(self, self.windows, date)


# ------------------------------------------------------------------------------------------------ usual limits

# A school that is missing takes all its people with it: any one is too many. What changes of them, their columns tell.
SCHOOLS = Churn(drops=0, school_drops=0, adds=0.5, changes=ANY, slack=0)

# An account hangs on an address: another one is another account at most vendors, and the old one is lost.
ADDRESSES = ColumnChurn(blanked=0.02, changes=0.05, school_changes=0.15)

# Any other values, but values.
OTHERS = ColumnChurn(changes=ANY, school_changes=ANY, moves=ANY)

# A teacher may leave all that she had to another one.
TEACHERS = ColumnChurn(moves=ANY)

# A district has few schools; of one of them all may change on a day: its name, its principal.
OF_SCHOOLS = ColumnChurn(slack=2)

# What people typed is wrong here and there.
TYPED = 0.02
