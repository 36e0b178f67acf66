"""Chromedriver in a process that outlives nobody: python -m pipeline.outside.browser.leash /usr/bin/chromedriver

Our standard input is a pipe from whoever wants a browser. Its end, a kill -9 of the other side included, is the sign
to kill the driver with all its descendants, and to remove the one folder that they write in (profile, sockets,
reports of crashes). A browser's processes can survive their driver, and a profile survives them all; so none of it
can be left to the pipeline, which may be killed at any instant.
"""

import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import psutil

# prctl: descendants whose parent has died become our children, so that they can be found; and a signal at its death.
_BECOME_SUBREAPER, _DIE_WITH_PARENT = 36, 1
_WHERE = Path("/tmp")  # noqa: S108  # a short one: the browser's socket lies in it, whose path ends at 108 characters
_FOLDERS = "pipeline-browser-"
_STARTS_WITHIN = 30  # seconds
_ROUNDS = 20


def main(driver: str) -> None:
    """Print the driver's port, then wait for the end of our standard input, of the driver, or for a signal."""
    ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    _sweep()
    with tempfile.TemporaryDirectory(dir=_WHERE, prefix=_FOLDERS, ignore_cleanup_errors=True) as folder:
        try:
            fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
            process = subprocess.Popen(
                [driver, "--port=0", "--log-level=SEVERE"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": folder, "TMPDIR": folder},
                cwd=folder,
                preexec_fn=lambda: ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0),
            )
            print(_port(process.stdout), flush=True)  # type: ignore[arg-type]
            select.select([sys.stdin, os.pidfd_open(process.pid)], [], [])
        finally:
            _end_all()


def _sweep() -> None:
    """Remove what another one of us had to leave when it was killed itself: the folders that nobody holds a lock on.

    One that was made just now may get its lock in a moment.
    """
    for folder in _WHERE.glob(f"{_FOLDERS}*"):
        try:
            if time.time() - folder.stat().st_mtime < _STARTS_WITHIN:
                continue
            held = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(held)


def _port(said: IO[bytes]) -> str:
    """The port, out of "ChromeDriver was started successfully on port 40307."; nothing if it did not start."""
    heard = b""
    while b"successfully on port" not in heard or not heard.endswith(b"\n"):
        if not select.select([said], [], [], _STARTS_WITHIN)[0] or not (more := os.read(said.fileno(), 4096)):
            return ""
        heard += more
    return heard.decode().split("successfully on port")[1].strip(" .\n")


def _end_all() -> None:
    """Kill every descendant. What one of them started meanwhile becomes our child, and is found in the next round."""
    for _ in range(_ROUNDS):
        if not (family := psutil.Process().children(recursive=True)):
            return
        for member in family:
            try:
                member.kill()
            except psutil.Error:  # it has ended, or belongs to the browser's own sandbox, which ends with it
                continue
        psutil.wait_procs(family, timeout=1)


if __name__ == "__main__":
    if not Path(sys.argv[1]).is_file():
        sys.exit(f"no {sys.argv[1]}")
    main(sys.argv[1])
