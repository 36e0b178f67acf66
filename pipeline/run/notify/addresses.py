"""The addresses of a receiver, and a message to one of them: by apprise, which knows a hundred services.

An address is a secret. apprise writes addresses, parts of them and what servers answer into its log; none of that
leaves this module but the reason of a failure, without any part of the address.
"""

import contextlib
import contextvars
import logging
import re
import threading
import urllib.parse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.ground import border, secrets
from pipeline.ground.errors import ConfigurationError, PipelineError
from pipeline.ground.patience import bounded
from pipeline.ground.receivers import Receiver
from pipeline.run.notify.digest import Message

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

# Seconds for one message, with all waits of it: a server that says nothing holds up no run for longer.
PATIENCE = 20.0


@dataclass(frozen=True, repr=False)
class Address:
    """One line of a receiver's secret, the `number`th (from 1) of those that say something."""

    receiver: str
    number: int
    secret: str
    url: str

    @property
    def name(self) -> str:
        """As messages tell it: without any part of the address."""
        return f"{self.receiver} (line {self.number} of the secret {self.secret})"


class NotSent(PipelineError):
    """A message did not reach, or not as a whole, whoever is at an address."""


def of(name: str, receiver: Receiver) -> list[Address]:
    """The addresses of the receiver. Raises ConfigurationError."""
    lines = [line.strip() for line in secrets.read(receiver.secret).splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    for line in found:
        secrets.holds([line, *_secret_parts(line)])
    if not found:
        raise ConfigurationError(
            f"the secret {receiver.secret} of [notify:{name}] holds no address",
            expected="an address a line, as mailtos://… or slack://…",
            next_step="write one into it; docs/district.md has examples",
        )
    return [Address(name, number, receiver.secret, line) for number, line in enumerate(found, 1)]


def service(address: Address) -> "NotifyBase":
    """What apprise makes of the address; asks no network. Raises ConfigurationError."""
    apprise = _apprise()
    made: NotifyBase | None = None
    with _heard(), contextlib.suppress(Exception):  # whatever a plugin makes of it: its words would hold the address
        made = apprise.Apprise.instantiate(address.url, asset=apprise.AppriseAsset(service_timeout=0))
    if made is None:
        raise ConfigurationError(
            f"apprise does not understand the address of {address.name}",
            expected="an address as docs/district.md has them, or as apprise's own pages do (mailtos://…, slack://…)",
            next_step="correct that line of the secret; a blank, @ or / within a password is written %20, %40 or %2F",
        )
    return made


def send(address: Address, message: Message, seconds: float = PATIENCE) -> str:
    """Send the message; returns what is to be said of one that reached some of those at the address. Raises
    ConfigurationError, and NotSent within `seconds`."""
    to = service(address)
    heard: list[logging.LogRecord] = []
    try:
        sent = bounded(seconds, lambda: _sent(to, message, heard), f"a message to {address.receiver}")
    except TimeoutError:
        raise _not_sent(address, f"no end after {seconds:g} s") from None
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything; its words may hold the address)
        raise _not_sent(address, type(error).__name__) from None
    if sent:
        return ""
    reason = _reason(address, heard)
    if any(record.levelno == logging.INFO and record.getMessage().startswith("Sent") for record in heard):
        return f"a message to {address.name} did not reach everybody there: {reason}"
    raise _not_sent(address, reason)


def _not_sent(address: Address, reason: str) -> NotSent:
    return NotSent(
        f"a message to {address.name} was not sent: {reason}",
        expected="the server to take it",
        next_step="nothing to do when it passes, for the next run sends it; else correct that line of the secret",
    )


def _sent(to: "NotifyBase", message: Message, heard: list[logging.LogRecord]) -> bool:
    apprise = _apprise()
    html = to.resolve_format() == apprise.NotifyFormat.HTML
    notifier = apprise.Apprise(asset=to.asset)
    notifier.add(to)
    with _heard(heard):
        return bool(
            notifier.notify(
                title=message.title,
                body=message.html if html else message.text,
                body_format=apprise.NotifyFormat.HTML if html else apprise.NotifyFormat.TEXT,
                notify_type=apprise.NotifyType.SUCCESS if message.tone == "good" else apprise.NotifyType.WARNING,
            )
        )


# ------------------------------------------------------------------------------------------- what apprise says


_loading = threading.Lock()


def _apprise() -> Any:
    """apprise with all its services, whose log goes nowhere. (It takes a second: only who sends something pays.)"""
    with _loading:
        return _loaded()


@cache
def _loaded() -> Any:
    log = logging.getLogger("apprise")
    log.propagate = False
    log.handlers = [_Listening()]
    log.setLevel(logging.DEBUG)
    with warnings.catch_warnings(action="ignore"):  # of what it imports
        import apprise

        apprise.Apprise.instantiate("json://localhost")
    return apprise


_hearing: contextvars.ContextVar[list[logging.LogRecord] | None] = contextvars.ContextVar("hearing", default=None)


class _Listening(logging.Handler):
    """Keeps what apprise says for whoever sends just now, in the same thread."""

    def emit(self, record: logging.LogRecord) -> None:
        if (heard := _hearing.get()) is not None:
            heard.append(record)


@contextlib.contextmanager
def _heard(into: list[logging.LogRecord] | None = None) -> Iterator[None]:
    token = _hearing.set(into)
    try:
        yield
    finally:
        _hearing.reset(token)


def _reason(address: Address, heard: list[logging.LogRecord]) -> str:
    """Why apprise could not send: its last complaint, and what the line's own error was."""
    said = [record for record in heard if record.levelno >= logging.WARNING][-1:]
    said += [record for record in heard if record.getMessage().startswith("Socket Exception")][-1:]
    words = "; ".join(record.getMessage() for record in said) or "apprise does not say why"
    parts = sorted(_parts(address.url), key=len, reverse=True)
    for part in parts:
        words = words.replace(part, "…")
    return border.printable(words)


# -------------------------------------------------------------------------------------- what is secret of an address


def _parts(url: str) -> set[str]:
    """Every word of the address, as it stands there and as it is meant."""
    words = re.split(r"[/:@?&=,;#<> ]+", url.partition("://")[2])
    return {each for word in words for each in (word, urllib.parse.unquote(word)) if len(each) > 3}


def _secret_parts(url: str) -> set[str]:
    """What nobody may see anywhere: passwords, and whatever looks like a token and is no name of a host or person."""
    said = re.match(r"[^:]+://[^/?#]*?:([^/?#]+)@", url)
    passwords = {said[1], urllib.parse.unquote(said[1])} if said else set()
    plain = re.compile(r"[a-z-]+|[\w.@-]+\.[a-z]+|[\d.]+")
    return passwords | {part for part in _parts(url) if len(part) > 9 and not plain.fullmatch(part)}
