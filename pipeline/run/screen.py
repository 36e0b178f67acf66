"""A report as text: headline, causes, where every flow stands. In a terminal it is as wide as that, and done flows are
a count; elsewhere (a log, a mail, a pipe) no line is broken, so that it can be searched."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline.ground import settings
from pipeline.ground.progress import size
from pipeline.run.causes import Cause
from pipeline.run.report import Day, Report
from pipeline.run.status import DONE, Flow

# So many of the things that met a cause are named.
_NAMED = 3
# Characters of a sentence from which on each of its parts has a line, and of what the table says of a flow.
_LONG, _DETAIL = 300, 100
# Troubled flows stand above the others, in this order.
_ORDER = ("broken", "on hold", "blocked", "late", "waiting", "landed", "not today", "discarded", "delivered", "loaded")


def width() -> int:
    """The columns of the terminal; 0 when standard output is none."""
    return max(72, shutil.get_terminal_size((100, 24)).columns) if sys.stdout.isatty() else 0


def causes(found: Iterable[Cause], columns: int) -> Iterator[str]:
    """A block for each cause: what it is to whom, the three sentences, the commands to paste."""
    for cause in found:
        yield ""
        yield from folded(f"{cause.harm}: {several(cause.met) or 'the run itself'}{_holding(cause)}", columns)
        for word, sentence in (("found", cause.found), ("expected", cause.expected), ("next", cause.do)):
            yield from _sentence(word, sentence, columns) if sentence else ()
        yield from (f"    {command}" for command in cause.commands)


def _sentence(word: str, sentence: str, columns: int) -> Iterator[str]:
    """A sentence of many parts (a set that ten checks hold) has a line for each."""
    first, *parts = sentence.split("; ") if len(sentence) > _LONG else [sentence]
    yield from folded(f"{word}: {first}", columns, "  ")
    for part in parts:
        yield from folded(part, columns, "    ")


def _holding(cause: Cause) -> str:
    """What it holds up; of a hold, the name by which `release --cause` knows it."""
    named = cause.harm == "on hold" and cause.met != (cause.name,)
    waiting = f"; holds up {', '.join(cause.blocks)}" if cause.blocks else ""
    return f"{waiting}; cause: {cause.name}" if named else waiting


def several(names: Sequence[str]) -> str:
    """`a, b, c and 56 more`."""
    more = len(names) - _NAMED
    return ", ".join(names) if more < 2 else f"{', '.join(names[:_NAMED])} and {more} more"


def remarks(found: Iterable[str], columns: int) -> Iterator[str]:
    """What should be otherwise and stops nothing."""
    for remark in found:
        yield ""
        for line in remark.splitlines():
            yield from folded(line, columns, "  ")


def table(found: Sequence[Flow], columns: int, *, whole: bool) -> Iterator[str]:
    """The flows, troubled ones on top; where it is not the whole, those that are done are counted."""
    shown = [flow for flow in found if whole or flow.state not in DONE or flow.stale]
    rows = [_row(flow) for flow in sorted(shown, key=lambda flow: _ORDER.index(flow.state))]
    yield from _lines([("", "flow", "state", "rows", "bytes", "at", ""), *rows], columns) if rows else ()
    if done := len(found) - len(shown):
        yield f"{done} flow{'s are' if done > 1 else ' is'} done (--all shows {'them' if done > 1 else 'it'})"


def _row(flow: Flow) -> tuple[str, ...]:
    count = f"{flow.rows:,}" if flow.rows is not None else ""
    amount = size(flow.bytes) if flow.bytes is not None else ""
    detail = flow.detail if len(flow.detail) <= _DETAIL else f"{flow.detail[: _DETAIL - 1]}…"
    return (flow.direction, flow.flow, flow.state, count, amount, flow.at, detail)


def _lines(rows: Sequence[tuple[str, ...]], columns: int) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        cells = [row[i].rjust(widths[i]) if i in (3, 4) else row[i].ljust(widths[i]) for i in range(6)]
        line = "  ".join([*cells, row[6]]).rstrip()
        if not columns or len(line) <= columns:
            yield line
        else:  # what it waits for has lines of its own
            yield from ("  ".join(cells).rstrip()[:columns], *folded(row[6], columns, "       "))


def folded(text: str, columns: int, indent: str = "") -> list[str]:
    """The text as lines of at most `columns`; as one, when that is 0."""
    if not columns:
        return [f"{indent}{text}"]
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def body(report: Report, columns: int, *, whole: bool | None = None) -> Iterator[str]:
    """All below the headline; in a terminal, and where it is not to be the whole, without the flows that are done."""
    yield from causes(report.causes, columns)
    yield from remarks(report.remarks, columns)
    yield ""
    if report.as_of:
        said = "Nobody could look at all of it now: some of this is as of the last run"
        yield from folded(f"{said}, {report.as_of:%m-%d %H:%M}.", columns)
    yield from table(report.flows, columns, whole=not columns if whole is None else whole)


def status(day: Day, columns: int, *, whole: bool | None = None) -> Iterator[str]:
    """What `status` prints: the morning, and what the weekly wrapper of the date's week does where there is one."""
    found, week = day.morning, day.week
    yield from folded(found.headline, columns)
    if any(flow.cadence == "weekly" for flow in found.flows):
        yield from folded(week.headline, columns)
    yield from folded(f"{found.district}; {settings.in_force()}", columns)
    yield from body(replace(found, causes=day.causes), columns, whole=whole)
