"""A run in which nothing moves is ended, and says where it stands: a run that hangs would silence all later ones."""

import logging
import os
import sys
import threading
import time
import traceback
from types import TracebackType

from pipeline.ground import console, progress
from pipeline.ground.errors import StandsStill

log = logging.getLogger(__name__)


def stands_still(what: str, seconds: float, thread: int | None) -> StandsStill:
    """The error of work that has not moved for `seconds`; `thread` is the number of the thread that does it."""
    return StandsStill(
        f"{what} has not moved for {seconds / 60:.0f} minutes; it stands at {_place(thread)}",
        expected="every wait to end: each has a bound of its own",
        next_step="run again: what is done stays done. If it happens again, tell whoever maintains the code this place",
    )


def _place(thread: int | None) -> str:
    """Where the thread is in our code: the innermost place, and how it came there. Code only, no value."""
    frame = sys._current_frames().get(thread or 0)
    if frame is None:
        return "an unknown place"
    ours = [each for each in traceback.extract_stack(frame) if f"{os.sep}pipeline{os.sep}" in each.filename]
    return ", ".join(f"{each.filename.rpartition(os.sep)[2]}:{each.lineno} {each.name}" for each in reversed(ours[-4:]))


class Watchdog:
    """Within its block, ends the process with `code` when nothing at all has moved for `seconds`; 0: never."""

    def __init__(self, seconds: float, code: int) -> None:
        self._seconds, self._code = seconds, code
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> None:
        progress.moved()
        if self._seconds:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(min(self._seconds / 10, 30)):
            if time.time() - progress.last_moved() > self._seconds:
                at_work = ", ".join(progress.at_work()) or "no task at work"
                error = stands_still(f"the run ({at_work})", self._seconds, self._watched)
                log.error("%s", error)
                console.say(f"{error}\n\nbroken: the run was ended (exit {self._code})", error=True)
                os._exit(self._code)
