"""The sandbox's BigQuery, alone, for all tests here; Google's client to it."""

from collections.abc import Iterator

import pytest
from google.cloud import bigquery

from bench.differential import standin


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with standin.alone(tmp_path_factory.mktemp("bigquery")) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str, request: pytest.FixtureRequest) -> Iterator[bigquery.Client]:
    """Of a project of the module's own."""
    with standin.client(address, request.module.__name__.rpartition(".")[2].replace("_", "-")) as client:
        yield client
