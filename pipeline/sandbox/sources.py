"""The lines of local-bigquery's sources that are others here, and the finder that changes them at their import.

They are written for Python 3.13 and a newer DuckDB; and where a decorator at their own place puts something right,
it stands here, too: what it does is told by the module that it comes from.
"""

import importlib.abc
import importlib.machinery
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

_CATALOGUE = "from pipeline.sandbox import catalogue, translations\n"
_LAKE_SETTINGS = """    con.execute(
        "SET ducklake_max_retry_count = 100; SET ducklake_retry_wait_ms = 20; "
        "SET ducklake_retry_backoff = 1.05"
    )
"""
_ATTACH_LAKE = """    source = (
        f"'ducklake:{path}.ducklake' AS {{}} "
        f"(DATA_PATH '{path}/', DATA_INLINING_ROW_LIMIT 0)"
    )
    if not path.with_name(f"{path.name}.ducklake").exists():
        with duckdb.connect() as scratch:
            scratch.execute(f"ATTACH {source.format('fresh')}")
    con.execute(f"ATTACH IF NOT EXISTS {source.format(quote(project_id))}")
"""
_REQUIRED = """    required = database.fetch(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? "
        "AND schema_name = ? AND table_name = ? AND NOT is_nullable",
        list(physical(project_id, dataset_id, table_id)),
    )
"""
_LISTED = """    rows += [
        (resource.tableReference.tableId, "TABLE")
        for resource in metadata.list_(Table, project_id, dataset_id)
        if resource.tableReference.tableId not in physical_ids
    ]
"""
_LISTED_ONCE = """    listed = metadata.list_(Table, project_id, dataset_id)
    described = {each.tableReference.tableId: each for each in listed}
    rows += [(table_id, "TABLE") for table_id in described if table_id not in physical_ids]
"""
_HIDDEN = """    return bool(
        database.fetch(
            "SELECT 1 FROM duckdb_columns() WHERE database_name = ? AND schema_name = ? "
            "AND table_name = ? AND column_name = ?",
            [table.catalog, table.db, table.name, tables.INGESTION_TIME],
        )
    )
"""
_DESCRIPTIONS = """    rows = fetch(
        f"SELECT resource FROM emulator.{kind} WHERE {_where(kind, len(keys))}",
        list(keys),
    )
    return [model.model_validate_json(resource) for (resource,) in rows]
"""
_IDENTIFY = """@app.middleware("http")
async def identify_caller(request: Request, call_next):
    identity = row_access.identify(request.headers.get("authorization"))
    token = row_access.caller.set(identity)
    try:
        return await call_next(request)
    finally:
        row_access.caller.reset(token)
"""
_IDENTIFY_QUICKLY = """class IdentifyCaller:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        given = dict(scope.get("headers", [])).get(b"authorization")
        token = row_access.caller.set(row_access.identify(given and given.decode("latin-1")))
        try:
            await self.app(scope, receive, send)
        finally:
            row_access.caller.reset(token)


app.add_middleware(IdentifyCaller)
"""
_EDITS = {
    # Starlette's middleware of this kind has a task group and a stream of its own for each answer.
    "local_bigquery.app": ((_IDENTIFY, _IDENTIFY_QUICKLY),),
    # Type parameters (PEP 695) are Python 3.12's.
    "local_bigquery.catalog.metadata": (
        ("[R: Resource]", ""),
        (_DESCRIPTIONS, "    return described.read(model, kind, keys)\n"),
        ("def save(", "@described.saving\ndef save("),
        ("def delete(", "@described.deleting\ndef delete("),
        (
            "def list_(model: type[R]",
            f"from typing import TypeVar\nfrom pipeline.sandbox import described\n{_CATALOGUE}\nR = TypeVar('R')\n\n\n"
            "@translations.asked(translations.lasting)\ndef list_(model: type[R]",
        ),
    ),
    # Quotes within the quotes of an f-string (PEP 701) are Python 3.12's.
    "local_bigquery.engine.results": (
        ("error('{message.replace(\"'\", \"''\")}')", "error('{message}')"),
        ('error in writing field {column}"\n', 'error in writing field {column}".replace("\'", "\'\'")\n'),
    ),
    # DuckDB 1.5 takes the time zone only once it is open. It must fetch no extension by itself, and look for
    # those that it has beside its data: $HOME, where it looks otherwise, may be missing.
    "local_bigquery.engine.database": (
        (
            'con = duckdb.connect(config={"TimeZone": "UTC"})',
            "con = duckdb.connect(config=duckdb_config(settings.data_dir))\n    con.execute(\"SET TimeZone = 'UTC'\")",
        ),
        ("import duckdb\n", f"import duckdb\n{_CATALOGUE}from pipeline.sandbox.sources import duckdb_config\n"),
        # A project is a database of DuckDB's own, no lake: DuckLake asks a second database for all that it has after
        # each change of a table, which took a third of a morning.
        (_LAKE_SETTINGS, ""),
        (_ATTACH_LAKE, "    con.execute(f\"ATTACH IF NOT EXISTS '{path}.project' AS {quote(project_id)}\")\n"),
        ('glob("*.ducklake")', 'glob("*.project")'),
        ("type = 'ducklake'", "path LIKE '%.project'"),
        ("def fetch(", "@translations.asked()\n@catalogue.asked_once\ndef fetch("),
        ("def objects(", "@translations.asked(translations.names_and_kinds)\n@catalogue.counted\ndef objects("),
    ),
    "local_bigquery.catalog.tables": (
        ("def columns(", f"{_CATALOGUE}@translations.asked()\n@catalogue.asked_once\ndef columns("),
        (_REQUIRED, "    required = catalogue.required(*physical(project_id, dataset_id, table_id))\n"),
        ("    required = {column for (column,) in required}\n", ""),
        ("def load(", "@catalogue.one_statement\ndef load("),
        # All descriptions of a dataset are read at once.
        (_LISTED, _LISTED_ONCE),
        (
            "(rows):\n        stored = metadata.load(Table, project_id, dataset_id, table_id)",
            "(rows):\n        stored = described.get(table_id)",
        ),
        (
            'columns(project_id, dataset_id, table_id) if kind != "EMPTY" else []',
            "catalogue.shown(columns, kind, resource, project_id, dataset_id, table_id)",
        ),
    ),
    # A job without a session begins with no tables of its own: to find none, all tables were listed.
    "local_bigquery.jobs.query": (
        (
            'cur.sql("SELECT table_name FROM duckdb_tables() WHERE temporary")',
            'cur.sql(f"SELECT table_name FROM duckdb_tables() WHERE temporary AND {session is not None}")',
        ),
    ),
    "local_bigquery.sql.rules.partitions": (
        ("from sqlglot import exp\n", f"from sqlglot import exp\n{_CATALOGUE}"),
        (_HIDDEN, "    return catalogue.has_column(table.catalog, table.db, table.name, tables.INGESTION_TIME)\n"),
    ),
    "local_bigquery.sql.translate": (
        (
            "def parse(",
            f"{_CATALOGUE}from pipeline.sandbox import strict, withs\n\n\n"
            "@translations.with_its_text\n@strict.refusing\n@withs.naming\ndef parse(",
        ),
        ("def translate(", "@translations.kept\n@catalogue.one_statement\ndef translate("),
    ),
    # geography.sql would download an extension of 81 MB.
    "local_bigquery.sql.dialect": (('.glob("*.sql"))', '.glob("[!g]*.sql"))'),),
}


class _SourceEdits(importlib.machinery.SourceFileLoader):
    """Loads a module from its source with `_EDITS` made; never from compiled code, which has none of them."""

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text()
        for old, new in _EDITS[fullname]:
            if old not in source:
                raise ImportError(f"{fullname} is not the source of local-bigquery 0.4.0")
            source = source.replace(old, new)
        return compile(source, self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are changed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _EDITS or not path:
            return None
        file = str(Path(path[0]) / f"{fullname.rpartition('.')[2]}.py")
        return importlib.util.spec_from_file_location(fullname, file, loader=_SourceEdits(fullname, file))


def duckdb_config(data: Path) -> dict[str, str | bool | int]:
    """One thread: what a morning asks is small, and waking others for it took a quarter of the time."""
    return {"extension_directory": str(data / "extensions"), "autoinstall_known_extensions": False, "threads": 1}
