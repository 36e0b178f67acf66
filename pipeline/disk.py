"""Our own disk: what it says when it takes nothing more, as an error of ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline import settings
from pipeline.errors import DiskFailed

# Full, over the quota, read-only, failing: true of the disk, and not of the one file.
FAILURES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@contextmanager
def explained() -> Iterator[None]:
    """Raise DiskFailed in the place of an OSError that is about the disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in FAILURES:
            raise
        landing = settings.load().district.landing
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        found = "no space is left on" if full else f"nothing can be written ({error.strerror}) to"
        raise DiskFailed(
            f"{found} the disk of {landing}",
            expected="space for a morning's files, and the right to write them",
            next_step="make room there (`python -m pipeline purge` removes old copies), then run again"
            if full
            else "mend the disk or its mount, then run again",
        ) from None
