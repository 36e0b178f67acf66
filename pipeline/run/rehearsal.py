"""What a run that sends nothing shows: what each set would change at its vendor, and its files in a folder of ours.

The files are those that the next run would give, from the same objects of the bucket; nothing counts as given.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import luigi

from pipeline.chain.tasks import ExportedFile
from pipeline.ground import settings
from pipeline.outbound import diff, evidence, exports, verdicts
from pipeline.run.outcome import tasks_below

# Below the landing area; the purge removes it the next day.
FOLDER = "rehearsal"


def lines(root: luigi.Task, date: dt.date) -> Iterator[str]:
    """Lay each set that would be given into its folder, and say what it would change. Raises WarehouseError."""
    to = settings.load().district.landing / FOLDER / f"{date}"
    sets: dict[str, list[ExportedFile]] = {}
    for task in tasks_below(root):
        if isinstance(task, ExportedFile):
            sets.setdefault(task.delivery.name, []).append(task)
    for name, files in sets.items():
        yield from _of(files, date, to / name)


def _of(files: list[ExportedFile], date: dt.date, to: Path) -> Iterator[str]:
    delivery = files[0].delivery
    if evidence.receipt_target(delivery, date).exists():
        yield f"\n{delivery.name}: was given, and would not be given again"
    elif not all(task.complete() for task in files):
        yield f"\n{delivery.name}: is not whole, and would not be given; below is why"
    elif not all(task.output().exists() for task in files):
        yield f"\n{delivery.name}: would not be given any more: {verdicts.passed_by(delivery, date)}"
    else:
        brought = exports.bring(delivery.name, delivery.period(date), exports.facts(delivery, date), to) or {}
        yield f"\n{delivery.name}: {len(brought)} files would be given; they lie in {to}"
        yield from diff.lines(delivery, date, rows=False)
