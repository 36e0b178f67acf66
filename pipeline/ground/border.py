"""The border to what is not ours: an exception that nobody foresaw becomes the error of the party at which it arose."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.ground import disk, secrets
from pipeline.ground.errors import PipelineError

log = logging.getLogger(__name__)
# So much of what a server says is told.
_WORDS = 300


@contextmanager
def around(
    party: str, doing: str, kind: type[PipelineError] = PipelineError, passing: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Raise `kind` for whatever foreign exception comes out of the block; ours pass, and those `passing`; our full disk
    is told as that.

    `doing` goes on with "while": "listing its folder".
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (PipelineError, *passing)):
            raise
        if failure := disk.failure_of(error):
            raise failure from None
        log.warning("%s, while %s", party, doing, exc_info=error)
        raise kind(
            f"{party}, while {doing}: {words(error)}",
            expected="it, or an error that is known here",
            next_step=f"nothing else waits for it. {_advice(error)}",
        ) from None


def _advice(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"Look at {printable(str(error.filename))}, its rights (it must be ours to use) and its mount; run again"
    return "Run again; if it stays so, look at the log for the place in the code"


def words(error: BaseException) -> str:
    """An error as it may be told: no secret, no value of a file, nothing that a terminal obeys, and an end."""
    return printable(secrets.without_data(error).rstrip(": "))


def printable(said: str) -> str:
    """What a server said, as it may be told."""
    told = "".join(letter if letter.isprintable() else " " for letter in secrets.redact(said))
    return told if len(told) <= _WORDS else f"{told[:_WORDS]}…"
