"""Google on a bad day: what its services answer now and then, and the stand-ins by themselves never do.

The fault `google` throws one of them, or a mix. What is answered is what Google's pages and its clients' issues show:
BigQuery says "too many" with 403 and a reason, Cloud Storage with 429; either may have done what it does not answer to.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pipeline.sandbox.faults import Countdown

STORAGE, BIGQUERY = "storage", "bigquery"


@dataclass(frozen=True)
class Trouble:
    """What happens to one request: nothing, or one of these.

    It is answered `late`, in seconds. With a `status` that is its answer, and it is not looked at, or, with `done`, was
    looked at before. `lost`: it was looked at, and the connection ends without an answer.
    """

    late: float = 0.0
    status: int = 0
    reason: str = ""
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    done: bool = False
    lost: bool = False


_LIMITS = {
    STORAGE: Trouble(status=429, reason="rateLimitExceeded", message="The rate of changes to the object is too high."),
    BIGQUERY: Trouble(
        status=403,
        reason="rateLimitExceeded",
        message="Exceeded rate limits: too many table update operations for this table.",
    ),
}
_UNAVAILABLE = Trouble(status=503, reason="backendError", message="Service Unavailable")
_BUSY = Trouble(status=429, reason="rateLimitExceeded", message="Too Many Requests")
# Kept, and answered as if somebody else had been faster: a try of a server of Google's own came second to the first.
_STORED = Trouble(
    status=412,
    reason="conditionNotMet",
    message="At least one of the pre-conditions you specified did not hold.",
    done=True,
)
# Each takes the service and the fault's seconds.
_EACH: dict[str, Callable[[str, float], Trouble]] = {
    "rate-limit": lambda service, _: _LIMITS[service],
    "unavailable": lambda *_: _UNAVAILABLE,
    "busy": lambda _, seconds: replace(_BUSY, headers=(("Retry-After", f"{seconds:.0f}"),)),
    "lost": lambda *_: Trouble(lost=True),
    "stored": lambda *_: _STORED,
    "slow": lambda _, seconds: Trouble(late=seconds),
}
# What is no matter of one answer: a job is PENDING for so long; a listing tells labels as they were so long ago.
PENDING, BEHIND = "pending", "behind"
MIX = "mix"


class BadDay:
    """Whether the fault is on, and what it does to each request and job. Safe to use from several threads."""

    def __init__(self, countdown: Countdown) -> None:
        self._countdown = countdown
        self._dice: dict[int, random.Random] = {}
        self._lock = threading.Lock()

    def of(self, service: str, method: str, url: str) -> Trouble:
        """What happens to this request; `url` is its path with the query."""
        if fault := self._countdown.strike(service):
            return Trouble(status=fault.options["status"], reason="backendError", message=f"fault: {service}")
        possible = [how for how in _EACH if how != "stored" or (service == STORAGE and _stores(method, url))]
        for how in possible:
            if fault := self._countdown.strike("google", how=how):
                return _EACH[how](service, fault.options["seconds"])
        if mixed := self._mixed(possible):
            how, seconds = mixed
            return _EACH[how](service, seconds)
        return Trouble()

    def seconds(self, how: str) -> float:
        """For how long this job is pending, or this listing behind; 0 for not at all."""
        if fault := self._countdown.strike("google", how=how):
            return float(fault.options["seconds"])
        mixed = self._mixed([how])
        return mixed[1] if mixed else 0.0

    def rights(self) -> bool:
        """Whether we have the rights in the bucket that we ask about."""
        return self._countdown.strike("no-rights") is None

    def largest(self) -> int:
        """Bytes that an object of an extract may have; 0 for as many as with Google."""
        fault = self._countdown.strike("small-objects")
        return int(fault.options["bytes"]) if fault else 0

    def failing(self, kind: str) -> str:
        """BigQuery's word for why this job of that kind fails; "" when it does not."""
        fault = self._countdown.strike("job-fails", job=kind)
        return str(fault.options["reason"]) if fault else ""

    def _mixed(self, possible: list[str]) -> tuple[str, float] | None:
        """One of the troubles and its seconds, when a mix is on and strikes here."""
        with self._lock:
            if not (fault := self._countdown.strike("google", how=MIX)):
                return None
            dice = self._dice.setdefault(fault.id, random.Random(fault.options["seed"]))
            if dice.random() >= fault.options["share"]:
                return None
            return dice.choice(possible), dice.uniform(0, fault.options["seconds"])


# The HTTP status of each reason (BigQuery's error table) that the stand-in has none for.
_STATUSES = {
    **{"backendError": 503, "internalError": 500, "rateLimitExceeded": 403, "resourcesExceeded": 400},
    **dict.fromkeys(("jobBackendError", "jobInternalError", "jobRateLimitExceeded"), 400),
}


def _stores(method: str, url: str) -> bool:
    """Whether an object may stand in the bucket when this request has been answered."""
    return "/upload/" in url and (method == "PUT" or (method == "POST" and "uploadType=resumable" not in url))


def trouble_jobs(bad_day: BadDay) -> None:
    """BigQuery's stand-in: a job is PENDING for a while (who cancels it need not wait for that), or it begins and then
    ends with an error."""
    from local_bigquery.errors import STATUSES, BigQueryError
    from local_bigquery.jobs import runner

    # Without it, who asks for a query's rows in the same call gets a 500 of another kind.
    STATUSES |= {reason: (status, "UNAVAILABLE") for reason, status in _STATUSES.items()}
    execute, query, handle = runner._execute, runner._query, runner._handle

    def execute_later(job: Any, kind: str, session: Any, running: Any, upload: str | None) -> None:
        until = time.monotonic() + bad_day.seconds(PENDING)
        while time.monotonic() < until and not running.cancelled:
            time.sleep(0.02)
        execute(job, kind, session, running, upload)

    def fail(kind: str) -> None:
        if reason := bad_day.failing(kind):
            raise BigQueryError(reason, "Resources exceeded: fault job-fails")

    def queried(*args: Any) -> Any:
        fail("query")
        return query(*args)

    def handled(job: Any, kind: str, *args: Any) -> Any:
        fail(kind)
        return handle(job, kind, *args)

    runner._execute, runner._query, runner._handle = execute_later, queried, handled


def let_listings_be_behind(bad_day: BadDay) -> None:
    """The trouble `behind`: tables.list tells labels that were changed a moment ago as they were before."""
    from local_bigquery.catalog import metadata, tables
    from local_bigquery.models import Table

    update, list_ = tables.update, tables.list_
    # Each change: when, which table, its labels before.
    before: deque[tuple[float, tuple[str, str, str], dict[str, str] | None]] = deque(maxlen=1000)

    def noted(project: str, dataset: str, table: str, body: Any, etag: str | None, replace: bool) -> Any:
        stored = metadata.load(Table, project, dataset, table)
        before.append((time.monotonic(), (project, dataset, table), stored.labels if stored else None))
        return update(project, dataset, table, body, etag, replace)

    def as_it_was(project: str, dataset: str) -> list[Any]:
        listed = list_(project, dataset)
        if not (seconds := bad_day.seconds(BEHIND)):
            return list(listed)
        since = time.monotonic() - seconds
        was = {
            table[2]: held
            for when, table, held in reversed(list(before))
            if when > since and table[:2] == (project, dataset)
        }
        return [
            each.replace(labels=was[name]) if (name := each.tableReference.tableId) in was else each for each in listed
        ]

    tables.update, tables.list_ = noted, as_it_was
