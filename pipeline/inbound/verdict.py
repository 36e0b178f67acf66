"""Why a file was refused: the slow reading, which names line, column, what was found and what was expected.

It runs only on a file that the fast reading (`reading`) has refused, and holds no more of it at a time than the fast
one: a block, or a row. Lines are those of the file as an editor counts them, from 1; the header is line 1.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice

from pipeline.catalogue import values
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.ground.arrow import pa, pc
from pipeline.ground.errors import ContractBroken, masked
from pipeline.inbound import encoding, kinds
from pipeline.inbound.headings import Lines, header
from pipeline.inbound.parts import Broken, Part, Refused
from pipeline.inbound.reading import Tally, readable


def explain(trouble: Broken | Refused, parts: list[Part], contract: Contract) -> ContractBroken:
    """The reason why the feed's parts do not keep the contract, as the error that is shown to a person."""
    reason = trouble if isinstance(trouble, Refused) else next(_reasons(trouble, parts, contract), None)
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
        "or change the contract (the catalogue's schemas/ and feeds.py) if the new form is right",
    )


def _reasons(trouble: Broken, parts: list[Part], contract: Contract) -> Iterator[Refused]:
    looks: list[Callable[[], None]] = [partial(_examine, part, contract) for part in parts]
    if trouble.twice:  # the fast reading has come to the end: all else is well
        looks = [partial(_twice, trouble.twice, parts, contract)]
    for look in looks:
        try:
            look()
        except Refused as reason:
            yield reason


def _examine(part: Part, contract: Contract) -> None:
    codec = _codec(part)
    _other_delimiter(part, contract, codec)
    _quotation_marks(part, contract, codec)
    names = header(part, contract, codec)
    tally = Tally(contract)
    rows, line = 0, 1
    for batch in _batches(_rows(part, contract, codec)):
        rows += len(batch)
        line = batch[-1][0]
        # What stands above a row that is too short or too long is told first.
        whole = next((place for place, (_, row) in enumerate(batch) if len(row) != len(names)), len(batch))
        _values(part, contract, tally, names, batch[:whole])
        if whole < len(batch):
            where, row = batch[whole]
            raise Refused(part, f"{len(row)} fields", f"{len(names)} fields, as the header has", where)
    if contract.last_line == "ended" and not encoding.line_ended(part.path):
        found, expected = "no line end after the last line", "one; a file without it was probably cut"
        raise Refused(part, found, expected, line)
    tally.judge(part)
    if rows < contract.floor:
        raise Refused(part, f"{rows} rows", f"at least {contract.floor} rows (the floor of this feed)")


# -------------------------------------------------------------------------------------------------------- characters


def _codec(part: Part) -> str:
    """The codec that reads the whole file, as pipeline/inbound/encoding.py finds it; here a failure has a line."""
    with part.path.open("rb") as file:
        *others, last = encoding.candidates(file.read(4))
    odd = encoding.undecodable(part.path, others[0]) if others else None
    codec = others[0] if others and odd is None else last
    if odd is not None:
        _refuse_codec(part, *odd)
    if (bad := encoding.undecodable(part.path, codec)) is not None:
        place, byte = bad
        named = "UTF-8" if codec == "utf-8-sig" else f"neither UTF-8 nor {codec}"
        raise Refused(
            part,
            f"byte 0x{byte:02x}, which is {named if 'nor' in named else 'not ' + named}",
            ENCODINGS,
            _line(part, codec, place),
        )
    _refuse_nul(part, codec)
    return codec


ENCODINGS = "text in UTF-8, UTF-16 with a byte order mark, or cp1252"


def _refuse_codec(part: Part, place: int, byte: int) -> None:
    """Refuse what is no UTF-8 and does not look like cp1252; `byte` at `place` is the first that is not UTF-8."""
    beyond = encoding.beyond_ascii(part.path)
    line = _line(part, "utf-8", place)
    if beyond.is_utf8:
        found = f"byte 0x{byte:02x}, which is not UTF-8, in a file that is UTF-8 in {beyond.sound} other places"
        raise Refused(part, found, "UTF-8 in the whole file", line)
    if not beyond.is_cp1252 and encoding.undecodable(part.path, "cp1252") is None:
        found = f"byte 0x{byte:02x}, which is not UTF-8, and {beyond.odd} of {beyond.characters} bytes beyond ASCII "
        raise Refused(part, f"{found}that make no sense in cp1252", ENCODINGS, line)


def _line(part: Part, codec: str, place: int) -> int:
    """The line on which the byte at that place stands."""
    return 1 + sum(text.count("\n") for text in encoding.texts(part.path, codec, until=place))


def _refuse_nul(part: Part, codec: str) -> None:
    line = 1
    for text in encoding.texts(part.path, codec):
        if "\0" in text:
            raise Refused(part, "a NUL", ENCODINGS, line + text[: text.index("\0")].count("\n"))
        line += text.count("\n")


# -------------------------------------------------------------------------------------------------- quotation marks


def _other_delimiter(part: Part, contract: Contract, codec: str) -> None:
    """Refuse a file of another delimiter before its quotation marks are looked at: all of them would be odd."""
    with part.path.open(encoding=codec, newline="") as file:
        first = file.readline(encoding.BLOCK)
    if kinds.delimiter(first, contract.delimiter, [column.name for column in contract.expected]):
        header(part, contract, codec)


def _quotation_marks(part: Part, contract: Contract, codec: str) -> None:
    """Refuse what encoding.QUOTED does not match; the line is that of the value's opening mark."""
    marks = _Marks(part, contract.delimiter + "\n")
    for text in chain(encoding.texts(part.path, codec), "\n"):
        for piece in re.finditer('"+|[^"]+', text):
            marks.read(piece[0])
    if marks.opened:
        found, expected = "a quotation mark that is never closed", "a value that begins and ends with one"
        raise Refused(part, found, expected, marks.opened)


class _Marks:
    """Where in the text the reading is: on which line, behind which letter, in how many quotation marks in a row."""

    def __init__(self, part: Part, edges: str) -> None:
        self._part, self._edges = part, edges
        self._line, self._before, self._run = 1, "\n", 0
        self.opened = 0  # on which line the value began that is not closed yet

    def read(self, piece: str) -> None:
        """Quotation marks, or text without any. Raises Refused."""
        if piece[0] == '"':
            self._run += len(piece)
            return
        if self._run:
            self._judge(piece[0])
        self._run, self._before = 0, piece[-1]
        self._line += piece.count("\n")

    def _judge(self, after: str) -> None:
        if not self.opened and self._before not in self._edges:
            found = "a quotation mark inside a value"
            raise Refused(self._part, found, 'quotation marks in values doubled ("")', self._line)
        closed = (self._run % 2 == 1) == bool(self.opened)
        opened = self.opened or self._line
        if closed and after not in self._edges:
            found, expected = "quotation marks that do not match", 'a value within two, with others doubled ("")'
            raise Refused(self._part, found, expected, opened)
        self.opened = 0 if closed else opened


# -------------------------------------------------------------------------------------------------------------- rows


def _rows(part: Part, contract: Contract, codec: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins; blank lines are passed over."""
    csv.field_size_limit(sys.maxsize)  # a row has a limit of its own, and a file may be refused for another reason
    with part.path.open(encoding=codec, newline="") as file:
        lines = Lines(part, file)
        reader = csv.reader(lines, delimiter=contract.delimiter, strict=True)
        try:
            for number, row in enumerate(reader):
                if number and row:
                    yield lines.begins, row
                lines.next_row()
        except csv.Error as error:
            raise Refused(part, f"broken CSV ({error})", "plain CSV", lines.begins) from None


Batch = list[tuple[int, list[str]]]


def _batches(rows: Iterable[tuple[int, list[str]]]) -> Iterator[Batch]:
    """Rows in batches of about a block's size. What is refused comes after the rows that stand before it."""
    batch: Batch = []
    left = encoding.BLOCK
    try:
        for line, row in rows:
            batch.append((line, row))
            left -= 60 + sum(map(len, row))
            if left < 0:
                yield batch
                batch, left = [], encoding.BLOCK
    except Refused:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _values(part: Part, contract: Contract, tally: Tally, names: list[str], batch: Batch) -> None:
    """Refuse the first value of the batch that is none, and count what only breaks its form."""
    lines = [line for line, _ in batch]
    found: list[tuple[int, int, Refused]] = []
    for place, column in enumerate(contract.expected if batch else ()):
        at = names.index(column.name)
        texts = contract.cleaned(column, pa.array([row[at] for _, row in batch], pa.string()))
        first = _first_wrong(texts, column, contract)
        if first is not None:
            what, expected = _why(texts[first].as_py(), column, contract)
            found.append((first, place, Refused(part, what, expected, lines[first], column.name)))
        tally.add(column, texts, lines)
    if found:
        raise min(found, key=lambda each: each[:2])[2]


def _first_wrong(texts: pa.Array, column: Column, contract: Contract) -> int | None:
    mask = values.faulty(texts, column, contract.strictness(column))
    first = pc.index(mask, value=True).as_py() if mask is not None else None
    if column.type == "STRING" or readable(texts, column.type):
        return first
    wrong = next(place for place in range(len(texts)) if not readable(texts.slice(place, 1), column.type))
    return wrong if first is None else min(first, wrong)


def _why(value: str, column: Column, contract: Contract) -> tuple[str, str]:
    how = contract.strictness(column)
    if values.faulty(pa.array([value]), column, how) is not None:
        return values.reason(value, column, how)
    return f"the form {masked(value)}", _FORMS[column.type]


_FORMS = {
    "INTEGER": "a whole number",
    "FLOAT": "a number, as 0.5 or -12",
    "NUMERIC": "a number with at most 9 decimals, as 0.5 or -12",
    "DATE": "a date as yyyy-mm-dd",
    "TIMESTAMP": "a time as yyyy-mm-dd hh:mm:ss",
    "BOOLEAN": "true, false, 1 or 0",
}


def _twice(rows: tuple[int, int], parts: list[Part], contract: Contract) -> None:
    """Refuse the key that stands in both rows, whose numbers are counted over all parts, from 0."""
    read = ((part, line) for part in parts for line, _ in _rows(part, contract, _codec(part)))
    (before, line), (part, again) = islice((place for number, place in enumerate(read) if number in rows), len(rows))
    found = f"the key of line {line} ({before.name}) again"
    raise Refused(part, found, "every key once", again, " + ".join(contract.key))
