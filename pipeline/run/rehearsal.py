"""What a run that sends nothing shows: what each set would change at its vendor, and its files in a folder of ours.

The files are those that the next run would give, from the same objects of the bucket; nothing counts as given.
"""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import luigi

from pipeline.chain.tasks import ExportedFile
from pipeline.ground import settings
from pipeline.outbound import diff, evidence, exports, giving, verdicts
from pipeline.run.outcome import tasks_below

# Below the landing area; the purge removes it the next day.
FOLDER = "rehearsal"


def sets(root: luigi.Task, date: dt.date) -> Iterator[tuple[str, Callable[[], Iterator[str]]]]:
    """Each set below the root: its name, and what lays it into its folder, if it would be given, and says what it would
    change. Raises WarehouseError, OSError."""
    to = settings.load().district.landing / FOLDER / f"{date}"
    with suppress(FileNotFoundError):
        shutil.rmtree(to)  # an earlier one's, of sets that may be others now
    found: dict[str, list[ExportedFile]] = {}
    for task in tasks_below(root):
        if isinstance(task, ExportedFile):
            found.setdefault(task.delivery.name, []).append(task)
    for name, files in found.items():
        yield name, partial(_of, files, date, to / name)


def _of(files: list[ExportedFile], date: dt.date, to: Path) -> Iterator[str]:
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
        brought = exports.bring(delivery.name, delivery.period(date), facts, to) or {}
        yield f"\n{delivery.name}: {len(brought)} files would be given; they lie in {to}"
        yield from diff.lines(delivery, date, rows=False)
