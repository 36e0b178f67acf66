"""The way out, as plain functions: freeze a view's rows, check the set, render the files, give them to the vendor."""

import csv
import datetime as dt
import getpass
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from pipeline import checks, dialect, inbound, manifests, settings, sftp, sql, storage, warehouse
from pipeline.deliveries import Delivery, LandedCopy, ViewFile
from pipeline.errors import ConfigurationError, OnHold, WarehouseError
from pipeline.feeds import FEEDS, Feed, of_table
from pipeline.progress import Made
from pipeline.sftp import Progress
from pipeline.targets import LandedTarget, ObjectTarget, PreparedTarget, ReceiptTarget, TableTarget
from pipeline.vendors import VENDORS

# Frozen rows are kept for comparison and questions, then BigQuery drops them: they are personal data.
SNAPSHOT_DAYS = 14
# So many files of a delivery are asked about, or extracted and written, at the same time.
AT_ONCE = 3


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


def snapshot_target(delivery: Delivery, file: ViewFile, date: dt.date) -> TableTarget:
    """The frozen rows, labelled with the fingerprints of every table they come from and of the SQL.

    Another set of inputs makes another table, so that a correction can be compared with what it corrects.
    """
    prints = {feed.name.lower(): inbound.table_fingerprint(feed, date) for feed in feeds_below(file.view)}
    labels = {"as_of": date.isoformat(), "sql": sql.fingerprint(file.view), **prints}
    stem = re.sub(r"\W+", "_", file.name.rpartition(".")[0])
    table = f"{delivery.name}__{stem}__{delivery.period(date):%Y%m%d}_{manifests.fingerprint(labels)[:8]}"
    return TableTarget("deliveries", table, labels if all(prints.values()) else {})


def freeze(delivery: Delivery, file: ViewFile, date: dt.date) -> Made:
    """Freeze the view's rows for this delivery."""
    target = snapshot_target(delivery, file, date)
    rows = warehouse.freeze(
        f"SELECT * FROM `{file.view}`",  # noqa: S608  (the view's own column list is the contract)
        target.dataset,
        target.table,
        target.expected,
        SNAPSHOT_DAYS,
    )
    return Made(rows)


# ------------------------------------------------------------------------------------------------------- verdicts


def fingerprint(delivery: Delivery, date: dt.date) -> str:
    """What the delivery would be made of now: every file's frozen rows or landed bytes, and how it is written."""
    frozen = [(repr(file), snapshot_target(delivery, file, date).expected) for file in delivery.view_files]
    copies = [(repr(copy), PreparedTarget(FEEDS[copy.feed], date).parts()) for copy in delivery.copies]
    return manifests.fingerprint(frozen, copies)


def verdict_target(delivery: Delivery, date: dt.date) -> ObjectTarget:
    """The verdict on exactly this set: that it may go."""
    name = f"deliveries/{delivery.period(date)}/{delivery.name}/verdict.json"
    return ObjectTarget(name, {"fingerprint": fingerprint(delivery, date), "may_go": "yes"})


def check(delivery: Delivery, date: dt.date) -> Made:
    """Compute every check of the set and store the verdict. Raises OnHold, when one did not pass."""
    before = storage.read_json(ReceiptTarget(delivery, date, "").latest_name) or {}

    def of(file: ViewFile) -> list[checks.Check]:
        frozen = snapshot_target(delivery, file, date).table
        last = before.get("snapshots", {}).get(file.name)
        if last and not warehouse.find("deliveries", last).there:
            return [*checks.of_file(file, frozen, None), checks.nothing_to_compare(file)]
        return checks.of_file(file, frozen, last)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [each for found in pool.map(of, delivery.view_files) for each in found]
    failed = [each for each in done if not each.passed]
    _store_verdict(delivery, date, {"checks": [each.as_json() for each in done]}, may_go=not failed)
    if failed:
        raise OnHold(
            f"{delivery.name} for {delivery.period(date)} is on hold: " + "; ".join(str(each) for each in failed),
            expected="every check passed; nothing of it was sent",
            next_step="look at the numbers; if they are right: "
            f'python -m pipeline release {delivery.name} --date {date} --reason "..."',
        )
    return Made(words=f"{len(done)} checks passed" if done else "files as landed; their contracts are kept")


def _store_verdict(delivery: Delivery, date: dt.date, content: dict[str, Any], *, may_go: bool) -> None:
    target = verdict_target(delivery, date)
    metadata = {**target.expected, "may_go": "yes" if may_go else "no"}
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    storage.store_json(target.name, {**metadata, **content, "at": moment}, metadata, over=target.found())


def release(delivery: Delivery, date: dt.date, reason: str) -> list[str]:
    """Let a held delivery go, as it is now and in no other form; returns what was looked away from.

    Raises OnHold when the data changed since it was put on hold, ConfigurationError when it is not on hold.
    """
    target = verdict_target(delivery, date)
    held = storage.read_json(target.name)
    if held is None or held["may_go"] == "yes":
        raise ConfigurationError(
            f"{delivery.name} is not on hold for {delivery.period(date)}",
            expected="a delivery on hold (exit code 40)",
            next_step=f"look at `python -m pipeline status --date {date}`",
        )
    if held["fingerprint"] != target.expected["fingerprint"]:
        raise OnHold(
            f"the data of {delivery.name} changed since it was put on hold",
            expected="a release of exactly what was looked at",
            next_step="run the morning again, look at the new numbers, then release",
        )
    _store_verdict(
        delivery,
        date,
        {"checks": held["checks"], "released_by": getpass.getuser(), "reason": reason},
        may_go=True,
    )
    return [f"{each['file']}: {each['name']} is {each['found']:g}" for each in held["checks"] if not each["passed"]]


# ------------------------------------------------------------------------------------------------------- delivery


def receipt_target(delivery: Delivery, date: dt.date) -> ReceiptTarget:
    """The receipt of the delivery as it would be made now."""
    return ReceiptTarget(delivery, delivery.period(date), fingerprint(delivery, date))


def deliver(delivery: Delivery, date: dt.date, progress: Progress) -> Made:
    """Render the files, give them to the vendor unless the receipt says it has these bytes, then write the receipt."""
    target = receipt_target(delivery, date)
    outbox = settings.load().district.landing / "outbox" / delivery.name
    manifests.folder(outbox)
    files = {file.name: outbox / file.name for file in delivery.files}

    def rendered(file: ViewFile | LandedCopy) -> dict[str, int | str]:
        return _facts(_render(delivery, file, date, files[file.name]), files[file.name])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        facts = dict(zip(files, pool.map(rendered, delivery.files), strict=True))
    before = storage.read_json(target.name) or _copied_receipt(target)
    sent = before.get("files") != facts
    receipt = {
        **before,
        "delivery": delivery.name,
        "vendor": delivery.vendor,
        "folder": delivery.folder,
        "period": target.period.isoformat(),
        "as_of": date.isoformat(),
        "fingerprint": target.fingerprint,
        "snapshots": {file.name: snapshot_target(delivery, file, date).table for file in delivery.view_files},
        "files": facts,
    }
    if sent:
        given = sftp.push(VENDORS[delivery.vendor], delivery.folder, files, progress)
        receipt |= {"host_key": given.host_key, "sent_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    _store_receipt(target, receipt)
    shutil.rmtree(outbox)
    where = f"{len(files)} files to {delivery.vendor}:{delivery.folder}"
    rows, size = (sum(int(each[fact]) for each in facts.values()) for fact in ("rows", "bytes"))
    return Made(rows, size, where if sent else f"{where} unchanged, not sent again")


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


def _render(delivery: Delivery, file: ViewFile | LandedCopy, date: dt.date, to: Path) -> int:
    """Make the file as the vendor gets it; returns its rows."""
    if isinstance(file, LandedCopy):
        return _copy(FEEDS[file.feed], date, to)
    table = snapshot_target(delivery, file, date).table
    name = f"extracts/{table}.csv"
    extracted = to.with_name(f".{to.name}.extract")
    warehouse.extract("deliveries", table, storage.uri(name))
    storage.fetch(name, extracted)
    storage.remove(name)
    rows = _sorted(extracted, file)
    extracted.unlink()
    with manifests.written(to) as draft, draft.open("wb") as out:
        dialect.write_header(rows.column_names, out, file.dialect)
        dialect.write(rows, out, file.dialect)
    return int(rows.num_rows)


def _copy(feed: Feed, date: dt.date, to: Path) -> int:
    """The landed bytes of a feed of one part (of several parts there is no one file to send); returns the rows."""
    landed, prepared = LandedTarget(feed, feed.sources[0].name, date), PreparedTarget(feed, date).manifest()
    manifest = landed.manifest()
    if manifest is None or prepared is None:
        raise WarehouseError(f"no landed copy of {feed.name}", expected="one, whole", next_step="run again")
    with manifests.written(to) as draft:
        shutil.copyfile(landed.folder / str(manifest["name"]), draft)
    return int(prepared["rows"])


def _sorted(extracted: Path, file: ViewFile) -> pa.Table:
    """The extracted rows in the order of their key, all columns strings.

    BigQuery promises no order of rows in an extract; a stated one makes equal rows equal bytes.
    """
    with extracted.open(encoding="utf-8", newline="") as head:
        names = next(csv.reader(head))
    rows: pa.Table = pyarrow.csv.read_csv(
        dialect.Blocks(extracted),
        parse_options=_PARSING,
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    keys = [*file.key, *(name for name in names if name not in file.key)]
    return rows.sort_by([(name, "ascending") for name in keys])


_PARSING = pyarrow.csv.ParseOptions(newlines_in_values=True)
