"""What is in a vendor's folder, of servers that tell little: each attribute of a file is optional in the protocol."""

import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import PurePosixPath
from stat import S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK

import paramiko
from paramiko.message import Message
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

from pipeline.ground import border
from pipeline.ground.errors import VendorError
from pipeline.outside.sftp import absent, inflight
from pipeline.outside.sftp.handshake import where
from pipeline.outside.sftp.inflight import Line
from pipeline.outside.sftp.vendor import Vendor


@dataclass(frozen=True)
class RemoteFile:
    """A file in somebody's folder: its name, bytes, and time of change (seconds since 1970)."""

    name: str
    size: int
    mtime: float


class Listing(dict[str, RemoteFile]):
    """The files of a folder, by name; `odd` are the names there that are no file, and what each is. Of the `untold` the
    server does not say enough, which is the error of who wants them."""

    def __init__(self) -> None:
        super().__init__()
        self.odd: dict[str, str] = {}
        self.untold: dict[str, VendorError] = {}

    def clear(self) -> None:
        super().clear()
        self.odd.clear()
        self.untold.clear()


@dataclass(frozen=True)
class Entry:
    """A line of a folder's listing: the name (what is no UTF-8 in it as surrogates), `ls`'s words for it where the
    server adds them, and its attributes, each of which the server may leave out."""

    name: str
    longname: str
    attributes: paramiko.SFTPAttributes


def names(line: Line, folder: str) -> Generator[None, None, list[Entry]]:
    """What is in the folder; raises what the server says against it."""
    opened = yield from line.answer(CMD_OPENDIR, folder)
    handle, found = opened.words(CMD_HANDLE).get_binary(), list[Entry]()
    while (some := (yield from line.answer(CMD_READDIR, handle))).kind == CMD_NAME:
        found += _entries(some.message)
    try:
        some.words(CMD_NAME)
    except EOFError:  # it has told all
        yield from line.answer(CMD_CLOSE, handle)
    return found


def _entries(message: Message) -> list[Entry]:
    def text() -> str:
        return message.get_binary().decode("utf-8", "surrogateescape")

    count = message.get_int()
    if count * 12 > len(message.get_remainder()):  # each has three numbers at least; what is missing would be read as 0
        raise paramiko.SSHException("a listing that was cut short")
    return [
        Entry(text(), text(), paramiko.SFTPAttributes._from_msg(message))  # type: ignore[attr-defined]
        for _ in range(count)
    ]


def files(line: inflight.Line, vendor: Vendor, folder: str, found: Listing) -> inflight.Transfer:
    """Put the folder's files into `found`, by name; a link is what it leads to. Raises VendorUnreachable, and what the
    server says against it."""
    try:
        entries = yield from names(line, folder)
    except FileNotFoundError:
        raise absent.folder(vendor.name, folder) from None
    for entry in entries:
        # A name with a slash is none of this folder; used as one of ours, it would lead out of it.
        if entry.name in (".", "..") or {"/", "\0"} & set(entry.name):
            continue
        told, type_ = entry.attributes, _type(entry)
        untold = told.st_size is None or told.st_mtime is None
        if type_ in (0, S_IFLNK) or (type_ == S_IFREG and untold):
            more = yield from inflight.stat(line, str(PurePosixPath(folder) / entry.name))
            if type_ == S_IFLNK:
                told, type_ = _led_to(more)
            elif more is None:  # it got another name just now
                continue
            else:
                told.st_size = more.st_size if told.st_size is None else told.st_size
                told.st_mtime = more.st_mtime if told.st_mtime is None else told.st_mtime
                type_ = type_ or S_IFMT(more.st_mode or 0)
        if type_ in (0, S_IFREG):
            _tell(found, vendor, folder, entry.name, told)
        else:
            found.odd[entry.name] = KINDS.get(type_, NO_FILE)


def _led_to(more: paramiko.SFTPAttributes | None) -> tuple[paramiko.SFTPAttributes, int]:
    """What a link leads to, and its type: a link's, where that is nothing; a type of nothing, where nobody tells."""
    if more is None or more.st_size is None or more.st_mtime is None:
        return paramiko.SFTPAttributes(), S_IFLNK if more is None else -1
    return more, S_IFMT(more.st_mode or 0)


# What is no file, in words.
KINDS = {S_IFDIR: "a folder", S_IFLNK: "a link to what is not there"}
NO_FILE = "no plain file"
# As `ls -l` begins: the type and the rights.
_LS = re.compile(r"[-bcdlps][-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT]")


_LETTERS = {"-": S_IFREG, "d": S_IFDIR, "l": S_IFLNK, "b": S_IFBLK, "c": S_IFCHR, "p": S_IFIFO, "s": S_IFSOCK}


def _type(entry: Entry) -> int:
    """Its type, as stat has it: by its attributes, or by the first letter of `ls`'s words; 0 of what says neither."""
    told = S_IFMT(entry.attributes.st_mode or 0)
    return told or (_LETTERS[entry.longname[0]] if _LS.match(entry.longname) else 0)


def _tell(found: Listing, vendor: Vendor, folder: str, name: str, told: paramiko.SFTPAttributes) -> None:
    if told.st_size is not None and told.st_mtime is not None:
        found[name] = RemoteFile(name, told.st_size, told.st_mtime)
        return
    what = "size" if told.st_size is None else "time"
    found.odd[name] = f"a file of which the server tells no {what}"
    found.untold[name] = VendorError(
        f"{where(vendor)} tells no {what} of {border.printable(name)} in {folder}",
        expected="both: by its size a file is known to be whole, by its time to be of this morning",
        next_step="ask the vendor whether its server can tell them (SSH_FILEXFER_ATTR_SIZE and ACMODTIME)",
    )
