"""Every way in which a morning can fail to go on. Each says what was found, what was expected, what to do next.

    PipelineError                 something is broken: exit code 30
    ├── ConfigurationError        luigi.cfg, a catalogue row, a schema or a secret is not as it must be
    ├── VendorError               a vendor's server
    │   ├── HostKeyRefused        shows a key that is not pinned; nobody logs in
    │   ├── LoginRefused          does not take our credentials; never tried twice
    │   ├── VendorUnreachable     did not answer, or broke off, after the bounded retries
    │   ├── TransferIncomplete    the bytes that arrived are not those that were sent
    │   ├── StaleFile             gives the same bytes morning after morning
    │   └── Overdue               has no file of this morning after its deadline
    ├── ContractBroken            a file that came in is not what its contract says; it is in quarantine
    ├── DiskFailed                our own disk is full, or cannot be written
    ├── StandsStill               a task, or the whole run, has not moved for too long and was given up
    ├── WarehouseError            BigQuery or Cloud Storage refused, or holds what we did not put there
    │   └── WrittenByAnother      somebody else has changed it since it was looked at
    ├── AtWorkElsewhere           another machine does it just now, or has taken it over
    ├── StatementRefused          GoogleSQL does not take a statement; it says in which line and column
    └── OnHold                    a delivery is checked and waits for a person: exit code 40

A vendor's file that is not there yet is no error before its deadline: its `VendorFile` is incomplete, and the exit
code 20.

No message holds a value out of a file, a secret, or a person's name: `masked` shows a value's shape instead.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class PipelineError(Exception):
    """Something is broken; the message is three sentences: found, expected, next. A command of the last that can be
    pasted stands between `backticks`.

    `shared` is what the error has in common with others of the same cause, as a sentence: one login, one outage. Where
    it is empty, errors of the same sentences are of one cause.
    """

    def __init__(self, found: str, *, expected: str, next_step: str, shared: str = "") -> None:
        self.found, self.expected, self.next_step, self.shared = found, expected, next_step, shared
        super().__init__(f"found: {found}\nexpected: {expected}\nnext: {next_step}")


class ConfigurationError(PipelineError):
    """luigi.cfg, a catalogue row, a schema or a secret is not as it must be."""


class VendorError(PipelineError):
    """A vendor's server did not do what it must."""


class HostKeyRefused(VendorError):
    """The server shows a host key that is not pinned."""


class LoginRefused(VendorError):
    """The server does not take our credentials."""


class VendorUnreachable(VendorError):
    """The server did not answer, or broke off, after the bounded retries."""


class TransferIncomplete(VendorError):
    """The bytes that arrived are not those that were sent."""


class StaleFile(VendorError):
    """The vendor gives the same bytes morning after morning."""


class Overdue(VendorError):
    """The vendor has no file of this morning, after the feed's deadline."""


class ContractBroken(PipelineError):
    """A file that came in is not what its contract says."""


class DiskFailed(PipelineError):
    """Our own disk is full, or cannot be written."""


class StandsStill(PipelineError):
    """A task, or the whole run, has not moved for too long."""


class WarehouseError(PipelineError):
    """BigQuery or Cloud Storage refused, or holds what we did not put there.

    `answer` is the kind of Google's answer (the class of its client's error: BadRequest), `reason` BigQuery's word for
    why (invalidQuery); both are empty where nothing was answered.
    """

    def __init__(
        self,
        found: str,
        *,
        expected: str,
        next_step: str,
        shared: str = "",
        answer: str = "",
        reason: str = "",
    ) -> None:
        super().__init__(found, expected=expected, next_step=next_step, shared=shared)
        self.answer, self.reason = answer, reason


class WrittenByAnother(WarehouseError):
    """Somebody else wrote the object, or has the table or what is below in hand; nothing was changed."""


class AtWorkElsewhere(PipelineError):
    """Another machine does it just now, or has taken it over; `about` is what it said of it, `since` when it began by
    its own clock (ISO 8601), `lease` what tells its lease from others."""

    def __init__(
        self, found: str, *, expected: str, next_step: str, about: str = "", since: str = "", lease: str = ""
    ) -> None:
        super().__init__(found, expected=expected, next_step=next_step)
        self.about, self.since, self.lease = about, since, lease


class StatementRefused(PipelineError):
    """GoogleSQL does not take a statement; `line` and `column` are counted from 1, of the statement's text."""

    def __init__(self, found: str, *, expected: str, next_step: str, line: int = 1, column: int = 1) -> None:
        super().__init__(found, expected=expected, next_step=next_step)
        self.line, self.column = line, column


class OnHold(PipelineError):
    """A delivery waits for a person's decision."""


def parted(message: str) -> tuple[str, str, str]:
    """The three sentences of a message of ours, without the words before them; of any other message, all of it as what
    was found."""
    match = re.fullmatch(r"found: (.*)\nexpected: (.*)\nnext: (.*)", message, re.S)
    return (match[1], match[2], match[3]) if match else (message, "", "")


def masked(value: str, width: int = 24) -> str:
    """The shape of a value: letters become a, digits 9, the rest stays. A format without the data."""
    shape = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:width]))
    return repr(shape + ("…" if len(value) > width else ""))


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The known name that was probably meant, as a question; or else what to do."""
    meant = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {meant[0]}?" if meant else otherwise


def nearest(known: Mapping[str, T], name: str, what: str) -> T:
    """What is called `name`. Raises ConfigurationError, which names the name that was probably meant."""
    if name in known:
        return known[name]
    raise ConfigurationError(
        f"no {what} is called {name}",
        expected=f"one of {', '.join(known)}",
        next_step=did_you_mean(name, known, "correct the name"),
    )
