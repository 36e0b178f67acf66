"""The vendors' SFTP servers: asyncssh, one listener an account, each with its own host key, root and login.

A real vendor's server knows one district and nothing of the others, so no two accounts share a port or a key.
The faults of the vendor are looked at for each connection and each operation.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import asyncssh

from pipeline.sandbox import hostkeys
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.faults import Countdown, Fault, FaultFile
from pipeline.sandbox.latency import Latency
from pipeline.sandbox.places import Account

_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC


def prepare(account: Account, known_hosts: Path, *, folders: Iterable[str], host_key_type: str) -> None:
    """The account's folders, host keys and password; made when they are not there, and the key pinned."""
    for folder in ("", *folders):
        (account.root / folder).mkdir(parents=True, exist_ok=True)
    new = hostkeys.make(account.host_key, host_key_type)
    hostkeys.make(account.other_key, host_key_type)
    hostkeys.pin(account, known_hosts, instead=new)
    if not account.password.exists():
        account.password.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        account.password.touch(mode=0o600)
        account.password.write_text(secrets.token_urlsafe(18))


class _Vendor:
    """One account with its log and the faults that are on for it."""

    def __init__(self, account: Account, faults: FaultFile, latency: Latency) -> None:
        self.account, self.latency = account, latency
        self.log = ActivityLog(account.log)
        self._faults = faults
        self.countdown = Countdown(faults)

    def fault(self, name: str) -> Fault | None:
        return self._faults.find(name, self.account.name)

    def used(self) -> int:
        return sum(path.stat().st_size for path in self.account.root.rglob("*") if path.is_file())


class _Login(asyncssh.SSHServer):
    """Takes the account's password and nothing else."""

    def __init__(self, vendor: _Vendor) -> None:
        self._vendor = vendor

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._vendor.log.write(event="connect")

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        await self._vendor.latency.pause("login")
        account = self._vendor.account
        right = secrets.compare_digest(password.encode(), account.password.read_text().strip().encode())
        fault = self._vendor.fault("login")
        if right and fault and fault.options.get("expired"):
            self._vendor.log.write(event="login-refused")
            raise asyncssh.PasswordChangeRequired("Your password has expired. New password:")
        welcome = username == account.user and right and not fault
        self._vendor.log.write(event="login" if welcome else "login-refused")
        return welcome


class _Handle:
    """An open file and how much has gone through it."""

    def __init__(self, file: Any, path: str, event: str) -> None:
        self.file, self.path, self.event, self.bytes = file, path, event, 0


class _Session(asyncssh.SFTPServer):
    """What a client does in the account's root, behind the vendor's faults and written down."""

    def __init__(self, chan: "asyncssh.SSHServerChannel[bytes]", vendor: _Vendor) -> None:
        super().__init__(chan, chroot=os.fsencode(vendor.account.root))
        self._vendor = vendor
        vendor.latency.delay_answers(chan)
        self._moved = 0
        self._cut = False
        self._renaming = asyncio.Lock()

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        await self._answering()
        writing = bool(pflags & _WRITING)
        if writing:
            self._refuse_to_create(path)
        return _Handle(super().open(path, pflags, attrs), os.fsdecode(path), "write" if writing else "read")

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._answering()
        handle = _handle(file_obj)
        data: bytes = super().read(handle.file, offset, size)  # type: ignore[assignment]
        await self._carry(handle, len(data))
        return data

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._answering()
        handle = _handle(file_obj)
        if (fault := self._vendor.fault("full")) and self._vendor.used() + len(data) > fault.options["quota"]:
            raise asyncssh.SFTPFailure("No space left on device")
        await self._carry(handle, len(data))
        written: int = super().write(handle.file, offset, data)  # type: ignore[assignment]
        handle.file.flush()  # another connection, or a fault, sees what was written
        return written

    async def close(self, file_obj: object) -> None:
        """Called for the files of a broken connection too: the line then tells how far it came."""
        handle = _handle(file_obj)
        super().close(handle.file)
        self._vendor.log.write(event=handle.event, path=handle.path, bytes=handle.bytes)

    def fstat(self, file_obj: object) -> Any:
        return super().fstat(_handle(file_obj).file)

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> Any:
        return super().fsetstat(_handle(file_obj).file, attrs)

    def fstatvfs(self, file_obj: object) -> Any:
        return super().fstatvfs(_handle(file_obj).file)

    def fsync(self, file_obj: object) -> Any:
        return super().fsync(_handle(file_obj).file)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        await self._answering()
        self._vendor.log.write(event="list", path=os.fsdecode(path))
        async for name in super().scandir(path):
            yield name

    async def stat(self, path: bytes) -> Any:
        await self._answering()
        return super().stat(path)

    async def lstat(self, path: bytes) -> Any:
        await self._answering()
        return super().lstat(path)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._rename(oldpath, newpath)
        super().rename(oldpath, newpath)
        self._renamed(oldpath, newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._rename(oldpath, newpath)
        super().posix_rename(oldpath, newpath)
        self._renamed(oldpath, newpath)

    async def _rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._answering()
        self._refuse_to_create(newpath)
        fault = self._vendor.fault("no-rename")
        if fault and (not fault.options["onto_existing"] or os.path.lexists(self.map_path(newpath))):
            raise asyncssh.SFTPFailure("Rename is not allowed")
        if fault := self._vendor.fault("slow"):
            async with self._renaming:  # a client may ask for several at once
                await asyncio.sleep(fault.options.get("rename", 0))

    def _renamed(self, oldpath: bytes, newpath: bytes) -> None:
        self._vendor.log.write(event="rename", path=os.fsdecode(oldpath), to=os.fsdecode(newpath))

    async def remove(self, path: bytes) -> None:
        await self._changing()
        super().remove(path)
        self._changed("remove", path)

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        await self._changing()
        super().mkdir(path, attrs)
        self._changed("mkdir", path)

    async def rmdir(self, path: bytes) -> None:
        await self._changing()
        super().rmdir(path)
        self._changed("rmdir", path)

    async def _changing(self) -> None:
        await self._answering()
        if self._vendor.fault("read-only"):
            raise asyncssh.SFTPPermissionDenied("Read only")

    def _changed(self, event: str, path: bytes) -> None:
        """Written down when it is done: what is not there cannot be removed."""
        self._vendor.log.write(event=event, path=os.fsdecode(path))

    def exit(self) -> None:
        self._vendor.log.write(event="close")

    def _refuse_to_create(self, path: bytes) -> None:
        name = Path(os.fsdecode(path)).name
        temporary = name.startswith(".") or name.endswith((".tmp", ".part", ".filepart"))
        if self._vendor.fault("read-only"):
            raise asyncssh.SFTPPermissionDenied("Read only")
        if temporary and self._vendor.fault("no-temporary"):
            raise asyncssh.SFTPPermissionDenied("This file name is not allowed")

    async def _answering(self) -> None:
        """Returns at once, or, while the fault `hang` is on, not before the client has gone."""
        while self._vendor.fault("hang") and not self.channel.is_closing():
            await asyncio.sleep(0.05)

    async def _carry(self, handle: _Handle, count: int) -> None:
        """Count the bytes; take the time of a slow line; break the connection off when it is due."""
        self._moved += count
        if fault := self._vendor.fault("slow"):
            await asyncio.sleep(count / fault.options["rate"])
        fault = self._vendor.fault("cut")
        if not self._cut and fault and self._moved > fault.options["after"]:
            self._cut = self._vendor.countdown.strike("cut", fault.target) is not None
        if self._cut:  # what was sent before the client noticed still comes in, and is lost too
            self.connection.abort()
            raise asyncssh.SFTPConnectionLost("cut")
        handle.bytes += count


def _handle(file_obj: object) -> _Handle:
    if not isinstance(file_obj, _Handle):
        raise asyncssh.SFTPFailure("not an open file")
    return file_obj


class SftpServers:
    """All accounts' listeners, in one thread with an event loop of its own."""

    name = "SFTP"

    def __init__(self, accounts: list[Account], faults: FaultFile, latency: Latency) -> None:
        self._vendors = [_Vendor(account, faults, latency) for account in accounts]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sftp", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        asyncssh.set_log_level("ERROR")

    def start(self) -> None:
        """Returns when every port listens. Raises OSError if one is taken."""
        listeners = [(vendor, _listener(vendor.account.port)) for vendor in self._vendors]
        self._stop = asyncio.Event()
        self._accepting = [self._loop.create_task(self._accept(*pair)) for pair in listeners]
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(asyncio.gather(*self._accepting))

    async def _accept(self, vendor: _Vendor, listener: socket.socket) -> None:
        """We accept the sockets ourselves, so that each connection may be shown another host key."""
        with listener:
            while True:
                connection, _ = await self._loop.sock_accept(listener)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                task = self._loop.create_task(_serve(vendor, connection))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        for task in self._accepting:
            self._loop.call_soon_threadsafe(task.cancel)
        self._thread.join(2)


def _listener(port: int) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    listener.setblocking(False)
    return listener


async def _serve(vendor: _Vendor, connection: socket.socket) -> None:
    """One connection, until it ends; a client that breaks off is no error of ours."""
    account = vendor.account
    host_key = account.other_key if vendor.fault("host-key") else account.host_key
    with contextlib.suppress(asyncssh.Error, OSError):
        served = await asyncssh.run_server(
            connection,
            server_host_keys=hostkeys.shown(host_key),
            server_factory=lambda: _Login(vendor),
            sftp_factory=lambda channel: _Session(channel, vendor),
            allow_scp=False,
            login_timeout=30,
        )
        await served.wait_closed()
