"""Whoever reads what is printed may go away or stop reading: nothing of the work may depend on it."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from pipeline.ground.console import Printer

ROOT = Path(__file__).parents[2]
# The end of a process that prints much, and does its work: it says so in a file.
WORK = """
import pathlib, sys
from pipeline.ground.console import leave, say, Printer
printer = Printer()
for number in range(20000):
    printer.put(lambda: say("line \\u2026 \\xe9"))
    say("error", error=True)
printer.end(%s)
pathlib.Path(sys.argv[1]).write_text("done")
leave(40)
"""


def run(done: Path, shell: str, patience: float = 10) -> int:
    """`shell` runs the program "$@" with outputs of its own choice and hands on its exit code."""
    return subprocess.run(
        ["bash", "-c", shell, "bash", sys.executable, "-c", textwrap.dedent(WORK % patience), str(done)],
        cwd=ROOT,
        timeout=60,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ).returncode


@pytest.mark.parametrize(
    "shell",
    [
        'set -o pipefail; "$@" | head -2',
        'set -o pipefail; "$@" 2>&1 | head -2',
        '"$@" >/dev/full',
        '"$@" >/dev/full 2>/dev/full',
        '"$@" >&-',
        '"$@" >&- 2>&-',
        'PYTHONIOENCODING=ascii "$@"',
        'LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 "$@"',
    ],
)
def test_outputs_that_take_nothing_break_no_work_and_change_no_exit_code(shell: str, tmp_path: Path) -> None:
    assert run(tmp_path / "done", shell) == 40
    assert (tmp_path / "done").read_text() == "done"


def test_a_reader_that_stops_reading_holds_up_nothing(tmp_path: Path) -> None:
    """A stopped terminal: the pipe is open, and full. `sleep` never reads; the program ends all the same."""
    shell = 'exec 3> >(exec sleep 50); "$@" 2>/dev/null >&3; code=$?; kill $!; exit $code'
    assert run(tmp_path / "done", shell, patience=0.5) == 40
    assert (tmp_path / "done").read_text() == "done"


GIVEN_UP = """
import atexit, concurrent.futures, pathlib, sys, threading
from pipeline.ground import console
def work():  # a task's thread is a daemon, and so are those of its pool: the interpreter joins them all the same
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pool.submit(begun.set)
        pool.submit(threading.Event().wait)
begun = threading.Event()
threading.Thread(target=work, daemon=True).start()
begun.wait()
console.PATIENCE = 0.5
%s
atexit.register(pathlib.Path(sys.argv[1]).write_text, "closed")  # the last one that is registered comes first
print("the page", end="")
console.leave(40)
"""


@pytest.mark.parametrize("more", ["", "atexit.register(threading.Event().wait)"])
def test_work_that_was_given_up_keeps_no_process_alive(tmp_path: Path, more: str) -> None:
    command = [sys.executable, "-c", GIVEN_UP % more, str(tmp_path / "done")]
    done = subprocess.run(command, cwd=ROOT, timeout=15, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (40, "the page")
    assert (tmp_path / "done").read_text() == "closed"


APART = """
import atexit, pathlib, sys
from pipeline.ground import console
class Kept:
    def __del__(self):
        print("taken apart")
console.kept = Kept()
atexit.register(print, "closed")
console.leave(40)
"""


def test_a_process_that_leaves_says_its_farewells_and_is_not_taken_apart() -> None:
    done = subprocess.run([sys.executable, "-c", APART], cwd=ROOT, timeout=15, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (40, "closed\n")


def test_what_cannot_be_printed_does_not_stop_what_follows() -> None:
    shown: list[str] = []
    printer = Printer()
    for error in (RuntimeError("on purpose"), SystemExit(1), BrokenPipeError()):
        printer.put(lambda error=error: throw(error))  # type: ignore[misc]
    printer.put(lambda: shown.append("the page"))
    printer.end()
    assert shown == ["the page"]
    assert Printer.NAME not in [thread.name for thread in threading.enumerate()]


def throw(error: BaseException) -> None:
    raise error
