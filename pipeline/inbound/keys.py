"""Whether any key of a feed stands twice, in as little memory for fifty million rows as for two.

Each key has a number of 64 bits, and equal keys have equal ones: where no number comes twice, no key does. Two keys may
have one number by chance (in one of ten thousand files of fifty million rows), so who asks compares the keys, and asks
again with other numbers where they differ.

A row takes eight bytes. Above `HELD` rows the numbers go to a file without a name, which ends with the process, however
that ends. They lie there in shares, by their first bits, and each share is looked at alone.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Self

from pipeline.ground.arrow import pa, pc

# Rows whose numbers are held in memory: 16 MB.
HELD = 2_000_000
# Rows of which one hash table stays in a processor's cache: more of them are divided.
_TABLE = 1 << 16
# Numbers are divided by so many bits at a time, twice when they go to the file.
_BITS = 4
# Bytes of keys that are made as long as the longest of them at a time.
_PADDED = 8 << 20


class Keys:
    """The keys that came, in their order. Above the bound they go to a file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shares: _Shares | None = None
        self.begin(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shares:
            self._shares.close()

    def begin(self, seed: int) -> None:
        """Forget all keys; those that come have the numbers of that seed."""
        self.__exit__()
        self._seed, self._rows, self._spilled = seed, 0, 0
        self._held: list[pa.Array] = []
        self._shares = None

    def add(self, columns: list[pa.Array]) -> None:
        """The next rows: the columns of their key, which are strings without NUL and without null."""
        keys = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\0")
        self._held += numbers(keys, self._seed)
        self._rows += len(keys)
        if self._rows - self._spilled > HELD:
            self._spill()

    def twice(self) -> tuple[int, int] | None:
        """The first row whose number stood before: that row before, and it, counted from 0; None when there is none."""
        if self._shares is None:
            pairs = _twice(self._taken())
        else:
            self._spill()
            pairs = (pair for share in self._shares.each() for pair in _twice(*share))
        return min(pairs, key=lambda pair: pair[1], default=None)

    def _taken(self) -> pa.Array:
        """What is held, in one; it is held no more."""
        taken = pa.concat_arrays([pa.array([], pa.uint64()), *self._held])
        self._held, self._spilled = [], self._rows
        return taken

    def _spill(self) -> None:
        self._shares = self._shares or _Shares(self._folder)
        first = self._spilled
        self._shares.add(self._taken(), pa.arange(first, self._rows))


class _Shares:
    """Numbers and their rows in a file, divided by the first bits of the numbers."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (it ends with this object)
        self._pieces: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        self._end = 0
        self.close = self._file.close

    def add(self, numbers: pa.Array, rows: pa.Array) -> None:
        for first, mask in _divided(numbers, 0):
            some, of = numbers.filter(mask), rows.filter(mask)
            for second, each in _divided(some, _BITS):
                self._write((first, second), some.filter(each), of.filter(each))

    def _write(self, share: tuple[int, int], *columns: pa.Array) -> None:
        self._pieces[share].append((self._end, len(columns[0])))
        for column in columns:
            self._end += self._file.write(column.buffers()[1][: 8 * len(column)])

    def each(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        """The numbers and rows of each share, in the order in which they came."""
        self._file.flush()
        for pieces in self._pieces.values():
            numbers = [self._read(place, many, pa.uint64()) for place, many in pieces]
            rows = [self._read(place + 8 * many, many, pa.int64()) for place, many in pieces]
            yield pa.concat_arrays(numbers), pa.concat_arrays(rows)

    def _read(self, place: int, many: int, kind: pa.DataType) -> pa.Array:
        text = os.pread(self._file.fileno(), 8 * many, place)
        return pa.Array.from_buffers(kind, many, [None, pa.py_buffer(text)])


def _divided(numbers: pa.Array, behind: int) -> Iterator[tuple[int, pa.Array]]:
    """Which of the numbers have each value of the bits that stand behind so many of the first."""
    bits = pc.shift_right(pc.shift_left(numbers, _scalar(behind)), _scalar(64 - _BITS)).cast(pa.uint8())
    for value in range(1 << _BITS):
        yield value, pc.equal(bits, pa.scalar(value, pa.uint8()))


def _twice(numbers: pa.Array, rows: pa.Array | None = None) -> Iterator[tuple[int, int]]:
    """Of each division, the rows of the first number that stood before, as of `rows` (else they are counted)."""
    divided = _divided(numbers, 2 * _BITS) if len(numbers) > _TABLE else iter([(0, None)])
    for _, mask in divided:
        some = numbers if mask is None else numbers.filter(mask)
        if pc.count_distinct(some).as_py() == len(some):
            continue
        # Codes count the different numbers as they come: up to the first that stood before, each is its row's own.
        codes = some.dictionary_encode().indices
        again = pc.index(pc.equal(codes, pa.arange(0, len(codes)).cast(codes.type)), value=False).as_py()
        rows = pa.arange(0, len(numbers)) if rows is None else rows
        of = rows if mask is None else rows.filter(mask)
        yield of[codes[again].as_py()].as_py(), of[again].as_py()


# ----------------------------------------------------------------------------------------------- a number for each key


def numbers(keys: pa.Array, seed: int) -> Iterator[pa.Array]:
    """A number of 64 bits for each of the strings, which hold no NUL."""
    longest = (pc.max(pc.binary_length(keys)).as_py() or 0) // 8 + 1  # in words of eight bytes
    step = max(1, _PADDED // (8 * longest))
    for first in range(0, len(keys), step):
        yield _numbers(keys.slice(first, step), longest, seed)


def _numbers(keys: pa.Array, longest: int, seed: int) -> pa.Array:
    """The sum of what is made of each eight bytes. NULs at the end make 0, so that keys of any length can be summed."""
    padded = pc.ascii_rpad(keys, 8 * longest, padding="\0")
    words = pa.Array.from_buffers(pa.uint64(), longest * len(keys), [None, padded.buffers()[2]])
    rows = pa.FixedSizeListArray.from_arrays(words, longest)
    found = _mixed(pc.list_element(rows, 0), seed, 0)
    for place in range(1, longest):
        found = pc.add(found, _mixed(pc.list_element(rows, place), seed, place))
    return found


def _mixed(words: pa.Array, seed: int, place: int) -> pa.Array:
    """Each bit of what is made depends on every bit of the word. Nothing is lost: different words stay different."""
    for turn, shift in enumerate((32, 29)):
        words = pc.multiply(words, _odd(seed, place, turn))
        words = pc.bit_wise_xor(words, pc.shift_right(words, _scalar(shift)))
    return pc.multiply(words, _odd(seed, place, 2))


@cache
def _odd(*of: int) -> pa.Scalar:
    """A number without a pattern, and odd: multiplication by it (of 64 bits) loses nothing."""
    return _scalar(int.from_bytes(hashlib.sha256(repr(of).encode()).digest()[:8]) | 1)


@cache
def _scalar(number: int) -> pa.Scalar:
    return pa.scalar(number, pa.uint64())
