"""Secrets: read when a connection is made, kept out of everything that is written.

Every secret that was read is known here, and from the import of this module on no log record of this process
holds one: the record factory replaces it before any handler sees it, tracebacks included.
"""

import logging
import os
import stat
import traceback
from functools import cache
from pathlib import Path
from typing import Any

from pipeline import settings
from pipeline.errors import ConfigurationError, masked

_known: set[str] = set()
_make_record = logging.getLogRecordFactory()


def read(name: str) -> str:
    """The secret `name`: from PIPELINE_SECRET_<NAME>, a 0600 file, or Secret Manager, in this order.

    Raises ConfigurationError, which names the places that were looked at and no part of a secret.
    """
    variable = f"PIPELINE_SECRET_{name.upper()}"
    file = settings.load().secrets.folder / name
    project = settings.load().secrets.secret_manager_project
    if variable in os.environ:
        value = os.environ[variable]
    elif file.is_file():
        value = _from_file(file)
    elif project:
        value = _from_secret_manager(project, name)
    else:
        raise ConfigurationError(
            f"no secret {name}",
            expected=f"it in the environment ({variable}), in the file {file}, or in Secret Manager",
            next_step=f"write it into {file} (chmod 600), or name secret_manager_project in luigi.cfg",
        )
    if not value:
        raise ConfigurationError(
            f"the secret {name} is empty", expected="a value", next_step=f"set {variable} or fill {file}"
        )
    _known.add(value)
    return value


def _from_file(file: Path) -> str:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            f"{file} has mode {mode:04o}",
            expected="0600, so that only the pipeline's user reads it",
            next_step=f"chmod 600 {file}, and change the secret if others could have read it",
        )
    return file.read_text().strip("\r\n")


@cache
def _from_secret_manager(project: str, name: str) -> str:
    """Over REST with Google's own session: one call, no further client library."""
    import base64

    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    url = f"https://secretmanager.googleapis.com/v1/projects/{project}/secrets/{name}/versions/latest:access"
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    answer = session.get(url, timeout=settings.load().cloud.timeout)
    if answer.status_code != 200:
        raise ConfigurationError(
            f"Secret Manager answers {answer.status_code} for {name} in project {project}",
            expected="its latest version",
            next_step="grant the pipeline's account roles/secretmanager.secretAccessor, or create the secret",
        )
    return base64.b64decode(answer.json()["payload"]["data"]).decode()


def redact(text: str) -> str:
    """`text` without any secret that this process has read."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    return text


def without_data(error: BaseException) -> str:
    """An error's type and message; one that may quote a value of a file (a KeyError, Arrow's) has it masked."""
    message = str(error)
    if isinstance(error, ValueError | LookupError):
        message = masked(message, 300)
    return f"{type(error).__name__}: {message}"


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
