"""Secrets: read when a connection is made, kept out of everything that is written.

Every secret that was read is known here, and from the import of this module on no log record of this process
holds one: the record factory replaces it before any handler sees it, tracebacks included.
"""

import base64
import html
import json
import logging
import os
import re
import stat
import sys
import threading
import traceback
import urllib.parse
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.ground import masking, settings
from pipeline.ground.errors import ConfigurationError, PipelineError, WarehouseError

log = logging.getLogger(__name__)

# Every secret that was read, in each form in which a library may write it.
_known: set[str] = set()
_make_record = logging.getLogRecordFactory()


def read(name: str) -> str:
    """The secret `name`: from PIPELINE_SECRET_<NAME>, a 0600 file, or Secret Manager, in this order.

    Raises ConfigurationError, which names the places that were looked at and no part of a secret.
    """
    variable = f"PIPELINE_SECRET_{name.upper()}"
    file = settings.load().secrets.folder / name
    try:
        value = _found(name, variable, file)
        value.encode()
    except ConfigurationError:
        raise
    except WarehouseError as error:  # of a Secret Manager that does not answer
        raise ConfigurationError(error.found, expected=error.expected, next_step=error.next_step) from None
    except Exception as error:  # noqa: BLE001  (its message may hold a part of the secret: only its kind is told)
        raise ConfigurationError(
            f"the secret {name} cannot be read ({_why(error)})",
            expected=f"UTF-8 text in {variable}, in the file {file} (0600, ours), or in Secret Manager",
            next_step=f"write it anew (`chmod 600 {file}`); to a Secret Manager, look whether this machine reaches it",
        ) from None
    if not value:
        raise ConfigurationError(
            f"the secret {name} is empty", expected="a value", next_step=f"set {variable} or fill {file}"
        )
    _known.update(_forms(value))
    return value


def holds(parts: Iterable[str]) -> None:
    """These are parts of a secret that was read, each of them secret by itself, as the password within an address."""
    _known.update(form for part in parts if part for form in _forms(part))


def _why(error: Exception) -> str:
    """Without any word of the secret."""
    if isinstance(error, UnicodeError):
        return "it is no UTF-8 text; UTF-16, as Windows writes it, has other bytes"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__


def _found(name: str, variable: str, file: Path) -> str:
    project = settings.load().secrets.secret_manager_project
    if variable in os.environ:
        return os.environ[variable]
    if file.is_file():
        return _from_file(file)
    if project:
        return _from_secret_manager(project, name)
    raise ConfigurationError(
        f"no secret {name}",
        expected=f"it in the environment ({variable}), in the file {file}, or in Secret Manager",
        next_step=f"write it into {file} (`chmod 600 {file}`), or name secret_manager_project in luigi.cfg",
    )


def _from_file(file: Path) -> str:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            f"{file} has mode {mode:04o}",
            expected="0600, so that only the pipeline's user reads it",
            next_step=f"`chmod 600 {file}`, and change the secret if others could have read it",
        )
    text = file.read_bytes().decode("utf-8-sig").strip("\r\n")
    if "\0" in text:
        raise UnicodeError
    return text


@cache
def _from_secret_manager(project: str, name: str) -> str:
    """Over REST with Google's own session: one call, no further client library."""
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    from pipeline.ground import cloud

    url = f"https://secretmanager.googleapis.com/v1/projects/{project}/secrets/{name}/versions/latest:access"
    with cloud.SECRETS.explained(f"reading the secret {name}"):
        credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        answer = session.get(url, timeout=settings.load().cloud.timeout)
    if answer.status_code != 200:
        raise ConfigurationError(
            f"Secret Manager answers {answer.status_code} for {name} in project {project}",
            expected="its latest version",
            next_step="grant the pipeline's account roles/secretmanager.secretAccessor, or create the secret",
        )
    return base64.b64decode(answer.json()["payload"]["data"]).decode()


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, and as it stands in a repr, in JSON (and each of these within another one), in HTML, in a
    URL and within base64."""
    yield secret
    quoted = {*_quoted(secret)}
    yield from quoted
    yield from (again for each in quoted for again in _quoted(each))
    escaped = html.escape(secret)
    yield from (escaped.replace("&#x27;", other) for other in ("&#x27;", "&#39;", "&apos;", "'"))
    yield from (html.escape(secret, quote=False), escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"))
    for address in (urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)):
        yield from (address, re.sub("%..", lambda byte: byte[0].lower(), address))
    for before in range(3):  # "user:secret" puts it at any of three places within base64's groups of three bytes
        told = base64.b64encode(b"\0" * before + secret.encode()).decode()
        whole = told[-(-8 * before // 6) : (before + len(secret.encode())) * 8 // 6]
        if len(whole) > 3:
            yield from (whole, whole.translate(str.maketrans("+/", "-_")))


def _quoted(text: str) -> Iterator[str]:
    """As it stands between the quotation marks of Python, whatever else stands there, and of JSON."""
    yield from (repr(text)[1:-1], repr(f'"{text}')[2:-1], repr(f"'{text}")[2:-1].removeprefix("'"))
    yield from (repr(text.encode())[2:-1], repr(f'"{text}'.encode())[3:-1])
    for told in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (told, told.replace("/", "\\/"))


def redact(text: str) -> str:
    """`text` without any secret that this process has read."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    return text


def without_data(error: BaseException) -> str:
    """An error's type and message; one that may quote a value of a file (a KeyError, Arrow's) has it masked."""
    message = str(error)
    if isinstance(error, ValueError | LookupError):
        message = masking.without_values(message)
    return f"{type(error).__name__}: {message}"


def told(error: BaseException) -> str:
    """An error as people may read it: our own with its three sentences, any other without data; no secret in either."""
    return redact(str(error) if isinstance(error, PipelineError) else without_data(error))


def _redacted_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)
    try:
        message = record.getMessage()
    except (TypeError, ValueError, LookupError):  # a library's own mistake must not end the work that logs it
        message = f"{record.msg} (with other arguments than it names)"
    record.msg, record.args = redact(message), ()
    if record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        record.exc_text = redact("".join(traceback.format_tb(error.__traceback__)) + without_data(error))
    return record


logging.setLogRecordFactory(_redacted_record)


def _unhandled(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Report what nobody has caught; the interpreter's own report would show the message as it is."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    error = error or kind()
    log.error("nobody has caught this", exc_info=(kind, error, trace))
    print("".join(traceback.format_tb(trace)) + told(error), file=sys.stderr)


def guard() -> None:
    """From now on the process reports so what nobody has caught, in any thread."""
    sys.excepthook = _unhandled
    threading.excepthook = lambda found: _unhandled(found.exc_type, found.exc_value, found.exc_traceback)
    sys.unraisablehook = lambda found: _unhandled(found.exc_type, found.exc_value, found.exc_traceback)
