"""What GoogleSQL's own analyzer says of the views, with the columns of their tables: where this machine has it."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from pipeline.catalogue import schemas, sql
from pipeline.catalogue.checking import astext, views
from pipeline.catalogue.checking.found import Catalogue, error
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, StatementRefused
from pipeline.outside import googlesql
from pipeline.outside.googlesql import Analyzed


def wrong(found: Catalogue, wanted: Iterable[str]) -> Iterator[ConfigurationError]:
    """Every error of these views' texts, by the line that the analyzer says. Of a view that reads one with an error, or
    a table whose schema has one, nothing more is told."""
    if not googlesql.installed():
        return
    delivered = {file.view for delivery in found.deliveries for file in delivery.view_files}
    for view in wanted:
        try:
            told = analyzed(view)
        except StatementRefused as refused:
            at = Where(sql.file(view), refused.line)
            words = f"the view {view} is refused by GoogleSQL: {refused.found} (column {refused.column})"
            yield error(at, words, "a SELECT that BigQuery takes", "correct it")
            continue
        if told is None:
            continue
        at = Where(sql.file(view))
        for limit in told.limits:
            yield error(at, f"BigQuery would refuse the view {view}: {limit}", "a view that it takes", "rewrite it")
        if view in delivered:
            yield from astext.wrong(view, told.columns)


def types(name: str) -> Mapping[str, str]:
    """The type of each column of a feed's table, or of a view; empty where that cannot be told."""
    try:
        if name not in sql.names():
            return schemas.types(name)
        told = analyzed(name) if googlesql.installed() else None
    except (ConfigurationError, StatementRefused):
        return {}
    return told.columns if told else {}


def analyzed(view: str) -> Analyzed | None:
    """What the view gives; None where that cannot be told, for a reason that is told elsewhere or of a view below.

    Raises StatementRefused, where the reason is the view's own text.
    """
    if not views.whole(view) or not views.readable(view):
        return None
    tables = {}
    try:
        text = sql.text(view)
        for name in sql.reads(view):
            below = analyzed(name) if name in sql.names() else None
            if below is None and name in sql.names():
                return None
            tables[name] = below.columns if below else schemas.types(name)
    except ConfigurationError:
        return None
    except StatementRefused:
        return None
    told = _asked(text, tuple((name, tuple(columns.items())) for name, columns in tables.items()))
    if isinstance(told, StatementRefused):
        raise told
    return told


@cache
def _asked(text: str, tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Analyzed | StatementRefused:
    named: Mapping[str, Mapping[str, str]] = {name: dict(columns) for name, columns in tables}
    try:
        return googlesql.analyze(text, named)
    except StatementRefused as refused:
        return refused
