"""A process that has imported everything already becomes the sandbox's servers, which are then as others are."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.sandbox.supervisor import WARM
from riverbend import DAY, ROOT, Sandbox, new_sandbox


@pytest.fixture
def warm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """It is asked by every `up` of the test."""
    address = str(tmp_path / "warm")
    words = [sys.executable, "-m", "pipeline.sandbox.warm", address]
    monkeypatch.setenv(WARM, address)
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"warm\n"
        yield process


@pytest.fixture
def own(tmp_path: Path, warm: subprocess.Popen[bytes]) -> Iterator[Sandbox]:
    found = new_sandbox(tmp_path / "own")
    yield found
    found.run("down")


def server(sandbox: Sandbox) -> psutil.Process:
    return psutil.Process(json.loads((sandbox.folder / "sandbox.pid").read_text())["pid"])


def test_it_becomes_the_servers_which_live_on_without_it(own: Sandbox, warm: subprocess.Popen[bytes]) -> None:
    with (own.config.parent / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        own.run("up", "--date", f"{DAY}", inherited=(lock.fileno(),))
    with (own.config.parent / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    process = server(own)
    assert process.ppid() == warm.pid
    assert os.getsid(process.pid) == process.pid
    warm.communicate(timeout=20)
    assert warm.returncode == 0
    assert f"sandbox is up (pid {process.pid})" in own.run("status")
    with own.login("savvas") as sftp:
        assert sftp.listdir("/scores")
    own.run("down")
    assert "is down" in own.run("status", returns=1)


def test_two_districts_have_servers_of_their_own(own: Sandbox, warm: subprocess.Popen[bytes], tmp_path: Path) -> None:
    other = new_sandbox(tmp_path / "other")
    try:
        own.run("up", "--date", f"{DAY}")
        other.run("up", "--date", f"{DAY}")
        assert {server(own).ppid(), server(other).ppid()} == {warm.pid}
        assert own.password("savvas") != other.password("savvas")
        for district in (own, other):
            with district.login("savvas") as sftp:
                assert sftp.listdir("/scores")
    finally:
        other.run("down")


def test_a_taken_port_is_said(own: Sandbox, sandbox: Sandbox) -> None:
    own.config.write_text(own.config.read_text().replace(str(own.ports["savvas"]), str(sandbox.ports["savvas"])))
    assert "in use" in own.run("up", returns=1)


def test_one_that_is_not_there_is_said(own: Sandbox, warm: subprocess.Popen[bytes]) -> None:
    warm.communicate(timeout=20)
    assert f"{WARM} names" in own.run("up", returns=1)
