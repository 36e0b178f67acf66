"""Luigi's worker with its tasks in threads of one process, where Luigi's own forks a process for each.

A task here waits for servers most of its time, and what it computes (Arrow, digests, SSH's ciphers) lets other threads
run. A fork costs a login at the vendor, new clients and a new look at what is there, for each of a hundred tasks; and a
forked task outlives a run that is killed. `luigi --module pipeline.morning --workers N` by hand still forks.

A thread cannot be killed. One that has not moved for Luigi's `worker_timeout` is given up: the task has failed, what
does not need it goes on, and the thread ends with the process.
"""

import ctypes
import logging
import multiprocessing
import os
import queue
import signal
import threading
import time
from types import TracebackType
from typing import Any

import luigi
from luigi.interface import _WorkerSchedulerFactory
from luigi.rpc import RemoteScheduler, RPCError
from luigi.worker import TaskProcess, Worker

from pipeline.chain.base import ChainTask
from pipeline.ground import patience, progress
from pipeline.ground.errors import StandsStill
from pipeline.ground.progress import Event
from pipeline.inbound import sources
from pipeline.outside.cloud import helpers, leases
from pipeline.run.together import Together
from pipeline.run.watchdog import stands_still

log = logging.getLogger(__name__)


class DieWithParent:
    """Luigi's `task_process_context`: a forked task ends when the run that forked it does, however that ends."""

    def __init__(self, process: multiprocessing.Process) -> None:
        self.process = process

    def __enter__(self) -> None:
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        set_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
        if os.getppid() != parent.pid:
            os._exit(1)  # it ended before we had asked

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


# In the name of a worker that helps the run of another machine.
HELPS = "-helps-"
# Luigi's words for a task that has failed, and for one that is to be made.
FAILED, PENDING = "FAILED", "PENDING"


class TaskThread:
    """What Luigi's worker asks of a task's process, answered by a thread."""

    use_multiprocessing = True  # "start it, and wait for its result"
    exitcode = None
    timeout_time = None  # of Luigi's own counting, which knows no movement: see `hangs`

    def __init__(self, process: TaskProcess) -> None:
        self.task = process.task
        self.status_reporter = process.status_reporter
        self._limit = process.worker_timeout
        self._begun = time.time()
        self._given_up = False
        self._process = process
        self._thread = threading.Thread(target=self._work, name=process.task.task_id, daemon=True)

    def _work(self) -> None:
        self._process.run()  # type: ignore[no-untyped-call]

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def terminate(self) -> None:
        """It ends with the process."""

    def hangs(self) -> StandsStill | None:
        """The error with which the task is given up, once, when it has not moved for too long."""
        moved = max(self._begun, progress.last_moved(self.task.task_family, _about(self.task)))
        if self._given_up or not self._limit or time.time() < moved + self._limit or not self.is_alive():
            return None
        self._given_up = True
        return stands_still(f"{self.task.task_family} {_about(self.task)}", self._limit, self._thread.ident)

    def rests(self) -> bool:
        """Whether it only waits for a vendor now."""
        return patience.rests(self._thread.ident)


def _about(task: luigi.Task) -> str:
    """What the task is about, as its events say it."""
    return task.of() if isinstance(task, ChainTask) else ""


class Results(queue.SimpleQueue[Any]):
    """What the threads' tasks have come to, for Luigi's worker; its own queue is one between processes."""

    def close(self) -> None:
        """Who comes later is heard by nobody."""


class ThreadWorker(Worker):
    """A worker whose `worker_processes` are threads; one alone too, or nobody could give it up.

    Scheduling waits for no vendor, and a thread that waits for one takes nobody's place.
    """

    def __init__(self, *args: Any, began: float | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._began = began
        self._others_work = False
        self.failed: set[str] = set()  # the tasks that have failed here, and would again
        self._threads: dict[str, TaskThread] = {}
        self._task_result_queue: Any = Results()

    @property
    def worker_processes(self) -> int:
        """So many tasks at the same time, besides those that rest."""
        running: dict[str, TaskThread] = getattr(self, "_running_tasks", {})  # Luigi asks before it has any
        return self._places + sum(thread.rests() for thread in running.values())

    @worker_processes.setter
    def worker_processes(self, places: int) -> None:
        self._places: int = places

    def add(self, task: luigi.Task, multiprocess: bool = False, processes: int = 0) -> bool:
        began, self._began = self._began, None
        with sources.scheduling(began):
            added = bool(super().add(task, multiprocess, processes))  # type: ignore[no-untyped-call]
        self._flush()
        return added

    def _add_task(self, *args: Any, **kwargs: Any) -> None:
        task = self._scheduled_tasks.get(kwargs["task_id"])
        if kwargs["runnable"] and helpers.is_helping() and isinstance(task, ChainTask) and not task.anywhere:
            kwargs["runnable"] = False
        if isinstance(task, ChainTask) and kwargs["status"] == PENDING and kwargs["runnable"]:
            progress.plan(task.task_id)
        if kwargs["status"] == FAILED and not (isinstance(task, ChainTask) and task.was_disturbed):
            self.failed.add(kwargs["task_id"])
        super()._add_task(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _get_work(self) -> Any:
        """Who may not work any more asks for none; what was promised is told to have failed, and others may have it."""
        ours = self._scheduler if isinstance(self._scheduler, Together) else None
        if helpers.is_helping() and leases.is_lost() and not (ours and ours.is_promised()):
            self._start_phasing_out()  # type: ignore[no-untyped-call]
        if ours:
            ours.places = self.worker_processes - len(self._running_tasks)
        found = super()._get_work()  # type: ignore[no-untyped-call]
        running = {told["worker"] for told in found.running_tasks or ()} - {self._id}
        others = {*running, *(ours.others if ours else ())}
        answering = {other for other in others if HELPS not in other}  # or two helpers would wait for each other
        may_work = not self._stop_requesting_work
        self._others_work = may_work and bool(running or (helpers.is_helping() and answering))
        if any(HELPS in other for other in others) and not helpers.are_there():
            log.info("%s: help is there", ", ".join(sorted(others)))
            helpers.seen()
        return found

    def _keep_alive(self, get_work_response: Any) -> bool:
        """Also as long as another worker has something in hand: more may come of it, and who answers for the morning
        says at its end what became of all. A helper stays as long as another one has work to do at all: that may be
        such as is not for helpers, and more may come of it, too."""
        if self._others_work:
            progress.moved()
        return self._others_work or bool(super()._keep_alive(get_work_response))  # type: ignore[no-untyped-call]

    def _flush(self) -> None:
        if isinstance(self._scheduler, Together):
            self._scheduler.flush()

    def _handle_next_task(self) -> None:
        """And all that has ended meanwhile: one question for work follows them all."""
        super()._handle_next_task()  # type: ignore[no-untyped-call]
        while not self._task_result_queue.empty():
            super()._handle_next_task()  # type: ignore[no-untyped-call]

    def _create_task_process(self, task: luigi.Task) -> TaskThread:
        self._threads[task.task_id] = TaskThread(super()._create_task_process(task))  # type: ignore[no-untyped-call]
        return self._threads[task.task_id]

    def _run_task(self, task_id: str) -> None:
        """One that was given up and still hangs is not begun a second time beside itself."""
        earlier = self._threads.get(task_id)
        if earlier and earlier.is_alive() and task_id not in self._running_tasks:
            self._running_tasks[task_id] = earlier
            self._task_result_queue.put((task_id, FAILED, "it was given up in this run, and still hangs", [], []))
            return
        super()._run_task(task_id)  # type: ignore[no-untyped-call]

    def _purge_children(self) -> None:
        for task_id, thread in self._running_tasks.items():
            if error := thread.hangs():
                _tell(thread.task, error)
                self._task_result_queue.put((task_id, FAILED, str(error), [], []))

    def run(self) -> bool:
        """Also when the scheduler answers no more, what is at work comes to its end: nobody looks at it before."""
        try:
            ran = bool(super().run())  # type: ignore[no-untyped-call]
            self._flush()
            return ran
        except RPCError:
            for thread in self._running_tasks.values():
                while thread.is_alive() and not (error := thread.hangs()):
                    thread.join(1)
                if thread.is_alive() and error:
                    _tell(thread.task, error)
            raise


def _tell(task: luigi.Task, error: StandsStill) -> None:
    flow = task.flow() if isinstance(task, ChainTask) else ""
    kind = type(error).__name__
    progress.emit(Event("failed", task.task_family, _about(task), flow, message=str(error), error=kind))


class Threads(_WorkerSchedulerFactory):
    """Tells luigi.run to use the worker above, and knows the central scheduler that it talks to. The first scheduling
    began at the moment `began` of the monotonic clock, if it did before Luigi's own: vendors are waited for once."""

    def __init__(self, began: float | None = None) -> None:
        self._began = began
        self._scheduler: RemoteScheduler | None = None
        # What has failed here in the last pass, without what another machine has disturbed.
        self.failed: set[str] = set()
        # Only Luigi's own calls tell how much is pending, which a worker that stays for it reads.
        self._together = not luigi.configuration.get_config().getboolean("worker", "keep_alive", False)  # type: ignore[no-untyped-call]

    def create_remote_scheduler(self, url: str) -> RemoteScheduler | Together:
        self._scheduler = super().create_remote_scheduler(url)  # type: ignore[no-untyped-call]
        return Together(self._scheduler) if self._together else self._scheduler

    def create_worker(self, scheduler: Any, worker_processes: int, assistant: bool = False) -> ThreadWorker:
        began, self._began = self._began, None
        worker = ThreadWorker(scheduler=scheduler, worker_processes=worker_processes, assistant=assistant, began=began)
        self.failed = worker.failed
        return worker

    def knows(self, task: luigi.Task) -> bool | None:
        """Whether the central scheduler knows the task; one that was restarted does not. None: it does not answer."""
        if self._scheduler is None:
            return True
        try:
            return bool(self._scheduler.dep_graph(task.task_id))  # type: ignore[attr-defined]
        except RPCError:
            return None
