"""Measures the pretend district's morning where everything takes as long as at the real services.

    python -m bench.latency [--students 4000] [--workers N] [--runs pipeline sequential]

Every flow but the portal's, with `sandbox latency real`: the pipeline from nothing and again with nothing to do, and a
plain sequential script (sequential.py), each on empty servers of its own; and what the graph allows, the longest path
through it (critical.py). Only the ratios mean something. See README.md.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import critical
from pipeline import catalogue
from pipeline.ground import settings
from pipeline.sandbox import elsewhere
from pipeline.sandbox.places import Places


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--students", type=int, default=4000)
    parser.add_argument("--workers", type=int, help="as ./run_daily.sh has it, unless told")
    parser.add_argument("--runs", nargs="+", choices=("pipeline", "sequential"), default=["pipeline", "sequential"])
    asked = parser.parse_args()
    busy = psutil.cpu_percent(2)
    print(f"{psutil.cpu_count()} cores, {busy:.0f} % of them in others' use before the first run", flush=True)
    seconds: dict[str, float] = {}
    lines: dict[str, Counter[str]] = {}
    for name in asked.runs:
        with district(asked.students) as folder:
            if name == "sequential":
                seconds["sequential script"] = sequential(folder)
            else:
                seconds |= pipeline(folder, asked.workers)
            lines[name] = delivered()
    if len({frozenset(each.items()) for each in lines.values()}) > 1:
        sys.exit(f"not the same lines were delivered: {lines}")
    bases = [name for name in ("critical path", "sequential script") if name in seconds]
    print(f"| what | seconds | {' | '.join(f'x {base}' for base in bases)} |\n|---|---|{'---|' * len(bases)}")
    for name, took in seconds.items():
        print(f"| {name} | {took:.1f} | {' | '.join(f'{took / seconds[base]:.2f}' for base in bases)} |")


@contextmanager
def district(students: int) -> Iterator[Path]:
    """Servers of their own, slow and empty but for the day's files; this process's settings are theirs."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    off = [name for name, feed in catalogue.feeds().items() if feed.dataset == "eis"]
    os.environ["LUIGI_CONFIG_PATH"] = str(elsewhere.write(folder, students, off))
    settings.load.cache_clear()
    try:
        for words in (["up"], ["latency", "real"]):
            timed([sys.executable, "-m", "pipeline.sandbox", *words])
        yield folder
    finally:
        subprocess.run([sys.executable, "-m", "pipeline.sandbox", "down"], check=False, stdout=subprocess.DEVNULL)
        pid = folder / "luigid" / "luigid.pid"
        if pid.exists():
            subprocess.run(["kill", pid.read_text().strip()], check=False)
        shutil.rmtree(folder)
        del os.environ["LUIGI_CONFIG_PATH"]
        settings.load.cache_clear()


def pipeline(folder: Path, workers: int | None) -> dict[str, float]:
    """A cold morning and one with nothing to do; the path is the cold one's."""
    words = ["./run_daily.sh", *(["--workers", str(workers)] if workers else [])]
    begun = dt.datetime.now()
    cold = timed(words)
    date = settings.load().today()
    path = critical.path(critical.ran((folder / "log" / f"morning-{date}.log").read_text()), date)
    print(
        f"\nbefore the first task {(path.first - begun).total_seconds():.1f} s, after the last one "
        f"{(begun + dt.timedelta(seconds=cold) - path.last).total_seconds():.1f} s; the longest path:\n"
    )
    print("| task | seconds | begun after what it needs |\n|---|---|---|")
    for step in path.steps:
        print(f"| {step.task} | {step.seconds:.1f} | {step.waited:.1f} |")
    print(flush=True)
    nothing = timed(words)
    return {"critical path": path.seconds, "the morning": cold, "nothing to do": nothing}


def sequential(folder: Path) -> float:
    work = folder / "work"
    work.mkdir()
    return timed([sys.executable, "-m", "bench.sequential", f"{settings.load().today()}", str(work)])


def delivered() -> Counter[str]:
    """Lines of each file at its vendor."""
    places = Places(settings.load())
    found: Counter[str] = Counter()
    for each in catalogue.deliveries().values():
        if each.cadence == "daily":
            folder = (
                places.sftp / each.vendor / each.folder.replace("{user}", places.account(each.vendor).user).strip("/")
            )
            for file in each.files:
                path = folder / file.name
                found[f"{each.name}/{file.name}"] = path.read_bytes().count(b"\n") if path.exists() else -1
    return found


def timed(words: list[str]) -> float:
    """Seconds from the start of the process to its end, which must be a good one."""
    begun = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
