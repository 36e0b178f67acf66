"""A run in which nothing moves ends, with a code and a place."""

import subprocess
import sys
import time
from pathlib import Path

from pipeline.ground import progress
from pipeline.ground.progress import Event
from pipeline.run.watchdog import Watchdog

ROOT = Path(__file__).parents[2]
HANGS = """
import threading
from pipeline.ground import progress
from pipeline.ground.progress import Event
from pipeline.run.watchdog import Watchdog
progress.emit(Event("started", "LoadedTable", "students"))
progress.emit(Event("started", "LandedFile", "cc RSD"))
progress.emit(Event("done", "LandedFile", "cc RSD"))
def waits_for_ever():
    threading.Event().wait()
with Watchdog(0.5, 30):
    waits_for_ever()
"""


def test_a_run_in_which_nothing_moves_is_ended_and_says_what_was_at_work() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], cwd=ROOT, timeout=30, capture_output=True, text=True)
    assert done.returncode == 30
    assert "the run (LoadedTable students) has not moved" in done.stderr
    assert "expected: " in done.stderr
    assert "next: " in done.stderr


def test_a_run_that_moves_is_left_alone() -> None:
    with Watchdog(0.4, 30):
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            progress.emit(Event("moving", "LandedFile", "cc RSD"))
            time.sleep(0.02)
    progress.emit(Event("done", "LandedFile", "cc RSD"))


def test_no_limit_watches_nothing() -> None:
    with Watchdog(0, 30):
        pass
