"""Starts, watches and ends the sandbox's one background process.

The process is known by the lock (flock) that it holds on its pid file for as long as it lives: a left-over
file is unlocked, and a reused pid locks nothing, so neither can be mistaken for it.

A stand-in that crashes takes the whole process down, with a line in the log, and the next `up` starts it
again. Nothing restarts by itself: a run would not notice, and a test would pass over the crash.

`up` is called before every run, so this module imports the standard library and the settings only.
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.ground.command import MORNING
from pipeline.sandbox.places import Places

# A start that still works is waited for, however slow the machine: what counts is how long nothing moves. It is told
# after some seconds that it takes longer than usual.
STILL_SECONDS = 20
START_SECONDS = 600
TELL_SECONDS = 10
STOP_SECONDS = 10
# On a busy machine an answer takes seconds.
ANSWER_SECONDS = 15
HELD_BY_ANOTHER = 75
# The environment's name for the socket of a process that forks the servers (warm.py), where there is one.
WARM = "SANDBOX_WARM"


class SandboxError(Exception):
    """The sandbox cannot be brought into the state that was asked for."""


@dataclass(frozen=True)
class Running:
    pid: int
    ready: bool


def running(places: Places) -> Running | None:
    """The process that holds the pid file, or None."""
    try:
        with places.pid.open() as file:
            if _lock(file.fileno()):
                return None
            said = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError:  # it has the lock and has not yet written who it is
        return Running(pid=0, ready=False)
    if not Path(f"/proc/{said['pid']}").exists():  # nor has it: that is who was there before
        return Running(pid=0, ready=False)
    return Running(said["pid"], said["ready"])


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def hold(places: Places) -> None:
    """Hold the pid file until this process is no more; exits with HELD_BY_ANOTHER if somebody else holds it."""
    places.data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(places.pid, os.O_RDWR | os.O_CREAT, 0o600)  # never closed: the kernel does it at the end
    until = time.monotonic() + 1  # somebody who only looks holds it for an instant
    while not _lock(descriptor):
        if time.monotonic() > until:
            print("another sandbox process is running already", flush=True)
            raise SystemExit(HELD_BY_ANOTHER)
        time.sleep(0.01)
    say(places.pid, ready=False)


def say(pid_file: Path, *, ready: bool) -> None:
    """Write who holds the file and whether it is ready; in place, for the lock is the file's."""
    pid_file.write_text(json.dumps({"pid": os.getpid(), "ready": ready}))


def unhealthy(places: Places) -> list[str]:
    """What does not answer as it should, one sentence each; [] when all is well."""
    asked = {f"SFTP {account.name}": (account.port, b"", b"SSH-2.0-") for account in places.accounts()}
    health = b"GET /healthz HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n"
    asked["Cloud Storage"] = (places.storage_port, health, b"HTTP/1.1 200")
    asked["BigQuery"] = (places.bigquery_port, health, b"HTTP/1.1 200")
    asked["EIS portal"] = (places.portal_port, health, b"HTTP/1.1 200")
    return [
        f"{what} does not answer on port {port}"
        for what, (port, question, answer) in asked.items()
        if port and not _answers(port, question, answer)
    ]


def _answers(port: int, question: bytes, answer: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(question)
            got = b""
            while len(got) < len(answer) and (more := connection.recv(len(answer) - len(got))):
                got += more
    except OSError:
        return False
    return got == answer


def up(places: Places) -> str:
    """Start the process unless it runs, wait until every port answers; one line that says so.

    Raises SandboxError.
    """
    if (found := running(places)) and found.ready and not unhealthy(places):
        return f"sandbox is up (pid {found.pid})"
    started = time.monotonic()
    child = None if found else _spawn(places)
    patience = _Patience(places)
    while not ((found := running(places)) and found.ready):
        if child and child.poll() not in (None, HELD_BY_ANOTHER):
            raise SandboxError(f"the sandbox ended at once (see {_log(places)}):\n{_last_lines(places)}")
        patience.wait(found.pid if found else child.pid if child else 0)
    if wrong := unhealthy(places):
        raise SandboxError("; ".join(wrong) + f"; `{MORNING} sandbox down` ends it")
    return f"sandbox is up (pid {found.pid}) after {time.monotonic() - started:.1f} s"


class _Patience:
    """How long a start is waited for: while the process works (its CPU time or its log grows)."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._begun = self._moved = time.monotonic()
        self._seen: tuple[int, int] = (0, 0)
        self._told = False

    def wait(self, pid: int) -> None:
        """An instant. Raises SandboxError when the start stands still, or takes for ever."""
        now = time.monotonic()
        if (seen := self._work(pid)) != self._seen:
            self._seen, self._moved = seen, now
        if now > self._moved + STILL_SECONDS or now > self._begun + START_SECONDS:
            raise SandboxError(f"the sandbox is not ready after {now - self._begun:.0f} s; see {_log(self._places)}")
        if not self._told and now > self._begun + TELL_SECONDS:
            self._told = True
            print(f"the sandbox is still starting (after {TELL_SECONDS} s; this machine is busy)", file=sys.stderr)
        time.sleep(0.02)

    def _work(self, pid: int) -> tuple[int, int]:
        """CPU time in ticks (utime and stime of proc(5)), and bytes of the log."""
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return int(told[11]) + int(told[12]), _log(self._places).stat().st_size
        except (OSError, IndexError, ValueError):
            return 0, 0


@dataclass(frozen=True)
class _Forked:
    """As a Popen tells it, of a process that is not our child."""

    pid: int
    places: Places

    def poll(self) -> int | None:
        """None while it lives; who has ended because another one is there cannot be asked."""
        if Path(f"/proc/{self.pid}").exists():
            return None
        return HELD_BY_ANOTHER if running(self.places) else 1


def _spawn(places: Places) -> subprocess.Popen[bytes] | _Forked:
    """In a session of its own, with none of our descriptors: a lock of ours must not live on in it."""
    places.log.mkdir(parents=True, exist_ok=True)
    with _log(places).open("ab") as log:
        if address := os.environ.get(WARM):
            return _Forked(_forked(address, log.fileno()), places)
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.sandbox", "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            close_fds=True,
            start_new_session=True,
        )


def _forked(address: str, log: int) -> int:
    """The pid of a process that serves what our environment says, from our folder."""
    told = {"environment": {**os.environ}, "folder": f"{Path.cwd()}"}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(address)
            socket.send_fds(connection, [json.dumps(told).encode()], [log])
            return int(connection.recv(100))
    except (OSError, ValueError) as error:
        raise SandboxError(f"{WARM} names {address}, where no warm process answers ({error})") from None


def _log(places: Places) -> Path:
    return places.log / "sandbox.log"


def _last_lines(places: Places, count: int = 5) -> str:
    return "\n".join(_log(places).read_text(errors="replace").splitlines()[-count:])


def down(places: Places) -> str:
    """End the process and wait until it is gone; one line that says so. Raises SandboxError."""
    if not (found := running(places)):
        return "sandbox is down"
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        if _ended(places, sign, seconds):
            return f"sandbox is down (pid {found.pid} ended by {sign.name})"
    raise SandboxError(f"pid {found.pid} is still there after SIGKILL")


def _ended(places: Places, sign: signal.Signals, seconds: float) -> bool:
    until = time.monotonic() + seconds
    told = 0
    while (found := running(places)) and time.monotonic() < until:
        if found.pid != told and found.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, sign)
            told = found.pid
        time.sleep(0.02)
    return not running(places)


def status(places: Places) -> tuple[str, bool]:
    """One line, and whether all is well."""
    found = running(places)
    if not found:
        return "sandbox is down", False
    if not found.ready:
        return f"sandbox is starting (pid {found.pid})", False
    if wrong := unhealthy(places):
        return f"sandbox runs (pid {found.pid}), but " + "; ".join(wrong), False
    return f"sandbox is up (pid {found.pid})", True
