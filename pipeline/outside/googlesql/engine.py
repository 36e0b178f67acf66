"""The package `zetasql`: GoogleSQL's analyzer and reference implementation, as one WebAssembly module.

Of the package (alpha, one maintainer) this takes the module itself and its messages; the way to them is ours. To
compile the module takes 28 seconds of a processor, so it is done once a machine and kept; from then on it starts in a
fifth of a second.
"""

import contextlib
import ctypes
import fcntl
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import wasmtime
from google._upb import _message
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2 as nodes

from pipeline.outside.googlesql import values
from pipeline.outside.googlesql.values import Columns, Rows, Type

# What BigQuery has of GoogleSQL (its reference, "Query syntax", "Functions", "DML"); all else is an error.
FEATURES = """
    ADDITIONAL_STRING_FUNCTIONS ALLOW_DASHES_IN_TABLE_NAME ALLOW_REGEXP_EXTRACT_OPTIONALS ANALYTIC_FUNCTIONS
    ARRAY_GREATEST_LEAST BIGNUMERIC_TYPE CBRT_FUNCTIONS CIVIL_TIME CONCAT_MIXED_TYPES DATE_ARITHMETICS
    DATE_TIME_CONSTRUCTORS DECIMAL_ALIAS DISABLE_FLOAT32 DISALLOW_GROUP_BY_FLOAT DML_UPDATE_WITH_JOIN
    EXTENDED_DATE_TIME_SIGNATURES FORMAT_IN_CAST FOR_SYSTEM_TIME_AS_OF GROUPING_BUILTIN GROUPING_SETS GROUP_BY_ALL
    GROUP_BY_ROLLUP GROUP_BY_STRUCT HAVING_IN_AGGREGATE INTERVAL_TYPE INVERSE_TRIG_FUNCTIONS IS_DISTINCT
    JSON_ARRAY_FUNCTIONS JSON_STRICT_NUMBER_PARSING JSON_TYPE LIKE_ANY_SOME_ALL LIMIT_IN_AGGREGATE NAMED_ARGUMENTS
    NULLS_FIRST_LAST_IN_ORDER_BY NULL_HANDLING_MODIFIER_IN_AGGREGATE NULL_HANDLING_MODIFIER_IN_ANALYTIC NUMERIC_TYPE
    OMIT_INSERT_COLUMN_LIST ORDER_BY_COLLATE ORDER_BY_IN_AGGREGATE PARAMETERIZED_TYPES PIVOT QUALIFY
    ROUND_WITH_ROUNDING_MODE SAFE_FUNCTION_CALL SELECT_STAR_EXCEPT_REPLACE TABLESAMPLE TEMPLATE_FUNCTIONS UNPIVOT
    WEEK_WITH_WEEKDAY WITH_ON_SUBQUERY WITH_RECURSIVE
"""
# A resolved statement is deeper than the 100 levels that Python's protobuf reads otherwise.
_message.SetAllowOversizeProtos(True)
_KINDS = ("QUERY", "INSERT", "UPDATE", "DELETE", "MERGE")


class Refused(Exception):
    """The engine does not take a statement; the text is its own."""


# ------------------------------------------------------------------------------------------------------- questions


def analyzed(sql: str, tables: Mapping[str, Columns], params: Columns) -> Any:
    """The statement as it is resolved (a message of one of `_KINDS`)."""
    asked = messages.AnalyzeRequest(sql_statement=sql, options=_options(params), simple_catalog=_catalog(tables))
    answer = _call("Analyze", asked, messages.AnalyzeResponse).resolved_statement
    return getattr(answer, answer.WhichOneof("node"))


def output(statement: Any) -> list[tuple[str, str]]:
    """Name and type of each column of what `analyzed` gives; none of what is no query."""
    if "output_column_list" not in statement.DESCRIPTOR.fields_by_name:
        return []
    return [(each.name, _type_name(each.column.type)) for each in statement.output_column_list]


class Prepared:
    """A query that was understood, which takes longer than to answer it."""

    def __init__(self, sql: str, tables: Mapping[str, Columns], params: Columns) -> None:
        """Raises Refused."""
        self._arrays = dict(zip(tables, (f"rows_of_table_{number}" for number in range(len(tables))), strict=True))
        self._types: dict[str, Type] = {**params, **{array: tables[name] for name, array in self._arrays.items()}}
        # A prepared query's tables cannot get other rows, but its parameters can.
        told = [f"`{name}` AS (SELECT * FROM UNNEST(@{array}))" for name, array in self._arrays.items()]  # noqa: S608
        asked = messages.PrepareQueryRequest(
            sql=f"WITH {', '.join(told)}\n({sql}\n)" if told else sql,
            options=_options(self._types),
            simple_catalog=_catalog({}),
        )
        self._answer = _call("PrepareQuery", asked, messages.PrepareQueryResponse).prepared
        self.names = tuple(column.name for column in self._answer.columns)

    def rows(self, rows: Mapping[str, Rows], params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Raises Refused."""
        given = {**params, **{array: list(rows.get(name, ())) for name, array in self._arrays.items()}}
        asked = messages.EvaluateQueryRequest(prepared_query_id=self._answer.prepared_query_id)
        for name, type_ in self._types.items():
            parameter = asked.params.add(name=name)
            parameter.value.SetInParent()
            values.fill(parameter.value, type_, given[name])
        answer = _call("EvaluateQuery", asked, messages.EvaluateQueryResponse)
        return [tuple(map(values.read, row.cell)) for row in answer.content.table_data.row]


def evaluated(sql: str, tables: Mapping[str, Columns], rows: Mapping[str, Rows]) -> list[tuple[Any, ...]]:
    """What the query gives, once, of many rows: they are tables' here, of which the engine copies nothing. Raises
    Refused."""
    asked = messages.EvaluateQueryRequest(sql=sql, options=_options({}), simple_catalog=_catalog(tables))
    for name, columns in tables.items():
        content = asked.table_content[name].table_data
        content.SetInParent()
        for row in rows.get(name, ()):
            told = content.row.add()
            for column, type_ in columns.items():
                values.fill(told.cell.add(), type_, row.get(column))
    answer = _call("EvaluateQuery", asked, messages.EvaluateQueryResponse)
    return [tuple(map(values.read, row.cell)) for row in answer.content.table_data.row]


@cache
def _language() -> Any:
    return options_pb2.LanguageOptionsProto(
        product_mode=language.PRODUCT_EXTERNAL,
        enabled_language_features=[language.LanguageFeature.Value(f"FEATURE_{name}") for name in FEATURES.split()],
        supported_statement_kinds=[getattr(nodes, f"RESOLVED_{kind}_STMT") for kind in _KINDS],
        reserved_keywords=["QUALIFY"],
    )


def _options(params: Mapping[str, Type]) -> Any:
    options = options_pb2.AnalyzerOptionsProto(
        language_options=_language(),
        default_timezone="UTC",
        error_message_mode=language.ERROR_MESSAGE_ONE_LINE,
        prune_unused_columns=True,
    )
    for name, type_ in params.items():
        _say_type(options.query_parameters.add(name=name).type, type_)
    return options


def _catalog(tables: Mapping[str, Columns]) -> Any:
    catalog = simple_catalog_pb2.SimpleCatalogProto(name="warehouse")
    catalog.builtin_function_options.language_options.CopyFrom(_language())
    for type_, names in values.ALSO.items():
        for name in names:
            _say_type(catalog.named_type.add(name=name).type, type_)
    for number, (name, columns) in enumerate(tables.items(), 1):
        table = catalog.table.add(name=name, serialization_id=number)
        for column, type_ in columns.items():
            _say_type(table.column.add(name=column).type, type_)
    return catalog


def _say_type(proto: Any, type_: Type) -> None:
    if isinstance(type_, Mapping):
        proto.type_kind = values.ARRAY
        _say_fields(proto.array_type.element_type, type_.items())
    elif inner := values.element(type_):
        proto.type_kind = values.ARRAY
        _say_type(proto.array_type.element_type, inner)
    elif (fields := values.fields(type_)) is not None:
        _say_fields(proto, fields)
    else:
        proto.type_kind = values.KINDS[type_]


def _say_fields(proto: Any, fields: Iterable[tuple[str, Type]]) -> None:
    proto.type_kind = values.STRUCT
    proto.struct_type.SetInParent()
    for name, type_ in fields:
        _say_type(proto.struct_type.field.add(field_name=name).field_type, type_)


def _type_name(proto: Any) -> str:
    if proto.type_kind == values.ARRAY:
        return f"ARRAY<{_type_name(proto.array_type.element_type)}>"
    if proto.type_kind == values.STRUCT:
        fields = (f"{each.field_name} {_type_name(each.field_type)}".strip() for each in proto.struct_type.field)
        return f"STRUCT<{', '.join(fields)}>"
    return values.NAMES.get(proto.type_kind, f"type {proto.type_kind}")


# ------------------------------------------------------------------------------------------------------- the module


class _Instance:
    """The module in memory. What it is given is copied in, and what it answers is copied out."""

    def __init__(self) -> None:
        config = wasmtime.Config()
        config.shared_memory = True
        engine = wasmtime.Engine(config)
        self._store = wasmtime.Store(engine)
        wasi = wasmtime.WasiConfig()
        wasi.preopen_dir(f"{resources.files('tzdata') / 'zoneinfo'}", "/usr/share/zoneinfo")
        self._store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        exports: Any = linker.instantiate(self._store, _compiled(engine)).exports(self._store)
        if "_initialize" in exports:
            exports["_initialize"](self._store)
        self._exports = exports

    def call(self, function: str, request: bytes) -> bytes:
        """Raises Refused, and wasmtime's errors after which the instance is of no more use."""
        place, told = self._do("wasm_malloc", len(request)), self._do("wasm_malloc", 4)
        try:
            ctypes.memmove(self._address(place), request, len(request))
            answer = self._do(f"ZetaSqlLocalService_{function}", place, len(request), told)
            if not answer:
                length, error = self._do("wasm_get_last_error_size"), self._do("wasm_get_last_error")
                raise Refused(self._copied(error, length).decode().partition("Message: ")[2])
            found = self._copied(answer, int.from_bytes(self._copied(told, 4), "little"))
            self._do("wasm_free", answer)
            return found
        finally:
            self._do("wasm_free", place)
            self._do("wasm_free", told)

    def _do(self, function: str, *given: int) -> int:
        return int(self._exports[function](self._store, *given) or 0)

    def _address(self, place: int) -> int:
        """A place of the module's memory is a number of 32 bits, which wasmtime takes for one with a sign."""
        return ctypes.addressof(self._exports["memory"].data_ptr().contents) + (place & 0xFFFF_FFFF)

    def _copied(self, place: int, length: int) -> bytes:
        return ctypes.string_at(self._address(place), length)


_one_at_a_time = threading.Lock()
_instance: list[_Instance] = []


def _call(function: str, request: Any, answer: Callable[[], Any]) -> Any:
    with _one_at_a_time:
        if not _instance:
            _instance.append(_Instance())
        try:
            told = _instance[0].call(function, request.SerializeToString())
        except (wasmtime.WasmtimeError, wasmtime.Trap) as broken:
            _instance.clear()
            raise Refused(f"the engine broke off: {broken}".splitlines()[0]) from broken
    found = answer()
    found.ParseFromString(told)
    return found


def _compiled(engine: wasmtime.Engine) -> wasmtime.Module:
    """The module, out of the cache; who comes first compiles it, and the others wait for that."""
    folder = _cache()
    if folder is None:
        return wasmtime.Module.from_file(engine, f"{get_wasm_path()}")
    file = folder / f"googlesql-{metadata.version('zetasql')}-{metadata.version('wasmtime')}.cwasm"
    if found := _kept(engine, file):
        return found
    with _locked(file.with_suffix(".lock")):
        if found := _kept(engine, file):
            return found
        module = wasmtime.Module.from_file(engine, f"{get_wasm_path()}")
        with contextlib.suppress(OSError):  # a full disk: then the next process compiles it, too
            _keep(file, bytes(module.serialize()))
        return module


def _kept(engine: wasmtime.Engine, file: Path) -> wasmtime.Module | None:
    """None when there is none, or one of another machine."""
    if not file.is_file():
        return None
    try:
        return wasmtime.Module.deserialize_file(engine, f"{file}")
    except wasmtime.WasmtimeError:
        return None


def _keep(file: Path, content: bytes) -> None:
    """Write the file whole, or not at all; those of other versions go."""
    new = file.with_suffix(".new")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:  # noqa: PTH123
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    for old in file.parent.glob("googlesql-*.cwasm"):
        if old != file:
            old.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cache() -> Path | None:
    """A folder that nobody else can write, since what lies in it is run: the user's cache, or a temporary one."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  (says ~ without a home)
    for folder in (Path(home) / "morning", Path(tempfile.gettempdir()) / f"morning-{os.geteuid()}"):
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
            if folder.is_absolute() and ours and os.access(folder, os.W_OK):
                return folder
    return None
