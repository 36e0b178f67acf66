"""What the two adapters to Google's cloud share: clients of one process, bounded patience, errors without data."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from google.api_core.exceptions import GoogleAPIError
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from pipeline import settings
from pipeline.errors import WarehouseError, masked

T = TypeVar("T")
# The process that schedules; a forked worker inherits its caches but must ask for itself.
SCHEDULER = os.getpid()


def per_process(make: Callable[[], T]) -> Callable[[], T]:
    """`make` once a process: a client made before a fork stalls or hangs in the child."""
    made: dict[int, T] = {}

    @wraps(make)
    def get() -> T:
        if os.getpid() not in made:
            made[os.getpid()] = make()
        return made[os.getpid()]

    return get


def forked() -> bool:
    """Whether this process is a worker that the scheduling process forked off."""
    return os.getpid() != SCHEDULER


def credentials(endpoint: str) -> AnonymousCredentials | None:
    """None, which means Application Default Credentials, unless the endpoint is a stand-in's."""
    return AnonymousCredentials() if endpoint else None  # type: ignore[no-untyped-call]


def patience() -> dict[str, Any]:
    """The `retry` and `timeout` of one call: the clients' defaults would try for ten minutes."""
    limit = settings.load().cloud.timeout
    retry: Retry = DEFAULT_RETRY.with_timeout(limit)
    return {"retry": retry, "timeout": limit}


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn Google's errors into ours: which work, which reason, no value out of any row."""
    try:
        yield
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        raise WarehouseError(
            f"{doing}: {type(error).__name__}: {without_values(str(error))}",
            expected="Google Cloud (or its stand-in) to do it",
            next_step="run again if it was an outage; otherwise look the job up in the Cloud console",
        ) from None


def without_values(message: str) -> str:
    """A message of BigQuery without the values it quotes: 'Nunez' becomes 'aaaaa', an address stays."""
    message = message.split("\n")[0][:400]
    # The mark of O'Brien stands between letters and ends nothing; a value without marks may have several words.
    quoted = re.compile(r"""(?<!\w)(['"])(.*?)(?:\1(?!\w)|$)""")
    message = quoted.sub(lambda match: masked(match[2]), message)
    bare = re.compile(r"(\bvalue:|\binvalid \w+:|\b(?:parse|cast)) (?!')(.+?)(?= as | to |$)", re.I)
    return bare.sub(lambda match: f"{match[1]} {masked(match[2])}", message)
