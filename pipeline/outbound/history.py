"""What the history says (dataset `operations`, happened.py): how many rows are usual, and what was when.

A name is that of a feed or a delivery, or of a part or file of it: `("students", "RSD")`. Nothing here asks more than
one query, whatever the number of names. Where there is no history yet, nothing is known, and that is no error.
Raises WarehouseError when the warehouse does not answer.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipeline.ground import settings
from pipeline.outbound import entries, happened
from pipeline.outbound.entries import GrowingTable, Value
from pipeline.outside.cloud import warehouse

Name = str | tuple[str, str]
# The usual rows are those of so many days on which there were any, none of them longer ago than that.
DAYS = 10
LONGEST = dt.timedelta(days=120)


@dataclass(frozen=True)
class Usual:
    """The fewest and the most rows of the last `days` (at most 10) mornings before."""

    low: int
    high: int
    days: int

    def __str__(self) -> str:
        band = f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"  # noqa: RUF001
        return f"usually {band}"


@dataclass(frozen=True)
class Point:
    """What a flow was on a date, as it was made last. `done_at` is when the table was loaded, or the vendor had the
    set, and `seconds` how long that took; `parts` are the rows of each part or file. Moments are in the district's
    zone. Of one part `bytes` and `parts` are not known.
    """

    date: dt.date
    rows: int
    bytes: int | None
    changed_at: dt.datetime | None
    landed_at: dt.datetime | None
    done_at: dt.datetime
    seconds: float | None
    parts: dict[str, int]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One run of a wrapper; `ended` and `exit_code` are None of one that was killed."""

    wrapper: str
    date: dt.date
    began: dt.datetime
    ended: dt.datetime | None
    exit_code: int | None
    loaded: int | None
    delivered: int | None
    on_hold: int | None
    broken: int | None
    late: int | None
    version: str


def usual(names: Collection[Name], date: dt.date) -> dict[Name, Usual]:
    """The usual rows of each name before `date`; nothing of a name that has no earlier day."""
    found = _points(names, date - LONGEST, date, DAYS)
    rows = {name: [point.rows for point in points][:DAYS] for name, points in found.items()}
    return {name: Usual(min(each), max(each), len(each)) for name, each in rows.items() if each}


def rows_of(name: Name, days: int = 30, until: dt.date | None = None) -> list[Point]:
    """What the name was in the `days` to `until` (usual: today), newest first; one point a date."""
    return points([name], days, until)[name]


def points(names: Collection[Name], days: int = 30, until: dt.date | None = None) -> dict[Name, list[Point]]:
    """As `rows_of`, of several names."""
    ends = (until or settings.load().today()) + dt.timedelta(days=1)
    return _points(names, ends - dt.timedelta(days=days), ends, days)


def last_good() -> dict[str, dt.date]:
    """The last date of which each feed was loaded and each delivery given."""
    if not _there(happened.LOADS):
        return {}
    query = f"SELECT flow, MAX(date) AS last FROM `{happened.LOADS.name}` GROUP BY flow"  # noqa: S608
    return {row["flow"]: row["last"] for row in entries.ask(query, "looking into the history")}


def runs(days: int = 30, until: dt.date | None = None) -> list[Run]:
    """The runs of the `days` to `until` (usual: today), newest first. The first of a wrapper and date tells how that
    date ended, since a run that changed nothing is not entered."""
    if not _there(happened.RUNS):
        return []
    ends = (until or settings.load().today()) + dt.timedelta(days=1)
    names = [column.name for column in happened.RUNS.columns if column.name != "run"]
    query = f"""
        SELECT {", ".join(names)} FROM `{happened.RUNS.name}` WHERE date >= @since AND date < @until
        ORDER BY date DESC, began DESC
    """  # noqa: S608
    rows = entries.ask(query, "looking into the history", since=ends - dt.timedelta(days=days), until=ends)
    return [Run(**{**row, "began": _local(row["began"]), "ended": _local(row["ended"])}) for row in rows]


# ------------------------------------------------------------------------------------------------------------- asking


def _there(table: GrowingTable) -> bool:
    return warehouse.find(*table.name.split(".")).there


def _points(names: Collection[Name], since: dt.date, until: dt.date, days: int) -> dict[Name, list[Point]]:
    """The last `days` dates of each name from `since` and before `until`, newest first."""
    flows = {_flow(name) for name in names}
    held: dict[str, list[Point]] = {flow: [] for flow in flows}
    if flows and _there(happened.LOADS):
        about: dict[str, Value] = {"flows": tuple(sorted(flows)), "since": since, "until": until, "days": days}
        for row in entries.ask(_QUERY, "looking into the history", **about):
            point, mine = _point(row), held[row["flow"]]
            if not (mine and mine[-1].date == point.date):
                mine.append(point)
    return {name: list(_of(name, held[_flow(name)])) for name in names}


_COLUMNS = "date, row_count, byte_count, parts, part_rows, changed_at, landed_at, done_at, seconds, remarks"
# The newest of a date comes first.
_QUERY = f"""
    WITH placed AS (
      SELECT flow, {_COLUMNS}, DENSE_RANK() OVER (PARTITION BY flow ORDER BY date DESC) AS place
      FROM `{happened.LOADS.name}` WHERE flow IN UNNEST(@flows) AND date >= @since AND date < @until
    )
    SELECT flow, {_COLUMNS} FROM placed WHERE place <= @days ORDER BY flow, date DESC, done_at DESC
"""  # noqa: S608


def _flow(name: Name) -> str:
    return name if isinstance(name, str) else name[0]


def _of(name: Name, points: Iterable[Point]) -> Iterator[Point]:
    """The points of the flow, or of its part: those that tell of it."""
    for point in points:
        if isinstance(name, str):
            yield point
        elif name[1] in point.parts:
            yield replace(point, rows=point.parts[name[1]], bytes=None, parts={})


def _point(row: dict[str, Any]) -> Point:
    done_at = _local(row["done_at"])
    assert done_at is not None  # noqa: S101  (REQUIRED in the table)
    return Point(
        row["date"],
        row["row_count"],
        row["byte_count"],
        _local(row["changed_at"]),
        _local(row["landed_at"]),
        done_at,
        row["seconds"],
        dict(zip(row["parts"], row["part_rows"], strict=True)),
        tuple(row["remarks"]),
    )


def _local(moment: dt.datetime | None) -> dt.datetime | None:
    return moment and moment.astimezone(settings.load().district.zone)
