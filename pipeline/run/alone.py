"""One machine makes something at a time, of all that share the bucket: the run's lease."""

import datetime as dt
import logging
from contextlib import ExitStack, suppress

from pipeline.ground import border, progress, secrets, settings
from pipeline.ground.console import say
from pipeline.ground.errors import AtWorkElsewhere, PipelineError
from pipeline.inbound import lastgood, sources
from pipeline.outside.cloud import leases, storage, warehouse

log = logging.getLogger(__name__)

AT_WORK = "leases/run.json"
# Seconds for which a run waits for another machine that makes something else; as long as for one of its own.
WAITS = 7200.0


def begin(block: ExitStack, about: str, *, quiet: bool) -> list[str]:
    """No other machine makes anything in the block. One that makes something else than `about` is waited for, and what
    was seen before is forgotten. Raises AtWorkElsewhere. Returns, in words, why nobody can know it."""

    def wait(who: str) -> None:
        progress.moved()
        if not quiet and who not in told:
            say(f"another machine may be at work ({who}); this one looks whether it is")
        told.add(who)

    told = set[str]()
    if leases.is_held():
        return []
    try:
        with border.around("the bucket", "looking whether another machine is at work"):
            block.enter_context(leases.of_run(_taken(block, wait, about)))
    except AtWorkElsewhere:
        raise
    except PipelineError as error:
        log.warning("this run has no lease", exc_info=True)
        if storage.is_out():  # of which all tasks tell
            return []
        found = secrets.redact(error.found)
        return [f"nobody knows whether another machine is at work, too: {found}; where there is one, end it"]
    storage.forget()  # what another one has made until now
    warehouse.forget()
    if told:
        sources.forget()
        lastgood.forget()
    return []


def _taken(block: ExitStack, wait: leases.Waiting, about: str) -> leases.Lease:
    try:
        return block.enter_context(leases.held(AT_WORK, 0, wait, about))
    except AtWorkElsewhere as error:
        _refuse_a_hanging_one(error)
        if error.about == about:
            raise
    return block.enter_context(leases.held(AT_WORK, WAITS, wait, about))


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


def end(block: ExitStack) -> None:
    """A run that found all made, and ends what a killed one had not: that one's lease goes with this block."""
    if not leases.is_held():
        with suppress(PipelineError):  # another machine is at work, and takes the lease from whoever had it
            block.enter_context(leases.held(AT_WORK, 0))
