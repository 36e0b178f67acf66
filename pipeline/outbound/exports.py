"""The exact bytes that a vendor gets, kept in the bucket: `deliveries/<period>/<delivery>/<file>`.

They are written once the set may go, and the push brings them from there: what is pushed is what is kept. Files with
restricted access lie under `deliveries_restricted/`. An object's metadata say of which rows it is (`fingerprint`), and
its rows and digest. Where a correction takes an object's place, the one before goes on as
`deliveries/<period>/<delivery>/earlier/<digest>/<file>`, for the vendor may have it.
"""

import datetime as dt
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import dialect
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.ground import manifests
from pipeline.ground.errors import WarehouseError
from pipeline.ground.progress import Made
from pipeline.outbound import evidence, extracts, rendering, snapshots, sorting
from pipeline.outbound.evidence import ReceiptTarget
from pipeline.outbound.snapshots import snapshot_target
from pipeline.outside.cloud import storage, warehouse
from pipeline.outside.cloud.evidence import ObjectTarget
from pipeline.outside.cloud.storage import Stored

OPEN = "deliveries"
RESTRICTED = f"{OPEN}{warehouse.RESTRICTED}"
# The rows, bytes and digest of each file of a set.
Facts = dict[str, dict[str, int | str]]
# The code that writes the files.
WRITERS = (Path(rendering.__file__), Path(sorting.__file__), Path(dialect.__file__))
# So many files are brought from the bucket at the same time.
AT_ONCE = 8
# The name of a vendor's file, below the folder, and the period in it. A delivery's verdict and receipt lie beside.
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)/([^/]+)/(?:earlier/[0-9a-f]+/)?(?!(?:verdict|receipt)\.json$)([^/]+)")


def folder(file: ViewFile | LandedCopy) -> str:
    """The bucket's folder in which the file is kept: one of its own, where what it holds has restricted access."""
    if isinstance(file, LandedCopy):
        restricted = warehouse.restricted(catalogue.feeds()[file.feed].dataset)
    else:
        restricted = snapshots.restricted(file)
    return RESTRICTED if restricted else OPEN


def export_target(delivery: Delivery, file: ViewFile | LandedCopy, date: dt.date) -> ObjectTarget:
    """The object that holds the file, as it would be made now."""
    name = f"{folder(file)}/{delivery.period(date)}/{delivery.name}/{file.name}"
    made_of = evidence.made_of(delivery, file, date), evidence.code(*WRITERS)
    return ObjectTarget(name, {"fingerprint": manifests.fingerprint(made_of)})


@dataclass(frozen=True)
class NeededTarget:
    """The file is kept as it would be made now; or its set, as it would be made now, was given, and what the file holds
    may not be kept for longer than it is needed (`receipt`)."""

    kept: ObjectTarget
    receipt: ReceiptTarget | None

    def exists(self) -> bool:
        return self.kept.exists() or bool(self.receipt and self.receipt.exists())


def needed_target(delivery: Delivery, file: ViewFile | LandedCopy, date: dt.date) -> NeededTarget:
    """That the file need not be made."""
    receipt = evidence.receipt_target(delivery, date) if folder(file) == RESTRICTED else None
    return NeededTarget(export_target(delivery, file, date), receipt)


def begun(delivery: Delivery, date: dt.date) -> AbstractContextManager[None]:
    """What the set's missing files are written of comes out of the warehouse beside the block: see extracts."""
    missing = [file for file in delivery.view_files if not needed_target(delivery, file, date).exists()]
    return extracts.begun(delivery, missing, date)


def export(delivery: Delivery, file: ViewFile | LandedCopy, date: dt.date) -> Made:
    """Write the file as its vendor gets it, and keep it. Raises WarehouseError."""
    target = export_target(delivery, file, date)
    own = manifests.folder(evidence.outbox() / f"{delivery.name}.{file.name}")
    try:
        rows = _rendered(delivery, file, date, written := own / file.name)
        digest, there = manifests.sha256(written), target.found()
        if there.metadata.get("sha256", digest) != digest:
            _set_aside(there, own / "earlier")
        metadata = {**target.expected, "sha256": digest, "rows": str(rows), "written": f"{date}"}
        return Made(rows, storage.store_file(written, target.name, metadata, over=there).size, storage.uri(target.name))
    finally:
        shutil.rmtree(own, ignore_errors=True)  # people's data


def _rendered(delivery: Delivery, file: ViewFile | LandedCopy, date: dt.date, to: Path) -> int:
    """Its rows."""
    if isinstance(file, LandedCopy):
        return rendering.as_landed(catalogue.feeds()[file.feed], date, to)
    return rendering.of_view(file, snapshot_target(delivery, file, date), to)


def _set_aside(there: Stored, by: Path) -> None:
    """Keep an object whose place another one takes."""
    beside, _, name = there.name.rpartition("/")
    earlier = storage.find(f"{beside}/earlier/{there.metadata['sha256'][:16]}/{name}")
    if not earlier.generation:
        storage.fetch(there.name, by)
        storage.store_file(by, earlier.name, there.metadata, over=earlier)


def facts(delivery: Delivery, date: dt.date) -> Facts:
    """The rows, bytes and digest of each file of the set. Raises WarehouseError when one is not kept as it is now."""
    found: Facts = {}
    for file in delivery.files:
        target = export_target(delivery, file, date)
        if not target.exists():
            raise WarehouseError(
                f"{storage.uri(target.name)} is not the file of the set that was checked; nothing of it was given",
                expected="what was written once the set might go",
                next_step="run again: what is missing or of other rows is written anew",
            )
        there = target.found()
        found[file.name] = {
            "rows": int(there.metadata["rows"]),
            "bytes": there.size,
            "sha256": there.metadata["sha256"],
        }
    return found


# ------------------------------------------------------------------------------------------------ brought from there


def written_on(stored: Stored) -> str:
    """The date of the run that wrote a vendor's file (a week's set may be of its Thursday); '' when it is none."""
    match = _NAME.fullmatch(stored.name.partition("/")[2])
    return stored.metadata.get("written", match[1]) if match else ""


def kept(delivery: str, period: dt.date) -> dict[tuple[str, str], Stored]:
    """What is kept of the files that were written for the delivery of that period, by their names and digests: those
    that a correction has replaced, too. Raises WarehouseError."""
    objects = [
        stored
        for top in (OPEN, RESTRICTED)
        for stored in storage.list_objects(f"{top}/{period}/{delivery}/").values()
        if written_on(stored)
    ]
    return {(stored.name.rpartition("/")[2], stored.metadata.get("sha256", "")): stored for stored in objects}


def bring(delivery: str, period: dt.date, files: Mapping[str, Mapping[str, Any]], to: Path) -> dict[str, Path] | None:
    """Bring these files, as a receipt tells them, into the folder `to`; None when one of them is not kept any more.

    Raises WarehouseError, also when the bytes that came are not those that were written.
    """
    there = kept(delivery, period)
    objects = [there.get((name, str(told["sha256"]))) for name, told in files.items()]
    found = [stored for stored in objects if stored]
    if len(found) < len(objects):
        return None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(files, pool.map(_brought, found, [to / name for name in files]), strict=True))


def _brought(stored: Stored, to: Path) -> Path:
    with manifests.written(to) as draft:
        storage.fetch(stored.name, draft)
        if manifests.sha256(draft) != stored.metadata["sha256"]:
            raise WarehouseError(
                f"{storage.uri(stored.name)} does not hold the bytes that were written",
                expected="the digest of its metadata",
                next_step="look who changed it; delete it and run again, and it is written anew",
            )
    return to
