"""Snapshots: a view's rows, frozen for one delivery, and what tells which inputs they were made of."""

import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pipeline.catalogue import sql
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.flows import feeds_below
from pipeline.ground import manifests
from pipeline.ground.errors import WrittenByAnother
from pipeline.ground.progress import Made
from pipeline.inbound import steps
from pipeline.outbound import views
from pipeline.outside.cloud import helpers, warehouse
from pipeline.outside.cloud.evidence import TableTarget

DATASET = "deliveries"
# Frozen rows are kept for comparison and questions, then BigQuery drops them: they are personal data.
SNAPSHOT_DAYS = 14
# What is made of tables with restricted access stays no longer than until the next morning.
RESTRICTED_DAYS = 1


def restricted(file: ViewFile) -> bool:
    """Whether its view reads, itself or by other views, a table with restricted access."""
    return any(map(warehouse.restricted, sql.tables_below(file.view)))


def dataset(file: ViewFile) -> str:
    """Where its rows are frozen."""
    return DATASET + (warehouse.RESTRICTED if restricted(file) else "")


def snapshot_target(delivery: Delivery, file: ViewFile, date: dt.date) -> TableTarget:
    """The frozen rows, labelled with the fingerprints of every table they come from and of the SQL.

    Another set of inputs makes another table, so that a correction can be compared with what it corrects. Those of a
    restricted file lie apart and expire within a day; when they are wanted after that, they are frozen again.
    """
    prints = {feed.name.lower(): steps.table_fingerprint(feed, date) for feed in feeds_below(file.view)}
    labels = {"as_of": date.isoformat(), "sql": sql.fingerprint(file.view), **prints}
    stem = re.sub(r"\W+", "_", file.name.rpartition(".")[0])
    table = f"{delivery.name}__{stem}__{delivery.period(date):%Y%m%d}_{manifests.fingerprint(labels)[:8]}"
    return TableTarget(dataset(file), table, labels if all(prints.values()) else {})


def compared_target(delivery: Delivery, file: ViewFile, date: dt.date) -> TableTarget:
    """What the next delivery is compared with: the frozen rows themselves, or of a restricted file what may be kept."""
    return replace(snapshot_target(delivery, file, date), dataset=DATASET)


def qualified(target: TableTarget) -> str:
    """`dataset.table`."""
    return f"{target.dataset}.{target.table}"


def freeze(delivery: Delivery, file: ViewFile, date: dt.date) -> Made:
    """Freeze the view's rows for this delivery; of a restricted file its keys (and what else may be kept) beside them.
    The rows say that both are there."""
    target, tables = snapshot_target(delivery, file, date), _tables(file, date)
    refuse_others(tables)
    if not restricted(file):
        return Made(keep_rows(file.view, target, SNAPSHOT_DAYS, once=lambda: refuse_others(tables)))
    with ThreadPoolExecutor(1) as pool:
        keys = pool.submit(keep_comparable, file, file.view, compared_target(delivery, file, date), SNAPSHOT_DAYS)

        def once() -> None:
            keys.result()
            refuse_others(tables)

        return Made(keep_rows(file.view, target, RESTRICTED_DAYS, once=once))


def _tables(file: ViewFile, date: dt.date) -> list[TableTarget]:
    """What the view's tables must hold, where another machine may load them meanwhile: the one that gives out the tasks
    knows of one version of each, and a vendor's correction may have come between the looks of two machines."""
    return [steps.loaded_target(feed, date) for feed in feeds_below(file.view)] if helpers.are_there() else []


def refuse_others(tables: list[TableTarget]) -> None:
    """Asked of the tables themselves: before rows are frozen of them, after it, and of the frozen ones when they have
    come out. Raises WrittenByAnother."""
    with ThreadPoolExecutor(8) as pool:
        others = [
            table for table, is_so in zip(tables, pool.map(TableTarget.exists_now, tables), strict=True) if not is_so
        ]
    if others:
        raise WrittenByAnother(
            f"{others[0].dataset}.{others[0].table} does not hold the rows of which the set was to be made",
            expected="no other machine to load it meanwhile",
            next_step="nothing: who answers for the morning looks once more; if it happens again, run again",
        )


def keep_rows(view: str, to: TableTarget, days: int, once: Callable[[], object] = lambda: None) -> int:
    """Freeze all that the view gives (its own column list is the contract); returns the rows. `once` returns before the
    table says what it holds. Raises WarehouseError."""
    return _frozen("*", view, to, days, once)


def keep_comparable(file: ViewFile, view: str, to: TableTarget, days: int) -> int:
    """Freeze what may be kept of a restricted file. Raises WarehouseError."""
    return _frozen(", ".join(f"`{column}`" for column in file.comparable), view, to, days)


def _frozen(columns: str, view: str, to: TableTarget, days: int, once: Callable[[], object] = lambda: None) -> int:
    query = f"SELECT {columns} FROM `{view}`"  # noqa: S608  (names out of our own catalogue)
    with views.explained(view):
        return warehouse.freeze(query, to.dataset, to.table, to.expected, days, once)
