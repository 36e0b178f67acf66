"""A set on its way to a vendor: what is to go, what is there already, and what to say when it does not go."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import paramiko

from pipeline.ground.errors import TransferIncomplete, VendorError
from pipeline.outside.sftp import absent, inflight
from pipeline.outside.sftp.inflight import Refused, Transfer
from pipeline.outside.sftp.trail import Stamp, Trail

Progress = Callable[[int, int], None]


@dataclass
class Count:
    """Bytes moved so far in this try, told to whoever shows progress."""

    total: int
    progress: Progress | None
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)


class NotWhole(Exception):
    """What is at the vendor cannot be completed without our files."""


@dataclass
class Outgoing:
    """A set on its way: our files by their names at the vendor, in the order in which they change places.

    `files` is None when an interrupted push is to be completed by what is at the vendor. `stamps` are the files seen
    whole there, `there` those that have taken their places, `half` those that are written there in their places.
    `may_go` is asked just before the first of them does, and raises PipelineError when the set must not go after all.
    `host_key` is what the server showed.
    """

    vendor: str
    folder: str
    names: tuple[str, ...]
    files: Mapping[str, Path] | None
    trail: Trail | None = None
    progress: Progress | None = None
    may_go: Callable[[], object] = lambda: None
    host_key: str = ""
    stamps: dict[str, Stamp] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    half: set[str] = field(default_factory=set)
    advice: str = ""
    harm: str = ""

    def __post_init__(self) -> None:
        """Go on where the same set was left. Another set's trail ends before a byte of this one is sent."""
        if self.trail and not (left := self.trail.stamps()):
            self.trail.end()
        elif self.trail:
            self.stamps = {name: stamp for name, stamp in left.items() if stamp}
            self.there = self.trail.placed()
            self.half = self.trail.begun() - self.there

    def own(self, name: str) -> str:
        return str(PurePosixPath(self.folder) / name)

    def temporary(self, name: str) -> str:
        """Always the same one, so that the next push finds what a killed one left."""
        return str(PurePosixPath(self.folder) / f".{name}.part")

    def todo(self) -> list[str]:
        return [name for name in self.names if name not in self.there]

    def sent(self, names: list[str], send: Callable[[str, Path, inflight.Counted], Transfer]) -> Iterator[Transfer]:
        """The transfers of these files, which end where the set is known to be another machine's. Raises NotWhole when
        we have none."""
        if self.files is None:
            raise NotWhole(", ".join(names))
        count = Count(sum(self.files[name].stat().st_size for name in names), self.progress)

        def moved(size: int) -> None:
            if self.trail:
                self.trail.not_anothers()
            count.add(size)

        return (send(name, self.files[name], moved) for name in names)

    def still_ours(self) -> None:
        """Raises AtWorkElsewhere, where another machine may be at the set by now."""
        if self.trail:
            self.trail.still_ours()

    def keep(self) -> None:
        if self.trail:
            stamps = {name: self.stamps.get(name) for name in self.names}
            self.trail.keep(stamps, self.there, self.host_key, self.half - self.there)

    def whole(self, name: str, file: Path, found: paramiko.SFTPAttributes | None) -> None:
        """Its size was read back; a server that does not tell it has taken every byte. Raises VendorError."""
        size = file.stat().st_size
        if found is None:
            raise VendorError(
                f"{self.vendor} takes {name} away from under its temporary name as soon as it is written",
                expected="files under temporary names to stay until they are renamed",
                next_step=f"write push=overwritten in {self.vendor}'s row of the catalogue's vendors.py: each file is "
                "then written under its own name, and may be taken at once",
            )
        if found.st_size not in (None, size):
            raise TransferIncomplete(
                f"{self.vendor} has {found.st_size} bytes of {name}",
                expected=f"the {size} bytes that were sent",
                next_step=f"run again: the next run sends it again. {self.vendor} may be out of space",
            )
        if stamp := stamp_of(found):
            self.stamps[name] = stamp

    def explained(self, error: VendorError) -> VendorError:
        """The same error, with what it means for this set."""
        found = f"{error.found}; {self.harm}" if self.harm else error.found
        advice = self.advice if type(error) is VendorError else ""
        return type(error)(found, expected=error.expected, next_step=advice or error.next_step, shared=error.shared)

    @contextmanager
    def in_its_folder(self) -> Iterator[None]:
        """What is written here is new: what is not found is the folder. Raises VendorUnreachable."""
        try:
            yield
        except FileNotFoundError:
            raise absent.folder(self.vendor, self.folder) from None

    @contextmanager
    def refusable(self, advice: str) -> Iterator[None]:
        """What to do when the server refuses this."""
        try:
            yield
        except (PermissionError, Refused):
            self.advice = f"{advice} in {self.vendor}'s row of the catalogue's vendors.py"
            self.harm = self.harm if self.there else ""
            raise


def stamp_of(found: paramiko.SFTPAttributes | None) -> Stamp | None:
    """None also of a server that tells no size or no time: its files are not known again, but sent again."""
    if found is None or found.st_size is None or found.st_mtime is None:
        return None
    return found.st_size, int(found.st_mtime)
