"""GoogleSQL itself: what it says of a statement, what it makes of rows, and how its module is kept."""

import datetime as dt
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from pipeline.ground.errors import StatementRefused
from pipeline.outside import googlesql
from pipeline.outside.googlesql import engine

TYPES = {"s": "STRING", "i": "INTEGER", "f": "FLOAT", "n": "NUMERIC", "d": "DATE", "b": "BOOLEAN", "t": "TIMESTAMP"}
TABLES = {"stage.t": TYPES, "stage.u": TYPES}
NOON = dt.datetime(2026, 10, 15, 12, 0, 0, 250_000, dt.UTC)


def rows(sql: str, *given: dict[str, Any], **params: tuple[str, Any]) -> list[tuple[Any, ...]]:
    query = googlesql.Query(sql, TABLES, {name: type_ for name, (type_, _) in params.items()})
    return query.rows({"stage.t": given}, {name: value for name, (_, value) in params.items()})


def test_each_type_goes_in_and_comes_out() -> None:
    row = ("x", -3, 0.5, Decimal("-12.5"), dt.date(2026, 10, 15), True, NOON)
    every = "SELECT * FROM `stage.t`"
    assert rows(every, dict(zip(TYPES, row, strict=True)), {}) == [row, (None,) * 7]
    text = dict(
        zip(TYPES, ("x", "-3", "0.5", "-12.50", "2026-10-15", "TRUE", "2026-10-15 12:00:00.25 UTC"), strict=True)
    )
    assert rows(every, text) == [row]


@pytest.mark.parametrize("number", ["0", "1", "127", "-128", "0.000000001", "99999999999999999999999999999.999999999"])
def test_a_numeric_is_exact(number: str) -> None:
    assert rows("SELECT n, CAST(n AS STRING) FROM `stage.t`", {"n": number}) == [(Decimal(number), number)]


@pytest.mark.parametrize("column", sorted(set(TYPES) - {"s"}))
def test_a_text_that_is_none_of_its_type_is_told(column: str) -> None:
    with pytest.raises(ValueError, match="yes"):
        rows("SELECT s FROM `stage.t`", {column: "yes"})


def test_a_query_is_asked_of_other_rows_and_parameters_again() -> None:
    query = googlesql.Query("SELECT s FROM `stage.t` WHERE s IN UNNEST(@some)", TABLES, {"some": "ARRAY<STRING>"})
    assert query.names == ("s",)
    for value in ("a", "b"):
        assert query.rows({"stage.t": [{"s": "a"}, {"s": "b"}]}, {"some": [value]}) == [(value,)]
    assert query.rows({}, {"some": ["a"]}) == []


def test_the_columns_of_a_statement_are_those_of_a_table_again() -> None:
    told = googlesql.analyze("SELECT *, [s] AS several, CAST(s AS INTEGER) AS x FROM `stage.t`", TABLES)
    assert told.columns == {**TYPES, "several": "ARRAY<STRING>", "x": "INTEGER"}
    assert googlesql.analyze("SELECT x FROM `a.b`", {"a.b": told.columns}).columns == {"x": "INTEGER"}
    assert told.limits == ()


def test_a_struct_of_a_statement_is_one_of_a_table_again() -> None:
    inner = "STRUCT(s AS name, [STRUCT(i, d)] AS rows_, STRUCT() AS none)"
    select = f"SELECT {inner} AS a, DATETIME '2026-10-15' AS b, JSON '1' AS c"
    told = googlesql.analyze(f"{select} FROM `stage.t`", TABLES)
    struct = "STRUCT<name STRING, rows_ ARRAY<STRUCT<i INTEGER, d DATE>>, none STRUCT<>>"
    assert told.columns == {"a": struct, "b": "DATETIME", "c": "JSON"}
    again = googlesql.analyze("SELECT a.name, a.rows_[OFFSET(0)].d, a, b, c FROM `a.b`", {"a.b": told.columns})
    assert again.types == ("STRING", "DATE", struct, "DATETIME", "JSON")


@pytest.mark.parametrize(
    ("sql", "line", "column", "said"),
    [
        ("SELECT s,\n  nope\nFROM `stage.t`", 2, 3, "Unrecognized name: nope"),
        ("SELECT s,\n  s = i\nFROM `stage.t`", 2, 3, "No matching signature for operator = for argument types"),
        ("SELECT s FROM `stage.none`", 1, 15, "Table not found: `stage.none`"),
        ("SELECT s\nFROM `stage.t`\nWHERE s = @x", 3, 11, "Query parameter 'x' not found"),
        ("SELECT s FROM", 1, 14, "Syntax error: Unexpected end of statement"),
        ("CREATE TABLE a AS SELECT 1 AS x", 1, 1, "Statement not supported: CreateTableStatement"),
    ],
)
def test_what_is_refused_is_told_by_line_and_column(sql: str, line: int, column: int, said: str) -> None:
    with pytest.raises(StatementRefused) as refused:
        googlesql.analyze(sql, TABLES)
    assert refused.value.found.startswith(said)
    assert "\n" not in refused.value.found
    assert (refused.value.line, refused.value.column) == (line, column)


def test_a_value_without_an_answer_is_refused() -> None:
    with pytest.raises(StatementRefused, match="division by zero"):
        rows("SELECT 1 / i FROM `stage.t`", {"i": 0})


def test_parameters_have_their_types() -> None:
    with pytest.raises(StatementRefused, match="No matching signature"):
        googlesql.analyze("SELECT s FROM `stage.t` WHERE s = @x", TABLES, {"x": "INTEGER"})
    googlesql.analyze("INSERT INTO `stage.t` (s) SELECT @x FROM (SELECT 1)", TABLES, {"x": "STRING"})


JOIN = "SELECT a.s FROM `stage.t` AS a {} JOIN `stage.u` AS b ON {}"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (JOIN.format("LEFT", "a.i < b.i"), ["an outer join whose"]),
        (JOIN.format("FULL", "a.s = b.s OR a.i = b.i"), ["an outer join whose"]),
        (JOIN.format("LEFT", "a.s = 'x' AND b.s = 'x'"), ["an outer join whose"]),
        (JOIN.format("RIGHT", "a.s = a.s"), ["an outer join whose"]),
        (JOIN.format("LEFT", "a.i < b.i AND (b.d = a.d AND TRUE)"), []),
        (JOIN.format("FULL", "UPPER(a.s) = LOWER(b.s)"), []),
        (JOIN.format("LEFT", "a.s IS NOT DISTINCT FROM b.s"), []),
        (JOIN.format("", "a.i < b.i"), []),
        ("SELECT s FROM `stage.t` LEFT JOIN `stage.u` USING (s)", []),
        ("SELECT (SELECT MAX(b.i) FROM `stage.u` AS b WHERE b.s = a.s) AS x FROM `stage.t` AS a", ["a subquery that"]),
        ("SELECT (SELECT MAX(b.i) FROM `stage.u` AS b) AS x FROM `stage.t` AS a", []),
        ("SELECT s, i AS S FROM `stage.t`", ["2 columns are called s"]),
        ("SELECT s, COUNT(*) FROM `stage.t` GROUP BY s", ["a column has no name"]),
        ("SELECT s AS `a b` FROM `stage.t`", ["a column is called 'a b'"]),
        (f"SELECT '{'x' * 1_000_000}' AS x", ["the statement has 1,000,014 bytes"]),
    ],
)
def test_what_bigquery_refuses_and_the_analyzer_does_not(sql: str, said: list[str]) -> None:
    told = googlesql.analyze(sql, TABLES).limits
    assert len(told) == len(said)
    assert [each for each, start in zip(told, said, strict=True) if not each.startswith(start)] == []


# ------------------------------------------------------------------------------------------------------- the module


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A module of a moment in the place of Google's, and a cache of its own; holds what was compiled."""
    (tmp_path / "small.wasm").write_bytes(wasmtime.wat2wasm('(module (func (export "one") (result i32) i32.const 1))'))
    compiled: list[str] = []
    compile_ = wasmtime.Module.from_file

    def counted(by: wasmtime.Engine, path: str) -> wasmtime.Module:
        compiled.append(path)
        return compile_(by, path)

    monkeypatch.setattr(engine, "get_wasm_path", lambda: tmp_path / "small.wasm")
    monkeypatch.setattr(wasmtime.Module, "from_file", counted)
    monkeypatch.setenv("XDG_CACHE_HOME", f"{tmp_path}/cache")
    monkeypatch.setenv("TMPDIR", f"{tmp_path}/tmp")
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "tmp").mkdir()
    return compiled


def start() -> int:
    by = wasmtime.Engine()
    store = wasmtime.Store(by)
    made = wasmtime.Instance(store, engine._compiled(by), [])
    one = made.exports(store)["one"]
    assert isinstance(one, wasmtime.Func)
    return int(one(store))


def test_those_who_start_at_once_compile_it_once(small: list[str], tmp_path: Path) -> None:
    at_once = threading.Barrier(4)

    def started(_: int) -> int:
        at_once.wait(10)
        return start()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(started, range(4))) == [1] * 4
    assert start() == 1
    assert len(small) == 1
    [kept] = (tmp_path / "cache/morning").glob("*.cwasm")
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [*kept.parent.glob("*.new")] == []


def test_what_cannot_be_used_is_compiled_anew_and_other_versions_go(small: list[str], tmp_path: Path) -> None:
    start()
    [kept] = (tmp_path / "cache/morning").glob("*.cwasm")
    old = kept.with_name("googlesql-0.0.1-1.0.cwasm")
    old.write_bytes(kept.read_bytes())
    kept.write_bytes(b"of another machine")
    assert start() == 1
    assert start() == 1
    assert len(small) == 2
    assert not old.exists()


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_a_folder_of_others_is_not_used(small: list[str], tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "cache/morning"
    folder.mkdir(parents=True)
    folder.chmod(mode)
    assert start() == 1
    assert [*folder.iterdir()] == []
    own = tmp_path / f"tmp/morning-{os.geteuid()}"
    assert [file.suffix for file in sorted(own.iterdir())] == [".cwasm", ".lock"]
    own.chmod(mode)
    assert start() == 1
    assert len(small) == 2
