"""Measures what a thousand feeds cost besides their work: to be scheduled, to be handed out, and to be looked at again.

    python -m bench.many [--feeds 1000] [--deliveries 200] [--workers 32] [--profile FILE]

The catalogue is invented: each feed is a file of one vendor, each delivery a view over five feeds of its own. The tasks
are those of `pipeline/chain/tasks.py`, and what is asked of them is asked of servers (the sandbox's) and of files. Only
`make` does nothing, and what it would have left outside is remembered instead. So what is measured is the scheduling,
the handing out of the tasks by a central scheduler of ours, and a look at what is complete before and after.
"""

import argparse
import cProfile
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench import stand
from bench.workload import GIVER, GIVES, TAKER, TAKES
from pipeline.catalogue.agreement import OWN_RECORDS, Agreement
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import SftpFolder, Source
from pipeline.ground import settings
from pipeline.outside.sftp.vendor import Vendor
from pipeline.sandbox.places import Places

# Nobody's data.
PAPER = "the benchmark's own data"
FEEDS, DELIVERIES = (int(os.environ.get(f"BENCH_{name}", 0)) for name in ("FEEDS", "DELIVERIES"))
COLUMNS = [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in ("id", "name")]


def feeds() -> tuple[Feed, ...]:
    """The feeds of the catalogue, each a file of two columns."""
    names = [f"feed_{number:05}" for number in range(FEEDS)]
    sources = [(Source(GIVER, SftpFolder(GIVER, GIVES), f"{name}.csv"),) for name in names]
    return tuple(
        Feed(name=name, dataset="many", folder="many", file=f"{name}.csv", sources=source, key=("id",))
        for name, source in zip(names, sources, strict=True)
    )


def deliveries() -> tuple[Delivery, ...]:
    """Each a file of one view."""
    sets = [f"set_{number:05}" for number in range(DELIVERIES)]
    files = [ViewFile(view=f"outgoing.{name}", name=f"{name}.csv", key=("id",), required=("id",)) for name in sets]
    return tuple(
        Delivery(name=name, vendor=TAKER, folder=TAKES, files=(file,)) for name, file in zip(sets, files, strict=True)
    )


def agreements() -> tuple[Agreement, ...]:
    files = {file.name: "id name" for each in deliveries() for file in each.files}
    return (Agreement(PAPER, OWN_RECORDS, dt.date(2026, 8, 5), files),)


def vendors() -> tuple[Vendor, ...]:
    return (Vendor(GIVER), Vendor(TAKER, agreement=PAPER))


def describe(folder: Path, given: Path) -> None:
    """Write the catalogue, and the vendor's files."""
    (folder / "schemas" / "many").mkdir(parents=True)
    (folder / "sql" / "outgoing").mkdir(parents=True)
    given.mkdir(parents=True, exist_ok=True)
    for name in ("feeds", "deliveries", "vendors", "agreements"):
        (folder / f"{name}.py").write_text(f"from bench import many\n\n{name.upper()} = many.{name}()\n")
    midnight = dt.datetime.combine(settings.load().today(), dt.time(), settings.load().district.zone).timestamp()
    for feed in feeds():
        (folder / "schemas" / "many" / f"{feed.name}.json").write_text(json.dumps(COLUMNS))
        (given / feed.file).write_text("id,name\n1,one\n")
        os.utime(given / feed.file, (midnight, midnight))
    names = [feed.name for feed in feeds()]
    for number, each in enumerate(deliveries()):
        below = names[number::DELIVERIES][:5] or names[:1]
        selects = [f"SELECT id, name FROM `many.{name}`" for name in below]  # noqa: S608  (names of ours)
        (folder / "sql" / "outgoing" / f"{each.name}.sql").write_text("\nUNION ALL ".join(selects) + "\n")


# ---------------------------------------------------------------------------------------------- the measured process


def empty() -> None:
    """From now on a task makes nothing, and what it made is remembered by this process."""
    from pipeline.chain import tasks
    from pipeline.chain.base import ChainTask, Target
    from pipeline.ground.progress import Made

    made: set[str] = set()

    class Remembered:
        def __init__(self, task: ChainTask, target: Target) -> None:
            self._task, self._target = task.task_id, target

        def exists(self) -> bool:
            return self._target.exists() or self._task in made

        def __getattr__(self, name: str) -> Any:
            return getattr(self._target, name)

    def make(self: ChainTask) -> Made:
        made.add(self.task_id)
        return Made()

    for each in vars(tasks).values():
        if isinstance(each, type) and issubclass(each, ChainTask) and "make" in vars(each):
            output = each.output
            each.make = make  # type: ignore[method-assign]
            each.output = lambda task, output=output: Remembered(task, output(task))  # type: ignore[method-assign,misc]


def measured(workers: int, luigid: int) -> None:
    """Schedule and run all of it, and look at it once more; prints a table."""
    from pipeline.chain.base import ask_anew
    from pipeline.morning import Morning
    from pipeline.run.worker import Threads

    empty()
    core, scheduler_s = settings.load().core, psutil.Process(luigid)
    root = Morning(date=settings.load().today())
    threads = Threads()
    scheduler = threads.create_remote_scheduler(f"http://{core.scheduler_host}:{core.scheduler_port}")

    def look() -> bool:
        ask_anew()
        return bool(root.complete())  # type: ignore[no-untyped-call]

    print("| what | seconds | of this process's processor | of luigid's |\n|---|---|---|---|", flush=True)

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        begun, own, other = time.perf_counter(), time.process_time(), sum(scheduler_s.cpu_times()[:2])
        yield
        took, other = time.perf_counter() - begun, sum(scheduler_s.cpu_times()[:2]) - other
        print(f"| {what} | {took:.1f} | {time.process_time() - own:.1f} | {other:.1f} |", flush=True)

    with threads.create_worker(scheduler, workers) as worker:
        with timed("looked at, nothing there"):
            look()
        ask_anew()
        with timed("scheduled"):
            assert worker.add(root)
        with timed(f"ran ({len(worker._scheduled_tasks)} tasks are known)"):
            assert worker.run()
    with timed("looked at, all there"):
        assert look()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[stand.Stand, int]]:
    """The sandbox's servers over the catalogue, and the process id of a central scheduler of ours."""
    made = stand.configure(folder)
    told = stand.configured(made)
    places = Places(told)
    describe(folder / "catalogue", places.sftp / GIVER / GIVES.lstrip("/"))
    luigid = [
        "--address",
        "127.0.0.1",
        "--port",
        f"{told.core.scheduler_port}",
        "--state-path",
        f"{folder}/state.pickle",
    ]
    servers = [
        stand.started(made, [sys.executable, "-m", "pipeline.sandbox", "serve"], "sandbox.log"),
        stand.started(made, [sys.executable, "-m", "pipeline.run.luigid", *luigid], "luigid.log"),
    ]
    try:
        ports = [told.core.scheduler_port, places.storage_port, places.bigquery_port]
        stand.wait([*ports, *(account.port for account in told.accounts.values())], servers)
        yield made, servers[1].pid
    finally:
        for server in servers:
            server.terminate()
            server.wait(20)


def main() -> None:
    """Start the servers and the measured process."""
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    for name, usual in (("feeds", 1000), ("deliveries", 200), ("workers", 32), ("inside", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual, help=argparse.SUPPRESS if name == "inside" else None)
    parser.add_argument(
        "--profile", help="a file into which cProfile writes what the measured process's main thread did"
    )
    asked = parser.parse_args()
    if asked.inside:
        profile = cProfile.Profile()
        call = profile.runcall if asked.profile else lambda function, *words: function(*words)
        call(measured, asked.workers, asked.inside)
        if asked.profile:
            profile.dump_stats(asked.profile)
        return
    os.environ |= {"BENCH_FEEDS": f"{asked.feeds}", "BENCH_DELIVERIES": f"{asked.deliveries}"}
    globals().update(FEEDS=asked.feeds, DELIVERIES=asked.deliveries)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, serving(Path(folder)) as (made, luigid):
        words = [sys.executable, "-m", "bench.many", "--workers", f"{asked.workers}", "--inside", f"{luigid}"]
        subprocess.run(
            [*words, *(["--profile", asked.profile] if asked.profile else [])], env=made.environment, check=True
        )


if __name__ == "__main__":
    main()
