"""What "done" means on the way in: the evidence of each state, with the fingerprints of what it was made from.

A target exists when its evidence is there and says what is expected *now*. So a corrected input makes everything
above it incomplete, and an output that is deleted is the only one that is made again. The evidence lies in the bucket
(outside/cloud/documents.py), and so do a vendor's bytes; the disk's copies are used where they are the same.
"""

import datetime as dt
import os
import stat
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import PortalReport
from pipeline.ground import manifests, settings
from pipeline.ground.errors import PipelineError, TransferIncomplete, WrittenByAnother
from pipeline.ground.looks import NotYet
from pipeline.inbound import lineends, sources
from pipeline.inbound.sources import settled
from pipeline.outside.cloud import documents, storage, warehouse
from pipeline.outside.sftp.sftp import RemoteFile


def landing(feed: Feed, date: dt.date) -> Path:
    """The folder of the feed's copies of that date."""
    return _below(settings.load().district.landing, feed.folder, date.isoformat())


@cache
def _below(folder: Path, *names: str) -> Path:
    """A path in that folder: a run asks for each a hundred times."""
    return folder.joinpath(*names)


def _is_whole(file: Path, size: int) -> bool:
    """Whether it is a file of so many bytes."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


@dataclass(frozen=True)
class VendorFileTarget:
    """The newest match is at the vendor, fresh for the date, and stands still."""

    feed: Feed
    part: str
    date: dt.date

    def newest(self) -> RemoteFile | None:
        """The file that counts: the newest one; but where that was older than ours already, what stands now under the
        name of ours, a correction with an earlier time. None when that is not of the date.

        Raises PipelineError when nobody could look.
        """
        newest = sources.newest_of(self.feed, self.part, self.date)
        held = documents.load(LandedTarget(self.feed, self.part, self.date).manifest_path)
        if newest is None or held is None or not _passed_over(newest, held):
            return newest
        same = sources.of_name(self.feed.source(self.part), held["name"])
        begins, ends = self.feed.hours(self.date)
        if same is None:
            return newest
        return same if begins.timestamp() <= same.mtime < ends.timestamp() else None

    def exists(self) -> bool:
        """When nobody could look (or not yet), True: the task that fetches the file then waits, and says why as a
        failure of its own."""
        try:
            file = self.newest()
            return file is not None and settled(self.feed.source(self.part), file)
        except PipelineError:
            return True


@dataclass(frozen=True)
class LandedTarget:
    """Our byte-for-byte copy of the vendor's file is in the bucket, or here, and the vendor has no other one for the
    date. What holds social security numbers, a download of the portal's, is here alone."""

    feed: Feed
    part: str
    date: dt.date

    @property
    def folder(self) -> Path:
        return _below(landing(self.feed, self.date), self.part)

    @property
    def manifest_path(self) -> Path:
        return _below(self.folder, f"{self.feed.name}.manifest.json")

    @property
    def restricted(self) -> bool:
        """Whether few may read what it holds. A file whose copies go sooner than others' holds passwords, say, whatever
        of it is loaded."""
        return warehouse.restricted(self.feed.dataset) or self.feed.landing_days is not None

    @property
    def days(self) -> int | None:
        """How long the bucket keeps it; None: as long as the landing area's copies are kept."""
        return 1 if warehouse.restricted(self.feed.dataset) else self.feed.landing_days

    def manifest(self) -> dict[str, Any] | None:
        """What was landed, when a whole copy is there, or was removed when it had been read."""
        found = documents.load(self.manifest_path)
        if found is None or found.get("removed"):
            return found
        return found if self._copy(found) or self._kept(found) else None

    def copy(self) -> Path:
        """The copy on our disk, which is brought from the bucket when it is not here. Raises TransferIncomplete,
        WarehouseError."""
        with _brought_once(self.manifest_path):
            found = self.manifest()
            if found is None or found.get("removed"):
                raise _nowhere(f"copy of {self.feed.name} ({self.part})", self.folder, "fetched")
            path = _below(self.folder, found["name"])
            if not self._copy(found):
                documents.bring_file(path, found["sha256"], new := _beside(path), restricted=self.restricted)
                manifests.replace(path, new, self.manifest_path, found)
            return path

    def _copy(self, found: dict[str, Any]) -> bool:
        """Whether what is found to have landed is here."""
        whole = _is_whole(_below(self.folder, found["name"]), found["size"])
        return whole and documents.is_copy(self.manifest_path, found)

    def _kept(self, found: dict[str, Any]) -> bool:
        path = _below(self.folder, found["name"])
        return documents.has_file(path, found["sha256"], found["size"], restricted=self.restricted)

    def spare(self) -> Path | None:
        """The copy on our disk, when the bucket has it as well. Raises WarehouseError."""
        found = documents.load(self.manifest_path)
        if found is None or found.get("removed") or not self._copy(found) or not self._kept(found):
            return None
        return _below(self.folder, found["name"])

    def copy_is_there(self) -> bool:
        """Whether the copy itself is on disk, whole or not."""
        found = manifests.load(self.manifest_path)
        return found is not None and (self.folder / str(found["name"])).exists()

    def exists(self) -> bool:
        """Whether the vendor took the file away since does not matter; whether another one came does."""
        found = self.manifest()
        if found is None or (found.get("removed") and PreparedTarget(self.feed, self.date).manifest() is None):
            return False
        try:
            newest = VendorFileTarget(self.feed, self.part, self.date).newest()
            same = sources.of_name(self.feed.source(self.part), found["name"])
        except NotYet:
            return False  # its task waits for the answer, and asks again
        except PipelineError:
            return True  # what we hold is good; that nobody could look is reported by the runner
        held = RemoteFile(found["name"], found["size"], found["mtime"])
        # An older one of another name, which remains when the vendor takes ours away, is no correction; another file
        # under the same name is one, whatever time it carries (`scp -p`, a restored copy): unless it is of a later
        # morning. One that is of an earlier one is told as late.
        if newest is None:
            return same in (None, held) or same.mtime >= self.feed.hours(self.date)[1].timestamp()
        return newest == held or _passed_over(newest, found)


def _beside(path: Path) -> Path:
    """Where a file waits to take the place of `path`; its folder is there."""
    return manifests.beside(manifests.folder(path.parent) / path.name)


# What is being brought from the bucket just now, by the path of its manifest.
_bringing: dict[Path, threading.Lock] = {}
os.register_at_fork(after_in_child=_bringing.clear)


def _brought_once(manifest_path: Path) -> threading.Lock:
    """Who needs the same file meanwhile waits for that."""
    return _bringing.setdefault(manifest_path, threading.Lock())


def _nowhere(what: str, folder: Path, again: str) -> TransferIncomplete:
    return TransferIncomplete(
        f"no whole {what}",
        expected=f"one in {folder}, or in the bucket",
        next_step=f"run again; the file is then {again} anew",
    )


def _passed_over(file: RemoteFile, held: dict[str, Any]) -> bool:
    """Whether the file has another name than ours, and was older than the latest that we held under our name."""
    return bool(file.name != held["name"] and file.mtime < held.get("since", held["mtime"]))


@dataclass(frozen=True)
class LandedTargets:
    """All of these are landed."""

    targets: tuple[LandedTarget, ...]

    def exists(self) -> bool:
        return all(target.exists() for target in self.targets)


@dataclass(frozen=True)
class PreparedTarget:
    """The feed's parts, checked and stacked, are one normalised CSV, on disk or in the bucket by now."""

    feed: Feed
    date: dt.date

    @property
    def path(self) -> Path:
        return _below(landing(self.feed, self.date), self.feed.file)

    @property
    def manifest_path(self) -> Path:
        return _below(landing(self.feed, self.date), f"{self.feed.name}.manifest.json")

    def told(self) -> dict[str, Any] | None:
        """What was prepared from the parts and by the contract of now; the CSV itself may be gone since."""
        found = documents.load(self.manifest_path)
        if found is None or found["contract"] != self.feed.contract.fingerprint or found["parts"] != self.parts():
            return None
        return found if lineends.known(found) else None

    def manifest(self) -> dict[str, Any] | None:
        """The same, when the CSV is there."""
        found = self.told()
        there = found and (self._is_here(found) or self._stored().get("sha256") == found["sha256"])
        return found if there else None

    def copy(self) -> Path:
        """The CSV on our disk, which is brought from the bucket when it is not here. Raises TransferIncomplete,
        WarehouseError."""
        with _brought_once(self.manifest_path):
            found = self.manifest()
            if found is None:
                raise _nowhere(f"prepared {self.feed.name}", self.path.parent, "prepared")
            if not self._is_here(found):
                storage.fetch(self.object_name, new := _beside(self.path))
                self._refuse_another(new, found)
                manifests.replace(self.path, new, self.manifest_path, found)
            return self.path

    def _refuse_another(self, new: Path, found: dict[str, Any]) -> None:
        """Another machine may have put a later one into the bucket while this one was brought. Raises
        WrittenByAnother."""
        if manifests.sha256(new) != found["sha256"]:
            new.unlink()
            raise WrittenByAnother(
                f"{storage.uri(self.object_name)} is another one than its manifest told a moment ago",
                expected=f"the prepared {self.feed.name} of {self.date} that was looked up",
                next_step="run again; if it happens again, look who else works in the bucket",
            )

    def _is_here(self, found: dict[str, Any]) -> bool:
        """Whether the CSV of which the manifest tells is on our disk."""
        return _is_whole(self.path, found["size"]) and documents.is_copy(self.manifest_path, found)

    @property
    def object_name(self) -> str:
        """The object that will hold the CSV."""
        return f"{self.feed.folder}/{self.date}/{self.feed.file}"

    def _stored(self) -> dict[str, str]:
        return storage.find(self.object_name).metadata

    def spare(self) -> Path | None:
        """The CSV on our disk, when the bucket has it as well. Raises WarehouseError."""
        found = documents.load(self.manifest_path)
        there = found and self._is_here(found) and self._stored().get("sha256") == found["sha256"]
        return self.path if there else None

    def parts(self) -> dict[str, str | None]:
        """The digest of each part as it is landed now."""
        landed = {source.name: LandedTarget(self.feed, source.name, self.date) for source in self.feed.sources}
        found = {name: target.manifest() for name, target in landed.items()}
        return {name: manifest["sha256"] if manifest else None for name, manifest in found.items()}

    def downloads(self) -> list[LandedTarget]:
        """The portal's downloads that are still there; they must not outlive their reading."""
        portal = [source.name for source in self.feed.sources if isinstance(source.place, PortalReport)]
        landed = [LandedTarget(self.feed, part, self.date) for part in portal]
        return [target for target in landed if target.copy_is_there()]

    def exists(self) -> bool:
        return self.manifest() is not None and not self.downloads()


def spare_copies(feed: Feed, date: dt.date) -> list[Path]:
    """What our disk has of the feed and date that the bucket has as well: whoever needs it later gets it from there.
    Raises WarehouseError."""
    found = [LandedTarget(feed, source.name, date).spare() for source in feed.sources]
    return [path for path in (*found, PreparedTarget(feed, date).spare()) if path]
