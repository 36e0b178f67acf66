"""A folder into which the district's own server writes: on a share, as a rule, whose mount may hang."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IFDIR, S_IFLNK
from typing import BinaryIO

from pipeline.ground import border, manifests, settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import ConfigurationError, TransferIncomplete, VendorUnreachable
from pipeline.ground.patience import bounded, moving
from pipeline.outside.sftp.folders import KINDS, NO_FILE, Listing, RemoteFile
from pipeline.outside.sftp.sftp import Progress

# Bytes that are copied at once.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class DropFolder:
    """A folder below `[district] drop`, into which the district's own SFTP server writes."""

    folder: str
    settle: float = 5

    def __str__(self) -> str:
        return f"district:{self.folder}"

    @property
    def path(self) -> Path:
        return settings.load().district.drop / self.folder

    def look(self) -> dict[str, RemoteFile]:
        """Raises ConfigurationError; VendorUnreachable, when its mount does not answer."""
        seconds = settings.load().sftp.patience
        try:
            return bounded(seconds, self._listed, f"listing {self.path}")
        except TimeoutError as error:
            raise self._hangs(error, f"a listing within {seconds:g} s (`patience` of [sftp])") from None

    def _hangs(self, error: TimeoutError, expected: str) -> VendorUnreachable:
        return VendorUnreachable(
            f"{self.path} has not answered ({error})",
            expected=expected,
            next_step="look at its mount (`mount`, `df`): a share whose server is away hangs; mount it again, then "
            "run again",
        )

    def _listed(self) -> Listing:
        if not self.path.is_dir():
            raise ConfigurationError(
                f"no folder {self.path}",
                expected=f"{self.folder} below `drop` of luigi.cfg, where the exports arrive",
                next_step=f"correct `drop`, mount the share, or start the sandbox ({MORNING} sandbox up)",
            )
        found = Listing()
        with os.scandir(self.path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it got its name, or another one, just now
                    _see(entry, found)
        return found

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        """Raises TransferIncomplete; VendorUnreachable, when its mount gives no byte any more: the next one of it then
        fails at once, until it is looked at again."""
        if hangs := _hanging.get(self):
            raise hangs
        source = self.path / file.name
        with manifests.written(to) as draft, draft.open("wb") as into:
            now, got = self._copied(source, into), into.tell()
            if got != file.size or (now.st_size, now.st_mtime) != (file.size, file.mtime):
                raise TransferIncomplete(
                    f"{source} gave {got} bytes and has {now.st_size} now",
                    expected=f"the {file.size} bytes that were listed",
                    next_step="it is being written still; the next run takes it when it stands still",
                )
        progress(file.size, file.size)

    def _copied(self, source: Path, into: BinaryIO) -> os.stat_result:
        """Copy the file; returns what it is after that. A thread that was given up finds `into` closed, and ends."""

        def copy(on: Callable[[], None]) -> os.stat_result:
            with source.open("rb", buffering=0) as file:
                while block := file.read(_BLOCK):
                    into.write(block)
                    on()
            return source.stat()

        seconds = settings.load().sftp.patience
        try:
            return moving(seconds, copy, f"copying {border.printable(source.name)}")
        except TimeoutError as error:
            _hanging[self] = self._hangs(error, f"more of the file every {seconds:g} s (`patience` of [sftp])")
            raise _hanging[self] from None


# What each folder's mount did not do, since it was last looked at.
_hanging: dict[DropFolder, VendorUnreachable] = {}


def forget() -> None:
    """The mounts may answer again."""
    _hanging.clear()


def _see(entry: os.DirEntry[str], found: Listing) -> None:
    """Put it into `found`: a link that cannot be followed is odd, and the files beside it are there all the same."""
    try:
        if entry.is_file():
            now = entry.stat()
            found[entry.name] = RemoteFile(entry.name, now.st_size, now.st_mtime)
        else:
            found.odd[entry.name] = _kind(entry)
    except FileNotFoundError:
        raise
    except OSError as error:
        if not os.path.islink(entry):  # noqa: PTH114  (Path's raises in Python 3.11)
            raise
        found.odd[entry.name] = f"a link that cannot be followed ({error.strerror})"


def _kind(entry: os.DirEntry[str]) -> str:
    """What it is that is no file."""
    if entry.is_dir():
        return KINDS[S_IFDIR]
    return KINDS[S_IFLNK] if entry.is_symlink() and not Path(entry).exists() else NO_FILE
