"""A vendor's folder behind a line of ours, with yesterday's set in it, for tests of how a set gets there.

A push runs in a process of its own behind the line, and is killed before the next byte passes once the vendor's folder
is in the state that the test names: no instant is a matter of luck, and nothing waits.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import sshd
from brokenline import BrokenLine, line_to
from pipeline.ground import settings
from pipeline.outside.sftp import connections, sftp
from pipeline.outside.sftp.pushing import Push, Trail, overwritten, replaced, swapped_in
from pipeline.outside.sftp.vendor import Vendor
from riverbend import ROOT

WAYS: dict[Push, str] = {swapped_in: "swapped_in", replaced: "replaced", overwritten: "overwritten"}
# Parents before children, and not in the order of the alphabet.
NAMES = ("schools.csv", "teachers.csv", "students.csv", "enrollments.csv")
SIZES = (200_000, 1_000, 400_000, 40)
# Bytes after which a line is cut, lest it be before both of its directions are at work.
GREETINGS = 100
PUSHER = """
import sys
from pathlib import Path
from pipeline.outside.sftp import connections
from pipeline.outside.sftp import pushing
from pipeline.outside.sftp import sftp
from pipeline.outside.sftp.vendor import Vendor
way, folder, ours, trail, of, *names = sys.argv[1:]
connections.PAUSE = 0.01
vendor = Vendor("there", timeout=10, push=getattr(pushing, way))
files = {name: Path(ours) / name for name in names}
sftp.push(vendor, folder, files, trail=pushing.Trail(Path(trail), of, {"period": "2026-11-23"}))
"""


@dataclass
class Shop:
    """A vendor's folder behind a line, with yesterday's set in it, and today's on our side."""

    line: BrokenLine
    folder: str
    root: Path
    ours: Path
    way: Push = swapped_in
    sent: list[int] = field(default_factory=list)
    """The bytes of each push that sent any."""
    moved: int = 0
    """The bytes that the connection has moved which is to be killed."""

    @property
    def files(self) -> dict[str, Path]:
        return {name: self.ours / name for name in NAMES}

    @property
    def vendor(self) -> Vendor:
        return Vendor("there", timeout=10, push=self.way)

    @property
    def trail(self) -> Trail:
        told = [hashlib.sha256(file.read_bytes()).hexdigest() for file in self.files.values()]
        return Trail(self.ours.parent / "trail.json", ":".join(told), {"period": "2026-11-23"})

    def make(self, day: str) -> None:
        """Other bytes every day, and as many as the day before: no size tells the sets from each other."""
        self.ours.mkdir(exist_ok=True)
        for name, size in zip(NAMES, SIZES, strict=True):
            (self.ours / name).write_bytes((f"{name} {day}\n".encode() * size)[:size])

    def push(self) -> sftp.Delivered:
        totals: set[int] = set()
        given = sftp.push(self.vendor, self.folder, self.files, lambda done, total: totals.add(total), self.trail)
        self.sent += totals
        return given

    def listing(self) -> sftp.Listing:
        return sftp.listing(self.vendor, self.folder)

    def temporary(self, name: str) -> Path:
        return self.root / f".{name}.part"

    def new(self) -> list[str]:
        """Today's files that are under their names, whole."""
        there = {name: (self.root / name) for name in NAMES}
        mine = {name: file.read_bytes() for name, file in self.files.items()}
        return [name for name, path in there.items() if path.exists() and path.read_bytes() == mine[name]]

    def state(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.root.iterdir() if not path.name.startswith(".")}

    def all(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())

    def kill_when(self, when: Callable[[], bool]) -> None:
        """Push in a process that is killed before the next byte passes once it is so."""
        words = [WAYS[self.way], self.folder, str(self.ours), str(self.trail.path), self.trail.of, *NAMES]
        running: list[subprocess.Popen[bytes]] = []

        def now(moved: int) -> bool:
            self.moved = moved
            if not (running and moved > GREETINGS and when()):
                return False
            running[0].kill()
            running[0].wait()
            return True

        self.line.breaks(now, times=1)
        with subprocess.Popen([sys.executable, "-c", PUSHER, *words], cwd=ROOT) as process:
            running.append(process)
            assert process.wait(60) == -9
        assert self.line.wait_until_idle()
        self.line.cuts_left = 0


@dataclass(frozen=True)
class Server:
    """Where a server listens, who we are there, its host key, and a folder of it as it and as this machine call it."""

    port: int
    user: str
    key: str
    pin: str
    folder: str
    root: Path


def on(server: sshd.Sshd, name: str, rooted: bool = False) -> Server:
    """A folder of that name there; `rooted`: what the server serves is its `/`."""
    root = server.files / name
    pin = server.pin().partition(" ")[2]
    return Server(server.port, server.user, str(server.login_key), pin, f"/{name}" if rooted else str(root), root)


@contextlib.contextmanager
def opened(server: Server, own_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(connections, "PAUSE", 0.01)
    connections._refusals.clear()
    server.root.mkdir()
    with line_to(server.port) as line:
        shop = Shop(line, server.folder, server.root, tmp_path / "ours")
        account = f"host = 127.0.0.1\nport = {line.port}\nuser = {server.user}\nkey = {server.key}\n"
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{line.port} {server.pin}\n")
        config = tmp_path / "there.cfg"
        ours = f"[district]\nlanding = {tmp_path}/landing\n{own_bucket}[sftp]\nknown_hosts = {tmp_path}/known_hosts\n"
        config.write_text(f"[sandbox]\nenabled = true\n{ours}[sftp:there]\n{account}")
        monkeypatch.setenv("LUIGI_CONFIG_PATH", str(config))
        settings.load.cache_clear()
        shop.make("yesterday")
        for name, file in shop.files.items():
            (server.root / name).write_bytes(file.read_bytes())
            os.utime(server.root / name, (1_790_000_000, 1_790_000_000))
        shop.make("today")
        yield shop
        connections.close_all()
    settings.load.cache_clear()


def at_the_login(shop: Shop) -> bool:
    return True


def the_first_is_half(shop: Shop) -> bool:
    """Logging in takes a few thousand bytes."""
    return shop.moved > SIZES[0] // 2


def one_is_whole(shop: Shop) -> bool:
    return any(size(file) == full for file, full in zip(map(shop.temporary, NAMES), SIZES, strict=True))


def all_are_whole(shop: Shop) -> bool:
    return shop.trail.path.exists()


def the_first_is_swapped_in(shop: Shop) -> bool:
    return NAMES[0] in shop.new()


def the_last_is_swapped_in(shop: Shop) -> bool:
    return all_are_whole(shop) and not any(shop.temporary(name).exists() for name in NAMES)


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else -1
