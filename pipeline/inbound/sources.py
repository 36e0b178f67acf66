"""What is where a feed's files come from: one look a place and process, and the fetching of a file."""

import datetime as dt
import fnmatch
import re
import shutil
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import Place, SftpFolder, Source
from pipeline.ground import border
from pipeline.ground.errors import VendorError
from pipeline.ground.looks import Looks
from pipeline.ground.patience import resting
from pipeline.outside import dropfolder
from pipeline.outside.sftp.sftp import Listing, Progress, RemoteFile

# Seconds from its beginning on for which a scheduling waits for looks: all begin at once, and most are answered then.
GRACE = 5.0
_ends: ContextVar[float | None] = ContextVar("ends", default=None)


@contextmanager
def scheduling(since: float | None = None) -> Iterator[None]:
    """In this block (and thread) nobody waits for a look longer than the GRACE: who asks for it then gets NotYet. It
    counts from now, or from the moment `since` of the monotonic clock."""
    before = _ends.set((time.monotonic() if since is None else since) + GRACE)
    try:
        yield
    finally:
        _ends.reset(before)


def _left() -> float | None:
    ends = _ends.get()
    return None if ends is None else max(0.0, ends - time.monotonic())


Seen = tuple[float, dict[str, RemoteFile]]


def _look(place: Place) -> Seen:
    with border.around(str(place), "looking what is there", VendorError):
        return time.monotonic(), place.look()


def _look_again(place: Place) -> Seen:
    """When the settle time since the first look is over."""
    first, _ = _looks.at(place)
    time.sleep(max(0.0, first + place.settle - time.monotonic()))
    return _look(place)


# When this process looked, and what it saw. A look that failed fails again, without knocking again.
_looks: Looks[Place, Seen] = Looks(_look)
_second_looks: Looks[Place, Seen] = Looks(_look_again)
look_ahead = _looks.begin
# The errors that somebody met who asked, by place.
failed_looks = _looks.failed


def look_aside(place: Place) -> None:
    """Begin to look there, and do not wait."""
    _looks.begin(place, aside=True)


def begun(place: Place) -> bool:
    """Whether this process has looked there, or is looking now."""
    return place in _looks.places()


def look(place: Place) -> Seen:
    """When this process looked there, and what it saw. Raises PipelineError; NotYet in a scheduling."""
    with resting():
        return _looks.at(place, _left())


def odd(place: Place) -> dict[str, str]:
    """The names that this process saw there and that are no files, and what each is. Raises PipelineError."""
    _, there = look(place)
    return there.odd if isinstance(there, Listing) else {}


def fetch(place: Place, file: RemoteFile, to: Path, progress: Progress) -> None:
    """Bring `file` to `to`, whole or not at all. Raises PipelineError."""
    _refuse_too_large(place, file, to)
    with border.around(str(place), f"bringing {printable(file.name)}", VendorError):
        place.fetch(file, to, progress)


# Bytes for which nobody asks how much room there is.
_LITTLE = 16 << 20


def _refuse_too_large(place: Place, file: RemoteFile, to: Path) -> None:
    """A file that cannot be held here would take the room of all others, at each run anew. Raises VendorError."""
    if file.size <= _LITTLE:
        return
    disk = next(each for each in to.parents if each.exists())
    if file.size > (free := shutil.disk_usage(disk).free):
        raise VendorError(
            f"{place}: {printable(file.name)} is said to have {file.size:,} bytes, and {free:,} are free here",
            expected=f"a file for which {disk} has room",
            next_step="if the vendor means it, make room there; else ask what has become of the export",
        )


def forget() -> None:
    """Look again: what is known of the places is from before."""
    _looks.forget()
    _second_looks.forget()
    _sorted.clear()
    dropfolder.forget()


def newest(source: Source, begins: dt.datetime, ends: dt.datetime) -> RemoteFile | None:
    """The latest match of the source's pattern that was changed within [begins, ends), by one look a process.

    Among files of the same second the last name wins, since dated names sort by date. Raises PipelineError.
    """
    _, there = look(source.place)
    _refuse_untold(source, there)
    first, last = begins.timestamp(), ends.timestamp()
    fresh = [file for file in _matching(source, there) if first <= file.mtime < last]
    return max(fresh, key=lambda file: (file.mtime, file.name), default=None)


def _matching(source: Source, there: dict[str, RemoteFile]) -> Iterator[RemoteFile]:
    """The files that match the source's pattern. Only those are tried that begin as it does: of a thousand feeds in one
    folder each is asked for many times."""
    begins = _SPECIAL.split(source.pattern, maxsplit=1)[0]
    if begins == source.pattern:
        yield from (there[begins],) if begins in there else ()
        return
    names = _names(source.place, there)
    for name in islice(names, bisect_left(names, begins), None):
        if not name.startswith(begins):
            return
        if fnmatch.fnmatchcase(name, source.pattern):
            yield there[name]


def _names(place: Place, there: dict[str, RemoteFile]) -> list[str]:
    """The names there, sorted once a look."""
    seen, names = _sorted.get(place, (None, []))
    if seen is not there or len(names) != len(there):
        names = sorted(there)
        _sorted[place] = there, names
    return names


# What stands for something else in a pattern.
_SPECIAL = re.compile(r"[*?[]")
_sorted: dict[Place, tuple[dict[str, RemoteFile], list[str]]] = {}


def newest_of(feed: Feed, part: str, date: dt.date) -> RemoteFile | None:
    """The latest file of that part which is fresh for `date`, if there is one. Raises PipelineError."""
    return newest(feed.source(part), *feed.hours(date))


def of_name(source: Source, name: str) -> RemoteFile | None:
    """The file of that name where the source looks, of whatever time. Raises PipelineError."""
    return look(source.place)[1].get(name)


def _refuse_untold(source: Source, there: dict[str, RemoteFile]) -> None:
    """Any of these may be the morning's file, and what the server tells of it does not say."""
    for name, error in there.untold.items() if isinstance(there, Listing) else ():
        if fnmatch.fnmatchcase(name, source.pattern):
            raise error


def settled(source: Source, file: RemoteFile) -> bool:
    """Whether the file stood still: when we looked its time was older than the place's settle time, or two looks agree.

    Waits, at most once a place and process, until the settle time since the first look is over.
    """
    place = source.place
    first, _ = look(place)
    looked_at = time.time() - (time.monotonic() - first)
    if looked_at - file.mtime > place.settle:
        return True
    with resting():
        return _second_looks.at(place, _left())[1].get(file.name) == file


def unclaimed(wanted: Iterable[Source]) -> list[str]:
    """The files that this process saw in folders with `others`, and that are neither wanted nor named there."""
    found, sources = [], tuple(wanted)
    for place in _looks.places():
        if isinstance(place, SftpFolder) and place.others is not None and (looked := _looks.known(place)):
            patterns = [*place.others, *(source.pattern for source in sources if source.place == place)]
            strange = [name for name in looked[1] if not any(fnmatch.fnmatchcase(name, each) for each in patterns)]
            found += [f"{place}/{printable(name)}" for name in strange if not _UNFINISHED.search(name)]
    return sorted(found)


# Hidden files, and the names under which programs write what is to be renamed.
_UNFINISHED = re.compile(r"^[.~]|~$|\.(part|filepart|partial|tmp|temp|crdownload)$", re.I)


def printable(name: str) -> str:
    """Without what would move a terminal's cursor, change its colour or turn its text around."""
    return "".join(letter for letter in name if letter.isprintable())
