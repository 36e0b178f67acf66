"""Bytes into rows, the way a vendor reads them: strictly, one record a line, with a word for every line that cannot
be read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .checks import Check

Files = Mapping[str, bytes]
SHOWN = 5

# In a line that is in order, a quotation mark stands around a value or doubled inside such a value, and nowhere else.
_VALUE = r'(?:"(?:[^"]|"")*"|[^",]*)'
_RECORD = re.compile(f"{_VALUE}(?:,{_VALUE})*")
_VALUES = re.compile(f"(?:^|,)({_VALUE})")
_UNREADABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffd]")
_TEMPORARY = re.compile(r"^[.~]|~$|\.(tmp|temp|part|partial|filepart|upload|uploading|inflight|crdownload|swp)$", re.I)


class Findings:
    """What a reader has against a set: one sentence for each file, column and fault, with the first lines.

    Values are not quoted: whatever stands in a wrong column may be a person's."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str], list[int]] = {}

    def add(self, file: str, what: str, *, line: int = 0, column: str = "") -> None:
        self._lines.setdefault((file, column, what), []).append(line)

    def told(self) -> list[str]:
        return [
            f"{file}{_place(lines)}{column and f', {column}'}: {what}"
            for (file, column, what), lines in self._lines.items()
        ]


@dataclass(frozen=True)
class Layout:
    """A file as its vendor describes it: what each column may hold, in the order of the description."""

    file: str
    columns: Mapping[str, Check]
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def of(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.values[column] for column in columns)


@dataclass(frozen=True)
class Table:
    file: str
    rows: list[Row]


HeaderRule = Callable[[Layout, list[str], Findings], bool]


def names(files: Files, expected: Sequence[str], findings: Findings, *, also: Sequence[str] = ()) -> None:
    """The expected files are there, `also` may be; of others, a half-sent one and one in the wrong case are told."""
    spelt = {name.casefold(): name for name in (*expected, *also)}
    for name in expected:
        if name not in files:
            findings.add(name, "is missing")
    for name in sorted(set(files) - set(spelt.values())):
        if name.casefold() in spelt:
            findings.add(name, f"is not read: the name is {spelt[name.casefold()]}, case-sensitive")
        elif _TEMPORARY.search(name) or any(known in name.casefold() for known in spelt):
            findings.add(name, "is left over from a delivery that did not end")


def comma_file(layout: Layout, content: bytes, findings: Findings, header: HeaderRule) -> Table | None:
    """The rows under a header that passes its rule; None where there is nothing to go by."""
    lines = _lines(layout.file, content, findings)
    if not lines:
        findings.add(layout.file, "is empty, expected a header and rows")
        return None
    columns = _plain(cells(lines[0])) or []
    if not header(layout, columns, findings):
        return None
    if len(lines) == 1:
        findings.add(layout.file, "has a header and no rows")
    found = [(number, _plain(cells(line))) for number, line in enumerate(lines[1:], 2)]
    return Table(layout.file, _rows(layout.file, columns, found, findings))


def tab_file(layout: Layout, content: bytes, findings: Findings) -> Table:
    """The rows of a file without a header, in which a quotation mark is a character like any other. May be empty."""
    lines = _lines(layout.file, content, findings)
    columns = list(layout.columns)
    if lines and lines[0].casefold().split("\t")[0] in {name.casefold() for name in columns}:
        findings.add(layout.file, "has a header, expected none", line=1, column=columns[0])
        lines = []
    found: list[tuple[int, list[str] | None]] = [(number, line.split("\t")) for number, line in enumerate(lines, 1)]
    return Table(layout.file, _rows(layout.file, columns, found, findings))


def in_order(layout: Layout, columns: list[str], findings: Findings) -> bool:
    """The header is the description's, name by name."""
    for expected, found in zip(layout.columns, columns, strict=False):
        if found != expected:
            findings.add(layout.file, "expected this header here, and found another", line=1, column=expected)
    for missing in list(layout.columns)[len(columns) :]:
        findings.add(layout.file, "the header is missing", line=1, column=missing)
    for extra in columns[len(layout.columns) :]:
        findings.add(layout.file, "an unknown header", line=1, column=extra)
    return columns == list(layout.columns)


def in_any_order(layout: Layout, columns: list[str], findings: Findings) -> bool:
    """Each header of the description is there once. (A column that no longer comes is emptied at the vendor.)"""
    for name in layout.columns:
        if columns.count(name) != 1:
            what = "the header is repeated" if name in columns else "the header is missing"
            findings.add(layout.file, what, line=1, column=name)
    for extra in columns:
        if extra not in layout.columns:
            findings.add(layout.file, "an unknown header", line=1, column=extra)
    return sorted(columns) == sorted(layout.columns)


def cells(line: str) -> list[str] | None:
    """The values of a comma-separated line as they stand there, with their quotation marks; None if these are wrong."""
    if '"' not in line:
        return line.split(",")
    return _VALUES.findall(line) if _RECORD.fullmatch(line) else None


def unquoted(value: str) -> str:
    return value[1:-1].replace('""', '"') if value.startswith('"') else value


def text(content: bytes) -> str:
    """The text without a byte order mark, and with U+FFFD for each byte that is not UTF-8."""
    return content.decode("utf-8-sig", errors="replace")


def split_lines(content: str) -> list[str]:
    """Lines end with LF or CRLF; the end of the last one may be missing."""
    lines = [line.removesuffix("\r") for line in content.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _lines(file: str, content: bytes, findings: Findings) -> list[str]:
    if content.startswith(b"\xef\xbb\xbf"):
        findings.add(file, "begins with a byte order mark, which becomes a part of the first header or value", line=1)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        findings.add(file, "is not UTF-8", line=content.count(b"\n", 0, error.start) + 1)
    return split_lines(text(content))


def _rows(file: str, columns: list[str], found: list[tuple[int, list[str] | None]], findings: Findings) -> list[Row]:
    rows = []
    for line, values in found:
        if values is None:
            findings.add(file, "a quotation mark that neither opens nor closes a value", line=line)
        elif len(values) < len(columns):
            findings.add(file, "the row ends before this column", line=line, column=columns[len(values)])
        elif len(values) > len(columns):
            findings.add(file, "the row goes on after this column", line=line, column=columns[-1])
        else:
            rows.append(Row(line, dict(zip(columns, values, strict=True))))
            _readable(file, rows[-1], findings)
    return rows


def _readable(file: str, row: Row, findings: Findings) -> None:
    for column, value in row.values.items():
        if _UNREADABLE.search(value):
            findings.add(file, "holds a character that cannot be read", line=row.line, column=column)


def _plain(values: list[str] | None) -> list[str] | None:
    return None if values is None else [unquoted(value) for value in values]


def _place(lines: list[int]) -> str:
    numbers = [line for line in lines if line]
    if not numbers:
        return ""
    more = f" and {len(numbers) - SHOWN:,} more" if len(numbers) > SHOWN else ""
    return f", line {', '.join(map(str, numbers[:SHOWN]))}{more}"
