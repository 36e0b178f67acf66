"""Sequences of reports, and what an address is told of them: which message, exactly when, and nothing else."""

import datetime as dt
from dataclasses import replace
from typing import Literal, NamedTuple

import pytest

from pipeline.ground.receivers import STATES, Notify, State
from pipeline.run.causes import Cause
from pipeline.run.notify import pages
from pipeline.run.notify.pages import Page
from pipeline.run.report import Report

DAY = dt.date(2026, 11, 23)
ALL = frozenset(STATES)
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def cause(name: str, harm: Literal["broken", "on hold", "late"] = "broken") -> Cause:
    return Cause(harm, name, f"{name} was found", "another thing", "mend it", blocks=("a set",))


A, B = cause("A"), cause("B")
HOLD, LATE = cause("H", "on hold"), cause("L", "late")


def report(*causes: Cause, wrapper: str = "Morning", date: dt.date = DAY) -> Report:
    return Report(wrapper, "Elsewhere", date, causes, last_run=dt.datetime.combine(date, dt.time(7, 31)))


class Reader:
    """One address over a morning: `hear` is a run at a minute after five, and what it is sent then."""

    def __init__(self, *wanted: State) -> None:
        self.wanted, self.page = frozenset(wanted) or ALL, Page()

    def hear(self, minute: int, *causes: Cause, wrapper: str = "Morning", missed: str = "", takes: bool = True) -> str:
        self.page = pages.heard(self.page, report(*causes, wrapper=wrapper), self.wanted, Notify(), missed)
        return self._turned(minute, takes)

    def watch(self, minute: int, words: str) -> str:
        self.page = pages.overdue(self.page, DAY, words, self.wanted, Notify())
        return self._turned(minute)

    def flush(self, minute: int) -> str:
        return self._turned(minute)

    def _turned(self, minute: int, takes: bool = True) -> str:
        turn = pages.turn(self.page, at(minute))
        # What lies on disk between two runs is the same page.
        self.page = pages.page((turn.sent if takes else turn.unsent).as_json())
        return turn.message.text if turn.message else ""


def at(minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)


def gist(text: str) -> str:
    """The names of the new causes, the old ones in small letters, what is mended behind a minus; `!` is all done."""
    found = []
    for line in text.splitlines():
        if line.startswith("still "):
            found.append(line.split(": ")[1][0].lower())
        elif line.startswith(("BROKEN", "ON HOLD", "LATE")):
            found.append(line.split(": ")[1][0])
        elif line.startswith("- "):
            found.append(f"-{line[2]}")
        elif line == "All is done.":
            found.append("!")
        elif line.startswith("Not done"):
            found.append("?")
    return " ".join(found)


class Story(NamedTuple):
    """What happens at each minute after five, and the gist of what is sent then."""

    name: str
    wanted: tuple[State, ...]
    steps: tuple[tuple[int, tuple[Cause, ...], str], ...]


STORIES = (
    Story("a good morning is one message", (), ((0, (), "!"), (15, (), ""), (300, (), ""))),
    Story("... or none", ("broken", "on hold"), ((0, (), ""), (15, (), ""))),
    Story("the first trouble, told once", (), ((0, (A,), "A"), (15, (A,), ""), (75, (A,), ""))),
    Story("another cause", (), ((0, (A,), "A"), (60, (A, B), "B a"), (75, (A, B), ""))),
    Story("one goes and another comes", (), ((0, (A,), "A"), (60, (B,), "B -A"), (120, (B,), ""))),
    Story("mended, and all is done: one message", (), ((0, (A,), "A"), (60, (), "! -A"), (120, (), ""))),
    Story("mended in part", (), ((0, (A, B), "A B"), (60, (B,), "b -A"), (120, (B,), ""))),
    Story("within an hour it waits", (), ((0, (A,), "A"), (15, (A, B), ""), (45, (A, B), ""), (60, (A, B), "B a"))),
    Story("what came and went meanwhile", (), ((0, (A,), "A"), (15, (A, B), ""), (60, (A,), ""), (75, (A,), ""))),
    Story("a second before the hour is too soon", (), ((0, (A,), "A"), (59, (A, B), ""), (60, (A, B), "B a"))),
    Story("late, then there", (), ((0, (LATE,), "L"), (90, (), "! -L"))),
    Story("late, then broken: another harm", (), ((0, (cause("L", "late"),), "L"), (90, (cause("L"),), "L"))),
    Story("a clock that goes back holds nobody up", (), ((300, (A,), "A"), (0, (A, B), "B a"))),
    Story("the data office: holds", ("on hold", "done"), ((0, (A, LATE), ""), (15, (A, HOLD), "H"), (90, (A,), ""))),
    Story("... and done", ("on hold", "done"), ((0, (HOLD,), "H"), (60, (), "!"), (120, (), ""))),
    Story("only what is mended of what was told", ("mended",), ((0, (A,), ""), (60, (), ""))),
    Story("a hold that breaks is not mended", ("on hold", "mended"), ((0, (HOLD,), "H"), (60, (cause("H"),), ""))),
    Story("broken anew after it was mended", ("broken",), ((0, (A,), "A"), (60, (), ""), (120, (A,), "A"))),
    Story("done, broken, done again", (), ((0, (), "!"), (60, (A,), "A"), (120, (), "! -A"))),
    Story("done is told once, whatever others hear", ("done",), ((0, (), "!"), (60, (A,), ""), (120, (), ""))),
    Story("the order of causes is no news", (), ((0, (A, B), "A B"), (60, (B, A), ""))),
    Story("one name with two harms", (), ((0, (cause("A", "late"), A), "A A"), (60, (A, cause("A", "late")), ""))),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_is_told(story: Story) -> None:
    reader = Reader(*story.wanted)
    assert [(minute, gist(reader.hear(minute, *causes))) for minute, causes, _ in story.steps] == [
        (minute, told) for minute, _, told in story.steps
    ]


def test_what_nobody_took_goes_with_the_next_run() -> None:
    reader = Reader()
    assert gist(reader.hear(0, A, takes=False)) == "A"
    assert gist(reader.hear(15, A, B)) == "A B"
    assert reader.hear(30, A, B) == ""


def test_what_nobody_took_and_is_mended_meanwhile_is_not_told() -> None:
    reader = Reader("broken", "mended")
    reader.hear(0, A, takes=False)
    assert reader.hear(15) == ""
    assert reader.flush(300) == ""


def test_what_was_held_back_goes_without_a_further_run() -> None:
    reader = Reader()
    reader.hear(0, A)
    assert reader.hear(45, A, B) == ""
    assert reader.flush(50) == ""
    assert gist(reader.flush(60)) == "B a"
    assert reader.flush(200) == ""


def test_the_week_is_another_subject_and_goes_with_what_was_held_back() -> None:
    reader = Reader()
    reader.hear(0, A)
    assert reader.hear(15, A, B) == ""
    assert reader.hear(30, HOLD, wrapper="Week") == ""
    told = reader.hear(60, A, B)
    assert gist(told) == "B a H"
    assert "Week 2026-11-23" in told
    assert reader.hear(120, HOLD, wrapper="Week") == ""
    assert gist(reader.hear(180, A, wrapper="Week")) == "A -H"


def test_a_promised_time_that_has_passed_is_told_once() -> None:
    missed = "Not done by 08:30."
    reader = Reader()
    assert gist(reader.hear(0, LATE)) == "L"
    assert gist(reader.hear(210, LATE, missed=missed)) == "? l"
    assert reader.hear(300, LATE, missed=missed) == ""
    assert gist(reader.hear(400)) == "! -L -w"
    assert gist(reader.hear(500, A, missed=missed)) == "A"  # it was done once


def test_who_did_not_ask_hears_of_no_promised_time() -> None:
    assert Reader("broken").hear(0, LATE, missed="Not done by 08:30.") == ""


def test_a_morning_that_was_done_in_time_misses_nothing() -> None:
    reader = Reader("not done")
    assert reader.hear(0) == ""
    assert reader.hear(300, A, missed="Not done by 08:30.") == ""


def test_a_watch_tells_once_a_day_and_mends_nothing() -> None:
    reader = Reader()
    reader.hear(0, A)
    assert reader.watch(240, "not done by 09:00").startswith("not done by 09:00")
    assert reader.watch(300, "not done by 09:00") == ""
    assert reader.hear(315, A, missed="Not done by 08:30.") == ""
    assert gist(reader.hear(330)) == "! -A -w"
    assert reader.watch(400, "not done by 09:00") == ""


def test_a_watch_after_a_run_has_told_it_is_silent() -> None:
    reader = Reader()
    reader.hear(0, A, missed="Not done by 08:30.")
    assert reader.watch(100, "not done by 09:00") == ""


def test_a_watch_after_a_done_morning_is_silent() -> None:
    reader = Reader("not done")
    reader.hear(0)
    assert reader.watch(100, "not done by 09:00") == ""


def test_what_cannot_be_seen_is_not_mended() -> None:
    """As when Google does not answer, or a run breaks off."""
    reader = Reader()
    reader.hear(0, HOLD)
    blind = replace(report(A), as_of=NOON)
    reader.page = pages.heard(reader.page, blind, ALL, Notify())
    assert gist(reader.flush(60)) == "A"
    assert gist(reader.hear(120, HOLD)) == "h -A"


def test_days_are_told_apart() -> None:
    reader = Reader()
    reader.hear(0, A)
    tomorrow = report(A, date=DAY + dt.timedelta(1))
    turn = pages.turn(pages.heard(reader.page, tomorrow, ALL, Notify()), at(24 * 60))
    assert turn.message
    assert gist(turn.message.text) == "A"


def test_a_page_does_not_grow_for_ever() -> None:
    page = Page()
    for day in range(200):
        date = DAY + dt.timedelta(day)
        page = pages.turn(pages.heard(page, report(A, date=date), ALL, Notify()), at(day * 1440)).sent
    assert len(page.known) == pages.SUBJECTS
    assert f"Morning {DAY + dt.timedelta(199)}" in page.known
