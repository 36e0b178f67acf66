"""Where every flow stands on a date, read from the evidence that the tasks leave; no vendor is asked."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pipeline.catalogue import flows
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.feed import Feed
from pipeline.ground import settings
from pipeline.inbound import lastgood, lateness, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound import evidence, verdicts
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.evidence import TableTarget
from pipeline.run import notes

State = Literal["waiting", "landed", "loaded", "delivered", "late", "broken", "on hold", "discarded"]


@dataclass(frozen=True)
class Flow:
    """One flow on one date. `at` is the local time at which its state came true; `refused` are the files in quarantine:
    folder and what was found."""

    flow: str
    direction: str
    state: State
    rows: int | None = None
    bytes: int | None = None
    at: str = ""
    detail: str = ""
    refused: dict[str, str] = field(default_factory=dict)


def states(date: dt.date) -> list[Flow]:
    """Every feed and every delivery, in the order of the catalogue. Raises WarehouseError."""
    failed = _failures(date)
    inward = [_inbound(feed, date, failed) for feed in flows.feeds()]
    late = {flow.flow for flow in inward if flow.state == "late"}
    sets = flows.deliveries()
    with ThreadPoolExecutor(max(1, len(sets))) as pool:  # a receipt is read of each
        found = list(pool.map(lambda delivery: _outbound(delivery, date, failed, late), sets))
    return inward + list(map(_whole, sets, found))


def _whole(delivery: Delivery, flow: Flow) -> Flow:
    """The flow, saying also which files the set goes without."""
    return replace(flow, detail="; ".join(filter(None, (flow.detail, flows.left_out(delivery)))))


def _failures(date: dt.date) -> dict[str, str]:
    """What the last run of each wrapper could not do, by flow: the first line of the message."""
    failed: dict[str, str] = {}
    for note in _notes(date):
        for event in note.get("failed", []):
            found = str(event["message"]).split("\n")[0].removeprefix("found: ")
            failed |= dict.fromkeys(str(event["flow"]).split(), found)  # a step of the portal is of several feeds
    return failed


def _local(moment: str) -> str:
    return dt.datetime.fromisoformat(moment).astimezone(settings.load().district.zone).strftime("%m-%d %H:%M")


def _inbound(feed: Feed, date: dt.date, failed: dict[str, str]) -> Flow:
    landed = [LandedTarget(feed, source.name, date).manifest() for source in feed.sources]
    there = [manifest for manifest in landed if manifest]
    held = lastgood.date_of(feed, date)
    prepared = PreparedTarget(feed, held).manifest()
    facts: dict[str, Any] = {
        "rows": prepared["rows"] if prepared else None,
        "bytes": sum(int(manifest["size"]) for manifest in there) if there else None,
        "at": _local(max(str(manifest["landed_at"]) for manifest in there)) if there else "",
        "refused": steps.refused(feed, date),
    }
    as_of = TableTarget(feed.dataset, feed.name, {}).as_of()
    if as_of is not None and as_of > date:
        return Flow(feed.name, "in", "loaded", **facts, detail=f"the table is of {as_of}")
    if steps.loaded_target(feed, date).exists():
        return Flow(feed.name, "in", "loaded", **facts, detail=_same(there) if held == date else f"goes on with {held}")
    if feed.name in failed:
        return Flow(feed.name, "in", "broken", **facts, detail=failed[feed.name])
    if len(there) == len(landed):
        return Flow(feed.name, "in", "landed", **facts)
    missing = ", ".join(source.name for source, manifest in zip(feed.sources, landed, strict=True) if not manifest)
    return Flow(feed.name, "in", _late_or_waiting(feed, date), **facts, detail=f"no file from {missing}")


def _same(landed: list[dict[str, Any]]) -> str:
    """That a vendor's file says today what it said on another day."""
    same = sorted({str(manifest["same_as"]) for manifest in landed if "same_as" in manifest})
    return f"the same bytes as on {same[-1]}" if same and all("same_as" in each for each in landed) else ""


def _late_or_waiting(feed: Feed, date: dt.date) -> State:
    if lateness.overdue(feed, date):
        return "broken"
    return "late" if lateness.is_due(feed, date) else "waiting"


def _outbound(delivery: Delivery, date: dt.date, failed: dict[str, str], late: set[str]) -> Flow:
    target = evidence.receipt_target(delivery, date)
    receipt = storage.read_json(target.name) if storage.find(target.name).generation else None
    where = f"{delivery.vendor}:{evidence.folder(delivery)}"
    if receipt and target.exists():
        rows, size = (sum(int(file[fact]) for file in receipt["files"].values()) for fact in ("rows", "bytes"))
        detail = f"{len(receipt['files'])} files at {where}"
        detail += "".join(f"; {name} is of {day}" for name, day in receipt.get("older_inputs", {}).items())
        if receipt["fingerprint"] != target.fingerprint and _comparable(delivery, date, receipt):
            detail += "; what changed since is not sent before the next period (never-same-day)"
        return Flow(delivery.name, "out", "delivered", rows, size, _local(receipt["sent_at"]), detail)
    held = storage.find(evidence.verdict_name(delivery, date)).metadata
    if held.get("may_go") == "discarded":
        return Flow(delivery.name, "out", "discarded", detail=f"not sent to {where}")
    if held.get("fingerprint") == target.fingerprint and held.get("may_go") == "no":
        return Flow(delivery.name, "out", "on hold", detail=failed.get(delivery.name, ""))
    latest = target.latest()
    if latest and latest > target.period:
        return Flow(delivery.name, "out", "delivered", detail=f"a later set, of {latest}, is at {where}")
    if verdicts.owed(delivery, date) and (reason := verdicts.passed_by(delivery, date)):
        return Flow(delivery.name, "out", "on hold", detail=f"was never given: {reason}")
    if delivery.name in failed:
        return Flow(delivery.name, "out", "broken", detail=failed[delivery.name])
    inputs = {feed.name for feed in flows.inputs(delivery)}
    if waits := sorted(inputs & late):
        return Flow(delivery.name, "out", "late", detail=f"waits for {', '.join(waits)}")
    if broken := sorted(inputs & set(failed)):
        return Flow(delivery.name, "out", "broken", detail=f"needs {', '.join(broken)}")
    return Flow(
        delivery.name, "out", "waiting", detail=f"for {where}" + (", weekly" if delivery.cadence == "weekly" else "")
    )


def _comparable(delivery: Delivery, date: dt.date, receipt: dict[str, Any]) -> bool:
    """Whether the receipt is of that date, and all is still here of which the set would be made now."""
    held = {feed: lastgood.date_of(feed, date) for feed in flows.inputs(delivery)}
    whole = all(PreparedTarget(feed, day).manifest() for feed, day in held.items())
    return receipt["as_of"] == date.isoformat() and whole


def table(found: list[Flow]) -> str:
    """The flows as lines of text."""
    from pipeline.ground.progress import size

    rows = [("", "flow", "state", "rows", "bytes", "at", "")]
    for flow in found:
        count = f"{flow.rows:,}" if flow.rows is not None else ""
        amount = size(flow.bytes) if flow.bytes is not None else ""
        rows.append((flow.direction, flow.flow, flow.state, count, amount, flow.at, flow.detail))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = []
    for row in rows:
        cells = [row[i].rjust(widths[i]) if i in (3, 4) else row[i].ljust(widths[i]) for i in range(6)]
        lines.append("  ".join([*cells, row[6]]).rstrip())
    return "\n".join(lines)


def refused(found: list[Flow], date: dt.date) -> list[str]:
    """A line for each file of the date in quarantine, and one for those of earlier dates."""
    lines = [
        f"refused: {flow.flow}: {what}; it lies in {folder}" for flow in found for folder, what in flow.refused.items()
    ]
    older = steps.refused_before(date)
    return lines + ([f"{older} refused files of earlier dates lie in quarantine"] if older else [])


def unclaimed(date: dt.date) -> list[str]:
    """Files of watched folders that no feed takes, as the last runs of the date saw them."""
    return sorted({str(file) for note in _notes(date) for file in note.get("unclaimed", [])})


def _notes(date: dt.date) -> list[dict[str, Any]]:
    """Of the runs that give something: a rehearsal's is its own."""
    return [notes.of(name, date) or {} for name in ("Morning", "Week")]
