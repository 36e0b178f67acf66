"""How long the real services take, and the switch that lets the stand-ins take as long: `sandbox latency real`.

Each wait overlaps with every other one, as at the services: it holds no lock, and no place that somebody else's request
needs. A job's own work counts into its time, so that what the stand-in takes anyhow is not taken twice.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Span:
    """Seconds from `low` to `high`, all equally likely, and where they come from."""

    low: float
    high: float
    source: str


_JOBS = (
    "an assumption, on the low side of what is reported: tests that make a dataset and load a few rows into it take 11 "
    "to 15 s with Google's client (github.com/googleapis/python-bigquery/issues/191)"
)
TABLE = {
    "load": Span(2, 5, _JOBS),
    "copy": Span(2, 5, "as a load"),
    "extract": Span(2, 5, "as a load, which it is in the other direction"),
    "query": Span(
        1,
        3,
        "an assumption, on the low side of what is reported: 6 to 7 s for each statement that writes some rows "
        "(github.com/faucet-hq/faucet-stream/issues/612); each statement of a script is one",
    ),
    "call": Span(0.06, 0.12, "an assumption: a request to BigQuery from a server of the same country"),
    "object": Span(0.04, 0.08, "an assumption: a request to Cloud Storage from a server of the same country"),
    "login": Span(
        0.6, 1.5, "an assumption: some eight round trips, the key exchange, and a vendor's check of passwords"
    ),
    "round trip": Span(0.04, 0.04, "an assumption: half a continent and back"),
}
# So many requests may wait at BigQuery's stand-in, and so many jobs may last; so many of these work at the same time.
AT_ONCE = 256
WORKING = 8
REAL = "real"


class Latency:
    """The switch, and what is drawn while it is on: the same for the same `seed`, in the order of asking, of each kind
    by itself. Safe to use from several threads."""

    def __init__(self, switch: Path, seed: int) -> None:
        self._switch = switch
        self._dice = {kind: random.Random(f"{seed} {kind}") for kind in TABLE}

    @property
    def on(self) -> bool:
        """Asked anew at each operation, so that the switch works in a server that runs."""
        return self._switch.exists()

    def turn(self, to: str) -> None:
        """On by "real", off by any other word."""
        if to == REAL:
            self._switch.parent.mkdir(parents=True, exist_ok=True)
            self._switch.touch()
        else:
            self._switch.unlink(missing_ok=True)

    def seconds(self, kind: str) -> float:
        """How long this one takes; 0 while the switch is off."""
        span = TABLE[kind]
        return self._dice[kind].uniform(span.low, span.high) if self.on else 0.0

    def wait(self, kind: str) -> None:
        """In this thread."""
        if seconds := self.seconds(kind):
            time.sleep(seconds)

    async def pause(self, kind: str) -> None:
        """In this event loop."""
        if seconds := self.seconds(kind):
            await asyncio.sleep(seconds)

    async def request(self) -> None:
        """What a request to BigQuery takes before it is looked at. Those that wait for a job keep nobody else out."""
        if self.on:
            from anyio.to_thread import current_default_thread_limiter

            current_default_thread_limiter().total_tokens = AT_ONCE
        await self.pause("call")

    def delay_answers(self, channel: Any) -> None:
        """Each answer on this channel of asyncssh takes a round trip; those to requests on the way together overlap."""
        loop, write = asyncio.get_running_loop(), channel.write

        def written(*words: Any) -> None:
            if not channel.is_closing():
                write(*words)

        def later(*words: Any) -> None:
            seconds = self.seconds("round trip")
            loop.call_later(seconds, written, *words) if seconds else written(*words)

        channel.write = later


def let_jobs_last(latency: Latency) -> None:
    """BigQuery's stand-in: a job is RUNNING until its time is over, however early its work is done. One that fails has
    failed at once: a dataset that is not there, or a wrong statement, is refused before the work begins.

    Its insertion is then answered at once, as by Google, where the stand-in alone waits for a second.
    """
    from concurrent.futures import ThreadPoolExecutor

    import duckdb
    from local_bigquery.jobs import runner

    query, handle, submitted = runner._query, runner._handle, runner.submitted
    places = threading.Semaphore(WORKING)
    runner._executor = ThreadPoolExecutor(AT_ONCE, "job")

    @contextlib.contextmanager
    def lasting(kind: str, running: Any, begun: float) -> Iterator[list[Any]]:
        came: list[Any] = []
        with places:
            yield came
        running.cursor = None  # it is closed: there is nothing left to interrupt
        statements = max(1, int(came[0].numChildJobs or 1))
        until = begun + sum(latency.seconds(kind) for _ in range(statements))
        while (left := until - time.monotonic()) > 0 and not running.cancelled:
            time.sleep(min(left, 0.05))
        if running.cancelled:
            raise duckdb.InterruptException

    def queried(job: Any, session: Any, running: Any) -> Any:
        with lasting("query", running, time.monotonic()) as came:
            came.append(query(job, session, running))
        return came[0]

    def handled(job: Any, kind: str, running: Any, upload: str | None) -> Any:
        with lasting(kind, running, time.monotonic()) as came:
            came.append(handle(job, kind, running, upload))
        return came[0]

    def inserted(project: str, job_id: str) -> Any:
        return runner.get(project, job_id) if latency.on else submitted(project, job_id)

    runner._query, runner._handle, runner.submitted = queried, handled, inserted
