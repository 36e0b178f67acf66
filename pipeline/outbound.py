"""The way out, as plain functions: freeze a view's rows, render the set's files, give them to the vendor."""

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import (
    agreements,
    border,
    connections,
    inbound,
    lastgood,
    manifests,
    pushing,
    receipts,
    rendering,
    settings,
    sftp,
    sql,
    storage,
    warehouse,
)
from pipeline.deliveries import DELIVERIES
from pipeline.errors import ConfigurationError, PipelineError, VendorError
from pipeline.feeds import FEEDS, Feed, of_table
from pipeline.patience import Turns
from pipeline.progress import Made
from pipeline.sets import Delivery, LandedCopy, ViewFile
from pipeline.sftp import Progress
from pipeline.targets import ObjectTarget, PreparedTarget, ReceiptTarget, TableTarget
from pipeline.vendors import VENDORS

# Frozen rows are kept for comparison and questions, then BigQuery drops them: they are personal data.
SNAPSHOT_DAYS = 14
# What is made of tables with restricted access stays no longer than until the next morning.
RESTRICTED_DAYS = 1
# So many files of a delivery are asked about, or extracted and written, at the same time.
AT_ONCE = 3
# Of a delivery one push is on its way at a time.
_turns = Turns()


# ---------------------------------------------------------------------------------------------------- snapshots


def feeds_below(view: str) -> tuple[Feed, ...]:
    """The feeds whose tables the view reads, itself or by other views. Raises ConfigurationError."""
    found = {name: of_table(name) for name in sql.tables_below(view)}
    if unknown := [name for name, feed in found.items() if feed is None]:
        raise ConfigurationError(
            f"the view {view} reads {', '.join(unknown)}",
            expected="tables that a feed fills (pipeline/feeds.py), or views (pipeline/sql)",
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
    """What the next delivery is compared with: the frozen rows themselves, or of a restricted file their keys."""
    return replace(snapshot_target(delivery, file, date), dataset="deliveries")


def qualified(target: TableTarget) -> str:
    """`dataset.table`."""
    return f"{target.dataset}.{target.table}"


def freeze(delivery: Delivery, file: ViewFile, date: dt.date) -> Made:
    """Freeze the view's rows for this delivery; of a restricted file its keys first: the rows are the evidence."""
    target = snapshot_target(delivery, file, date)
    if not restricted(file):
        return Made(_frozen("*", file, target, SNAPSHOT_DAYS))  # the view's own column list is the contract
    _frozen(", ".join(f"`{key}`" for key in file.key), file, compared_target(delivery, file, date), SNAPSHOT_DAYS)
    return Made(_frozen("*", file, target, RESTRICTED_DAYS))


def _frozen(columns: str, file: ViewFile, to: TableTarget, days: int) -> int:
    query = f"SELECT {columns} FROM `{file.view}`"  # noqa: S608  (names out of our own catalogue)
    return warehouse.freeze(query, to.dataset, to.table, to.expected, days)


# ------------------------------------------------------------------------------------------------------- verdicts


def fingerprint(delivery: Delivery, date: dt.date) -> str:
    """What the delivery would be made of now: every file's frozen rows or landed bytes, and how it is written."""
    frozen = [(repr(file), snapshot_target(delivery, file, date).expected) for file in delivery.view_files]
    held = {copy: lastgood.date_of(FEEDS[copy.feed], date) for copy in delivery.copies}
    copies = [(repr(copy), PreparedTarget(FEEDS[copy.feed], day).parts()) for copy, day in held.items()]
    return manifests.fingerprint(frozen, copies)


def verdict_name(delivery: Delivery, date: dt.date) -> str:
    """The object that holds the verdict of the period."""
    return f"deliveries/{delivery.period(date)}/{delivery.name}/verdict.json"


def verdict_target(delivery: Delivery, date: dt.date) -> ObjectTarget:
    """The verdict on exactly this set: that it may go."""
    return ObjectTarget(verdict_name(delivery, date), {"fingerprint": fingerprint(delivery, date), "may_go": "yes"})


# ------------------------------------------------------------------------------------------------------- delivery


def receipt_target(delivery: Delivery, date: dt.date) -> ReceiptTarget:
    """The receipt of the delivery as it would be made now."""
    return ReceiptTarget(delivery, delivery.period(date), fingerprint(delivery, date))


def folder(delivery: Delivery) -> str:
    """Where the delivery goes on its vendor's server."""
    return connections.folder(VENDORS[delivery.vendor], delivery.folder)


def outbox() -> Path:
    """Where files are rendered and trails are kept."""
    return settings.load().district.landing / "outbox"


def deliver(delivery: Delivery, date: dt.date, progress: Progress) -> Made:
    """Render the files, give them to the vendor unless the receipt says it has these bytes, then write the receipt."""
    own = manifests.folder(outbox() / delivery.name)
    with _turns.of(delivery.name):  # an interrupted push of it is completed first
        try:
            return _deliver(delivery, date, {file.name: own / file.name for file in delivery.files}, progress)
        finally:
            shutil.rmtree(own)  # after a failure too: the files are people's data, and are rendered again


def _deliver(delivery: Delivery, date: dt.date, files: dict[str, Path], progress: Progress) -> Made:
    target = receipt_target(delivery, date)

    def rendered(file: ViewFile | LandedCopy) -> dict[str, int | str]:
        to = files[file.name]
        if isinstance(file, LandedCopy):
            rows = rendering.as_landed(FEEDS[file.feed], date, to)
        else:
            rows = rendering.of_view(file, snapshot_target(delivery, file, date), to)
        return _facts(rows, to)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        facts = dict(zip(files, pool.map(rendered, delivery.files), strict=True))
    before = storage.read_json(target.name) or _copied_receipt(target)
    sent = before.get("files") != facts
    receipt = {
        **before,
        "delivery": delivery.name,
        "vendor": delivery.vendor,
        "folder": folder(delivery),
        "period": target.period.isoformat(),
        "as_of": date.isoformat(),
        "fingerprint": target.fingerprint,
        "snapshots": {file.name: qualified(compared_target(delivery, file, date)) for file in delivery.view_files},
        "files": facts,
        **_looked_at(delivery, date),
    }
    if sent:
        trail = _trail({**receipt, "run": receipts.run(), **agreements.told(delivery.vendor)})
        with border.around(f"{delivery.vendor}:{folder(delivery)}", "sending files there", VendorError):
            given = sftp.push(VENDORS[delivery.vendor], delivery.folder, files, progress, trail)
        _received(target, trail, given)
    else:
        _store_receipt(target, receipt)
    where = f"{len(files)} files to {delivery.vendor}:{folder(delivery)}"
    rows, size = (sum(int(each[fact]) for each in facts.values()) for fact in ("rows", "bytes"))
    return Made(rows, size, where if sent else f"{where} unchanged, not sent again")


def _trail(receipt: dict[str, Any]) -> pushing.Trail:
    """Of this push. An interrupted one of the same set is gone on with, and was sent when it was: it is one receipt."""
    path = outbox() / f"{receipt['delivery']}.json"
    of = manifests.fingerprint(receipt["period"], receipt["fingerprint"], receipt["files"])
    left = pushing.Trail.left(path)
    if left and left.of == of:
        return left
    return pushing.Trail(path, of, {**receipt, "sent_at": manifests.now()})


def _received(target: ReceiptTarget, trail: pushing.Trail, given: sftp.Delivered) -> None:
    """The vendor has the set: the receipt says so, and the trail ends."""
    receipt = {**trail.receipt, "host_key": given.host_key}
    receipts.keep(receipt)
    _store_receipt(target, receipt)
    trail.end()


def finish_interrupted() -> Iterator[str | PipelineError]:
    """Complete the sets that a killed run left half-way at a vendor, and name them; those that need our files stay.

    It needs nothing of today, so that a vendor gets its whole set also when today's is late, or on hold. What stands
    against one comes as its error, and the next one is completed all the same.
    """
    for path in sorted(outbox().glob("*.json")):
        try:
            with (
                _turns.of(path.stem),
                border.around(f"the interrupted push of {path.stem}", "completing it", VendorError),
            ):
                done = _finished(path)
        except PipelineError as error:
            yield error
        else:
            yield from [done] if done else []


def _finished(path: Path) -> str:
    """The set that is complete now; nothing when there is none, or it needs our files."""
    trail = pushing.Trail.left(path)
    if trail is None:
        return ""
    delivery = DELIVERIES.get(str(trail.receipt["delivery"]))
    if delivery is None or trail.receipt["vendor"] not in VENDORS:
        raise ConfigurationError(
            f"{path} tells of an interrupted push of {trail.receipt['delivery']} to {trail.receipt['vendor']}",
            expected="both in pipeline/deliveries.py and pipeline/vendors.py",
            next_step="give the row its old name for one run, so that the set is completed and has its receipt; or, if "
            "the vendor shall not have the rest of it, remove that file",
        )
    given = sftp.finish(VENDORS[trail.receipt["vendor"]], trail.receipt["folder"], trail)
    if given is None:
        return ""
    period = dt.date.fromisoformat(trail.receipt["period"])
    _received(ReceiptTarget(delivery, period, trail.receipt["fingerprint"]), trail, given)
    shutil.rmtree(path.with_suffix(""), ignore_errors=True)  # the files that the killed run had rendered
    return f"{delivery.name} of {period}"


def _looked_at(delivery: Delivery, date: dt.date) -> dict[str, Any]:
    """Of the verdict on the set: who released it; and of each file what the ledger wants to know."""
    verdict = storage.read_json(verdict_name(delivery, date)) or {}
    looked = verdict.get("files", {})
    contents = {
        file.name: receipts.of_view(file, qualified(compared_target(delivery, file, date)), looked.get(file.name, {}))
        for file in delivery.view_files
    }
    contents |= {copy.name: receipts.of_copy(copy, date) for copy in delivery.copies}
    return {"released": verdict.get("released"), "contents": contents, "older_inputs": _older_inputs(delivery, date)}


def _older_inputs(delivery: Delivery, date: dt.date) -> dict[str, str]:
    """The feeds of which another date's file stands for the morning's, and that date."""
    feeds = [*delivery.copied, *(feed for file in delivery.view_files for feed in feeds_below(file.view))]
    held = {feed.name: lastgood.date_of(feed, date) for feed in feeds}
    return {name: day.isoformat() for name, day in held.items() if day != date}


def _facts(rows: int, file: Path) -> dict[str, int | str]:
    return {"rows": rows, "bytes": file.stat().st_size, "sha256": manifests.sha256(file)}


def _copied_receipt(target: ReceiptTarget) -> dict[str, Any]:
    """What is known of a receipt that somebody deleted: its copy, when that is of the same period."""
    copy = storage.read_json(target.latest_name) or {}
    return copy if copy.get("period") == target.period.isoformat() else {}


def _store_receipt(target: ReceiptTarget, receipt: dict[str, Any]) -> None:
    """The receipt, and its copy as the delivery's latest, unless a later one has gone out."""
    metadata = {key: str(receipt[key]) for key in ("fingerprint", "period")}
    storage.store_json(target.name, receipt, metadata, over=storage.find(target.name))
    latest = target.latest()
    if latest is None or latest <= target.period:
        storage.store_json(target.latest_name, receipt, metadata, over=storage.find(target.latest_name))
