"""The way out, as plain functions: freeze a view's rows; what a set is made of now, and what is evidence of it."""

import datetime as dt
import hashlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from pipeline import agreements, catalogue, columns, connections, inbound, lastgood, manifests, settings, sql, warehouse
from pipeline.errors import ConfigurationError
from pipeline.feeds import Feed, of_table
from pipeline.progress import Made
from pipeline.sets import Delivery, ViewFile
from pipeline.targets import ObjectTarget, PreparedTarget, ReceiptTarget, TableTarget

# Frozen rows are kept for comparison and questions, then BigQuery drops them: they are personal data.
SNAPSHOT_DAYS = 14
# What is made of tables with restricted access stays no longer than until the next morning.
RESTRICTED_DAYS = 1
# The code that says of a set whether it may go.
JUDGES = tuple(
    Path(__file__).with_name(f"{name}.py")
    for name in ("inspection", "checks", "churn", "columns", "garbled", "holders", "limits", "references")
)


# ---------------------------------------------------------------------------------------------------- snapshots


def feeds_below(view: str) -> tuple[Feed, ...]:
    """The feeds whose tables the view reads, itself or by other views. Raises ConfigurationError."""
    found = {name: of_table(name) for name in sql.tables_below(view)}
    if unknown := [name for name, feed in found.items() if feed is None]:
        raise ConfigurationError(
            f"the view {view} reads {', '.join(unknown)}",
            expected="tables that a feed fills (the catalogue's feeds.py), or views (its sql/)",
            next_step="correct the view's text, or add the feed",
        )
    return tuple(feed for feed in found.values() if feed)


def restricted(file: ViewFile) -> bool:
    """Whether its view reads, itself or by other views, a table with restricted access."""
    return any(map(warehouse.restricted, sql.tables_below(file.view)))


def snapshot_target(delivery: Delivery, file: ViewFile, date: dt.date) -> TableTarget:
    """The frozen rows, labelled with the fingerprints of every table they come from and of the SQL.

    Another set of inputs makes another table, so that a correction can be compared with what it corrects. Those of a
    restricted file lie apart and expire within a day; when they are wanted after that, they are frozen again.
    """
    prints = {feed.name.lower(): inbound.table_fingerprint(feed, date) for feed in feeds_below(file.view)}
    labels = {"as_of": date.isoformat(), "sql": sql.fingerprint(file.view), **prints}
    stem = re.sub(r"\W+", "_", file.name.rpartition(".")[0])
    table = f"{delivery.name}__{stem}__{delivery.period(date):%Y%m%d}_{manifests.fingerprint(labels)[:8]}"
    dataset = "deliveries" + (warehouse.RESTRICTED if restricted(file) else "")
    return TableTarget(dataset, table, labels if all(prints.values()) else {})


def compared_target(delivery: Delivery, file: ViewFile, date: dt.date) -> TableTarget:
    """What the next delivery is compared with: the frozen rows themselves, or of a restricted file what may be kept."""
    return replace(snapshot_target(delivery, file, date), dataset="deliveries")


def qualified(target: TableTarget) -> str:
    """`dataset.table`."""
    return f"{target.dataset}.{target.table}"


def freeze(delivery: Delivery, file: ViewFile, date: dt.date) -> Made:
    """Freeze the view's rows for this delivery; of a restricted file its keys (and what else may be kept) first: the
    rows are the evidence."""
    target = snapshot_target(delivery, file, date)
    if not restricted(file):
        return Made(_frozen("*", file, target, SNAPSHOT_DAYS))  # the view's own column list is the contract
    _frozen(
        ", ".join(f"`{column}`" for column in file.comparable),
        file,
        compared_target(delivery, file, date),
        SNAPSHOT_DAYS,
    )
    return Made(_frozen("*", file, target, RESTRICTED_DAYS))


def _frozen(columns: str, file: ViewFile, to: TableTarget, days: int) -> int:
    query = f"SELECT {columns} FROM `{file.view}`"  # noqa: S608  (names out of our own catalogue)
    return warehouse.freeze(query, to.dataset, to.table, to.expected, days)


# ------------------------------------------------------------------------------------------------ a set as it is now


def folder(delivery: Delivery) -> str:
    """Where the delivery goes on its vendor's server."""
    return connections.folder(catalogue.vendors()[delivery.vendor], delivery.folder)


def outbox() -> Path:
    """Where files are rendered and trails are kept."""
    return settings.load().district.landing / "outbox"


def trail_path(delivery: str) -> Path:
    """Where the delivery's trail is, while a set is on its way."""
    return outbox() / f"{delivery}.json"


def address(delivery: Delivery) -> dict[str, str]:
    """To whom the delivery goes, and where: vendor, our account on its server, folder there."""
    account = settings.load().account(delivery.vendor)
    server = f"{account.user}@{account.host}:{account.port}"
    return {"vendor": delivery.vendor, "server": server, "folder": folder(delivery)}


def fingerprint(delivery: Delivery, date: dt.date) -> str:
    """What the delivery would be now: every file's frozen rows or landed bytes, how it is written, the limits of its
    row and those of every column, the code that judges it, what its vendor's agreement lists of it and until when, and
    where it goes."""
    frozen = [(repr(file), snapshot_target(delivery, file, date).expected) for file in delivery.view_files]
    held = {copy: lastgood.date_of(catalogue.feeds()[copy.feed], date) for copy in delivery.copies}
    copies = [(repr(copy), PreparedTarget(catalogue.feeds()[copy.feed], day).parts()) for copy, day in held.items()]
    terms = agreements.terms(delivery.vendor, [file.name for file in delivery.files])
    return manifests.fingerprint(frozen, copies, terms, address(delivery), repr(columns.USUAL), _code(JUDGES))


@cache
def _code(modules: tuple[Path, ...]) -> str:
    """Changes when the text of one of them does: a verdict that another check gave says nothing of this one."""
    return manifests.fingerprint([hashlib.sha256(module.read_bytes()).hexdigest() for module in modules])


def verdict_name(delivery: Delivery, date: dt.date) -> str:
    """The object that holds the verdict of the period."""
    return f"deliveries/{delivery.period(date)}/{delivery.name}/verdict.json"


def receipt_target(delivery: Delivery, date: dt.date) -> ReceiptTarget:
    """The receipt of the delivery as it would be made now."""
    where = manifests.fingerprint(address(delivery))
    return ReceiptTarget(delivery, delivery.period(date), fingerprint(delivery, date), where)


def verdict_target(delivery: Delivery, date: dt.date) -> ObjectTarget:
    """The verdict on exactly this set: that it may go."""
    return ObjectTarget(verdict_name(delivery, date), {"fingerprint": fingerprint(delivery, date), "may_go": "yes"})
