"""A delivery's files as their vendor gets them: a view's frozen rows, or a feed's file as it landed."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from contextlib import suppress
from pathlib import Path

from pipeline.catalogue import dialect
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.ground import manifests
from pipeline.ground.arrow import pa, pacsv
from pipeline.ground.command import MORNING
from pipeline.ground.errors import PipelineError, WarehouseError
from pipeline.ground.patience import computing
from pipeline.inbound import lastgood
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outside.cloud import storage, warehouse
from pipeline.outside.cloud.evidence import TableTarget

# The bucket's folder of what is on its way out of the warehouse.
EXTRACTS = "extracts"


def of_view(file: ViewFile, frozen: TableTarget, to: Path) -> int:
    """Write the frozen rows to the file `to`, in the file's dialect; returns the rows."""
    extracted = to.with_name(f".{to.name}.extract")
    _extract(frozen, manifests.fingerprint(to.name)[:8], extracted)
    with computing.one():
        rows = _sorted(extracted, file)
        extracted.unlink()
        with manifests.written(to) as draft, draft.open("wb") as out:
            dialect.write_header(rows.column_names, out, file.dialect)
            dialect.write(rows, out, file.dialect)
        return int(rows.num_rows)


def _extract(frozen: TableTarget, of: str, to: Path) -> None:
    """Bring the frozen rows to the file `to`, by an object that does not stay; `of` tells files of one view apart."""
    folder = EXTRACTS + (warehouse.RESTRICTED if warehouse.restricted(frozen.dataset) else "")
    name = f"{folder}/{of}_{frozen.table}.csv"
    try:
        warehouse.extract(frozen.dataset, frozen.table, storage.uri(name))
        storage.fetch(name, to)
    except BaseException:
        with suppress(PipelineError):  # what failed is told, and what is left then goes with the old copies
            storage.remove(name)
        raise
    storage.remove(name)


def as_landed(feed: Feed, date: dt.date, to: Path) -> int:
    """The landed bytes of a feed of one part (of several parts there is no one file to send); returns the rows."""
    held = lastgood.date_of(feed, date)
    landed, prepared = LandedTarget(feed, feed.sources[0].name, held), PreparedTarget(feed, held).manifest()
    manifest = landed.manifest()
    if manifest is None or prepared is None:
        raise WarehouseError(f"no landed copy of {feed.name}", expected="one, whole", next_step="run again")
    with manifests.written(to) as draft:
        shutil.copyfile(landed.folder / str(manifest["name"]), draft)
        if manifests.sha256(draft) != manifest["sha256"]:
            raise WarehouseError(
                f"a landed copy of {feed.name} that is not what came: its bytes have changed on our disk",
                expected="the digest of its manifest",
                next_step=f"`{MORNING} again {feed.name} --date {held}`, then run again; look at the disk",
            )
    return int(prepared["rows"])


def _sorted(extracted: Path, file: ViewFile) -> pa.Table:
    """The extracted rows in the order of their key, all columns strings.

    BigQuery promises no order of rows in an extract; a stated one makes equal rows equal bytes.
    """
    with extracted.open(encoding="utf-8", newline="") as head:
        names = next(csv.reader(head))
    rows: pa.Table = pacsv.read_csv(
        dialect.Blocks(extracted),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    keys = [*file.key, *(name for name in names if name not in file.key)]
    return rows.sort_by([(name, "ascending") for name in keys])
