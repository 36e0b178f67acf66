"""One honest run of a wrapper: the exit code comes from what is complete, and from nothing that Luigi says of itself.

    0   everything the wrapper asks for is complete
    20  late: a vendor's file is not there yet; all else is done
    30  broken: something failed; the message says what was found, what was expected, what to do next
    40  a delivery is on hold and waits for a person; all else is done

Of several, the first of 30, 40, 20 is told. The shell wrappers hold the lock that keeps two runs apart; with it, the
fixed worker id lets a run take back at once what a killed one had in hand (Luigi would wait for minutes).
"""

import datetime as dt
import logging
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import luigi
from luigi.rpc import RPCError

from pipeline import (
    border,
    catalogue,
    giving,
    lastgood,
    lateness,
    ledger,
    logs,
    manifests,
    morning,
    progress,
    purge,
    receipts,
    secrets,
    settings,
    sources,
    storage,
    warehouse,
)
from pipeline.chain import DeliveryTask, DeployedView, FeedTask, LandedFile, LoadedTable, VendorFile
from pipeline.console import say
from pipeline.display import Display
from pipeline.errors import OnHold, PipelineError
from pipeline.lateness import Late
from pipeline.looks import ahead
from pipeline.progress import Event
from pipeline.task import ask_anew
from pipeline.watchdog import Watchdog
from pipeline.worker import Threads

log = logging.getLogger(__name__)

DONE, LATE, BROKEN, HELD = 0, 20, 30, 40


@dataclass
class Outcome:
    """How a run ended. `unclaimed` are files of a watched folder that no feed takes; they change no exit code."""

    code: int = DONE
    failed: list[Event] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        failed = [{"task": e.task, "flow": e.flow, "error": e.error, "message": e.message} for e in self.failed]
        told = {"late": self.late, "trouble": self.trouble, "unclaimed": self.unclaimed}
        return {"exit": self.code, "failed": failed, **told}


def run(name: str, date: dt.date, workers: int, luigi_arguments: list[str]) -> int:
    """Run the wrapper task `name` for `date` and print what came of it; returns the exit code."""
    os.umask(0o077)
    begun = time.monotonic()
    begin, log_file = Outcome(), "none"
    logs.nowhere()
    with _undoing_nothing(begin, "the log of this run", "opening it"):
        log_file = f"{logs.start(name, date)}"
    os.environ[receipts.RUN] = f"{name.lower()} {manifests.now()}"
    # Luigi's own rpc_* settings: read by its client, and unknown to its task of the same name.
    warnings.filterwarnings("ignore", message=".*that is not consumed by the task 'core'")
    root = getattr(morning, name)(date=date)
    display = Display(root)
    arguments = [
        *("--module", "pipeline.morning", name, "--date", date.isoformat()),
        *("--workers", str(workers), "--worker-id", f"{name.lower()}-{socket.gethostname()}"),
        *luigi_arguments,
    ]
    with _undoing_nothing(begin, "the portal's downloads", "removing what a killed run left of them"):
        purge.left_downloads()
    with _undoing_nothing(begin, "the catalogue", "looking ahead at what it names"):
        ahead(_looks(root, date))
    with Watchdog(_patience(), BROKEN):
        finishing = threading.Thread(target=_finish, args=(begin,), name="interrupted pushes", daemon=True)
        finishing.start()
        finishing.join(sources.GRACE)  # they come first; one at a silent vendor holds up what goes there alone
        events, trouble = _build(arguments, display, root)
        finishing.join()
        outcome = judge(root, events, begin.trouble + trouble)
        _purge(date, outcome)
        with _undoing_nothing(outcome, "the ledger of disclosures", "completing it; the next run tries again"):
            outcome.trouble += ledger.record().trouble
        with _undoing_nothing(outcome, "the note of this run", "keeping it for `status`"):
            note(name, date, outcome)
        display.finish(date, outcome, time.monotonic() - begun, log_file)
    return outcome.code


@contextmanager
def _undoing_nothing(outcome: Outcome, party: str, doing: str) -> Iterator[None]:
    """What goes wrong in this block is trouble, told in three sentences, and undoes nothing of the morning."""
    try:
        with border.around(party, doing):
            yield
    except PipelineError as error:
        told = secrets.told(error)
        outcome.trouble += [] if told in _messages(outcome) else [told]
    if outcome.trouble:
        outcome.code = BROKEN


def _patience() -> float:
    """Seconds after which a run in which nothing moves is ended: later than a task that hangs is given up."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    return 1.25 * float(config.getint("worker", "timeout", 0))


def _looks(root: luigi.Task, date: dt.date) -> Iterator[Callable[[], object]]:
    """What the scheduling will ask of the outside. Each is a login or a listing, and waits for a server most of its
    time."""
    with sources.scheduling():  # it is one already, and waits for no vendor
        below = tasks_below(root)
    feeds = {task.feed for task in below if isinstance(task, FeedTask)}
    deliveries = {task.delivery for task in below if isinstance(task, DeliveryTask)}
    views = dict(task.view.split(".") for task in below if isinstance(task, DeployedView))
    yield from (partial(warehouse.view_text, *view) for view in views.items())  # one of each dataset looks at all
    places = {source.place for feed in feeds for source in feed.sources}
    yield from (partial(sources.look_ahead, place) for place in places)
    datasets = {feed.dataset for feed in feeds} | {"deliveries"}
    yield from (partial(warehouse.find, dataset, "") for dataset in datasets - views.keys())
    folders = {f"{feed.folder}/{date}" for feed in feeds} | {f"deliveries/{each.period(date)}" for each in deliveries}
    yield from (partial(storage.find, f"{folder}/") for folder in folders | {"deliveries/latest"})


def _finish(begin: Outcome) -> None:
    """Sets that a killed run left half-way at a vendor come first."""
    with _undoing_nothing(begin, "interrupted pushes", "completing them"):
        for done in giving.finish_interrupted():
            if isinstance(done, PipelineError):
                begin.trouble.append(secrets.told(done))
            else:
                log.info("completed at the vendor: %s", done)


def _build(arguments: list[str], display: Display, root: luigi.Task) -> tuple[list[Event], list[str]]:
    """Let Luigi work; returns the events of the tasks, and in sentences what kept Luigi itself from working."""
    events: list[Event] = []
    reading = progress.open_pipe()
    reader = threading.Thread(target=display.follow, args=(reading, events))
    reader.start()
    try:
        return events, _work(arguments, root)
    finally:
        progress.close_pipe()
        reader.join()


def _work(arguments: list[str], root: luigi.Task) -> list[str]:
    """Let Luigi work, and once more when its scheduler was restarted (it comes back empty, and has no work for us), or
    when a vendor whose look came late has no file, and an older one stands in."""
    threads, left = Threads(), Outcome()
    for _ in range(4):  # passes of Luigi
        trouble = _luigi(arguments, threads)
        known, older = threads.knows(root), False
        with _undoing_nothing(left, "files of earlier mornings", "deciding which of them stand in"):
            older = lastgood.settle()
        if known is None or not (older or trouble or not known):
            break
        ask_anew()
        log.warning("all tasks are registered again: the scheduler was restarted, or an older file stands in")
    return left.trouble + ([trouble] if trouble else [])


def _luigi(arguments: list[str], threads: Threads) -> str:
    """One pass of Luigi; in sentences, what kept it from working, or nothing."""
    try:
        luigi.run(arguments, worker_scheduler_factory=threads, detailed_summary=True)  # type: ignore[no-untyped-call]
    except RPCError as error:
        told = settings.load().core
        log.exception("no scheduler")
        return (
            f"found: no central scheduler at {told.scheduler_host}:{told.scheduler_port} ({error})\n"
            "expected: luigid answering there\nnext: look at luigid.log; ./run_daily.sh starts it when it is local"
        )
    except PipelineError as error:
        return secrets.told(error)
    return ""


def judge(root: luigi.Task, events: list[Event], trouble: list[str]) -> Outcome:
    """The outcome, by looking anew at everything that the root asks for."""
    if any(event.kind != "moving" for event in events):  # else nothing was done, and what is known is of now
        ask_anew()
        storage.forget()
        warehouse.forget()
    last = {(event.task, event.of): event for event in events if event.kind in ("failed", "done", "unchanged")}
    failed = [event for event in last.values() if event.kind == "failed"]  # what a later pass has made is made
    outcome = Outcome(failed=failed, trouble=trouble)
    complete = False
    with _undoing_nothing(outcome, "what is complete", "looking at it"):
        complete = bool(root.complete())  # type: ignore[no-untyped-call]
        missing = [] if complete else _late(root)
        outcome.late = [str(late) for late in missing if not late.overdue] + _with_older(root)
        outcome.trouble += [late.sentences() for late in missing if late.overdue]
    with _undoing_nothing(outcome, "vendors' folders", "telling what was seen there"):
        outcome.trouble += [str(error) for error in sources.failed_looks() if str(error) not in _messages(outcome)]
        outcome.unclaimed = sources.unclaimed(source for feed in catalogue.feeds().values() for source in feed.sources)
    outcome.code = _code(outcome, complete)
    if outcome.code == BROKEN and not outcome.failed and not outcome.trouble:
        outcome.trouble.append(
            "found: tasks that were not run, and none that failed\nexpected: every task run\n"
            "next: look at the visualiser for a task that another worker holds, then run again"
        )
    return outcome


def _purge(date: dt.date, outcome: Outcome) -> None:
    """Remove old copies, as of the run's date."""
    with _undoing_nothing(outcome, "old copies", "removing them; the next run tries again"):
        removed = list(purge.old_copies(min(date, settings.load().today())))
        log.info("%d old copies removed", len(removed))


def _messages(outcome: Outcome) -> list[str]:
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
    """Keep how the run ended beside the landed files, for `python -m pipeline status`."""
    path = settings.load().district.landing / "runs" / f"{name.lower()}-{date}.json"
    ended = manifests.now()
    manifests.save(path, {"ended_at": ended, **outcome.as_json()})


def main(name: str, date: dt.date, workers: int, luigi_arguments: list[str]) -> int:
    """`run`, with a sentence and 30 instead of a traceback for what nobody foresaw."""
    try:
        return run(name, date, workers, luigi_arguments)
    except PipelineError as error:
        say(secrets.told(error), error=True)
    except Exception as error:
        log.exception("the run broke off")
        say(f"the run broke off: {secrets.told(error)}; see the log", error=True)
    return BROKEN
