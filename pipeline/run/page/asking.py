"""What the page needs of Google: the history, the verdicts, the ledger. Asked side by side, each within its bound; what
does not answer is missing, and the page is made without it."""

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from pipeline.catalogue import flows
from pipeline.ground import border
from pipeline.ground.errors import PipelineError
from pipeline.ground.patience import bounded
from pipeline.outbound import disclosed, evidence, history
from pipeline.outbound.disclosed import Given
from pipeline.outbound.history import Point, Run
from pipeline.outside.cloud import storage

T = TypeVar("T")
# Seconds for one question; days of the disclosures; days of the calendar, which hold as many mornings as are shown.
SECONDS, WEEK, CALENDAR = 20, 7, 42


@dataclass(frozen=True)
class Known:
    """`points` are by flow, newest first; `verdicts` by delivery; `missing` says in words what did not answer."""

    points: Mapping[str, list[Point]] = field(default_factory=dict)
    good: Mapping[str, dt.date] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    verdicts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    missing: tuple[str, ...] = ()


def known(names: tuple[str, ...], date: dt.date) -> Known:
    """All that there is to know of the flows of these names."""
    missing: list[str] = []

    def answer(of: str, question: Callable[[], T], otherwise: T) -> T:
        try:
            with border.around(of, "asking it for the page"):
                return bounded(SECONDS, question, f"asking {of}")
        except PipelineError:
            missing.append(of)
            return otherwise

    with ThreadPoolExecutor(5) as pool:
        points = pool.submit(answer, "the history", partial(_points, names, date), {})
        good = pool.submit(answer, "the history", history.last_good, {})
        runs = pool.submit(answer, "the history", lambda: tuple(history.runs(CALENDAR, date)), ())
        verdicts = pool.submit(answer, "what the sets change", partial(_verdicts, names, date), {})
        given = pool.submit(answer, "the ledger", partial(_given, date), ())
    return Known(
        points.result(), good.result(), runs.result(), verdicts.result(), given.result(), tuple(sorted({*missing}))
    )


def _points(names: tuple[str, ...], date: dt.date) -> dict[str, list[Point]]:
    found = history.points(names, CALENDAR, date)
    return {f"{name}": points for name, points in found.items()}


def _given(date: dt.date) -> tuple[Given, ...]:
    return tuple(disclosed.by_vendor(date - dt.timedelta(days=WEEK - 1), date))


def _verdicts(names: tuple[str, ...], date: dt.date) -> dict[str, dict[str, Any]]:
    """What was found of the sets of the date's periods: of those that were looked at."""
    sets = [delivery for name, delivery in flows.here().items() if name in names]
    there = {each.name: name for each in sets if storage.find(name := evidence.verdict_name(each, date)).generation}
    with ThreadPoolExecutor(max(1, len(there))) as pool:
        return {
            name: held for name, held in zip(there, pool.map(storage.read_json, there.values()), strict=True) if held
        }
