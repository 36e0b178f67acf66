# ruff: noqa: S608  (names out of our own catalogue)
"""Measures what changes from one morning to the next in what goes out, to know what a usual morning never meets.

    python -m bench.changes [--students 1000] [--from 2026-10-12] [--days 30]

The pretend district writes the files of each school day; their contracts, the views and the comparison of two mornings
are the pipeline's own, with DuckDB in the place of BigQuery and without servers: some seconds a morning. See README.md.
"""

import argparse
import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import sqlglot

from pipeline import catalogue
from pipeline.catalogue import flows, schemas, sql
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import DropFolder, Source
from pipeline.inbound import preparing
from pipeline.inbound.parts import Part
from pipeline.outbound import churn, columns, holders
from pipeline.outbound.churn import Pair
from pipeline.outbound.columns import Values
from pipeline.sandbox.district import write_day

ZONE = ZoneInfo("America/Chicago")
FEEDS_READ = {
    feed
    for each in catalogue.deliveries().values()
    for file in each.view_files
    for feed in flows.feeds_below(file.view)
}
_TYPES = {"STRING": "TEXT", "INTEGER": "BIGINT", "FLOAT": "DOUBLE", "NUMERIC": "DECIMAL(38, 9)"}


@dataclass(frozen=True)
class Share:
    """One share of one morning: so many of so many."""

    file: str
    what: str
    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0


def main() -> None:
    """Make the mornings, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.changes", description=__doc__)
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, default=dt.date(2026, 10, 12))
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    warehouse, found = Warehouse(), []
    last: dict[str, dt.date] = {}
    for day in _school_days(asked.first, asked.days + 1):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            warehouse.load(Path(folder), day, asked.students)
        for delivery in catalogue.deliveries().values():
            if delivery.cadence == "daily" or delivery.period(day) != last.get(delivery.name):
                found += warehouse.compared(delivery, day)
                last[delivery.name] = delivery.period(day)
    _tell(found)


def _school_days(first: dt.date, days: int) -> Iterator[dt.date]:
    while days:
        if first.weekday() < 5:
            yield first
            days -= 1
        first += dt.timedelta(days=1)


class Warehouse:
    """The tables of a morning, the views over them, and the rows of the last morning's files."""

    def __init__(self) -> None:
        self._duck = duckdb.connect()
        self._ask("CREATE MACRO parsed_day(form, value) AS CAST(try_strptime(value, form) AS DATE)")
        for dataset in {name.partition(".")[0] for name in sql.names()} | {feed.dataset for feed in FEEDS_READ}:
            self._ask(f"CREATE SCHEMA {dataset}")
        for feed in FEEDS_READ:
            told = json.loads((schemas.folder() / feed.dataset / f"{feed.name}.json").read_text())
            names = ", ".join(f'"{each["name"]}" {_TYPES.get(each["type"], each["type"])}' for each in told)
            self._ask(f'CREATE TABLE {feed.dataset}."{feed.name}" ({names})')
        self._views: set[str] = set()
        for delivery in catalogue.deliveries().values():
            for file in delivery.view_files:
                self._view(file.view)

    def _view(self, view: str) -> None:
        """Make the view, once, after those that it reads."""
        if view in self._views or view not in sql.names():
            return
        self._views.add(view)
        for below in sql.reads(view):
            self._view(below)
        dataset, _, name = view.partition(".")
        self._ask(f'CREATE VIEW {dataset}."{name}" AS {_translated(sql.text(view))}')

    def load(self, folder: Path, day: dt.date, students: int) -> None:
        """The files of the day into the tables, each by its contract."""
        places = {name: folder / name for name in ("drop", "savvas", "clever", "easyiep")}
        write_day(day, students=students, seed=1, zone=ZONE, **places)
        for feed in FEEDS_READ:
            out = folder / "prepared.csv"
            preparing.prepare([_part(folder, feed, source) for source in feed.sources], feed.contract, out, day)
            self._ask(f'DELETE FROM {feed.dataset}."{feed.name}"')
            self._ask(
                f"INSERT INTO {feed.dataset}.\"{feed.name}\" BY NAME SELECT * FROM read_csv('{out}', header = true,"
                " all_varchar = true, delim = ',', quote = '\"', escape = '\"', max_line_size = 10000000)"
            )

    def compared(self, delivery: Delivery, day: dt.date) -> list[Share]:
        """What the delivery's files of the day are beside the last ones; over a limit of the day, it is told."""
        told: list[Share] = []
        for number, file in enumerate(delivery.view_files):
            now, before = f"{delivery.name}_{number}", f"{delivery.name}_{number}_before"
            dataset, _, view = file.view.partition(".")
            if there := self._ask(f"SELECT 1 FROM duckdb_tables() WHERE table_name = '{now}'"):
                self._ask(f"CREATE OR REPLACE TABLE {before} AS SELECT * FROM {now}")
            self._ask(f'CREATE OR REPLACE TABLE {now} AS SELECT * FROM {dataset}."{view}"')
            if there:
                names = tuple(each["column_name"] for each in self._ask(f"DESCRIBE {now}"))
                told += self._shares(delivery, file, Pair(now, before, names), day)
        return told

    def _shares(self, delivery: Delivery, file: ViewFile, pair: Pair, day: dt.date) -> Iterator[Share]:
        asked = holders.asked(file, pair, day)
        found = self._ask(_translated(holders.query("SELECT 1 AS one", file, pair, asked)))
        changes, values = churn.by_school(found), churn.by_column(found, pair)
        over = columns.judged(file, values, churn.rows(changes), day)
        limited = [each for kind in churn.checks(file, changes, file.churn.on(day)).values() for each in kind]
        held = holders.found_in(found, asked)
        left = holders.judged(file, held, day)
        for words in holders.sentences(file, left):
            print(f"{day} {delivery.name}: {words}")
        for each in [*limited, *columns.checks(file, over), holders.check(file, left)]:
            if not each.passed:
                print(f"{day} {delivery.name}: {each}")
        common = sum(each.before - each.drops for each in changes)
        yield Share(file.name, "rows that differ", sum(each.changes for each in changes), common)
        yield Share(file.name, "rows added", sum(each.adds for each in changes), sum(each.before for each in changes))
        for one in [*values, *_together(values)]:
            where = " at a school" if one.school else ""
            yield Share(file.name, f"{one.column} blank{where}", one.blanked, one.had)
            yield Share(file.name, f"{one.column} changed{where}", one.changed, max(one.had, one.have))
        for value in held:
            where = " at a school" if value.school else ""
            more = ", more than 5" if value.left > columns.USUAL.slack else ""
            yield Share(file.name, f"{value.column}: left one value{where}{more}", value.left, value.had)

    def _ask(self, query: str) -> list[dict[str, Any]]:
        done = self._duck.execute(query)
        return [dict(zip([each[0] for each in done.description], row, strict=True)) for row in done.fetchall()]


def _translated(query: str) -> str:
    return sqlglot.transpile(query.replace("SAFE.PARSE_DATE", "parsed_day"), read="bigquery", write="duckdb")[0]


def _part(folder: Path, feed: Feed, source: Source) -> Part:
    """The file of the source: the newest of its folder, as its reader makes it."""
    place = source.place
    own = folder / "drop" / place.folder if isinstance(place, DropFolder) else folder / str(place).partition(":")[0]
    own = folder / "clever" if own.name == "clever_reports" else own
    path = max(own.glob(source.pattern), key=lambda each: each.stat().st_mtime)
    if feed.reader:
        feed.reader(path, plain := folder / "plain.csv")
        path = plain
    return Part(source.name, path)


def _together(values: list[Values]) -> Iterator[Values]:
    """Of all schools, where there are several."""
    for column in dict.fromkeys(each.column for each in values if each.school):
        yield sum((each for each in values if each.column == column), Values("", column))


def _tell(found: list[Share]) -> None:
    print("| file | what | median of the mornings with any | largest | of |\n|---|---|---|---|---|")
    for key in sorted({(each.file, each.what) for each in found}):
        every = sorted((each for each in found if (each.file, each.what) == key), key=lambda each: each.share)
        some = [each for each in every if each.count]
        if some:
            middle, most = some[len(some) // 2], some[-1]
            print(f"| {key[0]} | {key[1]} | {middle.share:.1%} | {most.share:.1%} ({most.count:,}) | {most.of:,} |")


if __name__ == "__main__":
    main()
