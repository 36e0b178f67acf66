"""The end of a run: what belongs to each, how the morning stands then, and where that is kept, shown and told.

None of it undoes anything of the morning. What cannot be kept is one more failure of the run; what cannot be entered in
the history, shown by a page or told to somebody is a remark.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pipeline import VERSION
from pipeline.ground import border, journal, settings
from pipeline.ground.errors import PipelineError, WarehouseError
from pipeline.ground.progress import Event
from pipeline.inbound import calendar
from pipeline.outbound import wanted
from pipeline.outside.cloud import standing
from pipeline.run import causes, chronicle, failures, notes, purge, report, status, unusual
from pipeline.run import kept as own
from pipeline.run.entering import Entering
from pipeline.run.notify import Telling
from pipeline.run.outcome import DONE, Outcome, is_news, undoing_nothing
from pipeline.run.page import making
from pipeline.run.report import Report

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ended:
    """A run that has done its work: of which flows alone it was (`only`; usually of all), its `entry` in the history,
    the events of its tasks, and who is told."""

    name: str
    date: dt.date
    only: frozenset[str]
    entry: dict[str, Any]
    events: Sequence[Event]
    telling: Telling | None


def is_idle(name: str, date: dt.date, outcome: Outcome, events: Sequence[Event]) -> bool:
    """Whether the run found all made, as one before it did at whose end nothing was wrong or remarkable; and no killed
    one has been between them, whose entries in the history would be left."""
    made = [event for event in events if event.kind != "moving"]
    if made or outcome != Outcome(unclaimed=outcome.unclaimed) or journal.left().keys() - {journal.folder().name}:
        return False
    before = notes.of(name, date) or {}
    return (before.get("exit"), before.get("remarks"), before.get("version")) == (DONE, [], VERSION)


def complete(name: str, date: dt.date, outcome: Outcome, entering: Entering) -> None:
    """What belongs to the end of each run that is not idle, whatever it made."""
    remove_old(date, outcome)
    with undoing_nothing(outcome, "the ledger of disclosures", "completing it; the next run tries again"):
        outcome.add(*map(failures.of_error, entering.end()))
    # Who may not look is told by the doctor; who gets no answer, by all else.
    with suppress(PipelineError), border.around("the cloud", "looking at what stands there"):
        outcome.remarks += map(str, _standing_otherwise())
    with undoing_nothing(outcome, "the calendar", "looking which days it has"):
        outcome.remarks += [*calendar.remarks(date), *wanted.remarks(date, report.cadence(name))]


def _standing_otherwise() -> list[WarehouseError]:
    """What stands in the cloud and is not as promised, but for what could be put right."""
    found = standing.otherwise(own.datasets(), own.rules())
    if any(isinstance(each, standing.Stays) for each in found):
        try:
            standing.let_go(own.rules())
        except WarehouseError:
            log.warning("the bucket's lifecycle rules", exc_info=True)
        else:
            return [each for each in found if not isinstance(each, standing.Stays)]
    return found


def remove_old(date: dt.date, outcome: Outcome, *, helped: bool = False) -> None:
    """Remove old copies, as of the run's date, and of other days' what is too much; on a machine that has `helped`, of
    its own disk alone."""
    with undoing_nothing(outcome, "old copies", "removing them; the next run tries again"):
        today = min(date, settings.load().today())
        removed = [*(purge.on_disk(today) if helped else purge.old_copies(today)), *purge.beyond_size(today)]
        log.info("%d old copies removed", len(removed))


def kept(run: Ended, outcome: Outcome) -> tuple[Report, bool]:
    """How the morning stands, which is kept for `status`, entered in the history, shown by a page and told to its
    receivers; and whether it is news."""
    with suppress(PipelineError), border.around("the history", "looking which rows are usual"):  # no hold needs it
        _tell_why(outcome, run.date)
    found, before, news = reported(run.name, run.date, outcome, run.only), notes.of(run.name, run.date) or {}, True
    note = {**outcome.as_json(), "version": VERSION, "flows": status.as_json(found.flows) or before.get("flows", [])}
    known = len(outcome.failures)
    with undoing_nothing(outcome, "the note of this run", "keeping it for `status`"):
        news = is_news(run.name, run.date, outcome)
        notes.keep(run.name, run.date, note)
    if len(outcome.failures) > known:  # what cannot be kept is told as well
        found = reported(run.name, run.date, outcome, run.only)
    with ThreadPoolExecutor(1) as pool:  # BigQuery takes seconds for either
        entered = pool.submit(chronicle.end, run.entry, outcome, run.events, news=news)
        remarks = making.after_run(found)
    remarks = [*entered.result(), *remarks]
    if untold := run.telling.end(found) if run.telling else []:
        news = news or not {*untold} <= {*before.get("untold", [])}
        with suppress(OSError):  # then the next run says it once more
            notes.keep(run.name, run.date, {**note, "untold": untold})
    return replace(found, remarks=(*found.remarks, *remarks, *untold)), news


def _tell_why(outcome: Outcome, date: dt.date) -> None:
    """Of each set that a person may let go, the table that shows why it is on hold, where one does."""
    held = unusual.farthest([each.flow for each in outcome.of("on hold") if causes.releasable(each, date)], date)
    outcome.failures = [
        replace(each, shared=f"{held[each.flow]}", table=held[each.flow].feed)
        if each.harm == "on hold" and each.flow in held
        else each
        for each in outcome.failures
    ]


def reported(name: str, date: dt.date, outcome: Outcome, only: frozenset[str] = frozenset()) -> Report:
    """How the morning stands; what keeps us from looking is one more failure of the run."""
    with undoing_nothing(outcome, "the state of the flows", "reading the evidence of them"):
        found = report.of(name, date, outcome, only)
        outcome.code = found.code
        return found
    told = settings.load().district
    now = dt.datetime.now(told.zone)
    return Report(name, told.name, date, causes.grouped(outcome.failures, (), date), last_run=now, as_of=now)
