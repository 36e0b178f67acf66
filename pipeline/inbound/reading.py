"""The fast reading of a feed's parts: whether the contract is kept, and if so the one CSV, in Arrow's kernels."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import count
from pathlib import Path
from typing import BinaryIO

from pipeline.catalogue import dialect, forms, values
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.ground import manifests
from pipeline.ground.arrow import pa, pacsv, pc
from pipeline.ground.errors import masked
from pipeline.inbound import encoding, headings, kinds
from pipeline.inbound.keys import Keys
from pipeline.inbound.parts import Broken, Part, Prepared, Refused


def prepare(parts: list[Part], contract: Contract, out: Path, as_of: dt.date | None = None) -> Prepared:
    """Write the normalised CSV to `out`. Raises Broken or Refused; `out` is then as it was before."""
    done = Prepared()
    with manifests.written(out) as draft, draft.open("wb") as file, Keys(out.parent) as seen:
        tee = _Tee(file)
        done.size = dialect.write_header([column.name for column in contract.columns], tee)
        for part in parts:
            done.encodings[part.name] = _encoding(part, contract)
            rows, tally = 0, Tally(contract)
            for batch in _ahead(part, _whole(part, contract, done.encodings[part.name], tally, as_of)):
                done.size += dialect.write(batch, tee)
                done.line_ends = done.line_ends or dialect.holds_line_ends(batch)
                rows += batch.num_rows
                if contract.key:
                    seen.add(_key(batch, contract))
            if rows < contract.floor or (contract.last_line == "ended" and not encoding.line_ended(part.path)):
                raise Broken(part)
            if tally.over():
                raise Broken(part)
            done.told += tally.told(part)
            done.rows += rows
            done.part_rows[part.name] = rows
        if twice := _twice(seen, lambda: _keys(parts, contract, done.encodings, as_of)):
            raise Broken(parts[-1], twice)
    done.sha256 = tee.digest.hexdigest()
    return done


def _ahead(part: Part, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches of the part; while one is worked on, a thread reads and checks the next. Most files are one."""
    if part.path.stat().st_size <= encoding.BLOCK:
        yield from batches
        return
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


class _Tee:
    """A file that is digested while it is written, so that it need not be read again."""

    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def write(self, text: bytes | pa.Buffer, /) -> int:
        self.digest.update(text)
        return self._file.write(text)


class Tally:
    """How many values of a part's columns were trimmed, and how many break their form: some columns tolerate some."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._present: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._trimmed: Counter[str] = Counter()
        self._first: dict[str, tuple[int | None, str]] = {}

    def add(self, column: Column, texts: pa.Array, lines: Sequence[int] = ()) -> None:
        """Count the values of a column; the first that breaks its form is kept, with its line where that is known."""
        if column.form is None:
            return
        self._present[column.name] += pc.sum(pc.not_equal(texts, "")).as_py() or 0
        if (mask := forms.broken(texts, column.form)) is not None:
            self._broken[column.name] += pc.sum(mask).as_py()
            place = pc.index(mask, value=True).as_py()
            self._first.setdefault(column.name, (lines[place] if lines else None, masked(texts[place].as_py())))

    def cleaned(self, column: Column, before: pa.Array) -> pa.Array:
        """The column's values as they are looked at and written; those that changed are counted."""
        after = self._contract.cleaned(column, before)
        if after is not before:
            self._trimmed[column.name] += pc.sum(pc.not_equal(before, after)).as_py() or 0
        return after

    def over(self) -> list[Column]:
        """The columns of which more values break their form than they tolerate."""
        return [
            column
            for column in self._contract.expected
            if self._broken[column.name] > column.tolerated * self._present[column.name]
        ]

    def judge(self, part: Part) -> None:
        """Raises Refused for the first line on which a column breaks its form too often."""
        if not (over := self.over()):
            return
        column = min(over, key=lambda each: self._first[each.name][0] or 0)
        line, shape = self._first[column.name]
        broken, present = self._broken[column.name], self._present[column.name]
        more = f" ({broken:,} of {present:,} values are not as expected)" if broken > 1 else ""
        most = f", in all but {column.tolerated:.2%} of the values" if column.tolerated else ""
        words = column.form.words if column.form else ""
        raise Refused(part, f"the form {shape}{more}", f"{words}{most}", line, column.name)

    def told(self, part: Part) -> list[str]:
        """What was mended, and what was tolerated."""
        return [
            *(f"{part.name}: {count:,} values of {name} trimmed" for name, count in self._trimmed.items() if count),
            *(f"{part.name}: {count:,} values of {name} not of its form" for name, count in self._broken.items()),
        ]


def _encoding(part: Part, contract: Contract) -> str:
    if kind := kinds.of(part.path):
        raise Refused(part, kind, "text with columns (CSV)")
    codec = encoding.of(part.path, contract.delimiter)
    if codec is None:
        raise Broken(part)
    return codec


def _batches(part: Part, contract: Contract, codec: str, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The part's rows as batches of string columns, in the contract's order. Raises Broken."""
    try:
        yield from _read(part, contract, codec, tally)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeError):
        raise Broken(part) from None


def _read(part: Part, contract: Contract, codec: str, tally: Tally) -> Iterator[pa.RecordBatch]:
    names = headings.header(part, contract, codec)
    if not _has_rows(part, codec):
        return
    wanted = [column.name for column in contract.expected]
    reader = pacsv.open_csv(
        dialect.Blocks(part.path, codec),
        pacsv.ReadOptions(column_names=names, skip_rows=1, block_size=encoding.BLOCK),
        pacsv.ParseOptions(delimiter=contract.delimiter, newlines_in_values=True),
        pacsv.ConvertOptions(
            check_utf8=False,  # `encoding` has
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=wanted,
            strings_can_be_null=False,
        ),
    )
    for batch in reader:
        if batch.num_rows:
            yield _checked(part, batch, contract, tally)


def _has_rows(part: Part, codec: str) -> bool:
    """Whether anything stands below the header; Arrow's reader would call such a file empty and refuse it."""
    with part.path.open(encoding=codec) as file:
        file.readline(encoding.BLOCK)
        while line := file.readline(encoding.BLOCK):
            if line != "\n":
                return True
    return False


def _whole(part: Part, contract: Contract, codec: str, tally: Tally, as_of: dt.date | None) -> Iterator[pa.RecordBatch]:
    """The batches with the columns that are not in the file, each of one value. Raises Broken."""
    told = {contract.tag: part.name, contract.dated: str(as_of)}
    names = [column.name for column in contract.columns]
    for batch in _batches(part, contract, codec, tally):
        columns = [pa.repeat(told[name], batch.num_rows) if name in told else batch.column(name) for name in names]
        yield pa.RecordBatch.from_arrays(columns, names)


def _key(batch: pa.RecordBatch, contract: Contract) -> list[pa.Array]:
    """The columns of the key."""
    return [batch.column(name) for name in contract.key]


def _keys(
    parts: list[Part], contract: Contract, encodings: dict[str, str], as_of: dt.date | None
) -> Iterator[list[pa.Array]]:
    """The keys of all parts, read once more."""
    for part in parts:
        for batch in _whole(part, contract, encodings[part.name], Tally(contract), as_of):
            yield _key(batch, contract)


@cache
def _arrow_type(kind: str) -> pa.DataType:
    """Arrow's type for one of BigQuery's."""
    types = {
        "INTEGER": pa.int64(),
        "FLOAT": pa.float64(),
        "NUMERIC": pa.decimal128(38, 9),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "BOOLEAN": pa.bool_(),
    }
    return types[kind]


def _checked(part: Part, batch: pa.RecordBatch, contract: Contract, tally: Tally) -> pa.RecordBatch:
    """The batch, trimmed where the contract says so. Raises Broken."""
    for place, column in enumerate(contract.expected):
        before = batch.column(column.name)
        texts = tally.cleaned(column, before)
        if texts is not before:
            batch = batch.set_column(place, column.name, texts)
        if values.faulty(texts, column, contract.strictness(column)) is not None:
            raise Broken(part)
        tally.add(column, texts)
        if column.type != "STRING" and not readable(texts, column.type):
            raise Broken(part)
    return batch


# How a value of the type is written. Arrow and BigQuery's loader each read more than this, and not the same: 0x1F, 1e5,
# .5 and +1 are numbers to one of them, "nan" is one to both, and a time without seconds is one to Arrow alone.
_DAY = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_DECIMAL = r"-?[0-9]+(?:\.[0-9]+)?"
_WRITTEN = {
    "INTEGER": "-?[0-9]+",
    "FLOAT": _DECIMAL,
    "NUMERIC": _DECIMAL,
    "DATE": _DAY,
    "TIMESTAMP": rf"{_DAY}(?:[ T][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?",
    "BOOLEAN": "(?i:true|false)|[01]",
}


def readable(values: pa.Array, kind: str) -> bool:
    """Whether every one of the strings can be read as BigQuery's type `kind` (empty is null), and is written in no way
    that BigQuery's loader may read otherwise."""
    if kind == "INTEGER" and not dialect.text_of(values).translate(None, b"0123456789"):
        texts = values  # they are written as they should be, and mostly each is another
    else:
        texts = pc.unique(values)
        if not pc.all(pc.match_substring_regex(texts, rf"\A(?:{_WRITTEN[kind]})?\z"), min_count=0).as_py():
            return False
    try:
        pc.cast(pc.if_else(pc.equal(texts, ""), None, texts), _arrow_type(kind))
    except pa.ArrowInvalid:
        return False
    return True


def _twice(seen: Keys, read: Callable[[], Iterator[list[pa.Array]]]) -> tuple[int, int] | None:
    """The numbers of the first row whose key stood before, and of that row before; None when every key is another.

    Numbers of keys have found it. `read` gives the keys once more: two that are not the same are told of other numbers.
    """
    for seed in count(1):
        pair = seen.twice()
        if pair is None or _are_one(pair, read()):
            return pair
        seen.begin(seed)
        for key in read():
            seen.add(key)
    raise AssertionError  # there is always another seed


def _are_one(pair: tuple[int, int], keys: Iterator[list[pa.Array]]) -> bool:
    """Whether these two rows have the same key."""
    found: list[list[str]] = []
    passed = 0
    for key in keys:
        found += [[each[row - passed].as_py() for each in key] for row in pair if 0 <= row - passed < len(key[0])]
        if len(found) == len(pair):
            break
        passed += len(key[0])
    one, other = found
    return one == other
