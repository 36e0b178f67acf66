"""Luigi's worker with its tasks in threads of one process, where Luigi's own forks a process for each.

A task here waits for servers most of its time, and what it computes (Arrow, digests, SSH's ciphers) lets other threads
run. A fork costs a login at the vendor, new clients and a new look at what is there, for each of a hundred tasks; and a
forked task outlives a run that is killed. `luigi --module pipeline.morning --workers N` by hand still forks.
"""

import threading
from typing import Any

import luigi
from luigi.interface import _WorkerSchedulerFactory
from luigi.worker import TaskProcess, Worker


class TaskThread:
    """What Luigi's worker asks of a task's process, answered by a thread. A thread cannot be terminated."""

    use_multiprocessing = True  # "start it, and wait for its result"
    exitcode = None
    timeout_time = None

    def __init__(self, process: TaskProcess) -> None:
        self.task = process.task
        self.status_reporter = process.status_reporter
        self._thread = threading.Thread(target=process.run, name=process.task.task_id, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def terminate(self) -> None:
        """It ends with the process."""


class ThreadWorker(Worker):
    """A worker whose `worker_processes` are threads. One alone needs none: the task runs where the worker does."""

    def _create_task_process(self, task: luigi.Task) -> TaskProcess | TaskThread:
        process: TaskProcess = super()._create_task_process(task)  # type: ignore[no-untyped-call]
        return TaskThread(process) if process.use_multiprocessing else process


class Threads(_WorkerSchedulerFactory):
    """Tells luigi.run to use the worker above."""

    def create_worker(self, scheduler: Any, worker_processes: int, assistant: bool = False) -> ThreadWorker:
        return ThreadWorker(  # type: ignore[no-untyped-call]
            scheduler=scheduler, worker_processes=worker_processes, assistant=assistant
        )
