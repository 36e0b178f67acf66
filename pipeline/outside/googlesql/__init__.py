"""GoogleSQL itself, without BigQuery: Google's analyzer and its reference implementation, asked in this process.

    __init__.py    what a statement gives, and whether BigQuery takes it
    engine.py      the package `zetasql`, which is both as WebAssembly; nothing else knows of it
    values.py      types and values, as a schema and Python have them
    limits.py      what BigQuery refuses and the analyzer does not

The package is one of the tests' (requirements-test.lock); where it is missing, `installed` says so.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pipeline.ground.errors import StatementRefused
from pipeline.outside.googlesql.values import Columns, Rows

_LINE = re.compile(r"\s*\[at (\d+):(\d+)\]")


@dataclass(frozen=True)
class Analyzed:
    """What a statement gives: `names` and `types` of its columns (none of an INSERT), and in sentences why BigQuery
    would refuse it all the same."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    limits: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """The columns, as those of a table that another statement reads."""
        return dict(zip(self.names, self.types, strict=True))


def installed() -> bool:
    """Whether this machine can ask at all."""
    return find_spec("zetasql") is not None and find_spec("wasmtime") is not None


def analyze(sql: str, tables: Mapping[str, Columns], params: Columns | None = None) -> Analyzed:
    """What the statement gives; `tables` are those that it may name, as `dataset.table`. Raises StatementRefused."""
    from pipeline.outside.googlesql import engine, limits

    with _explained():
        statement = engine.analyzed(sql, _named(sql, tables), params or {})
    output = engine.output(statement)
    return Analyzed(
        tuple(name for name, _ in output), tuple(type_ for _, type_ in output), tuple(limits.beyond(sql, statement))
    )


class Query:
    """A query that is asked of rows, as often as one likes: to understand it takes longer than to answer it."""

    def __init__(self, sql: str, tables: Mapping[str, Columns], params: Columns | None = None) -> None:
        """Raises StatementRefused; its line is not that of the text, as `analyze` tells it."""
        from pipeline.outside.googlesql import engine

        with _explained():
            self._prepared = engine.Prepared(sql, _named(sql, tables), params or {})
        self.names: tuple[str, ...] = self._prepared.names

    def rows(self, rows: Mapping[str, Rows], params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The result over these rows of its tables, of which one that is not given is empty.

        Raises StatementRefused where a value has no answer, as in a division by zero.
        """
        with _explained():
            return self._prepared.rows(rows, params or {})


def once(sql: str, tables: Mapping[str, Columns], rows: Mapping[str, Rows]) -> list[tuple[Any, ...]]:
    """What a query gives of many rows. Raises StatementRefused."""
    from pipeline.outside.googlesql import engine

    with _explained():
        return engine.evaluated(sql, _named(sql, tables), rows)


def _named(sql: str, tables: Mapping[str, Columns]) -> dict[str, Columns]:
    """Those of the tables that stand in the text: each costs time."""
    return {name: tables[name] for name in sorted({*re.findall(r"`([^`\n]+)`", sql)}) if name in tables}


@contextmanager
def _explained() -> Iterator[None]:
    """Raise StatementRefused in the place of what the engine says."""
    from pipeline.outside.googlesql import engine

    try:
        yield
    except engine.Refused as refused:
        at = _LINE.search(told := f"{refused}")
        line, column = (int(at[1]), int(at[2])) if at else (1, 1)
        raise StatementRefused(
            _LINE.sub("", told.splitlines()[0] if told else "no reason").removesuffix(";").strip(),
            expected="a statement that GoogleSQL takes",
            next_step="correct it",
            line=line,
            column=column,
        ) from None
