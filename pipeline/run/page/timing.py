"""When what was made on a morning, what waited for what, and when that is usual. Moments are in the district's zone."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from pipeline.catalogue import flows
from pipeline.ground.errors import PipelineError
from pipeline.outbound.history import DAYS, Point
from pipeline.run.page.content import Clock, Step
from pipeline.run.status import Flow

# Between two marks of the clock, so that there are at most so many.
EVERY, MARKS = (5, 10, 15, 30, 60, 120, 180, 240, 360), 6


def clock(state: Iterable[Flow], points: Mapping[str, Sequence[Point]], date: dt.date) -> Clock | None:
    """The morning of the date; None when the history knows nothing of it. A date that was made later has its clock on
    the day on which it was made."""
    there = [flow for flow in state if flow.state != "not today"]
    today = {flow.flow: points[flow.flow][0] for flow in there if _is_of(points.get(flow.flow, ()), date)}
    if not today:
        return None
    days = {point.done_at.date() for point in today.values()}
    day = date if date in days else max(days)
    steps = [_step(flow, points.get(flow.flow, ()), today, day) for flow in there]
    steps = [step for step in steps if step.done or step.usual]
    return _framed(sorted(steps, key=lambda step: (not step.out, step.done is None, step.done or day, step.name)), day)


def _is_of(points: Sequence[Point], date: dt.date) -> bool:
    return bool(points) and points[0].date == date


def _step(flow: Flow, points: Sequence[Point], today: Mapping[str, Point], day: dt.date) -> Step:
    point, out = today.get(flow.flow), flow.direction == "out"
    earlier = [each for each in points if each != point][:DAYS]
    waited, since = _waited(flow.flow, today) if out else ("", None)
    return Step(
        flow.flow,
        out,
        since if out or not point else point.changed_at,
        point.landed_at if point else None,
        point.done_at if point else None,
        _usual(earlier, day),
        waited,
        flow.state,
    )


def _usual(points: Sequence[Point], day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
    """The earliest and the latest time of the days; a date that was made later says nothing of it."""
    moments = [point.done_at for point in points if point.done_at.date() == point.date]
    times = sorted(dt.datetime.combine(day, each.time(), each.tzinfo) for each in moments)
    return (times[0], times[-1]) if times else None


def _waited(name: str, today: Mapping[str, Point]) -> tuple[str, dt.datetime | None]:
    """The last of the feeds that a set is made of, and when that was there."""
    try:
        feeds = [feed.name for feed in flows.inputs(flows.here()[name])]
    except (PipelineError, KeyError):
        return "", None
    there = [(today[feed].done_at, feed) for feed in feeds if feed in today]
    before = [each for each in there if name not in today or each[0] <= today[name].done_at]
    return (max(before)[1], max(before)[0]) if before else ("", None)


def _framed(steps: Sequence[Step], day: dt.date) -> Clock:
    """The steps in a frame of whole marks. What was before the day begins at its edge."""
    told = [moment for step in steps for moment in (step.begun, step.here, step.done, *(step.usual or ())) if moment]
    midnight = dt.datetime.combine(day, dt.time(), told[0].tzinfo)
    times = [moment for moment in told if moment >= midnight]
    first, last = min(times), max(times)
    minutes = next((each for each in EVERY if (last - first) / dt.timedelta(minutes=each) <= MARKS - 2), EVERY[-1])
    every = dt.timedelta(minutes=minutes)
    begin = midnight + (first - midnight) // every * every
    end = midnight + -(-(last - midnight) // every) * every
    return Clock(begin, max(end, begin + every), every, tuple(steps))
