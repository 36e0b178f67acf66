"""The sandbox's own commands: what runs, what is said, and what each fault does to a file."""

import csv
import datetime as dt
import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from pipeline.ground import settings
from pipeline.sandbox.faults import KINDS, FaultFile
from pipeline.sandbox.places import Places
from pipeline.sandbox.process import watch
from riverbend import DAY, Sandbox, new_sandbox

STUDENTS = "district/powerschool_rsd/students.csv"
SCORES = "savvas/scores/SAVVAS_Realize_Assessment_Scores*.csv"


def newest(sandbox: Sandbox, pattern: str) -> Path:
    return max((sandbox.folder / "sftp").glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def records(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def pid(sandbox: Sandbox) -> int:
    found: int = json.loads((sandbox.folder / "sandbox.pid").read_text())["pid"]
    return found


def gone(process: psutil.Process) -> bool:
    """Within a second; in a container, nobody may reap it."""
    until = time.monotonic() + 1
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.01)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def own(tmp_path: Path) -> Sandbox:
    """A sandbox that is not started; its day is made, so that `up` makes none."""
    found = new_sandbox(tmp_path)
    found.folder.mkdir()
    (found.folder / "last_day").write_text("9999-12-31")
    return found


def test_a_disabled_sandbox_starts_nothing(tmp_path: Path) -> None:
    sandbox = new_sandbox(tmp_path, enabled=False)
    assert sandbox.run("up").count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["luigi.cfg"]


def test_up_again_starts_nothing(sandbox: Sandbox) -> None:
    before = pid(sandbox)
    assert f"sandbox is up (pid {before})" in sandbox.run("up", "--date", str(DAY))
    assert pid(sandbox) == before


def test_a_process_that_died_is_noticed_and_its_data_is_kept(own: Sandbox) -> None:
    own.run("up")
    password, known_hosts = own.password("savvas"), (own.folder / "known_hosts").read_text()
    os.kill(pid(own), signal.SIGKILL)
    assert "is down" in own.run("status", returns=1)
    own.run("up")
    assert (own.password("savvas"), (own.folder / "known_hosts").read_text()) == (password, known_hosts)
    with own.login("savvas") as sftp:
        assert sftp.listdir("/scores") == []
    ended = psutil.Process(pid(own))
    own.run("down")
    assert gone(ended)
    assert own.run("down") == "sandbox is down\n"


def test_a_pid_file_that_nobody_holds_is_stale(own: Sandbox) -> None:
    """It names a process that lives: this one. It must not be taken for the sandbox, nor be ended."""
    (own.folder / "sandbox.pid").write_text(json.dumps({"pid": os.getpid(), "ready": True}))
    assert "is down" in own.run("status", returns=1)
    assert own.run("down") == "sandbox is down\n"


def test_one_that_has_begun_just_now_is_not_taken_for_the_one_before(own: Sandbox) -> None:
    """It holds the file, in which its predecessor still stands."""
    with subprocess.Popen(["true"]) as predecessor:
        predecessor.wait()
    with (own.folder / "sandbox.pid").open("w") as file:
        file.write(json.dumps({"pid": predecessor.pid, "ready": True}))
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "is starting" in own.run("status", returns=1)


def test_the_process_holds_no_lock_of_its_caller(running: Sandbox) -> None:
    with (running.folder / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_taken_port_is_said(own: Sandbox, sandbox: Sandbox) -> None:
    own.config.write_text(own.config.read_text().replace(str(own.ports["savvas"]), str(sandbox.ports["savvas"])))
    assert "in use" in own.run("up", returns=1)


def test_secrets_are_for_their_owner_only(sandbox: Sandbox) -> None:
    secrets = sandbox.folder / "secrets"
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    logs = "".join(path.read_text() for path in (sandbox.folder / "log").iterdir())
    assert not any(path.read_text() in logs for path in secrets.iterdir())


def test_a_day_is_made_once(sandbox: Sandbox) -> None:
    before = newest(sandbox, STUDENTS).stat().st_mtime_ns
    assert sandbox.run("new-day", "--date", str(DAY - dt.timedelta(days=1))) == f"the files of {DAY} are there\n"
    assert newest(sandbox, STUDENTS).stat().st_mtime_ns == before
    assert "made the files" in sandbox.run("new-day", "--date", str(DAY), "--force")


def test_a_late_file_arrives_with_the_time_of_now(sandbox: Sandbox) -> None:
    path = newest(sandbox, SCORES)
    content, started = path.read_bytes(), time.time()
    sandbox.run("fault", "late", SCORES)
    assert not path.exists()
    sandbox.run("fault", "arrives")
    assert path.read_bytes() == content
    assert path.stat().st_mtime > started - 1


def test_a_correction_changes_one_value(sandbox: Sandbox) -> None:
    path = newest(sandbox, SCORES)
    before = records(path)
    sandbox.run("fault", "corrected", SCORES)
    after = records(path)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    [(old, new)] = changed
    place = before[0].index("Raw Score")
    assert old[:place] + old[place + 1 :] == new[:place] + new[place + 1 :]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["truncated", "--keep", "0.6"], lambda old, new: new == old[: 1 + int(0.6 * (len(old) - 1))]),
        (["truncated", "--mid-row", "--keep", "0.5"], lambda old, new: new[:-1] != old and new[:2] == old[:2]),
        (["header", "--rename", "DOB=Birth"], lambda old, new: new[0][12] == "Birth" and new[1:] == old[1:]),
        (["header", "--drop", "DCID"], lambda old, new: new == [row[:1] + row[2:] for row in old]),
        (["header", "--add", "Extra"], lambda old, new: new[0] == [*old[0], "Extra"] and new[1] == [*old[1], ""]),
        (["header", "--move", "ID"], lambda old, new: new == [row[1:] + row[:1] for row in old]),
        (["empty"], lambda old, new: new == []),
        (["header-only"], lambda old, new: new == old[:1]),
        (["zeros"], lambda old, new: len(new[1][2]) < len(old[1][2]) == 7),
        (["again"], lambda old, new: new == old),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_damaged_file_and_healed(sandbox: Sandbox, words: list[str], expected: object) -> None:
    path = newest(sandbox, STUDENTS)
    content, old = path.read_bytes(), records(path)
    sandbox.run("fault", words[0], STUDENTS, *words[1:])
    assert callable(expected)
    assert expected(old, records(path))
    sandbox.run("heal")
    assert path.read_bytes() == content


def test_two_faults_of_one_file_heal_to_the_original(sandbox: Sandbox) -> None:
    path = newest(sandbox, STUDENTS)
    content = path.read_bytes()
    sandbox.run("fault", "truncated", STUDENTS)
    sandbox.run("fault", "encoding", STUDENTS, "utf-16")
    assert path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
    sandbox.run("heal")
    assert path.read_bytes() == content


def test_healing_leaves_what_the_vendor_wrote_since(sandbox: Sandbox) -> None:
    path = newest(sandbox, STUDENTS)
    content = path.read_bytes()
    sandbox.run("fault", "empty", STUDENTS)
    path.write_bytes(b"new\n")
    assert "written anew" in sandbox.run("heal")
    assert path.read_bytes() == b"new\n"
    path.write_bytes(content)


def test_a_growing_file_grows_until_healed(sandbox: Sandbox) -> None:
    path = newest(sandbox, STUDENTS)
    content = path.read_bytes()
    sandbox.run("fault", "growing", STUDENTS)
    sizes = {path.stat().st_size}
    until = time.monotonic() + 5
    while len(sizes) < 3 and time.monotonic() < until:
        sizes.add(path.stat().st_size)
        time.sleep(0.01)
    assert len(sizes) == 3
    sandbox.run("heal")
    assert path.read_bytes() == content


def test_every_fault_is_listed_and_a_wrong_name_is_said(sandbox: Sandbox) -> None:
    listed = sandbox.run("fault")
    assert [line.split()[0] for line in listed.splitlines()] == [kind.name for kind in KINDS]
    assert "no SFTP server nobody" in sandbox.run("fault", "hang", "nobody", returns=1)
    assert "matches" in sandbox.run("fault", "late", "savvas/none*.csv", returns=1)


def test_a_stand_in_that_dies_is_noticed(tmp_path: Path) -> None:
    class Dead:
        name = "SFTP"

        def start(self) -> None: ...

        def alive(self) -> bool:
            return False

        def stop(self) -> None: ...

    places = Places(settings.load())
    dead = Dead()
    assert watch(places, FaultFile(tmp_path / "faults.json"), [dead], threading.Event()) == [dead]
