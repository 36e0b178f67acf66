"""A Cloud Storage of a test process's own, on loopback: the sandbox's stand-in, without the rest of the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pipeline.ground import cloud
from pipeline.outside.cloud import storage
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.badday import BadDay
from pipeline.sandbox.faults import Countdown, FaultFile
from pipeline.sandbox.latency import Latency
from pipeline.sandbox.storage import CloudStorage
from sshd import free_port

_numbers = count()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Its address; what it keeps lies in the folder."""
    port, trouble = free_port(), BadDay(Countdown(FaultFile(folder / "faults.json")))
    log, latency = ActivityLog(folder / "log"), Latency(folder / "latency", seed=1)
    server = CloudStorage(folder / "data", port, log, trouble, latency)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


def new_name() -> str:
    """The name of a bucket that no other test of this process has."""
    return f"bucket-{next(_numbers)}"


def nobody_asked_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of an earlier test, or of its settings, are not used, and what it saw or did not reach is forgotten."""
    client: Any = storage._client
    monkeypatch.setattr(storage, "_client", cloud.per_process(client.__wrapped__))
    monkeypatch.setattr(cloud.STORAGE, "silent", "")
    storage.forget()
