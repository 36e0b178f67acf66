"""What the ledger says of one student: the answer to a parent who asks. Nothing else of the student is read or told."""

import datetime as dt
import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.ground import settings
from pipeline.outbound import entries, ledgerrows
from pipeline.outside.cloud import warehouse


@dataclass(frozen=True)
class Span:
    """Deliveries of a file to a vendor, one after the other, each with a row of the student and alike in all else.

    `first` and `last` are the days, in the district's zone, on which the first and the last of them were sent.
    """

    first: dt.date
    last: dt.date
    deliveries: int
    vendor: str
    file: str
    columns: tuple[str, ...]
    agreement: str
    basis: str

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "first": self.first.isoformat(), "last": self.last.isoformat()}


def of_student(student: str) -> list[Span]:
    """What was disclosed about the student, newest first. Raises WarehouseError.

    A span ends where a delivery of the file went without the student, or with other columns, or on another ground.
    """
    if not _there():
        return []
    query = f"""
        WITH sent AS (
          SELECT *, ROW_NUMBER() OVER (PARTITION BY vendor, delivery, file ORDER BY sent_at, receipt) AS place
          FROM `{ledgerrows.DISCLOSURES.name}`
        )
        SELECT sent.* FROM sent INNER JOIN `{ledgerrows.STUDENTS.name}` AS students
          ON students.receipt = sent.receipt AND students.file = sent.file
        WHERE students.student_number = @student
        ORDER BY sent.vendor, sent.delivery, sent.file, sent.place
    """  # noqa: S608
    found = _spans(entries.ask(query, "looking into the ledger", student=student))
    return sorted(found, key=lambda span: (-span.last.toordinal(), -span.first.toordinal(), span.vendor, span.file))


def _there() -> bool:
    return all(
        warehouse.find(*table.name.split(".")).there
        for table in (ledgerrows.DELIVERIES, ledgerrows.DISCLOSURES, ledgerrows.STUDENTS)
    )


def _spans(rows: Iterable[dict[str, Any]]) -> list[Span]:
    """`rows` in the order of vendor, delivery, file and place."""
    spans: list[Span] = []
    before: tuple[str, int] | None = None
    for row in rows:
        now = _single(row)
        if before == (row["delivery"], row["place"] - 1) and _alike(spans[-1], now):
            now = replace(spans[-1], last=now.last, deliveries=spans[-1].deliveries + 1)
            spans.pop()
        spans.append(now)
        before = row["delivery"], row["place"]
    return spans


def _single(row: dict[str, Any]) -> Span:
    day = row["sent_at"].astimezone(settings.load().district.zone).date()
    columns = tuple(row["columns"])
    return Span(day, day, 1, row["vendor"], row["file"], columns, row["agreement"], row["legal_basis"])


def _alike(one: Span, other: Span) -> bool:
    return replace(one, first=other.first, last=other.last, deliveries=1) == other


def not_known() -> list[str]:
    """Files of which the ledger does not know whose rows they held, newest first. Raises WarehouseError."""
    if not _there():
        return []
    query = f"""
        SELECT vendor, file, sent_at FROM `{ledgerrows.DISCLOSURES.name}` WHERE students_named != students
        ORDER BY sent_at DESC, file
    """  # noqa: S608
    zone = settings.load().district.zone
    rows = entries.ask(query, "looking into the ledger")
    return [f"{row['vendor']} {row['file']} of {row['sent_at'].astimezone(zone):%Y-%m-%d}" for row in rows]


# ---------------------------------------------------------------------------------------------------------- answers


def as_json(student: str) -> str:
    """The answer for a program."""
    spans = [span.as_json() for span in of_student(student)]
    return json.dumps({"student": student, "disclosed": spans, "not_known": not_known()}, indent=1, ensure_ascii=False)


def text(student: str) -> str:
    """The answer for people, in lines."""
    head = (
        f"{settings.load().district.name}: what was disclosed of student {student}, to whom, when and on what ground, "
        "newest first (the record of disclosures, FERPA 34 CFR 99.32)"
    )
    blocks = [_block(span) for span in of_student(student)] or [
        f"No file that the ledger knows held a row of student {student}. (Student numbers have their leading zeros.)"
    ]
    if unknown := not_known():
        blocks.append(f"Of these files it is not known whose rows they held: {'; '.join(unknown)}.")
    return "\n\n".join([head, *blocks])


def _block(span: Span) -> str:
    when = f"{span.first} to {span.last}" if span.first != span.last else f"{span.last}"
    often = "once" if span.deliveries == 1 else f"{span.deliveries} deliveries"
    columns = textwrap.fill(", ".join(span.columns), 100, initial_indent="    ", subsequent_indent="    ")
    return f"{when}  {often}  to {span.vendor}: {span.file}\n  {span.agreement} ({span.basis})\n{columns}"


# ------------------------------------------------------------------------------------------------------ of all vendors


@dataclass(frozen=True)
class Given:
    """What a vendor was given: sets, files, rows, and the number of different students in them. `unnamed` are files of
    which the ledger does not know whose rows they held: their students are not among these."""

    vendor: str
    sets: int
    files: int
    rows: int
    students: int
    unnamed: int


def by_vendor(since: dt.date, until: dt.date) -> list[Given]:
    """What each vendor was given for the days from `since` to `until`: counts alone. Raises WarehouseError."""
    if not _there():
        return []
    files, students = f"`{ledgerrows.DISCLOSURES.name}`", f"`{ledgerrows.STUDENTS.name}`"
    query = f"""
        WITH files AS (SELECT * FROM {files} WHERE period >= @since AND period <= @until),
        people AS (
          SELECT files.vendor, COUNT(DISTINCT students.student_number) AS students
          FROM files INNER JOIN {students} AS students
            ON students.receipt = files.receipt AND students.file = files.file
          WHERE students.sent_on >= @since
          GROUP BY files.vendor
        ),
        sums AS (
          SELECT vendor, COUNT(DISTINCT receipt) AS sets, COUNT(*) AS files, SUM(row_count) AS row_count,
            COUNTIF(students_named != students) AS unnamed
          FROM files GROUP BY vendor
        )
        SELECT sums.vendor, sets, files, row_count, IFNULL(people.students, 0) AS students, unnamed
        FROM sums LEFT JOIN people ON people.vendor = sums.vendor
        ORDER BY sums.vendor
    """  # noqa: S608
    rows = entries.ask(query, "looking into the ledger", since=since, until=until)
    return [Given(*(row[name] for name in _GIVEN)) for row in rows]


_GIVEN = ("vendor", "sets", "files", "row_count", "students", "unnamed")
