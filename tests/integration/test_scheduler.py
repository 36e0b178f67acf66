"""The central scheduler is killed in the middle of a run, or a proxy stands in the environment: the work goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import luigi
import pytest
from luigi.rpc import RemoteScheduler

from pipeline.run import lookahead
from pipeline.run.working import Work
from sshd import free_port


class Luigid:
    """A central scheduler on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(
            [Path(sys.prefix) / "bin/luigid", "--port", str(self.port), "--address", "127.0.0.1"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        RemoteScheduler(f"http://127.0.0.1:{self.port}").get_work(worker="nobody")  # type: ignore[no-untyped-call, attr-defined]

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def luigid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Luigid]:
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    kept = {name: config.get("core", name) for name in ("scheduler_port", "rpc_retry_wait", "rpc_retry_attempts")}
    config.set("core", "rpc_retry_wait", "1")
    config.set("core", "rpc_retry_attempts", "20")
    made = Luigid(tmp_path)
    config.set("core", "scheduler_port", str(made.port))
    yield made
    made.kill()
    for name, value in kept.items():
        config.set("core", name, value)


class First(luigi.Task):
    """While it is at work the scheduler is killed, and comes back with nothing in it."""

    luigid: ClassVar[Luigid]
    ran: ClassVar[list[str]] = []
    comes_back: ClassVar[bool] = True

    def complete(self) -> bool:
        return "First" in self.ran

    def run(self) -> None:
        self.luigid.kill()
        if self.comes_back:
            self.luigid.start()
        self.ran.append("First")


class Second(luigi.Task):
    """Can only run when the scheduler is told of it again."""

    def requires(self) -> First:
        return First()  # type: ignore[no-untyped-call]

    def complete(self) -> bool:
        return "Second" in First.ran

    def run(self) -> None:
        First.ran.append("Second")


@pytest.fixture
def arguments(luigid: Luigid, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    First.luigid, First.comes_back = luigid, True
    First.ran.clear()
    monkeypatch.setattr(lookahead, "of_work", lambda root: ())  # nobody answers them here
    return ["Second", "--workers", "2", "--no-lock"]


def test_a_scheduler_that_comes_back_empty_is_told_everything_again(arguments: list[str]) -> None:
    assert Work(Second(), arguments, "unit").do() == []  # type: ignore[no-untyped-call]
    assert First.ran == ["First", "Second"]


def test_one_that_does_not_come_back_is_said(arguments: list[str]) -> None:
    First.comes_back = False
    luigi.configuration.get_config().set("core", "rpc_retry_attempts", "2")  # type: ignore[no-untyped-call]
    (trouble,) = Work(Second(), arguments, "unit").do()  # type: ignore[no-untyped-call]
    assert str(trouble).startswith("found: no central scheduler at 127.0.0.1")
    assert First.ran == ["First"]


PROXIED = """
import pipeline, luigi, sys
from luigi.rpc import RemoteScheduler
print(RemoteScheduler(sys.argv[1]).get_work(worker="unit")["n_pending_tasks"])
"""


@pytest.mark.parametrize("names", [("http_proxy",), ("HTTP_PROXY", "HTTPS_PROXY"), ("ALL_PROXY", "all_proxy")])
@pytest.mark.parametrize("no_proxy", [{}, {"no_proxy": "intranet.example"}, {"NO_PROXY": ""}])
def test_nothing_on_this_machine_is_asked_through_a_proxy(
    luigid: Luigid, names: tuple[str, ...], no_proxy: dict[str, str]
) -> None:
    nowhere = dict.fromkeys(names, "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", PROXIED, f"http://127.0.0.1:{luigid.port}"],
        env={**os.environ, **nowhere, **no_proxy},
        cwd=Path(__file__).parents[2],
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "0\n", done.stderr
