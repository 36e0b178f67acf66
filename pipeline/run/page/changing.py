"""What the sets of a morning change at their vendors, as their verdicts tell it: nothing is counted anew."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.catalogue import flows
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.outbound.churn import Change
from pipeline.run.page import naming
from pipeline.run.page.content import File, Light, School, Set
from pipeline.run.status import Flow

# So many schools are named on a page, of all its files; at least and at most so many of one file.
NAMED, FEWEST, MOST = 120, 2, 12
# So many checks that did not pass are named of a set.
CHECKS = 12
_LIGHTS: Mapping[str, Light] = {
    **dict.fromkeys(("broken", "blocked"), "red"),
    **dict.fromkeys(("on hold", "late", "discarded"), "amber"),
    "delivered": "green",
}


def sets(state: Iterable[Flow], verdicts: Mapping[str, Mapping[str, Any]], date: dt.date) -> tuple[Set, ...]:
    """Each delivery, those in trouble first."""
    named = max(FEWEST, min(MOST, NAMED // max(1, sum(len(held.get("files", ())) for held in verdicts.values()))))
    found = [_set(flow, verdicts.get(flow.flow, {}), date, named) for flow in state if flow.direction == "out"]
    order = ("red", "amber", "grey", "green")
    return tuple(sorted(found, key=lambda each: order.index(each.light)))


def _set(flow: Flow, held: Mapping[str, Any], date: dt.date, named: int) -> Set:
    delivery = flows.here().get(flow.flow)
    period = delivery.period(date) if delivery else date
    checks = held.get("checks", [])
    failed = [
        f"{each['file']}: {each['name']} ({each['found']:,g}, must be {each['limit']})"
        for each in checks
        if not each["passed"]
    ]
    return Set(
        flow.flow,
        naming.delivery(flow.flow),
        flow.state,
        _LIGHTS.get(flow.state, "grey"),
        "" if flow.state in ("delivered", "on hold") else flow.detail,
        flow.rows,
        flow.at,
        None if period == date else period,
        len(checks),
        (*failed[:CHECKS], *([f"and {len(failed) - CHECKS} more"] if failed[CHECKS:] else [])),
        tuple(_files(delivery, held, named)) if delivery and flow.state != "not today" else (),
    )


def _files(delivery: Delivery, held: Mapping[str, Any], named: int) -> Iterable[File]:
    """Those that are made of views: of a file that goes on as it came nothing is compared."""
    told, failed = held.get("files", {}), {each["file"] for each in held.get("checks", []) if not each["passed"]}
    for file in delivery.view_files:
        if file.name in told:
            yield _file(file, told[file.name], named, held=file.name in failed)


def _file(file: ViewFile, told: Mapping[str, Any], named: int, *, held: bool) -> File:
    if "now" not in told:
        return File(file.name, told["rows"], file.called, None, School("", 0, 0, 0))
    changes = [Change(**each) for each in told["changes"]]
    met = sorted((each for each in map(_school, changes) if each.name and each.all), key=lambda each: -each.all)
    rest = met[named:]
    return File(
        file.name,
        told["rows"],
        file.called,
        sum(each.before for each in changes),
        _sum("", map(_school, changes)),
        tuple(met[:named]),
        _sum(f"{len(rest)} other schools", rest) if rest else None,
        held,
    )


def _school(change: Change) -> School:
    called = naming.schools().get(change.school) or (f"School {change.school}" if change.school else "")
    return School(called, change.drops, change.adds, change.changes)


def _sum(name: str, every: Iterable[School]) -> School:
    each = list(every)
    return School(name, sum(x.gone for x in each), sum(x.added for x in each), sum(x.changed for x in each))
