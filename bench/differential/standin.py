"""BigQuery's stand-in alone, with the rows of many cases in it, of which the views see one at a time.

Creating a table costs a tenth of a second, and a view as much again, so each is made once. A table is loaded by its
real types, with the rows of all cases and a column that says whose they are; under its own name stands a view of the
rows of one case, that of the moment: cases cannot see each other. The views themselves are deployed as they stand in
their files.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from pipeline.catalogue import sql

ROOT = Path(__file__).parents[2]
STAGE = "rows_of_all_cases"
MOMENT = f"{STAGE}.case_of_the_moment"
SECONDS = 120
Rows = Iterable[Mapping[str, Any]]


@contextmanager
def alone(folder: Path) -> Iterator[str]:
    """The address of the stand-in over an empty folder; it ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.differential.serve", str(folder), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": str(ROOT)},
    )
    assert server.stdin and server.stdout
    with server, server.stdout, server.stdin:
        assert server.stdout.readline() == b"up\n", "the stand-in did not start; its reason is above"
        yield f"http://127.0.0.1:{port}"
        server.stdin.close()
        server.wait(20)


def client(address: str, project: str) -> bigquery.Client:
    """Google's client to it; what lies in one project is not seen in another."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]  # the library's
    return bigquery.Client(project, credentials=credentials, client_options={"api_endpoint": address})


class Staged:
    """The rows of cases, and views over those of one of them."""

    def __init__(self, client: bigquery.Client) -> None:
        self._client = client
        self._there: set[str] = set()
        self._dataset(STAGE)
        self._ask(f"CREATE TABLE `{MOMENT}` AS SELECT '' AS case_")

    def load(self, types: Mapping[str, Mapping[str, str]], rows: Mapping[str, Mapping[str, Rows]]) -> None:
        """Tables of these columns, `dataset.table`, with the rows of each by table and case."""
        for name in types:
            self._dataset(name.partition(".")[0])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: self._load(name, types[name], rows.get(name, {})), types))

    def deploy(self, views: Iterable[str]) -> None:
        """The views as they stand in their files, each after those that it reads."""
        wanted = dict.fromkeys(below for view in views for below in sql.views_below(view))
        for name in TopologicalSorter({view: sql.reads(view) for view in wanted}).static_order():
            if name in wanted:
                self._dataset(name.partition(".")[0])
                self._view(name, sql.text(name))

    def choose(self, case: str) -> None:
        """From now on the views are of the rows of that case."""
        whose = bigquery.ScalarQueryParameter("case", "STRING", case)
        config = bigquery.QueryJobConfig(query_parameters=[whose])
        self._ask(f"UPDATE `{MOMENT}` SET case_ = @case WHERE TRUE", config)  # noqa: S608

    def rows(self, query: str) -> bigquery.table.RowIterator:
        """What a query gives of the case of the moment."""
        return self._ask(query)

    def _ask(self, query: str, config: bigquery.QueryJobConfig | None = None) -> bigquery.table.RowIterator:
        return self._client.query_and_wait(query, job_config=config, wait_timeout=SECONDS)

    def _dataset(self, name: str) -> None:
        if name not in self._there:
            self._client.create_dataset(name)
            self._there.add(name)

    def _load(self, name: str, types: Mapping[str, str], cases: Mapping[str, Rows]) -> None:
        whose = bigquery.SchemaField("case_", "STRING", "REQUIRED")
        # A case names only the columns that matter to it, so none but ours is REQUIRED here.
        columns = [bigquery.SchemaField(column, type_) for column, type_ in types.items()]
        staged = f"{STAGE}.{name.replace('.', '__')}"
        target = bigquery.Table(f"{self._client.project}.{staged}", [whose, *columns])
        rows = [{"case_": case, **row} for case, of_it in cases.items() for row in of_it]
        if rows:
            config = bigquery.LoadJobConfig(schema=target.schema)
            self._client.load_table_from_json(rows, target, job_config=config).result(timeout=SECONDS)
        else:
            self._client.create_table(target)
        self._view(name, f"SELECT * FROM `{staged}` WHERE case_ = (SELECT case_ FROM `{MOMENT}`)")  # noqa: S608

    def _view(self, name: str, query: str) -> None:
        view = bigquery.Table(f"{self._client.project}.{name}")
        view.view_query = query
        self._client.create_table(view)
