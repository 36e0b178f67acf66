"""The ledger beside the run: what failed and was done later is no trouble, what cannot be told is told once."""

import threading
from collections.abc import Iterator

import pytest

from pipeline.ground.errors import PipelineError
from pipeline.outbound import ledger
from pipeline.outbound.ledger import Recorded
from pipeline.run.entering import Entering


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Recorded | Exception]:
    """What the ledger says, one after the other."""
    told: list[Recorded | Exception] = []
    said: Iterator[Recorded | Exception] | None = None
    lock = threading.Lock()

    def record() -> Recorded:
        nonlocal said
        with lock:
            said = said or iter(told)
            found = next(said)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(ledger, "record", record)
    return told


def ended(times: int) -> list[str]:
    entering = Entering()
    for number in range(1, times + 1):
        entering.begin()
        entering._times.known(number)  # in this order
    return [told.found for told in entering.end()]


def error(found: str) -> PipelineError:
    return PipelineError(found, expected="all of it", next_step="run again")


def test_what_failed_and_was_done_later_is_no_trouble(answers: list[Recorded | Exception]) -> None:
    answers += [ZeroDivisionError("once"), Recorded(trouble=[error("not entered")]), Recorded(deliveries=["a"])]
    assert ended(3) == []


def test_what_cannot_be_told_any_more_is_told_once(answers: list[Recorded | Exception]) -> None:
    gone = Recorded(["a"], unnamed=[error("whose rows")], trouble=[error("whose rows")])
    answers += [gone, gone, Recorded(trouble=[error("not entered")])]
    assert ended(3) == ["whose rows", "not entered"]


def test_what_fails_at_the_end_is_raised(answers: list[Recorded | Exception]) -> None:
    answers += [Recorded(), ZeroDivisionError("at the end"), ZeroDivisionError("at the end")]
    with pytest.raises(ZeroDivisionError, match="at the end"):
        ended(2)


def test_what_nobody_has_begun_is_entered_at_the_end(answers: list[Recorded | Exception]) -> None:
    answers += [Recorded(trouble=[error("not entered")])]
    assert ended(0) == ["not entered"]
