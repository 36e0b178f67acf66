"""The sections that say who is told how a morning went: `[notify]`, and a `[notify:<receiver>]` for each who is told.

No address stands in them: an address holds a password or a token, so the name of a secret does.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Literal, NewType, get_args

# What a receiver may be told of. "not done" is that the promised time has passed, or that no run took place.
State = Literal["broken", "on hold", "late", "not done", "mended", "done"]
STATES: tuple[State, ...] = get_args(State)
EVERYTHING = "everything"

SecretName = NewType("SecretName", str)
States = frozenset[State]


@dataclass(frozen=True)
class Notify:
    """`heartbeat` names the secret whose value is the address of a dead man's switch; `done_by` is the local time that
    was promised; `page` and `visualiser` are the links of every message."""

    heartbeat: SecretName = SecretName("")
    done_by: dt.time | None = None
    page: str = ""
    visualiser: str = ""

    @property
    def by(self) -> dt.time:
        """When a watch looks, where nobody says so."""
        return self.done_by or dt.time(9)


@dataclass(frozen=True)
class Receiver:
    """One receiver's section, `[notify:<receiver>]`: `secret` names the secret whose lines are its addresses, as
    apprise writes them."""

    secret: SecretName
    states: States = frozenset(STATES)


def secret_name(text: str) -> SecretName:
    """Raises ValueError for what is no name: an address, above all."""
    if text and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text):
        raise ValueError
    return SecretName(text)


def time(text: str) -> dt.time | None:
    """A local time, or none. Raises ValueError."""
    return dt.datetime.strptime(text, "%H:%M").time() if text else None


def states(text: str) -> States:
    """The states of a list with commas. Raises ValueError."""
    words = {" ".join(word.split()) for word in text.split(",") if word.strip()}
    if EVERYTHING in words:
        words |= {*STATES}
    if not words or words - {*STATES, EVERYTHING}:
        raise ValueError
    return frozenset(state for state in STATES if state in words)


# What is expected of a setting of each kind.
EXPECTED: dict[Any, str] = {
    SecretName: "the name of a secret (letters, digits and _): an address holds a password or a token, so it stands in "
    "the secret and never here",
    dt.time | None: "a time of the day like 08:30",
    States: f"`{EVERYTHING}`, or some of {', '.join(STATES)}, with commas between them",
}
