"""The vendors' SFTP servers, by paramiko.

A server is believed when it shows a pinned host key, and by nothing else. What is transient (a broken line, a
silent server) is tried again a bounded number of times with jitter; a refused host key or login never is, since
the second wrong login of a morning may lock the account.

Connections belong to one process (they do not survive a fork) and are kept for its life: a new one costs
80-140 ms on loopback and several round trips in life.
"""

import atexit
import os
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from pipeline import manifests, secrets, settings
from pipeline.errors import (
    ConfigurationError,
    HostKeyRefused,
    LoginRefused,
    PipelineError,
    TransferIncomplete,
    VendorUnreachable,
)
from pipeline.vendors import Vendor

T = TypeVar("T")
Progress = Callable[[int, int], None]
# The largest read that servers answer in one packet (OpenSSH's limit is 256 KiB with the packet's own head).
# paramiko's 32 KiB costs a third of the speed of a large get.
REQUEST = 255 * 1024
# AES-GCM is in hardware on any server; the default order would take AES-CTR with an HMAC, at half the speed.
LANES = 2
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")


@dataclass(frozen=True)
class RemoteFile:
    """A file in somebody's folder: its name, bytes, and time of change (seconds since 1970)."""

    name: str
    size: int
    mtime: float


@dataclass(frozen=True)
class Delivered:
    """What the vendor was given: bytes by name, and the fingerprint of the host key it showed."""

    sizes: dict[str, int]
    host_key: str


# ------------------------------------------------------------------------------------------- connections

_connections: dict[tuple[int, str, int], paramiko.SFTPClient] = {}
# A refused key or login stays refused for this run: the next feed of that vendor must not knock again.
_refusals: dict[str, HostKeyRefused | LoginRefused] = {}


def _client(vendor: Vendor, lane: int = 0) -> paramiko.SFTPClient:
    """This process's connection to the vendor (the `lane`-th one, where several help)."""
    place = (os.getpid(), vendor.name, lane)
    if vendor.name in _refusals:
        raise _refusals[vendor.name]
    if place not in _connections:
        try:
            _connections[place] = _connect(vendor)
        except (HostKeyRefused, LoginRefused) as refusal:
            _refusals[vendor.name] = refusal
            raise
    return _connections[place]


@atexit.register
def close_all() -> None:
    """Leave every server that this process is connected to."""
    for place in [place for place in _connections if place[0] == os.getpid()]:
        _drop(*place)


def _drop(pid: int, vendor: str, lane: int) -> None:
    client = _connections.pop((pid, vendor, lane), None)
    if client is not None:
        with suppress(Exception):
            client.get_channel().get_transport().close()  # type: ignore[union-attr]


def _connect(vendor: Vendor) -> paramiko.SFTPClient:
    account = settings.load().account(vendor.name)
    pinned = _pinned(vendor)
    sock = socket.create_connection((account.host, account.port), timeout=vendor.timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # paramiko does not; doubles small files
    transport = paramiko.Transport(sock)
    try:
        _shake_hands(transport, vendor, pinned)
        _log_in(transport, vendor, account)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None  # noqa: S101  (None only on a transport that is not open)
        client.get_channel().settimeout(vendor.timeout)  # type: ignore[union-attr]
    except BaseException:
        transport.close()
        raise
    return client


def _pinned(vendor: Vendor) -> list[paramiko.PKey]:
    account, file = settings.load().account(vendor.name), settings.load().sftp.known_hosts
    wanted = account.host if account.port == 22 else f"[{account.host}]:{account.port}"
    lines = file.read_text().splitlines() if file.is_file() else []
    entries = [HostKeyEntry.from_line(line) for line in lines if line.strip() and not line.startswith("#")]
    found = [entry.key for entry in entries if entry and entry.key and _names(entry, wanted)]
    if not found:
        raise ConfigurationError(
            f"no host key of {vendor.name} ({wanted}) is pinned in {file}",
            expected="the key that the vendor has told you by another way than this connection",
            next_step=f"add a line `{wanted} <type> <key>` to {file}",
        )
    return found


def _names(entry: HostKeyEntry, host: str) -> bool:
    """Whether a line of known_hosts is about `host`, in clear or hashed."""
    return any(name == host or (name[:1] == "|" and HostKeys.hash_host(host, name) == name) for name in entry.hostnames)


def _shake_hands(transport: paramiko.Transport, vendor: Vendor, pinned: list[paramiko.PKey]) -> None:
    options = transport.get_security_options()
    options.ciphers = [*CIPHERS, *(cipher for cipher in options.ciphers if cipher not in CIPHERS)]
    kinds = {key.get_name() for key in pinned}
    wanted = [kind for kind in options.key_types if kind in kinds or ("ssh-rsa" in kinds and kind.startswith("rsa-"))]
    # The pinned key's type first, or a server with several keys would show another one; the others stay in the
    # list, so that a rotation to another type is told as what it is.
    options.key_types = [*wanted, *(kind for kind in options.key_types if kind not in wanted)]
    transport.start_client(timeout=vendor.timeout)
    shown = transport.get_remote_server_key()
    if shown not in pinned:
        account = settings.load().account(vendor.name)
        raise HostKeyRefused(
            f"{vendor.name} ({account.host}:{account.port}) shows the host key {_told(shown)}",
            expected=f"a pinned one: {', '.join(_told(key) for key in pinned)}",
            next_step=f"nothing was sent. Ask {vendor.name} by telephone whether the key was changed; if so, add its "
            f"line to {settings.load().sftp.known_hosts} and keep the old one until the next day",
        )


def _told(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"


def _log_in(transport: paramiko.Transport, vendor: Vendor, account: settings.SftpAccount) -> None:
    try:
        if account.key:
            transport.auth_publickey(account.user, _private_key(vendor, Path(account.key)))
        else:
            transport.auth_password(account.user, secrets.read(f"{vendor.name}_password"))
    except paramiko.AuthenticationException as error:
        raise LoginRefused(
            f"{vendor.name} ({account.host}:{account.port}) does not let {account.user} in ({type(error).__name__})",
            expected="a login with the stored credentials",
            next_step="it was tried once and is not tried again, lest the account be locked; ask the vendor whether "
            f"the account is locked or its credentials were changed, and renew {vendor.name}'s secret",
        ) from None


def _private_key(vendor: Vendor, file: Path) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(file)
    except paramiko.PasswordRequiredException:
        return paramiko.PKey.from_path(file, secrets.read(f"{vendor.name}_passphrase"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"no key file {file}", expected=f"{vendor.name}'s private key", next_step="correct `key` in luigi.cfg"
        ) from None


# ------------------------------------------------------------------------------------------ what is tried again


def _transient(error: BaseException) -> bool:
    """A broken or silent line. What the server says on purpose (no such file, no permission) is not."""
    if isinstance(error, FileNotFoundError | PermissionError | PipelineError):
        return isinstance(error, TransferIncomplete)
    return isinstance(error, OSError | EOFError | paramiko.SSHException)


def _with(vendor: Vendor, action: Callable[[paramiko.SFTPClient], T], lane: int = 0) -> T:
    """`action` on the vendor's connection, tried again on a new one while its failure is transient."""
    tries = Retrying(
        stop=stop_after_attempt(vendor.attempts),
        wait=wait_exponential_jitter(initial=0.5, max=20, jitter=1),
        retry=retry_if_exception(_transient),
        reraise=True,
    )
    try:
        for attempt in tries:
            with attempt, _fresh_after_failure(vendor, lane):
                return action(_client(vendor, lane))
    except (OSError, EOFError, paramiko.SSHException) as error:
        account = settings.load().account(vendor.name)
        raise VendorUnreachable(
            f"{vendor.name} ({account.host}:{account.port}): {type(error).__name__} {error}".rstrip(),
            expected=f"an answer within {vendor.timeout:g} s, in one of {vendor.attempts} tries",
            next_step="run again in some minutes; if it stays so, ask the vendor whether the server is down",
        ) from error
    raise AssertionError("tenacity returns or raises")


@contextmanager
def _fresh_after_failure(vendor: Vendor, lane: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _drop(os.getpid(), vendor.name, lane)
        raise


# ----------------------------------------------------------------------------------------------- in and out


def listing(vendor: Vendor, folder: str) -> dict[str, RemoteFile]:
    """The regular files of the vendor's folder, by name. Raises VendorError."""

    def look(client: paramiko.SFTPClient) -> dict[str, RemoteFile]:
        try:
            entries = client.listdir_attr(folder)
        except FileNotFoundError:
            raise VendorUnreachable(
                f"{vendor.name} has no folder {folder}",
                expected="it, since the feed's row names it",
                next_step="ask the vendor where the files are now, and correct the row in pipeline/feeds.py",
            ) from None
        return {
            entry.filename: RemoteFile(entry.filename, entry.st_size or 0, entry.st_mtime or 0)
            for entry in entries
            if stat.S_ISREG(entry.st_mode or 0)
        }

    return _with(vendor, look)


def download(vendor: Vendor, folder: str, file: RemoteFile, to: Path, progress: Progress | None = None) -> None:
    """Bring `file` (as it was listed) to `to`, whole or not at all. Raises VendorError."""
    _with(vendor, partial(_fetch, vendor=vendor, folder=folder, file=file, to=to, progress=progress))


def download_all(vendor: Vendor, folder: str, files: list[RemoteFile], to: Path) -> None:
    """Bring many files into the folder `to`. Two connections share them: small files wait for answers, not bytes."""

    def some(lane: int) -> None:
        for file in files[lane::LANES]:
            _with(vendor, partial(_fetch, vendor=vendor, folder=folder, file=file, to=to / file.name), lane)

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(some, range(LANES)))


def _fetch(
    client: paramiko.SFTPClient,
    vendor: Vendor,
    folder: str,
    file: RemoteFile,
    to: Path,
    progress: Progress | None = None,
) -> None:
    remote = str(PurePosixPath(folder) / file.name)
    with manifests.written(to) as draft:
        got = _get(client, remote, draft, file.size, progress)
        now = client.stat(remote)
        if got != file.size or (now.st_size, now.st_mtime) != (file.size, file.mtime):
            raise TransferIncomplete(
                f"{vendor.name}: {remote} gave {got} bytes and has {now.st_size} now",
                expected=f"the {file.size} bytes that were listed",
                next_step="the vendor seems to be writing it still; the next run takes it when it stands still",
            )


def _get(client: paramiko.SFTPClient, remote: str, to: Path, size: int, progress: Progress | None) -> int:
    done = 0
    with client.open(remote, "rb") as source, to.open("wb") as target:
        source.MAX_REQUEST_SIZE = REQUEST
        if size > REQUEST:
            source.prefetch(size)
        while block := source.read(REQUEST):
            target.write(block)
            done += len(block)
            if progress:
                progress(done, size)
    return done


def push(vendor: Vendor, folder: str, files: dict[str, Path], progress: Progress | None = None) -> Delivered:
    """Put `files` (name at the vendor -> our file) into the vendor's folder as one set. Raises VendorError.

    All are uploaded under temporary names beside their targets and their sizes read back; only then are they
    renamed, back to back. A temporary name is always the same one, so a killed run's is overwritten by the next.
    """
    sizes = {name: file.stat().st_size for name, file in files.items()}
    count = _Count(sum(sizes.values()), progress)
    lanes = LANES if len(files) > 16 else 1

    def send(lane: int) -> None:
        for name in list(files)[lane::lanes]:
            _with(
                vendor,
                partial(_put, vendor=vendor, file=files[name], remote=_temporary(folder, name), count=count),
                lane,
            )

    def swap_in(client: paramiko.SFTPClient) -> str:
        for name in files:
            client.posix_rename(_temporary(folder, name), str(PurePosixPath(folder) / name))
        return _told(client.get_channel().get_transport().get_remote_server_key())  # type: ignore[union-attr]

    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(send, range(lanes)))
    return Delivered(sizes, _with(vendor, swap_in))


@dataclass
class _Count:
    """Bytes sent so far, told to whoever shows progress."""

    total: int
    progress: Progress | None
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)


def _temporary(folder: str, name: str) -> str:
    return str(PurePosixPath(folder) / f".{name}.part")


def _put(client: paramiko.SFTPClient, vendor: Vendor, file: Path, remote: str, count: _Count) -> None:
    with file.open("rb") as source, client.open(remote, "wb") as target:
        target.set_pipelined(True)
        while block := source.read(REQUEST):
            target.write(block)
            count.add(len(block))
    found, size = client.stat(remote).st_size, file.stat().st_size
    if found != size:
        raise TransferIncomplete(
            f"{vendor.name} has {found} bytes of {remote}",
            expected=f"the {size} bytes that were sent",
            next_step="nothing was renamed; the next run sends the set again",
        )
