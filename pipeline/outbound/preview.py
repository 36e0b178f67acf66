"""What a delivery would be with the SQL of now, before any of it is deployed: whom it would add, drop and change.

The views of the delivery's files, and all that they read, are made aside, in a dataset of this one preview; they read
the tables where they are. Their rows are frozen there, checked, and compared with the last accepted set as those of
a morning are. Nothing that a run looks at is written, and the dataset is removed at the end.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.catalogue import checking, sql
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, WarehouseError
from pipeline.outbound import diff, evidence, inspection, snapshots
from pipeline.outbound.checks import Check
from pipeline.outbound.inspection import Looked
from pipeline.outbound.snapshots import qualified
from pipeline.outside.cloud import aside, storage, texts, warehouse
from pipeline.outside.cloud.evidence import TableTarget

# The line that BigQuery names: "Unrecognized name: gone at [3:15]".
_LINE = re.compile(r"\[(\d+):\d+\]")


@dataclass(frozen=True)
class Preview:
    """What was found. `views` are those whose text is another one than is deployed, and what is; `as_of` the dates of
    the tables that they read; `columns` what each file of the last accepted set had."""

    delivery: Delivery
    date: dt.date
    looked: list[Looked]
    views: dict[str, str]
    as_of: dict[str, dt.date | None]
    columns: dict[str, tuple[str, ...]]

    @property
    def failed(self) -> list[Check]:
        """The checks that would hold it."""
        return [each for looked in self.looked for each in looked.failed]


@contextmanager
def made(delivery: Delivery, date: dt.date) -> Iterator[Preview]:
    """The delivery's files of views as they would be now; their rows are there until the end. Raises ConfigurationError
    for a view that is wrong, by file and line; WarehouseError."""
    _refuse_wrong(delivery)
    views = list(dict.fromkeys(view for file in delivery.view_files for view in sql.order(file.view)))
    as_of = {name: _as_of(name) for view in views for name in sql.reads(view) if name not in views}
    different = {view: told for view in views if (told := _differs(view))}
    receipt = storage.read_json(evidence.latest_name(delivery.name)) or {}
    columns = {name: tuple(told["columns"]) for name, told in receipt.get("contents", {}).items()}
    with aside.dataset("preview", restricted=any(map(snapshots.restricted, delivery.view_files))) as dataset:
        places = {view: f"{dataset}.{view.replace('.', '__')}" for view in views}
        for view in views:  # one after the other: each reads those before it
            _about(view, lambda view=view: _deploy(view, places), by_line=True)  # type: ignore[misc]
        with ThreadPoolExecutor(inspection.AT_ONCE) as pool:
            frozen = dict(pool.map(lambda file: _freeze(file, places[file.view], dataset, date), delivery.view_files))
        rows = {name: rows for name, (rows, _) in frozen.items()}
        keyed = {name: keyed for name, (_, keyed) in frozen.items()}
        looked = inspection.of_views(delivery, date, {**places, **rows}, keyed)
        yield Preview(delivery, date, looked, different, as_of, columns)


def _refuse_wrong(delivery: Delivery) -> None:
    if not delivery.view_files:
        raise ConfigurationError(
            f"no file of {delivery.name} is made of a view",
            expected="a delivery of views",
            next_step="name another one: what landed goes on as it came",
        )
    if wrong := checking.wrong_below(file.view for file in delivery.view_files):
        first, *more = wrong
        also = f"; and {len(more)} more: `morning check` tells them" if more else ""
        raise ConfigurationError(f"{first.found}{also}", expected=first.expected, next_step=first.next_step)


def _as_of(table: str) -> dt.date | None:
    """The date of what the table holds; None while it is being replaced. Raises WarehouseError when there is none."""
    dataset, _, name = table.partition(".")
    if not warehouse.find(dataset, name).there:
        raise WarehouseError(
            f"no table {table}",
            expected="all tables that the delivery's views read, loaded",
            next_step="run a morning first; of a feed that is new, its `LoadedTable` is enough",
        )
    return TableTarget(dataset, name, {}).as_of()


def _differs(view: str) -> str:
    """How the view's text differs from what is deployed; '' when it does not."""
    dataset, _, name = view.partition(".")
    deployed = texts.of(dataset, name)
    if deployed is None:
        return "is not deployed yet"
    return "" if deployed == sql.text(view) else "is another one than the deployed one"


# ---------------------------------------------------------------------------------------------------------- aside


def _deploy(view: str, places: Mapping[str, str]) -> None:
    dataset, _, name = places[view].partition(".")
    texts.deploy(dataset, name, sql.elsewhere(view, places))


def _freeze(file: ViewFile, view: str, dataset: str, date: dt.date) -> tuple[str, tuple[str, str]]:
    """The file's name, and the tables of its rows and of what they are compared by."""
    labels, table = {"as_of": date.isoformat()}, re.sub(r"\W+", "_", file.name)
    keyed = TableTarget(dataset, table, labels)
    rows = TableTarget(dataset + warehouse.RESTRICTED, table, labels) if snapshots.restricted(file) else keyed
    if rows is not keyed:
        _about(file.view, lambda: snapshots.keep_comparable(file, view, keyed, aside.DAYS))
    _about(file.view, lambda: snapshots.keep_rows(view, rows, aside.DAYS))
    return file.name, (qualified(rows), qualified(keyed))


def _about(view: str, act: Callable[[], object], by_line: bool = False) -> None:
    """What the warehouse says against it is told of the view's file; `by_line`, where the lines that it names are the
    file's."""
    try:
        act()
    except WarehouseError as error:
        line = _LINE.search(error.found) if by_line else None
        at = Where(sql.file(view), int(line[1])) if line else sql.file(view)
        raise WarehouseError(f"{at}: {error.found}", expected=error.expected, next_step=error.next_step) from None


# ----------------------------------------------------------------------------------------------------------- told


def lines(found: Preview, *, rows: bool) -> Iterator[str]:
    """The text, line by line. Raises WarehouseError."""
    yield f"{found.delivery.name} as the SQL of now would make it; nothing was deployed, and nothing is sent"
    yield from (f"{sql.file(view)}: {words}" for view, words in found.views.items())
    if not found.views:
        yield "its views are those that are deployed"
    yield from _dates(found)
    yield ""
    files = [(each.file, each.facts) for each in found.looked if isinstance(each.file, ViewFile)]
    yield from diff.counts(files)
    for file, facts in files:
        yield from _columns(file.name, facts["columns"], found.columns.get(file.name))
    yield ""
    if found.failed:
        yield "it would be on hold:"
        yield from (f"  {words}" for each in found.looked for words in each.words)
        yield from (f"  {check}" for check in found.failed)
    else:
        yield f"all {sum(len(each.checks) for each in found.looked)} checks pass: it might go"
    if rows:
        yield from diff.keys(files)


def _dates(found: Preview) -> Iterator[str]:
    """What the tables hold, where it is not the date that was asked for."""
    other: dict[str, list[str]] = {}
    for table, date in found.as_of.items():
        if date != found.date:
            other.setdefault(f"{date}" if date else "what is being replaced just now", []).append(table)
    yield from (f"of {date}: {', '.join(sorted(tables))}" for date, tables in sorted(other.items()))


def _columns(file: str, now: tuple[str, ...], last: tuple[str, ...] | None) -> Iterator[str]:
    """The columns that come and go."""
    if last is None:
        return
    for words, some, others in (("a new column", now, last), ("a column less", last, now)):
        if names := [name for name in some if name not in others]:
            yield f"{file}: {words}: {', '.join(names)}"
