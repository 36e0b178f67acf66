"""What two threads do at the same moment: a wait that ends, an answer that comes, a turn that is asked for."""

import threading
import time
from concurrent.futures import Future
from contextlib import suppress

import pytest

from pipeline.ground import patience
from pipeline.ground.patience import Places, Turns, Watch, bounded, rests


class Ending(Watch):
    """Each wait ends right after the clock's thread has seen it, the first ones long before their time."""

    asked = 0

    @property
    def _since(self) -> float | None:
        self.asked += 1
        return None if self.asked % 2 == 0 else time.monotonic() - (100 if self.asked > 3 else 0)

    @_since.setter
    def _since(self, _: float | None) -> None:
        """Nothing is kept."""


def test_a_wait_that_ends_while_the_clock_is_looked_at_stops_no_watch() -> None:
    ended = threading.Event()
    watch = Ending(0.1, ended.set)
    assert ended.wait(5)
    watch.stop()


class Punctual(Future[str]):
    """What is done in the moment in which who waits for it is told that it is not."""

    def result(self, timeout: float | None = None) -> str:
        told = super().result(None if timeout is None else 10)
        if timeout is not None:
            raise TimeoutError
        return told


def test_an_answer_in_the_last_moment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "Future", Punctual)
    assert bounded(0.1, lambda: "here", "an answer") == "here"


def test_its_own_timeout_is_told_as_its_own() -> None:
    def own() -> None:
        raise TimeoutError("of the server")

    with pytest.raises(TimeoutError, match="of the server"):
        bounded(10, own, "an answer")


def test_two_who_ask_first_have_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are let into the making of the lock before either has it."""
    lock, both = threading.RLock, threading.Barrier(2)

    def made() -> object:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        return lock()

    monkeypatch.setattr(threading, "RLock", made)
    turns, inside, most = Turns(), 0, 0

    def take() -> None:
        nonlocal inside, most
        with turns.of("a set"):
            inside += 1
            most = max(most, inside)
            with suppress(threading.BrokenBarrierError):
                together.wait(0.3)
            inside -= 1

    together = threading.Barrier(2)
    both_ask = [threading.Thread(target=take) for _ in range(2)]
    for each in both_ask:
        each.start()
    for each in both_ask:
        each.join()
    assert most == 1


def test_who_waits_for_a_place_rests_and_gets_the_next_one() -> None:
    places, taken, free = Places(1), threading.Event(), threading.Event()
    rested: list[int] = []

    def first() -> None:
        with places.one():
            taken.set()
            assert free.wait(10)

    def second() -> None:
        with places.one():
            rested.append(threading.get_ident())

    holds, waits = threading.Thread(target=first), threading.Thread(target=second)
    holds.start()
    assert taken.wait(10)
    waits.start()
    while not rests(waits.ident):
        assert waits.is_alive()
    assert not rested
    free.set()
    for each in (holds, waits):
        each.join(10)
    assert rested == [waits.ident]
    assert not rests(waits.ident)
