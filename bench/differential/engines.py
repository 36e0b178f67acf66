"""Each view, and each statement that checks a delivery, asked of both engines over the same rows.

A view is asked over the rows that Google's engine made of the views below it, on either side: so a difference is its
own. Its text with all views below it in it would take minutes.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from google.api_core.exceptions import GoogleAPIError

from bench.differential import frozen, ugly
from bench.differential.standin import Staged
from pipeline import catalogue
from pipeline.catalogue import schemas, sql
from pipeline.catalogue.checking import analysis
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.ground.errors import StatementRefused
from pipeline.outbound import checks, churn, holders, references, snapshots
from pipeline.outbound.churn import Pair
from pipeline.outside import googlesql

Types = dict[str, str]
Rows = list[tuple[Any, ...]]
# Rows by table (or view) and case.
Cases = dict[str, dict[str, Any]]


@dataclass
class Found:
    """What came of one view or statement: how often both were asked, the rows that Google gave, and in sentences what
    differed."""

    name: str
    asked: int = 0
    rows: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, case: str, names: Sequence[str], google: Rows | str, other: Rows | str, who: str) -> None:
        self.asked += 1
        if isinstance(google, str):  # whatever the other says: rows within the contract have an answer
            self.differences.append(f"{self.name}, {case}: Google has no answer: {google}")
        elif isinstance(other, str):
            self.differences.append(f"{self.name}, {case}: {who} has no answer: {other}")
        else:
            self.rows += len(google)
            if words := difference(names, google, other, who):
                self.differences.append(f"{self.name}, {case}: {words}")


def difference(names: Sequence[str], google: Rows, other: Rows, who: str) -> str:
    """How many rows only one of them gives, and where the first one differs from that which is most like it; '' where
    there are none. The order counts for nothing."""
    here, there = Counter(google), Counter(other)
    only, more = [*(here - there).elements()], [*(there - here).elements()]
    if not only and not more:
        return ""
    words = f"{len(only)} of {len(google)} rows are Google's alone, and {len(more)} of {len(other)} {who}'s"
    if not only or not more:
        return f"{words}; the first: {dict(zip(names, (only or more)[0], strict=True))!r}"
    row = only[0]
    like = max(more, key=lambda each: sum(one == two for one, two in zip(row, each, strict=True)))
    pairs = zip(names, row, like, strict=True)
    return f"{words}; " + ", ".join(f"{name}: Google {a!r}, {who} {b!r}" for name, a, b in pairs if a != b)


def types(name: str) -> Types:
    """The columns of a table or view."""
    if name not in sql.names():
        return schemas.types(name)
    told = analysis.analyzed(name)
    assert told is not None, f"{name} cannot be analyzed: `morning check` says why"
    return told.columns


def in_order(views: Iterable[str]) -> list[str]:
    """The views and all below them, each after those that it reads."""
    wanted = dict.fromkeys(below for view in views for below in sql.views_below(view))
    graph = {view: [name for name in sql.reads(view) if name in wanted] for view in wanted}
    return [*TopologicalSorter(graph).static_order()]


def answer(ask: Callable[[], Rows]) -> Rows | str:
    """The rows, or why there are none."""
    try:
        return ask()
    except StatementRefused as refused:
        return refused.found
    except GoogleAPIError as error:
        return f"{error}".splitlines()[0]


def as_loaded(names: Sequence[str], rows: Rows) -> list[dict[str, Any]]:
    """Rows as a load job takes them."""
    return [
        {name: value if value is None or isinstance(value, bool) else f"{value}" for name, value in each}
        for each in (zip(names, row, strict=True) for row in rows)
    ]


def _plain(row: Iterable[Any]) -> tuple[Any, ...]:
    """The row, an array in it as a tuple of tuples; its order counts for nothing, and none is as an empty one."""
    return tuple(
        tuple(sorted((tuple(e.values()) if isinstance(e, dict) else e for e in each), key=repr)) or None
        if isinstance(each, list)
        else each
        for each in row
    )


@dataclass
class Engines:
    """Both engines, and the rows of so many cases in them."""

    staged: Staged
    cases: list[str]
    rows: Cases
    chance: random.Random

    def google(self, query: googlesql.Query, below: Iterable[str], case: str) -> Rows:
        return [*map(_plain, query.rows({name: self.rows[name][case] for name in below}))]

    def again(self, query: googlesql.Query, below: Iterable[str], case: str) -> Rows:
        """The same of the same rows in another order."""
        rows = {name: ugly.shuffled(self.chance, self.rows[name][case]) for name in below}
        return [*map(_plain, query.rows(rows))]

    def standin(self, query: str) -> Rows:
        return [_plain(row.values()) for row in self.staged.rows(query)]

    def load(self, tables: Iterable[str], columns: Callable[[str], Types]) -> None:
        wanted = [*tables]
        self.staged.load({name: columns(name) for name in wanted}, {name: self.rows[name] for name in wanted})


def views(engines: Engines, wanted: Iterable[str]) -> Iterator[Found]:
    """Every view, on Google's engine with its rows in two orders, and then on the stand-in."""
    every = in_order(wanted)
    engines.load(sorted({table for view in every for table in sql.tables_below(view)}), types)
    found = {view: (Found(view), Found(f"{view}, rows in another order")) for view in every}
    given: dict[tuple[str, str], Rows | str] = {}
    for view in every:
        below = sql.reads(view)
        query = googlesql.Query(sql.text(view), {name: types(name) for name in below})
        engines.rows[view] = {}
        for case in engines.cases:
            rows = given[view, case] = answer(lambda: engines.google(query, below, case))  # noqa: B023  (asked at once)
            other = answer(lambda: engines.again(query, below, case))  # noqa: B023
            found[view][1].add(case, query.names, rows, other, "the other order")
            engines.rows[view][case] = [] if isinstance(rows, str) else as_loaded(query.names, rows)
    engines.load(every, types)
    for case in engines.cases:
        engines.staged.choose(case)
        for view in every:
            rows = answer(lambda: engines.standin(sql.text(view)))  # noqa: B023
            found[view][0].add(case, [*types(view)], given[view, case], rows, "the stand-in")
    for pair in found.values():
        yield from pair


# -------------------------------------------------------------------------------------------------- of a delivery


def place(delivery: Delivery, file: ViewFile, when: str) -> str:
    """Where rows of the file stand, `dataset.table`."""
    return f"deliveries.{delivery.name}__{delivery.files.index(file)}_{when}"


def statements(delivery: Delivery, file: ViewFile) -> dict[str, str]:
    """What is asked of a file's frozen rows, and of those of the set before: by what it is."""
    now, before = place(delivery, file, "now"), place(delivery, file, "before")
    columns = tuple(types(file.view))
    pair = Pair(now, before, file.comparable if snapshots.restricted(file) else columns)
    tables = {each.name: place(delivery, each, "now") for each in delivery.view_files}
    asked = tuple(column for column in pair.columns if column not in file.key)
    found = {
        "checks": holders.query(checks.query(file, tables, columns), file, pair, asked),
        "keys": churn.keys_query(file, pair),
    }
    if wanted := [*references.of(file)]:
        found["references"] = " UNION ALL ".join(map(references.query, wanted))
    return found


def freeze(engines: Engines, delivery: Delivery, chances: Mapping[str, random.Random]) -> dict[str, Types]:
    """Rows of each file of the set, now and before, in every case; returns the columns of their tables."""
    columns: dict[str, Types] = {}
    for file in delivery.view_files:
        now, before = place(delivery, file, "now"), place(delivery, file, "before")
        columns |= dict.fromkeys((now, before), types(file.view))
        engines.rows |= {now: {}, before: {}}
        for case, chance in chances.items():
            rows = frozen.rows(chance, file, columns[now], delivery.view_files)
            engines.rows[now][case] = rows
            engines.rows[before][case] = frozen.keyed(ugly.changed(chance, rows, file.key), file.key)
    engines.load(columns, columns.__getitem__)
    return columns


def deliveries(engines: Engines, wanted: Iterable[Delivery], seed: int) -> Iterator[Found]:
    """Every statement that is asked of a set before it goes, over frozen rows. What else it reads must be there: ask
    `views` first."""
    for delivery in wanted:
        chances = {case: random.Random(f"{seed} {delivery.name} {case}") for case in engines.cases}
        columns = freeze(engines, delivery, chances)
        columns |= {name: types(name) for name in engines.rows if not name.startswith("deliveries.")}
        asked = {
            (file.name, what): statement
            for file in delivery.view_files
            for what, statement in statements(delivery, file).items()
        }
        queries = {which: googlesql.Query(statement, columns) for which, statement in asked.items()}
        found = {which: Found(f"{delivery.name}, {which[0]}, {which[1]}") for which in asked}
        for case in engines.cases:
            engines.staged.choose(case)
            for which, statement in asked.items():
                google = answer(lambda: engines.google(queries[which], columns, case))  # noqa: B023
                other = answer(lambda: engines.standin(statement))  # noqa: B023
                found[which].add(case, queries[which].names, google, other, "the stand-in")
        yield from found.values()


def every_delivery() -> list[Delivery]:
    """Those that are made of views."""
    return [delivery for delivery in catalogue.deliveries().values() if delivery.view_files]
