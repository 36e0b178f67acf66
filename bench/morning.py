"""Measures a cold morning, one with nothing to do, and one with a deleted output, beside a plain script and a floor.

    python -m bench.morning [--rounds 3] [--workers 4] [--memory 1 2 3 4]

One run measures everything, in turns, each cold morning on empty servers of its own; only ratios within one run mean
something. See README.md beside this file.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
from google.cloud import bigquery, storage

from bench import workload
from bench.stand import Stand, configured, sshd, stand
from pipeline.ground import cloud

# What each system is called in the table, and its seconds, one a round.
Measured = dict[str, list[float]]


def main() -> None:
    """Measure, and print the table."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        feeds = Path(folder) / "feeds"
        workload.make(feeds)
        measured: Measured = {}
        families: Counter[str] = Counter()
        calls: list[int] = []
        for number in range(asked.rounds):
            for name, measure in (
                ("floor", _floor),
                ("plain script", _plain),
                ("pipeline", lambda where, found: _pipeline(where, found, asked.workers, families, calls)),
            ):
                with stand(Path(folder) / f"{name.replace(' ', '-')}-{number}", feeds) as where:
                    measure(where, measured.setdefault)
                    if where.lines() != workload.LINES:
                        sys.exit(f"{name} delivered {where.lines()} lines, not {workload.LINES}")
        _tell(measured, families, calls, asked.rounds)
        for workers in asked.memory:
            with stand(Path(folder) / f"memory-{workers}", feeds) as where:
                pss, rss = _peak(where, workers)
                print(f"peak memory, {workers} workers: {pss:.0f} MB (sum of PSS), {rss:.0f} MB (sum of RSS)")


Into = Callable[[str, list[float]], list[float]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.morning", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--memory", type=int, nargs="*", default=[1, 2, 3, 4])
    return parser.parse_args()


def _words(where: Stand, workers: int) -> list[str]:
    date = configured(where).today().isoformat()
    return [sys.executable, "-m", "pipeline", "run", "Morning", "--date", date, "--workers", str(workers)]


def _seconds(where: Stand, words: list[str], **more: str) -> tuple[float, str]:
    """From the start of the process to its end, and what it printed. Raises CalledProcessError."""
    begun = time.perf_counter()
    done = subprocess.run(words, env={**where.environment, **more}, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode:
        said = (where.folder / "sandbox.log").read_text()
        sys.exit(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}{said}")
    return seconds, done.stdout


def _plain(where: Stand, into: Into) -> None:
    into("plain script", []).append(_seconds(where, [sys.executable, "-m", "bench.plain"])[0])


def _floor(where: Stand, into: Into) -> None:
    told = configured(where)
    _bucket(where, create=True)
    work = where.folder / "work"
    work.mkdir()
    giving = where.folder / "sandbox" / "sftp" / workload.GIVER / workload.GIVES.lstrip("/")
    address = f"{told.cloud.storage_endpoint}/upload/storage/v1/b/{told.district.bucket}/o?uploadType=media"
    with sshd(where) as sftp:
        given = {"FEEDS": str(giving), "OUT": str(where.outbox), "WORK": str(work), "SFTP": sftp, "BUCKET": address}
        given |= {"PYTHON": sys.executable, "PYTHONPATH": str(Path.cwd())}
        into("floor", []).append(_seconds(where, [str(Path(__file__).with_name("floor.sh"))], **given)[0])


def _pipeline(where: Stand, into: Into, workers: int, families: Counter[str], calls: list[int]) -> None:
    words = _words(where, workers)
    seconds, printed = _seconds(where, words)
    into("pipeline", []).append(seconds)
    families.update(_families(printed))
    before = where.calls()
    into("nothing to do", []).append(_seconds(where, words)[0])
    calls.append(where.calls() - before)
    _warehouse(where).delete_table(f"{workload.DATASET}.meals")
    into("a table deleted", []).append(_seconds(where, words)[0])
    _bucket(where).blob(f"{workload.DATASET}/{configured(where).today()}/meals.csv").delete()
    into("an object deleted", []).append(_seconds(where, words)[0])


def _warehouse(where: Stand) -> bigquery.Client:
    told = configured(where)
    credentials = cloud.credentials(told.cloud.bigquery_endpoint)
    return bigquery.Client(
        told.district.project, credentials, client_options={"api_endpoint": told.cloud.bigquery_endpoint}
    )


def _bucket(where: Stand, *, create: bool = False) -> storage.Bucket:
    told = configured(where)
    credentials = cloud.credentials(told.cloud.storage_endpoint)
    client = storage.Client(
        told.district.project, credentials, client_options={"api_endpoint": told.cloud.storage_endpoint}
    )
    return client.create_bucket(told.district.bucket) if create else client.bucket(told.district.bucket)


def _families(printed: str) -> Counter[str]:
    """Seconds by kind of task, from the run's lines: `07:24:57 done  LoadedTable  meals  ... (0.7 s)`."""
    found: Counter[str] = Counter()
    for line in printed.splitlines():
        words = line.split()
        if words[1:2] == ["done"] and line.endswith(" s)"):
            found[words[2]] += float(words[-2].lstrip("("))  # type: ignore[assignment]
    return found


def _peak(where: Stand, workers: int) -> tuple[float, float]:
    """The most that a cold run's processes held together, in MB: as PSS (pages shared count once) and as RSS."""
    run = subprocess.Popen(_words(where, workers), env=where.environment, stdout=subprocess.DEVNULL)
    family, pss, rss = psutil.Process(run.pid), 0.0, 0.0
    while run.poll() is None:
        family_held = [held(each.pid) for each in [family, *family.children(recursive=True)]]
        pss, rss = max(pss, sum(each[0] for each in family_held)), max(rss, sum(each[1] for each in family_held))
        time.sleep(0.02)
    return pss, rss


def held(pid: int) -> tuple[float, float]:
    """A process's PSS and RSS in MB; nothing when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    told = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
    return int(told.get("Pss", 0)) / 1024, int(told.get("Rss", 0)) / 1024


def _tell(measured: Measured, families: Counter[str], calls: list[int], rounds: int) -> None:
    """Medians in seconds, as multiples of the plain script's and of the floor's."""
    median = {name: statistics.median(seconds) for name, seconds in measured.items()}
    print("| what | seconds, median (all) | x plain script | x floor |\n|---|---|---|---|")
    for name, seconds in measured.items():
        every = " ".join(f"{each:.2f}" for each in seconds)
        ratios = " | ".join(f"{median[name] / median[base]:.2f}" for base in ("plain script", "floor"))
        print(f"| {name} | {median[name]:.2f} ({every}) | {ratios} |")
    print(f"network calls with nothing to do: {max(calls)}")
    shares = ", ".join(f"{name} {seconds / rounds:.1f} s" for name, seconds in families.most_common())
    print(f"inside the tasks of a cold morning (they overlap): {shares}")


if __name__ == "__main__":
    main()
