"""The trail of a push: a small file on our disk, from before the first change of places until the receipt is written.

By it the next run completes an interrupted set without sending a byte, and knows what the vendor was given even when
the vendor has taken its files away since. It holds nothing of a file but its name, size and time.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.ground import manifests

# Bytes and time of change, as the server tells them: both stay when the file gets another name.
Stamp = tuple[int, int]


@dataclass(frozen=True)
class Trail:
    """`of` is the fingerprint of exactly this set and its period; `receipt` what the receipt will say of it."""

    path: Path
    of: str
    receipt: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def left(path: Path) -> "Trail | None":
        """The one that an interrupted push left there."""
        told = manifests.load(path)
        return Trail(path, told["of"], told["receipt"]) if told else None

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
        at, begun = manifests.now(), self._told().get("begun")
        now = {"of": self.of, "stamps": stamps, "placed": sorted(placed), "at": at, "host_key": host_key}
        if half:
            now["half"] = sorted(half)
        if placed:
            now["begun"] = begun or at
        manifests.save(self.path, {**now, "receipt": self.receipt})

    def took(self) -> float:
        """Seconds from the first file that took its place to the last."""
        told = self._told()
        first, last = (dt.datetime.fromisoformat(told[key]) for key in ("begun", "at"))
        return (last - first).total_seconds()

    def end(self) -> None:
        """The receipt is there, or another set is on its way."""
        self.path.unlink(missing_ok=True)
