"""How a morning went, for people: one model, which output, `status`, messages and the page show.

    Report    of one wrapper and date: a headline, its causes, where every flow stands
    Cause     one reason for which something was not made, however many tasks met it: what to do, what it holds up

None of it holds a name, a number or a value of a person: what it says are names of the catalogue, places and counts.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.ground import manifests, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.inbound import lateness, steps
from pipeline.outbound import verdicts
from pipeline.outside import refusals
from pipeline.run import calls, causes, failures, notes, status
from pipeline.run.causes import Cause
from pipeline.run.failures import Failure
from pipeline.run.outcome import Outcome
from pipeline.run.status import Flow, Seen

# How a morning stands, the worst first; of several the first is told.
Standing = Literal["broken", "on hold", "late", "not run", "not done", "done"]
CODES: dict[Standing, int] = {"broken": 30, "on hold": 40, "late": 20, "not run": 20, "not done": 20, "done": 0}


@dataclass(frozen=True)
class Report:
    """How the `wrapper` of `date` stands. `last_run` and `next_run` are local times of the district; `as_of` is the
    moment from which the state of some flows is, where it could not be looked at now. `remarks` stop nothing. `left`
    are the flows that the next run makes, which nothing holds up.
    """

    wrapper: str
    district: str
    date: dt.date
    causes: tuple[Cause, ...] = ()
    flows: tuple[Flow, ...] = ()
    remarks: tuple[str, ...] = ()
    last_run: dt.datetime | None = None
    next_run: dt.datetime | None = None
    as_of: dt.datetime | None = None
    left: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        """The worst of its causes; of a morning that nobody ran, or after which something is left, that."""
        harms: list[Standing] = [cause.harm for cause in self.causes]
        harms += ["not run" if self.last_run is None else "not done"] if self.left else []
        return next((each for each in CODES if each in harms), "done")

    @property
    def code(self) -> int:
        """The exit code that says so."""
        return CODES[self.standing]

    @property
    def headline(self) -> str:
        """`Morning 2026-11-28: 4 of 6 delivered · 1 on hold · 1 broken · last run 07:31, next 07:45`."""
        return f"{self.called} {self.date}: {' · '.join([*self.counts, self._runs()])}"

    @property
    def counts(self) -> list[str]:
        """`4 of 6 delivered`, `1 on hold` and so on: sets that were delivered or are on hold, and causes that are
        broken or late."""
        sets = self._sets()
        delivered = sum(flow.state == "delivered" for flow in sets)
        counts = {harm: sum(cause.harm == harm for cause in self.causes) for harm in ("broken", "late")}
        counts = {"on hold": sum(flow.state == "on hold" for flow in sets), **counts}
        words = [f"{delivered} of {len(sets)} delivered"] if sets else []
        words += ["no set is of today"] if not sets and self._own() else []
        words += [f"{count} {harm}" for harm, count in counts.items() if count]
        return words + ([f"{len(self.left)} still to be made"] if self.left and self.last_run else [])

    @property
    def called(self) -> str:
        """The wrapper, as people call it: of a rehearsal that it is one, of a run of one flow alone that one."""
        name = self.wrapper.removeprefix("OnlyRehearsal-").removeprefix("Only-").removesuffix("Rehearsal")
        return f"Rehearsal of {name}" if "Rehearsal" in self.wrapper else name

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


def of(wrapper: str, date: dt.date, outcome: Outcome | None = None, only: Collection[str] = ()) -> Report:
    """How the wrapper of that date stands now: by the `outcome` of the run that ends, or by what the last one left; of
    the flows `only`, where some are named.

    Raises PipelineError when not even the configuration or the catalogue can be read.
    """
    note = notes.of(wrapper, date) or {}
    told = {**outcome.as_json(), "ended_at": manifests.now()} if outcome else note
    found = [_aged(failure, date) for failure in failures.kept(told)] if outcome else _told(note, date)
    seen = _of_these(status.seen(date, found, status.from_json(note)), only)
    return _reported(wrapper, date, told, found, seen, ended=outcome is not None)[0]


@dataclass(frozen=True)
class Day:
    """Both wrappers of a date, and the causes of both, each once."""

    morning: Report
    week: Report
    causes: tuple[Cause, ...]

    @property
    def code(self) -> int:
        """The exit code of the worst cause; that the week's sets are still to be made is none."""
        harms = [*(cause.harm for cause in self.causes), self.morning.standing]
        return next(CODES[each] for each in CODES if each in harms)

    def as_json(self) -> dict[str, Any]:
        """For programs: the morning, with all causes, and the week's headline."""
        told = {"causes": [asdict(cause) for cause in self.causes], "exit": self.code}
        week = {"headline": self.week.headline, "standing": self.week.standing, "exit": self.week.code}
        return {**self.morning.as_json(), **told, "week": week}


def of_day(date: dt.date) -> Day:
    """How the date stands now, by what the last runs left, in one look. Raises PipelineError as `of` does."""
    told = {wrapper: notes.of(wrapper, date) or {} for wrapper in ("Week", "Morning")}
    found = {wrapper: _told(note, date) for wrapper, note in told.items()}
    known = {name: flow for note in told.values() for name, flow in status.from_json(note).items()}
    seen = status.seen(date, [failure for each in found.values() for failure in each], known)
    (week, his), (morning, hers) = (_reported(each, date, told[each], found[each], seen) for each in told)
    return Day(morning, week, causes.grouped([*hers, *his, *seen.failures], seen.flows, date))


def _reported(
    wrapper: str, date: dt.date, told: dict[str, Any], found: list[Failure], seen: Seen, *, ended: bool = False
) -> tuple[Report, list[Failure]]:
    """The report, and the failures that are left. A run that has `ended` just now has said what is of now."""
    left: tuple[str, ...] = ()
    if not ended:
        found = [failure for failure in found if not causes.mended(failure, seen)]
        found += _holds(wrapper, date, seen.flows, found)
        left = () if found or seen.failures else _left(wrapper, date, seen.flows)
    next_run, wrong = _following(wrapper, date)
    remarks = (*_unclaimed(told), *_refused(seen.flows, found, date), *_remarks(told, found), *told.get("untold", []))
    known = [moment for flow in seen.flows if flow.stale and (moment := _moment(flow.as_of))]
    made = Report(
        wrapper,
        settings.load().district.name,
        date,
        causes.grouped([*found, *seen.failures], seen.flows, date),
        tuple(seen.flows),
        (*remarks, *wrong),
        _moment(told.get("ended_at")),
        next_run,
        min(known, default=None),
        left,
    )
    return made, found


def _of_these(seen: Seen, only: Collection[str]) -> Seen:
    if not only:
        return seen
    failed = [failure for failure in seen.failures if not failure.flow or failure.flow in only]
    return Seen([flow for flow in seen.flows if flow.flow in only], failed, seen.deployed)


def _moment(text: str | None) -> dt.datetime | None:
    """A moment of a note in the district's zone."""
    return dt.datetime.fromisoformat(text).astimezone(settings.load().district.zone) if text else None


def _following(wrapper: str, date: dt.date) -> tuple[dt.datetime | None, list[str]]:
    """When cron calls next; a line that is none of a crontab stops no morning."""
    try:
        return calls.following(wrapper, date), []
    except ConfigurationError as error:
        return None, [str(error)]


def _holds(wrapper: str, date: dt.date, state: Iterable[Flow], found: Iterable[Failure]) -> list[Failure]:
    """The holds of which the last run of the wrapper knew nothing: another one made them, as a rehearsal does."""
    told = {failure.flow for failure in found if failure.harm == "on hold"}
    held = [flow.flow for flow in state if flow.state == "on hold" and flow.cadence == cadence(wrapper)]
    errors = [(name, verdicts.hold(flows.here()[name], date)) for name in held if name not in told]
    return [failures.of_hold(error, name) for name, error in errors if error]


def _left(wrapper: str, date: dt.date, state: Iterable[Flow]) -> tuple[str, ...]:
    """What of the wrapper's the next run makes; nothing of a date that is still to come."""
    if date > settings.load().today():
        return ()
    own = [flow for flow in state if flow.direction == "out" and flow.cadence == cadence(wrapper)]
    own += [flow for flow in state if flow.direction == "in" and cadence(wrapper) == "daily"]
    return tuple(flow.flow for flow in own if flow.state not in (*status.DONE, "on hold"))


def _told(note: dict[str, Any], date: dt.date) -> list[Failure]:
    """What the run could not do; but a login that a person has let be tried again since waits for the next run."""
    ended = _moment(note.get("ended_at"))
    found = failures.kept(note)
    return [_aged(each, date) for each in found if not (ended and refusals.let_again(each.shared, ended))]


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
    told = {failure.found for failure in found}
    refused = [(flow.flow, folder, what) for flow in state for folder, what in flow.refused.items()]
    lines = [
        f"the refused file of {name}{'' if what in told else f' ({what})'} lies in {folder}"
        for name, folder, what in refused
    ]
    older = steps.refused_before(date)
    earlier = f"{older} refused file{'s' if older > 1 else ''} of earlier dates {'lie' if older > 1 else 'lies'}"
    return lines + ([f"{earlier} in quarantine"] if older else [])
