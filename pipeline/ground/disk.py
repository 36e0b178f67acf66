"""Our own disk: what it says when it takes nothing more, as an error of ours."""

import errno
import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.ground import settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import DiskFailed

# Full, over the quota, read-only, failing: true of the disk, and not of the one file.
FAILURES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
# True of one file or folder: it belongs to somebody else, as what a run as root leaves behind does.
FOREIGN = frozenset({errno.EACCES, errno.EPERM})


@contextmanager
def explained() -> Iterator[None]:
    """Raise DiskFailed in the place of an OSError that is about the disk."""
    try:
        yield
    except OSError as error:
        if failure := failure_of(error):
            raise failure from None
        raise


def failure_of(error: Exception) -> DiskFailed | None:
    """The error as one of our own disk; None when it is about something else, as another party's files."""
    if not isinstance(error, OSError):
        return None
    if error.errno in FOREIGN and error.filename and _kept_by_us(path := Path(os.fsdecode(error.filename))):
        return _foreign(path)
    if error.errno not in FAILURES:
        return None
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    found = "no space is left on" if full else f"nothing can be written ({error.strerror}) to"
    elsewhere = error.filename and not _kept_by_us(Path(os.fsdecode(error.filename)))
    place = Path(os.fsdecode(error.filename)).parent if elsewhere else settings.load().district.landing
    return DiskFailed(
        f"{found} the disk of {place}",
        expected="space for a morning's files, and the right to write them",
        next_step=f"make room there (`{MORNING} purge` removes old copies), then run again"
        if full
        else "mend the disk or its mount, then run again",
    )


def _kept_by_us(path: Path) -> bool:
    """Whether the path lies where the pipeline keeps its own files; a drop folder is somebody else's."""
    told = settings.load().district
    return any(path.absolute().is_relative_to(place.absolute()) for place in (told.landing, told.logs))


def _foreign(path: Path) -> DiskFailed:
    """The error that tells whose the path is: its own, or of the first folder above it that we may look at."""
    us = person(os.geteuid())
    for place in (path, *path.parents):
        try:
            found = place.lstat()
        except OSError:
            continue
        whose = f"{place} belongs to {person(found.st_uid)} (mode {stat.S_IMODE(found.st_mode):04o})"
        break
    else:
        whose = "nothing above it may be looked at"
    return DiskFailed(
        f"{path} cannot be used by {us}: {whose}",
        expected=f"all that the pipeline keeps to belong to {us}, who runs it",
        next_step=f"`sudo chown -R {us}: {shlex.quote(str(_own_folder(path)))}`, then run again; run it as {us} only, "
        "never as root",
    )


def _own_folder(path: Path) -> Path:
    """Which of our folders the path lies in."""
    told = settings.load().district
    return told.logs if path.absolute().is_relative_to(told.logs.absolute()) else told.landing


def person(number: int) -> str:
    """The name of a user by its number."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
