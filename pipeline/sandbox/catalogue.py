"""What BigQuery's stand-in asks of its catalogue: once while it translates a statement, and how many rows a table has.

Each question walks through every column of every table, and each mention of a table in a statement is five of them:
they took more than half of the time of a query. `sources.py` puts these decorators into its sources.
"""

import contextvars
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pipeline.sandbox import described

P = ParamSpec("P")
T = TypeVar("T")
Object = tuple[str, str, int]  # name, TABLE or VIEW, rows
_answers: contextvars.ContextVar[dict[str, object] | None] = contextvars.ContextVar("answers", default=None)


def one_statement(translate: Callable[P, T]) -> Callable[P, T]:
    """`translate` changes nothing of the catalogue: what it has learned of it holds until it returns."""

    @wraps(translate)
    def remembering(*args: P.args, **named: P.kwargs) -> T:
        token = _answers.set({})
        try:
            return translate(*args, **named)
        finally:
            _answers.reset(token)

    return remembering


def asked_once(question: Callable[P, T]) -> Callable[P, T]:
    """`question`, and within one statement's translation its first answer."""

    @wraps(question)
    def answer(*args: P.args, **named: P.kwargs) -> T:
        answers = _answers.get()
        if answers is None:
            return question(*args, **named)
        asked = f"{question.__qualname__} {args!r} {named!r}"
        if asked not in answers:
            answers[asked] = question(*args, **named)
        return answers[asked]  # type: ignore[return-value]

    return answer


# The tables that are known to be written as they are asked for: DuckDB takes `Students` for `students`.
_tables: set[tuple[str, str, str]] = set()


def counted(objects: Callable[..., list[Object]]) -> Callable[..., list[Object]]:
    """`objects` of a dataset. One table that is asked for by name is looked for alone: DuckDB's list of tables writes a
    statement for each table of all datasets, and for each result of a query. Its rows are counted, as BigQuery counts
    them: DuckDB's own number may have deleted ones in it.
    """

    @wraps(objects)
    def asked(project: str, dataset: str, table: str | None = None) -> list[Object]:
        if table is None:
            return objects(project, dataset)
        asked_for = project, dataset, table
        if asked_for in _tables and (rows := _rows(*asked_for)) is not None:
            return [(table, "TABLE", rows)]
        _tables.discard(asked_for)
        if found := _views(*asked_for):
            return found
        if (rows := _rows(*asked_for)) is None:
            return []
        found = [(name, kind, rows) for name, kind, _ in objects(*asked_for)]
        if found:
            _tables.add(asked_for)
        return found

    return asked


def _rows(*table: str) -> int | None:
    """Of a table; None where there is none, and of a view, which has no number of a row."""
    import duckdb
    from local_bigquery.engine import database

    try:
        [(rows, _)] = database.fetch(f"SELECT count(*), min(rowid) FROM {database.quote(*table)}")  # noqa: S608
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    return int(rows)


def _views(*view: str) -> list[Object]:
    from local_bigquery.engine import database

    return database.fetch(  # type: ignore[no-any-return]
        "SELECT view_name, 'VIEW', 0 FROM duckdb_views() "
        "WHERE database_name = ? AND schema_name = ? AND view_name = ? AND NOT internal",
        list(view),
    )


# The columns of each view, with the time of its last change.
_of_views: dict[tuple[str, ...], tuple[str | None, list[Any]]] = {}


def shown(columns: Callable[..., list[Any]], kind: str, resource: Any, *table: str) -> list[Any]:
    """The columns that a table or view is said to have. A view's are those of when it was made, as BigQuery's are: to
    find them anew is to plan it, with all views below, at each look at its text."""
    if kind != "VIEW":
        return [] if kind == "EMPTY" else columns(*table)
    changed, found = _of_views.get(table, (None, []))
    if not found or changed != resource.lastModifiedTime:
        found = columns(*table)
        _of_views[table] = resource.lastModifiedTime, found
    return found


def _described(*table: str) -> list[tuple[str, bool]]:
    """(column, NOT NULL) of one table or view; [] where there is none. DuckDB's list of columns is of all tables."""
    import duckdb
    from local_bigquery.engine import database

    name = database.quote(*table).replace("'", "''")
    try:
        return database.fetch(f"SELECT name, \"notnull\" FROM pragma_table_info('{name}')")  # type: ignore[no-any-return]  # noqa: S608
    except duckdb.CatalogException:
        return []


def required(*table: str) -> set[str]:
    """The columns of a table that take no NULL; a view has none. To look at a view's columns is to plan it."""
    if described.is_view(*table):
        return set()
    return {column for column, refuses_null in _described(*table) if refuses_null}


def has_column(project: str, dataset: str, table: str, column: str) -> bool:
    """False where there is no such table, too, and for any view."""
    if described.is_view(project, dataset, table):
        return False
    return column in {name for name, _ in _described(project, dataset, table)}
