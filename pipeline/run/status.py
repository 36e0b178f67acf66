"""Where every flow stands on a date, read from the evidence that the tasks leave; no vendor is asked.

What cannot be looked at (Google does not answer, one row's schema or section is broken) is told as the last run of the
date saw it, and why: `Seen.failures`. The rest is of now.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeVar

from pipeline import catalogue
from pipeline.catalogue import flows, sql
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.feed import Feed
from pipeline.ground import border, settings
from pipeline.ground.errors import PipelineError
from pipeline.inbound import expected, lastgood, lateness, loads, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound import evidence, receipts, verdicts, wanted
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.evidence import TableTarget, ViewTarget
from pipeline.run import failures
from pipeline.run.failures import Failure

T = TypeVar("T")
State = Literal[
    "waiting", "landed", "loaded", "delivered", "late", "broken", "blocked", "on hold", "discarded", "not today"
]
# What nobody need look at any more.
DONE = ("loaded", "delivered", "discarded", "not today")


@dataclass(frozen=True)
class Flow:
    """One flow on one date. `at` is the local time at which its state came true; `refused` are the files in quarantine:
    folder and what was found. `stale` says that its state is that of a run before, since nobody could look now, and
    `as_of` when that was (ISO)."""

    flow: str
    direction: str
    state: State
    rows: int | None = None
    bytes: int | None = None
    at: str = ""
    detail: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    cadence: str = "daily"
    stale: bool = False
    as_of: str = ""


@dataclass(frozen=True)
class Seen:
    """Every flow, in the order of the catalogue, what kept somebody from looking at some of them, and which views that
    could not be deployed are deployed by now."""

    flows: list[Flow]
    failures: list[Failure]
    deployed: set[str]


def seen(date: dt.date, failed: Iterable[Failure], known: Mapping[str, Flow]) -> Seen:
    """Every feed and every delivery. `failed` is what the last run could not do, `known` how it saw each flow."""
    look = _Look(date, list(failed), known)
    return Seen(look.inward() + look.outward(), look.failures, look.deployed)


def from_json(note: dict[str, Any]) -> dict[str, Flow]:
    """The flows of a run's note, by name; none of a note that another version left."""
    try:
        found = [Flow(**each) for each in note.get("flows", [])]
    except TypeError:
        return {}
    return {flow.flow: replace(flow, as_of=flow.as_of or str(note.get("ended_at", ""))) for flow in found}


def as_json(found: Iterable[Flow]) -> list[dict[str, Any]]:
    return [asdict(flow) for flow in found]


class _Look:
    """One look at everything."""

    def __init__(self, date: dt.date, failed: list[Failure], known: Mapping[str, Flow]) -> None:
        self._date, self._failed, self._known = date, failed, known
        self.failures: list[Failure] = []
        self.deployed: set[str] = set()
        # What holds up the deliveries that are made of it, and how: "late" or "broken".
        self._stopped: dict[str, str] = {}

    def inward(self) -> list[Flow]:
        found = [self._looked(partial(self._inbound, feed), self._here(feed)) for feed in self._feeds()]
        self._stopped |= {flow.flow: flow.state for flow in found if flow.state in ("late", "broken")}
        return found

    def outward(self) -> list[Flow]:
        views = {failure.flow for failure in self._failed if failure.flow in sql.names()}
        self.deployed |= {name for name in views if self._deployed(name)}
        self._stopped |= dict.fromkeys(views - self.deployed, "broken")
        off = set(settings.load().district.off)
        every = [delivery for name, delivery in flows.here().items() if name not in off]
        sets = self._asked(lambda: list(flows.deliveries()), every)
        with ThreadPoolExecutor(max(1, len(sets))) as pool:  # where a receipt must be read
            return list(pool.map(self._set, sets))

    def _feeds(self) -> list[Feed]:
        """Also where the configuration is so that a run would not begin."""
        off = set(settings.load().district.off)
        every = [feed for name, feed in catalogue.feeds().items() if name not in off]
        return self._asked(lambda: list(flows.feeds()), every)

    def _set(self, delivery: Delivery) -> Flow:
        otherwise = Flow(delivery.name, "out", "waiting", cadence=delivery.cadence)
        flow = self._looked(partial(self._outbound, delivery), otherwise)
        if flow.stale and flow.state == "waiting":
            flow = self._asked(partial(self._blocked, delivery, flow), flow)
        said = "; ".join(filter(None, (flow.detail, self._asked(partial(flows.left_out, delivery), ""))))
        return replace(flow, detail=said, cadence=delivery.cadence)

    def _looked(self, look: Callable[[], Flow], otherwise: Flow) -> Flow:
        """What `look` sees; when nobody can look, what the last run saw, or `otherwise`."""
        known = replace(self._known.get(otherwise.flow, otherwise), stale=True)
        if (flow := self._asked(look, known, otherwise.flow)) is known:
            self._stopped[known.flow] = "broken"
        return flow

    def _asked(self, question: Callable[[], T], otherwise: T, flow: str = "") -> T:
        """The answer; `otherwise`, when there is none: then why is told."""
        try:
            with border.around("the state of the flows", "reading the evidence of them"):
                return question()
        except PipelineError as error:
            self.failures.append(replace(failures.of_error(error), of=flow, flow=flow))
            return otherwise

    # ------------------------------------------------------------------------------------------------- the way in

    def _here(self, feed: Feed) -> Flow:
        """What our own disk tells of a feed."""
        landed = [LandedTarget(feed, source.name, self._date).manifest() for source in feed.sources]
        there = [manifest for manifest in landed if manifest]
        state: State = "landed" if len(there) == len(landed) else "waiting"
        at = settings.load().district.local(max(str(manifest["landed_at"]) for manifest in there)) if there else ""
        size = sum(int(manifest["size"]) for manifest in there) if there else None
        return Flow(feed.name, "in", state, bytes=size, at=at, refused=steps.refused(feed, self._date))

    def _inbound(self, feed: Feed) -> Flow:
        landed = [LandedTarget(feed, source.name, self._date).manifest() for source in feed.sources]
        there = [manifest for manifest in landed if manifest]
        held = lastgood.date_of(feed, self._date)
        prepared = PreparedTarget(feed, held).manifest()
        flow = replace(self._here(feed), rows=prepared["rows"] if prepared else None)
        as_of = TableTarget(feed.dataset, feed.name, {}).as_of()
        if as_of is not None and as_of > self._date:
            return replace(flow, state="loaded", detail=f"the table is of {as_of}", refused={})
        if not expected.asked(feed, self._date):
            return replace(flow, state="not today", detail="" if held == self._date else f"goes on with {held}")
        if steps.loaded_target(feed, self._date).exists():
            detail = loads.same(there) if held == self._date else f"goes on with {held}"
            return replace(flow, state="loaded", detail=detail, refused={} if held == self._date else flow.refused)
        if failure := self._failure(feed.name):
            return replace(flow, state="late" if failure.harm == "late" else "broken", detail=failure.found)
        if len(there) == len(landed):
            return flow
        missing = ", ".join(source.name for source, manifest in zip(feed.sources, landed, strict=True) if not manifest)
        return replace(flow, state=_late_or_waiting(feed, self._date), detail=f"no file from {missing}")

    def _failure(self, flow: str) -> Failure | None:
        """Why the last run could not make the flow; a step of the portal is of several."""
        return next((each for each in self._failed if flow in each.flow.split() and each.harm != "on hold"), None)

    # ------------------------------------------------------------------------------------------------ the way out

    def _deployed(self, name: str) -> bool:
        dataset, _, view = name.partition(".")
        return self._asked(lambda: ViewTarget(dataset, view, sql.text(name)).exists(), otherwise=False)

    def _outbound(self, delivery: Delivery) -> Flow:
        target = evidence.receipt_target(delivery, self._date)
        receipt = receipts.told(target.name)
        where = f"{delivery.vendor}:{evidence.folder(delivery)}"
        flow = Flow(delivery.name, "out", "waiting", detail=f"goes to {where}")
        if receipt and target.exists():
            return _delivered(flow, receipt, where, self._changed(delivery, target.fingerprint, receipt))
        held = storage.find(evidence.verdict_name(delivery, self._date)).metadata
        if held.get("may_go") == "discarded":
            return replace(flow, state="discarded", detail=f"not sent to {where}")
        if held.get("fingerprint") == target.fingerprint and held.get("may_go") == "no":
            return replace(flow, state="on hold", detail=self._hold(delivery))
        latest = target.latest()
        if latest and latest > target.period:
            return replace(flow, state="delivered", detail=f"a later set, of {latest}, is at {where}")
        if verdicts.owed(delivery, self._date) and (reason := verdicts.passed_by(delivery, self._date)):
            return replace(flow, state="on hold", detail=f"was never given: {reason}")
        if failure := self._failure(delivery.name):
            return replace(flow, state="broken", detail=failure.found)
        if not wanted.wanted(delivery, self._date):
            return replace(flow, state="not today")
        return self._blocked(delivery, flow)

    def _changed(self, delivery: Delivery, fingerprint: str, receipt: dict[str, Any]) -> bool:
        """Whether the set would be another one now, and all is still here of which it would be made."""
        held = {feed: lastgood.date_of(feed, self._date) for feed in flows.inputs(delivery)}
        whole = all(PreparedTarget(feed, day).manifest() for feed, day in held.items())
        return receipt["fingerprint"] != fingerprint and receipt["as_of"] == self._date.isoformat() and whole

    def _hold(self, delivery: Delivery) -> str:
        holds = (each for each in self._failed if each.harm == "on hold" and each.flow == delivery.name)
        return next((each.found for each in holds), "")

    def _blocked(self, delivery: Delivery, flow: Flow) -> Flow:
        """What it waits for, if that is late or broken."""
        below = {feed.name for feed in flows.inputs(delivery)} | views_of(delivery)
        for harm, state, words in (("broken", "blocked", "by"), ("late", "late", "waits for")):
            if names := sorted(name for name in below if self._stopped.get(name) == harm):
                return replace(flow, state=state, detail=f"{words} {', '.join(names)}")  # type: ignore[arg-type]
        return replace(flow, detail=f"{flow.detail}, weekly" if delivery.cadence == "weekly" else flow.detail)


def views_of(delivery: Delivery) -> set[str]:
    """The views that a delivery is made of, `dataset.view`."""
    return {view for file in delivery.view_files for view in sql.views_below(file.view)}


def _late_or_waiting(feed: Feed, date: dt.date) -> State:
    if lateness.overdue(feed, date):
        return "broken"
    return "late" if lateness.is_due(feed, date) else "waiting"


def _delivered(flow: Flow, receipt: dict[str, Any], where: str, changed: bool) -> Flow:
    files = receipt["files"]
    detail = f"{files} file{'s' if files != 1 else ''} at {where}"
    detail += "".join(f"; {name} is of {day}" for name, day in receipt.get("older_inputs", {}).items())
    detail += "; what changed since is not sent before the next period (never-same-day)" if changed else ""
    return replace(
        flow,
        state="delivered",
        rows=receipt["rows"],
        bytes=receipt["bytes"],
        at=settings.load().district.local(receipt["sent_at"]),
        detail=detail,
    )
