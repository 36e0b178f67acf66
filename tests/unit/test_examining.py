"""How the doctor asks: side by side, within bounds, and what needs something wrong not at all."""

import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.ground.errors import ConfigurationError
from pipeline.run.doctor import lines
from pipeline.run.doctor.examining import Asked, Check, examine
from pipeline.run.doctor.lines import Line, good, wrong


def vendors() -> tuple[str, ...]:
    return ("first", "second")


def broken() -> tuple[str, ...]:
    raise ConfigurationError("the rows cannot be read", expected="rows", next_step="correct them")


def fine(asked: Asked, party: str) -> Iterator[Line]:
    yield good("it is")


def told(*checks: Check) -> list[tuple[str, str, str]]:
    return [(line.of, line.check, line.state) for line in examine(checks, Asked())]


def test_all_are_asked_at_once_and_told_party_by_party() -> None:
    together = threading.Barrier(4, timeout=20)

    def meets(asked: Asked, party: str) -> Iterator[Line]:
        together.wait()
        yield good("all are here")

    found = told(Check("one", meets, vendors), Check("whole", fine), Check("two", meets, vendors))
    pairs = [("first", "one"), ("first", "two"), ("second", "one"), ("second", "two")]
    assert found == [*((of, check, "good") for of, check in pairs), ("", "whole", "good")]


def test_what_needs_something_wrong_is_left_out_of_that_party_alone() -> None:
    def login(asked: Asked, party: str) -> Iterator[Line]:
        yield good("in") if party == "second" else wrong("not in", "ask")

    checks = [Check("login", login, vendors), Check("folders", fine, vendors, after=("login",))]
    deeper = Check("files", fine, vendors, after=("folders",))
    states = {(of, check): state for of, check, state in told(*checks, deeper)}
    assert [states["first", check] for check in ("login", "folders", "files")] == ["wrong", "left out", "left out"]
    assert [states["second", check] for check in ("login", "folders", "files")] == ["good"] * 3


def test_one_that_hangs_is_given_up_and_what_it_said_stands() -> None:
    over = threading.Event()

    def hangs(asked: Asked, party: str) -> Iterator[Line]:
        yield good("so far")
        over.wait(30)

    begun = time.monotonic()
    found = [*examine([Check("slow", hangs, seconds=0.2), Check("other", fine)], Asked())]
    over.set()
    assert time.monotonic() - begun < 10
    assert [(line.check, line.state) for line in found] == [("slow", "good"), ("slow", "wrong"), ("other", "good")]
    assert found[1].found == "no end after 0.2 s"


def test_what_nobody_foresaw_is_told_without_its_values() -> None:
    def fails(asked: Asked, party: str) -> Iterator[Line]:
        yield good("before")
        raise KeyError("O'Brien, Anna")

    before, line = examine([Check("odd", fails)], Asked())
    assert (before.state, line.state) == ("good", "wrong")
    assert "KeyError" in line.found
    assert "Anna" not in lines.text(line)


def test_rows_that_cannot_be_read_are_told_once() -> None:
    def login(asked: Asked, party: str) -> Iterator[Line]:
        raise AssertionError("nobody is there to be asked")
        yield

    checks = [Check("rows", lambda asked, party: (yield from map(good, broken()))), Check("login", login, broken)]
    assert told(*checks) == [("", "rows", "wrong"), ("", "login", "left out")]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["good", "warning"], "Nothing keeps the first morning from working: 1 to be thought about, 1 good."),
        (
            ["good", "wrong", "left out"],
            "The first morning would not work: 1 wrong, 1 good, 1 not looked at, for what comes before them is wrong.",
        ),
    ],
)
def test_what_it_comes_to(states: list[lines.State], words: str) -> None:
    assert lines.summary(Line(state, "") for state in states) == words
