"""The doctor, asked in this process about the running sandbox, whose configuration a test may change."""

import configparser
import contextlib
import gc
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.ground import cloud, configuration, settings
from pipeline.outside.cloud import asking, standing, storage, warehouse
from pipeline.outside.sftp import connections
from pipeline.run.doctor.checks import CHECKS
from pipeline.run.doctor.examining import Asked, examine
from pipeline.run.doctor.lines import Line
from pipeline.sandbox.faults import FaultFile
from riverbend import ROOT, Sandbox


class Doctor:
    """`ask` is a run of one check; what a run before it knew (refusals, silence, connections) is forgotten."""

    def __init__(self, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox, self.config, self._patch = sandbox, folder / "luigi.cfg", monkeypatch
        self.whole = configparser.ConfigParser(interpolation=None)
        self.whole.read([configuration.PRETEND, sandbox.config])
        self.configure(
            district={"catalogue": f"{ROOT}/pipeline/riverbend", "landing": f"{folder}/landing"},
            sftp={"patience": "5"},
            cloud={"timeout": "30"},
        )

    def configure(self, **sections: dict[str, str]) -> None:
        """Change what the configuration says; `sftp__otus` is [sftp:otus]."""
        for name, entries in sections.items():
            if not self.whole.has_section(name.replace("__", ":")):
                self.whole.add_section(name.replace("__", ":"))
            for key, value in entries.items():
                self.whole.set(name.replace("__", ":"), key, value)
        with self.config.open("w") as file:
            self.whole.write(file)
        self._patch.setenv("LUIGI_CONFIG_PATH", str(self.config))
        self.forget()

    def forget(self) -> None:
        settings.load.cache_clear()
        connections.close_all()
        connections._refusals.clear()
        storage.forget()
        warehouse.forget()
        for adapter in (storage, warehouse):
            self._patch.setattr(adapter, "_client", cloud.per_process(adapter._client.__wrapped__))
        standing._looks.forget()
        for service in (cloud.STORAGE, cloud.BIGQUERY, asking._SIGN_IN):
            service.silent = ""

    def ask(
        self, check: str, party: str = "", *, writes: bool = False, cloud: bool = False, tells: bool = False
    ) -> list[Line]:
        self.forget()
        (found,) = (each for each in CHECKS if each.name == check)
        alone = replace(found, after=(), parties=lambda: (party,))
        return list(examine([alone], Asked(writes, cloud, tells)))

    def fault(self, name: str, vendor: str = "", **options: object) -> None:
        """As `sandbox fault` does, without a process."""
        FaultFile(self.sandbox.folder / "faults.json").switch_on(name, vendor, options)

    def root(self, vendor: str) -> Path:
        """The vendor's folders, as they are on this machine."""
        return self.sandbox.folder / "sftp" / vendor


@contextlib.contextmanager
def doctoring(sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(connections, "PAUSE", 0.01)
    made = Doctor(sandbox, folder, monkeypatch)
    for name in storage.list_objects("landing/"):  # which logins an earlier test was refused
        storage.remove(name)
    yield made
    for adapter in (storage, warehouse):
        adapter._client().close()
    made.forget()
    with warnings.catch_warnings():  # Google's client leaves the socket of a failed call open
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def states(lines: list[Line]) -> list[str]:
    return [line.state for line in lines]
