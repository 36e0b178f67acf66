"""Tasks of one run are threads of one process, at work at the same time; a failing one fails alone."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import luigi
import pytest

from pipeline.ground import progress
from pipeline.ground.progress import Event
from pipeline.run.worker import Threads

MEET = threading.Barrier(2, timeout=10)


class Meeting(luigi.Task):
    """Done only when another one is at work at the same time."""

    number: luigi.IntParameter = luigi.IntParameter()
    done: ClassVar[dict[int, int]] = {}

    def complete(self) -> bool:
        return self.number in self.done

    def run(self) -> None:
        MEET.wait()
        self.done[self.number] = os.getpid()


class Failing(luigi.Task):
    """Never done."""

    number: luigi.IntParameter = luigi.IntParameter()

    def complete(self) -> bool:
        return False

    def run(self) -> None:
        raise RuntimeError("on purpose")


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    Meeting.done.clear()
    MEET.reset()


def build(*tasks: luigi.Task, workers: int) -> None:
    luigi.build(  # type: ignore[no-untyped-call]
        tasks, worker_scheduler_factory=Threads(), local_scheduler=True, workers=workers, no_lock=True
    )


def test_two_workers_are_two_threads_of_this_process() -> None:
    build(Meeting(number=1), Meeting(number=2), workers=2)
    assert Meeting.done == {1: os.getpid(), 2: os.getpid()}


def test_a_failing_task_fails_alone() -> None:
    build(Failing(number=0), Meeting(number=1), Meeting(number=2), workers=3)
    assert set(Meeting.done) == {1, 2}


# ------------------------------------------------------------------------------------------------- what hangs


class Hanging(luigi.Task):
    """Waits for somebody who never comes."""

    nobody: ClassVar[threading.Event] = threading.Event()
    ended: ClassVar[list[threading.Event]] = []

    def complete(self) -> bool:
        return False

    def run(self) -> None:
        nobody = self.nobody
        nobody.wait(60)
        self.ended.append(nobody)


class Slow(luigi.Task):
    """Takes longer than a task may stand still, but moves all the time."""

    done: ClassVar[list[int]] = []

    def complete(self) -> bool:
        return bool(self.done)

    def run(self) -> None:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            progress.emit(Event("moving", "Slow", ""))
            Hanging.nobody.wait(0.05)
        self.done.append(1)


@pytest.fixture
def released() -> Iterator[None]:
    Hanging.nobody = threading.Event()
    yield
    Hanging.nobody.set()


@pytest.mark.parametrize("workers", [1, 3])
def test_what_does_not_move_is_given_up_and_what_moves_is_not(workers: int, released: None) -> None:
    Slow.done.clear()
    with luigi_timeout(1):
        build(Hanging(), Slow(), workers=workers)  # type: ignore[no-untyped-call]
    assert Slow.done == [1]
    assert Hanging.nobody not in Hanging.ended  # nobody waited for the one that hangs


def test_who_gives_up_says_which_task_and_where_it_stands(released: None) -> None:
    reading = progress.open_pipe()
    with luigi_timeout(1):
        build(Hanging(), workers=1)  # type: ignore[no-untyped-call]
    progress.close_pipe()
    with os.fdopen(reading) as lines:
        (failed,) = [line for line in lines if "failed" in line]
    assert '"task": "Hanging"' in failed
    assert '"error": "StandsStill"' in failed
    assert "has not moved for" in failed


@contextlib.contextmanager
def luigi_timeout(seconds: int) -> Iterator[None]:
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    before = config.get("worker", "timeout")
    config.set("worker", "timeout", str(seconds))
    try:
        yield
    finally:
        config.set("worker", "timeout", before)
