"""What can be made to go wrong, and what is going wrong now.

Some faults are done once to a file (damage.py); the others are switches, which the stand-ins look at for each
operation. Both are recorded in one small file, so that `heal` knows what to undo and a switch thrown in one
process works in the other from the next operation on, without a signal.
"""

import contextlib
import fcntl
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option of the command, or, when `flag` has no dashes, one more word of it."""

    flag: str
    kind: type
    default: Any
    what: str
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Kind:
    """A fault that can be asked for. `rows` are those of DOMAIN.md's table; `target` is "file", "vendor" or ""."""

    name: str
    rows: str
    target: str
    what: str
    options: tuple[Option, ...] = ()


_STATUS = Option("--status", int, 503, "HTTP status")
_AT = Option("--at", str, "", "only pages whose address holds this")
_TIMES = Option("--times", int, 1, "so many requests or connections; 0 = all of them")

KINDS = (
    Kind("late", "F2", "file", "the newest match is taken away until `arrives` or `heal`"),
    Kind("arrives", "F2", "", "what was late is there, with the time of now"),
    Kind("corrected", "F21", "file", "one value of one row is another; the time is now"),
    Kind(
        "truncated",
        "F1 F3",
        "file",
        "only the first rows are there",
        (
            Option("--keep", float, 0.6, "share of the rows"),
            Option("--mid-row", bool, False, "share of the bytes instead: it ends in the middle of a row (F4, F13)"),
        ),
    ),
    Kind("again", "F5", "file", "the same bytes once more, with the time of now"),
    Kind(
        "stale",
        "F5",
        "file",
        "the time is a day earlier, as if nothing had come",
        (Option("--hours", float, 24.0, "so much earlier, or below 0 later: a vendor's clock that is wrong"),),
    ),
    Kind(
        "header",
        "F6",
        "file",
        "a column is renamed, gone, new or at the end",
        (
            Option("--rename", str, None, "A=B"),
            Option("--drop", str, None, "column"),
            Option("--add", str, None, "column"),
            Option("--move", str, None, "column, to the end"),
        ),
    ),
    Kind("empty", "F7", "file", "0 bytes"),
    Kind("header-only", "F7", "file", "the header and no row"),
    Kind(
        "encoding",
        "F8",
        "file",
        "the same text in another encoding",
        (Option("to", str, None, "its name", ("cp1252", "utf-16", "utf-8-sig")),),
    ),
    Kind("zeros", "F9", "file", "ids have lost their leading zeros"),
    Kind(
        "booleans",
        "F10",
        "file",
        "1 and 0 of a column are True and False",
        (Option("column", str, None, "the column, as the header has it"),),
    ),
    Kind("growing", "F4", "file", "a writer appends to it every 0.2 s until `heal`"),
    Kind("host-key", "F11", "vendor", "shows another host key; the pinned one stays as it is"),
    Kind(
        "login",
        "F16",
        "vendor",
        "refuses the password",
        (Option("--expired", bool, False, "or takes it, and wants another one at once"),),
    ),
    Kind(
        "cut",
        "F13",
        "vendor",
        "a connection breaks off after so many bytes",
        (Option("--after", int, 100_000, "bytes read or written on that connection"), _TIMES),
    ),
    Kind(
        "slow",
        "F13 F15",
        "vendor",
        "moves bytes slowly",
        (
            Option("--rate", int, 50_000, "bytes a second"),
            Option("--rename", float, 0.0, "seconds that each rename takes, one after the other"),
        ),
    ),
    Kind("hang", "F13", "vendor", "lets us in and then answers nothing"),
    Kind("full", "F13", "vendor", "has no space left", (Option("--quota", int, 100_000, "bytes of all files"),)),
    Kind("read-only", "F12", "vendor", "refuses to open a file for writing"),
    Kind(
        "no-rename",
        "F12",
        "vendor",
        "refuses to rename",
        (Option("--onto-existing", bool, False, "only onto a name that is there"),),
    ),
    Kind("no-temporary", "F12", "vendor", "refuses names that begin with . or end in .tmp, .part or .filepart"),
    Kind("taken", "F20", "vendor", "has read and removed what we delivered"),
    Kind("storage", "F14 F15", "", "Cloud Storage answers with an error", (_STATUS, _TIMES)),
    Kind("no-rights", "F14", "", "we may read the bucket's objects, and nothing else"),
    Kind("bigquery", "F14 F15", "", "BigQuery answers with an error", (_STATUS, _TIMES)),
    Kind(
        "google",
        "F14 F15",
        "",
        "Google's services have a bad day",
        (
            Option(
                "how",
                str,
                None,
                "403 or 429; 429 with Retry-After; 503; done and not answered; kept and answered 412; a late first "
                "byte; jobs that wait; a listing's labels of before; some of each",
                ("rate-limit", "busy", "unavailable", "lost", "stored", "slow", "pending", "behind", "mix"),
            ),
            Option("--seconds", float, 2.0, "how long slow, pending and behind take"),
            Option("--share", float, 0.1, "of the requests that a mix strikes"),
            Option("--seed", int, 1, "of a mix"),
            _TIMES,
        ),
    ),
    Kind(
        "job-fails",
        "F14",
        "",
        "a job of BigQuery begins, and then ends with an error",
        (
            Option("job", str, None, "its kind", ("load", "query", "extract")),
            Option("--reason", str, "resourcesExceeded", "BigQuery's word for why"),
            _TIMES,
        ),
    ),
    Kind(
        "small-objects",
        "F14",
        "",
        "an extract of BigQuery's is in several objects: each is as small as this, where Google's limit is a gigabyte",
        (Option("--bytes", int, 20_000, "of an object"),),
    ),
    Kind(
        "portal-slow",
        "F17",
        "",
        "each page of the state's portal takes its time",
        (Option("--seconds", float, 2.0, "how long"), _AT),
    ),
    Kind(
        "portal-error",
        "F17",
        "",
        "the portal answers with an error",
        (Option("--status", int, 500, "HTTP status"), _TIMES, _AT),
    ),
    Kind("portal-vanish", "F17", "", "a window of the portal closes itself, half-way to a report", (_TIMES,)),
    Kind("portal-expired", "F16", "", "the portal wants another password, the old one has expired"),
    Kind("portal-refused", "F16", "", "the portal refuses the right password; after three tries it is locked"),
    Kind("portal-asks", "F16 F17", "", "the portal takes the password and then asks for something more"),
    Kind(
        "portal-between",
        "F17",
        "",
        "the portal's sign-in shows one more page",
        (Option("page", str, None, "signed in? an account; with one button", ("stay", "pick", "notice")),),
    ),
    Kind("portal-cut", "F13", "", "a download from the portal breaks off in the middle", (_TIMES,)),
    Kind("portal-error-page", "F17", "", "the portal gives an error page under a report's name", (_TIMES,)),
    Kind(
        "portal-role",
        "F17",
        "",
        "the portal's role is called School User at every visit",
        (Option("--sch-ec", bool, False, "SCH_EC instead"),),
    ),
)


@dataclass(frozen=True)
class Fault:
    """A fault that is on. `path`, `kept` and `left` belong to files: see damage.py."""

    id: int
    name: str
    target: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    kept: str = ""
    left: list[int] | None = None


class FaultFile:
    """The faults that are on, in one JSON file. Written by the command line, read by the stand-ins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._active: list[Fault] = []

    def active(self) -> list[Fault]:
        """Read again only when the file is another one: a stat for each question."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return []
        with self._lock:
            if self._stamp != (stamp := (found.st_ino, found.st_mtime_ns)):
                self._active = [Fault(**row) for row in json.loads(self._path.read_text())]
                self._stamp = stamp
            return self._active

    def find(self, name: str, target: str = "") -> Fault | None:
        return next((fault for fault in self.active() if (fault.name, fault.target) == (name, target)), None)

    @contextlib.contextmanager
    def change(self) -> Iterator[list[Fault]]:
        """The list, to be changed in place; written at the end of the block, one changer at a time."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            faults = list(self.active())
            yield faults
            beside = self._path.with_suffix(".new")
            beside.write_text(json.dumps([asdict(fault) for fault in faults], indent=1))
            beside.replace(self._path)

    def switch_on(self, name: str, target: str, options: dict[str, Any]) -> None:
        """Counters begin anew when a switch is thrown again."""
        with self.change() as faults:
            new = Fault(next_id(faults), name, target, options)
            faults[:] = [fault for fault in faults if (fault.name, fault.target) != (name, target)]
            faults.append(new)


def next_id(faults: list[Fault]) -> int:
    """A number that no fault has had, also none that was healed: strikes are counted by it."""
    return max(time.time_ns() // 1000, *(fault.id + 1 for fault in faults), 0)


class Countdown:
    """How often each fault with a limit has struck in this process."""

    def __init__(self, faults: FaultFile) -> None:
        self._faults = faults
        self._struck: dict[tuple[int, str], int] = {}
        self._lock = threading.Lock()

    def left(self, fault: Fault) -> bool:
        times = fault.options.get("times", 0)
        return not times or self._struck.get((fault.id, fault.name), 0) < times

    def strike(self, name: str, target: str = "", **options: str) -> Fault | None:
        """The fault if it is on, with these options, and has strikes left; takes one of them."""
        fault = self._faults.find(name, target)
        with self._lock:
            if fault is None or not options.items() <= fault.options.items() or not self.left(fault):
                return None
            key = (fault.id, fault.name)
            self._struck[key] = self._struck.get(key, 0) + 1
            return fault
