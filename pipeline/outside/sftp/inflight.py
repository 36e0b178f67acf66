"""SFTP transfers with many requests on the way at once, on one connection and by one thread.

Why this reaches below paramiko's public surface (`SFTPClient._async_request` and `_read_response`, and
`SFTPAttributes._from_msg`: unchanged since its first versions): its public calls wait for the answer to each open,
read and close, so that small files cost six round trips each, one after the other; its `prefetch` asks anew and one
by one for all that is left of a file once a server answers a read with less than was asked for, which many do; and
a pipelined write that the server refuses can stay unnoticed when the file is closed. Here every answer is looked at.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_IFMT, S_ISREG
from typing import IO, Any

import paramiko
from paramiko.message import Message
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_EXTENDED,
    CMD_FSTAT,
    CMD_HANDLE,
    CMD_OPEN,
    CMD_READ,
    CMD_REMOVE,
    CMD_RENAME,
    CMD_STAT,
    CMD_STATUS,
    CMD_WRITE,
    SFTP_EOF,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_EXCL,
    SFTP_FLAG_READ,
    SFTP_FLAG_TRUNC,
    SFTP_FLAG_WRITE,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTP_PERMISSION_DENIED,
    int64,
)

# The largest read that OpenSSH answers in one packet is a little more; others answer with less, and are asked again.
READ = 255 * 1024
# No smaller pieces are asked for, however little a server answers with.
LEAST = 4096
# With its head a write fits into one packet of SSH (32 KiB less 64 bytes); a full 32 KiB would take a second one.
WRITE = 32_000
# So many requests may wait for their answers (as many as OpenSSH's sftp has), and so many files may be open.
REQUESTS = 64
FILES = 16

_FRESH = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_TRUNC

Transfer = Generator[None, None, None]
Counted = Callable[[int], None]


class Refused(OSError):
    """The server said no, in its own words: it is there and answers."""


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    kind: int
    message: Message

    def words(self, expected: int) -> Message:
        """The message, of the expected kind. Raises EOFError, FileNotFoundError, PermissionError, Refused."""
        if self.kind == CMD_STATUS:
            _raise_unless_ok(self.message)
        if self.kind != expected:
            raise paramiko.SSHException(f"an SFTP answer of kind {self.kind}, not {expected}")
        return self.message

    @property
    def ok(self) -> bool:
        """Whether it says that all is well; `words` can still be asked for."""
        return self.kind == CMD_STATUS and int.from_bytes(self.message.get_remainder()[:4]) == SFTP_OK


def _raise_unless_ok(status: Message) -> None:
    code, text = status.get_int(), status.get_binary().decode("utf-8", "replace")
    if code == SFTP_EOF:
        raise EOFError(text)
    if code == SFTP_NO_SUCH_FILE:
        raise FileNotFoundError(errno.ENOENT, text)
    if code == SFTP_PERMISSION_DENIED:
        raise PermissionError(errno.EACCES, text)
    if code != SFTP_OK:
        raise Refused(text)


class Line:
    """A connection, and the requests on it that have no answer yet."""

    def __init__(self, client: paramiko.SFTPClient) -> None:
        self._client: Any = client  # its stubs do not know the two methods
        self._waiting: dict[int, Callable[[Answer], None]] = {}

    @property
    def room(self) -> bool:
        """Whether one more request may be sent."""
        return len(self._waiting) < REQUESTS

    def ask(self, then: Callable[[Answer], None], kind: int, *words: object) -> None:
        """Send a request; `then` is called with its answer, which none but this thread reads.

        A name goes as the bytes of which `names` made it, also where they are no UTF-8.
        """
        sent = (word.encode("utf-8", "surrogateescape") if isinstance(word, str) else word for word in words)
        self._waiting[self._client._async_request(self, kind, *sent)] = then

    def _async_response(self, kind: int, message: Message, number: int) -> None:
        """Called by paramiko, by this name, with the answer to a request that named this object."""
        self._waiting.pop(number)(Answer(kind, message))

    def answer(self, kind: int, *words: object) -> Generator[None, None, Answer]:
        """Send a request and rest until its answer is there."""
        came: list[Answer] = []
        self.ask(came.append, kind, *words)
        while not came:
            yield
        return came[0]

    def run(self, transfers: Iterable[Transfer]) -> None:
        """Take the transfers to their ends, some at a time; the first error of any is raised and ends them all.

        A transfer is a generator that sends requests while there is room and yields when it can do no more before
        another answer has come. After an error the connection is of no further use.
        """
        coming, going = iter(transfers), list[Transfer]()
        try:
            while True:
                while self.room and len(going) < FILES and (new := next(coming, None)) is not None:
                    going += [new] if _goes_on(new) else []
                if not going:
                    return
                self._client._read_response()
                while self._waiting and self._client.sock.recv_ready():  # what has come already, all at once
                    self._client._read_response()
                going = [each for each in going if _goes_on(each)]
        finally:
            for each in going:
                each.close()


def _goes_on(transfer: Transfer) -> bool:
    return next(transfer, StopIteration) is not StopIteration


def attributes(answer: Answer) -> paramiko.SFTPAttributes:
    found: paramiko.SFTPAttributes = paramiko.SFTPAttributes._from_msg(answer.words(CMD_ATTRS))  # type: ignore[attr-defined]
    return found


def get(line: Line, remote: str, size: int, to: Path, count: Counted) -> Generator[None, None, paramiko.SFTPAttributes]:
    """Write the first `size` bytes of `remote` into the file `to`; returns what the open file is after the last.

    A server that does not tell is asked for one byte more. Raises EOFError when there are fewer, and whatever the
    server or the line raises.
    """
    opened = yield from line.answer(CMD_OPEN, remote, SFTP_FLAG_READ, paramiko.SFTPAttributes())
    handle = opened.words(CMD_HANDLE).get_binary()
    with to.open("r+b", buffering=0) as target:
        yield from _read(line, handle, size, target.fileno(), count)
    told = yield from line.answer(CMD_FSTAT, handle)
    stands = attributes(told) if told.kind == CMD_ATTRS else paramiko.SFTPAttributes()  # refused: what counts was good
    if stands.st_size is None:
        more = yield from line.answer(CMD_READ, handle, int64(size), 1)
        stands.st_size = size + (more.kind == CMD_DATA and len(more.message.get_string()))
    yield from line.answer(CMD_CLOSE, handle)
    return stands


def _read(line: Line, handle: bytes, size: int, target: int, count: Counted) -> Transfer:
    """All bytes of an open file, in whatever pieces the server gives them: what an answer lacks is asked for in pieces
    of its size, all at once."""
    # Made as they are asked for: what a server says of a size may be anything.
    pieces = ((start, min(READ, size - start)) for start in range(0, size, READ))
    rest = deque[tuple[int, int]]()
    missing, ended = size, False

    def arrived(start: int, length: int, answer: Answer) -> None:
        nonlocal missing, ended
        try:
            data = answer.words(CMD_DATA).get_string()
        except EOFError:
            data = b""
        if not data:
            ended = True
            return
        os.pwrite(target, data, start)
        missing -= len(data)
        count(len(data))
        end, piece = start + length, max(len(data), LEAST)
        rest.extend((at, min(piece, end - at)) for at in range(start + len(data), end, piece))

    while missing:
        while line.room and (due := rest.popleft() if rest else next(pieces, None)):
            start, length = due
            line.ask(partial(arrived, start, length), CMD_READ, handle, int64(start), length)
        yield
        if ended:
            raise EOFError(f"{missing} bytes fewer than {size}")


def new(line: Line, remote: str) -> Generator[None, None, bytes]:
    """The handle of a file that nobody else writes into; raises what the server says against it.

    What a killed run left under the name is removed, not emptied: its server may still be writing there.
    """
    try:
        return (yield from _opened(line, remote, _FRESH | SFTP_FLAG_EXCL))
    except (PermissionError, Refused):
        found = yield from stat(line, remote)
        if found is None:
            raise
    if regular(found):
        yield from remove(line, remote)
    return (yield from emptied(line, remote))


def emptied(line: Line, remote: str) -> Generator[None, None, bytes]:
    """The handle of the file as it is there, or a new one, with nothing in it."""
    return (yield from _opened(line, remote, _FRESH))


def _opened(line: Line, remote: str, flags: int) -> Generator[None, None, bytes]:
    opened = yield from line.answer(CMD_OPEN, remote, flags, paramiko.SFTPAttributes())
    return opened.words(CMD_HANDLE).get_binary()


def fill(line: Line, handle: bytes, file: Path, count: Counted) -> Transfer:
    """Write the bytes of `file` into an open file, and close it.

    Raises whatever the server or the line raises, also what is only said of one write, or of the close.
    """
    with file.open("rb", buffering=0) as source:
        yield from _write(line, handle, source, count)
    closed = yield from line.answer(CMD_CLOSE, handle)
    closed.words(CMD_STATUS)


def _write(line: Line, handle: bytes, source: IO[bytes], count: Counted) -> Transfer:
    sent = taken = 0

    def arrived(length: int, answer: Answer) -> None:
        nonlocal taken
        answer.words(CMD_STATUS)
        taken += length
        count(length)

    while block := source.read(WRITE):
        while not line.room:
            yield
        line.ask(partial(arrived, len(block)), CMD_WRITE, handle, int64(sent), block)
        sent += len(block)
    while taken < sent:
        yield


def rename(line: Line, old: str, new: str) -> Transfer:
    """Give the file its new name, in one step also over a file of that name."""
    done = yield from line.answer(CMD_EXTENDED, "posix-rename@openssh.com", old, new)
    done.words(CMD_STATUS)


def replace(line: Line, old: str, new: str) -> Transfer:
    """Remove the file `new`, if there is one, and give `old` its name: two requests with no pause between them.

    A removal that is refused shows in the renaming. A server that took the two in the other order is asked again.
    """
    removed: list[Answer] = []
    line.ask(removed.append, CMD_REMOVE, new)
    renamed = yield from line.answer(CMD_RENAME, old, new)
    while not removed:
        yield
    if removed[0].ok and not renamed.ok:
        renamed = yield from line.answer(CMD_RENAME, old, new)
    renamed.words(CMD_STATUS)


def stat(line: Line, remote: str) -> Generator[None, None, paramiko.SFTPAttributes | None]:
    """What there is under the name, as far as the server tells; None when there is nothing."""
    found = yield from line.answer(CMD_STAT, remote)
    try:
        return attributes(found)
    except FileNotFoundError:
        return None
    except (EOFError, PermissionError, Refused):
        return paramiko.SFTPAttributes()


def regular(found: paramiko.SFTPAttributes) -> bool:
    """Whether it is a file, as far as the server tells."""
    return not S_IFMT(found.st_mode or 0) or S_ISREG(found.st_mode or 0)


def remove(line: Line, remote: str) -> Transfer:
    """Remove the file, unless the server refuses."""
    yield from line.answer(CMD_REMOVE, remote)
