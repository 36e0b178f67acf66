"""The two adapters to Google's cloud, set up for a test: the sandbox's stand-ins, a bucket of its own."""

import contextlib
import datetime as dt
import gc
import multiprocessing
import os
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalogue.delivery import Delivery
from pipeline.ground import cloud, settings
from pipeline.ground.progress import Made
from pipeline.outbound import exports, giving
from pipeline.outside.cloud import storage, warehouse
from riverbend import ROOT, Sandbox


@dataclass
class Cloud:
    """A bucket and a dataset that are not there yet, and what the stand-ins wrote down since the test began."""

    sandbox: Sandbox
    bucket: str
    dataset: str
    _before: int = field(default=0)

    def asked(self, server: str, method: str, path: str) -> list[dict[str, Any]]:
        """The requests to the server whose path ends so, oldest first."""
        return [
            event
            for event in self.since()
            if (event["server"], event["method"]) == (server, method) and event["path"].endswith(path)
        ]

    def since(self) -> list[dict[str, Any]]:
        """All that was asked since the test began, or said `from_now_on`, oldest first."""
        return self.sandbox.events("cloud")[self._before :]

    def from_now_on(self) -> None:
        self._before = len(self.sandbox.events("cloud"))

    def look_again(self) -> None:
        """As the next run does."""
        storage.forget()
        warehouse.forget()


def ignore(done: int, total: int) -> None:
    """Nobody looks at the progress."""


def given(delivery: Delivery, date: dt.date, progress: Callable[[int, int], None] = ignore) -> Made:
    """What the chain does of a checked set: each file is written, where it is not kept yet, and then the set goes."""
    for file in delivery.files:
        if not exports.export_target(delivery, file, date).exists():
            exports.export(delivery, file, date)
    return giving.deliver(delivery, date, progress)


@contextlib.contextmanager
def set_up(running: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, timeout: int = 30) -> Iterator[Cloud]:
    """Point the adapters at the sandbox; clients of an earlier test, or of its settings, are not used."""
    name = folder.name.lower().replace("_", "-")[:50].strip("-")
    config = folder / "cloud.cfg"
    ports = running.ports
    config.write_text(
        f"[sandbox]\nenabled = true\n[district]\n"
        f"project = riverbend-sandbox\nbucket = {name}\n[cloud]\ntimeout = {timeout}\n"
        f"storage_endpoint = http://127.0.0.1:{ports['storage']}\n"
        f"bigquery_endpoint = http://127.0.0.1:{ports['bigquery']}\n"
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(config))
    settings.load.cache_clear()
    for adapter in (storage, warehouse):
        monkeypatch.setattr(adapter, "_client", cloud.per_process(adapter._client.__wrapped__))
    for service in (cloud.STORAGE, cloud.BIGQUERY):  # what did not answer in an earlier test
        monkeypatch.setattr(service, "silent", "")
    made = Cloud(running, name, name.replace("-", "_"))
    made.look_again()
    made.from_now_on()
    try:
        yield made
    finally:
        for adapter in (storage, warehouse):
            adapter._client().close()
        made.look_again()
        settings.load.cache_clear()
        with warnings.catch_warnings():  # Google's client leaves the socket of a failed up- or download open
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def in_a_fork(action: Callable[[], object]) -> int:
    """Run `action` in a forked child, as Luigi runs a task; its exit code (0 = it returned)."""

    def child() -> None:
        try:
            action()
        except BaseException:  # noqa: BLE001  (a child must not go on with the tests)
            traceback.print_exc()
            os._exit(70)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(30)
    assert process.exitcode is not None, "the child hangs"
    return process.exitcode
