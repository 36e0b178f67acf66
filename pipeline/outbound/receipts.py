"""The receipts of what was given to vendors, one object each, which stays as it was written: `receipts/...`.

A delivery's own receipt (evidence.py) is about its period, and a correction of the same day takes its place. Its copy
here is about one push. The ledger is made of these (ledger.py), and `contents` is what it wants to know of each file:
its columns, how many students it holds, and where their numbers stand for as long as they do.
"""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import agreement
from pipeline.catalogue.delivery import LandedCopy, ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.ground import manifests, settings
from pipeline.ground.arrow import pa, pacsv, pc
from pipeline.ground.errors import WarehouseError
from pipeline.inbound import lastgood, steps
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.storage import Stored

FOLDER = "receipts"
# Of the 8 KiB that all metadata of an object may have (Cloud Storage's documentation, "Custom metadata").
_ROOM = 6 * 1024


def of_view(file: ViewFile, table: str, looked_at: dict[str, Any]) -> dict[str, Any]:
    """The contents of a view's file, as its checks saw them; `table` is the `dataset.table` of its rows or keys."""
    found = {"columns": looked_at.get("columns", []), "students": looked_at.get("students") or 0}
    return {**found, "student": file.student, "table": table, "labels": {}}


def of_copy(copy: LandedCopy, date: dt.date) -> dict[str, Any]:
    """The contents of a feed's file that goes on as it came. Its table may hold another one soon: the labels tell."""
    feed = catalogue.feeds()[copy.feed]
    return {
        "columns": agreement.columns_of_copy(feed),
        "students": _students(feed, date, copy.student) if copy.student else 0,
        "student": copy.student,
        "table": f"{feed.dataset}.{feed.name}",
        "labels": steps.loaded_target(feed, date).expected,
    }


def _students(feed: Feed, date: dt.date, column: str) -> int:
    """How many different values the prepared file has in the column, besides none."""
    values = pa.array([], pa.string())
    for batch in pacsv.open_csv(
        PreparedTarget(feed, lastgood.date_of(feed, date)).copy(),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types={column: pa.string()}, include_columns=[column]),
    ):
        values = pc.unique(pa.concat_arrays([values, batch.column(column)]))
    return int(pc.sum(pc.not_equal(pc.fill_null(values, ""), "")).as_py() or 0)


def in_short(receipt: dict[str, Any]) -> dict[str, Any]:
    """What is told of a set that was given: of which morning it is, when it went, how many files, rows and bytes, and
    which of its feeds were of another day."""
    files = receipt["files"].values()
    return {
        **{key: receipt[key] for key in ("fingerprint", "as_of", "sent_at")},
        "files": len(files),
        **{fact: sum(int(file[fact]) for file in files) for fact in ("rows", "bytes")},
        "older_inputs": receipt.get("older_inputs", {}),
    }


def metadata(receipt: dict[str, Any]) -> dict[str, str]:
    """`in_short`, as an object's metadata hold it, so that the listing tells it; nothing where it has no room."""
    text = json.dumps(in_short(receipt))
    return {"told": text} if len(text) <= _ROOM else {}


def told(name: str) -> dict[str, Any] | None:
    """The receipt under that name in short; None when there is none. Raises WarehouseError."""
    held = storage.find(name)
    if text := held.metadata.get("told"):
        return dict(json.loads(text))
    receipt = storage.read_json(name) if held.generation else None
    return in_short(receipt) if receipt else None


def identity(receipt: dict[str, Any]) -> str:
    """What tells the receipt from every other one: which set was given when."""
    told = [receipt[key] for key in ("delivery", "period", "sent_at")]
    return manifests.fingerprint(told, {name: file["sha256"] for name, file in receipt["files"].items()})[:20]


def keep(receipt: dict[str, Any]) -> None:
    """Store the receipt of a push, once. Raises WarehouseError."""
    name = f"{FOLDER}/{receipt['period']}/{receipt['delivery']}/{identity(receipt)}.json"
    _own_months.add(f"{receipt['period']:.7}")
    if not storage.find(name).generation:
        storage.store_json(name, receipt, {}, over=Stored(name))


def kept(*, lately: bool = False) -> dict[str, str]:
    """The names of the objects of all receipts, by their identity, oldest first; of those that came `lately`, which
    are the periods of this month, of the last one, and of what this process has kept. Raises WarehouseError."""
    folders = [f"{FOLDER}/{month}" for month in _last_months() | _own_months] if lately else [f"{FOLDER}/"]
    with ThreadPoolExecutor(len(folders)) as pool:
        names = sorted(name for found in pool.map(storage.list_objects, folders) for name in found)
    return {named(name): name for name in names}


# The months, as 2026-11, of the receipts that this process has kept.
_own_months: set[str] = set()


def _last_months() -> set[str]:
    first = settings.load().today().replace(day=1)
    return {f"{day:%Y-%m}" for day in (first, first - dt.timedelta(days=1))}


def named(name: str) -> str:
    """The identity in an object's name."""
    return name.rpartition("/")[2].removesuffix(".json")


def read(name: str) -> dict[str, Any]:
    """The receipt under that name. Raises WarehouseError."""
    found = storage.read_json(name)
    try:
        if found is None or identity(found) != named(name):
            raise spoilt(name)
    except (KeyError, TypeError, AttributeError) as error:
        raise spoilt(name) from error
    return found


def spoilt(name: str) -> WarehouseError:
    """The error that tells of an object which is not as a receipt was written."""
    return WarehouseError(
        f"{storage.uri(name)} is no receipt any more",
        expected="receipts to stay as the pipeline wrote them",
        next_step="look who changed it; an older version of the object may be left",
    )
