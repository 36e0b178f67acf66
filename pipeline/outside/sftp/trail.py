"""The trail of a push: a small file on our disk, from before the first change of places until the receipt is written.

By it the next run completes an interrupted set without sending a byte, and knows what the vendor was given even when
the vendor has taken its files away since. It holds nothing of a file but its name, size and time.

Before the first file changes its place, before one is written in its place, and when the last one is there, other
machines are told, too, before our disk is; what has changed in between is seen at the vendor.
"""

import datetime as dt
import math
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipeline.ground import manifests
from pipeline.ground.errors import WarehouseError

# Bytes and time of change, as the server tells them: both stay when the file gets another name.
Stamp = tuple[int, int]


class Lease(Protocol):
    """That no other machine pushes the set. Both raise AtWorkElsewhere, where one may by now."""

    def note(self, told: Mapping[str, Any] | None) -> object:
        """Whoever comes next is to find that; None: nothing."""
        ...

    @property
    def lost(self) -> bool:
        """Whether it is known to be another machine's."""
        ...

    def check(self) -> object:
        """Asked just before what must not be done twice."""
        ...


@dataclass(frozen=True)
class Trail:
    """`of` is the fingerprint of exactly this set and its period; `receipt` what the receipt will say of it; `lease`
    that of its push, where there are other machines."""

    path: Path
    of: str
    receipt: Mapping[str, Any] = field(default_factory=dict)
    lease: Lease | None = field(default=None, compare=False)

    @staticmethod
    def left(path: Path, lease: Lease | None = None) -> "Trail | None":
        """The one that an interrupted push left there."""
        told = manifests.load(path)
        return Trail(path, told["of"], told["receipt"], lease) if told else None

    @staticmethod
    def found(path: Path, noted: Mapping[str, Any] | None) -> None:
        """Make the file say what was noted last, on whatever machine. Where that is this one, the file says more. One
        that was noted, and is no more, was brought to its end by another machine."""
        told = manifests.load(path) or {}
        if noted and noted["noted"] != told.get("noted"):
            manifests.save(
                path, {**noted, "by_two": noted.get("by_two") or {*noted["placed"]} < noted["stamps"].keys()}
            )
        elif not noted and told.get("noted"):
            path.unlink()

    def _told(self) -> dict[str, Any]:
        """What the file says; nothing when it is another set's."""
        told = manifests.load(self.path) or {}
        return told if told.get("of") == self.of else {}

    def stamps(self) -> dict[str, Stamp | None]:
        """Every file of the set in its order, with its stamp if it was seen whole; nothing when it is another set's."""
        return {name: stamp and (stamp[0], stamp[1]) for name, stamp in self._told().get("stamps", {}).items()}

    def placed(self) -> set[str]:
        """The files that have taken their places: the vendor was given those, whatever it did with them since."""
        return set(self._told().get("placed", []))

    def begun(self) -> set[str]:
        """The files of which the vendor was given a part at least, under their own names."""
        return self.placed() | set(self._told().get("half", []))

    def given(self) -> dict[str, Any] | None:
        """The whole receipt, once every file has taken its place; None before."""
        names = self.stamps().keys()
        return self.receipt_of(names) if names and names <= self.placed() else None

    def receipt_of(self, names: Collection[str]) -> dict[str, Any]:
        """The receipt of these files of the set, which had taken their places when the trail was written last."""
        told = self._told()
        of_files = {
            key: {name: self.receipt[key][name] for name in names if name in self.receipt[key]}
            for key in ("files", "contents")
            if key in self.receipt
        }
        return {**self.receipt, **of_files, "sent_at": told["at"], "host_key": told["host_key"]}

    def keep(
        self, stamps: Mapping[str, Stamp | None], placed: Collection[str], host_key: str, half: Collection[str] = ()
    ) -> None:
        """Written atomically. `half` are files that are being written under their own names."""
        at, before = manifests.now(), self._told()
        now: dict[str, Any] = {
            "of": self.of,
            "stamps": stamps,
            "placed": sorted(placed),
            "at": at,
            "host_key": host_key,
        }
        if half:
            now["half"] = sorted(half)
        if placed:
            # What another machine had placed is seen later than it was done: not before it told that it would.
            now["begun"] = before.get("begun") or before.get("at") or at
        if before.get("by_two"):
            now["by_two"] = True
        told = {**now, "receipt": self.receipt, "noted": before.get("noted", "")}
        begins = not placed or not set(half) <= set(before.get("half", []))
        manifests.save(self.path, self._told_to_others(told) if begins or set(placed) >= set(stamps) else told)

    def _told_to_others(self, told: dict[str, Any]) -> dict[str, Any]:
        """What the file is to say, with a mark of what the others know. Raises what the note does; but a set of which a
        part has gone does not stop because the bucket does not answer, as long as it is ours."""
        if self.lease is None:
            return told
        if told["placed"]:
            manifests.save(self.path, told)  # whatever becomes of the note
        marked = {**told, "noted": uuid.uuid4().hex}
        try:
            self.lease.note(marked)
        except WarehouseError:
            if not told["placed"]:
                raise
            self.lease.check()  # while we were not answered, another machine may have taken over
            return told
        return marked

    def still_ours(self) -> None:
        """Raises AtWorkElsewhere, where another machine may be at the set by now."""
        if self.lease:
            self.lease.check()

    def not_anothers(self) -> None:
        """Raises AtWorkElsewhere, where another machine is known to be at the set. Within a file a bucket that says
        nothing is no reason to stop: it may be half written in its place, which does more harm."""
        if self.lease and self.lease.lost:
            self.lease.check()

    def took(self) -> float:
        """Seconds from the first file that took its place to the last; without end, where another machine began: it had
        been waited for, and nobody knows what its clock says."""
        told = self._told()
        if told.get("by_two"):
            return math.inf
        first, last = (dt.datetime.fromisoformat(told[key]) for key in ("begun", "at"))
        return (last - first).total_seconds()

    def end(self) -> None:
        """The receipt is there, or another set is on its way."""
        if self.lease:
            self.lease.note(None)
        self.path.unlink(missing_ok=True)
