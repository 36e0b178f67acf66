"""Why a file was refused: the slow reading, which names line, column, what was found and what was expected.

It runs only on a file that the fast reading (`pipeline.contract`) has refused. Lines are those of the file as an
editor counts them, from 1; the header is line 1.
"""

import csv
import re
import sys
from collections.abc import Iterator

import pyarrow as pa

from pipeline.contract import Broken, Contract, Part, Refused, header, typed
from pipeline.encoding import candidates, line_ended
from pipeline.errors import ContractBroken, masked
from pipeline.schemas import Column


def explain(trouble: Broken | Refused, parts: list[Part], contract: Contract) -> ContractBroken:
    """The reason why the feed's parts do not keep the contract, as the error that is shown to a person."""
    reason = trouble if isinstance(trouble, Refused) else next(_reasons(parts, contract), None)
    if reason is None:
        found = "a row of more than 1 MB, or a form that Arrow's reader refuses and Python's accepts"
        reason = Refused(trouble.part, found, "plain CSV")
    place = ", ".join(
        [f"file {reason.part.path.name} ({reason.part.name})"]
        + ([f"line {reason.line}"] if reason.line else [])
        + ([f"column {reason.column}"] if reason.column else [])
    )
    return ContractBroken(
        f"{place}: {reason.found}",
        expected=reason.expected,
        next_step="the file is in quarantine and the last good table stays; ask the vendor for a corrected file, "
        "or change the contract (pipeline/schemas, pipeline/feeds.py) if the new form is right",
    )


def _reasons(parts: list[Part], contract: Contract) -> Iterator[Refused]:
    for part in parts:
        try:
            _examine(part, contract)
        except Refused as reason:
            yield reason
    try:
        if contract.key:
            _examine_keys(parts, contract)
    except Refused as reason:
        yield reason


def _examine(part: Part, contract: Contract) -> None:
    codec = _codec(part)
    _quotation_marks(part, contract, codec)
    names = header(part, contract, codec)
    rows, line = 0, 1
    for line, row in _rows(part, contract, codec):
        rows += 1
        if len(row) != len(names):
            raise Refused(part, f"{len(row)} fields", f"{len(names)} fields, as the header has", line)
        _values(part, contract, dict(zip(names, row, strict=True)), line)
    if contract.last_line == "ended" and not line_ended(part.path):
        found, expected = (
            "no line end after the last line",
            "one; a file without it was probably cut",
        )
        raise Refused(part, found, expected, line)
    if rows < contract.floor:
        raise Refused(part, f"{rows} rows", f"at least {contract.floor} rows (the floor of this feed)")


def _codec(part: Part) -> str:
    """The codec that reads the whole file, as contract.encoding finds it; here a failure has a line."""
    raw = part.path.read_bytes()
    *others, last = candidates(raw)
    codec = next((codec for codec in others if _decodes(raw, codec)), last)
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        line = _line(raw[: error.start].decode(codec, "ignore"))
        found = f"byte 0x{raw[error.start]:02x}, which is neither UTF-8 nor {codec}"
        raise Refused(part, found, ENCODINGS, line) from None
    if "\0" in text:
        raise Refused(part, "a NUL", ENCODINGS, _line(text[: text.index("\0")]))
    return codec


ENCODINGS = "text in UTF-8, UTF-16 with a byte order mark, or cp1252"


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _line(before: str) -> int:
    """The line of what follows on `before`."""
    return 1 + len(re.findall(r"\r\n?|\n", before))


def _quotation_marks(part: Part, contract: Contract, codec: str) -> None:
    """Refuse what encoding.QUOTED does not match; the line is that of the value's opening mark."""
    with part.path.open(encoding=codec, newline="") as file:
        text = file.read()
    edges = contract.delimiter + "\r\n"
    opened: int | None = None
    for run in re.finditer('"+', text):
        before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        if opened is None and before not in edges:
            found = "a quotation mark inside a value"
            raise Refused(part, found, 'quotation marks in values doubled ("")', _line(text[: run.start()]))
        odd = len(run[0]) % 2 == 1
        closed = odd if opened is not None else not odd
        opened = run.start() if opened is None else opened
        if closed and after not in edges:
            found, expected = "quotation marks that do not match", 'a value within two, with others doubled ("")'
            raise Refused(part, found, expected, _line(text[:opened]))
        opened = None if closed else opened
    if opened is not None:
        found, expected = "a quotation mark that is never closed", "a value that begins and ends with one"
        raise Refused(part, found, expected, _line(text[:opened]))


def _rows(part: Part, contract: Contract, codec: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins; blank lines are passed over."""
    csv.field_size_limit(sys.maxsize)  # a file may well be refused for another reason than a long value
    with part.path.open(encoding=codec, newline="") as file:
        reader = csv.reader(file, delimiter=contract.delimiter, strict=True)
        begins = 1
        try:
            for number, row in enumerate(reader):
                if number and row:
                    yield begins, row
                begins = reader.line_num + 1
        except csv.Error as error:
            raise Refused(part, f"broken CSV ({error})", "plain CSV", begins) from None


def _values(part: Part, contract: Contract, row: dict[str, str], line: int) -> None:
    for column in contract.expected:
        value = row[column.name]
        if not value and column.mode == "REQUIRED":
            raise Refused(part, "no value", "a value in every row", line, column.name)
        if value and not _readable(value, column):
            raise Refused(part, f"the form {masked(value)}", _FORMS[column.type], line, column.name)


_FORMS = {
    "INTEGER": "a whole number",
    "FLOAT": "a number",
    "NUMERIC": "a number with at most 9 decimals",
    "DATE": "a date as yyyy-mm-dd",
    "TIMESTAMP": "a time as yyyy-mm-dd hh:mm:ss",
    "BOOLEAN": "true, false, 1 or 0",
}


def _readable(value: str, column: Column) -> bool:
    if column.type == "STRING":
        return True
    try:
        typed(pa.array([value]), column.type)
    except pa.ArrowInvalid:
        return False
    return True


def _examine_keys(parts: list[Part], contract: Contract) -> None:
    seen: dict[tuple[str, ...], tuple[str, int]] = {}
    for part in parts:
        codec = _codec(part)
        names = header(part, contract, codec)
        for line, row in _rows(part, contract, codec):
            values = dict(zip(names, row, strict=False), **({contract.tag: part.name} if contract.tag else {}))
            key = tuple(values[name] for name in contract.key)
            if key in seen:
                where = seen[key]
                raise Refused(
                    part,
                    f"the key of line {where[1]} ({where[0]}) again",
                    "every key once",
                    line,
                    " + ".join(contract.key),
                )
            seen[key] = (part.name, line)
