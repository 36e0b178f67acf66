"""Charts as SVG, of svg.py's elements. It escapes nothing, so no text gets into one but by `_named`.

Widths are in percent where a chart is as wide as its place, so that it fits a telephone and a sheet of paper.
"""

import datetime as dt
from collections.abc import Sequence

import svg
from markupsafe import Markup, escape

from pipeline.ground import secrets
from pipeline.run.page.content import Band, Clock, School, Step

# Of a small line: its width and height, and the place at its edges for a dot. Whole numbers are short.
WIDE, HIGH, EDGE = 240, 56, 6

# Of a picture whose numbers stand beside it.
_HIDDEN = {"aria-hidden": "true"}


def _named(picture: svg.SVG, name: str) -> Markup:
    """The picture with a text in its place for those who do not see it."""
    picture.elements = [svg.Title(text=str(escape(secrets.redact(name)))), *(picture.elements or [])]
    picture.extra = {"role": "img"}
    return _drawn(picture)


def _drawn(picture: svg.SVG) -> Markup:
    picture.xmlns = None  # it stands in HTML
    return Markup(str(picture))  # noqa: S704  (numbers of ours, and an escaped name)


def line(days: Sequence[tuple[dt.date, float | None]], band: Band | None, name: str) -> Markup:
    """Values by date as a line, the last one as a dot, in front of the usual band."""
    told = [(date, value) for date, value in days if value is not None]
    values = [value for _, value in told] + [*(band or ())]
    low, high = min(values, default=0), max(values, default=0)
    first, span = (told[0][0], max(1, (told[-1][0] - told[0][0]).days)) if told else (dt.date.min, 1)

    def y(value: float) -> int:
        return round(EDGE + (HIGH - 2 * EDGE) * (0.5 if high == low else (high - value) / (high - low)))

    places = [(round(EDGE + (WIDE - 2 * EDGE) * (date - first).days / span), y(value)) for date, value in told]
    drawn: list[svg.Element] = []
    if band:
        top, bottom = y(band[1]), y(band[0])
        drawn.append(svg.Rect(y=top - 2, width=WIDE, height=bottom - top + 4, class_=["band"]))
    if places[1:]:
        drawn.append(svg.Polyline(points=[svg.Point(x, y) for x, y in places]))
    if places:
        drawn.append(svg.Circle(cx=places[-1][0], cy=places[-1][1], r=5))
    return _named(svg.SVG(viewBox=svg.ViewBoxSpec(0, 0, WIDE, HIGH), elements=drawn, class_=["line"]), name)


def bar(school: School, most: int = 0) -> Markup:
    """What is gone, added and changed at a school, beside each other; `most` is as wide as the place, usually
    all of it. The numbers stand beside it, so it is nothing to be read out."""
    drawn: list[svg.Element] = []
    at = 0.0
    for kind, count in (("gone", school.gone), ("added", school.added), ("changed", school.changed)):
        wide = 100 * count / max(most or school.all, 1)
        if count:
            drawn.append(svg.Rect(x=_percent(at), width=_percent(wide), class_=[kind]))
        at += wide
    return _drawn(svg.SVG(elements=drawn, class_=["bar"], extra=_HIDDEN))


def step(told: Step, clock: Clock) -> Markup:
    """A flow in the clock: the usual times, the vendor's file, our work. A table says the same in numbers."""
    drawn: list[svg.Element] = []
    if told.usual:
        drawn.append(_between(told.usual[0], told.usual[1], clock, "band"))
    if told.done:
        ours = (told.begun if told.out else told.here) or told.done
        if told.begun and not told.out:
            drawn.append(_between(told.begun, ours, clock, "vendor"))
        drawn.append(_between(ours, told.done, clock, "late" if told.late else "ours"))
    return _drawn(svg.SVG(elements=drawn, class_=["step"], extra=_HIDDEN))


def _between(begin: dt.datetime, end: dt.datetime, clock: Clock, kind: str) -> svg.Rect:
    """From a moment to another one, wide enough to be seen."""
    left, right = _place(begin, clock), _place(end, clock)
    left = min(left, 99.2)
    return svg.Rect(x=_percent(left), width=_percent(max(right - left, 0.8)), class_=[kind])


def _place(moment: dt.datetime, clock: Clock) -> float:
    """In percent of the clock; what lies outside of it is at its edge."""
    return min(max(100 * ((moment - clock.begin) / (clock.end - clock.begin)), 0), 100)


def _percent(value: float) -> svg.Length:
    return svg.Length(_short(round(value, 1)), "%")


def _short(value: float) -> float:
    """Without a point where there is nothing behind it: there are thousands of them."""
    return int(value) if value == int(value) else round(value, 1)
