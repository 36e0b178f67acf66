"""The sandbox's BigQuery alone, in a process of its own: argv is a folder and a port. Ends when its stdin does.

A process of its own, since the stand-in changes how its interpreter imports, and holds one DuckDB.
"""

import sys
from pathlib import Path

from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.badday import BadDay
from pipeline.sandbox.bigquery import BigQuery
from pipeline.sandbox.faults import Countdown, FaultFile
from pipeline.sandbox.latency import Latency
from pipeline.sandbox.storage import CloudStorage


def serve(folder: Path, port: int) -> None:
    bad_day = BadDay(Countdown(FaultFile(folder / "faults.json")))
    log = ActivityLog(folder / "log" / "bigquery.log")
    latency = Latency(folder / "latency", 0)
    # Never started: rows are sent, not loaded from it.
    bucket = CloudStorage(folder / "storage", 0, log, bad_day, latency)
    server = BigQuery(folder / "bigquery", port, "sql-tests", bucket.objects, log, bad_day, latency)
    server.start()
    print("up", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
