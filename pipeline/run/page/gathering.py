"""The parts of a page, of the report and of what is known besides."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from pipeline.ground import settings
from pipeline.outbound.history import DAYS, Point, Run
from pipeline.run.causes import Cause
from pipeline.run.page import changing, timing
from pipeline.run.page.asking import CALENDAR, WEEK, Known
from pipeline.run.page.content import Band, Day, Good, Headline, Light, Morning, Shown, Trend
from pipeline.run.report import Report, Standing
from pipeline.run.status import Flow

# So many causes are told in full, the worst first; so many mornings of each flow.
CAUSES, MORNINGS = 40, 30
_WORDS: Mapping[Standing, tuple[Light, str]] = {
    "broken": ("red", "Something is broken"),
    "on hold": ("amber", "A delivery waits for a decision"),
    "late": ("amber", "Files are late"),
    "not run": ("red", "Nobody has run it"),
    "not done": ("amber", "Something is still to be made"),
    "done": ("green", "All is done"),
}
_CODES: Mapping[int | None, Standing] = {0: "done", 20: "late", 40: "on hold", 30: "broken"}


def shown(reports: Sequence[Report], known: Known, mornings: Sequence[Morning], now: dt.datetime) -> Shown:
    """The page of the reports, which are of one date: the morning's, and the week's where it ran. `mornings` are those
    that have a page."""
    first = reports[0]
    causes = _together(reports)
    flows = first.flows
    return Shown(
        first.district,
        settings.load().sandbox.enabled,
        first.date,
        max((each.last_run for each in reports if each.last_run), default=now),
        first.as_of,
        tuple(map(headline, reports)),
        causes[:CAUSES],
        len(causes[CAUSES:]),
        tuple(dict.fromkeys(remark for each in reports for remark in each.remarks)),
        changing.sets(flows, known.verdicts, first.date),
        timing.clock(flows, known.points, first.date),
        tuple(_trends(flows, known.points)),
        tuple(_good(flows, known.good)),
        known.given,
        first.date - dt.timedelta(days=WEEK - 1),
        tuple(calendar(mornings, known.runs, first.date)),
        known.missing,
    )


def headline(report: Report) -> Headline:
    """What a report says in words."""
    light, words = _WORDS[report.standing]
    if report.standing == "done" and report.flows and all(flow.state == "not today" for flow in report.flows):
        light, words = "grey", "Nothing was due"
    return Headline(report.wrapper, light, words, " · ".join(report.counts))


def _together(reports: Iterable[Report]) -> tuple[Cause, ...]:
    """The causes of all, each once."""
    found: dict[str, Cause] = {}
    for report in reports:
        found |= {cause.name: cause for cause in report.causes if cause.name not in found}
    return tuple(found.values())


def _trends(flows: Iterable[Flow], points: Mapping[str, Sequence[Point]]) -> Iterable[Trend]:
    for flow in flows:
        if days := [_day(point) for point in points.get(flow.flow, ())][:MORNINGS]:
            before = days[1 : DAYS + 1]
            rows = _band([each.rows for each in before])
            seconds = _band([each.seconds for each in before if each.seconds is not None])
            yield Trend(flow.flow, flow.direction == "out", tuple(reversed(days)), rows, seconds)


def _day(point: Point) -> Day:
    return Day(point.date, point.rows, None if point.seconds is None else round(point.seconds, 1))


def _band(values: Sequence[float]) -> Band | None:
    return (min(values), max(values)) if values else None


def _good(flows: Iterable[Flow], known: Mapping[str, dt.date]) -> Iterable[Good]:
    """Of every flow, the oldest first."""
    found = [Good(flow.flow, known.get(flow.flow)) for flow in flows] if known else []
    return sorted(found, key=lambda each: (each.date or dt.date.min, each.name))


def calendar(mornings: Iterable[Morning], runs: Iterable[Run], until: dt.date) -> list[Morning]:
    """The days of the weeks before, oldest first: those with a page, and those of which the history alone tells."""
    first = until - dt.timedelta(days=CALENDAR - 1)
    found = {run.date: _of_run(run) for run in reversed([*runs]) if run.wrapper == "Morning"}
    found |= {each.date: each for each in mornings}
    return [found[date] for date in sorted(found) if first <= date <= until]


def _of_run(run: Run) -> Morning:
    """The last run of a date tells how that ended."""
    light, words = _WORDS[_CODES.get(run.exit_code, "broken")]
    return Morning(run.date, light, words if run.exit_code is not None else "A run was killed", page=False)
