"""Charts as SVG, written by markupsafe, which escapes what it is given.

Widths are in percent where a chart is as wide as its place, so that it fits a telephone and a sheet of paper.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from pipeline.ground import secrets
from pipeline.run.page.content import Band, Clock, School, Step

# Of a small line: its width and height, and the place at its edges for a dot. Whole numbers are short.
WIDE, HIGH, EDGE = 240, 56, 6

_RECT = Markup('<rect x="{}%" width="{}%" class="{}"/>')
# A picture whose numbers stand beside it.
_HIDDEN = Markup('<svg class="{}" aria-hidden="true">{}</svg>')
# One with a text in its place for those who do not see it.
_NAMED = Markup('<svg viewBox="0 0 {} {}" class="line" role="img"><title>{}</title>{}</svg>')


def _hidden(kind: str, drawn: Iterable[Markup]) -> Markup:
    return _HIDDEN.format(kind, Markup("").join(drawn))


def line(days: Sequence[tuple[dt.date, float | None]], band: Band | None, name: str) -> Markup:
    """Values by date as a line, the last one as a dot, in front of the usual band."""
    told = [(date, value) for date, value in days if value is not None]
    values = [value for _, value in told] + [*(band or ())]
    low, high = min(values, default=0), max(values, default=0)
    first, span = (told[0][0], max(1, (told[-1][0] - told[0][0]).days)) if told else (dt.date.min, 1)

    def y(value: float) -> int:
        return round(EDGE + (HIGH - 2 * EDGE) * (0.5 if high == low else (high - value) / (high - low)))

    places = [(round(EDGE + (WIDE - 2 * EDGE) * (date - first).days / span), y(value)) for date, value in told]
    drawn = Markup("")
    if band:
        top, bottom = y(band[1]), y(band[0])
        drawn += Markup('<rect y="{}" width="{}" height="{}" class="band"/>').format(top - 2, WIDE, bottom - top + 4)
    if places[1:]:
        drawn += Markup('<polyline points="{}"/>').format(" ".join(f"{x},{y}" for x, y in places))
    if places:
        drawn += Markup('<circle cx="{}" cy="{}" r="5"/>').format(*places[-1])
    return _NAMED.format(WIDE, HIGH, secrets.redact(name), drawn)


def bar(school: School, most: int = 0) -> Markup:
    """What is gone, added and changed at a school, beside each other; `most` is as wide as the place, usually
    all of it. The numbers stand beside it, so it is nothing to be read out."""
    drawn: list[Markup] = []
    at = 0.0
    for kind, count in (("gone", school.gone), ("added", school.added), ("changed", school.changed)):
        wide = 100 * count / max(most or school.all, 1)
        if count:
            drawn.append(_RECT.format(_short(at), _short(wide), kind))
        at += wide
    return _hidden("bar", drawn)


def step(told: Step, clock: Clock) -> Markup:
    """A flow in the clock: the usual times, the vendor's file, our work. A table says the same in numbers."""
    drawn: list[Markup] = []
    if told.usual:
        drawn.append(_between(told.usual[0], told.usual[1], clock, "band"))
    if told.done:
        ours = (told.begun if told.out else told.here) or told.done
        if told.begun and not told.out:
            drawn.append(_between(told.begun, ours, clock, "vendor"))
        drawn.append(_between(ours, told.done, clock, "late" if told.late else "ours"))
    return _hidden("step", drawn)


def _between(begin: dt.datetime, end: dt.datetime, clock: Clock, kind: str) -> Markup:
    """From a moment to another one, wide enough to be seen."""
    left, right = _place(begin, clock), _place(end, clock)
    left = min(left, 99.2)
    return _RECT.format(_short(left), _short(max(right - left, 0.8)), kind)


def _place(moment: dt.datetime, clock: Clock) -> float:
    """In percent of the clock; what lies outside of it is at its edge."""
    return min(max(100 * ((moment - clock.begin) / (clock.end - clock.begin)), 0), 100)


def _short(value: float) -> float:
    """One place behind the point, and no point where there is nothing behind it: there are thousands of them."""
    short = round(value, 1)
    return int(short) if short == int(short) else short
