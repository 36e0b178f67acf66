"""One machine answers for a morning, of all that share the bucket, and has the run's lease; others may help it."""

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress

from pipeline.ground import border, progress, secrets, settings
from pipeline.ground.console import say
from pipeline.ground.errors import AtWorkElsewhere, PipelineError
from pipeline.inbound import lastgood, sources
from pipeline.outside.cloud import helpers, leases, storage, warehouse

log = logging.getLogger(__name__)

AT_WORK = "leases/run.json"
# Seconds for which a run waits for another machine that makes something else; as long as for one of its own.
WAITS = 7200.0


class _HelpsInstead(Exception):
    """Another machine was faster by a moment."""


class AtWork:
    """What this machine is in a run about `about`, within the block: the one that answers for it, or with `helps` one
    that helps whoever does.

    `remarks` say in words why nobody can know whether another machine is at work; `helped` who was helped, as long as
    this machine does not answer for the run itself.
    """

    def __init__(self, block: ExitStack, about: str, *, quiet: bool, helps: bool = False) -> None:
        self._block, self._about, self._quiet, self._helps = block, about, quiet, helps
        self._help = block.enter_context(ExitStack())
        self._waited = set[str]()
        self._lease_helped = ""
        self._lease: leases.Lease | None = None
        self.remarks: list[str] = []
        self.helped: AtWorkElsewhere | None = None

    @property
    def shared(self) -> bool:
        """Whether another machine makes, or has made, a part of the run."""
        return helpers.are_there()

    def begin(self) -> bool:
        """Something is to be made: be the one that answers for the run, or help. A machine that makes something else is
        waited for, and what was seen before is forgotten. False: another one answers for the run, and was helped.
        Raises AtWorkElsewhere when it was not."""
        if leases.is_held():
            return True
        try:
            with border.around("the bucket", "looking whether another machine is at work"):
                if not self._begun_to_help() and (lease := self._taken()):
                    self._block.enter_context(leases.of_run(lease))
                    self._lease = lease
                    self.helped = None
                    self._wait_for_helpers_of_another(lease)
        except AtWorkElsewhere:
            if self.helped:
                return False
            raise
        except PipelineError as error:
            if self._helps:
                raise  # another one makes it, for all that is known
            self._without(error)
            return True
        storage.forget()  # what another one has made until now
        warehouse.forget()
        if self._waited:
            sources.forget()
            lastgood.forget()
        return True

    def is_over(self) -> bool:
        """Whether this machine has no more to do for the run, all of which is made: it has helped, and the one that
        answers has ended, or goes on to its end. Where that one is dead, this machine answers from now on. What a
        killed process of this machine has left as a helper ends here."""
        if self._helps and not self.helped:
            with suppress(PipelineError):  # else it runs out by itself
                helpers.end_what_was_left()
        return bool(self.helped) and (leases.goes_on(AT_WORK, lambda who: progress.moved()) or not self.begin())

    def who_else_answers(self, has_ended: Callable[[], bool]) -> AtWorkElsewhere | None:
        """Who answers for the run, where that is not this machine: it has helped, if only since it stood still for so
        long that another one took over. How the morning went, that one tells: so it must make just the same, and go on
        with it, or have left a note of its end, of which `has_ended` tells. Where the other one makes something else,
        or came to no end, this machine tells what it knows."""
        if self._lease and not self.helped and self._lease.is_anothers():
            helpers.seen()
            with suppress(PipelineError):
                self.helped = self._who_took_over(has_ended)
        return self.helped

    def _who_took_over(self, has_ended: Callable[[], bool]) -> AtWorkElsewhere | None:
        other = leases.holder(AT_WORK)
        if other and other.about == self._about and leases.goes_on(AT_WORK, lambda who: progress.moved()):
            return other
        storage.forget()
        if not has_ended():
            return None
        return AtWorkElsewhere(
            "another machine has taken over this run, and ended it", expected="one at a time", next_step="nothing"
        )

    def _wait_for_helpers_of_another(self, lease: leases.Lease) -> None:
        try:
            helpers.have_stopped(lease.id, WAITS, self._wait)
        except AtWorkElsewhere:
            raise
        except PipelineError as error:
            self._without(error)
        self._block.enter_context(helpers.looked_for())

    def _without(self, error: PipelineError) -> None:
        log.warning("this run has no lease", exc_info=True)
        if not storage.is_out():  # of which all tasks tell
            found = secrets.redact(error.found)
            told = f"nobody knows whether another machine is at work, too: {found}; where there is one, end it"
            self.remarks = [told]

    def _begun_to_help(self) -> bool:
        """Whether this machine helps: one that makes just the same, and that it has not helped before."""
        other = leases.holder(AT_WORK) if self._helps else None
        if other is None or other.about != self._about or other.lease == self._lease_helped:
            return False
        _refuse_a_hanging_one(other)
        self._help.enter_context(helpers.helping(AT_WORK, other.lease))
        self.helped, self._lease_helped = other, other.lease
        if not self._quiet:
            say(f"{other.found}; this machine helps")
        return True

    def stop_helping(self) -> bool:
        """The tasks that this machine could make have ended; whether it has helped. What is known is from before."""
        if not helpers.is_helping():
            return False
        self._help.close()
        storage.forget()
        warehouse.forget()
        return True

    def _taken(self) -> leases.Lease | None:
        """The run's lease; None: another machine was faster by a moment, and this one helps."""
        try:
            return self._block.enter_context(leases.held(AT_WORK, 0, self._wait_unless_it_helps, self._about))
        except _HelpsInstead:
            return None
        except AtWorkElsewhere as error:
            _refuse_a_hanging_one(error)
            if self._begun_to_help():
                return None
            if error.about == self._about:
                raise
        return self._block.enter_context(leases.held(AT_WORK, WAITS, self._wait, self._about))

    def _wait_unless_it_helps(self, who: str) -> None:
        if self._begun_to_help():
            raise _HelpsInstead
        self._wait(who)

    def _wait(self, who: str) -> None:
        progress.moved()
        if not self._quiet and who not in self._waited:
            say(f"another machine may be at work ({who}); this one looks whether it is")
        self._waited.add(who)

    def end(self) -> None:
        """A run that found all made, and ends what a killed one had not: that one's lease goes with the block."""
        if not leases.is_held():
            with suppress(PipelineError):  # another machine is at work, and takes the lease from whoever had it
                self._block.enter_context(leases.held(AT_WORK, 0))


def _refuse_a_hanging_one(other: AtWorkElsewhere) -> None:
    """Each run would go home before one that hangs, and nobody would hear of it. The hours are by two clocks, which
    need not agree for that. Raises AtWorkElsewhere."""
    told = settings.load().district
    begun = dt.datetime.fromisoformat(other.since) if other.since else dt.datetime.now(dt.UTC)
    hours = (dt.datetime.now(dt.UTC) - begun) / dt.timedelta(hours=1)
    if hours > told.longest_hours:
        raise AtWorkElsewhere(
            f"{other.found}, for {hours:.0f} hours, and no run takes {told.longest_hours}",
            expected="a run that ends",
            next_step="look into its log there, and end it; a minute later another run takes over",
        )
