"""How a run ended, by what is complete now; the codes that say so."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import luigi

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.chain.base import ChainTask, ask_anew
from pipeline.chain.tasks import LandedFile, LoadedTable, VendorFile
from pipeline.ground import border
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import ahead
from pipeline.ground.progress import Event
from pipeline.inbound import expected, lastgood, lateness, sources
from pipeline.inbound.lateness import Late
from pipeline.outside.cloud import storage, warehouse
from pipeline.run import failures, notes
from pipeline.run.failures import Failure, Harm, messages

DONE, LATE, BROKEN, HELD = 0, 20, 30, 40


@dataclass
class Outcome:
    """How a run ended. `unclaimed` are files of a watched folder that no feed takes, `remarks` what should be otherwise
    and stops nothing. Neither changes the exit code."""

    code: int = DONE
    failures: list[Failure] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, *found: Failure) -> None:
        """What is told already is not told again."""
        told = set(messages(self.failures))
        self.failures += [failure for failure in found if str(failure) not in told]

    def of(self, harm: Harm) -> list[Failure]:
        return [failure for failure in self.failures if failure.harm == harm]

    def as_json(self) -> dict[str, Any]:
        failed = [failure.as_json() for failure in self.failures]
        return {"exit": self.code, "failures": failed, "unclaimed": self.unclaimed, "remarks": self.remarks}


@contextmanager
def undoing_nothing(outcome: Outcome, party: str, doing: str) -> Iterator[None]:
    """What goes wrong in this block is told in three sentences, and undoes nothing of the morning."""
    try:
        with border.around(party, doing):
            yield
    except PipelineError as error:
        outcome.add(failures.of_error(error))
    if outcome.of("broken"):
        outcome.code = BROKEN


def judge(
    root: luigi.Task,
    events: list[Event],
    trouble: Iterable[Failure],
    looks: Callable[[], Iterable[Callable[[], object]]] = tuple,
    *,
    shared: bool = False,
) -> Outcome:
    """The outcome, by looking anew at everything that the root asks for; the `looks` for it begin side by side. Where
    the run was `shared` with another machine, that one may have made what has failed here."""
    outcome = Outcome()
    if shared or any(event.kind != "moving" for event in events):  # else nothing was done, and what is known is of now
        ask_anew()
        storage.forget()
        warehouse.forget()
        with undoing_nothing(outcome, "the catalogue", "looking ahead at what it names"):
            ahead(looks())
    last = {(event.task, event.of): event for event in events if event.kind in ("failed", "done", "unchanged")}
    # What a later pass has made is made.
    failed = {name: event for name, event in last.items() if event.kind == "failed"}
    if shared and failed:
        with undoing_nothing(outcome, "what has failed", "looking whether another machine has made it"):
            made = _made(root)
            failed = {name: event for name, event in failed.items() if name not in made}
    outcome.failures[:0] = map(failures.of_event, failed.values())
    outcome.add(*trouble)
    complete = False
    with undoing_nothing(outcome, "what is complete", "looking at it"):
        complete = bool(root.complete())  # type: ignore[no-untyped-call]
        outcome.failures += [] if complete else map(failures.of_late, _late(root))
        outcome.failures += _with_older(root)
    with undoing_nothing(outcome, "vendors' folders", "telling what was seen there"):
        outcome.failures += _unseen(outcome, root)
        outcome.unclaimed = sources.unclaimed(source for feed in catalogue.feeds().values() for source in feed.sources)
    if complete:  # what was on hold has been released meanwhile
        outcome.failures = [failure for failure in outcome.failures if failure.harm != "on hold"]
    outcome.code = _code(outcome, complete)
    if outcome.code == BROKEN and not outcome.of("broken"):
        outcome.add(failures.of_words(_NOT_RUN))
    return outcome


def _made(root: luigi.Task) -> set[tuple[str, str]]:
    """What is complete below the root, as events tell it."""
    tasks = (task for task in tasks_below(root) if isinstance(task, ChainTask))
    return {(task.task_family, task.of()) for task in tasks if task.complete()}


_NOT_RUN = (
    "found: tasks that were not run, and none that failed\nexpected: every task run\n"
    "next: look at the visualiser for a task that another worker holds, then run again"
)


def _code(outcome: Outcome, complete: bool) -> int:
    if outcome.of("broken"):
        return BROKEN
    if outcome.of("on hold"):
        return HELD
    return LATE if outcome.of("late") else DONE if complete else BROKEN


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


def _unseen(outcome: Outcome, root: luigi.Task) -> list[Failure]:
    """What of a vendor's nobody could look at, and no task has told: its tasks were done already. It is a remark, where
    nothing is expected from there on the root's date."""
    told, date = set(messages(outcome.failures)), getattr(root, "date", None)
    idle = expected.nobody_waits_at(flows.feeds(), date) if date else set()
    missed = {place: error for place, error in sources.failed_looks().items() if str(error) not in told}
    outcome.remarks += [str(error) for place, error in missed.items() if place in idle]
    waited = [(feed, source) for feed in flows.feeds() for source in feed.sources if source.place not in idle]
    found = [(missed[source.place], feed.name, source.name) for feed, source in waited if source.place in missed]
    return [failures.of_look(*each) for each in found]


def _with_older(root: luigi.Task) -> list[Failure]:
    """Each file in whose place an earlier one stands."""
    tables = [task for task in tasks_below(root) if isinstance(task, LoadedTable)]
    found = {(task.feed.name, line) for task in tables for line in lastgood.told(task.feed, task.date)}
    return [failures.of_older(line, name) for name, line in sorted(found)]


def is_news(name: str, date: dt.date, outcome: Outcome) -> bool:
    """Whether the run ended otherwise than the last one of that date; of the first, whether it has anything to say."""
    before = notes.of(name, date) or Outcome().as_json()
    return _told(before) != _told(outcome.as_json())


def _told(note: dict[str, Any]) -> list[Any]:
    """What of a note is told: without the numbers, which may be seconds or bytes, and are others each time."""

    def words(failure: Failure) -> list[str]:
        return [failure.harm, failure.task, failure.of, failure.error, re.sub(r"\d+", "#", str(failure))]

    failed = sorted(map(words, failures.kept(note)))
    return [note.get("exit"), failed, sorted(note.get("unclaimed", [])), sorted(note.get("remarks", []))]
