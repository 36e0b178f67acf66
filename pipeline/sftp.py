"""Files in and out of the vendors' SFTP folders: whole or not at all.

What comes is written beside its place, compared with what was listed, flushed to disk and renamed; what goes is put
beside its place, its size read back, and renamed. A folder is named as in a catalogue row: see connections.folder.
"""

import stat
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import paramiko

from pipeline import connections, inflight, manifests
from pipeline.errors import (
    TransferIncomplete,
    VendorUnreachable,
)
from pipeline.vendors import Vendor

Progress = Callable[[int, int], None]
# Files that came are flushed to disk by so many threads, while the next ones are on their way.
FLUSHERS = 4


@dataclass(frozen=True)
class RemoteFile:
    """A file in somebody's folder: its name, bytes, and time of change (seconds since 1970)."""

    name: str
    size: int
    mtime: float


@dataclass(frozen=True)
class Delivered:
    """What the vendor was given: bytes by name, and the fingerprint of the host key it showed."""

    sizes: dict[str, int]
    host_key: str


def listing(vendor: Vendor, folder: str) -> dict[str, RemoteFile]:
    """The regular files of the vendor's folder, by name. Raises VendorError."""
    folder = connections.folder(vendor, folder)

    def look(client: paramiko.SFTPClient) -> dict[str, RemoteFile]:
        try:
            entries = client.listdir_attr(folder)
        except FileNotFoundError:
            raise VendorUnreachable(
                f"{vendor.name} has no folder {folder}",
                expected="it, since the feed's row names it",
                next_step="ask the vendor where the files are now, and correct the row in pipeline/feeds.py",
            ) from None
        return {
            entry.filename: RemoteFile(entry.filename, entry.st_size or 0, entry.st_mtime or 0)
            for entry in entries
            if stat.S_ISREG(entry.st_mode or 0)
        }

    return connections.on(vendor, look)


def download(vendor: Vendor, folder: str, file: RemoteFile, to: Path, progress: Progress | None = None) -> None:
    """Bring `file` (as it was listed) to `to`, whole or not at all. Raises VendorError."""
    _bring(vendor, folder, {to: file}, progress)


def download_all(vendor: Vendor, folder: str, files: list[RemoteFile], to: Path) -> None:
    """Bring many files into the folder `to`, each whole or not at all. Raises VendorError."""
    _bring(vendor, folder, {to / file.name: file for file in files}, None)


def _bring(vendor: Vendor, folder: str, files: dict[Path, RemoteFile], progress: Progress | None) -> None:
    """Get those of `files` that are not there yet; what came is flushed to disk beside the next ones' transfer."""
    there: set[Path] = set()
    folder = connections.folder(vendor, folder)

    def get(client: paramiko.SFTPClient) -> None:
        line = inflight.Line(client)
        todo = {to: file for to, file in files.items() if to not in there}
        count = _Count(sum(file.size for file in todo.values()), progress)
        with ThreadPoolExecutor(FLUSHERS) as flushers:
            flushed: list[Future[None]] = []

            def whole(to: Path, finish: ExitStack) -> None:
                flushed.append(flushers.submit(finish.close))
                there.add(to)

            line.run(_fetched(line, vendor, folder, file, to, count.add, whole) for to, file in todo.items())
        for each in flushed:
            each.result()

    connections.on(vendor, get)


def _fetched(
    line: inflight.Line,
    vendor: Vendor,
    folder: str,
    file: RemoteFile,
    to: Path,
    count: inflight.Counted,
    whole: Callable[[Path, ExitStack], None],
) -> inflight.Transfer:
    remote = str(PurePosixPath(folder) / file.name)
    finish = ExitStack()
    draft = finish.enter_context(manifests.written(to))
    try:
        now = yield from inflight.get(line, remote, file.size, draft, count)
    except EOFError:
        now = paramiko.SFTPAttributes()
    if (now.st_size or 0, now.st_mtime or 0) != (file.size, file.mtime):
        raise TransferIncomplete(
            f"{vendor.name}: {remote} has {now.st_size if now.st_size is not None else 'fewer'} bytes now",
            expected=f"the {file.size} bytes, unchanged, that were listed",
            next_step="the vendor seems to be writing it still; the next run takes it when it stands still",
        )
    whole(to, finish)


def push(vendor: Vendor, folder: str, files: dict[str, Path], progress: Progress | None = None) -> Delivered:
    """Put `files` (name at the vendor -> our file) into the vendor's folder as one set. Raises VendorError.

    All are uploaded under temporary names beside their targets and their sizes read back; only then are they
    renamed, back to back. A temporary name is always the same one, so a killed run's is overwritten by the next.
    """
    folder = connections.folder(vendor, folder)
    sizes = {name: file.stat().st_size for name, file in files.items()}
    sent: set[str] = set()
    renamed: set[str] = set()

    def send(client: paramiko.SFTPClient) -> None:
        line = inflight.Line(client)
        todo = [name for name in files if name not in sent]
        count = _Count(sum(sizes[name] for name in todo), progress)
        line.run(
            _sent(line, vendor, files[name], _temporary(folder, name), count.add, partial(sent.add, name))
            for name in todo
        )

    def swap_in(client: paramiko.SFTPClient) -> str:
        line = inflight.Line(client)
        line.run(
            _renamed(line, folder, name, sizes[name], partial(renamed.add, name))
            for name in files
            if name not in renamed
        )
        return connections.told(client.get_channel().get_transport().get_remote_server_key())  # type: ignore[union-attr]

    connections.on(vendor, send)
    return Delivered(sizes, connections.on(vendor, swap_in))


def _renamed(line: inflight.Line, folder: str, name: str, size: int, done: Callable[[], None]) -> inflight.Transfer:
    """Also right after a line that broke between the rename and its answer: then only the new name is there."""
    there = str(PurePosixPath(folder) / name)
    try:
        yield from inflight.rename(line, _temporary(folder, name), there)
    except FileNotFoundError:
        if (yield from inflight.size(line, there)) != size:
            raise
    done()


@dataclass
class _Count:
    """Bytes moved so far in this try, told to whoever shows progress."""

    total: int
    progress: Progress | None
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)


def _temporary(folder: str, name: str) -> str:
    return str(PurePosixPath(folder) / f".{name}.part")


def _sent(
    line: inflight.Line, vendor: Vendor, file: Path, remote: str, count: inflight.Counted, whole: Callable[[], None]
) -> inflight.Transfer:
    found = (yield from inflight.put(line, file, remote, count)).st_size
    size = file.stat().st_size
    if found != size:
        raise TransferIncomplete(
            f"{vendor.name} has {found} bytes of {remote}",
            expected=f"the {size} bytes that were sent",
            next_step="nothing was renamed; the next run sends the set again",
        )
    whole()
