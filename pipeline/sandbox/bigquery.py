"""BigQuery on loopback: local-bigquery 0.4.0 on DuckDB, in this process, without its gRPC server.

Its sources are written for Python 3.13 and a newer DuckDB: some lines are changed while they are imported
(sources.py). What it does otherwise than BigQuery, and the pipeline would notice, is put right by the functions
below `close_the_gaps`; each says which gap it closes.
"""

import contextlib
import hashlib
import importlib.util
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.sandbox import badday, extracts, observed, sources, strict
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.badday import BadDay
from pipeline.sandbox.bucket import Objects
from pipeline.sandbox.latency import Latency, let_jobs_last
from pipeline.sandbox.observed import Observed
from pipeline.sandbox.underway import remember_jobs


@cache
def imported() -> None:
    """All of local-bigquery, with our edits: it needs no settings until it is started."""
    sys.meta_path.insert(0, sources.Finder())
    if importlib.util.find_spec("pandas") is None:
        sys.modules["pandas"] = None  # type: ignore[assignment]  # or DuckDB looks for it in each query, on disk
    import local_bigquery
    import uvicorn

    assert local_bigquery.app and uvicorn  # noqa: S101  # to be imported is all


def close_the_gaps(objects: Objects, bad_day: BadDay, latency: Latency) -> None:
    """Once in a process, after the settings and before the first request."""
    _read_and_write_objects(objects)
    extracts.keep_objects_small(bad_day)
    _move_the_etag_with_the_rows()
    _keep_null_out_of_required_columns()
    _refuse_line_ends_in_values()
    _replace_the_text_of_views()
    remember_jobs()
    _note_submitted_jobs()
    _create_each_once()
    _change_each_by_one_at_a_time()
    badday.trouble_jobs(bad_day)
    badday.let_listings_be_behind(bad_day)
    let_jobs_last(latency)
    strict.be_strict()


def _read_and_write_objects(objects: Objects) -> None:
    """Without it, gs:// goes through DuckDB's httpfs extension, which is not here.

    Loads read the bucket's files, extracts move theirs into the bucket. An object that is missing is notFound,
    and gzip is known by its first bytes, as by BigQuery, whatever the name.
    """
    from local_bigquery.errors import BigQueryError
    from local_bigquery.jobs import extract, load, storage

    unpacked = Path(tempfile.mkdtemp(prefix="gzip-", dir=objects.root.parent))

    def paths(cursor: Any, uri: str) -> list[str]:
        if not uri.startswith("gs://"):
            raise BigQueryError("invalid", f"Invalid source URI {uri}")
        storage.settings.gcs_local_root = objects.root
        return [_named_for_gzip(Path(path), uri) for path in storage._matches(uri)]

    def _named_for_gzip(path: Path, uri: str) -> str:
        if not path.is_file():
            raise BigQueryError("notFound", f"Not found: URI {uri}")
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b" or path.suffix == ".gz":
                return str(path)
        link = unpacked / (hashlib.sha256(str(path).encode()).hexdigest() + ".gz")
        if not link.is_symlink():
            link.symlink_to(path)
        return str(link)

    @contextlib.contextmanager
    def written(uri: str) -> Iterator[str]:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        with tempfile.TemporaryDirectory(dir=objects.root.parent) as folder:
            yield str(Path(folder) / "object")
            try:
                objects.adopt(bucket, name, Path(folder) / "object")
            except LookupError:
                raise BigQueryError("notFound", f"Not found: Bucket {bucket}") from None

    load.paths = paths
    extract.written = written


def _move_the_etag_with_the_rows() -> None:
    """Without it, a load or a query leaves the etag and the time of the last change as they were."""
    from local_bigquery.catalog import metadata, tables
    from local_bigquery.models import Table

    write = tables.write

    def write_and_date(cursor: Any, query: Any, params: Any, reference: Any, *rest: Any, **named: Any) -> Any:
        created = write(cursor, query, params, reference, *rest, **named)
        if reference[1] != tables.RESULTS:
            tables.annotate(reference, Table(lastModifiedTime=metadata.now()))
        return created

    tables.write = write_and_date


def _keep_null_out_of_required_columns() -> None:
    """Without it, a load puts NULL into a REQUIRED column.

    It also spares the columns of text the question whether their text can be read as text.
    """
    from local_bigquery.engine.database import quote
    from local_bigquery.jobs import load

    projection = load._projection

    def stricter(config: Any, fields: list[Any], columns: list[str]) -> tuple[str, str]:
        selected, _ = projection(config, fields, columns)
        typed = [field for field in fields if field.type != "STRING" or field.mode == "REPEATED"]
        bad = projection(config, typed, columns)[1]
        missing = [f"{quote(field.name)} IS NULL" for field in fields if field.mode == "REQUIRED"]
        return selected, " OR ".join([*([] if bad == "false" else [bad]), *missing]) or "false"

    load._projection = stricter


# A line with an odd number of quotation marks.
_BROKEN_LINE = r"""(?:^|[\r\n])[^"\r\n]*"(?:[^"\r\n]*"[^"\r\n]*")*[^"\r\n]*(?:[\r\n]|$)"""


def _refuse_line_ends_in_values() -> None:
    """Without it, a load takes a line end within quotation marks though `allowQuotedNewlines` is not said."""
    from local_bigquery.errors import BigQueryError
    from local_bigquery.jobs import load

    reader = load._reader

    def stricter(cursor: Any, files: str, config: Any, fields: list[Any]) -> Any:
        if (config.sourceFormat or "CSV") == "CSV" and not config.allowQuotedNewlines:
            broken = f"contains(content, '\"') AND regexp_matches(content, '{_BROKEN_LINE}')"
            [(found,)] = cursor.sql(f"SELECT count(*) FROM read_text({files}) WHERE {broken}").fetchall()  # noqa: S608
            if found:
                raise BigQueryError(
                    "invalid", 'Error while reading data, error message: Error: Missing close quote character (").'
                )
        return reader(cursor, files, config, fields)

    load._reader = stricter


def _replace_the_text_of_views() -> None:
    """Without it, update_table(view, ["view_query"]) changes what is said of the view and not the view."""
    from local_bigquery.catalog import metadata, tables
    from local_bigquery.engine import database
    from local_bigquery.jobs.query import translate_view

    update = tables.update

    def update_and_replace(project: str, dataset: str, table: str, body: Any, etag: str | None, replace: bool) -> Any:
        if body.view and body.view.query:
            metadata.check_etag(tables.load(project, dataset, table), etag)
            query = translate_view(project, dataset, body.view.query)
            database.execute(f"CREATE OR REPLACE VIEW {tables.name(project, dataset, table)} AS {query}")
            etag, body = None, body.without("schema")
        return update(project, dataset, table, body, etag, replace)

    tables.update = update_and_replace


def _create_each_once() -> None:
    """Without it, when two requests create one dataset or table at once, the later is answered 400 where BigQuery says
    409."""
    from local_bigquery.catalog import datasets, tables

    create, create_table = datasets.create, tables.create
    datasets_lock, locks = threading.Lock(), dict[str, threading.Lock]()

    def create_alone(project: str, body: Any) -> Any:
        with datasets_lock:
            return create(project, body)

    def create_table_alone(project: str, dataset: str, body: Any, translate: Any) -> Any:
        name = f"{dataset}.{body.tableReference and body.tableReference.tableId}"
        with locks.setdefault(name, threading.Lock()):  # in one step
            return create_table(project, dataset, body, translate)

    datasets.create, tables.create = create_alone, create_table_alone


def _change_each_by_one_at_a_time() -> None:
    """Without it, of two changes of one table by the API that come at once one is answered 400, or takes back what the
    other has changed. A job that writes a table changes what is said of it, too. (ALTER TABLE is not waited for.)"""
    from local_bigquery.catalog import tables

    update, annotate = tables.update, tables.annotate
    locks = dict[tuple[str, ...], threading.Lock]()

    def update_alone(project: str, dataset: str, table: str, *change: Any) -> Any:
        with locks.setdefault((project, dataset, table), threading.Lock()):  # in one step
            return update(project, dataset, table, *change)

    def annotate_alone(reference: Any, changes: Any) -> None:
        with locks.setdefault((*reference,), threading.Lock()):
            annotate(reference, changes)

    tables.update, tables.annotate = update_alone, annotate_alone


def _note_submitted_jobs() -> None:
    """For the activity log: which job a request inserted, or tried to.

    One at a time: without that, two requests that come at once with one job id both insert it.
    """
    from local_bigquery.jobs import runner, store

    submit, lock = runner.submit, threading.Lock()

    def noted(project: str, job_id: str, configuration: Any, upload: str | None = None) -> Any:
        if (note := observed.REQUEST.get()) is not None:
            given = configuration.dump()
            kind = next((name for name in ("load", "query", "extract", "copy") if name in given), "none")
            note.update(job=kind, job_id=job_id)
        with lock:
            # jobs.query does not say 409: who asks twice with one requestId is told of one job.
            if note and note["path"].endswith("/queries") and (job := store.load(project, job_id)):
                return job
            return submit(project, job_id, configuration, upload)

    runner.submit = noted


def _drop_anonymous_results() -> None:
    """BigQuery keeps the result of a query for a day; here they would stay for ever."""
    from local_bigquery.engine import database

    old = database.fetch("SELECT table_name FROM duckdb_tables() WHERE schema_name = '_results'")
    for (name,) in old:
        database.execute(f"DROP TABLE {database.quote('emulator', '_results', name)}")


class BigQuery:
    """The running server."""

    name = "BigQuery"

    def __init__(
        self,
        data: Path,
        port: int,
        project: str,
        objects: Objects,
        log: ActivityLog,
        bad_day: BadDay,
        latency: Latency,
    ) -> None:
        imported()
        import uvicorn
        from local_bigquery.settings import settings

        settings.data_dir, settings.default_project_id = data, project
        close_the_gaps(objects, bad_day, latency)
        from local_bigquery import app

        application = Observed(app, log, bad_day, latency)
        config = uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="bigquery", daemon=True)

    def start(self) -> None:
        """Returns when DuckDB is open and the port answers. Raises RuntimeError if the port is taken."""
        from local_bigquery.engine import database

        database.connection()
        _drop_anonymous_results()
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            if not self._thread.is_alive():
                raise RuntimeError("BigQuery's port cannot be had")

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        from local_bigquery.engine import database

        self._server.should_exit = True
        self._thread.join(5)
        database.connection().close()
