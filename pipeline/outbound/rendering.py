"""A delivery's files as their vendor gets them: a view's frozen rows, or a feed's file as it landed."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.catalogue import dialect
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.ground import manifests
from pipeline.ground.arrow import pa, pacsv
from pipeline.ground.command import MORNING
from pipeline.ground.errors import WarehouseError
from pipeline.ground.patience import computing
from pipeline.inbound import lastgood
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound import extracts, sorting
from pipeline.outbound.snapshots import refuse_others
from pipeline.outside.cloud import helpers, warehouse
from pipeline.outside.cloud.evidence import TableTarget


def of_view(file: ViewFile, frozen: TableTarget, to: Path) -> int:
    """Write the frozen rows to the file `to`, in the file's dialect; returns the rows. Raises WarehouseError, also when
    other rows came than are frozen."""
    extracted = extracts.bring(file, frozen, to)
    if helpers.are_there():
        refuse_others([frozen])
    with computing.one(), manifests.written(to) as draft, draft.open("wb") as out:
        written = _render(extracted, _names(extracted, frozen), file, out, to.parent)
        if written != (held := warehouse.rows(frozen.dataset, frozen.table)):
            raise WarehouseError(
                f"{written:,} rows of {frozen.dataset}.{frozen.table} came out of the warehouse",
                expected=f"all {held:,} that were checked",
                next_step="run again: they are taken out anew; if it stays so, look who else works in the bucket",
            )
        return written


def as_landed(feed: Feed, date: dt.date, to: Path) -> int:
    """The landed bytes of a feed of one part (of several parts there is no one file to send); returns the rows."""
    held = lastgood.date_of(feed, date)
    landed, prepared = LandedTarget(feed, feed.sources[0].name, held), PreparedTarget(feed, held).told()
    manifest = landed.manifest()
    if manifest is None or prepared is None:
        raise WarehouseError(f"no landed copy of {feed.name}", expected="one, whole", next_step="run again")
    with manifests.written(to) as draft:
        shutil.copyfile(landed.copy(), draft)
        if manifests.sha256(draft) != manifest["sha256"]:
            raise WarehouseError(
                f"a landed copy of {feed.name} that is not what came: its bytes have changed on our disk",
                expected="the digest of its manifest",
                next_step=f"`{MORNING} again {feed.name} --date {held}`, then run again; look at the disk",
            )
    return int(prepared["rows"])


def _names(extracted: list[Path], frozen: TableTarget) -> list[str]:
    """The columns. They stand above the rows in each file of an extract; of no rows there may be none."""
    if not extracted:
        return list(warehouse.columns(frozen.dataset, frozen.table) or ())
    with extracted[0].open(encoding="utf-8", newline="") as head:
        return next(csv.reader(head))


def _render(extracted: list[Path], names: list[str], file: ViewFile, out: BinaryIO, folder: Path) -> int:
    """Write the extracted rows in the order of their key, all columns strings; returns the rows. The files go as they
    are read; what has no place in memory goes to a file without a name in `folder`.

    BigQuery promises no order of rows in an extract, nor of its objects; a stated one makes equal rows equal bytes.
    """
    by = [*file.key, *(name for name in names if name not in file.key)]
    dialect.write_header(names, out, file.dialect)
    written = 0
    for rows in sorting.in_order((batch for each in extracted for batch in _read(each, names)), by, folder):
        dialect.write(rows, out, file.dialect)
        written += rows.num_rows
    return written


def _read(extracted: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    yield from pacsv.open_csv(
        dialect.Blocks(extracted),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    extracted.unlink()
