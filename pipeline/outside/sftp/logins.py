"""How we log in at a vendor's server: once, with what is stored, and what each answer to it means.

What is sent is counted before it is sent (outside/refusals.py), and the count ends with a login: neither a kill nor a
server that answers by closing the line can make us knock more often than a person would.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from pipeline.ground import border, secrets, settings
from pipeline.ground.errors import ConfigurationError, LoginRefused
from pipeline.ground.patience import Watch
from pipeline.outside.refusals import UNANSWERED, Key
from pipeline.outside.sftp.handshake import told, where
from pipeline.outside.sftp.vendor import Vendor

# What a server asks for besides the password; its words are looked for in the question, and nothing of it is answered.
_CODE = re.compile(r"\b(code|token|otp|one.?time|verif\w*|passcode|pin|factor|authenticat\w*|duo|yubi\w*)\b", re.I)
_RENEWAL = re.compile(r"\b(new|current|old|retype)\b.*\bpassword", re.I)
# What paramiko says of an answer to the password that has the number of another question: it is to be changed.
_CHANGE_REQUEST = "Illegal info request"
_EXPIRED = "says that the password has expired and must be changed"
# What paramiko says when the line broke, or stayed silent, instead of an answer.
_NO_ANSWER = re.compile("shut down|timeout|no end of|No existing session", re.I)

# That it *will* expire, or must be changed every so often, is no refusal.
_EXPIRY = re.compile(r"\bexpired\b|\bmust be changed (?:now|before|immediately)\b|\bmust change your password\b", re.I)
# A question that ends so is for the password, whatever stands before it, unless it is a password of one use.
_PASSWORD = re.compile(r"^(?!.*\b(?:one.?time|otp|token|code)\b).*pass(?:word|phrase)\s*:?\s*$", re.I)
_ASK = "ask the vendor whether the account is locked or its credentials were changed"
_NEW_KEY = "give the vendor the public half of a new ed25519 key (ssh-keygen -t ed25519)"


class _Asked(paramiko.SSHException):
    """The server asks something to which the stored credentials are no answer."""


@dataclass(frozen=True)
class Stored:
    """What we log in with."""

    vendor: Vendor
    user: str
    password: str = field(repr=False)
    private: paramiko.PKey | None

    @property
    def renewed(self) -> str:
        """Where a person renews it."""
        return self._key_file if self.private else f"the secret {self.vendor.name}_password"

    @property
    def key(self) -> Key:
        account = settings.load().account(self.vendor.name)
        at = f"{account.user} at {account.host}:{account.port}"
        return Key(self.vendor.name, at, told(self.private) if self.private else self.password, self.renewed)

    @property
    def _key_file(self) -> str:
        return settings.load().account(self.vendor.name).key


def log_in(transport: paramiko.Transport, vendor: Vendor, watch: Watch) -> None:
    """Raises LoginRefused, also when the same credentials were refused today; ConfigurationError."""
    login = stored(vendor)
    with login.key.knocking():
        try:
            with watch.waiting("the login"):
                more = _knocked(transport, login)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise _unwelcome(transport, login, error) from None
        if more:
            means = "key" if login.private else "password"
            what = f"takes the {means}, and wants also: {border.printable(', '.join(more))}"
            raise _refused(login, what, "ask for an account that one of them opens: a program has no second one")
        login.key.let_in()


def stored(vendor: Vendor) -> Stored:
    """What the configuration and the secrets say. Raises ConfigurationError."""
    account = settings.load().account(vendor.name)
    private = _private_key(vendor, Path(account.key)) if account.key else None
    return Stored(vendor, account.user, "" if private else secrets.read(f"{vendor.name}_password"), private)


def _knocked(transport: paramiko.Transport, login: Stored) -> list[str]:
    """What the server wants besides; nothing when we are in."""
    if login.private:
        return list(transport.auth_publickey(login.user, login.private))
    try:
        return list(transport.auth_password(login.user, login.password, fallback=False))
    except paramiko.BadAuthenticationType as error:
        if "keyboard-interactive" not in error.allowed_types:
            raise
        return list(
            transport.auth_interactive(
                login.user, _answers(login.password, login.user, settings.load().account(login.vendor.name).host)
            )
        )


def _answers(password: str, *known: str) -> Callable[[str, str, list[tuple[str, bool]]], list[str]]:
    """Answers one question for a password with it, and nothing else. `known` are words of ours that a question may
    hold: the user, the host."""
    asked: list[str] = []

    def answer(title: str, instructions: str, questions: list[tuple[str, bool]]) -> list[str]:
        if not questions:  # some servers have only something to say; their answer to the login is what counts
            return []
        asked.extend(question for question, _ in questions)
        words = border.printable(" / ".join(question.strip() for question, _ in questions))
        if _RENEWAL.search(words) or _EXPIRY.search(f"{title} {instructions} {words}"):
            raise _Asked(_EXPIRED)
        if not _PASSWORD.search(words) and _CODE.search(_without(words, known)):
            raise _Asked(f"asks for a code ({words})")
        shown = any(echo and "pass" not in question.lower() for question, echo in questions)
        if shown or len(asked) > 1:
            raise _Asked(f"asks for more than the password ({words})")
        return [password]

    return answer


def _without(words: str, known: tuple[str, ...]) -> str:
    for each in filter(None, known):
        words = words.replace(each, "")
    return words


def _unwelcome(transport: paramiko.Transport, login: Stored, error: Exception) -> LoginRefused:
    """What the server's answer, or its silence, means."""
    said, means = str(error), "key" if login.private else "password"
    if isinstance(error, _Asked):
        advice = "log in there by hand once" if said == _EXPIRED else "ask for an account without a second factor"
        return _refused(login, said, advice)
    if _CHANGE_REQUEST in said and not login.private:
        return _refused(login, _EXPIRED, "log in there by hand once")
    if isinstance(error, paramiko.BadAuthenticationType):
        kinds = border.printable(", ".join(error.allowed_types)) or "nothing"
        other = f"`key` of [sftp:{login.vendor.name}] in luigi.cfg names a key file, a password is a secret"
        return _refused(login, f"takes no {means}, only: {kinds}", f"log in by what it takes ({other})")
    if "pubkey algorithm" in said:
        return _refused(login, f"does not know the signatures of today of our {_kind(login)} key", _NEW_KEY)
    if not isinstance(error, paramiko.AuthenticationException) or _NO_ANSWER.search(said):
        return _unanswered(login, error)
    if _old_server(transport, login):
        hint = "it names no signatures that it takes, so it may know only ssh-rsa (SHA-1) ones of our RSA key"
        return _refused(login, f"does not let {login.user} in; {hint}", f"{_NEW_KEY}; or {_ASK}")
    return _refused(login, f"does not let {login.user} in ({type(error).__name__})", _ASK)


def _kind(login: Stored) -> str:
    return login.private.get_name() if login.private else ""


def _old_server(transport: paramiko.Transport, login: Stored) -> bool:
    """Whether it refuses an RSA key and did not say which signatures of one it takes."""
    return _kind(login) == "ssh-rsa" and not getattr(transport, "server_extensions", {}).get("server-sig-algs")


def _refused(login: Stored, found: str, advice: str) -> LoginRefused:
    """A clear no: noted, so that no run of today sends the same again."""
    with suppress(OSError):  # that it cannot be noted must not hide what happened
        login.key.refused(found)
    return LoginRefused(
        f"{where(login.vendor)} {found}",
        expected=f"a login of {login.user} with the stored credentials",
        next_step=f"it was tried once and is not tried again today, lest the account be locked; {advice}; renew "
        f"{login.renewed}, or, if it is right as it is, `{login.key.retry}`; then run again",
        shared=login.key.shared,
    )


def _unanswered(login: Stored, error: Exception) -> LoginRefused:
    """Neither yes nor no: not tried again by this run, and a few times a day at most."""
    silent = isinstance(error, TimeoutError)
    return LoginRefused(
        f"{where(login.vendor)} {'says nothing' if silent else 'closes the line'} when {login.user} logs in: "
        "neither yes nor no",
        expected="an answer to the stored credentials",
        next_step=f"they were sent {login.key.sent()} times today and are sent {UNANSWERED} times at most, lest the "
        "account be locked: some servers close the line at a wrong password. The next run tries again; if it stays "
        f"so, ask the vendor, renew {login.renewed}, or `{login.key.retry}`",
        shared=login.key.shared,
    )


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
