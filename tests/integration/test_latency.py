"""`sandbox latency real`: each of the three servers takes as long as the real one, and waits overlap.

Lower bounds are the table's. That waits overlap is seen by many at once: together they take less than the sum of the
lower bounds, by a wide margin.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.cloud import bigquery
from google.cloud.storage import Bucket

from pipeline.outside.sftp import inflight
from pipeline.sandbox.latency import TABLE
from riverbend import PROJECT, Sandbox

MANY = 32


@pytest.fixture
def slow(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The running sandbox, with real latencies until the test is over."""
    sandbox.run("latency", "real")
    assert "latency real" in sandbox.run("status")
    yield sandbox
    sandbox.run("latency", "off")
    assert "latency" not in sandbox.run("status")


def timed(action: Callable[[], object]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def overlap(action: Callable[[], object], low: float) -> None:
    """One takes `low` seconds at least; many at once much less than that for each."""
    assert timed(action) >= low
    with ThreadPoolExecutor(MANY) as pool:
        assert timed(lambda: list(pool.map(lambda _: action(), range(MANY)))) < MANY * low


def test_requests_to_bigquery_take_their_time_and_overlap(slow: Sandbox, warehouse: bigquery.Client) -> None:
    overlap(lambda: warehouse.get_dataset("tests"), TABLE["call"].low)


def test_requests_to_cloud_storage_take_their_time_and_overlap(slow: Sandbox, bucket: Bucket) -> None:
    overlap(lambda: bucket.blob("latency/none").exists(), TABLE["object"].low)


def test_jobs_run_until_their_time_is_over_and_beside_each_other(
    slow: Sandbox, warehouse: bigquery.Client, bucket: Bucket
) -> None:
    bucket.blob("latency/a.csv").upload_from_string("id\n1\n")
    config = bigquery.LoadJobConfig(schema=[bigquery.SchemaField("id", "STRING")], skip_leading_rows=1)
    uri = f"gs://{bucket.name}/latency/a.csv"
    jobs = [warehouse.load_table_from_uri(uri, f"{PROJECT}.tests.late_{n}", job_config=config) for n in range(3)]
    asked = warehouse.query("SELECT 1 AS one")
    assert jobs[-1].state != "DONE"  # the insertion does not wait for the job
    assert [row.one for row in asked.result(timeout=60)] == [1]
    for job in (*jobs, asked):
        job.result(timeout=60)
        job.reload()
        assert (job.ended - job.started).total_seconds() >= TABLE[job.job_type].low - 0.01
    assert max(job.started for job in jobs) < min(job.ended for job in jobs)


def test_a_login_and_each_round_trip_take_their_time_and_answers_overlap(slow: Sandbox) -> None:
    begun = time.monotonic()
    with slow.login("otus") as sftp:
        assert time.monotonic() - begun >= TABLE["login"].low
        low = TABLE["round trip"].low
        assert timed(lambda: sftp.stat("/")) >= low
        line = inflight.Line(sftp)
        taken = timed(lambda: line.run(_stat(line) for _ in range(MANY)))
        assert low <= taken < MANY * low


def _stat(line: inflight.Line) -> inflight.Transfer:
    assert (yield from inflight.stat(line, "/home")) is not None
