"""Frozen rows on their way out of the warehouse, by objects that do not stay: `extracts/<file>_<a word>_<table>-*`.

BigQuery takes seconds to write one, however few its rows. So it does while the set's checks are counted: what passes
them is brought at once, and what does not is removed.
"""

import datetime as dt
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.ground import cloud, manifests
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import Looks
from pipeline.outbound.snapshots import snapshot_target
from pipeline.outside.cloud import storage, warehouse
from pipeline.outside.cloud.evidence import TableTarget

# The bucket's folders; what is made of tables with restricted access has its own.
OPEN = "extracts"
RESTRICTED = f"{OPEN}{warehouse.RESTRICTED}"
# Seconds for which a set that may not go waits for its extracts, to remove them.
PATIENCE = 60


@dataclass(frozen=True)
class _Extract:
    """The frozen rows of the table, for the delivery's file `of`: two may be made of one view."""

    of: str
    dataset: str
    table: str


class _Written:
    """What BigQuery writes for one: each has a name of its own, since a job goes on when nobody waits for it any more,
    and another machine may be at the same table. Once given up, its objects go as soon as they are there."""

    def __init__(self, extract: _Extract) -> None:
        folder = RESTRICTED if warehouse.restricted(extract.dataset) else OPEN
        self._extract = extract
        self._stem = f"{folder}/{manifests.fingerprint(extract.of)[:8]}_{uuid.uuid4().hex[:8]}_{extract.table}"
        self._given_up = threading.Event()

    def make(self) -> list[str]:
        """The names of the objects. Raises WarehouseError."""
        try:
            return warehouse.extract(self._extract.dataset, self._extract.table, self._stem)
        finally:
            if self._given_up.is_set():
                self.remove()

    def remove(self) -> None:
        """Remove what is there of it, and what comes later, after something else has failed, which is told."""
        self._given_up.set()
        with suppress(PipelineError):  # what is left goes with the old copies
            for name in storage.list_objects(f"{self._stem}-"):
                storage.remove(name)


# What is on its way out, and its objects once they are there; whoever brings them is the last who needs them.
_begun: dict[_Extract, _Written] = {}
_objects: Looks[_Written, list[str]] = Looks(_Written.make)


@contextmanager
def begun(delivery: Delivery, files: Iterable[ViewFile], date: dt.date) -> Iterator[None]:
    """BigQuery writes the frozen rows of these files beside the block. Where that raises, they do not stay: they may
    not go. An extract that fails says so to whoever brings it."""
    if cloud.forked():  # who brings them is another process
        yield
        return
    extracts = [_of(file.name, snapshot_target(delivery, file, date)) for file in files]
    for each in extracts:
        _objects.begin(_begun.setdefault(each, _Written(each)), aside=True)
    try:
        yield
    except BaseException:
        until = time.monotonic() + PATIENCE
        for each in extracts:
            if written := _begun.pop(each, None):
                with suppress(PipelineError):  # what failed is told
                    _objects.once(written, within=max(until - time.monotonic(), 0))
                written.remove()
        raise


def bring(file: ViewFile, frozen: TableTarget, to: Path) -> list[Path]:
    """Bring the frozen rows into files beside `to`: CSV in UTF-8, each with the header, of no order. Raises
    WarehouseError."""
    extract = _of(file.name, frozen)
    written = _begun.pop(extract, None) or _Written(extract)
    try:
        names = _objects.once(written)
        found = [to.with_name(f".{to.name}.extract{number}") for number in range(len(names))]
        for name, beside in zip(names, found, strict=True):
            storage.fetch(name, beside)
    except BaseException:
        written.remove()
        raise
    for name in names:
        storage.remove(name)
    return found


def _of(file: str, frozen: TableTarget) -> _Extract:
    return _Extract(file, frozen.dataset, frozen.table)
