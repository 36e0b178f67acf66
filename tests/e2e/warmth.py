"""One process a worker that becomes the sandbox's servers, wherever a district of a test has them started; and beside
it what they have translated."""

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def warm() -> str:
    """Its socket. It ends with this process, however this one does: its standard input does then."""
    folder = tempfile.mkdtemp(prefix="warm-")
    words = [sys.executable, "-m", "pipeline.sandbox.warm", f"{folder}/socket"]
    started = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert started.stdout and started.stdout.readline() == b"warm\n"
    atexit.register(_end, started, folder)
    return f"{folder}/socket"


def translated() -> str:
    """The file of what the servers of this worker's districts have translated."""
    return f"{Path(warm()).parent}/translations"


def _end(started: subprocess.Popen[bytes], folder: str) -> None:
    started.communicate()
    shutil.rmtree(folder)
