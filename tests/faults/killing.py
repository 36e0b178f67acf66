"""What kills are tried by: all that a morning leaves, a vendor who looks all the time, and a kill at an instant."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil

from e2e.district import DELIVERIES, MONDAY, VENDORS, VENDORS_OWN, District

DAYS = [MONDAY + timedelta(days=n) for n in range(1, 5)]
# So many files are renamed into their places at a vendor, of the one set that it is given each day.
SETS = {each.vendor: len(each.files) for each in (DELIVERIES["ellevation_rosters"], DELIVERIES["otus_scores"])}
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
    while signalled(run, signal.SIGKILL):
        run.poll()


def signalled(run: subprocess.Popen[str], what: signal.Signals) -> list[int]:
    """Each process of the run's session gets the signal; returns who they are."""
    pids = [pid for pid in psutil.pids() if _session(pid) == run.pid]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)
    return pids


def _session(pid: int) -> int:
    """The session of a process that is alive; 0 otherwise."""
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        return 0 if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE else os.getsid(pid)
    return 0


# The places of a morning at which something may be killed, in the order in which they are come to.
SCHEDULING, LANDING, LOADING, EXPORTING = "scheduling", "landing", "loading", "exporting"
RENAMES, RECEIPT = "between renames", "before the receipt"
PLACES = (SCHEDULING, LANDING, LOADING, EXPORTING, RENAMES, RECEIPT)


def place_of(event: dict[str, Any]) -> str:
    """The place at which a server was asked for that; "" where the server cannot know it."""
    stored = str(event.get("object", ""))
    if event.get("event") == "rename":
        return RENAMES
    if event.get("job") == "load":
        return LOADING
    if event.get("job") == "extract" or (stored.startswith("deliveries/") and stored.endswith(".csv")):
        return EXPORTING
    return LANDING if stored.startswith("landing/") and stored.endswith(".csv") else ""


class Told:
    """What the servers write into their logs from now on."""

    def __init__(self, district: District) -> None:
        self._folder = district.folder / "sandbox" / "log"
        self._read: dict[Path, int] = {}
        self.new()

    def new(self) -> list[dict[str, Any]]:
        """What has come since this was asked last; `vendor` is whose server it was, where it was a vendor's."""
        found = list[dict[str, Any]]()
        for path in sorted({*self._folder.glob("sftp-*.log"), self._folder / "cloud.log"}):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                whole = file.read().rpartition(b"\n")[0]
                self._read[path] = self._read.get(path, 0) + len(whole) + bool(whole)
                vendor = {"vendor": path.stem.removeprefix("sftp-")} if path.stem.startswith("sftp-") else {}
                found += [{**json.loads(line), **vendor} for line in whole.splitlines()]
        return found


def asked(district: District) -> int:
    """What the servers were asked until now, in bytes of their logs."""
    return sum(path.stat().st_size for path in (district.folder / "sandbox" / "log").glob("*.log"))


def undisturbed(district: District, days: list[date] = DAYS) -> tuple[list[dict[str, Any]], int, int]:
    """What each day leaves; what the servers are asked in a morning, and in a run that has nothing to do."""
    left, counts = [], []
    for day in days:
        before = asked(district)
        run = district.run_daily(day)
        counts.append(asked(district) - before)
        assert run.code == 0, run.out
        left.append(state(district))
    before = asked(district)
    assert district.run_daily(days[-1]).code == 0
    return left, min(counts), asked(district) - before


def difference(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """What differs, by name, and how."""
    names = sorted(found.keys() | expected.keys())
    return {
        name: "missing" if name not in found else "left over" if name not in expected else "another one"
        for name in names
        if found.get(name) != expected.get(name)
    }
