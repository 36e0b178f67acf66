"""What is to be remembered of a morning lies in the bucket; the disk has copies, which may vanish at any moment.

    <landing>/<folder>/<date>/…/<name>   is a copy of   landing/<date>/<folder>/…/<name>

A document is a manifest (ground/manifests.py). It is written into the bucket first, over what was seen there and
nothing else, and to the disk when it stands there: so the bucket decides, and one listing a date tells all of them. A
small one is in its object's metadata as well, and is not even read. The disk decides where the bucket does not answer,
and of what was never in the bucket: the portal's downloads, and what an older version left.

The bytes of a file that a vendor sent lie beside, under their digest, and so are written once. Those with passwords
have a prefix of their own, and go after a day, or after as many as the feed's row says.
"""

import datetime as dt
import json
import logging
import re
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from pipeline.ground import cloud, manifests, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import ahead
from pipeline.outside.cloud import storage, warehouse
from pipeline.outside.cloud.storage import Stored

log = logging.getLogger(__name__)

# The bucket's folders. The date comes first in them, so that one listing is one morning's.
OPEN = "landing"
RESTRICTED = f"{OPEN}{warehouse.RESTRICTED}"
# Below it lies what belongs to a date, until the year 3000; what does not (a calendar, who was told of something) is
# looked at for longer than any copy is kept.
DATED, UNDATED = f"{OPEN}/2", "undated"
# What a document says of itself when the bucket has it.
IN_BUCKET = "in_bucket"
# Cloud Storage takes 8 KiB of metadata an object.
_IN_METADATA = 6000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@lru_cache(maxsize=100_000)
def name_below(landing: Path, path: Path) -> str:
    """The object of which the file is a copy, in the landing area `landing`."""
    rest = path.relative_to(landing).parts
    # A folder of its own, or a part of a name; a feed's folder may be called by a year that is long over.
    own = (part for part in rest if _DATE.fullmatch(part))
    date = next(own, next((found[0] for part in reversed(rest) if (found := _DATE.search(part))), UNDATED))
    return "/".join((OPEN, date, *(part for part in rest if part != date)))


def name_of(path: Path) -> str:
    """The object of which the file of the landing area is a copy."""
    return name_below(settings.load().district.landing, path)


def load(path: Path) -> dict[str, Any] | None:
    """The document, or None when there is none."""
    try:
        stored = storage.find(name_of(path))
    except PipelineError:  # whoever must know that says so
        return manifests.load(path)
    if told := stored.metadata.get("told"):
        content: dict[str, Any] = json.loads(told)
        return content
    held = manifests.load(path)
    if not stored.generation:
        return None if held and held.get(IN_BUCKET) else held  # another machine has taken it away
    if held is not None and manifests.fingerprint(held) == stored.metadata.get("print"):
        return held
    try:
        return storage.read_json(stored.name)
    except PipelineError:
        return held


# Of so many days the documents are looked for side by side.
_AT_ONCE = 4


def by_days(last: dt.date, most: int, path: Callable[[dt.date], Path]) -> Iterator[dt.date]:
    """The days before `last`, the latest first, at most so many: what the bucket has of the document `path` of each is
    looked for by then. It takes a listing a day, and they begin some at a time."""
    days = [last - dt.timedelta(days=number) for number in range(1, most + 1)]
    for first in range(0, most, _AT_ONCE):
        some = days[first : first + _AT_ONCE]
        ahead(partial(storage.find, name_of(path(day))) for day in some)
        yield from some


def is_copy(path: Path, told: dict[str, Any]) -> bool:
    """Whether the disk's copy of the document says the same, and so tells of the files beside it."""
    return manifests.load(path) == told


def put(path: Path, told: dict[str, Any], *, days: int | None = None) -> dict[str, Any]:
    """Write the document into the bucket, and return what then is to be written to the disk; it goes after `days`, or
    with the landing area's other copies. Raises WarehouseError."""
    told, name = {**told, IN_BUCKET: True}, name_of(path)
    text = json.dumps(told)
    metadata = {"told": text} if len(text) <= _IN_METADATA else {"print": manifests.fingerprint(told)}
    storage.store_json(name, told, {**metadata, **_kept(days)}, over=storage.find(name))
    return told


def save(path: Path, told: dict[str, Any], *, days: int | None = None) -> None:
    """Write the document, as `put` and then to the disk. Raises WarehouseError, OSError."""
    manifests.save(path, put(path, told, days=days))


# ----------------------------------------------------------------------- what must be written whatever the bucket says

# Seconds for which such a thing waits for the bucket.
_BRIEFLY = 10.0


def keep(path: Path, told: dict[str, Any], *, days: int | None = None) -> None:
    """Write the document to the disk and into the bucket, as far as they take it. Raises OSError where neither does."""
    refused: OSError | None = None
    try:
        manifests.save(path, told)
    except OSError as error:
        refused = error
    try:
        with cloud.STORAGE.briefly(_BRIEFLY):
            kept = put(path, told, days=days)
    except PipelineError:
        log.warning("%s is on this disk alone", path, exc_info=True)
        if refused:
            raise refused from None
        return
    if refused:
        log.warning("%s is in the bucket alone: %s", path, refused)
    else:
        manifests.save(path, kept)


def latest(path: Path, moment: str) -> dict[str, Any] | None:
    """Of what the disk has and what the bucket has of a document that was kept so, the one whose `moment` is later."""
    found = list[dict[str, Any]]()
    with cloud.STORAGE.briefly(_BRIEFLY):
        for read in (manifests.load, load):
            with suppress(OSError):  # a disk that is not there
                found += filter(None, [read(path)])
    return max(found, key=lambda told: str(told.get(moment, "")), default=None)


def look(path: Path) -> None:
    """See what the bucket has of the document this moment: another machine may have written it since."""
    with suppress(PipelineError), cloud.STORAGE.briefly(_BRIEFLY):
        storage.look(name_of(path))


def names(prefix: str) -> list[str]:
    """The names of the bucket's documents below a dated prefix, `landing/<date>/…`; none when it does not answer."""
    try:
        there = storage.under("/".join(prefix.split("/")[:2]))
    except PipelineError:
        return []
    return sorted(name for name in there if name.startswith(prefix))


# ------------------------------------------------------------------------------------------------------ taken away


def remove(path: Path) -> None:
    """There is no such document any more. Raises WarehouseError, OSError."""
    forget(path)
    path.unlink(missing_ok=True)


def forget(path: Path) -> None:
    """The bucket has no such document any more. Raises WarehouseError."""
    stored = storage.find(name_of(path))
    if stored.generation:
        storage.remove(stored.name, only=stored)


def _kept(days: int | None) -> dict[str, str]:
    return {} if days is None else {"days": str(days)}


def days_of(stored: Stored, most: int, otherwise: int) -> int:
    """For how many days the object is kept: as many as it says, or `otherwise`; at `most` so many."""
    return min(most, int(stored.metadata.get("days", otherwise)))


# ------------------------------------------------------------------------------------------- the bytes of a file


def keep_file(new: Path, copy: Path, sha256: str, *, restricted: bool, days: int | None) -> None:
    """Put the bytes of `new`, which will become the disk's `copy`, into the bucket. Raises WarehouseError."""
    there = storage.find(_file(copy, sha256, restricted=restricted))
    if not (there.generation and there.size == new.stat().st_size):
        storage.store_file(new, there.name, {"sha256": sha256, **_kept(days)}, over=there)


def has_file(copy: Path, sha256: str, size: int, *, restricted: bool) -> bool:
    """Whether the bucket has these bytes. Raises WarehouseError."""
    there = storage.find(_file(copy, sha256, restricted=restricted))
    return bool(there.generation) and there.size == size


def bring_file(copy: Path, sha256: str, to: Path, *, restricted: bool) -> None:
    """Bring these bytes to the file `to`. Raises WarehouseError."""
    storage.fetch(_file(copy, sha256, restricted=restricted), to)


def _file(copy: Path, sha256: str, *, restricted: bool) -> str:
    folder, _, name = name_of(copy).rpartition("/")
    folder = folder.replace(OPEN, RESTRICTED, 1) if restricted else folder
    # A vendor's name may hold anything but a slash; here it is for people to read.
    return f"{folder}/{sha256[:16]}-{urllib.parse.quote(name.encode(errors='surrogateescape'), safe=' ')[-200:]}"
