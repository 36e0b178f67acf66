"""The sandbox's BigQuery, alone, for all tests here; Google's client to it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

HERE = Path(__file__).parent
PIPELINE = HERE.parents[1] / "pipeline"


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bigquery.Client]:
    folder = tmp_path_factory.mktemp("bigquery")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(HERE / "serve_bigquery.py"), str(folder), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": str(PIPELINE.parent)},
    )
    assert server.stdin and server.stdout
    with server, server.stdout, server.stdin:
        assert server.stdout.readline() == b"up\n", "the stand-in did not start; its reason is above"
        with bigquery.Client(
            "sql-tests",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # the library's
            client_options={"api_endpoint": f"http://127.0.0.1:{port}"},
        ) as client:
            yield client
        server.stdin.close()
        server.wait(20)
