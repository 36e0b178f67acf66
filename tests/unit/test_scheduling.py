"""The morning's scheduler beside Luigi's own: whatever both are told, they hand out the same tasks."""

import copy
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import luigi.scheduler
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from luigi.scheduler import Scheduler

from pipeline.run import scheduling
from pipeline.run.scheduling import MorningScheduler

WORKERS = ("one", "two", "three")
RESOURCES = {"selenium": 1, "places": 2}
STATUSES = ("PENDING", "DONE", "FAILED", "UNKNOWN", "DISABLED", "RUNNING")
DELAYS: dict[str, Any] = {
    "retry_delay": 40.0,
    "remove_delay": 90.0,
    "worker_disconnect_delay": 25.0,
    "disable_window": 500,
    "retry_count": 2,
    "disable_persist": 150,
    "stable_done_cooldown_secs": 0,
    "prune_on_get_work": True,
    "record_task_history": False,
}


class Clock:
    """What Luigi takes for the time: it stands still but for a moment each time that somebody looks."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.turn()

    def turn(self) -> None:
        self._looks = count()

    def time(self) -> float:
        return self.now + next(self._looks) / 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(luigi.scheduler, "time", made)
    monkeypatch.setattr(scheduling, "LOOKED", 0.0)
    yield made


class Both:
    """Luigi's scheduler and ours, who are told the same."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.luigis: Any = Scheduler(resources={**RESOURCES}, **DELAYS)  # type: ignore[no-untyped-call]
        self.ours: Any = MorningScheduler(resources={**RESOURCES}, **DELAYS)
        self.at_work: dict[str, list[str]] = {worker: [] for worker in WORKERS}
        self.handed: list[str] = []

    def each(self, method: str, *words: Any, **told: Any) -> Any:
        """What both say, which must be the same."""
        self.clock.now += 1
        answers = []
        for scheduler in (self.luigis, self.ours):
            self.clock.turn()
            answer = getattr(scheduler, method)(*words, **copy.deepcopy(told))
            answers.append(read(answer, *self.unsteady()))
        assert answers[0] == answers[1]
        return answers[1]

    def unsteady(self) -> tuple[str, ...]:
        """Below a disabled task Luigi counts by the order of a set."""
        return NUMBERS if self.luigis._state.get_active_task_count_for_status("DISABLED") else ()

    def pages(self) -> None:
        for status in STATUSES:
            self.each("task_list", status=status, upstream_status="")
        self.each("graph")
        for worker in WORKERS:
            self.each("count_pending", worker)

    def add(self, number: int, worker: str, deps: list[int] | None, **more: Any) -> None:
        told = {"task_id": f"t{number}", "family": f"F{number % 3}", "params": {"date": "d", "n": f"{number}"}, **more}
        needs = None if deps is None else [f"t{each}" for each in deps]
        self.each("add_task", worker=worker, deps=needs, expl='"why"', **told)

    def ask(self, worker: str, *, assistant: bool = False, forgets: bool = False, places: int = 0) -> None:
        """For work; with `places` ours is asked once for so many."""
        held = self.at_work[worker]
        if forgets:  # what was killed
            held.clear()
        asked = {"worker": worker, "host": "here", "assistant": assistant}
        if not places:
            reply = self.each("get_work", **asked, current_tasks=[*held])
            self._begin(worker, reply)
            return
        self.clock.now += 1
        self.clock.turn()
        luigis, current = [], [*held]
        for _ in range(places):
            luigis.append(self.luigis.get_work(**asked, current_tasks=[*current]))
            if luigis[-1]["task_id"] is None:
                break
            current.append(luigis[-1]["task_id"])
        self.clock.turn()
        ours = self.ours.together([], {**asked, "current_tasks": [*held]}, places)
        assert [read(reply, *NUMBERS) for reply in ours] == [read(reply, *NUMBERS) for reply in luigis]
        for reply in ours:
            self._begin(worker, reply)

    def _begin(self, worker: str, reply: dict[str, Any]) -> None:
        if reply["task_id"]:
            self.at_work[worker].append(reply["task_id"])
            self.handed.append(reply["task_id"])
        elif "batch_id" in reply:
            self.handed += reply["batch_task_ids"]

    def end(self, worker: str, status: str) -> None:
        if self.at_work[worker]:
            task = self.at_work[worker].pop(0)
            self.each("add_task", worker=worker, task_id=task, status=status, expl='"why"')


# What a worker that asks for many tasks at once does not read.
NUMBERS = ("n_pending_tasks", "n_unique_pending", "n_pending_last_scheduled", "others")


def read(answer: Any, *unread: str) -> Any:
    """What is told, where the order of a set does not count."""
    if not isinstance(answer, dict):
        return answer
    told = {key: value for key, value in answer.items() if key not in unread}
    if isinstance(running := told.get("running_tasks"), list):
        told["running_tasks"] = sorted(running, key=lambda each: str(each["task_id"]))
    return told


def play(both: Both, dice: random.Random, steps: int) -> None:
    """Tell both of a graph, and of what becomes of it."""
    size = dice.randint(1, 25)
    workers = WORKERS[: dice.choice((1, 1, 2, 3))]
    batches = dice.random() < 0.2
    scarce = dice.random() < 0.6
    for _ in range(steps):
        worker, number = dice.choice(workers), dice.randrange(size)
        match dice.choices(range(9), weights=(30, 25, 10, 25, 3, 4, 2, 1, 1))[0]:
            case 0:
                deps = dice.sample(range(number), dice.randint(0, min(number, 3))) if dice.random() < 0.9 else None
                status = dice.choices(STATUSES[:5], weights=(20, 5, 2, 1, 1))[0]
                resources = {dice.choice((*RESOURCES, "other")): 1} if scarce and dice.random() < 0.3 else {}
                more = {"status": status, "priority": dice.choice((0, 0, 1, 5, -1)), "resources": resources}
                both.add(number, worker, deps, runnable=dice.random() < 0.9, batchable=batches, **more)
            case 1:
                both.ask(worker, assistant=dice.random() < 0.05, forgets=dice.random() < 0.05)
            case 2:
                both.ask(worker, places=dice.randint(1, 5))
            case 3:
                both.end(worker, dice.choices(("DONE", "FAILED", "PENDING"), weights=(8, 2, 1))[0])
            case 4:
                both.clock.now += dice.choice((10, 30, 60, 200))
            case 5:
                method = dice.choice(("forgive_failures", "mark_as_done", "re_enable_task"))
                both.each(method, f"t{number}")
            case 6 if batches:
                both.each("add_task_batcher", worker, "F0", ["n"], 3)
            case 7:
                both.each("update_resource", "places", dice.randint(0, 2))
            case 8:
                both.pages()
    for _ in range(3 * size):
        for worker in workers:
            both.ask(worker)
            both.end(worker, "DONE")
    both.pages()


@given(seed=st.integers(0, 2**32))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_hands_out_what_luigis_would(clock: Clock, seed: int) -> None:
    clock.now = 1_000_000.0
    play(Both(clock), random.Random(seed), 150)


def test_a_question_for_work_looks_at_few_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many can be begun, and however many wait for these."""
    ours: Any = MorningScheduler(resources={}, **DELAYS)
    looked: list[str] = []
    schedulable = Scheduler._schedulable

    def counted(self: Scheduler, task: luigi.scheduler.Task) -> bool:
        looked.append(task.id)
        return bool(schedulable(self, task))  # type: ignore[no-untyped-call]

    monkeypatch.setattr(Scheduler, "_schedulable", counted)
    for number in range(500):
        ours.add_task(worker="one", task_id=f"below_{number}", family="F", params={}, deps=[])
        ours.add_task(worker="one", task_id=f"above_{number}", family="F", params={}, deps=[f"below_{number}"])
    found = ours.together([], {"worker": "one", "host": "here", "current_tasks": []}, 20)
    assert [reply["task_id"] for reply in found] == [f"below_{number}" for number in range(20)]
    assert len(looked) <= 20 * 21  # what runs, and the one that is chosen


def test_a_task_that_needs_many_is_looked_at_once_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    ours: Any = MorningScheduler(resources={}, **DELAYS)
    names = [f"t{number}" for number in range(300)]
    for name in names:
        ours.add_task(worker="one", task_id=name, family="F", params={}, deps=[])
    ours.add_task(worker="one", task_id="root", family="F", params={}, deps=names)
    asked, looks = ours._state.get_task, count()

    def counted(name: str, *rest: Any, **more: Any) -> Any:
        next(looks)
        return asked(name, *rest, **more)

    monkeypatch.setattr(ours._state, "get_task", counted)
    told: list[Any] = []
    for _ in names:
        (reply,) = ours.together(told, {"worker": "one", "host": "here", "current_tasks": []})
        told = [("add_task", {"worker": "one", "task_id": reply["task_id"], "status": "DONE"})]
    (reply,) = ours.together(told, {"worker": "one", "host": "here", "current_tasks": []})
    assert reply["task_id"] == "root"
    assert next(looks) < 30 * len(names)
