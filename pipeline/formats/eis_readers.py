"""Readers of what the state's portal gives: each makes a plain CSV of a report, and says what stood in it.

Plain means: UTF-8, comma, LF, minimal quotation marks, one header line with the report's own names. The contract of the
feed then reads the plain file like any other. A reader streams; it refuses what is not a whole report (ContractBroken),
and leaves `plain` as it was then. No message holds a value: lines are those of the raw file, from 1.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from pipeline.catalogue import dialect
from pipeline.ground import manifests
from pipeline.ground.arrow import pa
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import encoding, kinds
from pipeline.inbound.headings import Lines
from pipeline.inbound.parts import Part, Refused


@dataclass(frozen=True)
class ReportFacts:
    """What a report says of itself: its rows, the numbers of the schools in them, and the day on which it was run."""

    rows: int
    schools: frozenset[str]
    run_date: dt.date | None = None


SCHOOL = ("SchoolNo", "SCHOOL_NO")
BLOCK = 10_000  # rows that are written together


# ------------------------------------------------------------------------------------------------ report viewer


def viewer_report(raw: Path, plain: Path) -> ReportFacts:
    """A report of the viewer: two lines of preamble, the header on line 3, rows; or no rows.

    `Run date: 11/23/2026` in the preamble is modelled: where it stands, it is the report's day. Raises ContractBroken.
    """
    _refuse_page(raw)
    codec = encoding.of(raw, ",")
    if codec is None:
        found = "an encoding or quotation marks that cannot be read"
        raise _refused(raw, found, "text in UTF-8, UTF-16 or cp1252, with quotation marks around whole values only")
    try:
        return _viewed(raw, plain, codec)
    except Refused as long:
        raise _refused(raw, long.found, long.expected, long.line) from None


def _viewed(raw: Path, plain: Path, codec: str) -> ReportFacts:
    """Raises Refused of a row that is longer than what is read at once, too."""
    with raw.open(encoding=codec, newline="") as file:
        lines = Lines(Part("", raw), file)
        preamble = "".join(islice(lines, 2))
        table = _csv(raw, lines)
        header = next(table, None)
        if header is None:
            raise _refused(raw, "fewer than three lines: an error page instead of the report", "two lines and a header")
        _refuse_no_header(raw, header)
        run_date = _run_date(raw, preamble)
        if not encoding.line_ended(raw):
            raise _refused(raw, "no line end after the last line", "one; a report without it was probably cut")
        rows, schools = _save(header, table, plain)
    return ReportFacts(rows, schools, run_date)


def _csv(raw: Path, lines: Lines) -> Iterator[list[str]]:
    """The header and the rows below the preamble, each as wide as the header; blank lines are passed over."""
    lines.next_row()
    reader = csv.reader(lines, strict=True)
    width = 0
    try:
        for row in reader:
            lines.next_row()
            if width and row and len(row) != width:
                found, line = f"{len(row)} fields", reader.line_num + 2
                raise _refused(raw, found, f"{width} fields, as the header has", line)
            width = width or len(row)
            if row or reader.line_num == 1:
                yield row
    except csv.Error as error:
        raise _refused(raw, f"broken CSV ({error})", "plain CSV", reader.line_num + 2) from None


def _refuse_no_header(raw: Path, header: list[str]) -> None:
    """Line 3 must be words, each once; which words is the contract's business."""
    words = [title for title in header if re.fullmatch(r"[A-Za-z][\w %#()./-]*", title, re.ASCII)]
    if len(header) < 2 or len(set(words)) < len(header):
        raise _refused(raw, "no header", "the names of the columns, below two lines of preamble", 3)


def _run_date(raw: Path, preamble: str) -> dt.date | None:
    found = re.search(r"Run date:\s*(\d{1,2})/(\d{1,2})/(\d{4})", preamble, re.IGNORECASE)
    if found is None:
        return None
    month, day, year = map(int, found.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise _refused(raw, "a run date that is no day", "`Run date: M/D/YYYY`, or none, above the header") from None


# ------------------------------------------------------------------------------------------------- error report

ERROR_COLUMNS = (
    "SCHOOL_YEAR", "TRANSMIT_DATE", "FILE_NAME", "DISTRICT_NO", "DISTRICT_NAME", "SCHOOL_NO", "SCHOOL_NAME",
    "ERROR_GROUP", "ERROR_DATE", "ERROR_NO", "ERROR_DESC", "SEVERITY_CODE", "SEVERITY_DESCR", "CALNO200DAY", "SCHCALNO",
    "LOCALCLASSNO", "COURSE_NO", "STUDENT_SSN", "STUDENT_PIN", "STUDENT_FIRST_NM", "STUDENT_MIDDLE_NM",
    "STUDENT_LAST_NM", "STUDENT_SUFFIX_NM", "STAFF_SSN", "STAFF_TLN", "STAFF_FIRST_NM", "STAFF_MIDDLE_NM",
    "STAFF_LAST_NM", "STAFF_SUFFIX_NM", "DETAIL_INFO", "LINE_ID", "EXTRACT_ID",
)  # fmt: skip
WITHHELD = ("STUDENT_SSN", "STAFF_SSN")
_DETAIL = ERROR_COLUMNS.index("DETAIL_INFO")
_AFTER = len(ERROR_COLUMNS) - _DETAIL - 1
# Nine digits that stand alone, in the groups of an SSN, whatever people type between them: the form of an SSN.
_NINE = r"(?<!\d)\d{3}[\W_]{0,3}\d{2}[\W_]{0,3}\d{4}(?!\d)"
# Digits with little between them, in whatever groups: nine of them are an SSN, too. (A slash is a date's.)
_RUN = re.compile(r"\d(?:(?:[^\w/]|_){0,3}\d)*")
# What stands in an SSN's own column: it, or a part of it behind a mask.
_SSN = re.compile(rf"{_NINE}|(?=(?:.*[Xx*]){{3}})[\dXx* .-]{{9,}}")
# What counts lines and extracts, from the end: no comma moves anything into these.
_COUNTERS = ("LINE_ID", "EXTRACT_ID")
# What some columns hold while every field stands in its own. A comma in a field before DETAIL_INFO would move an SSN
# into a column that is kept: STUDENT_PIN, a name, or STAFF_TLN (and the licence number into a name).
_FORMS = {
    "SEVERITY_CODE": re.compile(r"\d*"),
    **dict.fromkeys(WITHHELD, re.compile(r"[\dXx* .-]*")),
    "STUDENT_PIN": re.compile(rf"(?!.*{_NINE}).*"),
    **dict.fromkeys((name for name in ERROR_COLUMNS if name.endswith("_NM")), re.compile(r"(?!.*\d{4}).*")),
}


def error_report(raw: Path, plain: Path) -> ReportFacts:
    """A school's errors: 32 columns without quoting, of which the two SSN columns are dropped here.

    The first 29 fields and the last two are one column each, and all between is DETAIL_INFO with its commas. What has
    the form of an SSN in any other column is withheld too. A file that may have been cut is refused. Raises
    ContractBroken.
    """
    _refuse_page(raw)
    header = [name for name in ERROR_COLUMNS if name not in WITHHELD]
    rows, schools = _save(header, _errors(raw), plain)
    return ReportFacts(rows, schools)


def _errors(raw: Path) -> Iterator[list[str]]:
    with raw.open("rb") as file:
        for number, line in enumerate(iter(partial(file.readline, encoding.BLOCK + 1), b""), 1):
            if len(line) > encoding.BLOCK:
                raise _refused(raw, "a line of more than 1 MB", "the rows of the error file", number)
            if not line.endswith(b"\n"):
                raise _refused(raw, "a last line without a line end", "one; without it the download was cut", number)
            text = _text(line).rstrip("\r\n")
            if number == 1:
                _refuse_other_header(raw, text.removeprefix("\ufeff").split(","))
            elif text:
                yield _kept(raw, text.split(","), number)


def _text(line: bytes) -> str:
    """ASCII, as a rule. A byte that has no meaning in cp1252 either becomes U+FFFD: an odd character in a name may be
    the very error that the row reports."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _refuse_other_header(raw: Path, found: list[str]) -> None:
    if tuple(found) != ERROR_COLUMNS:
        missing = [name for name in ERROR_COLUMNS if name not in found]
        what = f"none of {', '.join(missing)}" if missing else "another order of columns"
        raise _refused(raw, f"a header of {len(found)} names, with {what}", "the 32 names of the error file", 1)


def _kept(raw: Path, fields: list[str], line: int) -> list[str]:
    """The row's values without the SSN columns."""
    if len(fields) < len(ERROR_COLUMNS):
        found, expected = f"{len(fields)} fields", "32 or more; fewer mean that the download was cut"
        raise _refused(raw, found, expected, line)
    values = [*fields[:_DETAIL], ",".join(fields[_DETAIL:-_AFTER]), *fields[-_AFTER:]]
    row = dict(zip(ERROR_COLUMNS, values, strict=True))
    if moved := [name for name, form in _FORMS.items() if not form.fullmatch(row[name])]:
        found = f"in {moved[0]} what belongs to another column"
        raise _refused(raw, found, "commas inside DETAIL_INFO only", line)
    if len(fields) > len(ERROR_COLUMNS) and not _SSN.fullmatch(row["STAFF_SSN"].strip()):
        # With a comma too many and no number in its own column, nine digits here may be that number, moved.
        row["STAFF_TLN"] = _withheld(row["STAFF_TLN"])
    for name in row.keys() - {"STAFF_TLN", *_COUNTERS}:
        row[name] = _withheld(row[name], licence=row["STAFF_TLN"])
    return [value for name, value in row.items() if name not in WITHHELD]


def _withheld(text: str, licence: str = "") -> str:
    """The text with a word in the place of nine digits, unless they are the licence number that stands beside."""

    def word(nine: re.Match[str]) -> str:
        found = nine[0]
        counts = re.fullmatch(_NINE, found) or len(re.findall(r"\d", found)) == 9
        return "[nine digits]" if counts and found != licence else found

    return re.sub(_NINE, word, _RUN.sub(word, text))


# ----------------------------------------------------------------------------------------------------- of both


def _save(header: list[str], rows: Iterator[list[str]], plain: Path) -> tuple[int, frozenset[str]]:
    """Write `plain`; returns how many rows there are, and of which schools."""
    count = 0
    schools: set[str] = set()
    place = next((header.index(name) for name in SCHOOL if name in header), None)
    with manifests.written(plain) as draft, draft.open("wb") as file:
        dialect.write_header(header, file)
        while block := list(islice(rows, BLOCK)):
            columns = [list(column) for column in zip(*block, strict=True)]
            dialect.write(pa.table(columns, header), file)
            count += len(block)
            schools.update(columns[place] if place is not None else ())
    return count, frozenset(schools)


def _refuse_page(raw: Path) -> None:
    """Where it fails, the portal gives a page under the report's name."""
    if (kind := kinds.of(raw)) and not kind.startswith("HTML"):
        raise _refused(raw, kind, "the report as CSV", 1)
    with raw.open("rb") as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    if not start or start.startswith(b"<"):
        what = "HTML" if start else "nothing"
        raise _refused(raw, f"{what}: an error page instead of the report", "the report as CSV", 1)


def _refused(raw: Path, found: str, expected: str, line: int | None = None) -> ContractBroken:
    place = f"file {raw.name}" + (f", line {line}" if line else "")
    return ContractBroken(
        f"{place}: {found}",
        expected=expected,
        next_step="run again, and the report is fetched anew; if it stays so, look at it in the portal, and correct "
        "pipeline/formats/eis_readers.py if the portal's reports have another form now",
    )
