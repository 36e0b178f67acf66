"""How a run ended, by what is complete now; the codes that say so."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import luigi

from pipeline import catalogue
from pipeline.chain.base import ask_anew
from pipeline.chain.tasks import LandedFile, LoadedTable, VendorFile
from pipeline.ground import border, secrets
from pipeline.ground.errors import OnHold, PipelineError
from pipeline.ground.looks import ahead
from pipeline.ground.progress import Event
from pipeline.inbound import lastgood, lateness, sources
from pipeline.inbound.lateness import Late
from pipeline.outside.cloud import storage, warehouse
from pipeline.run import notes

DONE, LATE, BROKEN, HELD = 0, 20, 30, 40


@dataclass
class Outcome:
    """How a run ended. `unclaimed` are files of a watched folder that no feed takes, `remarks` what should be otherwise
    and stops nothing. Neither changes the exit code."""

    code: int = DONE
    failed: list[Event] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        failed = [{"task": e.task, "flow": e.flow, "error": e.error, "message": e.message} for e in self.failed]
        told = {"late": self.late, "trouble": self.trouble, "unclaimed": self.unclaimed}
        told["remarks"] = self.remarks
        return {"exit": self.code, "failed": failed, **told}


@contextmanager
def undoing_nothing(outcome: Outcome, party: str, doing: str) -> Iterator[None]:
    """What goes wrong in this block is trouble, told in three sentences, and undoes nothing of the morning."""
    try:
        with border.around(party, doing):
            yield
    except PipelineError as error:
        told = secrets.told(error)
        outcome.trouble += [] if told in messages(outcome) else [told]
    if outcome.trouble:
        outcome.code = BROKEN


def judge(
    root: luigi.Task,
    events: list[Event],
    trouble: list[str],
    looks: Callable[[], Iterable[Callable[[], object]]] = tuple,
) -> Outcome:
    """The outcome, by looking anew at everything that the root asks for; the `looks` for it begin side by side."""
    outcome = Outcome(trouble=trouble)
    if any(event.kind != "moving" for event in events):  # else nothing was done, and what is known is of now
        ask_anew()
        storage.forget()
        warehouse.forget()
        with undoing_nothing(outcome, "the catalogue", "looking ahead at what it names"):
            ahead(looks())
    last = {(event.task, event.of): event for event in events if event.kind in ("failed", "done", "unchanged")}
    # What a later pass has made is made.
    outcome.failed = [event for event in last.values() if event.kind == "failed"]
    complete = False
    with undoing_nothing(outcome, "what is complete", "looking at it"):
        complete = bool(root.complete())  # type: ignore[no-untyped-call]
        missing = [] if complete else _late(root)
        outcome.late = [str(late) for late in missing if not late.overdue] + _with_older(root)
        outcome.trouble += [late.sentences() for late in missing if late.overdue]
    with undoing_nothing(outcome, "vendors' folders", "telling what was seen there"):
        outcome.trouble += [str(error) for error in sources.failed_looks() if str(error) not in messages(outcome)]
        outcome.unclaimed = sources.unclaimed(source for feed in catalogue.feeds().values() for source in feed.sources)
    outcome.code = _code(outcome, complete)
    if outcome.code == BROKEN and not outcome.failed and not outcome.trouble:
        outcome.trouble.append(
            "found: tasks that were not run, and none that failed\nexpected: every task run\n"
            "next: look at the visualiser for a task that another worker holds, then run again"
        )
    return outcome


def messages(outcome: Outcome) -> list[str]:
    return [event.message for event in outcome.failed] + outcome.trouble


def _code(outcome: Outcome, complete: bool) -> int:
    held = [event for event in outcome.failed if event.error == OnHold.__name__]
    if len(held) < len(outcome.failed) or outcome.trouble:
        return BROKEN
    if complete:
        return LATE if outcome.late else DONE
    if held:
        return HELD
    return LATE if outcome.late else BROKEN


def tasks_below(root: luigi.Task) -> list[luigi.Task]:
    """Every task of the graph below the root, each once."""
    found: dict[str, luigi.Task] = {}
    rest = [root]
    while rest:
        task = rest.pop()
        if task.task_id not in found:
            found[task.task_id] = task
            rest.extend(task.deps())  # type: ignore[no-untyped-call]
    return list(found.values())


def _late(root: luigi.Task) -> list[Late]:
    """The vendors' files that are not there and that nothing of ours holds."""
    missing = []
    for task in tasks_below(root):
        if isinstance(task, LandedFile) and not task.complete():
            (vendor_file,) = task.requires()
            if isinstance(vendor_file, VendorFile) and not vendor_file.output().exists():
                missing.append(lateness.of(task.feed, task.part, task.date))
    return sorted(missing, key=str)


def _with_older(root: luigi.Task) -> list[str]:
    """A line for each file in whose place an earlier one stands."""
    tables = [task for task in tasks_below(root) if isinstance(task, LoadedTable)]
    return sorted(line for task in tables for line in lastgood.told(task.feed, task.date))


def note(name: str, date: dt.date, outcome: Outcome) -> None:
    """Keep how the run ended beside the landed files, for `morning status`."""
    notes.keep(name, date, outcome.as_json())


def is_news(name: str, date: dt.date, outcome: Outcome) -> bool:
    """Whether the run ended otherwise than the last one of that date; of the first, whether it has anything to say."""
    before = notes.of(name, date) or Outcome().as_json()
    return _told(before) != _told(outcome.as_json())


def _told(note: dict[str, Any]) -> list[Any]:
    """What of a note is told: without the numbers, which may be seconds or bytes, and are others each time."""

    def words(text: str) -> str:
        return re.sub(r"\d+", "#", text)

    failed = sorted([event["task"], event["flow"], event["error"], words(event["message"])] for event in note["failed"])
    more = [sorted(note["late"]), sorted(map(words, note["trouble"])), sorted(note["unclaimed"])]
    return [note["exit"], failed, *more, sorted(note.get("remarks", []))]  # none, when an older engine left the note
