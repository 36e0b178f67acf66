"""Connections to the vendors' SFTP servers, by paramiko: kept for a process's life, bounded in every wait, tried again.

What is transient (a broken line, a silent server) is tried again a bounded number of times with jitter. A refused host
key or login never is, since the second wrong login of a morning may lock the account; nor is, in this run, a server
that was silent to the end, or everything that needs it would wait for it anew.

Connections belong to one process (they do not survive a fork) and are kept for its life: a new one costs
80-140 ms on loopback and several round trips in life.
"""

import atexit
import os
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import paramiko
from paramiko.message import Message
from paramiko.sftp import CMD_VERSION

from pipeline.ground import border, disk, settings
from pipeline.ground.errors import PipelineError, TransferIncomplete, VendorError, VendorUnreachable
from pipeline.ground.patience import Turns, Watch, bounded
from pipeline.ground.unused import hidden
from pipeline.outside import refusals
from pipeline.outside.sftp import inflight, known_hosts, logins
from pipeline.outside.sftp.handshake import Transport, shake_hands, show
from pipeline.outside.sftp.handshake import told as told
from pipeline.outside.sftp.handshake import where as where
from pipeline.outside.sftp.ssh_rsa import SshRsaTransport
from pipeline.outside.sftp.vendor import Vendor

with hidden("tornado"):  # for coroutines of its own
    from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

T = TypeVar("T")
# Seconds before something transient is tried again, the first time; it doubles, and jitter is added.
PAUSE = 0.5

_connections: dict[tuple[int, str], "Client"] = {}
# One task at a time talks on a connection; the others of that vendor wait for it, and log in no second time.
_turns = Turns()
# What stays so for this run: the next feed of that vendor must not knock, or wait, again.
_refusals: dict[str, VendorError] = {}


class Client(paramiko.SFTPClient):
    """paramiko's, with each of its waits under the watch of its connection. `extensions` are what the server says that
    it can besides the protocol, which paramiko does not keep."""

    def __init__(self, channel: paramiko.Channel, watch: Watch) -> None:
        self.watch, self.extensions = watch, frozenset[str]()
        super().__init__(channel)

    def _read_packet(self) -> tuple[int, bytes]:
        with self.watch.waiting("an answer"):
            packet: tuple[int, bytes] = super()._read_packet()  # type: ignore[misc]
        if packet[0] == CMD_VERSION:
            self.extensions = _extensions(packet[1])
        return packet

    def _send_packet(self, kind: int, packet: object) -> None:
        try:
            with self.watch.waiting("a request"):
                super()._send_packet(kind, packet)  # type: ignore[misc]
        except EOFError:  # of the line; a file's end is an answer
            raise paramiko.SSHException("the line is closed") from None


def _extensions(version: bytes) -> frozenset[str]:
    """The names after the number in a server's first packet, each of which has a value."""
    told, found = Message(version[4:]), list[bytes]()
    while told.get_remainder():
        found.append(told.get_binary())
        told.get_binary()
    return frozenset(name.decode("ascii", "replace") for name in found)


def patience(vendor: Vendor) -> float:
    """Seconds that a look into its folder may take as a whole."""
    return vendor.patience or settings.load().sftp.patience


def _silence(vendor: Vendor) -> float:
    """Seconds that one wait may last."""
    return min(vendor.timeout, patience(vendor))


def _client(vendor: Vendor, until: float | None = None) -> Client:
    """This process's connection to the vendor, which must do its work by `until` (of time.monotonic)."""
    place = (os.getpid(), vendor.name)
    if vendor.name in _refusals:
        raise _refusals[vendor.name]
    if place not in _connections:
        try:
            _connections[place] = _connect(vendor, until)
        except TransferIncomplete:
            raise
        except VendorError as refusal:
            _refusals[vendor.name] = refusal
            raise
    _connections[place].watch.until = until
    return _connections[place]


@atexit.register
def close_all() -> None:
    """Leave every server that this process is connected to."""
    for place in [place for place in _connections if place[0] == os.getpid()]:
        _drop(*place)


def _drop(pid: int, vendor: str) -> None:
    client = _connections.pop((pid, vendor), None)
    if client is not None:
        client.watch.stop()
        with suppress(Exception):
            client.get_channel().get_transport().close()  # type: ignore[union-attr]


def _connect(vendor: Vendor, until: float | None) -> Client:
    pinned = known_hosts.pinned(vendor)
    transport, watch = _dialled(vendor, until)
    try:
        shake_hands(transport, vendor, pinned, watch)
        logins.log_in(transport, vendor, watch)
        return _session(transport, vendor, watch)
    except BaseException:
        watch.stop()
        transport.close()
        raise


def _dialled(vendor: Vendor, until: float | None) -> tuple[Transport, Watch]:
    """A line to the vendor's server, on which nothing has been said, and its watch."""
    account = settings.load().account(vendor.name)
    left = _silence(vendor) if until is None else max(0.01, min(_silence(vendor), until - time.monotonic()))
    sock = bounded(
        left,
        lambda: socket.create_connection((account.host, account.port), timeout=left),
        f"resolving {account.host} and connecting to it",
        late=socket.socket.close,
    )
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # paramiko does not; doubles small files
    transport = (SshRsaTransport if "ssh-rsa" in vendor.host_key_algorithms else Transport)(sock)
    _leave_the_clock_to_us(transport, vendor)
    watch = Watch(_silence(vendor), transport.close)
    watch.until = until
    return transport, watch


def offered(vendor: Vendor, kinds: Collection[str] = ()) -> paramiko.PKey:
    """The host key that the vendor's server shows just now, of one of these types if it has one: nobody logs in, and
    nothing is believed. Raises VendorError."""
    try:
        transport, watch = _dialled(vendor, None)
        try:
            return show(transport, vendor, kinds, watch)
        finally:
            watch.stop()
            transport.close()
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise _explained(vendor, error, None) from None


def _leave_the_clock_to_us(transport: paramiko.Transport, vendor: Vendor) -> None:
    """paramiko's own bounds are wider than ours, so that one clock alone decides, and its error is told as one."""
    wider = 2 * _silence(vendor)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = transport.channel_timeout = wider


def _session(transport: paramiko.Transport, vendor: Vendor, watch: Watch) -> Client:
    with watch.waiting("the opening of a channel"):
        channel = transport.open_session()
        channel.settimeout(_silence(vendor))
        channel.invoke_subsystem("sftp")
    return Client(channel, watch)


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


def on(vendor: Vendor, action: Callable[[paramiko.SFTPClient], T], within: float | None = None) -> T:
    """`action` on the vendor's connection, tried again on a new one while its failure is transient.

    With `within`, all of it is over after so many seconds, from its first turn on the connection on.

    Raises VendorError, and OSError when it is our own disk's.
    """
    if (os.getpid(), vendor.name) not in _connections:
        refusals.look()  # not in the vendor's own time
    clock = _Clock(within)
    try:
        for attempt in _tries(vendor, clock):
            with _turns.of(vendor.name), attempt, _fresh_after_failure(vendor):
                return action(_client(vendor, clock.until()))
    except (OSError, EOFError, paramiko.SSHException) as error:
        if _our_own(error):
            raise
        raise _explained(vendor, error, within) from None
    raise AssertionError("tenacity returns or raises")


@dataclass
class _Clock:
    """When something must be over that may last `within` seconds; it begins when it is looked at first."""

    within: float | None
    begun: float | None = None

    def until(self) -> float | None:
        """A moment of time.monotonic; None when it may last."""
        self.begun = self.begun or time.monotonic()
        return self.within and self.begun + self.within

    def over(self, state: RetryCallState) -> bool:
        """Whether the next try would come too late."""
        until = self.until()
        return until is not None and time.monotonic() + state.upcoming_sleep > until


def _tries(vendor: Vendor, clock: _Clock) -> Retrying:
    return Retrying(
        stop=lambda state: state.attempt_number >= vendor.attempts or clock.over(state),
        wait=wait_exponential_jitter(multiplier=PAUSE, max=20, jitter=2 * PAUSE),
        retry=retry_if_exception(_transient),
        reraise=True,
    )


def _explained(vendor: Vendor, error: Exception, within: float | None) -> VendorError:
    told = border.printable(f"{type(error).__name__} {error}".rstrip())
    if _refusal(error):
        return VendorError(
            f"{where(vendor)} refuses: {told}",
            expected="the right to read and write there, and space",
            next_step=f"ask the vendor about the folder's rights and space, and compare its name with the row in "
            f"the catalogue's feeds.py or deliveries.py that names {vendor.name}",
        )
    whole = f" and {within:g} s as a whole" if within else ""
    silent = VendorUnreachable(
        f"{where(vendor)}: {told}",
        expected=f"an answer within {_silence(vendor):g} s{whole}, in one of {vendor.attempts} tries",
        next_step="run again in some minutes; if it stays so, ask the vendor whether the server is down",
        shared=f"{where(vendor)} cannot be reached",
    )
    if isinstance(error, TimeoutError):
        _refusals[vendor.name] = silent
    return silent


@contextmanager
def _fresh_after_failure(vendor: Vendor) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _drop(os.getpid(), vendor.name)
        raise
