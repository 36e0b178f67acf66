"""Frozen rows on their way out of the warehouse, by objects that do not stay: `extracts/<file>_<process>_<table>-*`.

BigQuery takes seconds to write one, however few its rows. So it does while the set's checks are counted: what passes
them is brought at once, and what does not is removed.
"""

import datetime as dt
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.ground import manifests
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
# Another machine may be at the same table, and removes its own.
_PROCESS = uuid.uuid4().hex[:8]


@dataclass(frozen=True)
class _Extract:
    """The frozen rows of the table, for the delivery's file `of`: two may be made of one view."""

    of: str
    dataset: str
    table: str

    @property
    def stem(self) -> str:
        folder = RESTRICTED if warehouse.restricted(self.dataset) else OPEN
        return f"{folder}/{manifests.fingerprint(self.of)[:8]}_{_PROCESS}_{self.table}"

    def written(self) -> list[str]:
        return warehouse.extract(self.dataset, self.table, self.stem)


# The objects of each; whoever brings them is the last who needs them.
_written: Looks[_Extract, list[str]] = Looks(_Extract.written)


@contextmanager
def begun(delivery: Delivery, files: Iterable[ViewFile], date: dt.date) -> Iterator[None]:
    """BigQuery writes the frozen rows of these files beside the block. Where that raises, they do not stay: they may
    not go. An extract that fails says so to whoever brings it."""
    extracts = [_of(file.name, snapshot_target(delivery, file, date)) for file in files]
    for each in extracts:
        _written.begin(each, aside=True)
    try:
        yield
    except BaseException:
        until = time.monotonic() + PATIENCE
        for each in extracts:
            with suppress(PipelineError):  # what failed is told, and what comes later goes with the old copies
                _written.once(each, within=max(until - time.monotonic(), 0))
            _remove(each)
        raise


def bring(file: ViewFile, frozen: TableTarget, to: Path) -> list[Path]:
    """Bring the frozen rows into files beside `to`: CSV in UTF-8, each with the header, of no order. Raises
    WarehouseError."""
    extract = _of(file.name, frozen)
    try:
        names = _written.once(extract)
        found = [to.with_name(f".{to.name}.extract{number}") for number in range(len(names))]
        for name, beside in zip(names, found, strict=True):
            storage.fetch(name, beside)
    except BaseException:
        _remove(extract)
        raise
    for name in names:
        storage.remove(name)
    return found


def _of(file: str, frozen: TableTarget) -> _Extract:
    return _Extract(file, frozen.dataset, frozen.table)


def _remove(extract: _Extract) -> None:
    """Remove what is there of it, after something else has failed, which is told."""
    with suppress(PipelineError):
        for name in storage.list_objects(f"{extract.stem}-"):
            storage.remove(name)
