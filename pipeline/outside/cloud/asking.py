"""What is asked of Google before anything is made there: as whom we come, what we may, what it would take."""

import datetime as dt
import time
from collections.abc import Collection
from email.utils import parsedate_to_datetime

import google.auth
import google.auth.transport.requests
import google.oauth2.credentials
import requests
from google.api_core.exceptions import NotFound
from google.api_core.retry import Retry
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery

from pipeline.ground import cloud, settings
from pipeline.ground.errors import ConfigurationError, WarehouseError
from pipeline.outside.cloud import storage, warehouse

# Seconds for an answer that says nothing but the time.
_SECONDS = 10
# Where tokens come from is another server than those that take them.
_SIGN_IN = cloud.Service("Google's sign-in", Retry())
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def address() -> str:
    """Where Cloud Storage is asked: Google's, or a stand-in's."""
    return settings.load().cloud.storage_endpoint or "https://storage.googleapis.com"


def account() -> str:
    """As whom Google is asked: the service account's address, or that it is a workload's identity; '' of a
    person's own login. Raises ConfigurationError, where there are no credentials, and WarehouseError, where they are
    refused or Google is silent."""
    try:
        found, _ = google.auth.default(scopes=_SCOPES)
    except DefaultCredentialsError as error:
        raise ConfigurationError(
            f"no credentials for Google ({cloud.without_values(str(error))})",
            expected="a service account's: those of this machine, or the file of GOOGLE_APPLICATION_CREDENTIALS",
            next_step="export GOOGLE_APPLICATION_CREDENTIALS=/etc/morning/google.json (0600, readable for the "
            "pipeline's user); on a server, in /etc/default/morning-<district>",
        ) from None
    with _SIGN_IN.explained("asking for a token"):
        found.refresh(google.auth.transport.requests.Request())  # type: ignore[no-untyped-call]
    if isinstance(found, google.oauth2.credentials.Credentials):
        return ""
    return str(getattr(found, "service_account_email", "") or "a workload's own identity")


def ahead() -> float:
    """Seconds that our clock is ahead of Google's, by the date of an answer. Raises WarehouseError."""
    begun = time.time()
    try:
        answer = requests.head(address(), timeout=_SECONDS)
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, LookupError, ValueError) as error:
        raise WarehouseError(
            f"{address()} does not tell the time ({type(error).__name__})",
            expected=f"an answer within {_SECONDS} s, and its date, with which our clock is compared",
            next_step=f"look whether this machine reaches it (`curl -I {address()}`): names, firewall, `https_proxy`",
        ) from None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=dt.UTC)
    middle = (begun + time.time()) / 2
    return middle - theirs.timestamp() - 0.5  # a date has whole seconds: half of one has passed since, on average


def permitted(wanted: Collection[str]) -> set[str] | None:
    """Which of these permissions we have on the bucket; None when there is no such bucket. Raises WarehouseError."""
    with cloud.STORAGE.explained("asking what we may do in the bucket"):
        try:
            return {*storage._bucket().test_iam_permissions([*wanted], **cloud.STORAGE.patience())}
        except NotFound:
            return None


def dry_run(query: str, doing: str) -> dict[str, str]:
    """Let BigQuery read the query, as it does before it runs one, and run nothing: the type of each column that it
    would give. Raises WarehouseError."""
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    with cloud.BIGQUERY.explained(doing):
        # Without job_retry=None the client would begin the job anew for twenty minutes when nobody answers.
        job = warehouse._client().query(query, job_config=config, job_retry=None, **cloud.BIGQUERY.patience())
    return warehouse.types(job.schema or ())
