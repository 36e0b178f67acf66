"""What a set is made of: the rows of views and landed files that go to one reader together."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from pipeline import catalogue
from pipeline.catalogue.conditions import Condition
from pipeline.catalogue.days import Days
from pipeline.catalogue.dialect import CSV, Dialect
from pipeline.catalogue.feed import Feed, Layout
from pipeline.catalogue.limits import (
    USUAL,
    Agreeing,
    Allowed,
    Alone,
    Apart,
    Churn,
    ColumnChurn,
    Longest,
    Mapped,
    Personal,
    Reference,
    Same,
    Written,
)


@dataclass(frozen=True)
class ViewFile:
    """A file made of a view's rows: `view` is `dataset.view`, `name` the file's name at the vendor.

    The rows are sorted by `key`, whose values together occur once; a column of `required` always has a value; `floor`
    is the fewest rows that are believed. `references`, `allowed`, `written`, `longest`, `agreeing`, `alone`, `one`
    (columns with one value in the whole file) and `conditions` are the vendor's specification; `personal`, `same` and
    `apart` say who is one person, `mapped` which codes the view has words for. What does not hold puts the delivery on
    hold, and so does more `churn` than is believed.

    For the churn, `called` is what people call the rows, `school` the column that says whose each is, and `people` the
    column of whom they are about, where the key is finer than that; `column_churn` are the columns whose values have
    limits of their own. `student` is the column of the student_number, where the file has one. `layout` tells whether
    the columns are the vendor's published ones or modelled by us. `leaves_with` are feeds without which the set goes
    without this file, where a district has switched one of them off. `kept` are the columns of a file with restricted
    access that are kept beside its key, so that the next set can be compared with it: none of them is a secret.
    """

    view: str
    name: str
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    floor: int = 1
    dialect: Dialect = CSV
    layout: Layout = "modelled"
    called: str = "rows"
    school: str = ""
    people: str = ""
    student: str = ""
    references: tuple[Reference, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    written: tuple[Written, ...] = ()
    longest: tuple[Longest, ...] = ()
    personal: tuple[Personal, ...] = ()
    same: tuple[Same, ...] = ()
    mapped: tuple[Mapped, ...] = ()
    apart: tuple[Apart, ...] = ()
    agreeing: tuple[Agreeing, ...] = ()
    alone: tuple[Alone, ...] = ()
    one: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    churn: Churn = USUAL
    column_churn: tuple[ColumnChurn, ...] = ()
    leaves_with: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def comparable(self) -> tuple[str, ...]:
        """The columns that the next set is compared with, where the rows themselves may not be kept for it."""
        return (*self.key, *self.kept)

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns that tell apart what the churn counts: people, or rows by their key."""
        return (self.people,) if self.people else self.key


@dataclass(frozen=True)
class LandedCopy:
    """A feed's file, byte for byte as it landed (once its contract was found kept), under the name `name`.

    `student` is the feed's column of the student_number, where it has one.
    """

    feed: str
    name: str
    student: str = ""


@dataclass(frozen=True)
class Delivery:
    """The files of one vendor that belong together; `folder` is where they go on its server.

    `gone` says in a few words what becomes there of those who are not sent any more. `again` is what becomes of a set
    that differs from the one which the vendor was given for the same period (day; of a weekly delivery, week): it is
    given too, or not before the next period. `days` are those on which it is expected (of a weekly one: the weeks
    with one of them). On another day it is made when all that it is made of came all the same; but where they are
    weekdays by name, on these alone.
    """

    name: str
    vendor: str
    folder: str
    files: tuple[ViewFile | LandedCopy, ...]
    cadence: Literal["daily", "weekly"] = "daily"
    days: Days = "school days"
    again: Literal["when-changed", "never-same-day"] = "when-changed"
    gone: str = "the vendor would no longer get"

    def __hash__(self) -> int:
        """Of the name alone, as a feed's."""
        return hash(self.name)

    def __repr__(self) -> str:
        """Short, as a feed's."""
        return f"Delivery({self.name!r})"

    def period(self, date: dt.date) -> dt.date:
        """The day that a delivery of `date` counts for: the date itself, or the Monday of its week."""
        return date - dt.timedelta(days=date.weekday()) if self.cadence == "weekly" else date

    def without(self, off: Collection[str]) -> "Delivery":
        """The set of a district that has switched the feeds `off` off."""
        left = self.left_out(off)
        return replace(self, files=tuple(file for file in self.files if file not in left)) if left else self

    def left_out(self, off: Collection[str]) -> tuple[ViewFile, ...]:
        """The files that leave the set with the feeds `off`."""
        return tuple(file for file in self.view_files if not set(off).isdisjoint(file.leaves_with))

    @property
    def view_files(self) -> tuple[ViewFile, ...]:
        return tuple(file for file in self.files if isinstance(file, ViewFile))

    @property
    def copied(self) -> tuple[Feed, ...]:
        return tuple(catalogue.feeds()[copy.feed] for copy in self.copies)

    @property
    def copies(self) -> tuple[LandedCopy, ...]:
        return tuple(file for file in self.files if isinstance(file, LandedCopy))
