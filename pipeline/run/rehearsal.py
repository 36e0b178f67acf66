"""What a run that sends nothing shows: what each set would change at its vendor, and its files in a folder of ours.

The files are those that the next run would give, from the same objects of the bucket; nothing counts as given.
"""

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import luigi

from pipeline.chain.tasks import ExportedFile
from pipeline.ground import settings
from pipeline.outbound import diff, evidence, exports, giving, verdicts
from pipeline.run.outcome import tasks_below

# Below the landing area; the purge removes it the next day.
FOLDER = "rehearsal"


def clear(date: dt.date) -> None:
    """Remove what an earlier rehearsal of the date laid there: its sets may be others now. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(_folder(date))


def sets(root: luigi.Task) -> dict[str, list[ExportedFile]]:
    """The files of each set below the root, by the delivery's name."""
    found: dict[str, list[ExportedFile]] = {}
    for task in tasks_below(root):
        if isinstance(task, ExportedFile):
            found.setdefault(task.delivery.name, []).append(task)
    return found


def lines(files: list[ExportedFile], date: dt.date) -> Iterator[str]:
    """Lay the set into its folder, if it would be given, and say what it would change. Raises WarehouseError."""
    delivery = files[0].delivery
    receipt = evidence.receipt_target(delivery, date)
    if receipt.exists():
        yield f"\n{delivery.name}: was given, and would not be given again"
    elif not all(task.complete() for task in files):
        yield f"\n{delivery.name}: is not whole, and would not be given; below is why"
    elif not all(task.output().exists() for task in files):
        yield f"\n{delivery.name}: would not be given any more: {verdicts.passed_by(delivery, date)}"
    elif giving.has(delivery, receipt, facts := exports.facts(delivery, date)):
        yield f"\n{delivery.name}: its vendor has these bytes, and would not be given them again"
    else:
        brought = exports.bring(delivery.name, delivery.period(date), facts, to := _folder(date) / delivery.name) or {}
        yield f"\n{delivery.name}: {len(brought)} files would be given; they lie in {to}"
        yield from diff.lines(delivery, date, rows=False)


def _folder(date: dt.date) -> Path:
    return settings.load().district.landing / FOLDER / f"{date}"
