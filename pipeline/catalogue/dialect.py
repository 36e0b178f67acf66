"""Delimited text: tables of strings as the bytes that the warehouse loads and the vendors read, and files for Arrow.

Arrow's own writer quotes every string; BigQuery then reads an empty quoted field as '' where an empty one is
NULL, and vendors differ in what they want. So the rendering is ours, a column at a time in Arrow's kernels.
"""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Literal, Protocol

from pipeline.ground.arrow import pa, pc
from pipeline.ground.errors import ConfigurationError, masked


@dataclass(frozen=True)
class Dialect:
    """How a delimited text file is written: UTF-8, LF, a quotation mark inside a value doubled.

    With quoting "none" a quotation mark is a character like others, and a value that holds the delimiter, a line end
    or one of the `reserved` characters, which the reader takes for its own, cannot be written.
    """

    delimiter: str = ","
    quoting: Literal["minimal", "all", "none"] = "minimal"
    header: bool = True
    reserved: str = ""


CSV = Dialect()


class Writable(Protocol):
    """Whatever bytes can be written to."""

    def write(self, text: bytes, /) -> object: ...


def write(rows: pa.RecordBatch | pa.Table, file: Writable, dialect: Dialect = CSV) -> int:
    """Append `rows` (string columns; null is empty) to `file`; returns the bytes written.

    Raises ConfigurationError, when a value cannot be written in the dialect; none of its batch is written then.
    """
    if isinstance(rows, pa.Table):
        return sum(write(batch, file, dialect) for batch in rows.to_batches(max_chunksize=65_536))
    if not rows.num_rows:
        return 0
    if dialect.quoting == "none":
        _refuse_marks(rows, dialect)
    columns = [_rendered(column, dialect, alone=rows.num_columns == 1) for column in rows.columns]
    lines = pc.binary_join_element_wise(*columns, dialect.delimiter)
    text = pc.binary_join(pa.LargeListArray.from_arrays([0, len(lines)], lines), "\n")[0].as_buffer()
    file.write(text)
    file.write(b"\n")
    return int(text.size) + 1


def write_header(names: list[str], file: Writable, dialect: Dialect = CSV) -> int:
    """Append the header line to `file`, when the dialect has one; returns the bytes written."""
    return write(pa.table([[name] for name in names], names), file, dialect) if dialect.header and names else 0


class Blocks(io.RawIOBase):
    """A file for Arrow's CSV readers: in UTF-8, and in blocks that do not end with a carriage return.

    Arrow (26.0) takes a CR at the end of one block and an LF at the beginning of the next for the end of a row, and
    drops the LF, also where both stand within quotation marks.
    """

    def __init__(self, path: Path, codec: str = "utf-8") -> None:
        self._file = path.open("rb")
        self._decoder = None if codec.startswith("utf-8") else codecs.getincrementaldecoder(codec)()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """About `size` bytes; none at the end of the file. Raises UnicodeDecodeError."""
        pieces = [b""]
        while (not pieces[-1] or pieces[-1].endswith(b"\r")) and (
            raw := self._file.read(size if len(pieces) == 1 else 1)
        ):
            if piece := self._decoder.decode(raw).encode() if self._decoder else raw:
                pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self._file.close()
        super().close()


def holds_line_ends(rows: pa.RecordBatch) -> bool:
    """Whether any value of the string columns holds a line end."""
    return any(mark in text for text in map(text_of, rows.columns) for mark in (b"\n", b"\r"))


def _rendered(column: pa.Array, dialect: Dialect, *, alone: bool) -> pa.Array:
    """The column with quotation marks where the dialect wants them."""
    column = pc.fill_null(column, "")
    if dialect.quoting != "minimal":
        return column if dialect.quoting == "none" else _quoted(column)
    wanted = _holding(column, '"', *_breaks(dialect))
    if alone:  # a row whose only value is empty would be a blank line, which readers skip
        wanted = either(wanted, pc.equal(column, ""))
    return column if wanted is None else pc.replace_with_mask(column, wanted, _quoted(column.filter(wanted)))


def _breaks(dialect: Dialect) -> tuple[str, ...]:
    """What ends a value that is not quoted, and what its reader takes for its own."""
    return ("\n", "\r", dialect.delimiter, *dialect.reserved)


def _refuse_marks(rows: pa.RecordBatch, dialect: Dialect) -> None:
    """Raise ConfigurationError, when a value would be read back as two."""
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        wanted = _holding(column, *_breaks(dialect))
        broken = [] if wanted is None else column.filter(wanted)
        if len(broken):
            value = broken[0].as_py()
            first = min(value.index(mark) for mark in _breaks(dialect) if mark in value)
            raise ConfigurationError(
                f"column {name} holds {_told(dialect)} (values: {len(broken):,}; the first has the form "
                f"{masked(value[max(0, first - 12) :])})",
                expected="none in a file that quotes nothing: its reader would take one value for two",
                next_step="let the view take them out, or give another dialect in the catalogue's deliveries.py",
            )


def _told(dialect: Dialect) -> str:
    marks = " or ".join(dialect.reserved)
    return f"the delimiter, a line end or {marks}" if marks else "the delimiter or a line end"


def _holding(column: pa.Array, *marks: str) -> pa.Array | None:
    """Which values hold one of the marks; None when none does."""
    text = text_of(column)  # one search over the column's bytes, which most columns end with
    return either(*(pc.match_substring(column, mark) for mark in marks if mark.encode() in text))


def either(*masks: pa.Array | None) -> pa.Array | None:
    """What any of the masks holds; None when there is none."""
    return reduce(pc.or_, [mask for mask in masks if mask is not None] or [None])


def _quoted(column: pa.Array) -> pa.Array:
    if b'"' in text_of(column):
        column = pc.replace_substring(column, '"', '""')
    return pc.binary_join_element_wise('"', column, '"', "")


def text_of(column: pa.Array) -> bytes:
    """The bytes of all values of a string column, one after the other: of this slice, not of what it was cut from."""
    _, offsets, values = column.buffers()
    if values is None or not len(column):
        return b""
    ends = memoryview(offsets).cast("q" if pa.types.is_large_string(column.type) else "i")
    first, last = ends[column.offset], ends[column.offset + len(column)]
    return bytes(values.slice(first, last - first).to_pybytes())
