"""What "done" means: the evidence of each state, with the fingerprints of what it was made from.

A target exists when its evidence is there and says what is expected *now*. So a corrected input makes everything
above it incomplete, and an output that is deleted is the only one that is made again.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import luigi

from pipeline import manifests, settings, sources, storage, warehouse
from pipeline.errors import PipelineError
from pipeline.feeds import Feed
from pipeline.looks import NotYet
from pipeline.places import PortalReport
from pipeline.sets import Delivery
from pipeline.sftp import RemoteFile
from pipeline.sources import settled


class Target(luigi.Target):
    """Luigi's target, typed."""

    def exists(self) -> bool:
        """Whether the state is true now."""
        raise NotImplementedError


def landing(feed: Feed, date: dt.date) -> Path:
    """The folder of the feed's copies of that date."""
    return settings.load().district.landing / feed.folder / date.isoformat()


@dataclass(frozen=True)
class VendorFileTarget(Target):
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
        held = manifests.load(LandedTarget(self.feed, self.part, self.date).manifest_path)
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
class LandedTarget(Target):
    """Our byte-for-byte copy of the vendor's file is on disk, and the vendor has no other one for the date."""

    feed: Feed
    part: str
    date: dt.date

    @property
    def folder(self) -> Path:
        return landing(self.feed, self.date) / self.part

    @property
    def manifest_path(self) -> Path:
        return self.folder / f"{self.feed.name}.manifest.json"

    def manifest(self) -> dict[str, Any] | None:
        """What was landed, when the copy is there and whole, or was removed when it had been read."""
        found = manifests.load(self.manifest_path)
        if found is None or found.get("removed"):
            return found
        copy = self.folder / str(found["name"])
        return found if copy.is_file() and copy.stat().st_size == found["size"] else None

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


def _passed_over(file: RemoteFile, held: dict[str, Any]) -> bool:
    """Whether the file has another name than ours, and was older than the latest that we held under our name."""
    return bool(file.name != held["name"] and file.mtime < held.get("since", held["mtime"]))


@dataclass(frozen=True)
class LandedTargets(Target):
    """All of these are landed."""

    targets: tuple[LandedTarget, ...]

    def exists(self) -> bool:
        return all(target.exists() for target in self.targets)


@dataclass(frozen=True)
class PreparedTarget(Target):
    """The feed's parts, checked and stacked, are one normalised CSV on disk."""

    feed: Feed
    date: dt.date

    @property
    def path(self) -> Path:
        return landing(self.feed, self.date) / self.feed.file

    @property
    def manifest_path(self) -> Path:
        return self.path.with_name(f"{self.feed.name}.manifest.json")

    def manifest(self) -> dict[str, Any] | None:
        """What was prepared, when it is there and made from the parts and by the contract of now."""
        found = manifests.load(self.manifest_path)
        if found is None or found["contract"] != self.feed.contract.fingerprint or found["parts"] != self.parts():
            return None
        return found if self.path.is_file() and self.path.stat().st_size == found["size"] else None

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


@dataclass(frozen=True)
class ObjectTarget(Target):
    """The object is in the bucket and its metadata hold `expected`."""

    name: str
    expected: dict[str, str]

    def found(self) -> storage.Stored:
        return storage.find(self.name)

    def exists(self) -> bool:
        held = self.found().metadata
        return bool(self.expected) and all(held.get(key) == value for key, value in self.expected.items())


@dataclass(frozen=True)
class TableTarget(Target):
    """The table is in the warehouse and its labels are `expected` (among others)."""

    dataset: str
    table: str
    expected: dict[str, str]

    def as_of(self) -> dt.date | None:
        """The date of what the table holds; None when there is no table or it is being replaced."""
        text = warehouse.find(self.dataset, self.table).labels.get("as_of", "")
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return None

    def exists(self) -> bool:
        held = warehouse.find(self.dataset, self.table).labels
        return bool(self.expected) and all(held.get(key) == value for key, value in self.expected.items())


@dataclass(frozen=True)
class ViewTarget(Target):
    """The warehouse's text of the view is `text`."""

    dataset: str
    view: str
    text: str

    def exists(self) -> bool:
        return warehouse.view_text(self.dataset, self.view) == self.text


def receipt_name(delivery: str, period: dt.date) -> str:
    """The object that holds the receipt of the delivery of that period."""
    return f"deliveries/{period}/{delivery}/receipt.json"


def latest_name(delivery: str) -> str:
    """The object that holds a copy of the delivery's last receipt."""
    return f"deliveries/latest/{delivery}.json"


def latest_period(delivery: str) -> dt.date | None:
    """The period of the last delivery that went out, of whatever day."""
    text = storage.find(latest_name(delivery)).metadata.get("period")
    return dt.date.fromisoformat(text) if text else None


@dataclass(frozen=True)
class ReceiptTarget(Target):
    """The vendor was given the delivery of the period: the receipt says so, with the fingerprint of what was given.

    The receipts of a delivery are `deliveries/<period>/<delivery>/receipt.json`; `deliveries/latest/<delivery>.json`
    is a copy of the last one, so that one look tells whether a later delivery has gone out. The receipt is the
    evidence; a copy that lags behind is made again, and nothing is sent for it. `address` is a digest of where it goes.
    """

    delivery: Delivery
    period: dt.date
    fingerprint: str
    address: str

    @property
    def name(self) -> str:
        return receipt_name(self.delivery.name, self.period)

    @property
    def latest_name(self) -> str:
        return latest_name(self.delivery.name)

    def latest(self) -> dt.date | None:
        """The period of the last delivery that went out, of whatever day."""
        return latest_period(self.delivery.name)

    def for_the_period(self) -> bool:
        """Whether the set was given, there, and is not given again before the next period, whatever changed since."""
        held = storage.find(self.name).metadata
        return self.delivery.again == "never-same-day" and held.get("address") == self.address

    def exists(self) -> bool:
        held, latest = storage.find(self.name).metadata, self.latest()
        if latest is None or latest < self.period:
            return False
        return self.for_the_period() or held.get("fingerprint") == self.fingerprint
