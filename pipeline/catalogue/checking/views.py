"""What is wrong with the views: what they read, and whether their columns can be told."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from pipeline.catalogue import schemas, sql, where
from pipeline.catalogue.checking.found import Catalogue, error
from pipeline.ground.errors import ConfigurationError, did_you_mean


def wrong(found: Catalogue, views: Iterable[str]) -> Iterator[ConfigurationError]:
    """Every error of these views' texts."""
    for view in views:
        if found.knows("facts"):
            yield from sql.unanswered(view)
        yield from _reads(found, view)
        yield from _text(view)


def whole(view: str) -> bool:
    """Whether the view, and all that it reads, can be followed down to the tables."""
    below, views = [view], sql.names()
    for name in below:
        below += [each for each in sql.reads(name) if each not in below and each in views]
    return not any(_circle(name) for name in below)


def _reads(found: Catalogue, view: str) -> Iterator[ConfigurationError]:
    names, feeds = sql.names(), [f"{feed.dataset}.{feed.name}" for feed in found.feeds]
    if not sql.reads(view):
        at, expected = where.text(sql.file(view), "FROM"), "`dataset.table` in backticks of each that it reads"
        yield error(at, f"the view {view} reads no table", expected, "write it so")
    for name in sql.reads(view):
        at = where.text(sql.file(view), f"`{name}`")
        if name in names:
            if circle := _circle(view, name):
                yield error(at, f"{' reads '.join(circle)}", "views that do not read themselves", "break the circle")
        elif found.knows("feeds") and not found.of_table(name) and not found.of_table(name.removesuffix("_previous")):
            yield error(
                at,
                f"the view {view} reads {name}, which no feed fills and no file of sql/ is",
                "tables of feeds.py, or views",
                did_you_mean(name, (*names, *feeds), "correct the name, or add the feed"),
            )


def _circle(view: str, *to: str) -> list[str]:
    """The way from the view back to itself (by way of `to`, where it is given); [] where there is none."""

    seen, views = {view}, sql.names()

    def way(path: list[str]) -> list[str]:
        for name in sql.reads(path[-1]):
            if name == view:
                return [*path, name]
            if name not in seen and name in views:
                seen.add(name)
                if found := way([*path, name]):
                    return found
        return []

    if to[:1] == (view,):
        return [view, view]
    seen |= {*to}
    return way([view, *to])


# ------------------------------------------------------------------------------------------------- columns


def columns(view: str) -> tuple[str, ...] | None:
    """The columns of the view's SELECT, in order; None where they cannot be told."""
    select = _parsed(view)
    if not isinstance(select, Select) or {"*", ""} & {*select.columns}:
        return None
    return select.columns


def known(found: Catalogue, name: str) -> tuple[str, ...] | None:
    """The columns of a view or of a feed's table; None where they cannot be told."""
    if name in sql.names():
        return columns(name)
    feed = found.of_table(name)
    if feed is None or schemas.wrong(feed.dataset, feed.name):
        return None
    return tuple(column.name for column in schemas.columns(feed.dataset, feed.name))


def has(view: str, column: str) -> bool:
    """Whether the view has the column, as far as its text tells."""
    told = columns(view)
    if told is not None:
        return column in told
    text = sql.written(view)
    return "*" in text or re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text) is not None


def where_named(view: str, column: str) -> where.Where:
    """Where the view's SELECT says the column's name; of one that a `*` gives, and where there is no parser, the last
    line that gives anything that name; or else line 1."""
    select, said = _parsed(view), re.compile(rf"\bAS\s+`?{re.escape(column)}(?!\w)", re.I)
    lines = [number for number, line in enumerate(sql.written(view).splitlines(), 1) if said.search(line)]
    told = select.lines.get(column, 0) if select else 0
    return where.Where(sql.file(view), told or (lines or [1])[-1])


def readable(view: str) -> bool:
    """Whether nothing is told of the view's text, or there is nobody to tell it."""
    select = _parsed(view)
    return select is None or not (select.wrong or _repeated(select))


@dataclass(frozen=True)
class Select:
    """What a parser says of a view: its columns, and the lines of their names; or why it is none, and on which line."""

    columns: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    wrong: str = ""
    line: int = 1


def _parsed(view: str) -> Select | None:
    """The view as sqlglot reads it; None where a fact is missing, or where the package is.

    It is one of the sandbox's packages: a real district's machine may be without it, and says less of a view then.
    """
    try:
        return _read(sql.text(view))
    except (ConfigurationError, ImportError):
        return None


@cache
def _read(text: str) -> Select:
    import sqlglot
    from sqlglot import errors, exp

    try:
        select = sqlglot.parse_one(text, read="bigquery")
    except errors.ParseError as broken:
        told = broken.errors[0] if broken.errors else {}
        return Select(wrong=f"{told.get('description') or broken}".splitlines()[0], line=told.get("line") or 1)
    except errors.SqlglotError as broken:
        return Select(wrong=f"{broken}".splitlines()[0])
    if not isinstance(select, exp.Query):
        return Select(wrong="no SELECT")
    named = ((each.output_name, each.find_all(exp.Identifier)) for each in select.selects)
    lines = {name: next((each.meta.get("line", 0) for each in found if each.name == name), 0) for name, found in named}
    return Select(tuple(select.named_selects), lines)


def _text(view: str) -> Iterator[ConfigurationError]:
    """What a parser says of the text, and columns that stand there twice."""
    select, file = _parsed(view), sql.file(view)
    if select and select.wrong:
        at = where.Where(file, select.line)
        yield error(at, f"the view {view} cannot be read: {select.wrong}", "one SELECT of GoogleSQL", "correct it")
    for name in _repeated(select) if select else ():
        at = where.text(file, f"{name},", name)
        yield error(at, f"the view {view} has the column {name} twice", "each column once", "rename one of them")


def _repeated(select: Select) -> list[str]:
    return sorted({name for name in select.columns if select.columns.count(name) > 1})
