"""What a vendor's server can: as it says itself, and as a scratch file in one of its folders shows.

told     its extensions, limits and free space: nothing is changed there
tried    a scratch file is put, read back, renamed in each way and removed
"""

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeVar

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_DATA,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_HANDLE,
    CMD_OPEN,
    CMD_READ,
    CMD_REMOVE,
    CMD_RENAME,
    CMD_STATUS,
    CMD_WRITE,
    SFTP_FLAG_READ,
    int64,
)

from pipeline.ground import border
from pipeline.ground.errors import VendorError
from pipeline.outside.sftp import connections, inflight
from pipeline.outside.sftp.inflight import Line, Refused, Transfer
from pipeline.outside.sftp.pushing import Push, overwritten, replaced, swapped_in
from pipeline.outside.sftp.vendor import Vendor

T = TypeVar("T")
POSIX_RENAME = "posix-rename@openssh.com"
_LIMITS, _STATVFS = "limits@openssh.com", "statvfs@openssh.com"
# The extensions of which something here depends.
USED = (POSIX_RENAME, _LIMITS, _STATVFS)
# What we put there, under its own name and, first, under a temporary one as a push has it.
SCRATCH = "morning-doctor.txt"
_TEXT = b"A test of this folder by the school district's data pipeline; it may be deleted.\n"

# What is tried.
TEMPORARY = "write under a temporary name"
READ = "read back"
RENAME = "rename"
RENAME_ONTO = "rename onto a file that is there"
POSIX = "posix-rename onto a file that is there"
OWN = "write over a file"
REMOVE = "remove"


@dataclass(frozen=True)
class Told:
    """What the server says. `packet`, `read` and `write` are the most bytes of one, `handles` the most open files, each
    0 of no limit; `free` is the space in bytes; None is what it does not say."""

    extensions: frozenset[str]
    packet: int | None = None
    read: int | None = None
    write: int | None = None
    handles: int | None = None
    free: int | None = field(default=None, kw_only=True)


@dataclass
class Tried:
    """What the server did with a scratch file: `did` and `refused` (with its words) hold the steps above.

    `ahead` is how many seconds its clock is ahead of ours, by the scratch file's time, None when it told none; `taken`
    that the file was gone as soon as it was written; `left` the names that could not be removed again.
    """

    did: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    ahead: float | None = None
    taken: bool = False
    left: list[str] = field(default_factory=list)

    @property
    def fits(self) -> Push | None:
        """The strongest way of pushing that this server allows; None when it takes no file at all."""
        if {TEMPORARY, POSIX} <= {*self.did} and not self.taken:
            return swapped_in
        if {TEMPORARY, RENAME, REMOVE} <= {*self.did} and not self.taken:
            return replaced
        return overwritten if OWN in self.did else None


def told(vendor: Vendor, folder: str) -> Told:
    """What the vendor's server says that it can, and how much space `folder` has. Raises VendorError."""
    folder = connections.folder(vendor, folder)

    def ask(client: paramiko.SFTPClient) -> Told:
        names = client.extensions if isinstance(client, connections.Client) else frozenset[str]()
        limits, space = list[int](), list[int]()
        line = inflight.Line(client)
        asked: list[Transfer] = []
        if _LIMITS in names:
            asked.append(_numbers(line, limits, 4, _LIMITS))
        if _STATVFS in names:
            asked.append(_numbers(line, space, 11, _STATVFS, folder))
        line.run(asked)
        free = space[1] * space[4] if space else None
        return Told(names, *limits[:4], free=free) if limits else Told(names, free=free)

    return _on(vendor, f"asking what it can in {folder}", ask)


def _numbers(line: Line, into: list[int], count: int, *words: str) -> Transfer:
    """The numbers of 8 bytes that it answers; none when it says no to what it offers."""
    answer = yield from line.answer(CMD_EXTENDED, *words)
    with suppress(EOFError, FileNotFoundError, PermissionError, Refused):
        message = answer.words(CMD_EXTENDED_REPLY)
        if len(message.get_remainder()) >= 8 * count:
            into += [message.get_int64() for _ in range(count)]


def tried(vendor: Vendor, folder: str) -> Tried:
    """Put a scratch file into `folder`, do with it what pushes do, and remove it again. Raises VendorError."""
    folder = connections.folder(vendor, folder)

    def act(client: paramiko.SFTPClient) -> Tried:
        found = Tried()
        line = inflight.Line(client)
        line.run([_all(_Scratch(line, PurePosixPath(folder), found))])
        return found

    return _on(vendor, f"trying a scratch file in {folder}", act)


def _on(vendor: Vendor, doing: str, act: Callable[[paramiko.SFTPClient], T]) -> T:
    with border.around(connections.where(vendor), doing, VendorError):
        return connections.on(vendor, act, within=connections.patience(vendor))


@dataclass
class _Scratch:
    line: Line
    folder: PurePosixPath
    found: Tried

    @property
    def own(self) -> str:
        return str(self.folder / SCRATCH)

    @property
    def temporary(self) -> str:
        return str(self.folder / f".{SCRATCH}.part")

    def step(self, name: str, doing: Generator[None, None, object]) -> Generator[None, None, bool]:
        """Whether the server did it; what it says against it is kept, and of several times the first no counts."""
        try:
            yield from doing
        except (FileNotFoundError, PermissionError, Refused) as error:
            self.found.refused.setdefault(name, border.printable(error.strerror or str(error)) or type(error).__name__)
            self.found.did = [each for each in self.found.did if each != name]
            return False
        if name not in [*self.found.refused, *self.found.did]:
            self.found.did.append(name)
        return True


def _all(scratch: _Scratch) -> Transfer:
    """Every step; whatever the server refused, nothing of it stays where it lets us remove."""
    line, own, temporary = scratch.line, scratch.own, scratch.temporary
    for left in (temporary, own):  # of a doctor that was killed
        yield from inflight.remove(line, left)
    if (yield from scratch.step(TEMPORARY, _put(scratch, temporary))):
        yield from scratch.step(READ, _read_back(line, temporary))
        renamed = yield from scratch.step(RENAME, _renamed(line, temporary, own))
        yield from _onto(scratch, temporary if renamed else own)
    for _ in range(2):  # the second time over the first, where none is there yet
        yield from scratch.step(OWN, _put(scratch, own))
    for name in (own, temporary):
        if (yield from inflight.stat(line, name)) is not None and not (
            yield from scratch.step(REMOVE, _removed(line, name))
        ):
            scratch.found.left.append(name)


def _onto(scratch: _Scratch, missing: str) -> Transfer:
    """Rename a file under its temporary name onto the one in its place, in both ways; `missing` is not there yet."""
    line, own, temporary = scratch.line, scratch.own, scratch.temporary
    if not (yield from scratch.step(OWN if missing == own else TEMPORARY, _put(scratch, missing))):
        return
    if (yield from scratch.step(RENAME_ONTO, _renamed(line, temporary, own))) and not (
        yield from scratch.step(TEMPORARY, _put(scratch, temporary))
    ):
        return
    yield from scratch.step(POSIX, inflight.rename(line, temporary, own))


def _put(scratch: _Scratch, name: str) -> Transfer:
    """Written, its size read back; and what its time says of the server's clock."""
    line = scratch.line
    handle = yield from inflight.emptied(line, name)
    written = yield from line.answer(CMD_WRITE, handle, int64(0), _TEXT)
    closed = yield from line.answer(CMD_CLOSE, handle)
    for answer in (written, closed):
        answer.words(CMD_STATUS)
    now = time.time()
    seen = yield from inflight.stat(line, name)
    if seen is None:
        scratch.found.taken = True
    elif seen.st_mtime is not None:
        scratch.found.ahead = seen.st_mtime - now
    if seen is not None and seen.st_size not in (None, len(_TEXT)):
        raise Refused(f"it has {seen.st_size} bytes and not the {len(_TEXT)} that were sent")


def _read_back(line: Line, name: str) -> Transfer:
    opened = yield from line.answer(CMD_OPEN, name, SFTP_FLAG_READ, paramiko.SFTPAttributes())
    handle = opened.words(CMD_HANDLE).get_binary()
    came = yield from line.answer(CMD_READ, handle, int64(0), len(_TEXT) + 1)
    yield from line.answer(CMD_CLOSE, handle)
    try:
        data = came.words(CMD_DATA).get_string()
    except EOFError:
        data = b""
    if data != _TEXT:
        raise Refused("it gives other bytes than were sent")


def _renamed(line: Line, old: str, new: str) -> Transfer:
    """By the protocol's own request, of which each server decides what becomes of a file that is there."""
    (yield from line.answer(CMD_RENAME, old, new)).words(CMD_STATUS)


def _removed(line: Line, name: str) -> Transfer:
    (yield from line.answer(CMD_REMOVE, name)).words(CMD_STATUS)
