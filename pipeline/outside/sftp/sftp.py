"""Files in and out of the vendors' SFTP folders: whole or not at all.

What comes is written beside its place, compared with what was listed, flushed to disk and renamed; what goes is put
there as the vendor's row says: see pushing. A folder is named as in a catalogue row: see connections.folder.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import paramiko

from pipeline.ground import border, manifests
from pipeline.ground.errors import TransferIncomplete, VendorError
from pipeline.outside.sftp import connections, folders, inflight, outgoing, pushing
from pipeline.outside.sftp.folders import Listing as Listing
from pipeline.outside.sftp.folders import RemoteFile as RemoteFile
from pipeline.outside.sftp.pushing import Count
from pipeline.outside.sftp.pushing import Progress as Progress
from pipeline.outside.sftp.vendor import Vendor

# Files that came are flushed to disk by so many threads, while the next ones are on their way.
FLUSHERS = 4


@dataclass(frozen=True)
class Delivered:
    """What the vendor was given: bytes by name, and the fingerprint of the host key it showed."""

    sizes: dict[str, int]
    host_key: str


def listing(vendor: Vendor, folder: str) -> Listing:
    """The files of the vendor's folder, by name; over after the vendor's patience. Raises VendorError.

    A server may leave each attribute out. The type is then in `ls`'s words; it, size and time are else asked for. What
    has no type is taken for a file; a file without size or time is the error of who wants it: it cannot be known when
    it is whole.
    """
    folder = connections.folder(vendor, folder)
    found = Listing()

    def look(client: paramiko.SFTPClient) -> None:
        found.clear()
        line = inflight.Line(client)
        line.run([folders.files(line, vendor, folder, found)])

    with _border(vendor, f"listing {folder}"):
        connections.on(vendor, look, within=connections.patience(vendor))
    return found


def _border(vendor: Vendor, doing: str) -> AbstractContextManager[None]:
    """Whatever nobody foresaw is the vendor's error; what is about our own files is not."""
    return border.around(connections.where(vendor), doing, VendorError, passing=(OSError, pushing.NotWhole))


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
        count = Count(sum(file.size for file in todo.values()), progress)
        with ThreadPoolExecutor(FLUSHERS) as flushers:
            flushed: list[Future[None]] = []

            def whole(to: Path, finish: ExitStack) -> None:
                flushed.append(flushers.submit(finish.close))
                there.add(to)

            line.run(_fetched(line, vendor, folder, file, to, count.add, whole) for to, file in todo.items())
        for each in flushed:
            each.result()

    with _border(vendor, f"bringing from {folder}"):
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
    with ExitStack() as block:  # closed also where another one's error ends all of them
        draft = block.enter_context(manifests.written(to))
        try:
            now = yield from inflight.get(line, remote, file.size, draft, count)
        except EOFError:
            now = paramiko.SFTPAttributes()
            now.st_size = -1
        _refuse_unlike(vendor, remote, file, now)
        finish = block.pop_all()
    whole(to, finish)


def _refuse_unlike(vendor: Vendor, remote: str, file: RemoteFile, now: paramiko.SFTPAttributes) -> None:
    if now.st_size != file.size or now.st_mtime not in (None, file.mtime):
        size = now.st_size if now.st_size is not None and now.st_size >= 0 else "fewer"
        raise TransferIncomplete(
            f"{vendor.name}: {border.printable(remote)} has {size} bytes now",
            expected=f"the {file.size} bytes, unchanged, that were listed",
            next_step="the vendor seems to be writing it still; the next run takes it when it stands still",
        )


def push(
    vendor: Vendor,
    folder: str,
    files: dict[str, Path],
    progress: Progress | None = None,
    trail: pushing.Trail | None = None,
    may_go: Callable[[], object] = lambda: None,
) -> Delivered:
    """Put `files` (name at the vendor -> our file) into the vendor's folder as one set, in the way that its row names.

    They change places in the order given; `may_go` is asked just before the first does. With a trail an interrupted
    push of the same set is taken up where it was; the trail ends when the receipt is written, which is the caller's.
    Raises VendorError, and what `may_go` raises.
    """
    going = outgoing.Outgoing(
        vendor.name,
        connections.folder(vendor, folder),
        tuple(files),
        files,
        trail=trail,
        progress=progress,
        may_go=may_go,
    )
    return Delivered({name: file.stat().st_size for name, file in files.items()}, _pushed(vendor, going))


def finish(
    vendor: Vendor, folder: str, trail: pushing.Trail, may_go: Callable[[], object] = lambda: None
) -> Delivered | None:
    """Complete an interrupted push by what is at the vendor; None when that cannot be done. `may_go` is asked when no
    file has taken its place yet. Raises VendorError, and what `may_go` raises."""
    names = tuple(trail.stamps())
    going = outgoing.Outgoing(vendor.name, connections.folder(vendor, folder), names, None, trail=trail, may_go=may_go)
    try:
        host_key = _pushed(vendor, going)
    except pushing.NotWhole:
        return None
    return Delivered({name: stamp[0] for name, stamp in going.stamps.items()}, host_key)


def placed(vendor: Vendor, folder: str, trail: pushing.Trail) -> set[str]:
    """The files of an interrupted push that have taken their places: as the trail says, or as they are at the vendor.

    One that had come whole and is not beside its place any more has taken it, even if the vendor has it no more.
    Raises VendorError.
    """
    going = outgoing.Outgoing(vendor.name, connections.folder(vendor, folder), tuple(trail.stamps()), None, trail=trail)
    with _border(vendor, f"looking what came into {going.folder}"):
        connections.on(vendor, lambda client: pushing.look_beside(going, inflight.Line(client)))
    return going.there


def _pushed(vendor: Vendor, going: outgoing.Outgoing) -> str:
    """The host key that the last connection showed."""

    def on(act: Callable[[inflight.Line], None]) -> None:
        def over(client: paramiko.SFTPClient) -> None:
            shown = client.get_channel().get_transport().get_remote_server_key()  # type: ignore[union-attr]
            going.host_key = connections.told(shown)
            act(inflight.Line(client))

        connections.on(vendor, over)

    try:
        with _border(vendor, f"taking files into {going.folder}"):
            vendor.push(going, on)
    except VendorError as error:
        raise going.explained(error) from None
    return going.host_key
