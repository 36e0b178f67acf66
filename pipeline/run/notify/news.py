"""What is new for a receiver: a report as it is now, beside what was told before. Nothing here sends, reads a file or
asks the time.

The first trouble is news, and so are another cause, a cause that is mended, a promised time that has passed, and that
all is done. When nothing changed, nothing is news.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from pipeline.ground.receivers import States
from pipeline.run.causes import Cause
from pipeline.run.report import Report

# So much time lies between two messages to one address.
BETWEEN = dt.timedelta(hours=1)
_WORST = ("broken", "on hold", "late")


@dataclass(frozen=True)
class Known:
    """What was told of a wrapper and date: the causes by name (what harm, what was found); whether all was said to be
    done since, and whether that a promised time had passed. `ended` is that all was done once, told or not."""

    causes: dict[str, tuple[str, str]] = field(default_factory=dict)
    done: bool = False
    missed: bool = False
    ended: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"causes": self.causes, "done": self.done, "missed": self.missed, "ended": self.ended}


def known(told: dict[str, Any]) -> Known:
    """As `as_json` wrote it."""
    causes = {name: (str(harm), str(found)) for name, (harm, found) in told["causes"].items()}
    return Known(causes, bool(told["done"]), bool(told["missed"]), bool(told["ended"]))


@dataclass(frozen=True)
class News:
    """What a message says. `causes` are all that stand now and that the receiver asked for, `fresh` the names of those
    that it does not know; `mended` is what was found of those that are gone. `after` is what it knows then."""

    causes: tuple[Cause, ...]
    fresh: frozenset[str]
    mended: tuple[str, ...]
    missed: str
    done: bool
    after: Known

    def __bool__(self) -> bool:
        return bool(self.fresh or self.mended or self.missed or self.done)


def of(report: Report, before: Known, wanted: States, missed: str = "", early: frozenset[str] = frozenset()) -> News:
    """What is new for who wants to know of the states `wanted`; `missed` says that a promised time has passed, `early`
    are names of causes that nobody need know of yet. Where not all could be looked at (`as_of`), a cause that is not
    seen is not mended."""
    causes = tuple(cause for cause in report.causes if cause.harm in wanted and cause.name not in early)
    now = {name: _told(causes, name) for name in dict.fromkeys(cause.name for cause in causes)}
    fresh = frozenset(name for name, told in now.items() if before.causes.get(name, ("",))[0] != told[0])
    all_done = report.standing == "done"
    if "not done" not in wanted or before.missed or before.ended or all_done:
        missed = ""
    done = all_done and "done" in wanted and not before.done
    blind = report.as_of is not None
    mended = _mended(report, before) if "mended" in wanted and not blind else ()
    after = Known(
        {**before.causes, **now} if blind else now,
        done=(done or before.done) and not (fresh or missed),
        missed=bool(missed) or before.missed,
        ended=all_done or before.ended,
    )
    return News(causes, fresh, mended, missed, done, after)


def _told(causes: tuple[Cause, ...], name: str) -> tuple[str, str]:
    """The worst of the causes of that name: their order is no news."""
    worst = min((cause for cause in causes if cause.name == name), key=lambda cause: _WORST.index(cause.harm))
    return worst.harm, worst.found


def _mended(report: Report, before: Known) -> tuple[str, ...]:
    """What was told and is so no more. A cause that does another harm now, of which nobody asked, is not mended."""
    there = {cause.name for cause in report.causes}
    gone = tuple(found for name, (_, found) in before.causes.items() if name not in there)
    in_the_end = before.missed and not before.ended and report.standing == "done"
    return (*gone, *(("what was not done in time is done",) if in_the_end else ()))


def too_soon(last: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether the last message was less than an hour ago. (One that lies ahead is of a clock that was wrong.)"""
    return last is not None and dt.timedelta(0) <= now - last < BETWEEN
