"""Who is told how a morning went, and when.

    news.py        what is new for a receiver: the report beside what was told
    digest.py      a message: title, text, HTML
    pages.py       what one address knows, what is held back, what goes now
    books.py       that on disk
    addresses.py   a message to an address, by apprise
    telling.py     all receivers side by side
    promises.py    what a morning owes by now
    heartbeat.py   the dead man's switch
    watch.py       what `morning watch` tells of a morning that is not done

A run tells by `of_run`, at its begin and at its end. Neither changes how it ends: what went wrong is a remark of it.
"""

import datetime as dt
import re
import threading
from dataclasses import dataclass, field

from pipeline.ground import border, secrets, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.receivers import State
from pipeline.run.causes import Cause
from pipeline.run.notify import heartbeat, pages, promises, telling
from pipeline.run.report import Report


@dataclass
class Telling:
    """What a run tells. `silent` ones tell nobody: a rehearsal, and a run of another date than today's for which nobody
    has asked that it be told."""

    wrapper: str
    date: dt.date
    silent: bool
    _remarks: list[str] = field(default_factory=list)
    _start: threading.Thread | None = None

    def begin(self) -> None:
        """The run begins. The switch is called beside it."""
        if not self.silent:
            self._start = threading.Thread(target=self._call_start, name="heartbeat", daemon=True)
            self._start.start()

    def end(self, report: Report, now: dt.datetime | None = None) -> list[str]:
        """Tell how the run went; returns remarks, and never raises."""
        if self.silent:
            return []
        try:
            with border.around("who is told", "telling how the run went"):
                return self._told(report, now or dt.datetime.now(settings.load().district.zone))
        except PipelineError as error:
            return [secrets.told(error)]

    def _told(self, report: Report, now: dt.datetime) -> list[str]:
        links, missed, early = settings.load().notify, promises.missed(report, now), promises.early(report, now)
        # On a day without school all is done, and that is no news.
        unasked = frozenset[State]() if promises.is_expected(report.date) else frozenset[State]({"done"})
        remarks = telling.tell(
            lambda who, page: pages.heard(page, report, who.states - unasked, links, missed, early), now
        )
        well = report.standing != "broken" and not missed
        remarks += self._call_end(report.headline, well=well)
        return list(dict.fromkeys([*self._remarks, *remarks]))

    def went_home(self, why: str, *, well: bool) -> list[str]:
        """Another machine makes the morning, and tells of it; the switch hears that this one has looked."""
        return [] if self.silent else self._call_end(why, well=well)

    def broke_off(self, why: str) -> list[str]:
        """Tell that the run was ended by something that nobody foresaw."""
        told = settings.load().district
        name, now = re.sub(r"\d+", "#", why), dt.datetime.now(told.zone)
        cause = Cause("broken", name, f"the run broke off: {why}", do="look at the log, then run again")
        return self.end(Report(self.wrapper, told.name, self.date, (cause,), last_run=now, as_of=now))

    def _call_end(self, words: str, *, well: bool) -> list[str]:
        if self._start:  # else the switch would take the call of the begin for another run's
            self._start.join(2 * heartbeat.PATIENCE)
        return heartbeat.call("success" if well else "fail", words)

    def _call_start(self) -> None:
        self._remarks += heartbeat.call("start")


def of_run(wrapper: str, date: dt.date, *, sends: bool = True, asked: bool = False) -> Telling:
    """What the run of the wrapper for that date tells. Raises ConfigurationError."""
    return Telling(wrapper, date, silent=not sends or not (asked or date == settings.load().today()))
