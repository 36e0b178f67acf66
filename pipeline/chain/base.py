"""What every task of the chain has in common: when it is complete, how it runs, what it tells."""

import logging
import time
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import luigi
from luigi.parameter import ParameterVisibility

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.feed import Feed
from pipeline.ground import border, progress, secrets
from pipeline.ground.errors import PipelineError, WrittenByAnother, nearest
from pipeline.ground.progress import Event, Kind, Made
from pipeline.inbound import sources
from pipeline.outside.cloud import helpers, leases

log = logging.getLogger(__name__)


class Target(Protocol):
    """What a task makes true. Luigi asks it nothing else."""

    def exists(self) -> bool:
        """Whether the state is true now."""
        ...


class FeedParameter(luigi.Parameter[Feed]):
    """A feed, by its name in the catalogue's feeds.py."""

    def parse(self, x: str) -> Feed:
        return nearest(catalogue.feeds(), x, "feed")

    def serialize(self, x: Feed) -> str:
        return x.name


class DeliveryParameter(luigi.Parameter[Delivery]):
    """A delivery, by its name in the catalogue's deliveries.py."""

    def parse(self, x: str) -> Delivery:
        return nearest(flows.here(), x, "delivery")

    def serialize(self, x: Delivery) -> str:
        return x.name


class MorningParameter(luigi.DateParameter):
    """The morning's date. Luigi's pages do not show it beside each task: it is the same for nearly all."""

    def __init__(self) -> None:
        super().__init__(visibility=ParameterVisibility.HIDDEN)


class DatedTask(luigi.Task):
    """A task of one morning."""

    date: MorningParameter = MorningParameter()

    @classmethod
    @cache
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """Luigi looks for them in the class anew for each task that it makes."""
        return super().get_params()  # type: ignore[no-untyped-call, no-any-return]

    def to_str_params(self, only_significant: bool = False, only_public: bool = False) -> dict[str, str]:
        """Also where Luigi asks for what is shown: it makes the task's id of that, which must tell the date."""
        told: dict[str, str] = super().to_str_params(only_significant)  # type: ignore[no-untyped-call]
        return told


# What is known of tasks below others, by task id: one pass of scheduling asks of a table for each view that reads it.
_known: dict[str, bool] = {}


def ask_anew() -> None:
    """What is known of the tasks is from before."""
    _known.clear()


def _complete(task: luigi.Task) -> bool:
    if task.task_id not in _known:
        _known[task.task_id] = bool(task.complete())  # type: ignore[no-untyped-call]
    return _known[task.task_id]


def is_next(task: "ChainTask") -> bool:
    """Whether all that the task needs is made, and the task itself is not."""
    return all(map(_complete, task.requires())) and not _complete(task)


class ChainTask(DatedTask):
    """A state of the chain: complete when all below it is and its target exists."""

    # Whether a machine can make it that helps another's run; else it needs what is on the disk of that one alone.
    anywhere = True
    # Whether what it makes is at first on a disk alone: where that is gone, or another machine's, who needs it makes it
    # again.
    on_disk = False
    # Whether it failed for what another machine had in hand just then; nothing of its own is wrong.
    was_disturbed = False
    _just_ran = False

    def requires(self) -> tuple[luigi.Task, ...]:
        return ()

    def output(self) -> Target:
        raise NotImplementedError

    def superseded(self) -> bool:
        """Whether a later date has passed this state, so that this one must not be made true any more."""
        return False

    def make(self) -> Made:
        """Make the state true."""
        raise NotImplementedError

    def flow(self) -> str:
        """The feed or delivery that this is a part of."""
        raise NotImplementedError

    def of(self) -> str:
        """What exactly this is about, for people."""
        return self.flow()

    def complete(self) -> bool:
        if self._just_ran:  # Luigi's own look after run(): what is below was looked at before
            self._just_ran = False
            return self.output().exists()
        return self.answered(
            lambda: self.superseded() or (all(map(_complete, self.requires())) and self.output().exists())
        )

    def answered(self, question: Callable[[], bool]) -> bool:
        """What the question about this task's state answers; False, when nobody could look."""
        try:
            return question()
        except PipelineError:
            return False  # nobody could look: its turn comes, it looks again and says why, and the rest goes on
        except Exception:  # likewise; without this Luigi would leave the task out, and nobody would hear why
            log.exception("looking at %s %s", self.task_family, self.of())
            return False

    def run(self) -> None:
        begun = time.monotonic()
        self.was_disturbed = False
        ask_anew()
        progress.emit(Event("started", self.task_family, self.of(), self.flow()))
        with border.around(f"{self.task_family} {self.of()}", "making it"):
            if helpers.are_there():
                helpers.look_anew()
                self._refuse_unready()
            else:
                self._make_what_is_gone()
            made = None if self.output().exists() else self._made()
        kind: Kind = "done" if made else "unchanged"
        made = made or Made(words="unchanged")
        progress.show(self, str(made))
        self._just_ran = True
        seconds = time.monotonic() - begun
        progress.emit(Event(kind, self.task_family, self.of(), self.flow(), made.rows, made.bytes, seconds, str(made)))

    def _refuse_unready(self) -> None:
        """The scheduler says that what is below is done, as some machine told it. Raises WrittenByAnother."""
        if self._missing():
            sources.forget()  # the other one may have looked at a vendor later
            self._make_what_is_gone()
        if missing := self._missing():
            raise WrittenByAnother(
                f"{missing[0].task_family} {missing[0].of()} is not done, as this machine sees it",
                expected="what another machine has made to be seen by this one",
                next_step="nothing: who answers for the morning looks once more; if it happens again, compare the "
                "versions, configurations and clocks of both machines",
            )

    def _make_what_is_gone(self) -> None:
        """What a task below has made on a disk that has gone since, or that is another machine's."""
        for need in self.requires():
            if isinstance(need, ChainTask) and need.on_disk and need.anywhere and not need.output().exists():
                need.make()

    def _missing(self) -> list["ChainTask"]:
        needs = (need for need in self.requires() if isinstance(need, ChainTask))
        return [need for need in needs if not (need.superseded() or need.output().exists())]

    def _made(self) -> Made | None:
        """What was made; None when another machine has made it meanwhile."""
        leases.still_at_work()
        try:
            return self.make()
        except WrittenByAnother:
            helpers.look_anew()
            ask_anew()
            leases.still_at_work()
            return None if self.superseded() or self.output().exists() else self.make()

    def on_failure(self, exception: BaseException) -> str:
        """What the visualiser shows. An error that is not ours may quote data: then only its place is told."""
        self.was_disturbed = isinstance(exception, WrittenByAnother)
        if self.was_disturbed:
            sources.forget()  # the other one may have looked at a vendor later, and have a newer file
        if isinstance(exception, PipelineError):
            message = str(exception)
        else:
            frames = "".join(traceback.format_tb(exception.__traceback__))
            message = f"{frames}{secrets.without_data(exception)}"
        message = secrets.redact(message)
        error, shared = type(exception).__name__, secrets.redact(getattr(exception, "shared", ""))
        failed = Event("failed", self.task_family, self.of(), self.flow(), message=message, error=error, shared=shared)
        progress.emit(failed)
        return message
