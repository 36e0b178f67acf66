"""How a morning went, for people: one model, which output, `status`, messages and the page show.

    Report    of one wrapper and date: a headline, its causes, where every flow stands
    Cause     one reason for which something was not made, however many tasks met it: what to do, what it holds up

None of it holds a name, a number or a value of a person: what it says are names of the catalogue, places and counts.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from pipeline import catalogue
from pipeline.ground import settings
from pipeline.inbound import lateness, steps
from pipeline.run import calls, causes, failures, notes, status
from pipeline.run.causes import Cause
from pipeline.run.failures import Failure
from pipeline.run.outcome import Outcome
from pipeline.run.status import Flow

# How a morning stands, the worst first; of several the first is told.
Standing = Literal["broken", "on hold", "late", "not run", "done"]
CODES: dict[Standing, int] = {"broken": 30, "on hold": 40, "late": 20, "not run": 20, "done": 0}


@dataclass(frozen=True)
class Report:
    """How the `wrapper` of `date` stands. `last_run` and `next_run` are local times of the district; `as_of` is the
    moment from which the state of the flows is, where it could not be looked at now. `remarks` stop nothing."""

    wrapper: str
    district: str
    date: dt.date
    causes: tuple[Cause, ...] = ()
    flows: tuple[Flow, ...] = ()
    remarks: tuple[str, ...] = ()
    last_run: dt.datetime | None = None
    next_run: dt.datetime | None = None
    as_of: dt.datetime | None = None

    @property
    def standing(self) -> Standing:
        """The worst of its causes; of a morning that nobody ran, that."""
        harms: list[Standing] = [cause.harm for cause in self.causes]
        harms += ["not run"] if self.last_run is None and not self._all_done() else []
        return next((each for each in CODES if each in harms), "done")

    def _all_done(self) -> bool:
        return all(flow.state in status.DONE for flow in self.flows)

    @property
    def code(self) -> int:
        """The exit code that says so."""
        return CODES[self.standing]

    @property
    def headline(self) -> str:
        """`Morning 2026-11-28: 4 of 6 delivered · 1 on hold · 1 broken · last run 07:31, next 07:45`.

        Sets are counted that were delivered or are on hold, and causes that are broken or late.
        """
        sets = self._sets()
        delivered = sum(flow.state == "delivered" for flow in sets)
        counts = {harm: sum(cause.harm == harm for cause in self.causes) for harm in ("broken", "late")}
        counts = {"on hold": sum(flow.state == "on hold" for flow in sets), **counts}
        words = [f"{delivered} of {len(sets)} delivered"] if sets else []
        words += ["no set is of today"] if not sets and self._own() else []
        words += [f"{count} {harm}" for harm, count in counts.items() if count]
        return f"{self.wrapper} {self.date}: {' · '.join([*words, self._runs()])}"

    def _sets(self) -> list[Flow]:
        return [flow for flow in self._own() if flow.state not in ("discarded", "not today")]

    def _own(self) -> list[Flow]:
        return [flow for flow in self.flows if flow.cadence == cadence(self.wrapper) and flow.direction == "out"]

    def _runs(self) -> str:
        last = f"last run {self._time(self.last_run)}" if self.last_run else "nothing ran"
        return f"{last}, next {self._time(self.next_run)}" if self.next_run else last

    def _time(self, moment: dt.datetime) -> str:
        return f"{moment:%H:%M}" if moment.date() == self.date else f"{moment:%m-%d %H:%M}"

    def as_json(self) -> dict[str, Any]:
        """All of it, with its headline, for programs and for the note of a run."""
        told = asdict(self)
        told |= {name: value.isoformat() for name, value in told.items() if isinstance(value, dt.date)}
        return {"headline": self.headline, "standing": self.standing, "exit": self.code, **told}


def cadence(wrapper: str) -> str:
    """The cadence of the deliveries that the wrapper makes."""
    return "weekly" if wrapper.startswith("Week") else "daily"


def of(wrapper: str, date: dt.date, outcome: Outcome | None = None) -> Report:
    """How the wrapper of that date stands now: by the `outcome` of the run that ends, or by what the last one left.

    Raises PipelineError when not even the configuration or the catalogue can be read.
    """
    note = notes.of(wrapper, date) or {}
    told = outcome.as_json() if outcome else note
    found = [_aged(failure, date) for failure in failures.kept(told)]
    seen = status.seen(date, found, status.from_json(note.get("flows", [])))
    if not outcome:  # what a run has just said is of now
        found = [failure for failure in found if not causes.mended(failure, seen)]
    last = dt.datetime.now(dt.UTC).isoformat() if outcome else note.get("ended_at")
    ended = dt.datetime.fromisoformat(last).astimezone(settings.load().district.zone) if last else None
    return Report(
        wrapper,
        settings.load().district.name,
        date,
        causes.grouped([*found, *seen.failures], seen.flows),
        tuple(seen.flows),
        (*_unclaimed(told), *_refused(seen.flows, found, date), *_remarks(told, found), *told.get("untold", [])),
        ended,
        calls.following(wrapper, date),
        ended if any(flow.stale for flow in seen.flows) else None,
    )


def _aged(failure: Failure, date: dt.date) -> Failure:
    """What was late when the last run ended, and whose deadline has come since."""
    feed = catalogue.feeds().get(failure.flow)
    if failure.harm == "late" and failure.next and feed and lateness.overdue(feed, date):
        return replace(failure, harm="broken", next="ask the vendor; every run looks again")
    return failure


def _unclaimed(told: dict[str, Any]) -> list[str]:
    """A line for each file of a watched folder that no feed takes."""
    return [f"{file} is no feed's; it was not loaded: {_CLAIM}" for file in told.get("unclaimed", [])]


def _remarks(told: dict[str, Any], found: Iterable[Failure]) -> list[str]:
    """What should be otherwise and stops nothing; what is a failure, too, is told as that."""
    failed = set(failures.messages(found))
    return [remark for remark in told.get("remarks", []) if remark not in failed]


# What to do about it.
_CLAIM = "add a row in the catalogue's feeds.py, or name it there in the folder's `others`"


def _refused(state: Iterable[Flow], found: Iterable[Failure], date: dt.date) -> list[str]:
    """A line for each file of the date that was refused and not corrected since, and one for those of earlier dates."""
    causes = {failure.found for failure in found}
    refused = [(flow.flow, folder, what) for flow in state for folder, what in flow.refused.items()]
    lines = [
        f"the refused file of {name}{'' if what in causes else f' ({what})'} lies in {folder}"
        for name, folder, what in refused
    ]
    older = steps.refused_before(date)
    earlier = f"{older} refused file{'s' if older > 1 else ''} of earlier dates {'lie' if older > 1 else 'lies'}"
    return lines + ([f"{earlier} in quarantine"] if older else [])
