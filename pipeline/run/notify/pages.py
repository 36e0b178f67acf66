"""What one address was told, and what it is to be told now: pure functions of a page and a report.

A page holds, of each wrapper and date, what is known at the address; when the last message went; and what is held back,
because an hour has not passed since or because nobody took it. What is held back goes with the next message.
"""

import datetime as dt
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from pipeline.ground.receivers import Notify, States
from pipeline.run.notify import digest, news
from pipeline.run.notify.digest import Message
from pipeline.run.notify.news import Known
from pipeline.run.report import Report

# Of so many wrappers and dates it is known what was told; the oldest are forgotten.
SUBJECTS = 30


@dataclass(frozen=True)
class Held:
    """A message that did not go yet, and what its reader knows then."""

    message: Message
    after: Known


@dataclass(frozen=True)
class Page:
    """`known` and `held` are by subject: wrapper and date."""

    last: dt.datetime | None = None
    known: dict[str, Known] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        held = {
            name: {"message": asdict(each.message), "after": each.after.as_json()} for name, each in self.held.items()
        }
        last = self.last.isoformat() if self.last else ""
        return {"last": last, "known": {name: each.as_json() for name, each in self.known.items()}, "held": held}


def page(told: dict[str, Any]) -> Page:
    """As `as_json` wrote it. Raises ValueError, LookupError, TypeError for what nobody of us wrote."""
    held = {name: Held(Message(**each["message"]), news.known(each["after"])) for name, each in told["held"].items()}
    last = dt.datetime.fromisoformat(told["last"]) if told["last"] else None
    return Page(last, {name: news.known(each) for name, each in told["known"].items()}, held)


@dataclass(frozen=True)
class Turn:
    """What to do at an address: send `message`, if there is one. `unsent` is the page when it was not sent, `sent` when
    it was."""

    message: Message | None
    unsent: Page
    sent: Page


def heard(
    before: Page,
    report: Report,
    wanted: States,
    links: Notify,
    missed: str = "",
    early: frozenset[str] = frozenset(),
) -> Page:
    """The page when the report is read: what is new is held, what is no longer new is not."""
    name = f"{report.wrapper} {report.date}"
    if name == f"Morning {report.date}" and report.code == 0:
        before = in_time(before, report.date)
    known = before.known.get(name, Known())
    if _watched(report.date) in before.known:
        known = replace(known, missed=True)
    found = news.of(report, known, wanted, missed, early)
    if found:
        return _holding(before, name, Held(digest.made(report, found, links), found.after))
    return Page(before.last, _with(before.known, name, found.after), _without(before.held, name))


def overdue(before: Page, date: dt.date, words: str, wanted: States, links: Notify) -> Page:
    """The page when a watch has seen that the morning of the date is not done; that is told once, by it or by a run."""
    told = before.known.get(f"Morning {date}", Known())
    if "not done" not in wanted or told.missed or told.ended or _watched(date) in before.known:
        return before
    return _holding(before, _watched(date), Held(digest.overdue(date, words, links), Known(missed=True)))


def in_time(before: Page, date: dt.date) -> Page:
    """The page when the morning of the date is seen to be done: that it was not is no longer so."""
    return Page(before.last, before.known, _without(before.held, _watched(date)))


def _watched(date: dt.date) -> str:
    return f"Watch {date}"


def _holding(before: Page, name: str, message: Held) -> Page:
    return Page(before.last, before.known, {**_without(before.held, name), name: message})


def turn(before: Page, now: dt.datetime) -> Turn:
    """What goes now of what is held: all of it as one message, or nothing within an hour of the last one."""
    if not before.held or news.too_soon(before.last, now):
        return Turn(None, before, before)
    message = digest.joined([each.message for each in before.held.values()])
    known = before.known
    for name, each in before.held.items():
        known = _with(known, name, each.after)
    return Turn(message, before, Page(now, known))


def _with(known: dict[str, Known], name: str, after: Known) -> dict[str, Known]:
    """The newest is the last; the oldest go."""
    told = {**_without(known, name), name: after}
    return {each: told[each] for each in list(told)[-SUBJECTS:]}


T = TypeVar("T")


def _without(of: dict[str, T], name: str) -> dict[str, T]:
    return {each: value for each, value in of.items() if each != name}
