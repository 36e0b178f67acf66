"""A server of SFTP (paramiko's, in threads) with the quirks that vendors' servers have, each switched on by name."""

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from paramiko import common
from paramiko.server import InteractiveQuery
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_FSTAT,
    CMD_LSTAT,
    CMD_NAME,
    CMD_READDIR,
    CMD_STAT,
    CMD_VERSION,
    SFTP_FAILURE,
    SFTP_OK,
    int64,
)

import sshd

USER, PASSWORD = "anybody", "invented-and-right"
Change = Callable[[paramiko.SFTPAttributes], None]


class Listed(paramiko.SFTPAttributes):
    """An entry whose `ls` words are what the test wants."""

    words = ""

    def __str__(self) -> str:
        return self.words


@dataclass
class Odd:
    """What is odd. `ahead` is by how many seconds its clock is. `silent` is where nothing is said any more: greeting,
    login, channel, subsystem, version, listing; `login` how a login is answered; `listed` changes a listing's entry,
    `refused` are requests answered by no."""

    root: Path
    host_key: Path
    silent: str = ""
    login: str = ""
    listed: Change = lambda entry: None
    names: list[bytes] = field(default_factory=list)
    refused: tuple[int, ...] = ()
    says: str = "Failure"
    swallows: bool = False
    ahead: float = 0
    limits: tuple[int, ...] = ()
    """Bytes of a packet, a read and a write, and open files, as it tells them."""
    free: int | None = None
    """Bytes, as it tells them."""
    endless: bool = False
    port: int = 0
    sent: list[str] = field(default_factory=list)
    """Each password, and each answer to a question, that came."""
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def pin(self) -> str:
        kind, key = self.host_key.with_suffix(".pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"

    def hush(self, where: str) -> None:
        if self.silent == where:
            self.over.wait(30)

    def serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                line = listener.accept()[0]
                self.connections += 1
                threading.Thread(target=self._one, args=(line,), daemon=True).start()

    def _one(self, line: socket.socket) -> None:
        self.hush("greeting")
        transport = paramiko.Transport(line)
        transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(self.host_key)))
        transport.set_subsystem_handler("sftp", _Sftp, _Files, self)
        with contextlib.suppress(Exception):
            transport.start_server(server=_Login(self, transport))


class _Login(paramiko.ServerInterface):
    def __init__(self, odd: Odd, transport: paramiko.Transport) -> None:
        self.odd, self.transport, self.asked = odd, transport, 0

    def get_allowed_auths(self, username: str) -> str:
        return {"partial": "publickey", "keys": "publickey", "question": "keyboard-interactive"}.get(
            self.odd.login.partition(" ")[0], "password"
        )

    def check_auth_password(self, username: str, password: str) -> int:
        self.odd.hush("login")
        login = self.odd.login
        if login in ("keys",) or login.startswith("question"):
            return common.AUTH_FAILED
        self.odd.sent.append(password)
        if login == "closes":
            self.transport.close()
        if login == "expired":
            request = paramiko.Message()
            request.add_byte(bytes([60]))  # SSH_MSG_USERAUTH_PASSWD_CHANGEREQ
            request.add_string("Your password has expired")
            request.add_string("en")
            self.transport._send_message(request)  # type: ignore[attr-defined]
        if login == "partial":
            return common.AUTH_PARTIALLY_SUCCESSFUL
        return common.AUTH_SUCCESSFUL if password == PASSWORD and not login else common.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        return InteractiveQuery("", "", *_questions(self.odd.login)[0])

    def check_auth_interactive_response(self, responses: list[str]) -> Any:
        self.odd.sent.extend(responses)
        self.asked += 1
        rounds = _questions(self.odd.login)
        if self.asked < len(rounds):
            return InteractiveQuery("", "", *rounds[self.asked])
        return common.AUTH_SUCCESSFUL if responses[:1] == [PASSWORD] else common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self.odd.hush("channel")
        return common.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        self.odd.hush("subsystem")
        return super().check_channel_subsystem_request(channel, name)


def _questions(login: str) -> list[list[tuple[str, bool]]]:
    """ "question A|B; C" asks A and B, and then C."""
    rounds = login.partition(" ")[2].split("; ")
    return [[(question, False) for question in each.split("|")] for each in rounds]


class _Sftp(paramiko.SFTPServer):
    def __init__(self, channel: paramiko.Channel, name: str, server: Any, kind: Any, odd: Odd) -> None:
        self.odd = odd
        super().__init__(channel, name, server, kind, odd)

    def start_subsystem(self, *words: Any) -> None:
        self.odd.hush("version")
        super().start_subsystem(*words)

    def _send_server_version(self) -> int:
        """paramiko's, with further extensions."""
        self._read_packet()  # type: ignore[attr-defined]
        told = paramiko.Message()
        told.add_int(3)
        for name, there in ((LIMITS, self.odd.limits), (STATVFS, self.odd.free is not None)):
            if there:
                told.add_string(name)
                told.add_string("1")
        self._send_packet(CMD_VERSION, told)  # type: ignore[attr-defined]
        return 3

    def _extended(self, number: int, name: str) -> None:
        numbers = self.odd.limits if name == LIMITS else (1, 1, 0, 0, self.odd.free or 0, 0, 0, 0, 0, 0, 255)
        self._response(number, CMD_EXTENDED_REPLY, *map(int64, numbers))  # type: ignore[attr-defined]

    def _process(self, kind: int, number: int, message: paramiko.Message) -> None:
        if kind == CMD_EXTENDED and (name := _first_word(message)) in (LIMITS, STATVFS):
            self._extended(number, name)
            return
        if kind in self.odd.refused:
            self._send_status(number, SFTP_FAILURE, self.odd.says)  # type: ignore[attr-defined]
            return
        if kind == CMD_READDIR:
            self.odd.hush("listing")
        if kind == CMD_READDIR and self.odd.endless:
            entry = paramiko.SFTPAttributes.from_stat(self.odd.root.stat(), "again")
            self._response(number, CMD_NAME, 1, "again", entry, entry)  # type: ignore[attr-defined]
            return
        super()._process(kind, number, message)  # type: ignore[misc]


LIMITS, STATVFS = "limits@openssh.com", "statvfs@openssh.com"


def _first_word(message: paramiko.Message) -> str:
    """Which extension is asked for; the message can still be read from there."""
    word = message.get_text()
    message.rewind()
    message.get_int()  # the request's number
    return word


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: Any, odd: Odd) -> None:
        self.odd = odd

    def _at(self, path: str) -> Path:
        return self.odd.root / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        there = [self._entry(each) for each in sorted(self._at(path).iterdir())]
        return there + [self._named(name) for name in self.odd.names]

    def _entry(self, path: Path) -> Listed:
        entry = Listed()
        for fact in ("st_size", "st_mode", "st_atime", "st_mtime"):
            setattr(entry, fact, int(getattr(path.stat(), fact)))
        entry.filename = path.name
        entry.words = f"{'d' if path.is_dir() else '-'}rw-r--r-- 1 a b 1 Jan 1 00:00 x"
        self.odd.listed(entry)
        return entry

    def _named(self, name: bytes) -> Listed:
        entry = self._entry(self.odd.host_key)
        entry.filename = name  # type: ignore[assignment]
        return entry

    def stat(self, path: str) -> Any:
        try:
            found = paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or errno.EIO)
        found.st_mtime = int((found.st_mtime or 0) + self.odd.ahead)
        return found

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> Any:
        handle = _Handle(flags)
        try:
            number = os.open(self._at(path), flags, 0o600)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or errno.EIO)
        file = os.fdopen(number, "wb" if flags & os.O_WRONLY else "rb")
        handle.readfile = handle.writefile = file  # type: ignore[attr-defined]
        handle.path, handle.odd = self._at(path), self.odd
        return handle

    def remove(self, path: str) -> int:
        return _done(lambda: self._at(path).unlink())

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return _done(lambda: self._at(oldpath).replace(self._at(newpath)))


class _Handle(paramiko.SFTPHandle):
    path: Path
    odd: Odd

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(self.path.stat())

    def close(self) -> None:
        super().close()
        if self.odd.swallows and self.path.name.endswith(".part"):
            self.path.unlink()


def _done(change: Callable[[], object]) -> int:
    try:
        change()
    except OSError as error:
        return paramiko.SFTPServer.convert_errno(error.errno or errno.EIO)
    return SFTP_OK


REFUSES_STAT = (CMD_STAT, CMD_LSTAT)
REFUSES_FSTAT = (CMD_FSTAT,)
REFUSES_CLOSE = (CMD_CLOSE,)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Odd]:
    """One that has nothing odd yet."""
    (folder / "served").mkdir(parents=True)
    odd = Odd(folder / "served", sshd.make_key(folder / "host"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        odd.port = listener.getsockname()[1]
        thread = threading.Thread(target=odd.serve, args=(listener,), daemon=True)
        thread.start()
        yield odd
        odd.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
