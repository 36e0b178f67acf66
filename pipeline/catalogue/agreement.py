"""What a vendor may get: the agreement with it, by file and column, and the law that lets the file go."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline import catalogue
from pipeline.catalogue.feed import Feed
from pipeline.ground import settings


@dataclass(frozen=True)
class Agreement:
    """One vendor's agreement: its name, the legal basis of what it lets go, and the columns that may, by file.

    `until` is its last day; without one it holds until a party ends it (then this row goes).
    """

    name: str
    basis: str
    signed: dt.date
    columns: dict[str, str]
    until: dt.date | None = None

    def lists(self, file: str, on: dt.date) -> frozenset[str]:
        """The columns of the file that may go on that day."""
        ended = self.until is not None and on > self.until
        return frozenset() if ended else frozenset(self.columns.get(file, "").split())


SCHOOL_OFFICIAL = "FERPA 34 CFR 99.31(a)(1) school official"
OWN_RECORDS = "own records"
NONE = Agreement("none", "none", dt.date.min, {})


def of(vendor: str) -> Agreement:
    """The agreement that the vendor's row names; one that lets nothing go when it names none."""
    named = catalogue.vendors()[vendor].agreement
    return catalogue.agreements()[named] if named else NONE


def beyond(vendor: str, file: str, columns: Iterable[str], on: dt.date | None = None) -> list[str]:
    """Those of the file's columns that the vendor's agreement does not list on that day (without one: today)."""
    listed = of(vendor).lists(file, on or settings.load().today())
    return [column for column in columns if column not in listed]


def terms(vendor: str, files: Iterable[str]) -> list[object]:
    """What the agreement says of these files: its last day, and each one's columns."""
    agreed = of(vendor)
    return [agreed.until, {file: sorted(agreed.columns.get(file, "").split()) for file in files}]


def columns_of_copy(feed: Feed) -> list[str]:
    """The columns of a feed's file as it came, by the names of its contract: also those that we never load."""
    return [*(column.name for column in feed.contract.expected), *feed.contract.ignored]


def told(vendor: str) -> dict[str, str]:
    """What a receipt says of the ground on which the set was given."""
    ground = of(vendor)
    return {"agreement": ground.name, "basis": ground.basis}
