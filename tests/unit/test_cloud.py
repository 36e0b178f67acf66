"""A service of Google's that does not answer is waited for once, and everything else is told as our error."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from pipeline.ground import cloud, secrets, settings
from pipeline.ground.errors import ConfigurationError, OnHold, WarehouseError
from pipeline.outbound import entries
from pipeline.outside.cloud import storage, texts, warehouse

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
    for service in (cloud.STORAGE, cloud.BIGQUERY, cloud.SECRETS):
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
            lambda: texts.deploy("eis", "x", "SELECT 1"),
            lambda: warehouse.freeze("SELECT 1", "deliveries", "x", {}, 14),
            lambda: warehouse.extract("eis", "x", "extracts/x"),
            lambda: entries.ask("SELECT 1", "asking"),
        ],
    ),
]


@pytest.mark.parametrize(("service", "calls"), CALLS)
@pytest.mark.parametrize("first", range(7))
def test_whatever_was_not_answered_first_the_service_is_not_asked_again(
    silent: list[int],
    service: cloud.Service,
    calls: list[Callable[[], object]],
    first: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert f"{service.name} has not answered for 1 s" in refused(calls[first % len(calls)]).found
    asked, waits = len(silent), list[str]()
    whole = cloud.Service.patience

    def patience(of: cloud.Service) -> dict[str, Any]:
        waits.append(of.name)
        return whole(of)

    monkeypatch.setattr(cloud.Service, "patience", patience)
    for call in calls:
        error = refused(call)
        assert f"{service.name} has not answered" in error.found
        assert "not asked again" in error.expected
    assert (len(silent), waits) == (asked, [])  # no connection, and nobody's patience


def test_the_other_service_is_asked(silent: list[int]) -> None:
    refused(lambda: storage.find("eis/2026-11-23/x.csv"))
    assert "BigQuery has not answered" in refused(lambda: warehouse.find("eis", "x")).found


@pytest.fixture
def silent_tokens(
    silent: list[int], configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[int]:
    """Credentials of a real account, whose server of tokens takes connections and says nothing."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    facts = {"type": "service_account", "client_email": "a@b.example", "private_key": key.decode()}
    here = settings.load().cloud.storage_endpoint
    (tmp_path / "account.json").write_text(json.dumps({**facts, "token_uri": f"{here}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    configure(
        cloud={"storage_endpoint": "", "bigquery_endpoint": "", "timeout": "1"},
        secrets={"folder": str(tmp_path), "secret_manager_project": "riverbend"},
    )
    return silent


def test_a_token_that_nobody_gives_is_waited_for_once_a_service(silent_tokens: list[int]) -> None:
    for service, calls in CALLS:
        assert f"{service.name} has not answered for 1 s" in refused(calls[0]).found
        asked = len(silent_tokens)
        assert "not asked" in refused(calls[1]).found
        assert len(silent_tokens) == asked


def test_a_secret_manager_that_does_not_answer_is_asked_once(silent_tokens: list[int]) -> None:
    asked: list[int] = []
    for name in ("otus_password", "savvas_password"):
        with pytest.raises(ConfigurationError, match=f"{name}: .*Secret Manager has not answered for 1 s"):
            secrets.read(name)
        asked.append(len(silent_tokens))
    assert asked[0] == asked[1]


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


RetryError: Any = api.RetryError  # untyped, as the others
ServiceUnavailable: Any = api.ServiceUnavailable
RefreshError: Any = auth.RefreshError
TransportError: Any = auth.TransportError
LINE = requests.ConnectionError("refused")


@pytest.mark.parametrize(
    ("error", "silence"),
    [
        (ConnectionResetError("reset"), True),
        (requests.exceptions.ChunkedEncodingError("broke off"), True),
        (caused(TransportError("x"), LINE), True),
        (RetryError("60 s are over", TransportError("x")), True),
        (RetryError("60 s are over", caused(RefreshError("x"), caused(TransportError("x"), LINE))), True),
        (RetryError("60 s are over", RetryError("and", ConnectionResetError("reset"))), True),
        (RetryError("60 s are over", ServiceUnavailable("not now")), False),
        (RetryError("60 s are over", caused(RefreshError("invalid_grant"), KeyError("x"))), False),
        (RefreshError("invalid_grant"), False),
        (TransportError("Failed to retrieve it from the metadata service. Status: 404"), False),
    ],
)
def test_silence_is_known_below_the_errors_that_wrap_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, silence: bool
) -> None:
    monkeypatch.setattr(cloud.BIGQUERY, "silent", "")

    def work() -> None:
        with cloud.BIGQUERY.explained("loading"):
            raise error

    assert ("has not answered" in refused(work).found) == bool(cloud.BIGQUERY.silent) == silence


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
