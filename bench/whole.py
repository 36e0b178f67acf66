"""Measures the morning of the pretend district: every flow but the portal's, from nothing, and with nothing to do.

    python -m bench.whole [--students 4000 100000] [--workers 4] [--portal]
    python -m bench.whole --checks [--students 100000]

Each size meets empty servers of its own. Time runs from the start of ./run_daily.sh to its end; the servers are up and
the day's files made before (both timed apart), the central scheduler is started by the wrapper, as ever. With --checks,
only what Clever gets is made, two days in a row: how much of the second day's delivery is its checks. See README.md.
"""

import argparse
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.sandbox import elsewhere

# A task's line: `07:24:57 done      LoadedTable   meals   4,000 rows (0.7 s)`.
_LINE = re.compile(r"^\d\d:\d\d:\d\d done +(\w+) .*\(([\d.]+) s\)$", re.M)
# The log's, when a task begins and ends: `2026-11-27 07:24:57,683 … Worker … running   Snapshot(…)`.
_MOMENT = re.compile(r"^(\S+ \S+) .* Worker \S+ (?:running|done) +(\w+)\(", re.M)
CLEVER = catalogue.deliveries()["clever_rosters"]
# `Riverbend Schools: Morning of 2026-11-23, 12.3 s`
_RUN = re.compile(r"Morning of \S+, ([\d.]+) s$", re.M)
STAGES = (
    "LandedFile",
    "PreparedFile",
    "StoredObject",
    "LoadedTable",
    "DeployedView",
    "Snapshot",
    "CheckedSet",
    "ExportedFile",
    "DeliveredSet",
)


def main() -> None:
    """Measure each size, and print a table of each."""
    parser = argparse.ArgumentParser(prog="python -m bench.whole", description=__doc__)
    parser.add_argument("--students", type=int, nargs="+", default=[4000, 100_000])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--portal", action="store_true", help="the portal's flows too, by a browser")
    parser.add_argument("--checks", action="store_true", help="only Clever's rosters, and what their checks cost")
    asked = parser.parse_args()
    off = [] if asked.portal else [name for name, feed in catalogue.feeds().items() if feed.dataset == "eis"]
    if asked.checks:
        wanted = {CLEVER.name, *(feed.name for feed in flows.inputs(CLEVER))}
        off = [name for name in (*catalogue.feeds(), *catalogue.deliveries()) if name not in wanted]
    for students in asked.students:
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        environment = {**os.environ, "LUIGI_CONFIG_PATH": str(elsewhere.write(folder, students, off))}
        try:
            (measure_checks if asked.checks else measure)(folder, environment, students, asked.workers)
        finally:
            subprocess.run([sys.executable, "-m", "pipeline.sandbox", "down"], env=environment, check=False)
            _end_scheduler(folder)
            shutil.rmtree(folder)


def measure(folder: Path, environment: dict[str, str], students: int, workers: int) -> None:
    made, _ = _timed([sys.executable, "-m", "pipeline.sandbox", "up"], environment)
    words = ["./run_daily.sh", "--workers", str(workers)]
    cold, said = _timed(words, environment)
    nothing, _ = _timed(words, environment)
    seconds: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    for stage, took in _LINE.findall(said):
        seconds[stage] += float(took)  # type: ignore[assignment]
        tasks[stage] += 1
    print(f"\n{students:,} students: {_bytes(folder / 'landing')} landed; servers up and files made in {made:.1f} s")
    print(f"cold {cold:.1f} s, nothing to do {nothing:.1f} s ({workers} workers)\n")
    print("| stage | tasks | seconds inside (they overlap) |\n|---|---|---|")
    for stage in STAGES:
        print(f"| {stage} | {tasks[stage]} | {seconds[stage]:.1f} |")


def measure_checks(folder: Path, environment: dict[str, str], students: int, workers: int) -> None:
    """The second of two days: its set is compared with the first one's."""
    for day in (dt.date.today() - dt.timedelta(days=1), dt.date.today()):
        for words in ("up", "new-day"):  # a Sunday's too
            command = [sys.executable, "-m", "pipeline.sandbox", words, "--date", f"{day}"]
            subprocess.run(command, env=environment, check=True)
        _, said = _timed(["./run_daily.sh", "--workers", str(workers), "--date", f"{day}"], environment)
    found = _MOMENT.findall((folder / "log" / f"morning-{day}.log").read_text())

    def took(stage: str) -> float:
        """From the first beginning of such a task to the last end of one."""
        moments = [dt.datetime.fromisoformat(moment) for moment, task in found if task == stage]
        return (max(moments) - min(moments)).total_seconds()

    frozen, checked, written, given = map(took, ("Snapshot", "CheckedSet", "ExportedFile", "DeliveredSet"))
    run = _RUN.findall(said)[-1]
    print(f"\n{students:,} students, Clever's six files, {workers} workers: the run took {run} s, of which")
    print(f"frozen {frozen:.1f} s, checked {checked:.1f} s, exported {written:.1f} s, delivered {given:.1f} s.")
    of_run, of_rest = checked / (float(run) - checked), checked / (frozen + written + given)
    print(f"The checks add {of_run:.0%} to the run, {of_rest:.0%} to what follows the tables")


def _timed(words: list[str], environment: dict[str, str]) -> tuple[float, str]:
    begun = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun, done.stdout


def _bytes(landing: Path) -> str:
    copies = [path for path in landing.glob("*/*/*/*") if path.suffix in (".csv", ".txt")]
    return f"{len(copies)} files, {sum(path.stat().st_size for path in copies) / 1e6:.1f} MB"


def _end_scheduler(folder: Path) -> None:
    pid = folder / "luigid" / "luigid.pid"
    if pid.exists():
        subprocess.run(["kill", pid.read_text().strip()], check=False)


if __name__ == "__main__":
    main()
