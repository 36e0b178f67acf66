"""What the tasks tell while they work: to the visualiser, and to the run that started them.

A run reads its tasks' events from a pipe, since they may work in forked processes; an event is one line of JSON,
short enough to be written in one piece. No event holds a value out of a file.
"""

import contextlib
import html
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import luigi
from luigi.rpc import RPCError

log = logging.getLogger(__name__)

# The longest line that the kernel writes to a pipe in one piece (PIPE_BUF is 4,096 on Linux).
LONGEST = 4000


Kind = Literal["started", "done", "unchanged", "failed", "moving", "given"]


@dataclass(frozen=True)
class Event:
    """One thing that happened to one task: `task` is its family, `of` what it is about, `error` a class's name,
    `shared` what the error has in common with others of the same cause. Or that a vendor was `given` the set `of`,
    whose receipt is kept; its task has not ended by then."""

    kind: Kind
    task: str = ""
    of: str = ""
    flow: str = ""
    rows: int | None = None
    bytes: int | None = None
    seconds: float = 0.0
    message: str = ""
    error: str = ""
    percent: int = 0
    shared: str = ""


@dataclass(frozen=True)
class Made:
    """What a task made: rows and bytes, and a few words."""

    rows: int | None = None
    bytes: int | None = None
    words: str = ""

    def __str__(self) -> str:
        parts = [f"{self.rows:,} rows"] if self.rows is not None else []
        parts += [size(self.bytes)] if self.bytes is not None else []
        parts += [self.words] if self.words else []
        return ", ".join(parts) or "done"


def size(count: int) -> str:
    """Bytes for people: 812 B, 1.2 MB."""
    if count < 1000:
        return f"{count} B"
    number, unit = float(count), "B"
    for unit in ("kB", "MB", "GB"):  # noqa: B007
        number /= 1000
        if number < 999.95:
            break
    return f"{number:.1f} {unit}"


_pipe: int | None = None
# Held while the pipe is written to or closed: the number of a closed one may be another file's in the next moment.
_writing = threading.Lock()


def open_pipe() -> int:
    """Begin to collect the events of this process and its children; returns the end to read from."""
    global _pipe
    reading, _pipe = os.pipe()
    return reading


def close_pipe() -> None:
    """No further event comes from this process: the reader sees the end."""
    global _pipe
    with _writing:
        if _pipe is not None:
            os.close(_pipe)
        _pipe = None


# When each task that is at work moved last, by family and what it is about; and when anything did (time.time()).
_at_work: dict[tuple[str, str], float] = {}
_last = time.time()


# What this run is to make, by task id: known from its scheduling on.
_planned: set[str] = set()


def plan(task_id: str) -> None:
    """The task is one that this run makes."""
    _planned.add(task_id)


def planned() -> int:
    """How many tasks this run makes, as far as that is known."""
    return len(_planned)


def moved() -> None:
    """The run goes on, in whatever stage it is: see watchdog."""
    global _last
    _last = time.time()


def last_moved(task: str = "", of: str = "") -> float:
    """When that task moved last, 0 when it is not at work; without a name, when anything did."""
    return _at_work.get((task, of), 0.0) if task else _last


def at_work() -> list[str]:
    """The tasks that have started and not ended."""
    return [f"{task} {of}" for task, of in list(_at_work)]


def _keep(event: Event) -> None:
    moved()
    if event.kind in ("started", "moving"):
        _at_work[event.task, event.of] = _last
    else:
        _at_work.pop((event.task, event.of), None)


def emit(event: Event) -> None:
    """Tell the run, if one listens. Never raises: what is told must not break what is done."""
    _keep(event)
    line = _line(event)
    while len(line) > LONGEST and event.message:
        event = replace(event, message=event.message[: len(event.message) // 2])
        line = _line(event)
    with _writing, contextlib.suppress(OSError):
        if _pipe is not None:
            os.write(_pipe, line + b"\n")


def _line(event: Event) -> bytes:
    return json.dumps({key: value for key, value in asdict(event).items() if value not in (None, "", 0)}).encode()


def show(task: luigi.Task, message: str) -> None:
    """The task's status message in the visualiser, which reads it as HTML: so it is escaped."""
    if task.set_status_message:
        _told(task.set_status_message, html.escape(message))


def _told(tell: Callable[[Any], object], what: object) -> None:
    """Tell the central scheduler. One that does not answer must not break the work that goes on without it."""
    try:
        tell(what)
    except RPCError:
        log.warning("the central scheduler was not told %s", what)


def moving(task: luigi.Task, of: str, message: str, done: int, total: int) -> None:
    """Long work of the task has come so far, in bytes or whatever it counts."""
    percent = int(100 * done / max(total, 1))
    if task.set_progress_percentage:
        _told(task.set_progress_percentage, percent)
    show(task, message)
    emit(Event("moving", task.task_family, of, bytes=done, percent=percent))


class Meter:
    """Progress of a transfer, told at most once a second."""

    def __init__(self, task: luigi.Task, of: str) -> None:
        self._task, self._of, self._next = task, of, time.monotonic() + 1.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 1.0
        moving(self._task, self._of, f"{size(done)} of {size(total)}", done, total)
