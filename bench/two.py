"""Measures a cold morning by two machines that share it, beside one: `run_daily.sh --help-along`.

    [BENCH_COPIES=12] python -m bench.two [--rounds 3] [--workers 4]

Each machine has a folder and a core of its own (taskset); the servers run on both cores, as there are no others, and
take most of them. So two numbers are told: the seconds, and the processor's seconds of the busier of the two, which is
what a morning takes where the processor is the limit and the servers are somebody else's.
"""

import argparse
import configparser
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import workload
from bench.stand import Stand, configured, stand


@dataclass(frozen=True)
class Took:
    """Of one morning: seconds, the processor's seconds of each machine, and the tasks that each has made."""

    seconds: float
    processor: list[float]
    made: list[int]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.two", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=4)
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    found: dict[int, list[Took]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        feeds = Path(folder) / "feeds"
        workload.make(feeds)
        for number in range(asked.rounds):
            for machines, took in found.items():
                with stand(Path(folder) / f"{machines}-{number}", feeds) as where:
                    took.append(_morning(where, cores[:machines], asked.workers))
                    if where.lines() != workload.LINES:
                        sys.exit(f"{machines} machines delivered {where.lines()} lines, not {workload.LINES}")
    for machines, took in found.items():
        seconds = statistics.median(each.seconds for each in took)
        busier = statistics.median(max(each.processor) for each in took)
        shares = ", ".join("+".join(map(str, each.made)) for each in took)
        print(f"{machines}: {seconds:6.2f} s, {busier:6.2f} s of the busier one's processor; tasks {shares}")
    for what in ("seconds", "processor"):
        one, two = ([_of(what, each) for each in found[machines]] for machines in (1, 2))
        ratios = sorted(a / b for a, b in zip(one, two, strict=True))
        spread = f"{ratios[0]:.2f}-{ratios[-1]:.2f}"
        print(f"two machines are {statistics.median(ratios):.2f} x as fast, by {what} ({spread})")


def _of(what: str, took: Took) -> float:
    return took.seconds if what == "seconds" else max(took.processor)


def _morning(where: Stand, cores: list[int], workers: int) -> Took:
    date = configured(where).today().isoformat()
    words = [sys.executable, "-m", "pipeline", "run", "Morning", "--date", date, "--workers", str(workers)]
    begun, runs = time.perf_counter(), list[subprocess.Popen[str]]()
    for core in cores:
        config = _machine(where, core)
        own = ["taskset", "-c", str(core), *words, "--help-along"]
        environment = {**where.environment, "LUIGI_CONFIG_PATH": str(config)}
        with (config.parent / "out").open("w") as out:
            runs.append(subprocess.Popen(own, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True))
    processor, made = list[float](), list[int]()
    for run, core in zip(runs, cores, strict=True):
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        said = (where.folder / f"machine-{core}" / "out").read_text()
        if run.returncode:
            sys.exit(f"ended with {run.returncode}\n{said}")
        processor.append(used.ru_utime + used.ru_stime)
        made.append(said.count(" done "))
    seconds = time.perf_counter() - begun
    return Took(seconds, processor, made)


def _machine(where: Stand, core: int) -> Path:
    """The configuration of a machine with a landing folder of its own."""
    told = configparser.ConfigParser(interpolation=None)
    told.read(where.folder / "luigi.cfg")
    folder = where.folder / f"machine-{core}"
    folder.mkdir()
    told["district"].update(landing=f"{folder}/landing", logs=f"{folder}/log")
    with (folder / "luigi.cfg").open("w") as file:
        told.write(file)
    return folder / "luigi.cfg"


if __name__ == "__main__":
    main()
