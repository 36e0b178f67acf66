"""What a run shows: in a terminal a live line over the finished ones, from cron plain lines; and the end of it."""

import datetime as dt
import json
import logging
import os
import sys
import time
from functools import partial
from typing import Any

from pipeline.ground import progress, settings
from pipeline.ground.console import Printer, say
from pipeline.ground.progress import Event
from pipeline.run import screen
from pipeline.run.report import Report

log = logging.getLogger(__name__)


class Display:
    """Follows a run's events and prints them."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Any = None
        self._begun = time.monotonic()
        self._running: dict[str, str] = {}
        self._ended: dict[str, str] = {}

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

        console = Console(highlight=False, width=screen.width())
        self._live = Live(get_renderable=self._now, console=console, transient=True, refresh_per_second=4)
        self._live.start()

    def _close(self) -> None:
        if self._live:
            self._live.stop()

    def _show(self, event: Event) -> None:
        if event.kind == "given":
            return
        name = f"{event.task} {event.of}"
        if event.kind in ("started", "moving"):
            self._running[name] = f"{event.percent} %" if event.kind == "moving" else ""
            return
        self._running.pop(name, None)
        self._ended[name] = event.kind
        if self._live:
            style = "red" if event.kind == "failed" else ""
            self._live.console.print(_one_line(_line(event), style), no_wrap=True, overflow="ellipsis")
        elif not self._quiet:
            say(_line(event))

    def _now(self) -> Any:
        """How far the run is: `212 of 320, 2 failed, 00:41 · LandedFile students RSD 40 %`."""
        failed = sum(kind == "failed" for kind in list(self._ended.values()))
        counts = [f"{len(self._ended) - failed} of {max(progress.planned(), len(self._ended))}"]
        counts += [f"{failed} failed"] if failed else []
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        working = "; ".join(f"{name} {moved}".strip() for name, moved in list(self._running.items()))
        return _one_line(f"{', '.join([*counts, f'{minutes:02}:{seconds:02}'])}{' · ' if working else ''}{working}")

    def finish(self, found: Report, seconds: float, log_file: str, *, news: bool = True) -> None:
        """Print what is wrong, where every flow stands, and the headline; all of it stands in the log, too.

        A quiet run prints it when it is news, the headline first: it is somebody's mail.
        """
        log.info("%s", "\n".join(_page(found, seconds, log_file, 0)))
        if self._quiet and not news:
            return
        lines = _page(found, seconds, log_file, screen.width(), first=self._quiet)
        printer = Printer()
        printer.put(partial(say, "\n".join(lines)))
        printer.end()


def _page(found: Report, seconds: float, log_file: str, columns: int, *, first: bool = False) -> list[str]:
    """The end of a run; its headline is the first line, or the last."""
    head = f"{found.district}: {found.wrapper} of {found.date}, {seconds:.1f} s, exit {found.code}; log: {log_file}"
    lines = [line for text in (head, settings.in_force()) for line in screen.folded(text, columns)]
    headline = screen.folded(found.headline, columns)
    body = list(screen.body(found, columns, whole=False if first else None))
    return [*headline, *lines, *body] if first else ["", *lines, *body, "", *headline]


def _one_line(text: str, style: str = "") -> Any:
    """What is cut at the terminal's edge, and never goes on in the next line."""
    from rich.text import Text

    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _line(event: Event) -> str:
    moment = dt.datetime.now(settings.load().district.zone).strftime("%H:%M:%S")
    mark = {"done": "done     ", "unchanged": "unchanged", "failed": "FAILED   "}[event.kind]
    words = event.message.split("\n")[0] if event.kind != "unchanged" else ""
    return f"{moment} {mark} {event.task:<13} {event.of:<40} {words} ({event.seconds:.1f} s)"
