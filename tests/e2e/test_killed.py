"""A run that is killed at any instant leaves nothing that the next run does not put right.

Five mornings are run undisturbed, then the same five again, each killed twice on its way; at the end of each
all must be as it was the first time. A vendor who looks all the time must never see a file that is not whole.
"""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from e2e.conftest import Monday
from e2e.district import MONDAY, VENDORS, District
from pipeline.sandbox.places import VENDORS_OWN

DAYS = [MONDAY + timedelta(days=n) for n in range(1, 6)]
DATASETS = ("powerschool_combined", "misc_imports", "deliveries")
TIMES = ("at", "landed_at", "prepared_at", "sent_at", "ended_at", "run")


def ledger(district: District) -> list[str]:
    """The receipts in the ledger, as often as they are there."""
    return sorted(row["receipt"] for row in district.warehouse.list_rows("riverbend-sandbox.operations.deliveries"))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def without_times(content: bytes) -> Any:
    found = json.loads(content)
    return {key: value for key, value in found.items() if key not in TIMES}


def state(district: District) -> dict[str, Any]:
    """All that a morning leaves, by what it is called; without the times at which it was made."""
    left: dict[str, Any] = {}
    for dataset in DATASETS:
        for name, table in district.tables(dataset).items():
            left[f"labels of {dataset}.{name}"] = (table.labels, table.size)
            left[f"rows of {dataset}.{name}"] = district.rows(f"{dataset}.{name}")
    for name, held in district.objects().items():
        if name.startswith("receipts/"):
            continue  # one a push, called by when it was
        content = district.content(name)
        left[f"object {name}"] = without_times(content) if name.endswith(".json") else digest(content)
        left[f"metadata of {name}"] = held.labels
    left |= {name: digest(content) for name, content in district.delivered_files().items()}
    for path in district.landing.rglob("*"):
        if path.is_file() and path.suffix != ".lock":
            content = path.read_bytes()
            told = without_times(content) if path.suffix == ".json" else digest(content)
            left[f"landing {path.relative_to(district.landing)}"] = told
    return left


class Watcher:
    """Reads every file of the vendors' folders that has changed, all the time, as a vendor's own program would."""

    def __init__(self, district: District) -> None:
        self.seen: dict[str, set[str]] = {}
        self._district = district
        self._known: dict[Path, tuple[int, int, int]] = {}
        self._over = threading.Event()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.002):
            for vendor in VENDORS:
                root = self._district.sftp / vendor
                for path in root.rglob("*"):
                    own = any(path.is_relative_to(root / folder) for folder in VENDORS_OWN.get(vendor, ()))
                    if not path.name.startswith(".") and not own:
                        with contextlib.suppress(FileNotFoundError):
                            self._look(path, f"{vendor}:/{path.relative_to(root)}")

    def _look(self, path: Path, name: str) -> None:
        found = path.stat()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        if path.is_file() and self._known.get(path) != stamp:
            self.seen.setdefault(name, set()).add(digest(path.read_bytes()))
            self._known[path] = stamp


def kill(run: subprocess.Popen[str]) -> None:
    """Kill the wrapper, the run and the tasks it forked, at once: all of its session, to which no server belongs."""
    while True:
        pids = [pid for pid in psutil.pids() if _session(pid) == run.pid]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return
        run.poll()


def _session(pid: int) -> int:
    """The session of a process that is alive; 0 otherwise."""
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        return 0 if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE else os.getsid(pid)
    return 0


def killed_after(district: District, seconds: float, *words: str) -> bool:
    """Whether a run was killed before it ended."""
    with district.start(*words) as run:
        try:
            out, _ = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(run)
            run.communicate(timeout=20)
            return True
    assert run.returncode == 0, out
    return False


def undisturbed(district: District) -> tuple[list[dict[str, Any]], float, float]:
    """What each day leaves; how long a morning takes, and how long a run that has nothing to do."""
    left, seconds = [], []
    for day in DAYS:
        begun = time.monotonic()
        run = district.run_daily(day)
        seconds.append(time.monotonic() - begun)
        assert run.code == 0, run.out
        left.append(state(district))
    begun = time.monotonic()
    assert district.run_daily(DAYS[-1]).code == 0
    return left, min(seconds), time.monotonic() - begun


def test_ten_kills_and_nothing_is_lost_or_halved(district: District, monday: Monday) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)
    files = district.delivered_files()
    expected, morning, idle = undisturbed(district)
    district.stop()
    district.restore(monday.copy)
    assert district.run_daily(MONDAY).code == 0  # luigid is up
    servers = [process.pid for process in district.servers()]

    watcher, unfinished = Watcher(district), 0
    with watcher.at_work():
        for number, day in enumerate(DAYS):
            first = (number + chance.random()) / len(DAYS)
            second = (1 - first) * chance.random()
            for share, workers in ((first, 1), (second, 4)):
                instant = idle * 0.8 + share * (morning - idle)
                words = ("--date", f"{day}", "--workers", f"{workers}")
                unfinished += killed_after(district, instant, "./run_daily.sh", *words)
            run = district.run_daily(day, workers=1 + 3 * (number % 2))
            assert run.code == 0, f"{seed}: {run.out}"
            assert "at work" not in run.out
            assert f"Morning of {day}" in run.out
            assert difference(state(district), expected[number]) == {}, seed
            kept = [name for name in district.objects() if name.startswith("receipts/")]
            assert ledger(district) == sorted(name.split("/")[-1].removesuffix(".json") for name in kept), seed
    assert unfinished >= 7, (unfinished, morning, idle)
    assert [process.pid for process in district.servers()] == servers
    whole = [{name: digest(content) for name, content in files.items()}, *expected]
    for name, seen in watcher.seen.items():
        assert seen <= {left.get(name) for left in whole}, f"{seed}: {name}"
    assert len(watcher.seen) == 5
    assert len(watcher.seen["otus:/home/incoming/savvas_standards_scores.csv"]) > 3  # it did look while they changed
    assert not district.run_daily(DAYS[-1]).tasks("done")


def difference(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """What differs, by name, and how."""
    names = sorted(found.keys() | expected.keys())
    return {
        name: "missing" if name not in found else "left over" if name not in expected else "another one"
        for name in names
        if found.get(name) != expected.get(name)
    }
