"""Luigi's scheduler, which looks at what can be begun, and not at all that there is, when it is asked for work.

Luigi's `get_work` goes through every task that is pending, though most of them wait for others, and then counts them
for its answer. Where there are a thousand feeds this takes most of a run's time. `Ready` knows what can be begun, and
Luigi's own `get_work` chooses among that. What cannot be begun has no influence on the choice, unless it wants a
resource: so Luigi sees all that want one. A test compares the answers with those of Luigi's own scheduler.

A worker that has many places asks for the work of all of them at once, and tells of many tasks at once (`together`).
"""

import heapq
import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from luigi.scheduler import Scheduler, SimpleTaskState, Task, rpc_method

# Luigi's own words.
PENDING, RUNNING, DONE, FAILED = "PENDING", "RUNNING", "DONE", "FAILED"
# What cron asks for: with one of these a run begins.
ROOTS = ("Morning", "Week", "MorningRehearsal", "WeekRehearsal")
# How old, in seconds, what is known of workers that have gone may be when somebody asks for work.
LOOKED = 1.0


class State(SimpleTaskState):
    """Luigi's state, which notes what has changed in it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)  # type: ignore[no-untyped-call]
        self.changed: dict[str, None] = {}

    def load(self) -> None:
        super().load()  # type: ignore[no-untyped-call]
        self.changed.update(dict.fromkeys(self._tasks))

    def get_task(self, task_id: str, default: Task | None = None, setdefault: Task | None = None) -> Task | None:
        """With `setdefault`, it is about to be changed."""
        if setdefault:
            self.changed[task_id] = None
        found: Task | None = super().get_task(task_id, default, setdefault)  # type: ignore[no-untyped-call]
        return found

    def set_status(self, task: Task, new_status: str, config: object = None) -> None:
        super().set_status(task, new_status, config)  # type: ignore[no-untyped-call]
        self.changed[task.id] = None

    def inactivate_tasks(self, delete_tasks: list[str]) -> None:
        super().inactivate_tasks(delete_tasks)  # type: ignore[no-untyped-call]
        self.changed.update(dict.fromkeys(delete_tasks))

    @contextmanager
    def showing(self, shown: Mapping[str, dict[str, Task]]) -> Iterator[None]:
        """Within the block these are all tasks of these statuses."""
        hidden = {status: self._status_tasks[status] for status in shown}
        self._status_tasks.update(shown)
        try:
            yield
        finally:
            self._status_tasks.update(hidden)

    def of(self, status: str) -> dict[str, Task]:
        """The tasks of that status, by id."""
        found: dict[str, Task] = self._status_tasks[status]
        return found


class Ready:
    """The pending tasks of which nothing that they need is missing; and all that want a resource.

    Each of the others waits for one that it needs. When that one is done, the look at what it needs goes on where it
    ended. So a task is looked at once for each that it needs, however often somebody asks. One whose needs were done
    and are not any more stays among those that are ready: who takes one of them must look.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._ready: dict[str, Task] = {}
        self._scarce: dict[str, Task] = {}  # those that want a resource, ready or not
        self._waiting: dict[str, list[tuple[str, list[str]]]] = {}  # by what is missing: a task, and what it has left
        self._order: list[tuple[float, float, int, Task]] = []  # a heap of what is ready, and of what was

    def tasks(self) -> dict[str, Task]:
        """Those that are ready now, and those that want a resource."""
        self._catch_up()
        return {**self._ready, **self._scarce}

    def first(self, worker: str) -> dict[str, Task] | None:
        """The first of those that are ready, and those that want a resource. None: the first is not for this worker."""
        self._catch_up()
        while self._order:
            priority, moment, _, task = self._order[0]
            counts = self._ready.get(task.id) is task and (priority, moment) == _rank(task)
            if counts and self._can_begin(task):
                return {task.id: task, **self._scarce} if worker in task.workers else None
            heapq.heappop(self._order)
            if counts:  # what it needs is not done any more: it waits again
                self._state.changed[task.id] = None
        return {**self._scarce} if not self._state.changed else self.first(worker)

    def _can_begin(self, task: Task) -> bool:
        needs = map(self._state.get_task, task.deps)
        return task.status == PENDING and all(need is not None and need.status == DONE for need in needs)

    def _catch_up(self) -> None:
        changed, self._state.changed = self._state.changed, {}
        awake: list[tuple[str, list[str]]] = []
        for name in changed:
            self._ready.pop(name, None)
            self._scarce.pop(name, None)
            task = self._state.get_task(name)
            if task is None or task.status == DONE:
                awake += self._waiting.pop(name, ())
            elif task.status == PENDING and task.resources:
                self._scarce[name] = task
            elif task.status == PENDING:
                awake.append((name, [*task.deps]))
        for name, left in awake:
            task = self._state.get_task(name)
            if task and task.status == PENDING and not task.resources:
                self._look(task, left)

    def _look(self, task: Task, left: list[str]) -> None:
        while left:
            need = self._state.get_task(left[-1])
            if need is None or need.status != DONE:
                self._waiting.setdefault(left[-1], []).append((task.id, left))
                return
            left.pop()
        self._ready[task.id] = task
        priority, moment = _rank(task)
        heapq.heappush(self._order, (priority, moment, next(_NUMBERS), task))


def _rank(task: Task) -> tuple[float, float]:
    """Luigi's, the other way round."""
    return -task.priority, task.time


_NUMBERS = itertools.count()


class MorningScheduler(Scheduler):
    """Forgets, when a run begins, what earlier runs have left and nobody works on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        luigis = self._state
        self._state: State = State(self._config.state_path)
        self._state._metrics_collector = luigis._metrics_collector
        self._ready = Ready(self._state)
        self._pruned = float("-inf")
        self._every: dict[str, Task] | None = None  # all pending tasks, while `get_work` shows Luigi a part of them
        self._shown: dict[str, Task] = {}
        self._before: set[str] = set()
        self._counts = True

    def add_task(self, **told: Any) -> Any:
        """Luigi's worker tells of the root before all that is below it."""
        if told.get("family") in ROOTS and told.get("status", PENDING) in (PENDING, DONE):
            self._forget(told["worker"], told["params"]["date"])
        return super().add_task(**told)

    def _forget(self, worker: str, date: str) -> None:
        at_work = {each.id for each in self._state.get_active_workers()} - {worker}  # type: ignore[no-untyped-call]
        gone = [
            task
            for task in self._state.get_active_tasks()  # type: ignore[no-untyped-call]
            if task.status != RUNNING
            and not at_work & task.stakeholders
            and (task.status != DONE or task.params.get("date") != date)
        ]
        self._state.inactivate_tasks([task.id for task in gone])
        for each in self._state.get_active_workers():  # type: ignore[no-untyped-call]
            each.tasks.difference_update(gone)  # Luigi would hand them out

    def prune(self) -> None:
        """Not while `get_work` chooses, which shows Luigi a part of the tasks: it has asked for it before."""
        if self._every is None:
            self._pruned = time.monotonic()
            super().prune()

    def get_work(self, **asked: Any) -> dict[str, Any]:
        """Luigi's own choice, among what can be begun."""
        if self._config.prune_on_get_work and time.monotonic() - self._pruned >= LOOKED:
            self.prune()
        self._every, self._shown = self._state.of(PENDING), self._choice(asked)
        self._before = {*self._shown}
        try:
            with self._state.showing({PENDING: self._shown}):
                found: dict[str, Any] = super().get_work(**asked)
                return found
        finally:
            self._all_pending()
            self._every = None

    def _all_pending(self) -> dict[str, Task]:
        """All pending tasks, while Luigi sees a part of them, and changes it."""
        assert self._every is not None  # noqa: S101  (asked within get_work alone)
        for name in self._before - self._shown.keys():
            del self._every[name]
        self._every.update({name: self._shown[name] for name in self._shown.keys() - self._before})
        self._before = {*self._shown}
        return self._every

    def _choice(self, asked: dict[str, Any]) -> dict[str, Task]:
        """Which pending tasks have an influence on what this worker gets. What others could begin has one, since they
        may want what is scarce; what could be made in one go with the first has one, too."""
        first = None
        if not asked.get("assistant") and not self._state._task_batchers:
            first = self._ready.first(asked["worker"])
        return self._ready.tasks() if first is None else first

    def _update_priority(self, task: Task, prio: float, worker: str) -> None:
        """Luigi calls this again for what the task needs."""
        self._state.changed[task.id] = None
        super()._update_priority(task, prio, worker)  # type: ignore[no-untyped-call]

    def count_pending(self, worker: str) -> dict[str, Any]:
        """Luigi's own, of all tasks, also when `get_work` asks; for a worker that does not read the numbers, only what
        runs."""
        shown = {} if self._every is None else {PENDING: self._all_pending()}
        if not self._counts:
            shown = {PENDING: {}, FAILED: {}}
        with self._state.showing(shown):
            found: dict[str, Any] = super().count_pending(worker)
            return found

    def _others(self, worker: str) -> list[str]:
        at_work = [each for each in self._state.get_active_workers() if each.id != worker]  # type: ignore[no-untyped-call]
        return [each.id for each in at_work if any(task.status in (PENDING, RUNNING) for task in each.tasks)]

    @rpc_method()  # type: ignore[no-untyped-call, untyped-decorator]
    def together(
        self, told: list[tuple[str, dict[str, Any]]], asked: dict[str, Any] | None = None, places: int = 1
    ) -> list[dict[str, Any]]:
        """Many calls in one: what is `told`, each one of TOLD and its arguments; then `get_work` with `asked`, until so
        many places are filled or nothing can be begun. Returns the answers to `get_work`, without the numbers of what
        is pending."""
        for method, arguments in told:
            TOLD[method](self, **arguments)
        found: list[dict[str, Any]] = []
        if asked is None:
            return found
        self._counts = False
        try:
            current = [*asked["current_tasks"]]
            while len(found) < places:
                found.append(self.get_work(**{**asked, "current_tasks": current}))
                if found[-1]["task_id"] is None:
                    break
                current.append(found[-1]["task_id"])
            found[0]["others"] = self._others(asked["worker"])
            return found
        finally:
            self._counts = True


# What a worker tells of tasks.
TOLD = {
    "add_task": MorningScheduler.add_task,
    "set_task_status_message": Scheduler.set_task_status_message,
    "set_task_progress_percentage": Scheduler.set_task_progress_percentage,
}
