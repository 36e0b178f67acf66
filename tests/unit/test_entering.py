"""The ledger beside the run: what failed and was done later is no trouble, what cannot be told is told once."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pipeline.ground.errors import AtWorkElsewhere, PipelineError
from pipeline.ground.progress import Event
from pipeline.outbound import happened, ledger
from pipeline.outbound.ledger import Recorded
from pipeline.run.alone import AtWork
from pipeline.run.entering import Entering
from pipeline.run.runner import _Heard


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Recorded | Exception]:
    """What the ledger says, one after the other."""
    told: list[Recorded | Exception] = []
    said: Iterator[Recorded | Exception] | None = None
    lock = threading.Lock()

    def enter(*, lately: bool) -> Recorded:
        nonlocal said
        with lock:
            said = said or iter(told)
            found = next(said)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(ledger, "enter", enter)
    monkeypatch.setattr(ledger, "unnamed", lambda names: [error(f"whose rows {' '.join(names)} had")] if names else [])
    monkeypatch.setattr(happened, "record", lambda: None)
    return told


def ended(times: int) -> list[str]:
    entering = Entering(first=False)
    for number in range(1, times + 1):
        entering.begin()
        entering._times.known((number, False))  # in this order
    return [told.found for told in entering.end()]


def error(found: str) -> PipelineError:
    return PipelineError(found, expected="all of it", next_step="run again")


def test_what_failed_and_was_done_later_is_no_trouble(answers: list[Recorded | Exception]) -> None:
    answers += [ZeroDivisionError("once"), Recorded(trouble=[error("not entered")]), Recorded()]
    assert ended(3) == []


def test_whose_rows_cannot_be_told_is_asked_once_of_all_that_was_entered(answers: list[Recorded | Exception]) -> None:
    answers += [
        Recorded(["a"], unsure=["a"]),
        Recorded(["a", "b"], unsure=["a", "b"]),
        Recorded(["c"], unsure=["c"], trouble=[error("not entered")]),
    ]
    assert ended(3) == ["whose rows a b c had", "not entered"]


def test_what_one_of_two_knows_is_not_asked(answers: list[Recorded | Exception]) -> None:
    """Both have entered it: the one found its students there, the other one has named them all."""
    answers += [Recorded(["a", "b"]), Recorded(["a", "c"], unsure=["a", "c"])]
    assert ended(2) == ["whose rows c had"]
    answers += [Recorded(["d"], unsure=["d"]), Recorded(["d"])]
    assert ended(2) == []


def test_the_entry_begins_when_a_set_was_given_and_its_task_goes_on(answers: list[Recorded | Exception]) -> None:
    """On the machine that answers for the run alone."""
    answers += [Recorded(trouble=[error("not entered")])]
    with ExitStack() as block:
        at_work = AtWork(block, "Morning", quiet=True)
    heard = _Heard(entering := Entering(first=False), at_work)
    at_work.helped = AtWorkElsewhere("another is at work", expected="one", next_step="wait")
    heard.append(Event("given", "", "otus_scores"))
    assert entering._times.places() == []
    heard.clear()
    at_work.helped = None
    events = [Event(kind, "DeliveredSet", "clever_rosters") for kind in ("started", "moving", "done")]
    for event in events:
        heard.append(event)
    assert entering._times.places() == []
    heard.append(given := Event("given", "", "clever_rosters"))
    assert entering._times.places() == [(1, False)]
    assert heard == [*events, given]
    assert [told.found for told in entering.end()] == ["not entered"]


def test_what_fails_at_the_end_is_raised(answers: list[Recorded | Exception]) -> None:
    answers += [Recorded(), ZeroDivisionError("at the end"), ZeroDivisionError("at the end")]
    with pytest.raises(ZeroDivisionError, match="at the end"):
        ended(2)


def test_what_nobody_has_begun_is_entered_at_the_end(answers: list[Recorded | Exception]) -> None:
    answers += [Recorded(trouble=[error("not entered")])]
    assert ended(0) == ["not entered"]


def test_what_the_tasks_did_is_in_the_history_before_the_end(
    answers: list[Recorded | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong there is told by the run's end, which tries again."""
    answers += [Recorded(), Recorded()]
    goes_on, entered = threading.Event(), []

    def record() -> None:
        assert goes_on.wait(30)
        entered.append("what the tasks did")
        raise error("the rest was not entered")

    monkeypatch.setattr(happened, "record", record)
    entering = Entering(first=True)
    entering.begin_the_last()
    threading.Timer(0.2, goes_on.set).start()
    assert entering.end() == []
    assert entered == ["what the tasks did"]


@pytest.mark.parametrize(("first", "at_last"), [(True, [True, True, False]), (False, [True, True, True])])
def test_the_first_run_of_a_date_looks_at_all_receipts_once(
    monkeypatch: pytest.MonkeyPatch, first: bool, at_last: list[bool]
) -> None:
    asked: list[bool] = []

    def enter(*, lately: bool) -> Recorded:
        asked.append(lately)
        return Recorded()

    monkeypatch.setattr(ledger, "enter", enter)
    monkeypatch.setattr(happened, "record", lambda: None)
    entering = Entering(first=first)
    for begin in (entering.begin, entering.begin, entering.begin_the_last):
        begin()
    assert entering.end() == []
    assert sorted(asked) == sorted(at_last)
    asked.clear()
    Entering(first=first).end()
    assert asked == [not first]
