"""A pretend district of a test's own, met from outside: the wrappers as processes, what they say, and what they leave.

Its servers and its central scheduler are started by the wrappers themselves. Dates are past ones, so that a test
does not depend on the day on which it runs; a file that a fault gives the time of now is given one of its morning.
"""

import contextlib
import datetime as dt
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import psutil
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.storage import Bucket, Client

from e2e.warmth import translated, warm
from pipeline import catalogue
from pipeline.ground import settings
from pipeline.outside.cloud import documents
from pipeline.sandbox import activity, elsewhere, folders, translations
from pipeline.sandbox.places import Places
from pipeline.sandbox.supervisor import WARM

ROOT = Path(__file__).parents[2]
MONDAY = dt.date(2025, 11, 17)
TUESDAY = dt.date(2025, 11, 18)
# Those to which something is delivered.
VENDORS = ("savvas", "otus", "ellevation", "clever", "district")
# The folders into which they write themselves.
VENDORS_OWN = {vendor: folders.own(Places(settings.load()), vendor) for vendor in VENDORS}
# Most tests run some of the flows, which shows the same in a third of the time: the files of two systems and what is
# made of them, for two vendors, daily and weekly, from views and as landed.
FEEDS = {
    name: catalogue.feeds()[name]
    for name in (
        *("schools", "students", "teachers", "courses", "sections", "section_teacher", "cc", "terms"),
        *("attendance", "attendance_code", "calendar_day", "incidents"),
        *("savvas_assessment_scores", "savvas_standards_scores"),
    )
}
DELIVERIES = {
    name: catalogue.deliveries()[name] for name in ("ellevation_rosters", "otus_scores", "otus_attendance_discipline")
}
OFF = sorted({*catalogue.feeds(), *catalogue.deliveries()} - {*FEEDS, *DELIVERIES})
_LINE = re.compile(r"\d\d:\d\d:\d\d (done|unchanged|FAILED) +(\w+) +(.*) \([\d.]+ s\)$", re.M)


@dataclass(frozen=True)
class Result:
    """How a command ended; `out` is all that it printed, on both outputs."""

    code: int
    out: str

    def tasks(self, kind: str) -> set[str]:
        """The tasks that are said to be "done", "unchanged" or "FAILED": family and what it is about."""
        return {f"{task} {_of(rest)}" for found, task, rest in _LINE.findall(self.out) if found == kind}


def _of(rest: str) -> str:
    """What a task is about stands in 40 columns, unless it is longer; blanks are in short ones only."""
    return rest[:40].rstrip() if len(rest) < 41 or rest[40] == " " else rest.split(" ")[0]


@dataclass(frozen=True)
class Held:
    """A table or object as Google's client tells it: its labels or metadata, and its rows or bytes."""

    labels: dict[str, str]
    size: int


class District:
    """One pretend district in `folder`, which must be empty; `off` are the flows that it does not have.

    `results` is what the commands have said since all was as it was kept, `received` what a test's receivers of
    messages got.
    """

    zone = ZoneInfo("America/Chicago")

    def __init__(self, folder: Path, off: Iterable[str] = OFF) -> None:
        self.folder = folder
        self.config = elsewhere.write(folder, 400, off)
        self.ports = elsewhere.ports(self.config)
        self.results: list[Result] = []
        self.received: list[str] = []
        self._minutes = 0

    # ------------------------------------------------------------------------------------------ doing

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LUIGI_CONFIG_PATH": str(self.config), WARM: warm(), translations.SHARED: translated()}

    def call(self, *words: str) -> Result:
        """A command, from the pipeline's folder."""
        with self.start(*words) as process:
            out, _ = process.communicate(timeout=300)
        self.results.append(Result(process.returncode, out))
        return self.results[-1]

    def start(self, *words: str, out: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """A command, not waited for, in a session of its own."""
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def portal_shows(self, date: dt.date) -> None:
        """The state's portal gives the reports of that day."""
        text = re.sub(r"(\[portal\]\naddress = .*\n)(day = .*\n)?", rf"\g<1>day = {date}\n", self.config.read_text())
        self.config.write_text(text)

    def run_daily(self, date: dt.date, *words: str, workers: int = 1) -> Result:
        self.portal_shows(date)
        return self.call("./run_daily.sh", "--date", f"{date}", "--workers", f"{workers}", *words)

    def run_weekly(self, date: dt.date, *words: str, workers: int = 1) -> Result:
        return self.call("./run_weekly.sh", "--date", f"{date}", "--workers", f"{workers}", *words)

    def pipeline(self, *words: str) -> Result:
        """`python -m pipeline ...`."""
        return self.call(".venv/bin/python", "-m", "pipeline", *words)

    def sandbox(self, *words: str) -> str:
        """`python -m pipeline.sandbox ...`, which must succeed."""
        done = self.call(".venv/bin/python", "-m", "pipeline.sandbox", *words)
        assert done.code == 0, done.out
        return done.out

    def fault(self, date: dt.date, *words: str) -> Path | None:
        """Throw a fault; the file that it changed or brought back has a time of the morning of `date`."""
        before = time.time() - 5
        self.sandbox("fault", *words)
        fresh = [path for path in self.sftp.rglob("*") if path.is_file() and path.stat().st_mtime > before]
        for path in fresh:
            self._date(path, date)
        return fresh[0] if fresh else None

    def send(self, date: dt.date, path: Path, content: bytes) -> None:
        """A vendor writes its file anew, in the morning of `date`."""
        path.write_bytes(content)
        self._date(path, date)

    def _date(self, path: Path, date: dt.date) -> None:
        """Some minute after four in the morning, each file another one."""
        self._minutes += 1
        moment = dt.datetime.combine(date, dt.time(4), self.zone)
        at = (moment + dt.timedelta(minutes=self._minutes)).timestamp()
        os.utime(path, (at, at))

    # ---------------------------------------------------------------------------------- being and not being

    def servers(self) -> list[psutil.Process]:
        """The sandbox and luigid, as far as they run."""
        return [found for found in (self._server("sandbox"), self._server("luigid")) if found]

    def _server(self, name: str) -> psutil.Process | None:
        """By the pid file, unless the number has become another process's."""
        with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
            told = (self.folder / name / f"{name}.pid").read_text()
            process = psutil.Process(json.loads(told)["pid"] if name == "sandbox" else int(told))
            return process if name in " ".join(process.cmdline()) else None
        return None

    def stop(self) -> None:
        """End the servers, however they are."""
        for process in self.servers():
            with contextlib.suppress(ProcessLookupError):
                _kill(process.pid)
        for client in ("_storage", "_bigquery"):
            if made := self.__dict__.pop(client, None):
                made.close()

    def keep(self, copy: Path) -> None:
        """End the sandbox in good order and copy all that there is."""
        self.sandbox("down")
        self.stop()
        shutil.copytree(self.folder, copy)

    def restore(self, copy: Path) -> None:
        """All is as it was kept, and the servers are up."""
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)
        self.results.clear()
        self.received.clear()
        self.sandbox("up", "--date", (self.folder / "sandbox" / "last_day").read_text().strip())

    # ---------------------------------------------------------------------------------------- remembering

    def forget(self, files: str) -> None:
        """What the landing area's documents say whose paths match is said nowhere any more."""
        for path in [*self.landing.glob(files)]:
            path.unlink()
            self.only_here(path)

    def only_here(self, path: Path) -> None:
        """What a test has written there is not otherwise in the bucket."""
        with contextlib.suppress(NotFound):
            self.bucket.blob(documents.name_below(self.landing, path)).delete()

    def lose_the_disk(self) -> None:
        """All that the landing area has is gone, but for what tells this machine from others."""
        for path in self.landing.iterdir():
            if path.is_dir() and path.name != "locks":
                shutil.rmtree(path)

    # ---------------------------------------------------------------------------------------- looking

    @property
    def sftp(self) -> Path:
        return self.folder / "sandbox" / "sftp"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def vendor_files(self, vendor: str) -> dict[str, bytes]:
        """Every file on a vendor's disk, by its path there."""
        root = self.sftp / vendor
        return {f"/{path.relative_to(root)}": path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def delivered_files(self) -> dict[str, bytes]:
        """Every file on any vendor's disk that is not its own, by vendor and path."""
        return {
            f"{vendor}:{name}": content
            for vendor in VENDORS
            for name, content in self.vendor_files(vendor).items()
            if not name.startswith(tuple(f"/{own}/" for own in VENDORS_OWN[vendor]))
        }

    def activity(self, since: float, log: str) -> list[dict[str, Any]]:
        """What a server was asked to do since a time: `log` is a vendor, "cloud" or "portal"."""
        name = f"{log}.log" if log in ("cloud", "portal") else f"sftp-{log}.log"
        return [event for event in activity.read(self.folder / "sandbox" / "log" / name) if event["time"] >= since]

    def vendor_events(self, since: float, vendor: str) -> list[str]:
        """The names of what a vendor's server was asked to do."""
        return [event["event"] for event in self.activity(since, vendor)]

    def writes(self, since: float) -> list[str]:
        """Every write or rename at any vendor: `vendor event path`."""
        changing = ("write", "rename", "remove", "mkdir", "rmdir")
        return [
            f"{vendor} {event['event']} {event['path']}"
            for vendor in VENDORS
            for event in self.activity(since, vendor)
            if event["event"] in changing
        ]

    @cached_property
    def _bigquery(self) -> bigquery.Client:
        return bigquery.Client(
            project="riverbend-sandbox",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": f"http://127.0.0.1:{self.ports['bigquery']}"},
        )

    @cached_property
    def _storage(self) -> Client:
        return Client(
            project="riverbend-sandbox",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": f"http://127.0.0.1:{self.ports['storage']}"},
        )

    @property
    def warehouse(self) -> bigquery.Client:
        return self._bigquery

    @property
    def bucket(self) -> Bucket:
        return self._storage.bucket("riverbend-morning")

    def tables(self, dataset: str) -> dict[str, Held]:
        """The dataset's tables with their labels and numbers of rows; no views."""
        listed = [item for item in self.warehouse.list_tables(dataset) if item.table_type == "TABLE"]
        found = {item.table_id: self.warehouse.get_table(item.reference) for item in listed}
        return {name: Held(dict(table.labels), int(table.num_rows or 0)) for name, table in found.items()}

    def rows(self, table: str) -> set[tuple[Any, ...]]:
        """The rows of dataset.table; equal rows are one."""
        listed = self.warehouse.list_rows(f"riverbend-sandbox.{table}")
        return {tuple(tuple(value) if isinstance(value, list) else value for value in row.values()) for row in listed}

    def objects(self) -> dict[str, Held]:
        """Every object of the bucket with its metadata and bytes."""
        return {blob.name: Held(dict(blob.metadata or {}), int(blob.size)) for blob in self.bucket.list_blobs()}

    def content(self, name: str) -> bytes:
        """An object's bytes."""
        content: bytes = self.bucket.blob(name).download_as_bytes()
        return content

    def receipts(self) -> dict[str, dict[str, Any]]:
        """Every receipt, by `period/delivery`."""
        names = [name for name in self.objects() if name.endswith("/receipt.json")]
        return {"/".join(name.split("/")[1:3]): json.loads(self.content(name)) for name in names}

    def visualiser(self, method: str, **question: Any) -> Any:
        """What luigid's API answers."""
        data = urllib.parse.quote(json.dumps(question))
        url = f"http://127.0.0.1:{self.ports['luigid']}/api/{method}?data={data}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["response"]

    def secrets(self) -> dict[str, str]:
        """Every password of the sandbox, by name."""
        return {path.name: path.read_text().strip() for path in (self.folder / "sandbox" / "secrets").iterdir()}

    def said(self) -> str:
        """All that stands in the logs of the runs and of the central scheduler."""
        return "\n".join(path.read_text() for path in sorted((self.folder / "log").iterdir()))


def copy_of_the_code(folder: Path) -> Path:
    """`folder`, with the code in it, to be changed there. What is compiled of it comes along, or the first process of
    each copy would compile it anew; a file that Python is writing just now (module.pyc.140…) may go meanwhile."""
    shutil.copytree(ROOT / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copy(ROOT / "luigi.cfg", folder)
    return folder


def _kill(pid: int) -> None:
    """End a process that is no child of ours, and wait until it has ended (not until somebody reaps it)."""
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], 10)
    finally:
        os.close(descriptor)
