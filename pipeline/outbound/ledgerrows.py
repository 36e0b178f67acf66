"""The ledger's rows: its tables, and the statements that enter one receipt into them. Each is done whole or not at all,
and does nothing when it was done."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipeline.catalogue.schemas import Column
from pipeline.outbound import receipts
from pipeline.outbound.entries import GrowingTable, Value

DATASET = "operations"


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


@dataclass(frozen=True)
class File:
    """A file of a receipt: its name, what the receipt says of it, and the table that has its rows, or ''."""

    name: str
    facts: dict[str, Any]
    source: str


def values(receipt: dict[str, Any], files: list[File]) -> dict[str, Value]:
    """What the statements that enter the receipt name @so."""
    released = receipt["released"] or {}
    facts = [file.facts for file in files]
    sent_at = dt.datetime.fromisoformat(receipt["sent_at"])
    told: dict[str, Value] = {
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
        told |= _of_file(number, file)
    return told


def _of_file(number: int, file: File) -> dict[str, Value]:
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


# The day is named, so that less is read.
_HERE = f"FROM `{STUDENTS.name}` WHERE sent_on = @sent_on AND receipt = @receipt"


def students(files: list[File]) -> str:
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


def disclosures(files: int) -> str:
    """A row for each of so many files; '' of none. It counts the students that are named, so these come before."""
    own = ("file", "remote", "columns", "row_count", "byte_count", "sha256", "students")
    if not files:
        return ""
    parts = (f"SELECT {', '.join(f'@{name}_{number} AS {name}' for name in own)}" for number in range(files))
    row = {column.name: f"@{column.name}" for column in DISCLOSURES.columns}
    row |= {name: f"files.{name}" for name in own} | {"students_named": "IFNULL(named.students, 0)"}
    return f"""INSERT INTO `{DISCLOSURES.name}` ({", ".join(row)})
        SELECT {", ".join(row.values())} FROM ({" UNION ALL ".join(parts)}) AS files
        LEFT JOIN (SELECT file, COUNT(*) AS students {_HERE} GROUP BY file) AS named ON named.file = files.file
        WHERE NOT EXISTS (SELECT 1 FROM `{DISCLOSURES.name}` WHERE receipt = @receipt)"""  # noqa: S608


def delivery() -> str:
    """The row of the set."""
    names = [column.name for column in DELIVERIES.columns]
    return f"""INSERT INTO `{DELIVERIES.name}` ({", ".join(names)}) SELECT @{", @".join(names)} FROM (SELECT 1)
        WHERE NOT EXISTS (SELECT 1 FROM `{DELIVERIES.name}` WHERE receipt = @receipt)"""  # noqa: S608
