"""Pages as HTML, of the templates beside this file. Everything that is no picture of ours is escaped."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from pipeline.ground import secrets
from pipeline.ground.progress import size
from pipeline.run import screen
from pipeline.run.page import charts, naming
from pipeline.run.page.content import Band, Morning, Shown

_SIGNS = {"green": "✓", "amber": "…", "red": "!", "grey": "–"}  # noqa: RUF001


def page(shown: Shown) -> str:
    """The page of a date."""
    return _seen(_environment().get_template("page.html.j2").render(shown=shown, title=_title(shown)))


def calendar(district: str, mornings: Sequence[Morning], *, pretends: bool) -> str:
    """The page that leads to the others, the newest first. There is one at least."""
    told = {"district": district, "months": _months(mornings), "last": mornings[-1], "pretends": pretends}
    return _seen(_environment().get_template("calendar.html.j2").render(told, title=f"Mornings of {district}"))


def _seen(html: str) -> str:
    """Without what is not seen, and could turn what stands behind it."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in html)


def _title(shown: Shown) -> str:
    return f"{shown.district}: {shown.date:%-d %B %Y}, {shown.morning.words}"


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_open,
    )
    made.filters |= {
        "called": naming.any_flow,
        "party": naming.party,
        "number": lambda value: f"{value:,}",
        "band": band,
        "size": size,
        "several": screen.several,
        "sign": _SIGNS.__getitem__,
        "weeks": weeks,
        "bar": charts.bar,
        "time": lambda moment: f"{moment:%H:%M}" if moment else "",
        "marked": marked,
        "rows_line": lambda trend: charts.line(
            [(day.date, day.rows) for day in trend.days], trend.rows, f"rows of {trend.name}"
        ),
        "seconds_line": lambda trend: charts.line(
            [(day.date, day.seconds) for day in trend.days], trend.seconds, f"seconds of {trend.name}"
        ),
    }
    made.globals |= {"step": charts.step, "most": lambda file: max((each.all for each in _bars(file)), default=1)}
    return made


def _open(value: Any) -> Any:
    """What may stand on a page: no secret."""
    return value if isinstance(value, Markup) else secrets.redact(f"{value}")


def marked(text: str) -> Markup:
    """What stands between backticks, which is to be typed, looks so."""
    parts = [escape(secrets.redact(part)) for part in text.split("`")]
    whole = "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
    return Markup(whole)  # noqa: S704  (its parts are escaped)


def _bars(file: Any) -> Iterable[Any]:
    return (*file.schools, *([file.others] if file.others else []))


def band(usual: Band) -> str:
    """`4,097 to 4,102`."""
    low, high = usual
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def weeks(mornings: Sequence[Morning]) -> list[list[Morning | int | None]]:
    """Weeks from Monday to Sunday; a day of which nothing is known is its number, one that is not of these None."""
    if not mornings:
        return []
    known = {each.date.toordinal(): each for each in mornings}
    first, last = mornings[0].date, mornings[-1].date
    begin, end = first.toordinal() - first.weekday(), last.toordinal() + 6 - last.weekday()
    days: list[Morning | int | None] = [
        known.get(day, first.fromordinal(day).day if first.toordinal() <= day <= last.toordinal() else None)
        for day in range(begin, end + 1)
    ]
    return [days[at : at + 7] for at in range(0, len(days), 7)]


def _months(mornings: Iterable[Morning]) -> list[tuple[str, list[Morning]]]:
    found: dict[str, list[Morning]] = {}
    for each in mornings:
        found.setdefault(f"{each.date:%B %Y}", []).append(each)
    return list(reversed(found.items()))
