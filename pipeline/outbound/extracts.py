"""Frozen rows on their way out of the warehouse, by objects that do not stay: `extracts/<file>_<a word>_<table>-*`.

BigQuery takes seconds to write one, however few its rows. So it does while the set's checks are counted: what passes
them is brought at once, and what does not is removed.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.ground import cloud, manifests, patience
from pipeline.ground.errors import PipelineError
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


@dataclass(frozen=True)
class _Written:
    """What BigQuery writes for one: the objects `<stem>-*`, and their names once they are there. Each has a stem of its
    own, since a job goes on when nobody waits for it any more, and another machine may be at the same table."""

    stem: str
    objects: Future[list[str]]

    def give_up(self) -> None:
        """Its objects go: now, or as soon as they are there."""
        self.objects.add_done_callback(lambda _: _remove(self.stem))


# What is on its way out; whoever brings it is the last who needs it.
_begun: dict[_Extract, _Written] = {}


@contextmanager
def begun(delivery: Delivery, files: Iterable[ViewFile], date: dt.date) -> Iterator[None]:
    """BigQuery writes the frozen rows of these files beside the block. Where that raises, they do not stay: they may
    not go. An extract that fails says so to whoever brings it."""
    if cloud.forked():  # who brings them is another process
        yield
        return
    extracts = [_of(file.name, snapshot_target(delivery, file, date)) for file in files]
    for each in extracts:
        if before := _begun.pop(each, None):  # of a set that was checked before, and never written
            before.give_up()
        _begun[each] = _begin(each)
    try:
        yield
    except BaseException:
        given_up = [_begun.pop(each) for each in extracts]
        wait([each.objects for each in given_up], PATIENCE)
        for written in given_up:
            written.give_up()
        raise


def bring(file: ViewFile, frozen: TableTarget, to: Path) -> list[Path]:
    """Bring the frozen rows into files beside `to`: CSV in UTF-8, each with the header, of no order. Raises
    WarehouseError."""
    extract = _of(file.name, frozen)
    written = _begun.pop(extract, None) or _begin(extract)
    try:
        names = written.objects.result()
        found = [to.with_name(f".{to.name}.extract{number}") for number in range(len(names))]
        for name, beside in zip(names, found, strict=True):
            storage.fetch(name, beside)
    except BaseException:
        written.give_up()
        raise
    for name in names:
        storage.remove(name)
    return found


def _of(file: str, frozen: TableTarget) -> _Extract:
    return _Extract(file, frozen.dataset, frozen.table)


def _begin(extract: _Extract) -> _Written:
    folder = RESTRICTED if warehouse.restricted(extract.dataset) else OPEN
    stem = f"{folder}/{manifests.fingerprint(extract.of)[:8]}_{uuid.uuid4().hex[:8]}_{extract.table}"
    return _Written(stem, patience.begun(partial(warehouse.extract, extract.dataset, extract.table, stem), stem))


def _remove(stem: str) -> None:
    """Remove what is there of it, after something else has failed, which is told; the rest goes with the old copies."""
    with suppress(PipelineError):
        for name in storage.list_objects(f"{stem}-"):
            storage.remove(name)
