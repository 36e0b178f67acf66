"""The ledger: what was given to whom, about which students, when, and on what ground. Dataset `operations`.

It is made of the receipts, each entered exactly once, whatever is killed when and however often it is begun: first its
students, and then beside each other what of each file, and the set. Whose rows a file held is read from the rows that
were frozen for it, before those expire; of a file that goes on as it came, from the table that it was loaded into,
while that holds the same file, and then from the bucket's copy or ours.
"""

import datetime as dt
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline import catalogue
from pipeline.catalogue.schemas import Column
from pipeline.ground import secrets
from pipeline.ground.errors import PipelineError, WarehouseError
from pipeline.ground.looks import ahead
from pipeline.inbound import steps
from pipeline.outbound import entries, receipts
from pipeline.outbound.entries import GrowingTable, Value
from pipeline.outside.cloud import warehouse
from pipeline.outside.cloud.evidence import TableTarget

# So many receipts are entered at the same time.
AT_ONCE = 16
# So long a receipt waits for the table that its file is loaded into; after that it is entered without names.
WAITS = dt.timedelta(days=2)
DATASET = "operations"
# So many days a table stays that is made for the ledger alone.
KEPT = 1


def _column(name: str, type_: str, description: str, mode: str = "REQUIRED") -> Column:
    return Column(name, type_, mode, description)


_RECEIPT = _column(
    "receipt", "STRING", "Identity of the receipt, as the last part of its object's name under receipts/."
)
_DELIVERY = _column("delivery", "STRING", "The delivery's name in the catalogue's deliveries.py.")
_VENDOR = _column("vendor", "STRING", "The vendor's name in the catalogue's vendors.py.")
_PERIOD = _column("period", "DATE", "The day that the delivery counts for; of a weekly one the Monday.")
_FILE = _column("file", "STRING", "The file's name.")
_SENT_AT = _column("sent_at", "TIMESTAMP", "When the vendor had the whole set.")

DELIVERIES = GrowingTable(
    f"{DATASET}.deliveries",
    (
        _RECEIPT,
        _DELIVERY,
        _VENDOR,
        _PERIOD,
        _SENT_AT,
        _column("folder", "STRING", "Where the set went on the vendor's server."),
        _column("file_count", "INTEGER", "Number of its files."),
        _column("row_count", "INTEGER", "Rows of all its files."),
        _column("byte_count", "INTEGER", "Bytes of all its files."),
        _column("host_key", "STRING", "Fingerprint of the host key that the server showed."),
        _column("run", "STRING", "The run that gave it: the wrapper and when it began."),
        _column("released_by", "STRING", "Who let it go although a check had not passed; '' for nobody."),
        _column("released_at", "STRING", "When, ISO 8601; '' for never."),
        _column("reason", "STRING", "Why, in that person's words; ''."),
    ),
)
DISCLOSURES = GrowingTable(
    f"{DATASET}.disclosures",
    (
        _RECEIPT,
        _DELIVERY,
        _VENDOR,
        _PERIOD,
        _SENT_AT,
        _FILE,
        _column("remote", "STRING", "The file's path on the vendor's server."),
        _column("columns", "STRING", "The file's columns, in order.", "REPEATED"),
        _column("row_count", "INTEGER", "Its rows."),
        _column("byte_count", "INTEGER", "Its bytes."),
        _column("sha256", "STRING", "Digest of its bytes."),
        _column("students", "INTEGER", "Number of different students whose rows it held."),
        _column("students_named", "INTEGER", "Number of them in disclosed_students: all, or 0 when it was too late."),
        _column("agreement", "STRING", "The agreement that the vendor's row named when it was sent."),
        _column("legal_basis", "STRING", "The law that let it go, as that agreement names it."),
    ),
)
STUDENTS = GrowingTable(
    f"{DATASET}.disclosed_students",
    (
        _column("student_number", "STRING", "The student: PowerSchool student_number, with its leading zeros."),
        _RECEIPT,
        _DELIVERY,
        _FILE,
        _PERIOD,
        _column("sent_on", "DATE", "The day of sent_at, in UTC."),
    ),
    monthly="sent_on",
    sorted_by="student_number",
)


class _NotLoaded(PipelineError):
    """The table of a file that went on as it came does not hold it yet: a question of when."""


@dataclass
class Recorded:
    """What a call has entered, and of which of these somebody must look whether all students could be named (`unsure`);
    what it could not do, and in sentences what waits for a table to be loaded."""

    deliveries: list[str] = field(default_factory=list)
    trouble: list[PipelineError] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)


def record() -> Recorded:
    """Enter every receipt that the ledger does not have, and look whose rows cannot be told any more. What fails is
    left to the next call, and told."""
    done = enter()
    done.trouble += unnamed(done.unsure)
    return done


def enter(*, lately: bool = False) -> Recorded:
    """As `record`, without the look; `lately` with the last months' receipts alone, of which a run's are. A receipt of
    another date's run, which was killed, is entered by who looks at all: the next day's first run does."""
    done = Recorded()
    try:
        missing = _missing(lately=lately)
    except PipelineError as error:
        done.trouble.append(_told("receipts were not entered", error))
        return done
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, found in zip(missing, pool.map(_tried, missing), strict=True):
            if isinstance(found, _NotLoaded):
                done.waiting.append(f"the receipt {name} {found.found}")
            elif isinstance(found, PipelineError):
                done.trouble.append(_told(f"the receipt {name} was not entered", found))
            else:
                done.deliveries.append(name)
                done.unsure += [] if found else [name]
    return done


def _told(what: str, error: PipelineError) -> PipelineError:
    return type(error)(
        secrets.redact(f"{what} in the ledger of disclosures, the next run goes on with it: {error.found}"),
        expected="all that was given entered",
        next_step=error.next_step,
        shared=error.shared,
    )


def _missing(*, lately: bool) -> list[str]:
    """The objects of the receipts that are not in the ledger. Its tables are there then."""
    ahead([partial(warehouse.find, DATASET, "")])
    kept = receipts.kept(lately=lately)
    if not kept:
        return []
    entries.prepare((STUDENTS, DISCLOSURES, DELIVERIES))
    entered = _entered()
    return [name for identity, name in kept.items() if identity not in entered]


def _entered() -> set[str]:
    """The receipts of which all is there: the set and its files, whichever of them came first."""
    with ThreadPoolExecutor(2) as pool:
        files = pool.submit(entries.rows, DISCLOSURES, "receipt")
        sets = entries.rows(DELIVERIES, "receipt", "file_count")
        told = {receipt for (receipt,) in files.result()}
    return {receipt for receipt, count in sets if receipt in told or not count}


def _tried(name: str) -> PipelineError | bool:
    try:
        return _enter(name)
    except PipelineError as error:
        return error


def _enter(name: str) -> bool:
    """Enter the receipt; whether it is known by that, without a look, that all its students are named."""
    receipt = receipts.read(name)
    try:
        files = [_file(receipt, name) for name in receipt["files"]]
        values = _values(receipt, files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise receipts.spoilt(name) from error
    job = f"ledger-{values['receipt']}"

    def enter(statement: str, of: str = "") -> int:
        return entries.enter(statement, f"{job}{of}", f"entering {name}", **values)

    named = enter(_students(files)) if any(file.facts["student"] for file in files) else 0
    rest = {"-files": _disclosures(len(files)), "-set": _delivery()}
    with ThreadPoolExecutor(len(rest)) as pool:
        for done in [pool.submit(enter, statement, of) for of, statement in rest.items() if statement]:
            done.result()
    return named == sum(int(file.facts["students"]) for file in files)


# ------------------------------------------------------------------------------------------------------- one receipt


@dataclass(frozen=True)
class _File:
    """A file of a receipt: its name, what the receipt says of it, and the table that has its rows, or ''."""

    name: str
    facts: dict[str, Any]
    source: str


def _file(receipt: dict[str, Any], name: str) -> _File:
    facts = {**receipt["files"][name], **receipt["contents"][name], "remote": f"{receipt['folder']}/{name}"}
    held = warehouse.find(*facts["table"].split("."))
    there = held.there and facts["labels"].items() <= held.labels.items()
    if not facts["student"] or there:
        return _File(name, facts, facts["table"] if facts["student"] else "")
    if facts["students"] and _to_come(receipt, facts):
        raise _NotLoaded(
            f"waits for {name} to be loaded into {facts['table']}, which then tells whose rows it held",
            expected="the table to hold the file that was sent",
            next_step="run the morning again",
        )
    return _File(name, facts, _loaded_beside(facts) if facts["students"] else "")


def _loaded_beside(facts: dict[str, Any]) -> str:
    """A table for the ledger alone, where the feed's has gone on to another file; '' when the file is gone too."""
    dataset, table = facts["table"].split(".")
    feed = catalogue.feeds().get(table)
    if feed is None or feed.dataset != dataset or not facts["labels"]:
        return ""
    to = "deliveries" + (warehouse.RESTRICTED if warehouse.restricted(dataset) else "")
    as_of = dt.date.fromisoformat(facts["labels"]["as_of"])
    return steps.load_beside(feed, as_of, facts["labels"]["sha"], to, KEPT)


def _to_come(receipt: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether the table may still get the rows that were sent, since it holds none of a later day; for some days."""
    dataset, table = facts["table"].split(".")
    holds = TableTarget(dataset, table, {}).as_of()
    passed = holds is not None and holds.isoformat() > facts["labels"].get("as_of", "")
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(receipt["sent_at"])
    return bool(facts["labels"]) and not passed and age < WAITS


def _values(receipt: dict[str, Any], files: list[_File]) -> dict[str, Value]:
    """What the statements that enter the receipt name @so."""
    released = receipt["released"] or {}
    facts = [file.facts for file in files]
    sent_at = dt.datetime.fromisoformat(receipt["sent_at"])
    values: dict[str, Value] = {
        "receipt": receipts.identity(receipt),
        "delivery": receipt["delivery"],
        "vendor": receipt["vendor"],
        "period": dt.date.fromisoformat(receipt["period"]),
        "sent_at": sent_at,
        "sent_on": sent_at.astimezone(dt.UTC).date(),
        "agreement": receipt["agreement"],
        "legal_basis": receipt["basis"],
        "folder": receipt["folder"],
        "file_count": len(files),
        "row_count": sum(int(each["rows"]) for each in facts),
        "byte_count": sum(int(each["bytes"]) for each in facts),
        "host_key": receipt["host_key"],
        "run": receipt["run"],
        "released_by": released.get("by", ""),
        "released_at": released.get("at", ""),
        "reason": released.get("reason", ""),
    }
    for number, file in enumerate(files):
        values |= _of_file(number, file)
    return values


def _of_file(number: int, file: _File) -> dict[str, Value]:
    facts = file.facts
    return {
        f"file_{number}": file.name,
        f"remote_{number}": facts["remote"],
        f"columns_{number}": tuple(facts["columns"]),
        f"row_count_{number}": int(facts["rows"]),
        f"byte_count_{number}": int(facts["bytes"]),
        f"sha256_{number}": facts["sha256"],
        f"students_{number}": int(facts["students"]),
    }


# Each statement is done whole or not at all, and does nothing when it was done. The day is named, so that less is read.
_HERE = f"FROM `{STUDENTS.name}` WHERE sent_on = @sent_on AND receipt = @receipt"


def _students(files: list[_File]) -> str:
    """The students of the files, but of a file whose table has other rows than were sent. Where no table is left, it
    asks nothing: who finds a job of that name waits for it, and one that still found the rows is not overtaken."""
    parts = [
        f"""
        SELECT DISTINCT `{file.facts["student"]}` AS student, @file_{number} AS file FROM `{file.source}`
        WHERE IFNULL(`{file.facts["student"]}`, '') != ''
          AND (SELECT COUNT(*) FROM `{file.source}`) = @row_count_{number}
          AND (SELECT COUNT(DISTINCT NULLIF(`{file.facts["student"]}`, '')) FROM `{file.source}`) = @students_{number}
        """  # noqa: S608
        for number, file in enumerate(files)
        if file.source
    ]
    into = f"INSERT INTO `{STUDENTS.name}` (student_number, receipt, delivery, file, period, sent_on)"
    row = "sent.student, @receipt, @delivery, sent.file, @period, @sent_on"
    found = f"{into} SELECT {row} FROM ({' UNION ALL '.join(parts)}) AS sent WHERE NOT EXISTS (SELECT 1 {_HERE})"  # noqa: S608
    return found if parts else "SELECT 0"


def _disclosures(files: int) -> str:
    """A row a file."""
    own = ("file", "remote", "columns", "row_count", "byte_count", "sha256", "students")
    if not files:
        return ""
    parts = (f"SELECT {', '.join(f'@{name}_{number} AS {name}' for name in own)}" for number in range(files))
    values = {column.name: f"@{column.name}" for column in DISCLOSURES.columns}
    values |= {name: f"files.{name}" for name in own} | {"students_named": "IFNULL(named.students, 0)"}
    return f"""INSERT INTO `{DISCLOSURES.name}` ({", ".join(values)})
        SELECT {", ".join(values.values())} FROM ({" UNION ALL ".join(parts)}) AS files
        LEFT JOIN (SELECT file, COUNT(*) AS students {_HERE} GROUP BY file) AS named ON named.file = files.file
        WHERE NOT EXISTS (SELECT 1 FROM `{DISCLOSURES.name}` WHERE receipt = @receipt)"""  # noqa: S608


def _delivery() -> str:
    names = [column.name for column in DELIVERIES.columns]
    return f"""INSERT INTO `{DELIVERIES.name}` ({", ".join(names)}) SELECT @{", @".join(names)} FROM (SELECT 1)
        WHERE NOT EXISTS (SELECT 1 FROM `{DELIVERIES.name}` WHERE receipt = @receipt)"""  # noqa: S608


def unnamed(names: Iterable[str]) -> list[PipelineError]:
    """An error for each file of these receipts, just entered, whose students could not be told any more: it is said
    once, by whoever entered them."""
    entered = tuple(map(receipts.named, names))
    if not entered:
        return []
    query = f"""
        SELECT delivery, period, file, students FROM `{DISCLOSURES.name}`
        WHERE receipt IN UNNEST(@receipts) AND students_named != students ORDER BY sent_at, file
    """  # noqa: S608
    try:
        found = entries.ask(query, "looking into the ledger", receipts=entered)
    except PipelineError as error:
        return [_told("nobody could look whose rows were just entered", error)]
    return [
        WarehouseError(
            f"the ledger does not say which {each['students']:,} students were in {each['file']} of {each['delivery']} "
            f"for {each['period']}: its rows were gone before they were entered",
            expected="frozen rows to stay until they are entered",
            next_step="note it where such requests are answered; what was sent lies in the bucket for `sent_days`",
        )
        for each in found
    ]
