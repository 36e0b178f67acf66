"""Our SFTP adapter beside OpenSSH's `sftp`, against one real sshd with a pinned key: `python -m bench.sftp`.

Each round moves the same bytes by both, one after the other, in an order that changes from round to round; what is
told is the median. Both connect anew each time and pay for it. Ours does what it does every morning: temporary
names, sizes compared, flushed to disk, renamed; `sftp` gets, or puts and renames, in one batch, and flushes nothing.
Other load on the machine slows both: judge the ratios, which are ours over theirs (1.2 = we are faster).
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import distance
from pipeline.outside.sftp import connections, sftp
from pipeline.outside.sftp.vendor import Vendor

ROOT = Path(__file__).parents[1]
VENDOR = Vendor("bench", timeout=60)
CONFIG = """
[sandbox]
enabled = true
[district]
landing = {folder}/landing
[cloud]
storage_endpoint = {bucket}
[sftp]
known_hosts = {folder}/known_hosts
[sftp:bench]
host = 127.0.0.1
port = {port}
user = {user}
key = {key}
"""


def main() -> None:
    """Print a line for each kind of transfer: MB or files a second of both, and the ratio."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--megabytes", type=int, default=256)
    words.add_argument("--files", type=int, default=500)
    words.add_argument("--round-trip", type=float, default=0, help="milliseconds between us and the server")
    asked = words.parse_args()
    sys.path.append(str(ROOT / "tests" / "integration"))
    from bucketing import serving
    from sshd import Sshd, running

    with tempfile.TemporaryDirectory(prefix="bench-sftp-") as name, contextlib.ExitStack() as open_:
        folder = Path(name)
        server = open_.enter_context(running(folder / "server"))
        bucket = open_.enter_context(serving(folder / "bucket"))  # what is remembered of logins lies there
        assert isinstance(server, Sshd)
        port = open_.enter_context(distance.line_to(server.port, asked.round_trip)) if asked.round_trip else server.port
        (folder / "known_hosts").write_text(server.pin(port=port) + "\n")
        (folder / "luigi.cfg").write_text(
            CONFIG.format(folder=folder, bucket=bucket, port=port, user=server.user, key=server.login_key)
        )
        os.environ["LUIGI_CONFIG_PATH"] = str(folder / "luigi.cfg")
        openssh = OpenSsh(folder / "known_hosts", server.login_key, port, server.user)
        for what, files, unit in (
            (f"one file of {asked.megabytes} MB", {"big.bin": asked.megabytes * 1_000_000}, "MB/s"),
            (f"{asked.files} files of 20 KB", {f"{n:04}.csv": 20_000 for n in range(asked.files)}, "files/s"),
        ):
            amount = asked.megabytes if unit == "MB/s" else asked.files
            case = Case(folder, server.files, files, openssh)
            for way, ours, theirs in (("get", case.get, case.openssh_get), ("put", case.put, case.openssh_put)):
                a, b = measured(ours, theirs, asked.rounds)
                print(f"{what}, {way}: ours {amount / a:.0f} {unit}, OpenSSH {amount / b:.0f} {unit}, x {b / a:.2f}")
            case.remove()


def measured(ours: Callable[[], None], theirs: Callable[[], None], rounds: int) -> tuple[float, float]:
    """The median seconds of both, after one round that does not count."""
    took: dict[Callable[[], None], list[float]] = {ours: [], theirs: []}
    for turn in range(rounds + 1):
        for action in (ours, theirs) if turn % 2 else (theirs, ours):
            os.sync()  # what the one before left to be written is not the next one's cost
            begun = time.perf_counter()
            action()
            if turn:
                took[action].append(time.perf_counter() - begun)
    return statistics.median(took[ours]), statistics.median(took[theirs])


class OpenSsh:
    """`sftp` with a batch, the same pinned key and login, its default cipher."""

    def __init__(self, known_hosts: Path, key: Path, port: int, user: str) -> None:
        options = {"UserKnownHostsFile": known_hosts, "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes"}
        self._words = ["sftp", "-q", "-F", "none", "-P", str(port), "-i", str(key)]
        self._words += [word for option, value in options.items() for word in ("-o", f"{option}={value}")]
        self._words += ["-b", "-", f"{user}@127.0.0.1"]

    def __call__(self, batch: list[str]) -> None:
        subprocess.run(self._words, input="\n".join(batch) + "\n", text=True, check=True, stdout=subprocess.DEVNULL)


class Case:
    """Files of random bytes on both sides, and the two ways to move them."""

    def __init__(self, folder: Path, served: Path, sizes: dict[str, int], openssh: OpenSsh) -> None:
        self._openssh = openssh
        self._local, self._got = folder / "local", folder / "got"
        self._remote, self._given = served / "remote", served / "given"
        for each in (self._local, self._got, self._remote, self._given):
            each.mkdir()
        for name, size in sizes.items():
            content = os.urandom(size)
            (self._local / name).write_bytes(content)
            (self._remote / name).write_bytes(content)
        self._names = list(sizes)

    def get(self) -> None:
        try:
            listed = sftp.listing(VENDOR, str(self._remote))
            if len(listed) == 1:
                sftp.download(VENDOR, str(self._remote), listed[self._names[0]], self._got / self._names[0])
            else:
                sftp.download_all(VENDOR, str(self._remote), list(listed.values()), self._got)
        finally:
            connections.close_all()

    def put(self) -> None:
        try:
            sftp.push(VENDOR, str(self._given), {name: self._local / name for name in self._names})
        finally:
            connections.close_all()

    def openssh_get(self) -> None:
        self._openssh([f"get {self._remote}/* {self._got}"])

    def openssh_put(self) -> None:
        put = [f"put {self._local / name} {self._given / f'.{name}.part'}" for name in self._names]
        self._openssh([*put, *(f"rename {self._given / f'.{name}.part'} {self._given / name}" for name in self._names)])

    def remove(self) -> None:
        for folder in (self._local, self._got, self._remote, self._given):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


if __name__ == "__main__":
    main()
