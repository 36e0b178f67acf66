"""How a set of files gets into a vendor's folder: one function for each kind of server, named in the vendor's row.

    swapped_in    it takes temporary names and renames onto a file that is there: in one step, nothing is ever missing
    replaced      it takes temporary names, and renames only onto a name that is free: remove, then rename
    overwritten   it takes neither: each file is written where the one before it is

None of them turns into another by itself, for that would be a weaker promise than the vendor's row makes: a server
that refuses says which word to put there. Each tries again at once when a line breaks, and goes on where it was.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from pipeline.ground.errors import PipelineError, TransferIncomplete, VendorUnreachable
from pipeline.outside.sftp import inflight
from pipeline.outside.sftp.inflight import Line, Refused, Transfer
from pipeline.outside.sftp.outgoing import Count as Count
from pipeline.outside.sftp.outgoing import NotWhole as NotWhole
from pipeline.outside.sftp.outgoing import Outgoing, stamp_of
from pipeline.outside.sftp.outgoing import Progress as Progress
from pipeline.outside.sftp.trail import Trail as Trail

# Does something on the vendor's connection, and again on another one while its failure is transient.
On = Callable[[Callable[[Line], None]], None]

Push = Callable[[Outgoing, On], None]


def _looked(line: Line, going: Outgoing, name: str, places: Iterable[str]) -> Transfer:
    """Forget a file that is not where we left it; its own name is the last of the places."""
    for place in places:
        if stamp_of((yield from inflight.stat(line, place))) == going.stamps[name]:
            if place == going.own(name):
                going.there.add(name)
            return
    del going.stamps[name]


def look_beside(going: Outgoing, line: Line) -> None:
    """Find the files that came whole and are no more beside their places: they have taken them."""

    def look(name: str) -> Transfer:
        if stamp_of((yield from inflight.stat(line, going.temporary(name)))) != going.stamps[name]:
            going.there.add(name)

    line.run(look(name) for name in going.todo() if name in going.stamps)


# ---------------------------------------------------------------------------------------- beside, then in its place


def swapped_in(going: Outgoing, on: On) -> None:
    """All files are put beside their places and their sizes read back; then each takes its place in one step.

    The first change of places is waited for, so that a refusal changes nothing; the others are asked for without a
    pause. Interrupted before the first, the vendor has the old set; between two, new files (parents) beside old ones
    (children) until the next run asks for the rest, which takes it one question a file and no upload; after the last,
    the new set. No file is missing or half at any instant.
    """
    advice = (
        "run again. If it stays so: if it cannot rename onto a file that is there (or lacks posix-rename@openssh.com), "
        "write push=replaced; if it cannot rename at all, push=overwritten,"
    )
    on(partial(_swapped, going, inflight.rename, advice))


def replaced(going: Outgoing, on: On) -> None:
    """As swapped_in, but the file before is removed and the new one renamed: two requests with no pause between.

    Between the two, the file is missing at the vendor: for as long as the server takes from one request to the next,
    or, if the line breaks or the server dies just there, until the next try or run. A server that lets us remove and
    then renames nothing is one for overwritten: it shows at the first file, which is missing until then.
    """
    advice = (
        "a file may be missing there now, its new bytes are beside it under a temporary name. If it is not that "
        "somebody reads the file just now, but that it forbids to remove or to rename, write push=overwritten"
    )
    on(partial(_swapped, going, inflight.replace, advice))


def _swapped(going: Outgoing, rename: Callable[[Line, str, str], Transfer], advice: str, line: Line) -> None:
    """One try. Nothing is put or removed there by who has lost the lease."""
    known = [name for name in going.todo() if name in going.stamps]
    line.run(_looked(line, going, name, (going.temporary(name), going.own(name))) for name in known)
    going.still_ours()
    unsent = [name for name in going.todo() if name not in going.stamps]
    if unsent:
        line.run(going.sent(unsent, partial(_beside, line, going)))
    _asked(line, going)
    going.keep()
    left = going.todo()
    for names in (left[:1], left[1:]):
        line.run(_renamed(line, going, name, rename, advice) for name in names)
    going.keep()


def _asked(line: Line, going: Outgoing) -> None:
    """Whether the set may still go, unless a part of it has gone: that is completed. If not, nothing of it stays. The
    last question of all is whether it is ours: if not, what lies there is another machine's."""
    if not (going.there or going.half):
        try:
            going.may_go()
        except PipelineError:
            going.still_ours()
            line.run(_tidied(line, going.temporary(name)) for name in going.names)
            raise
    going.still_ours()


def _beside(line: Line, going: Outgoing, name: str, file: Path, count: inflight.Counted) -> Transfer:
    remote = going.temporary(name)
    advice = (
        "nothing was changed there. Ask about the folder's rights and space; if it forbids temporary names, write "
        "push=overwritten"
    )
    going.still_ours()  # what is there by now may be another machine's
    with going.in_its_folder(), going.refusable(advice):
        handle = yield from inflight.new(line, remote)
    yield from inflight.fill(line, handle, file, count)
    going.whole(name, file, (yield from inflight.stat(line, remote)))


def _renamed(
    line: Line, going: Outgoing, name: str, rename: Callable[[Line, str, str], Transfer], advice: str
) -> Transfer:
    going.still_ours()
    going.harm = "new files may be beside old ones there until the next run, which completes the set in seconds"
    try:
        with going.refusable(advice):
            yield from rename(line, going.temporary(name), going.own(name))
    except FileNotFoundError:  # after a line that broke: the server did it after we had looked
        if stamp_of((yield from inflight.stat(line, going.own(name)))) != going.stamps.get(name, ()):
            raise TransferIncomplete(
                f"{going.vendor} has no {going.temporary(name)} any more",
                expected="the file that was put there",
                next_step="run again: the next run sends it again. If it stays so, ask who else tidies the folder; if "
                "the vendor takes files at once, its row of the catalogue's vendors.py needs push=overwritten",
            ) from None
    going.there.add(name)
    with suppress(OSError):  # a full disk of ours must not stop a set half-way; the end is written down in any case
        going.keep()


# ------------------------------------------------------------------------------------------------ in its place at once


def overwritten(going: Outgoing, on: On) -> None:
    """Each file is written where the one before it is, one after the other in the set's order; its size is read back.

    All that can be promised: at most one file is half at any instant, those before it are new, those after it old. It
    is tried again at once when the line breaks; after a kill it stays so until the next run, which begins with that
    file. A vendor that reads just then reads half a file: agree with it on a time at which it reads, or on another way.
    """
    on(partial(_overwritten, going))


def _overwritten(going: Outgoing, line: Line) -> None:
    """One try. Nothing is written there by who has lost the lease."""
    known = [name for name in going.todo() if name in going.stamps]
    line.run(_looked(line, going, name, (going.own(name),)) for name in known)
    _asked(line, going)
    going.keep()
    if todo := going.todo():
        for each in going.sent(todo, partial(_in_place, line, going)):
            line.run([each])
    line.run(_tidied(line, going.temporary(name)) for name in going.names)


def _in_place(line: Line, going: Outgoing, name: str, file: Path, count: inflight.Counted) -> Transfer:
    handle = yield from _opened_in_place(line, going, name)
    done = len(going.there)
    going.harm = f"{name} may be half there, after {done} of {len(going.names)} files: run again as soon as you can"
    yield from inflight.fill(line, handle, file, count)
    found = yield from inflight.stat(line, going.own(name))
    if found is not None:  # a vendor may take it at once: each byte of it was acknowledged
        going.whole(name, file, found)
    going.there.add(name)
    going.keep()


def _opened_in_place(line: Line, going: Outgoing, name: str) -> Generator[None, None, bytes]:
    """The handle of the file, emptied. From the first byte on the vendor has something of it, whatever becomes of the
    rest: that is written down before."""
    before = set(going.half)
    going.half.add(name)
    going.keep()
    advice = (
        "nothing was changed in this file. Ask about the folder's rights and space; if it forbids to write over a "
        "file that is there, write push=swapped_in, or push=replaced if it cannot rename onto one,"
    )
    try:
        with going.in_its_folder(), going.refusable(advice):
            return (yield from inflight.emptied(line, going.own(name)))
    except (VendorUnreachable, PermissionError, Refused):  # it has nothing of it
        going.half = before
        going.keep()
        raise


def _tidied(line: Line, remote: str) -> Transfer:
    """What was left when the row still named another way; a server that forbids such names refuses, and has none."""
    if (yield from inflight.stat(line, remote)) is not None:
        yield from inflight.remove(line, remote)
