"""One sandbox for all tests here, and Google's clients to it."""

import fcntl
from collections.abc import Iterator

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.storage import Bucket, Client

import bucketing
from pipeline.ground import settings
from pipeline.outside.cloud import storage
from pipeline.sandbox.faults import FaultFile
from riverbend import DAY, PROJECT, Sandbox, new_sandbox


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    found = new_sandbox(tmp_path_factory.mktemp("riverbend"))
    found.folder.mkdir()
    with (found.folder / "run.lock").open("w") as lock:  # as a run's wrapper holds one
        fcntl.flock(lock, fcntl.LOCK_EX)
        found.run("up", "--date", str(DAY), inherited=(lock.fileno(),))
    yield found
    found.run("down")


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """The running sandbox; every fault of the test is healed after it."""
    yield running
    record = FaultFile(running.folder / "faults.json")
    if any(fault.path for fault in record.active()):
        running.run("heal")
    elif record.active():  # switches alone, which take no other process to be off
        with record.change() as faults:
            faults.clear()


@pytest.fixture(scope="session")
def bucket(running: Sandbox) -> Bucket:
    client = Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": f"http://127.0.0.1:{running.ports['storage']}"},
    )
    return client.create_bucket("landing")


@pytest.fixture(scope="session")
def warehouse(running: Sandbox) -> bigquery.Client:
    """A client with the dataset `tests`."""
    client = bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": f"http://127.0.0.1:{running.ports['bigquery']}"},
    )
    client.create_dataset("tests")
    return client


@pytest.fixture(scope="session")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Cloud Storage of this process, for tests that need no other stand-in."""
    with bucketing.serving(tmp_path_factory.mktemp("storage")) as address:
        yield address


@pytest.fixture
def own_bucket(buckets: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The lines that end a configuration's section [district] and name a bucket of the test's own."""
    bucketing.nobody_asked_yet(monkeypatch)
    yield f"bucket = {bucketing.new_name()}\n[cloud]\nstorage_endpoint = {buckets}\n"
    storage._client().close()
    storage.forget()
    settings.load.cache_clear()
