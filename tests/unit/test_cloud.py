"""A service of Google's that does not answer is waited for once, and everything else is told as our error."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pipeline import cloud, entries, storage, warehouse
from pipeline.errors import OnHold, WarehouseError

from .conftest import Configure


@pytest.fixture
def silent(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Both endpoints take connections and say nothing; the list grows by one a connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    met: list[int] = []
    kept: list[socket.socket] = []

    def meet() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            met.append(1)

    threading.Thread(target=meet, daemon=True).start()
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    configure(cloud={"storage_endpoint": here, "bigquery_endpoint": here, "timeout": "1"})
    for service in (cloud.STORAGE, cloud.BIGQUERY):
        monkeypatch.setattr(service, "silent", "")
    for module in (storage, warehouse):  # a client of another test knows another address
        client = module._client.__wrapped__
        monkeypatch.setattr(module, "_client", cloud.per_process(client))
    yield met
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in kept:
        connection.close()


def refused(action: Callable[[], object]) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        action()
    return caught.value


CALLS: list[tuple[cloud.Service, list[Callable[[], object]]]] = [
    (
        cloud.STORAGE,
        [
            lambda: storage.find("eis/2026-11-23/x.csv"),
            lambda: storage.read_json("deliveries/latest/x.json"),
            lambda: storage.store_json("a/b/c", {}, {}, over=storage.Stored("a/b/c")),
            lambda: storage.remove("a/b/c"),
        ],
    ),
    (
        cloud.BIGQUERY,
        [
            lambda: warehouse.find("eis", "x"),
            lambda: warehouse.ask("SELECT 1", "asking"),
            lambda: warehouse.columns("eis", "x"),
            lambda: warehouse.deploy_view("eis", "x", "SELECT 1"),
            lambda: warehouse.freeze("SELECT 1", "deliveries", "x", {}, 14),
            lambda: warehouse.extract("eis", "x", "gs://a/b"),
            lambda: entries.ask("SELECT 1", "asking"),
        ],
    ),
]


@pytest.mark.parametrize(("service", "calls"), CALLS)
@pytest.mark.parametrize("first", range(7))
def test_whatever_was_not_answered_first_the_service_is_not_asked_again(
    silent: list[int], service: cloud.Service, calls: list[Callable[[], object]], first: int
) -> None:
    assert f"{service.name} has not answered for 1 s" in refused(calls[first % len(calls)]).found
    asked, begun = len(silent), time.monotonic()
    for call in calls:
        error = refused(call)
        assert f"{service.name} has not answered" in error.found
        assert "not asked again" in error.expected
    assert len(silent) == asked
    assert time.monotonic() - begun < 1


def test_the_other_service_is_asked(silent: list[int]) -> None:
    refused(lambda: storage.find("eis/2026-11-23/x.csv"))
    assert "BigQuery has not answered" in refused(lambda: warehouse.find("eis", "x")).found


@pytest.mark.parametrize(
    "error", [TimeoutError("job"), KeyError("Zanzibar"), RuntimeError("x"), OSError("disk"), TypeError("Zanzibar's")]
)
def test_what_nobody_foresaw_is_told_as_the_warehouse_s(error: Exception) -> None:
    def work() -> None:
        with cloud.BIGQUERY.explained("loading eis.x"):
            raise error

    found = refused(work)
    assert found.found.startswith(f"loading eis.x: {type(error).__name__}: ")
    assert cloud.BIGQUERY.silent == ""


def test_our_own_errors_stay_what_they_are() -> None:
    with pytest.raises(OnHold), cloud.BIGQUERY.explained("loading"):
        raise OnHold("a", expected="b", next_step="c")
