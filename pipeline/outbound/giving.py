"""The last step: give the set that is kept to the vendor, and write down what it was given.

A push leaves a trail (outside/sftp/trail.py, pushes.py), and the receipt is made of the trail alone: nothing that
happens after the last file has taken its place can make the set forgotten, or given twice.
"""

import datetime as dt
import shutil
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import agreement
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.flows import feeds_below
from pipeline.ground import border, journal, manifests, progress
from pipeline.ground.command import MORNING
from pipeline.ground.errors import ConfigurationError, OnHold, VendorError, WarehouseError
from pipeline.ground.progress import Event, Made
from pipeline.inbound import lastgood
from pipeline.outbound import exports, happened, pushes, receipts, verdicts
from pipeline.outbound.evidence import (
    ReceiptTarget,
    address,
    folder,
    latest_name,
    latest_period,
    outbox,
    receipt_name,
    receipt_target,
    trail_path,
    verdict_name,
)
from pipeline.outbound.exports import Facts
from pipeline.outbound.snapshots import compared_target, qualified
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.leases import Lease
from pipeline.outside.sftp import sftp
from pipeline.outside.sftp.sftp import Progress
from pipeline.outside.sftp.trail import Trail


def deliver(delivery: Delivery, date: dt.date, moved: Progress) -> Made:
    """Give the kept files to the vendor unless the receipt says it has these bytes, then write the receipt.

    Raises OnHold when the set must not go after all, VendorError, WarehouseError; AtWorkElsewhere when another machine
    gives it, and does not come to an end.
    """
    # An interrupted push of it is completed first, and then its folder is removed.
    with pushes.of(delivery.name, pushes.PATIENCE, lambda who: moved(0, 0)) as lease:
        own = manifests.folder(outbox() / delivery.name)
        try:
            storage.look(receipt_name(delivery.name, delivery.period(date)))  # another machine may have given it
            verdicts.refuse_passed(delivery, date)
            _account_for_given(delivery.name, lease)
            return _deliver(delivery, date, own, moved, lease)
        finally:
            # After a failure too: the files are people's data, and are brought again.
            shutil.rmtree(own, ignore_errors=True)


def send_again(delivery: Delivery, date: dt.date, reason: str) -> None:
    """Let the next run send the set once more, though the vendor was given it: the receipt says so until then.

    Raises ConfigurationError when nothing was sent for that period, OnHold when a later set has passed it by,
    AtWorkElsewhere while it is being sent.
    """
    with pushes.of(delivery.name, 0):
        target = receipt_target(delivery, date)
        if not (before := _given(target)):
            raise ConfigurationError(
                f"{delivery.name} was not sent for {target.period}",
                expected="a set that was sent",
                next_step=f"{verdicts.wrapper(delivery)} --date {date}",
            )
        if why := verdicts.passed_by(delivery, date):
            raise OnHold(
                f"{delivery.name} for {target.period} was given, and is not given again: {why}",
                expected="a set that nothing later has passed by",
                next_step=f"send the newest set again, or none; `{MORNING} status` shows it",
            )
        _store_receipt({**before, "slow": True, "wanted_again": reason})


def _account_for_given(delivery: str, lease: Lease) -> None:
    """Write the receipt of a set that was given whole, when a run could not: before it is asked what was given."""
    left = Trail.left(trail_path(delivery), lease)
    if left and left.given():
        received(left)


def _deliver(delivery: Delivery, date: dt.date, own: Path, moved: Progress, lease: Lease) -> Made:
    target = receipt_target(delivery, date)
    where = f"{len(delivery.files)} files to {delivery.vendor}:{folder(delivery)}"
    before = _given(target)
    there = is_there(before, delivery)
    if there and delivery.again == "never-same-day" and not before.get("slow"):
        _store_receipt(before)  # what lags behind it is made again
        return Made(words=f"{where} were given for {target.period}, not sent again")
    facts = exports.facts(delivery, date)
    receipt = _receipt(delivery, date, target, facts)
    if sent := not _has(before, delivery, facts):
        files = _brought(receipt, own)
        again = {**receipt, "once_more": True}
        same = before.get("slow") and before["files"] == facts
        if _give(delivery, date, again if same else receipt, files, moved, lease):
            _give(delivery, date, again, files, moved, lease)
    else:
        _store_receipt({**before, **receipt})
    rows, size = (sum(int(each[fact]) for each in facts.values()) for fact in ("rows", "bytes"))
    return Made(rows, size, where if sent else f"{where} unchanged, not sent again")


def has(delivery: Delivery, target: ReceiptTarget, facts: Facts) -> bool:
    """Whether the receipt says that the vendor was given exactly these files for the period. Raises WarehouseError."""
    return _has(_given(target), delivery, facts)


def _has(receipt: dict[str, Any], delivery: Delivery, facts: Facts) -> bool:
    return receipt.get("files") == facts and is_there(receipt, delivery) and not receipt.get("slow")


def is_there(receipt: Mapping[str, Any], delivery: Delivery) -> bool:
    """Whether the receipt is of the address to which the delivery goes now."""
    return {key: receipt.get(key) for key in address(delivery)} == address(delivery)


def _brought(receipt: dict[str, Any], own: Path) -> dict[str, Path]:
    """The files that the receipt tells of, from the bucket."""
    files = exports.bring(receipt["delivery"], dt.date.fromisoformat(receipt["period"]), receipt["files"], own)
    if files is None:
        raise WarehouseError(
            f"files of {receipt['delivery']} went from the bucket before they were on their way; nothing was given",
            expected="them to stay until the vendor has them",
            next_step="run again: they are written anew; look who else works in the bucket",
        )
    return files


# ------------------------------------------------------------------------------------------------------ given, or not


def _give(
    delivery: Delivery, date: dt.date, receipt: dict[str, Any], files: dict[str, Path], moved: Progress, lease: Lease
) -> bool:
    """Push the set, when it still may go, and write down that it was given; whether it took too long."""

    may_go = partial(verdicts.ask_again, delivery, date, receipt)
    may_go()  # before a byte leaves us, and once more before the first file takes its place
    trail = _trail({**receipt, "run": journal.run(), **agreement.told(delivery.vendor)}, lease)
    with border.around(f"{delivery.vendor}:{folder(delivery)}", "sending files there", VendorError):
        begun = time.monotonic()
        sftp.push(catalogue.vendors()[delivery.vendor], delivery.folder, files, moved, trail, may_go)
    return received(trail, round(time.monotonic() - begun, 1))


def _trail(receipt: dict[str, Any], lease: Lease) -> Trail:
    """Of this push. An interrupted one of the same set is gone on with, and is one receipt; another set's gives way."""
    path = trail_path(receipt["delivery"])
    of = manifests.fingerprint(receipt["period"], receipt["fingerprint"], receipt["files"])
    left = Trail.left(path, lease)
    if left and left.of == of:
        return left
    if left:
        give_way(left)
    return Trail(path, of, receipt, lease)


def give_way(left: Trail) -> None:
    """Another set takes the place of one that was interrupted: what had taken its place has a receipt, then it ends.

    Where its vendor is none of ours any more, what had come whole there counts as given. A file that was half written
    in its place counts, too: nobody knows who of it the vendor has read.
    """
    vendor, stamps = catalogue.vendors().get(left.receipt["vendor"]), left.stamps()
    seen = {name for name, stamp in stamps.items() if stamp}
    placed = sftp.placed(vendor, left.receipt["folder"], left) if vendor else seen | left.placed()
    if given := placed | left.begun():
        receipts.keep({**left.receipt_of([name for name in stamps if name in given]), "whole": placed == set(stamps)})
    left.end()


def received(trail: Trail, seconds: float | None = None) -> bool:
    """The vendor has the set: the receipt says so, and the trail ends. The order is what a kill leaves whole.
    `seconds` is how long the push took, where it was not interrupted.

    Whether the files took their places too slowly for the vendor (`within` of its row), who may have read half a set:
    then the receipt says "slow", and the set is sent once more, by the next run if not by this one.
    """
    receipt = trail.given()
    if receipt is None:
        raise ConfigurationError(
            f"{trail.path} was changed or removed while its set was on its way",
            expected="it to stay until the receipt is written",
            next_step="look who else works in that folder; then run again, which sends the set again",
        )
    trail.still_ours()  # or another machine has it completed, and writes the receipt
    vendor = catalogue.vendors().get(str(receipt["vendor"]))
    slow = vendor is not None and trail.took() > vendor.within and not receipt.get("once_more")
    receipt |= {"slow": True} if slow else {}
    receipts.keep(receipt)
    progress.emit(Event("given", "", receipt["delivery"]))
    _store_receipt(receipt)
    happened.given(receipt, seconds)
    trail.end()
    return slow


# ----------------------------------------------------------------------------------------------------------- receipts


def _receipt(
    delivery: Delivery, date: dt.date, target: ReceiptTarget, facts: dict[str, dict[str, int | str]]
) -> dict[str, Any]:
    """What is known of the set before it goes."""
    return {
        "delivery": delivery.name,
        **address(delivery),
        "period": target.period.isoformat(),
        "as_of": date.isoformat(),
        "fingerprint": target.fingerprint,
        "snapshots": {file.name: qualified(compared_target(delivery, file, date)) for file in delivery.view_files},
        "files": facts,
        **_looked_at(delivery, date),
    }


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


def _given(target: ReceiptTarget) -> dict[str, Any]:
    """The receipt; where somebody deleted it, its copy, when that is of the same period; {} where there is neither."""
    if held := storage.read_json(target.name):
        return held
    copy = storage.read_json(target.latest_name) or {}
    return copy if copy.get("period") == target.period.isoformat() else {}


def _store_receipt(receipt: dict[str, Any]) -> None:
    """The receipt, and its copy as the delivery's latest, unless a later one has gone out."""
    delivery, period = str(receipt["delivery"]), dt.date.fromisoformat(receipt["period"])
    where = manifests.fingerprint({key: receipt[key] for key in ("vendor", "server", "folder")})
    print_ = "" if receipt.get("slow") else str(receipt["fingerprint"])  # to be sent once more is not given
    metadata = {"fingerprint": print_, "period": str(period), "address": where, **receipts.metadata(receipt)}
    name, latest = receipt_name(delivery, period), latest_period(delivery)
    storage.store_json(name, receipt, metadata, over=storage.find(name))
    if latest is None or latest <= period:
        name = latest_name(delivery)
        storage.store_json(name, receipt, metadata, over=storage.find(name))
