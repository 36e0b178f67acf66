"""The checks' SQL on some rows, by DuckDB and sqlglot: hundreds of sets of a few rows take seconds.

That BigQuery reads that SQL in the same way is what tests/integration/test_checks.py is for.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import duckdb
import sqlglot


@cache
def translated(query: str) -> str:
    """BigQuery's SQL as DuckDB's."""
    return sqlglot.transpile(query.replace("SAFE.PARSE_DATE", "parsed_day"), read="bigquery", write="duckdb")[0]


class Duck:
    """A database of tables whose columns are all text."""

    def __init__(self) -> None:
        self._duck = duckdb.connect()
        self._duck.execute("CREATE MACRO parsed_day(form, value) AS CAST(try_strptime(value, form) AS DATE)")

    def put(self, table: str, columns: Iterable[str], rows: Iterable[tuple[str | None, ...]]) -> None:
        """Make `dataset.table` anew, with these rows."""
        self._duck.execute(f"CREATE SCHEMA IF NOT EXISTS {table.partition('.')[0]}")
        self._duck.execute(f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{name} TEXT' for name in columns)})")
        if every := list(rows):
            row = f"({', '.join('?' * len(every[0]))})"
            values = [value for each in every for value in each]
            self._duck.execute(f"INSERT INTO {table} VALUES {', '.join([row] * len(every))}", values)  # noqa: S608

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The rows of a translated query; of no rows, DuckDB counts some things as NULL, which are 0 in BigQuery."""
        asked = self._duck.execute(query)
        nothing = {name: 0 if kind == duckdb.NUMBER else None for name, kind, *_ in asked.description}  # type: ignore[attr-defined]
        return [
            {name: nothing[name] if value is None else value for name, value in zip(nothing, row, strict=True)}
            for row in asked.fetchall()
        ]
