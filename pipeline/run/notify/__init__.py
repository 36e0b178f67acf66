"""Who is told how a morning went, and when.

    news.py        what is new for a receiver: the report beside what was told
    digest.py      a message: title, text, HTML
    pages.py       what one address knows, what is held back, what goes now
    books.py       that on disk
    addresses.py   a message to an address, by apprise
    telling.py     all receivers side by side
    heartbeat.py   the dead man's switch
    watch.py       what `morning watch` tells of a morning that is not done

A run calls `begin` and `end`. Neither raises, and neither changes how the run ends: what went wrong is a remark of it.
"""

import datetime as dt
import threading
from dataclasses import dataclass, field

from pipeline.ground import settings
from pipeline.run.notify import heartbeat, pages, telling
from pipeline.run.report import Cause, Report


@dataclass
class Telling:
    """A run that has begun. `silent` ones tell nobody: a rehearsal, and a run of another date than today's for which
    nobody has asked to be told."""

    wrapper: str
    date: dt.date
    silent: bool = True
    _remarks: list[str] = field(default_factory=list)
    _start: threading.Thread | None = None

    def end(self, report: Report, now: dt.datetime | None = None) -> list[str]:
        """Tell how it went; returns remarks."""
        if self.silent:
            return []
        self._wait()
        now = now or dt.datetime.now(settings.load().district.zone)
        missed = promised(report, now)
        links = settings.load().notify
        remarks = telling.tell(lambda who, page: pages.heard(page, report, who.states, links, missed), now)
        well = report.standing != "broken" and not missed
        remarks += heartbeat.call("success" if well else "fail", report.headline)
        return list(dict.fromkeys([*self._remarks, *remarks]))

    def broke_off(self, why: str) -> list[str]:
        """Tell that the run ended by something that nobody foresaw."""
        now = dt.datetime.now(settings.load().district.zone)
        cause = Cause("broken", "the run broke off", f"the run broke off: {why}", do="look at the log, then run again")
        return self.end(Report(self.wrapper, settings.load().district.name, self.date, (cause,), last_run=now))

    def _wait(self) -> None:
        """Let the call of the begin end first: the switch would take it for another run's."""
        if self._start:
            self._start.join(2 * heartbeat.PATIENCE)


def begin(wrapper: str, date: dt.date, *, sends: bool = True, asked: bool = False) -> Telling:
    """A run begins. The switch is called beside it."""
    made = Telling(wrapper, date, silent=not sends or not (asked or date == settings.load().today()))
    if not made.silent:
        made._start = threading.Thread(
            target=lambda: made._remarks.extend(heartbeat.call("start")), name="heartbeat", daemon=True
        )
        made._start.start()
    return made


def promised(report: Report, now: dt.datetime) -> str:
    """That the morning is not done at the time for which it was promised, where that is so; '' otherwise."""
    told = settings.load()
    if told.notify.done_by is None or report.wrapper != "Morning" or report.standing == "done":
        return ""
    by = dt.datetime.combine(report.date, told.notify.done_by, told.district.zone)
    return f"Not done by {by:%H:%M}." if now >= by else ""
