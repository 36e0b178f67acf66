"""Tasks of one run are threads of one process, at work at the same time; a failing one fails alone."""

import os
import threading
from typing import ClassVar

import luigi
import pytest

from pipeline.worker import Threads

# Luigi's task `core` does not know the settings of Luigi's own client.
pytestmark = pytest.mark.filterwarnings("ignore:.*that is not consumed by the task 'core'")

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
