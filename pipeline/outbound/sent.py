"""What exactly a vendor was sent on a day: each push by its receipt, and the bytes for as long as they are kept."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.catalogue.delivery import Delivery
from pipeline.ground import settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import ConfigurationError, nearest
from pipeline.ground.progress import size
from pipeline.outbound import exports, receipts
from pipeline.outside.cloud import storage


def pushes(delivery: Delivery, date: dt.date) -> list[dict[str, Any]]:
    """The receipts of the date's period, oldest first. Raises ConfigurationError when nothing was sent for it."""
    period = delivery.period(date)
    found = storage.list_objects(f"{receipts.FOLDER}/{period}/{delivery.name}/")
    if not found:
        raise ConfigurationError(
            f"nothing of {delivery.name} was sent for {period}",
            expected="a set that was sent",
            next_step=f"look at `{MORNING} status --date {date}`, or name another --date",
        )
    # Two of one second were written one after the other.
    told = [(receipts.read(name), stored.generation) for name, stored in found.items()]
    return [receipt for receipt, _ in sorted(told, key=lambda each: (str(each[0]["sent_at"]), each[1]))]


def lines(delivery: Delivery, date: dt.date, file: str = "") -> Iterator[str]:
    """Each push of the date's period in lines: when, to whom, and its files (or the one) with rows, bytes and digest.

    Raises ConfigurationError, WarehouseError.
    """
    sent, kept = pushes(delivery, date), exports.kept(delivery.name, delivery.period(date))
    _named({"files": {name: facts for receipt in sent for name, facts in receipt["files"].items()}}, file)
    for number, receipt in enumerate(sent, 1):
        yield f"push {number} of {len(sent)}: {_told(receipt)}"
        for name, facts in receipt["files"].items():
            if file in ("", name):
                left = "kept" if (name, facts["sha256"]) in kept else "not kept any more"
                told = f"{facts['rows']:,} rows, {size(facts['bytes'])}, sha256 {facts['sha256']}, {left}"
                yield f"  {name}: {told}"


def _told(receipt: dict[str, Any]) -> str:
    moment = dt.datetime.fromisoformat(receipt["sent_at"]).astimezone(settings.load().district.zone)
    where = f"{receipt['vendor']} ({receipt['server']}, host key {receipt['host_key']}), into {receipt['folder']}"
    told = [f"{moment:%Y-%m-%d %H:%M:%S}, to {where}, by {receipt.get('run', 'by hand')}"]
    if receipt.get("whole") is False:
        told.append("it was interrupted: another set took its place before all its files had come")
    if released := receipt.get("released"):
        told.append(f"{released['by']} had released it: {released['reason']}")
    return "; ".join(told)


def write(delivery: Delivery, date: dt.date, to: Path, file: str = "", push: int | None = None) -> list[Path]:
    """Write the files of a push (the last, unless `push` counts another) as they were sent into the folder `to`.

    Raises ConfigurationError when they are not kept any more, or one would take another file's place; WarehouseError.
    """
    sent = pushes(delivery, date)
    if push is not None and not 1 <= push <= len(sent):
        raise ConfigurationError(
            f"push {push} of {delivery.name} for {delivery.period(date)}",
            expected=f"a number from 1 to {len(sent)}",
            next_step=f"look at `{MORNING} sent {delivery.name} --date {date}`",
        )
    receipt = sent[-1 if push is None else push - 1]
    wanted = {name: receipt["files"][name] for name in _named(receipt, file)}
    if there := [to / name for name in wanted if (to / name).exists()]:
        raise ConfigurationError(
            f"{', '.join(map(str, there))}: there is a file already",
            expected="a folder in which no file is overwritten",
            next_step="name another folder with --to",
        )
    brought = exports.bring(delivery.name, delivery.period(date), wanted, to)
    if brought is None:
        days = settings.load().district.sent_days
        raise ConfigurationError(
            f"not all of {', '.join(wanted)} of {delivery.name} for {delivery.period(date)} is kept any more",
            expected=f"files of the last {days} days ([district] sent_days); those with passwords of today",
            next_step="the receipt still tells rows, bytes and digests: leave --to out",
        )
    return list(brought.values())


def _named(receipt: dict[str, Any], file: str) -> list[str]:
    """The names of the receipt's files, or the one. Raises ConfigurationError when it has none of that name."""
    names = {name: name for name in receipt["files"]}
    return [nearest(names, file, "file")] if file else list(names)
