"""Measures the pretend district's morning where everything takes as long as at the real services.

    python -m bench.latency [--students 4000] [--workers N] [--runs pipeline sequential] [--first]

Every flow but the portal's, with `sandbox latency real`: the pipeline's morning, and again with nothing to do, with a
corrected file of the students, and with one table deleted; and a plain sequential script of the same flows
(sequential.py), each on servers of its own. The longest path through the graph (critical.py) is made of what the
morning's own tasks took; the model (model.py) has the waits alone, and nothing that computes. It is the second day's
morning, and the first day's is made without latencies; with --first it is the first day's, on empty servers. All of it
is done once before, without latencies, on other servers: what BigQuery's stand-in has translated then it need not
translate again, as BigQuery need not.
Only the ratios mean something. See README.md.
"""

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
from google.cloud import bigquery

from bench import critical, model
from pipeline import catalogue
from pipeline.ground import cloud, settings
from pipeline.morning import Morning
from pipeline.sandbox import elsewhere, supervisor, translations
from pipeline.sandbox.places import Places

SANDBOX = [sys.executable, "-m", "pipeline.sandbox"]
# A file that nearly every set is made of, and a table that no view reads.
CORRECTED, DELETED = "district/powerschool_rsd/students.csv", "misc_imports.savvas_assessment_scores"
TRANSLATED = Path("sandbox", "warehouse", translations.FILE)
Make = Callable[[dt.date], float]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--students", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=32, help="as ./run_daily.sh has it, unless told")
    parser.add_argument("--runs", nargs="+", choices=("pipeline", "sequential"), default=["pipeline", "sequential"])
    parser.add_argument("--first", action="store_true", help="the first day's morning")
    parser.add_argument("--keep", type=Path, help="a folder for what the pipeline's run leaves, to look into")
    asked = parser.parse_args()
    print(f"{psutil.cpu_count()} processors, {psutil.cpu_percent(2):.0f} % in use before the first run", flush=True)
    seconds: dict[str, float] = {}
    lines: dict[str, Counter[str]] = {}
    for name in asked.runs:
        words = ["./run_daily.sh", "--workers", f"{asked.workers}"]
        make = by_script if name == "sequential" else partial(by_pipeline, words)
        today = settings.load().today()
        # The script does the same each day.
        before = [] if asked.first or name == "sequential" else [today - dt.timedelta(days=1)]
        with district(asked.students) as folder:
            made(make(folder), [*before, today])
            known = (folder / TRANSLATED).read_bytes()
        with district(asked.students, asked.keep if name == "pipeline" else None) as folder:
            (folder / TRANSLATED).parent.mkdir(parents=True)
            (folder / TRANSLATED).write_bytes(known)
            made(make(folder), before)
            timed([*SANDBOX, "up", "--date", f"{today}"])
            timed([*SANDBOX, "new-day", "--date", f"{today}"])  # a Sunday's too
            stood_still(Places(settings.load()).sftp)
            timed([*SANDBOX, "latency", "real"])
            if name == "sequential":
                seconds["sequential script"] = make(folder)(today)
            else:
                seconds |= looked_into(folder, make(folder), today, asked.workers)
            lines[name] = delivered()
    tell(seconds)
    if len({frozenset(each.items()) for each in lines.values()}) > 1:
        sys.exit(f"not the same lines were delivered: {lines}")


def made(morning: Make, days: list[dt.date]) -> None:
    for day in days:
        timed([*SANDBOX, "up", "--date", f"{day}"])
        timed([*SANDBOX, "new-day", "--date", f"{day}"])  # a Sunday's too
        morning(day)


@contextmanager
def district(students: int, keep: Path | None = None) -> Iterator[Path]:
    """Servers of their own, which end with the block; this process's settings are theirs."""
    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="bench-"))
    off = [name for name, feed in catalogue.feeds().items() if feed.dataset == "eis"]
    os.environ["LUIGI_CONFIG_PATH"] = str(elsewhere.write(folder, students, off))
    settings.load.cache_clear()
    try:
        yield folder
    finally:
        subprocess.run([*SANDBOX, "down"], check=False, stdout=subprocess.DEVNULL)
        pid = folder / "luigid" / "luigid.pid"
        if pid.exists():
            subprocess.run(["kill", pid.read_text().strip()], check=False)
        if not keep:
            shutil.rmtree(folder)
        del os.environ["LUIGI_CONFIG_PATH"]
        settings.load.cache_clear()


def stood_still(files: Path) -> None:
    """As on a real morning: nobody has written them just now."""
    for path in files.rglob("*.*"):
        found = path.stat()
        os.utime(path, (found.st_atime, found.st_mtime - 60))


def by_pipeline(words: list[str], _: Path) -> Make:
    return lambda date: timed([*words, "--date", f"{date}"])


def by_script(folder: Path) -> Make:
    def morning(date: dt.date) -> float:
        (work := folder / f"work-{date}").mkdir()
        return timed([sys.executable, "-m", "bench.sequential", f"{date}", str(work)])

    return morning


def looked_into(folder: Path, morning: Make, date: dt.date, workers: int) -> dict[str, float]:
    """The morning, its longest path, which is printed, what the model says of it, and the mornings after it."""
    begun, before = dt.datetime.now(), computed()
    took = morning(date)
    own = computed() - before
    path = critical.path(critical.ran((folder / "log" / f"morning-{date}.log").read_text()), Morning(date=date))
    ends = begun + dt.timedelta(seconds=took)
    print(
        f"\nbefore the first task {(path.first - begun).total_seconds():.1f} s, "
        f"after the last one {(ends - path.last).total_seconds():.1f} s; the stand-ins computed for {own:.1f} s; "
        "the longest path:\n\n"
        "| task | seconds | begun so long after what it needs |\n|---|---|---|"
    )
    for step in path.steps:
        print(f"| {step.task} | {step.seconds:.1f} | {step.waited:.1f} |")
    print(flush=True)
    tasks = (path.last - path.first).total_seconds()
    found = {"longest path": path.seconds, "its tasks": tasks, "the morning": took}
    root = Morning(date=date)
    found |= {"the model of it": model.morning(root, workers), "nothing to do": morning(date)}
    found |= {"the model of that": model.nothing_to_do(root)}
    timed([*SANDBOX, "fault", "corrected", CORRECTED])
    stood_still(Places(settings.load()).sftp)
    begun = dt.datetime.now()
    took = morning(date)
    found["one corrected file, until the last vendor has it"] = (given(folder, date) - begun).total_seconds()
    found["until that run has ended"] = took
    delete()
    found["one table deleted"] = morning(date)
    return found


def given(folder: Path, date: dt.date) -> dt.datetime:
    """When the last vendor had its set."""
    ran = critical.ran((folder / "log" / f"morning-{date}.log").read_text())
    return max(ended for task, (_, ended) in ran.items() if task.startswith("DeliveredSet("))


def delete() -> None:
    """Delete the table DELETED."""
    told = settings.load()
    access, options = cloud.credentials(told.cloud.bigquery_endpoint), {"api_endpoint": told.cloud.bigquery_endpoint}
    bigquery.Client(told.district.project, access, client_options=options).delete_table(DELETED)


def computed() -> float:
    """The processor's seconds of the stand-ins until now."""
    server = supervisor.running(Places(settings.load()))
    assert server
    used = psutil.Process(server.pid).cpu_times()
    return used.user + used.system


def delivered() -> Counter[str]:
    """Lines of each file at its vendor."""
    places = Places(settings.load())
    found: Counter[str] = Counter()
    for each in catalogue.deliveries().values():
        folder = each.folder.replace("{user}", settings.load().account(each.vendor).user).strip("/")
        for file in each.files if each.cadence == "daily" else ():
            path = places.sftp / each.vendor / folder / file.name
            found[f"{each.name}/{file.name}"] = path.read_bytes().count(b"\n") if path.exists() else -1
    return found


def tell(seconds: dict[str, float]) -> None:
    """As a table, with the ratios."""
    bases = [name for name in ("longest path", "sequential script") if name in seconds]
    print(f"| what | seconds | {' | '.join(f'x {base}' for base in bases)} |\n|---|---|{'---|' * len(bases)}")
    for name, took in seconds.items():
        print(f"| {name} | {took:.1f} | {' | '.join(f'{took / seconds[base]:.2f}' for base in bases)} |")


def timed(words: list[str]) -> float:
    """Seconds from the start of the process to its end, which must be a good one."""
    begun = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
