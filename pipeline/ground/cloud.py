"""What the two adapters to Google's cloud share: clients of one process, bounded patience, errors without data."""

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import requests
import urllib3
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError

from pipeline.ground import settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import PipelineError, WarehouseError, masked
from pipeline.ground.masking import shown
from pipeline.ground.unused import blank, hidden

# For data frames and their progress; for traces; and for another protocol than HTTP, with its messages.
_UNUSED = ("numpy", "pandas", "pyarrow", "tqdm", "opentelemetry", "grpc")
_UNASKED = ("google.rpc.error_details_pb2", "google.protobuf.duration_pb2", "google.protobuf.timestamp_pb2")
with hidden(*_UNUSED), blank(*_UNASKED):
    import google.cloud.bigquery.retry
    import google.cloud.client
    import google.cloud.storage.retry
    from google.api_core.exceptions import RetryError
    from google.api_core.retry import Retry

log = logging.getLogger(__name__)

T = TypeVar("T")
C = TypeVar("C", bound=google.cloud.client.ClientWithProject)
# So many connections to each of the services are kept.
CONNECTIONS = 64
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


def roomy(client: C) -> C:
    """The client, which keeps a connection for each task that may wait at once; of itself it keeps ten, and makes a new
    one, with its handshakes, for each further call."""
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, adapter)
    return client


def forked() -> bool:
    """Whether this process is a worker that the scheduling process forked off."""
    return os.getpid() != SCHEDULER


def credentials(endpoint: str) -> AnonymousCredentials | None:
    """None, which means Application Default Credentials, unless the endpoint is a stand-in's."""
    return AnonymousCredentials() if endpoint else None  # type: ignore[no-untyped-call]


@dataclass
class Service:
    """One of Google's services. After it has not answered once, nobody waits for it a second time in this process."""

    name: str
    # What its own client tries again: BigQuery says "not now" in other words than Cloud Storage.
    retry: Retry
    silent: str = ""  # how long it said nothing, once it has

    def patience(self) -> dict[str, Any]:
        """The `retry` and `timeout` of one call: the clients' defaults would try for ten minutes."""
        limit = self.limit
        return {"retry": self.retry.with_timeout(limit), "timeout": limit}

    @contextmanager
    def explained(self, doing: str) -> Iterator[None]:
        """Turn whatever goes wrong into our error: which work, which reason, no value out of any row."""
        if self.silent and not _anyway.get():
            raise self._unanswered(f"{doing}: not asked; {self.silent} before")
        try:
            yield
        except PipelineError:
            raise
        except Exception as error:
            log.exception("%s", doing)
            if no_answer(error):
                silent = f"{self.name} has not answered for {self.limit:g} s"
                if _brief.get() is None:
                    self.silent = silent
                raise self._unanswered(f"{doing}: {type(error).__name__}: {silent}") from None
            error, tried = _below(error), f"; tried for {self.limit:g} s" if isinstance(error, RetryError) else ""
            expected, following = _advice(error)
            raise WarehouseError(
                f"{doing}: {type(error).__name__}: {without_values(str(error))}{tried}",
                expected=expected,
                next_step=following,
                shared=self._of_all(error),
                answer=type(error).__name__,
                reason=str(next((each.get("reason") for each in getattr(error, "errors", ())), "")),
            ) from None

    @property
    def limit(self) -> float:
        """Seconds for one call, with all its tries."""
        return min(settings.load().cloud.timeout, _longest, _brief.get() or _longest)

    @contextmanager
    def briefly(self, seconds: float, *, anyway: bool = False) -> Iterator[None]:
        """No call of the block takes longer, with all its tries; one that gets no answer in that time says nothing of
        the others. With `anyway` it is asked though it was silent before."""
        tokens = _brief.set(seconds), _anyway.set(anyway)
        try:
            yield
        finally:
            _brief.reset(tokens[0])
            _anyway.reset(tokens[1])

    def _unanswered(self, found: str) -> WarehouseError:
        return WarehouseError(
            found,
            expected="an answer; in this run it is not asked again, and what needs it waits for the next one",
            next_step="look whether Google has an outage, and whether this machine reaches it; then run again",
            shared=self.silent or f"{self.name} does not answer",
        )

    def _of_all(self, error: Exception) -> str:
        """What is true of every call now: an outage, our credentials, our rights; '' of what concerns this one."""
        if isinstance(error, GoogleAuthError):
            return "this machine has no credentials that Google takes"
        code = int(getattr(error, "code", 0) or 0)
        general = code in (401, 403, 429) or code >= 500
        return f"{self.name} answers {code} ({type(error).__name__})" if general else ""


# Of all calls of this process, in seconds: who only looks is not kept waiting for as long as a run is.
_longest = float("inf")
# Of the calls of one block.
_brief: ContextVar[float | None] = ContextVar("brief", default=None)
_anyway: ContextVar[bool] = ContextVar("anyway", default=False)


def hurry(seconds: float) -> None:
    """No call of this process takes longer."""
    global _longest
    _longest = seconds


def _below(error: Exception) -> Exception:
    """What was answered the last time, of what was tried again until the patience was over."""
    while isinstance(error, RetryError) and isinstance(error.cause, Exception):
        error = error.cause
    return error


def _advice(error: Exception) -> tuple[str, str]:
    """What was expected, and what to do, by the kind of the answer."""
    if isinstance(error, GoogleAuthError):
        return (
            "Application Default Credentials: those of the machine's service account, or a key file of its own",
            "set GOOGLE_APPLICATION_CREDENTIALS to the key file (where `morning install` set this server up: in "
            "/etc/default, in the file of the service's name), or give the machine a service account; then "
            f"`{MORNING} doctor`, and run again",
        )
    code, job = int(getattr(error, "code", 0) or 0), getattr(error, "job_id", "")
    if code in (401, 403):
        return (
            "the right to do it",
            f"give the pipeline's account the role that it lacks (`{MORNING} doctor` names it); then run again",
        )
    if code == 429 or code >= 500:
        following = "nothing, if Google has an outage (status.cloud.google.com): the next run goes on"
    elif code:
        following = "correct what it names; then run again"
    else:
        following = "run again; if it stays so, look at the log for the place in the code"
    return "Google Cloud to do it", following + (f". The job is {job} in the Cloud console" if job else "")


def _too_fast(error: Exception) -> bool:
    """Whether Cloud Storage says "too many" with 403, which its client does not try again; that knows 429 alone."""
    response: Any = getattr(error, "response", None)
    if getattr(response, "status_code", 0) != 403:
        return False
    try:
        reasons = {each.get("reason") for each in response.json()["error"]["errors"]}
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
    return bool(reasons & {"rateLimitExceeded", "userRateLimitExceeded"})


def _storage_may_be_asked_again(error: Exception) -> bool:
    known: Callable[[Exception], bool] = google.cloud.storage.retry.DEFAULT_RETRY._predicate
    return known(error) or _too_fast(error)


STORAGE = Service("Cloud Storage", google.cloud.storage.retry.DEFAULT_RETRY.with_predicate(_storage_may_be_asked_again))
BIGQUERY = Service("BigQuery", google.cloud.bigquery.retry.DEFAULT_RETRY)
SECRETS = Service("Secret Manager", Retry())
# What says that a line broke or stayed silent. A bare TimeoutError is none: a job of BigQuery that is slow raises it.
_SILENCE = (
    *(ConnectionError, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError),
    *(urllib3.exceptions.ProtocolError, urllib3.exceptions.TimeoutError),
)


def no_answer(error: BaseException) -> bool:
    """Whether nothing came back: no connection, or silence on one. An answer that says "not now" is an answer.

    Before the first question a token is asked for, at another server: its silence stands below google-auth's error.
    """
    while isinstance(error, RetryError | GoogleAuthError):
        below = (error.cause if isinstance(error, RetryError) else None) or error.__cause__
        if below is None:  # google-auth names the status of an answer
            return isinstance(error, TransportError) and not re.search("status: ", str(error), re.I)
        error = below
    return isinstance(error, _SILENCE)


def without_values(message: str) -> str:
    """A message of BigQuery without the values it quotes: 'Nunez' becomes 'aaaaa', an address or a column stays."""
    message = message.split("\n")[0][:400]
    # The mark of O'Brien stands between letters and ends nothing; a value without marks may have several words.
    quoted = re.compile(r"""(?<!\w)(['"])(.*?)(?:\1(?!\w)|$)""")
    message = quoted.sub(lambda match: shown(match[2]), message)
    bare = re.compile(r"(\bvalue:|\binvalid \w+:|\b(?:parse|cast)) (?!')(.+?)(?= as | to |$)", re.I)
    return bare.sub(lambda match: f"{match[1]} {masked(match[2])}", message)
