"""What a run lets Luigi do: as many passes as it takes until nothing is left that this machine can make."""

import logging
import socket
import time
from contextlib import suppress

import luigi
from luigi.rpc import RPCError

from pipeline.chain.base import ChainTask, ask_anew, is_next
from pipeline.ground import border, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import ahead
from pipeline.inbound import lastgood, sources
from pipeline.outside.cloud import helpers, leases, storage, texts, warehouse
from pipeline.run import failures, lookahead
from pipeline.run.alone import AtWork
from pipeline.run.failures import Failure
from pipeline.run.outcome import Outcome, tasks_below, undoing_nothing
from pipeline.run.worker import HELPS, Threads

log = logging.getLogger(__name__)


class Work:
    """What Luigi does for the root, with these `arguments`, as the `worker` of this machine. The `first` run of a date
    looks at all views' texts in any case. Without `at_work` there is no other machine."""

    def __init__(
        self,
        root: luigi.Task,
        arguments: list[str],
        worker: str,
        at_work: AtWork | None = None,
        *,
        first: bool = False,
    ) -> None:
        self._root, self._arguments, self._worker, self._at_work = root, arguments, worker, at_work
        self._first = first
        self._left = Outcome()

    def do(self) -> list[Failure]:
        """Let Luigi work where anything is left to do, and once more when its scheduler was restarted (it comes back
        empty, and has no work for us); when a vendor whose look came late has no file, and an older one stands in, or
        has one on a day on which none was expected; or when another machine that helped has left something. Raises
        AtWorkElsewhere when another one makes all of this, and is not helped."""
        trouble: Failure | None = None
        known: bool | None
        threads = Threads(time.monotonic())
        passes = 4
        while passes:
            known, older = True, False
            if _is_complete(self._root, first=self._first):
                trouble = None
                if self._at_work and self._is_over(self._at_work):
                    break
            elif self._at_work and not self._at_work.begin():
                break
            else:
                trouble, known = self._luigi(threads), threads.knows(self._root)
            with undoing_nothing(self._left, "files of earlier mornings", "deciding which of them stand in"):
                older = lastgood.settle()
            if self._at_work and self._at_work.stop_helping():
                ask_anew()
                log.info("this machine can help no more for now")
                continue
            if known is None or not (older or trouble or not known or self._is_left(threads)):
                break
            passes -= 1
            ask_anew()
            log.warning(
                "all tasks are registered again: the scheduler was restarted, an older file stands in, or another "
                "machine has left some"
            )
        return self._left.failures + ([trouble] if trouble else [])

    def _luigi(self, threads: Threads) -> Failure | None:
        """One pass of Luigi."""
        with suppress(Exception):  # what cannot be looked at was told the first time
            ahead(lookahead.of_scheduling(self._root, self._root.date))  # type: ignore[attr-defined]
        with texts.labels_doubted():
            ask_anew()
            with undoing_nothing(self._left, "the catalogue", "looking ahead at its views"):
                ahead(lookahead.of_work(self._root))
            return _luigi([*self._arguments, "--worker-id", self._id()], threads)

    def _id(self) -> str:
        """The same one for each run of this wrapper on this machine; of two machines, they may have one name."""
        here = f"{self._worker}-{socket.gethostname()}"
        return f"{here}{HELPS}{leases.machine()[:8]}" if helpers.is_helping() else here

    @staticmethod
    def _is_over(at_work: AtWork) -> bool:
        with suppress(PipelineError):
            return at_work.is_over()
        return True  # a bucket that does not answer says nothing of a run that is left

    def _is_left(self, threads: Threads) -> bool:
        """Whether there is something that could be made, and has not failed here: another machine had it in hand."""
        if not helpers.are_there():
            return False
        storage.forget()
        warehouse.forget()
        ask_anew()
        with suppress(PipelineError), border.around("the morning", "looking what another machine has left"):
            tasks = (task for task in tasks_below(self._root) if isinstance(task, ChainTask))
            mine = (task for task in tasks if task.task_id not in threads.failed)
            return any(is_next(task) for task in mine)
        return False


def _is_complete(root: luigi.Task, *, first: bool) -> bool:
    """Whether nothing is left to do. Luigi would ask the same, once it has its scheduler; twenty of a morning's runs
    need neither."""
    with suppress(PipelineError), sources.scheduling(), border.around("the morning", "looking what is complete"):
        complete = bool(root.complete())  # type: ignore[no-untyped-call]
        if complete and first:
            ask_anew()
            with texts.labels_doubted():
                complete = bool(root.complete())  # type: ignore[no-untyped-call]
        return complete
    return False


def _luigi(arguments: list[str], threads: Threads) -> Failure | None:
    """One pass of Luigi; what kept it from working, if anything did."""
    try:
        luigi.run(arguments, worker_scheduler_factory=threads, detailed_summary=True)  # type: ignore[no-untyped-call]
    except RPCError as error:
        told = settings.load().core
        log.exception("no scheduler")
        return failures.of_words(
            f"found: no central scheduler at {told.scheduler_host}:{told.scheduler_port} ({error})\n"
            "expected: luigid answering there\nnext: look at luigid.log; ./run_daily.sh starts it when it is local"
        )
    except PipelineError as error:
        return failures.of_error(error)
    return None
