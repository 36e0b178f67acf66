"""One machine makes something at a time, of all that share the bucket: the run's lease."""

import logging
from contextlib import ExitStack, suppress

from pipeline.ground import border, progress
from pipeline.ground.console import say
from pipeline.ground.errors import AtWorkElsewhere, PipelineError
from pipeline.outside.cloud import leases, storage, warehouse

log = logging.getLogger(__name__)

AT_WORK = "leases/run.json"
# Seconds for which a run waits for another machine that makes something else; as long as for one of its own.
WAITS = 7200.0


def begin(block: ExitStack, about: str, *, quiet: bool) -> None:
    """No other machine makes anything in the block. One that makes something else than `about` is waited for. Raises
    AtWorkElsewhere. Where the bucket does not answer, whoever needs it says so."""

    def wait(who: str) -> None:
        progress.moved()
        if not quiet and who not in told:
            say(f"another machine may be at work ({who}); this one looks whether it is")
        told.add(who)

    told = set[str]()
    if leases.is_held():
        return
    try:
        with border.around("the bucket", "looking whether another machine is at work"):
            if storage.failed():
                return
            try:
                lease = block.enter_context(leases.held(AT_WORK, 0, wait, about))
            except AtWorkElsewhere as error:
                if error.about == about:
                    raise
                lease = block.enter_context(leases.held(AT_WORK, WAITS, wait, about))
                storage.forget()  # what it has made meanwhile
                warehouse.forget()
            block.enter_context(leases.of_run(lease))
    except AtWorkElsewhere:
        raise
    except PipelineError:
        log.warning("this run does not know whether another machine is at work", exc_info=True)


def end(block: ExitStack) -> None:
    """A run that found all made, and ends what a killed one had not: that one's lease goes with this block."""
    if not leases.is_held():
        with suppress(PipelineError):  # another machine is at work, and takes the lease from whoever had it
            block.enter_context(leases.held(AT_WORK, 0))
