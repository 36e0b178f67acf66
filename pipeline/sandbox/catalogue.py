"""What BigQuery's stand-in asks of its catalogue: once while it translates a statement, and of DuckLake's own tables.

Each question walks through every column of every table, and each mention of a table in a statement is five of them:
they took more than half of the time of a query. `bigquery.py` puts these decorators into its sources.
"""

import contextvars
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
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


# What DuckLake keeps of a project is a database of its own beside the project's; a row without an end is of now.
_OBJECTS = """
    SELECT t.table_name, 'TABLE', COALESCE(c.record_count, 0) FROM {lake}.ducklake_table t
    JOIN {lake}.ducklake_schema s USING (schema_id) LEFT JOIN {lake}.ducklake_table_stats c USING (table_id)
    WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL
        AND s.schema_name = $1 AND t.table_name = COALESCE($2, t.table_name)
    UNION ALL
    SELECT v.view_name, 'VIEW', 0 FROM {lake}.ducklake_view v JOIN {lake}.ducklake_schema s USING (schema_id)
    WHERE v.end_snapshot IS NULL AND s.end_snapshot IS NULL
        AND s.schema_name = $1 AND v.view_name = COALESCE($2, v.view_name)
    ORDER BY 1"""
_DATASET = "SELECT 1 FROM {lake}.ducklake_schema WHERE end_snapshot IS NULL AND schema_name = $1"
_REQUIRED = """
    SELECT c.column_name FROM {lake}.ducklake_column c JOIN {lake}.ducklake_table t USING (table_id)
    JOIN {lake}.ducklake_schema s USING (schema_id)
    WHERE c.end_snapshot IS NULL AND t.end_snapshot IS NULL AND s.end_snapshot IS NULL
        AND s.schema_name = $1 AND t.table_name = $2 AND c.parent_column IS NULL AND NOT c.nulls_allowed"""


def by_ducklake(answer: Callable[..., Any]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """A function of (project, ...) that asks DuckDB, answered by DuckLake's tables where the project is one of its."""

    def instead(question: Callable[..., T]) -> Callable[..., T]:
        @wraps(question)
        def asked(project: str, *rest: Any) -> T:
            from local_bigquery.engine import database

            if project not in database._attached:
                return question(project, *rest)
            lake = database.quote(f"__ducklake_metadata_{project}")
            return answer(lambda sql, *words: database.fetch(sql.format(lake=lake), [*words]), *rest)  # type: ignore[no-any-return]

        return asked

    return instead


Ask = Callable[..., list[tuple[Any, ...]]]


def objects(ask: Ask, dataset: str, table: str | None = None) -> list[tuple[str, str, int]]:
    """(name, TABLE or VIEW, rows) of what a dataset holds, or of the one of that name."""
    return ask(_OBJECTS, dataset, table)


def dataset_exists(ask: Ask, dataset: str) -> bool:
    return bool(ask(_DATASET, dataset))


def required(ask: Ask, dataset: str, table: str) -> list[tuple[str]]:
    """The columns of a table that take no NULL."""
    return ask(_REQUIRED, dataset, table)
