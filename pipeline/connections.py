"""Connections to the vendors' SFTP servers, by paramiko: whom we believe, how we log in, what is tried again.

A server is believed when it shows a pinned host key, and by nothing else. What is transient (a broken line, a
silent server) is tried again a bounded number of times with jitter; a refused host key or login never is, since
the second wrong login of a morning may lock the account.

Connections belong to one process (they do not survive a fork) and are kept for its life: a new one costs
80-140 ms on loopback and several round trips in life.
"""

import atexit
import os
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys
from paramiko.ssh_exception import IncompatiblePeer
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from pipeline import disk, inflight, secrets, settings
from pipeline.errors import (
    ConfigurationError,
    HostKeyRefused,
    LoginRefused,
    PipelineError,
    TransferIncomplete,
    VendorError,
    VendorUnreachable,
)
from pipeline.refusals import Key
from pipeline.ssh_rsa import SshRsaTransport
from pipeline.vendors import Vendor

T = TypeVar("T")
# AES-GCM is in hardware on any server; the default order would take AES-CTR with an HMAC, at half the speed.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
# Seconds before something transient is tried again, the first time; it doubles, and jitter is added.
PAUSE = 0.5

_connections: dict[tuple[int, str], paramiko.SFTPClient] = {}
# One task at a time talks on a connection; the others of that vendor wait for it, and log in no second time.
_in_use: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
os.register_at_fork(after_in_child=_in_use.clear)
# A refused key or login stays refused for this run: the next feed of that vendor must not knock again.
_refusals: dict[str, HostKeyRefused | LoginRefused] = {}
# What paramiko says when the line broke, or stayed silent, instead of an answer to the login.
_NO_ANSWER = re.compile("shut down|timeout")


def _client(vendor: Vendor) -> paramiko.SFTPClient:
    """This process's connection to the vendor."""
    place = (os.getpid(), vendor.name)
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


def _drop(pid: int, vendor: str) -> None:
    client = _connections.pop((pid, vendor), None)
    if client is not None:
        with suppress(Exception):
            client.get_channel().get_transport().close()  # type: ignore[union-attr]


def _connect(vendor: Vendor) -> paramiko.SFTPClient:
    account = settings.load().account(vendor.name)
    pinned = _pinned(vendor)
    sock = socket.create_connection((account.host, account.port), timeout=vendor.timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # paramiko does not; doubles small files
    transport = (SshRsaTransport if "ssh-rsa" in vendor.host_key_algorithms else paramiko.Transport)(sock)
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
    _agree(transport, vendor)
    shown = transport.get_remote_server_key()
    if shown not in pinned:
        account = settings.load().account(vendor.name)
        raise HostKeyRefused(
            f"{vendor.name} ({account.host}:{account.port}) shows the host key {told(shown)}",
            expected=f"a pinned one: {', '.join(told(key) for key in pinned)}",
            next_step=f"nothing was sent. Ask {vendor.name} by telephone whether the key was changed; if so, add its "
            f"line to {settings.load().sftp.known_hosts} and keep the old one until the next day",
        )


def _agree(transport: paramiko.Transport, vendor: Vendor) -> None:
    """Set up the line; a server whose host key cannot be proved in a way that we take will not have one tomorrow."""
    try:
        transport.start_client(timeout=vendor.timeout)
    except IncompatiblePeer as error:
        if "host key" not in str(error):
            raise
        account = settings.load().account(vendor.name)
        raise HostKeyRefused(
            f"{vendor.name} ({account.host}:{account.port}) proves its host key in no way that we take",
            expected=f"one of {', '.join(transport.get_security_options().key_types)}",
            next_step=f"nothing was sent. Ask {vendor.name} for an ed25519 key, or for rsa-sha2 signatures by its RSA "
            "key. As a last resort, if its server knows ssh-rsa (SHA-1) and nothing better, give its row in "
            'pipeline/vendors.py host_key_algorithms=("ssh-rsa",)',
        ) from None


def told(key: paramiko.PKey) -> str:
    """A host key as people compare it: its type and fingerprint."""
    return f"{key.get_name()} {key.fingerprint}"


def _log_in(transport: paramiko.Transport, vendor: Vendor, account: settings.SftpAccount) -> None:
    """Raises LoginRefused, also when the same credentials were refused today."""
    where = f"{account.user} at {account.host}:{account.port}"
    private = _private_key(vendor, Path(account.key)) if account.key else None
    password = "" if private else secrets.read(f"{vendor.name}_password")
    secret, renewed = (told(private), account.key) if private else (password, f"the secret {vendor.name}_password")
    key = Key(vendor.name, where, secret, renewed)
    key.refuse_to_knock()
    try:
        if private:
            transport.auth_publickey(account.user, private)
        else:
            transport.auth_password(account.user, password)
    except paramiko.AuthenticationException as error:
        if not _NO_ANSWER.search(str(error)):
            with suppress(OSError):  # that it cannot be noted must not hide what happened
                key.refused()
        raise LoginRefused(
            f"{vendor.name} ({account.host}:{account.port}) does not let {account.user} in ({type(error).__name__})",
            expected="a login with the stored credentials",
            next_step="it was tried once and is not tried again today, lest the account be locked; ask the vendor "
            f"whether the account is locked or its credentials were changed; renew {renewed}, or, if it is right as it "
            f"is, `{key.retry}`; then run again",
        ) from None


def _private_key(vendor: Vendor, file: Path) -> paramiko.PKey:
    try:
        return _read_key(vendor, file)
    except (OSError, ValueError, paramiko.SSHException) as error:
        raise ConfigurationError(
            f"the key file {file} cannot be read ({type(error).__name__})",
            expected=f"{vendor.name}'s private key, and its passphrase as the secret {vendor.name}_passphrase",
            next_step=f"correct `key` of [sftp:{vendor.name}] in luigi.cfg, or the secret",
        ) from None


def _read_key(vendor: Vendor, file: Path) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(file)
    except (paramiko.PasswordRequiredException, TypeError):
        passphrase = secrets.read(f"{vendor.name}_passphrase").encode()
        return paramiko.PKey.from_path(file, passphrase)  # type: ignore[arg-type]  # a str, as declared, is refused


def folder(vendor: Vendor, named: str) -> str:
    """A folder as a catalogue row names it, `{user}` replaced by the name of our account at the vendor."""
    return named.replace("{user}", settings.load().account(vendor.name).user)


# ------------------------------------------------------------------------------------------ what is tried again


def _transient(error: BaseException) -> bool:
    """A broken or silent line, or a server that failed. No such file, no permission, and our own disk are not."""
    if isinstance(error, FileNotFoundError | PermissionError | PipelineError) or _our_own(error):
        return isinstance(error, TransferIncomplete)
    return isinstance(error, OSError | EOFError | paramiko.SSHException)


def _our_own(error: BaseException) -> bool:
    """An error of this machine's files: a line's and a server's have other numbers and name no file."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno in disk.FAILURES)


def _refusal(error: BaseException) -> bool:
    """What the server said in so many words; paramiko gives it as an OSError without a number."""
    said = type(error) is OSError and error.errno is None and "closed" not in str(error)
    return said or isinstance(error, FileNotFoundError | PermissionError | inflight.Refused)


def on(vendor: Vendor, action: Callable[[paramiko.SFTPClient], T]) -> T:
    """`action` on the vendor's connection, tried again on a new one while its failure is transient."""
    tries = Retrying(
        stop=stop_after_attempt(vendor.attempts),
        wait=wait_exponential_jitter(multiplier=PAUSE, max=20, jitter=2 * PAUSE),
        retry=retry_if_exception(_transient),
        reraise=True,
    )
    try:
        for attempt in tries:
            with _in_use[vendor.name], attempt, _fresh_after_failure(vendor):
                return action(_client(vendor))
    except (OSError, EOFError, paramiko.SSHException) as error:
        if _our_own(error):
            raise
        raise _explained(vendor, error) from None
    raise AssertionError("tenacity returns or raises")


def _explained(vendor: Vendor, error: Exception) -> VendorError:
    account = settings.load().account(vendor.name)
    where = f"{vendor.name} ({account.host}:{account.port})"
    told = secrets.redact(f"{type(error).__name__} {error}".rstrip())
    if _refusal(error):
        return VendorError(
            f"{where} refuses: {told}",
            expected="the right to read and write there, and space",
            next_step=f"ask the vendor about the folder's rights and space, and compare its name with the row in "
            f"pipeline/feeds.py or pipeline/deliveries.py that names {vendor.name}",
        )
    return VendorUnreachable(
        f"{where}: {told}",
        expected=f"an answer within {vendor.timeout:g} s, in one of {vendor.attempts} tries",
        next_step="run again in some minutes; if it stays so, ask the vendor whether the server is down",
    )


@contextmanager
def _fresh_after_failure(vendor: Vendor) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _drop(os.getpid(), vendor.name)
        raise
