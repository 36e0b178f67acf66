"""One honest run of a wrapper: the exit code comes from what is complete, and from nothing that Luigi says of itself.

    0   everything the wrapper asks for is complete, or another machine is at work on just that, and answers for it
    20  late: a vendor's file is not there yet; all else is done
    30  broken: something failed; the message says what was found, what was expected, what to do next
    40  a delivery is on hold and waits for a person; all else is done

Of several, the first of 30, 40, 20 is told. The shell wrappers hold the lock that keeps two runs apart; with it, the
fixed worker id lets a run take back at once what a killed one had in hand (Luigi would wait for minutes). A run that
has something to do holds a lease as well (alone.py), since a lock of one disk tells no other machine; or it helps who
holds it, as a further worker of the same central scheduler.
"""

import datetime as dt
import logging
import os
import threading
import time
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import luigi

from pipeline import VERSION, morning
from pipeline.chain import by_hand
from pipeline.chain.base import ChainTask
from pipeline.ground import journal, logs, manifests, progress, secrets, settings
from pipeline.ground.console import say
from pipeline.ground.errors import AtWorkElsewhere, PipelineError
from pipeline.ground.looks import ahead
from pipeline.ground.progress import Event
from pipeline.inbound import sources
from pipeline.outbound import interrupted
from pipeline.outside.cloud import texts
from pipeline.run import chronicle, ending, failures, lookahead, notes, notify, purge, rehearsal
from pipeline.run.alone import AtWork
from pipeline.run.display import Display
from pipeline.run.ending import Ended
from pipeline.run.entering import Entering
from pipeline.run.failures import Failure
from pipeline.run.notify import Telling
from pipeline.run.outcome import BROKEN, DONE, Outcome, judge, tasks_below, undoing_nothing
from pipeline.run.watchdog import Watchdog
from pipeline.run.working import Work

log = logging.getLogger(__name__)


def run(
    name: str,
    date: dt.date,
    workers: int,
    luigi_arguments: list[str],
    *,
    quiet: bool = False,
    sends: bool = True,
    telling: Telling | None = None,
    only: str = "",
    helps: bool = False,
) -> int:
    """Run the wrapper task `name` for `date` and print what came of it; returns the exit code.

    With `quiet` it prints the end alone, and that only when it is another one than that of the last run. Without
    `sends` it makes and checks everything, gives nobody anything, and lays what would be given into a folder. With
    `only`, the name of a feed or delivery, it makes that, and what it leaves says nothing of the wrapper's own runs.
    Where another machine is at work on the same, one that `helps` does a share of it.
    """
    os.umask(0o077)
    worker = name.lower() if sends or only else f"{name.lower()}rehearsal"  # that of the runs which its lock excludes
    task = f"{'Only' if only else name}{'' if sends else 'Rehearsal'}"
    name = f"{task}-{only}" if only else task
    begun = time.monotonic()
    begin, log_file = Outcome(), "none"
    with undoing_nothing(begin, "the log of this run", "opening it"):
        log_file = f"{logs.start(name, date)}"
    if telling:
        telling.begin()
    os.environ[journal.RUN] = f"{name.lower()} {manifests.now()}"
    by_hand.quiet_core()
    settings.load().refuse_to_come(date)  # its set would pass by all those until then
    entry = chronicle.begin(name, date)
    root = getattr(morning, task)(date=date, **({"flow": only} if only else {}))
    display = Display(quiet=quiet)
    arguments = [
        *("--module", "pipeline.morning", task, "--date", date.isoformat(), *(("--flow", only) if only else ())),
        *("--workers", str(workers)),
        *luigi_arguments,
    ]
    with undoing_nothing(begin, "what a killed run left on its way", "removing it"):
        purge.left_files()
    with undoing_nothing(begin, "the catalogue", "looking ahead at what it names"):
        ahead(lookahead.of_scheduling(root, date))  # not at the views' texts: most runs do without
    with Watchdog(_patience(), BROKEN), ExitStack() as block:
        block.enter_context(texts.labels_believed())
        completed: list[str] = []
        finishing = threading.Thread(target=_finish, args=(begin, completed), name="interrupted pushes", daemon=True)
        if sends:
            finishing.start()
            finishing.join(sources.GRACE)  # they come first; one at a silent vendor holds up what goes there alone
        before: dict[str, Any] = {}
        with undoing_nothing(begin, "the note of the last run", "reading it"):
            before = notes.of(name, date) or {}
        first = before.get("version") != VERSION
        entering = Entering(first=first or before.get("exit") == BROKEN)
        at_work = AtWork(block, f"{name} of {date}", quiet=quiet, helps=helps)
        try:
            events, trouble = _build(Work(root, arguments, worker, at_work, first=first), at_work, display, entering)
        except AtWorkElsewhere as error:
            if error.about != f"{name} of {date}":
                raise
            if sends:
                finishing.join()  # what goes wrong there is told
            return _went_home(error, begin, telling, quiet=quiet)
        finally:
            if sends:
                finishing.join()
        if other := at_work.who_else_answers(partial(_has_ended, name, date, before)):
            begin.failures += trouble
            ending.remove_old(date, begin, helped=True)
            return _has_helped(other, begin, entry, events, telling, quiet=quiet)
        if completed or at_work.shared or any(event.kind != "moving" for event in events):
            entering.begin_the_last()  # beside the last looks
        outcome = judge(
            root, events, begin.failures + trouble, partial(lookahead.of_scheduling, root, date), shared=at_work.shared
        )
        outcome.remarks += at_work.remarks
        if completed or at_work.shared or not ending.is_idle(name, date, outcome, events):
            at_work.end()
            ending.complete(name, date, outcome, entering)
        # Since the tasks have ended, too, a machine may have stood still.
        if other := at_work.who_else_answers(partial(_has_ended, name, date, before)):
            return _has_helped(other, begin, entry, events, telling, quiet=quiet)
        if not sends:
            _show(root, date, outcome)
        names = _below(root, outcome) if only else frozenset[str]()
        found, news = ending.kept(Ended(name, date, names, entry, events, telling), outcome)
        display.finish(found, time.monotonic() - begun, log_file, news=news)
    return outcome.code


def _has_ended(name: str, date: dt.date, before: dict[str, Any]) -> bool:
    """Whether a run of just this has ended on another machine since the note of before was read."""
    return (notes.of(name, date) or {}).get("ended_at") != before.get("ended_at")


def _below(root: luigi.Task, outcome: Outcome) -> frozenset[str]:
    """The flows below the root; of other ones nothing is told."""
    names = frozenset[str]()
    with suppress(PipelineError):  # what keeps us from looking is told by now
        names = frozenset(task.flow() for task in tasks_below(root) if isinstance(task, ChainTask))
        outcome.failures = [each for each in outcome.failures if not each.flow or names & {*each.flow.split()}]
    return names


def _patience() -> float:
    """Seconds after which a run in which nothing moves is ended: later than a task that hangs is given up."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    return 1.25 * float(config.getint("worker", "timeout", 0))


def _show(root: luigi.Task, date: dt.date, outcome: Outcome) -> None:
    """What a run that sends nothing would have given."""
    with undoing_nothing(outcome, "what would be given", "laying it into a folder"):
        rehearsal.clear(date)
        for name, files in rehearsal.sets(root).items():
            with undoing_nothing(outcome, f"what would be given of {name}", "laying it into a folder"):
                for line in rehearsal.lines(files, date):
                    say(line)
        say("\nThis was a rehearsal: nobody was given anything.")


def _finish(begin: Outcome, completed: list[str]) -> None:
    """Sets that a killed run left half-way at a vendor come first."""
    with undoing_nothing(begin, "interrupted pushes", "completing them"):
        for done in interrupted.finish():
            if isinstance(done, PipelineError):
                begin.add(failures.of_error(done))
            else:
                log.info("completed at the vendor: %s", done)
                completed.append(done)


class _Heard(list[Event]):
    """The events of the tasks. When the receipt of a set is kept, its entry in the ledger begins: on the machine that
    answers for the run."""

    def __init__(self, entering: Entering, at_work: AtWork) -> None:
        super().__init__()
        self._entering, self._at_work = entering, at_work

    def append(self, event: Event) -> None:
        super().append(event)
        if event.kind == "given" and not self._at_work.helped:
            self._entering.begin()


def _went_home(error: AtWorkElsewhere, begin: Outcome, telling: Telling | None, *, quiet: bool) -> int:
    """Another machine makes just this; what had gone wrong by then is told all the same."""
    chronicle.forget()
    log.info("%s", error.found)
    if not quiet:
        say(f"{error.found}: this run has nothing to do")
    remarks = telling.went_home(error.found, well=not begin.failures) if telling else []
    for told in (*map(str, begin.failures), *remarks):
        say(told, error=True)
    return BROKEN if begin.failures else DONE


def _has_helped(
    other: AtWorkElsewhere,
    outcome: Outcome,
    entry: dict[str, Any],
    events: list[Event],
    telling: Telling | None,
    *,
    quiet: bool,
) -> int:
    """Another machine answers for the run, of which this one has made a part. The history has both."""
    outcome.code = BROKEN if outcome.failures else DONE
    made = [event for event in events if event.kind == "done"]
    helping = {**entry, "wrapper": f"{entry['wrapper']}Help"}
    remarks = chronicle.end(helping, outcome, events, news=bool(outcome.failures))
    told = f"{other.found}: this machine has helped, and made {len(made)} of its tasks; how it went, that one tells"
    log.info("%s", told)
    if not quiet:
        say(told)
    remarks += telling.went_home(told, well=not outcome.failures) if telling else []
    for each in (*map(str, outcome.failures), *remarks):
        say(each, error=True)
    return outcome.code


def _build(work: Work, at_work: AtWork, display: Display, entering: Entering) -> tuple[list[Event], list[Failure]]:
    """Do the work; returns the events of the tasks, and what kept Luigi itself from working. Raises AtWorkElsewhere."""
    events = _Heard(entering, at_work)
    reading = progress.open_pipe()
    reader = threading.Thread(target=display.follow, args=(reading, events))
    reader.start()
    try:
        return events, work.do()
    finally:
        progress.close_pipe()
        reader.join()


def main(
    name: str,
    date: dt.date,
    workers: int,
    luigi_arguments: list[str],
    *,
    quiet: bool = False,
    sends: bool = True,
    tells: bool = False,
    only: str = "",
    helps: bool = False,
) -> int:
    """`run`, with a sentence and 30 instead of a traceback for what nobody foresaw; the receivers of [notify] hear of
    either, of a run of today, or where the caller says that it `tells`; of one flow alone, nobody does."""
    telling = notify.of_run(name, date, sends=sends and not only, asked=tells)
    try:
        return run(
            name, date, workers, luigi_arguments, quiet=quiet, sends=sends, telling=telling, only=only, helps=helps
        )
    except PipelineError as error:
        why = secrets.told(error)
        say(why, error=True)
    except Exception as error:
        log.exception("the run broke off")
        why = secrets.told(error)
        say(f"the run broke off: {why}; see the log", error=True)
    for remark in telling.broke_off(why):
        say(remark, error=True)
    return BROKEN
