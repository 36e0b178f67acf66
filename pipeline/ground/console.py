"""Standard output and error. Whoever reads them may go away, or stop reading: that must never break the work.

A pipe that was closed (`| head`), a disk that is full (`> /full/file`), a terminal that is stopped (Ctrl-S), an
encoding without the character: a line is then lost, and the work goes on. What matters stands in the log as well.
"""

import atexit
import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import NoReturn, TextIO

log = logging.getLogger(__name__)

# Seconds for which the end of a run waits for a terminal that takes nothing, and for what is to be closed.
PATIENCE = 30.0


def say(text: str, *, error: bool = False) -> None:
    """Print `text` to standard output, or to standard error; never raises."""
    stream = sys.stderr if error else sys.stdout
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:
        say(text.encode("ascii", "backslashreplace").decode(), error=error)
    except (OSError, ValueError):  # ValueError: somebody has closed it
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """What is printed from now on goes nowhere; or the interpreter itself would fail at its end, with what is left."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def leave(code: int) -> NoReturn:
    """End the process with this exit code, whatever becomes of what is still to be printed.

    Work that was given up may leave a thread behind, and the interpreter would join a pool's for ever. It would also
    take a thousand modules apart, which costs it a fifth of a run with nothing to do. So a process says its farewells
    (atexit) in at most PATIENCE seconds, and ends there.
    """
    farewells = threading.Thread(target=atexit._run_exitfuncs, name="farewells", daemon=True)
    farewells.start()
    farewells.join(PATIENCE)
    if Printer.NAME not in _left():  # else it holds the stream's lock, for which a flush would wait
        _flush()
    os._exit(code)


def _left() -> list[str]:
    """The names of the threads besides this one; the interpreter joins also those that it calls daemons, of a pool."""
    return [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]


def _flush() -> None:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: it was closed from the beginning
        try:
            stream.flush()
        except (OSError, ValueError):
            _silence(stream)


class Printer:
    """Prints in a thread of its own, in the order of `put`: who puts something in never waits for a terminal."""

    NAME = "printer"

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=self.NAME, daemon=True)
        self._thread.start()

    def put(self, print_it: Callable[[], object]) -> None:
        self._wanted.put(print_it)

    def end(self, seconds: float = PATIENCE) -> None:
        """Print what is left, in at most `seconds`."""
        self._wanted.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.warning("standard output takes nothing any more; what was to be printed stands in this log")

    def _work(self) -> None:
        while print_it := self._wanted.get():
            try:
                print_it()
            except (Exception, SystemExit):  # rich leaves by SystemExit when the terminal is gone
                log.exception("something was not printed")
