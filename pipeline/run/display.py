"""What a run shows: in a terminal a live line over the finished ones, from cron plain lines; and the end of it."""

import datetime as dt
import json
import logging
import os
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import luigi

from pipeline.ground import border, secrets, settings
from pipeline.ground.console import Printer, say
from pipeline.ground.errors import PipelineError
from pipeline.ground.progress import Event
from pipeline.run import status
from pipeline.run.outcome import Outcome

log = logging.getLogger(__name__)

WORDS = {
    0: "all is done",
    20: "late: vendors' files are missing; all that does not need them is done. Run again when they are there",
    30: "broken: see below; all that does not need it is done",
    40: "on hold: a delivery waits for a person; all else is done",
}

# What to do about a file of a watched folder that no feed takes.
CLAIM = "add a row in the catalogue's feeds.py, or name it there in the folder's `others`"


class Display:
    """Follows a run's events and prints them."""

    def __init__(self, root: luigi.Task, *, quiet: bool = False) -> None:
        self._root = root
        self._quiet = quiet
        self._live: Any = None
        self._running: dict[str, str] = {}

    def follow(self, reading: int, events: list[Event]) -> None:
        """Print the events that come through the pipe, and keep them in `events`, until the pipe ends.

        The pipe is read whatever becomes of the printing: the tasks write into it, and must never wait for a terminal.
        """
        printer = Printer()
        if sys.stdout.isatty() and not self._quiet:
            printer.put(self._open)
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                event = Event(**json.loads(line))
                events.append(event)
                printer.put(partial(self._show, event))
        printer.put(self._close)
        printer.end()

    def _open(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live("starting", console=Console(highlight=False), transient=True, refresh_per_second=8)
        self._live.start()

    def _close(self) -> None:
        if self._live:
            self._live.stop()

    def _show(self, event: Event) -> None:
        name = f"{event.task} {event.of}"
        if event.kind in ("started", "moving"):
            self._running[name] = f"{event.percent} %" if event.kind == "moving" else ""
        else:
            self._running.pop(name, None)
            if not self._quiet:
                self._print(_line(event))
        if self._live:
            working = "; ".join(f"{name} {moved}".strip() for name, moved in self._running.items())
            self._live.update(f"… {working}" if working else "…")

    def _print(self, line: str) -> None:
        if self._live:
            self._live.console.print(line, markup=False, soft_wrap=True)
        else:
            say(line)

    def finish(self, date: dt.date, outcome: "Outcome", seconds: float, log_file: str, *, news: bool = True) -> None:
        """Print where every flow stands, what is wrong, and the exit code with its meaning. The log has it too; a quiet
        run prints it when it is news."""
        name = type(self._root).__name__
        lines = [f"\n{settings.load().district.name}: {name} of {date}, {seconds:.1f} s", settings.in_force(), ""]
        lines += [_state(date)]
        lines += _wrong(outcome)
        lines.append(f"\n{WORDS[outcome.code]} (exit {outcome.code}; log: {log_file})")
        page = "\n".join(lines)
        log.info("%s", page)
        if self._quiet and not news:
            return
        printer = Printer()
        printer.put(partial(say, page))
        printer.end()


def _state(date: dt.date) -> str:
    """The table of the flows; when it cannot be read, why."""
    try:
        with border.around("the state of the flows", "reading the evidence of them"):
            return status.table(status.states(date))
    except PipelineError as error:  # the page is printed, whatever state the state is in
        return f"the state of the flows is not known\n{_indented(secrets.told(error))}"


def _wrong(outcome: "Outcome") -> Iterator[str]:
    """What is late, failed, in trouble, nobody's or remarkable; tasks that failed for the same reason share a block."""
    for part in outcome.late:
        yield f"\nlate: {part}"
    reasons: dict[tuple[str, str], list[str]] = {}
    for event in outcome.failed:
        reasons.setdefault((event.error, event.message), []).append(f"{event.task} {event.of}")
    for (error, message), names in reasons.items():
        yield f"\n{', '.join(names)}: {error}\n{_indented(message)}"
    for trouble in outcome.trouble:
        yield f"\n{_indented(trouble)}"
    for file in outcome.unclaimed:
        yield f"\n{file} is no feed's; it was not loaded: {CLAIM}"
    for remark in outcome.remarks:
        yield f"\n{_indented(remark)}"


def _line(event: Event) -> str:
    moment = dt.datetime.now(settings.load().district.zone).strftime("%H:%M:%S")
    mark = {"done": "done     ", "unchanged": "unchanged", "failed": "FAILED   "}[event.kind]
    words = event.message.split("\n")[0] if event.kind != "unchanged" else ""
    return f"{moment} {mark} {event.task:<13} {event.of:<40} {words} ({event.seconds:.1f} s)"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
