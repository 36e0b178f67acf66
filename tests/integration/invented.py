"""Mornings of invented values, of which pages are made."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from pipeline import catalogue
from pipeline.outbound.disclosed import Given
from pipeline.outbound.history import Point
from pipeline.run.causes import Cause
from pipeline.run.page import gathering
from pipeline.run.page.asking import Known
from pipeline.run.page.content import Morning, Shown
from pipeline.run.report import Report
from pipeline.run.status import Flow, State

ZONE = ZoneInfo("America/Chicago")
FRIDAY = dt.date(2026, 11, 27)
NOW = dt.datetime(2026, 11, 27, 7, 31, tzinfo=ZONE)
HELD = Cause("on hold", "students", "students RSD 310, usually 409 to 414", met=("clever_rosters",), blocks=())
LOGIN = Cause(
    "broken",
    "c",
    "savvas does not let riverbend-savvas in",
    "a login",
    "renew it, then `morning retry-login savvas`",
    met=("savvas_assessment_scores savvas",),
    blocks=("otus_scores",),
)


def at(hours: int, minutes: int = 0, date: dt.date = FRIDAY) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(hours, minutes), ZONE)


def point(date: dt.date = FRIDAY, rows: int = 4000, minutes: int = 0, **more: Any) -> Point:
    """Of a feed whose file was written at four, and here at five."""
    told = {"changed_at": at(4, date=date), "landed_at": at(5, date=date), "seconds": 1.23, **more}
    done = at(5, 1, date) + dt.timedelta(minutes=minutes)
    return Point(date, rows, 1000, done_at=done, parts={}, remarks=(), **told)


def points(rows: int = 4000, days: int = 30, minutes: int = 0) -> list[Point]:
    """So many mornings, newest first, each with another number of rows."""
    dates = [FRIDAY - dt.timedelta(days=day) for day in range(days)]
    return [point(date, rows + number % 7, minutes) for number, date in enumerate(dates)]


def feed(name: str, state: State = "loaded", rows: int | None = 4000) -> Flow:
    return Flow(name, "in", state, rows, 912_345, "11-27 05:01")


def delivery(name: str, state: State = "delivered", **more: Any) -> Flow:
    return Flow(name, "out", state, 31_745, 2_400_000, "11-27 06:10", **more)


def changed(*schools: str, before: int = 400) -> dict[str, Any]:
    """What a verdict says of a file: at each school two are gone, one is added and five are changed."""
    told = [{"school": each, "before": before, "drops": 2, "adds": 1, "changes": 5} for each in schools]
    return {"rows": 6315, "now": "a.b", "before": "a.c", "compared": [], "changes": told}


def verdict(name: str, *schools: str, passed: bool = True) -> dict[str, Any]:
    """What is found of a set of the catalogue, all of whose files change alike."""
    files = {file.name: changed(*schools) for file in catalogue.deliveries()[name].view_files}
    check = {"file": "students.csv", "name": "rows", "found": 310.0, "limit": "at least 400", "passed": passed}
    return {"checks": [check], "files": files}


def reported(*causes: Cause, flows: Iterable[Flow] = (), **more: Any) -> Report:
    told = {"last_run": NOW, **more}
    return Report("Morning", "Riverbend Schools", FRIDAY, causes, tuple(flows), **told)


def shown(report: Report, known: Known | None = None, mornings: Iterable[Morning] = ()) -> Shown:
    """As the run of the report would show it."""
    found = gathering.shown([report], known or Known(), [*mornings], NOW)
    return replace(found, mornings=(*found.mornings, found.morning))


def usual() -> Shown:
    """A morning with something of everything."""
    names = ("students", "sections", "savvas_assessment_scores")
    flows = [
        delivery("clever_rosters", "on hold"),
        delivery("savvas_rosters"),
        delivery("otus_scores", "blocked", detail="by savvas_assessment_scores"),
        *map(feed, names[:2]),
        feed("savvas_assessment_scores", "broken", None),
    ]
    known = Known(
        {**{name: points() for name in names[:2]}, names[2]: points()[1:], "savvas_rosters": points(minutes=45)},
        {**dict.fromkeys(names[:2], FRIDAY), names[2]: FRIDAY - dt.timedelta(days=1)},
        (),
        {
            "clever_rosters": verdict("clever_rosters", "0105", "0305", "0805", passed=False),
            "savvas_rosters": verdict("savvas_rosters"),
        },
        (Given("clever", 5, 30, 158_725, 4012, 0), Given("savvas", 5, 45, 174_860, 4012, 2)),
    )
    before = [Morning(FRIDAY - dt.timedelta(days=day), "green", "All is done") for day in (4, 3, 2, 1)]
    return shown(reported(LOGIN, HELD, flows=flows, remarks=("a remark",)), known, before)


def large(feeds: int, deliveries: int, schools: int = 30) -> Shown:
    """A morning of a large district: each set has files in which something changes at each school."""
    names = [f"feed_number_{number}_of_a_large_district" for number in range(feeds)]
    own = list(catalogue.deliveries())
    sets = [*own, *(f"vendor_{number}_rosters" for number in range(deliveries - len(own)))][:deliveries]
    numbers = [f"{900 + number}" for number in range(schools)]
    known = Known(
        {name: points(38_000 + 100 * number) for number, name in enumerate([*names, *sets])},
        dict.fromkeys([*names, *sets], FRIDAY),
        (),
        {name: verdict(name, *numbers) for name in own if name in sets},
        tuple(Given(name, 5, 30, 150_000, 4012, 0) for name in sets),
    )
    causes = [replace(LOGIN, name=f"{number}", found=f"{number}: {LOGIN.found}") for number in range(20)]
    before = [Morning(FRIDAY - dt.timedelta(days=day), "green", "All is done") for day in range(40, 0, -1)]
    return shown(reported(*causes, flows=[*map(delivery, sets), *map(feed, names)]), known, before)
