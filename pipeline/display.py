"""What a run shows: in a terminal a live line over the finished ones, from cron plain lines; and the end of it."""

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi

from pipeline import settings, status
from pipeline.errors import PipelineError
from pipeline.progress import Event

if TYPE_CHECKING:
    from pipeline.runner import Outcome

WORDS = {
    0: "all is done",
    20: "late: vendors' files are missing; all that does not need them is done. Run again when they are there",
    30: "broken: see below; all that does not need it is done",
    40: "on hold: a delivery waits for a person; all else is done",
}

# What to do about a file of a watched folder that no feed takes.
CLAIM = "add a row in pipeline/feeds.py, or name it there in the folder's `others`"


class Display:
    """Follows a run's events and prints them."""

    def __init__(self, root: luigi.Task) -> None:
        self._root = root
        self._live: Any = None
        self._running: dict[str, str] = {}

    def follow(self, reading: int, events: list[Event]) -> None:
        """Print the events that come through the pipe, and keep them in `events`, until the pipe ends."""
        if sys.stdout.isatty():
            self._open()
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                event = Event(**json.loads(line))
                events.append(event)
                self._show(event)
        if self._live:
            self._live.stop()

    def _open(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live("starting", console=Console(highlight=False), transient=True, refresh_per_second=8)
        self._live.start()

    def _show(self, event: Event) -> None:
        name = f"{event.task} {event.of}"
        if event.kind in ("started", "moving"):
            self._running[name] = f"{event.percent} %" if event.kind == "moving" else ""
        else:
            self._running.pop(name, None)
            self._print(_line(event))
        if self._live:
            working = "; ".join(f"{name} {moved}".strip() for name, moved in self._running.items())
            self._live.update(f"… {working}" if working else "…")

    def _print(self, line: str) -> None:
        if self._live:
            self._live.console.print(line, markup=False, soft_wrap=True)
        else:
            print(line, flush=True)

    def finish(self, date: dt.date, outcome: "Outcome", seconds: float, log_file: Path) -> None:
        """Print where every flow stands, what is wrong, and the exit code with its meaning."""
        name = type(self._root).__name__
        print(f"\n{settings.load().district.name}: {name} of {date}, {seconds:.1f} s\n")
        try:
            print(status.table(status.flows(date)))
        except PipelineError as error:
            print(f"the state of the flows is not known\n{error}")
        for part in outcome.late:
            print(f"\nlate: {part}")
        for event in outcome.failed:
            print(f"\n{event.task} {event.of}: {event.error}\n{_indented(event.message)}")
        for trouble in outcome.trouble:
            print(f"\n{_indented(trouble)}")
        for file in outcome.unclaimed:
            print(f"\n{file} is no feed's; it was not loaded: {CLAIM}")
        print(f"\n{WORDS[outcome.code]} (exit {outcome.code}; log: {log_file})", flush=True)


def _line(event: Event) -> str:
    moment = dt.datetime.now(settings.load().district.zone).strftime("%H:%M:%S")
    mark = {"done": "done     ", "unchanged": "unchanged", "failed": "FAILED   "}[event.kind]
    words = event.message.split("\n")[0] if event.kind != "unchanged" else ""
    return f"{moment} {mark} {event.task:<13} {event.of:<40} {words} ({event.seconds:.1f} s)"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
