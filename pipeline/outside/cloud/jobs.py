"""BigQuery's jobs: each begun once, waited for within a bound, begun anew when BigQuery says "not now".

An id is taken once, whoever asks. So a submission whose answer was lost finds its own job when it is sent again, and a
run that follows a killed one finds that one's. Which of the two it is, the job itself says: each submission writes a
word of its own into the job's labels. (A clock could not: BigQuery's is not ours.)
"""

import copy
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

import requests
from google.api_core.exceptions import Conflict, GoogleAPICallError, GoogleAPIError, NotFound, RetryError
from google.api_core.retry import Retry, if_exception_type
from google.cloud import bigquery
from google.cloud.bigquery.retry import job_retry_reasons
from google.cloud.bigquery.table import RowIterator

from pipeline.ground import cloud, settings
from pipeline.ground.errors import WarehouseError

log = logging.getLogger(__name__)

Job = bigquery.LoadJob | bigquery.QueryJob | bigquery.ExtractJob
J = TypeVar("J", bound=Job)
# The label by which a submission knows its job.
_MARK = "submitted_as"
# Why a job has ended whose next of its kind may end well (BigQuery's error table): the moment's reasons.
_NOT_NOW = frozenset({"backendError", "internalError", "rateLimitExceeded", *job_retry_reasons})
# Seconds before each new one that is begun for these.
_PAUSES = (1, 2, 4, 8)
# Seconds after ours at which BigQuery's own limit ends a job.
_LATER_END = 60
# Seconds of the longest pause between two looks at a job: in its first half minute, and later.
_SOON, _LATER = 0.5, 5


def finished(client: bigquery.Client, begin: Callable[..., J], config: Any, stem: str = "") -> J:
    """The job that `begin(job_id=…, job_config=…)` begins, when it has ended well.

    With `stem`, its id is that and a counter; then a job of this name that runs already is waited for instead, and one
    that has ended is an earlier run's: the next number is begun. Without, nobody else knows its id. Raises what
    BigQuery says, with `job_id`; WarehouseError when it has not ended in time (it is cancelled then).
    """
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", stem) if stem else f"morning_{uuid.uuid4().hex}"
    mine, pauses = uuid.uuid4().hex, iter(_PAUSES)
    config = copy.deepcopy(config)
    config.labels = {**config.labels, _MARK: mine}
    # BigQuery ends it, too, if we are not there any more to do it; later than we do, who tell why.
    config.job_timeout_ms = 1000 * (_limit() + _LATER_END)
    for number in range(1, 100):
        job = _begun(client, begin, f"{stem}_{number}", config)
        ours = job.labels.get(_MARK) == mine
        if not ours and job.state == "DONE":
            continue
        try:
            _until_done(job)
        except (GoogleAPICallError, RetryError) as error:
            error.job_id = job.job_id  # type: ignore[union-attr]
            # Who waits for the rows of a query that fails is answered with its error, and asks on where that is one of
            # the moment. Whether it was the query's end, the job itself says.
            if isinstance(error, RetryError) and (cloud.no_answer(error) or not _failed(job)):
                raise
            if not ours:
                log.warning("the job %s of an earlier run has failed: a new one is begun", job.job_id)
            elif not _not_now(job) or (pause := next(pauses, None)) is None:
                raise
            else:
                log.warning("the job %s has ended with %s: a new one is begun", job.job_id, job.error_result["reason"])
                time.sleep(pause)
        else:
            return job
    raise WarehouseError(
        f"99 jobs are called {stem}",
        expected="a free job id",
        next_step="look in the Cloud console why they failed; a day later other ids are asked for",
    )


def _begun(client: bigquery.Client, begin: Callable[..., J], job_id: str, config: Any) -> J:
    """The job of that id: a new one, or the one that has it already."""
    try:
        return begin(job_id=job_id, job_config=config)
    except Conflict:
        limit = settings.load().cloud.timeout
        # For a moment BigQuery may know that the id is taken, and not the job.
        known = Retry(if_exception_type(NotFound), timeout=limit)
        return cast("J", known(client.get_job)(job_id, **cloud.BIGQUERY.patience()))


def _limit() -> int:
    return settings.load().cloud.job_timeout


def _failed(job: Job) -> bool:
    return bool(job.done(**cloud.BIGQUERY.patience()) and job.error_result)


def _not_now(job: Job) -> bool:
    return (job.error_result or {}).get("reason") in _NOT_NOW


def _until_done(job: Job) -> None:
    """Until the job has ended well. The client's own first pause is a second, longer than many loads take."""
    if isinstance(job, bigquery.QueryJob):
        rows(job, page_size=1)
        return
    pause, begun = 0.05, time.monotonic()
    while not job.done(**cloud.BIGQUERY.patience()):
        waited = time.monotonic() - begun
        if waited > _limit():
            _give_up(job)
        time.sleep(pause)
        pause = min(1.5 * pause, _SOON if waited < 30 else _LATER)
    job.result(**cloud.BIGQUERY.patience())


def rows(job: bigquery.QueryJob, **more: Any) -> RowIterator:
    """What the query gives, when it has ended. No single answer is waited for longer than the client's patience.

    Raises what BigQuery says; WarehouseError when the query has not ended in time (it is cancelled then).
    """
    until = time.monotonic() + _limit()
    while True:
        patience = cloud.BIGQUERY.patience()
        if time.monotonic() + patience["timeout"] > until:
            patience["timeout"] = max(until - time.monotonic(), 1)
        try:
            return job.result(**patience, **more)
        except TimeoutError as error:
            if isinstance(error.__cause__, requests.Timeout):  # nobody answered
                raise error.__cause__ from None
            if time.monotonic() >= until:
                _give_up(job)


def answered(client: bigquery.Client, query: str, config: bigquery.QueryJobConfig | None = None) -> RowIterator:
    """The rows of a query, which may take as long as a job; a short one takes one call.

    It is begun anew for those of the moment's reasons that only a job has. The others may be the call's own, which the
    client makes again.
    """
    for pause in (*_PAUSES, None):
        try:
            patience = cloud.BIGQUERY.patience()
            return rows(client.query(query, job_config=config, api_method="QUERY", job_retry=None, **patience))
        except GoogleAPICallError as error:
            if pause is None or not {each.get("reason") for each in error.errors} & {*job_retry_reasons}:
                raise
            log.warning("a query has ended for a reason of the moment: it is begun anew", exc_info=error)
            time.sleep(pause)
    raise AssertionError  # the last pause is None


def _give_up(job: Job) -> None:
    try:
        job.cancel(**cloud.BIGQUERY.patience())
        what = "it was told to stop"
    except (GoogleAPIError, OSError) as error:
        log.warning("cancelling %s", job.job_id, exc_info=error)
        what = f"and could not be told to stop ({type(error).__name__})"
    raise WarehouseError(
        f"the job {job.job_id} has not ended in {_limit()} s; {what}",
        expected="a job of some minutes ([cloud] job_timeout)",
        next_step="look it up in the Cloud console; if its data need that long, raise job_timeout; then run again",
    )
