"""A run that is killed at any instant leaves nothing that the next run does not put right.

Four mornings are run undisturbed, then the same four again, each killed five times on its way; at the end of each
all must be as it was the first time, also where all that the killed runs had on their disk was lost with them. A vendor
who looks all the time must never see a file that is not whole.

An instant is told by what the servers were asked until then, so that they lie all over the morning on any machine. The
last one of each morning lies between two renames of one set, at a vendor that takes its time for each.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from e2e.district import MONDAY, VENDORS, VENDORS_OWN, District
from e2e.mornings import Monday, restored
from faults.leaks import leaks

DAYS = [MONDAY + timedelta(days=n) for n in range(1, 5)]
# So many kills a morning at any instant; one more comes between two renames.
KILLS = 4
RENAMED = "ellevation"
DATASETS = ("powerschool_combined", "misc_imports", "deliveries")
TIMES = ("at", "landed_at", "prepared_at", "sent_at", "ended_at", "written_at", "run")


def ledger(district: District) -> list[str]:
    """The receipts in the ledger, as often as they are there."""
    return sorted(row["receipt"] for row in district.warehouse.list_rows("riverbend-sandbox.operations.deliveries"))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def without_times(content: bytes) -> Any:
    found = json.loads(content)
    told = {key: value for key, value in found.items() if key not in TIMES}
    if "flows" in told:  # of a run's note: each says when its state came true
        told["flows"] = [{**flow, "at": ""} for flow in told["flows"]]
    return told


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
        left[f"metadata of {name}"] = {
            key: without_times(value.encode()) if key == "told" else value
            for key, value in held.labels.items()
            if key != "print"  # of a document, with its times
        }
    left |= {name: digest(content) for name, content in district.delivered_files().items()}
    for path in district.landing.rglob("*"):
        # A page says when all was; its note, by which it is known whether that is shown already, holds a digest of it.
        # "machine" tells one machine from others.
        if path.is_file() and path.suffix != ".lock" and path.parent.name != "pages" and path.name != "machine":
            content = path.read_bytes()
            told = without_times(content) if path.suffix == ".json" else digest(content)
            left[f"landing {path.relative_to(district.landing)}"] = told
    return left


def without_copies(left: dict[str, Any]) -> dict[str, Any]:
    """What a morning leaves, without what lies on its machine's disk."""
    return {name: what for name, what in left.items() if not name.startswith("landing ")}


class Watcher:
    """Reads every file of the vendors' folders that has changed, all the time, as a vendor's own program would."""

    def __init__(self, district: District) -> None:
        self.seen: dict[str, set[str]] = {}
        self._district = district
        self._known: dict[str, tuple[int, int, int]] = {}
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
        roots = [(vendor, f"{self._district.sftp / vendor}") for vendor in VENDORS]
        own = {f"{self._district.sftp / vendor / folder}" for vendor in VENDORS for folder in VENDORS_OWN[vendor]}
        while not self._over.wait(0.005):
            for vendor, root in roots:
                for folder, inner, names in os.walk(root):
                    inner[:] = [name for name in inner if f"{folder}/{name}" not in own]
                    for name in names:
                        if not name.startswith("."):
                            with contextlib.suppress(FileNotFoundError):
                                self._look(f"{folder}/{name}", f"{vendor}:{folder.removeprefix(root)}/{name}")

    def _look(self, path: str, name: str) -> None:
        found = Path(path).stat()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._known.get(path) != stamp:
            self.seen.setdefault(name, set()).add(digest(Path(path).read_bytes()))
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


def killed_when(district: District, due: Callable[[], bool], *words: str) -> bool:
    """Whether a run was killed, when it was due, before it ended."""
    with district.start(*words) as run:
        while run.poll() is None and not due():
            time.sleep(0.003)  # the servers write their logs, and tell nobody
        if run.poll() is None:
            kill(run)
            run.communicate(timeout=20)
            return True
        out, _ = run.communicate()
    assert run.returncode == 0, out
    return False


def asked(district: District) -> int:
    """What the servers were asked until now, in bytes of their logs."""
    return sum(path.stat().st_size for path in (district.folder / "sandbox" / "log").glob("*.log"))


def renames(district: District) -> int:
    return district.vendor_events(0, RENAMED).count("rename")


def undisturbed(district: District) -> tuple[list[dict[str, Any]], int, int]:
    """What each day leaves; what the servers are asked in a morning, and in a run that has nothing to do."""
    left, counts = [], []
    for day in DAYS:
        before = asked(district)
        run = district.run_daily(day)
        counts.append(asked(district) - before)
        assert run.code == 0, run.out
        left.append(state(district))
    before = asked(district)
    assert district.run_daily(DAYS[-1]).code == 0
    return left, min(counts), asked(district) - before


def killed_all_over(district: District, day: date, morning: int, idle: int, chance: random.Random) -> int:
    """Kill runs of that day, each at some later instant of the morning than the one before; how many did not end."""
    killed = 0
    for number in range(KILLS):
        begun = asked(district)
        share = chance.random() / (KILLS + 1)  # what the runs before have done is not done again
        until = begun + idle * chance.random() + (morning - idle) * share
        words = ("./run_daily.sh", "--date", f"{day}", "--workers", f"{1 + 3 * (number % 2)}")
        killed += killed_when(district, lambda until=until: asked(district) > until, *words)  # type: ignore[misc]
    return killed


def killed_between_renames(district: District, day: date) -> None:
    before, trail = renames(district), district.landing / "outbox" / "ellevation_rosters.json"
    district.sandbox("fault", "slow", RENAMED, "--rate", "1000000000", "--rename", "0.5")
    words = ("./run_daily.sh", "--date", f"{day}", "--workers", "4")
    assert killed_when(district, lambda: renames(district) > before, *words)
    assert 0 < renames(district) - before < 3
    assert trail.exists()
    district.sandbox("heal")


@dataclass
class Mornings:
    """What four undisturbed mornings leave, and a district that goes through the same ones once more.

    `files` are the vendors' before; `morning` and `idle` what the servers are asked in a whole morning and in a run
    with nothing to do.
    """

    district: District
    files: dict[str, bytes]
    expected: list[dict[str, Any]]
    morning: int
    idle: int
    watcher: Watcher
    servers: list[int]
    seed: int
    chance: random.Random


@pytest.fixture(scope="module")
def mornings(monday: Monday) -> Iterator[Mornings]:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    for district in restored(monday):
        files = district.delivered_files()
        expected, morning, idle = undisturbed(district)
        district.stop()
        district.restore(monday.copy)
        assert district.run_daily(MONDAY).code == 0  # luigid is up
        servers = [process.pid for process in district.servers()]
        watcher = Watcher(district)
        with watcher.at_work():
            yield Mornings(district, files, expected, morning, idle, watcher, servers, seed, random.Random(seed))
        assert leaks(district) == []


@pytest.mark.parametrize("number", range(len(DAYS)))
def test_a_morning_of_five_kills_leaves_what_an_undisturbed_one_does(mornings: Mornings, number: int) -> None:
    """The four mornings follow each other: each begins with what the one before has left."""
    district, day, seed = mornings.district, DAYS[number], f"KILL_SEED={mornings.seed}"
    killed = killed_all_over(district, day, mornings.morning, mornings.idle, mornings.chance)
    assert killed == KILLS, (seed, mornings.morning, mornings.idle)
    killed_between_renames(district, day)
    lost = number == len(DAYS) - 1
    if lost:
        district.lose_the_disk()
    run = district.run_daily(day, workers=1 + 3 * (number % 2))
    assert run.code == 0, f"{seed}: {run.out}"
    assert "at work" not in run.out
    assert f"Morning of {day}" in run.out
    left, expected = state(district), mornings.expected[number]
    if lost:  # what is not needed is not brought
        left, expected = without_copies(left), without_copies(expected)
    assert difference(left, expected) == {}, seed
    kept = [name for name in district.objects() if name.startswith("receipts/")]
    assert ledger(district) == sorted(name.split("/")[-1].removesuffix(".json") for name in kept), seed


def test_through_all_kills_no_vendor_saw_half_a_file_and_no_server_ended(mornings: Mornings) -> None:
    district, seen = mornings.district, mornings.watcher.seen
    assert [process.pid for process in district.servers()] == mornings.servers
    whole = [{name: digest(content) for name, content in mornings.files.items()}, *mornings.expected]
    for name, digests in seen.items():
        assert digests <= {left.get(name) for left in whole}, f"KILL_SEED={mornings.seed}: {name}"
    assert len(seen) == 5
    assert len(seen["otus:/home/incoming/savvas_standards_scores.csv"]) > 2  # it did look while they changed
    assert not district.run_daily(DAYS[-1]).tasks("done")


def difference(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """What differs, by name, and how."""
    names = sorted(found.keys() | expected.keys())
    return {
        name: "missing" if name not in found else "left over" if name not in expected else "another one"
        for name in names
        if found.get(name) != expected.get(name)
    }
