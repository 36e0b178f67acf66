"""Rows in a stated order, in as little memory for a hundred million of them as for one million.

Above `HELD` bytes, sorted runs of the rows go to a file without a name, which ends with the process, however that ends.
Some rows of each run, evenly spaced, tell then where the order may be cut into ranges of about that size. A range is
what lies between two cuts in every run; it is sorted once more by itself.
"""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pipeline.ground.arrow import pa

# Bytes of rows, as Arrow has them, that are sorted at a time.
HELD = 32 << 20
# Bytes that are read of each run at a time: of a hundred runs together, less than half of HELD.
_PIECE = 1 << 17
# Rows of each run that are looked at for the cuts.
_LOOKED_AT = 200
Row = tuple[str, ...]


def in_order(batches: Iterable[pa.RecordBatch], by: Sequence[str], folder: Path) -> Iterator[pa.Table]:
    """The rows of the batches, which are strings without null, in the order of the columns `by`: all of them, the first
    counts most. The file lies in `folder`."""
    held: list[pa.RecordBatch] = []
    size = 0
    with tempfile.TemporaryFile(dir=folder) as file:
        runs: list[_Run] = []
        for batch in batches:
            held.append(batch)
            size += batch.nbytes
            if size > HELD:
                runs.append(_Run(file.fileno(), _sorted(held, by), by))
                held, size = [], 0
        if not runs:
            yield _sorted(held, by)
            return
        if held:
            runs.append(_Run(file.fileno(), _sorted(held, by), by))
            held = []
        for cut in (*_cuts(runs), None):
            yield _sorted([piece for run in runs for piece in run.until(cut)], by)


def _sorted(batches: list[pa.RecordBatch], by: Sequence[str]) -> pa.Table:
    if not batches:
        return pa.table({name: pa.array([], pa.string()) for name in by})
    return pa.Table.from_batches(batches).sort_by([(name, "ascending") for name in by])


class _Run:
    """Sorted rows in the file: what of them was not given yet."""

    def __init__(self, file: int, rows: pa.Table, by: Sequence[str]) -> None:
        self._file, self._by, self.size = file, by, rows.nbytes
        self._schema, self._places = rows.schema, list[tuple[int, int]]()
        self.looked_at = [_row(rows, by, number) for number in range(0, len(rows), len(rows) // _LOOKED_AT + 1)]
        many = max(1, len(rows) * _PIECE // max(1, rows.nbytes))
        for piece in rows.to_batches(max_chunksize=many):
            text = piece.serialize()
            place = os.lseek(file, 0, os.SEEK_END)
            _write(file, memoryview(text))
            self._places.append((place, text.size))
        self._left = self._read()
        self._piece = next(self._left, None)

    def _read(self) -> Iterator[pa.RecordBatch]:
        for place, size in self._places:
            yield pa.ipc.read_record_batch(pa.py_buffer(os.pread(self._file, size, place)), self._schema)

    def until(self, cut: Row | None) -> Iterator[pa.RecordBatch]:
        """The next rows up to the cut, and those that are like it; all that are left for None."""
        while (piece := self._piece) is not None:
            many = piece.num_rows
            if cut is not None:
                many = bisect_right(range(many), cut, key=partial(_row, piece, self._by))
            yield piece.slice(0, many)
            if many < piece.num_rows:
                self._piece = piece.slice(many)
                return
            self._piece = next(self._left, None)


def _write(file: int, text: memoryview) -> None:
    while text:
        text = text[os.write(file, text) :]


def _row(rows: pa.Table | pa.RecordBatch, by: Sequence[str], number: int) -> Row:
    """A row as it is compared; Python's order of strings is that of their bytes in UTF-8, which is Arrow's."""
    return tuple(rows.column(name)[number].as_py() for name in by)


def _cuts(runs: list[_Run]) -> list[Row]:
    """The last rows of ranges that are about as large as what is sorted at a time."""
    looked_at = sorted(row for run in runs for row in run.looked_at)
    step = max(1, len(looked_at) * HELD // sum(run.size for run in runs))
    return looked_at[step::step]
