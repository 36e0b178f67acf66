"""What may come in: the contract of an inbound file, and the one normalised CSV that a kept contract makes.

The fast way reads a file once as bytes (encoding, quotation marks) and once as Arrow batches of strings. It only
answers whether all is well; when it is not, `pipeline.verdict` reads the file again, slowly, and names the line
and the column. Neither ever repeats a value of the file: only its shape (errors.masked).

Normalised means: UTF-8, comma, LF, minimal quotation marks, the contract's column names as header, in the
contract's order; the parts of a feed (one file a server) below each other, tagged with the part's name.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipeline import dialect, encoding, manifests, schemas
from pipeline.errors import masked
from pipeline.schemas import Column


def column_name(header: str) -> str:
    """A legal BigQuery column name for a vendor's header; the one rule, and the only one.

    A table prefix goes (`CC.ID` is `id`), `%` is `pct`, `#` is `number`, all else becomes lower case, and every
    run of other characters than a-z and 0-9 one `_`: `% Score` is `pct_score`, `Student ID` is `student_id`.
    """
    bare = re.sub(r"^\s*(?:\[\d+\])?\w+\.(?=\S)", "", header)
    words = bare.replace("%", " pct ").replace("#", " number ").lower()
    name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


@dataclass(frozen=True)
class Contract:
    """What a feed's file must be.

    `columns` are those of the table, in order; `key` names those whose values together occur once; `floor` is the
    number of rows below which a part is not believed; `tag` names the column that holds the part's name (it is
    not in the files); `ignored` are columns of the file that are dropped by name. A file whose last line has no line
    end was probably cut, and is refused unless `last_line` is "open".
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    floor: int = 1
    delimiter: str = ","
    tag: str = ""
    ignored: tuple[str, ...] = ()
    last_line: Literal["ended", "open"] = "ended"

    @property
    def expected(self) -> tuple[Column, ...]:
        """The columns that must stand in the file."""
        return tuple(column for column in self.columns if column.name != self.tag)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when a file has to be read anew because the contract is another one."""
        return manifests.fingerprint(
            [(column.name, column.type, column.mode) for column in self.columns],
            self.key, self.floor, self.delimiter, self.tag, self.ignored, self.last_line,
        )  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One file of a feed as it landed: which part it is, and where our copy lies."""

    name: str
    path: Path


@dataclass
class Prepared:
    """What one normalised CSV holds: rows, bytes, its digest, and the encoding found in each part."""

    rows: int = 0
    size: int = 0
    sha256: str = ""
    encodings: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A part does not keep the contract: one reason, with its place in the file."""

    def __init__(self, part: Part, found: str, expected: str, line: int | None = None, column: str = "") -> None:
        self.part, self.found, self.expected, self.line, self.column = part, found, expected, line, column
        super().__init__(found)


class Broken(Exception):
    """The fast reading found that a part does not keep the contract; `part` says which."""

    def __init__(self, part: Part) -> None:
        self.part = part
        super().__init__(part.name)


def prepare(parts: list[Part], contract: Contract, out: Path) -> Prepared:
    """Check `parts` against `contract` and write them as one normalised CSV to `out`.

    Raises ContractBroken, which names file, line, column, what was found and what was expected; `out` is then
    as it was before.
    """
    try:
        return _prepare(parts, contract, out)
    except (Broken, Refused) as trouble:
        from pipeline import verdict  # only a refused file is read the slow way

        raise verdict.explain(trouble, parts, contract) from None


def _prepare(parts: list[Part], contract: Contract, out: Path) -> Prepared:
    done = Prepared()
    keys: list[pa.RecordBatch] = []
    with manifests.written(out) as draft, draft.open("wb") as file:
        tee = _Tee(file)
        done.size = dialect.write_header([column.name for column in contract.columns], tee)
        for part in parts:
            done.encodings[part.name] = _encoding(part, contract)
            rows = 0
            for batch in _batches(part, contract, done.encodings[part.name]):
                done.size += dialect.write(batch, tee)
                rows += batch.num_rows
                keys.append(batch.select(list(contract.key)))
            if rows < contract.floor or (contract.last_line == "ended" and not encoding.line_ended(part.path)):
                raise Broken(part)
            done.rows += rows
        if contract.key and _duplicates(keys):
            raise Broken(parts[-1])
    done.sha256 = tee.digest.hexdigest()
    return done


class _Tee:
    """A file that is digested while it is written, so that it need not be read again."""

    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def write(self, text: bytes | pa.Buffer, /) -> int:
        self.digest.update(text)
        return self._file.write(text)


def _encoding(part: Part, contract: Contract) -> str:
    codec = encoding.of(part.path, contract.delimiter)
    if codec is None:
        raise Broken(part)
    return codec


def _batches(part: Part, contract: Contract, codec: str) -> Iterator[pa.RecordBatch]:
    """The part's rows as batches of string columns, in the contract's order. Raises Broken."""
    try:
        yield from _read(part, contract, codec)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeError):
        raise Broken(part) from None


def _read(part: Part, contract: Contract, codec: str) -> Iterator[pa.RecordBatch]:
    names = header(part, contract, codec)
    if not _has_rows(part, codec):
        return
    wanted = [column.name for column in contract.expected]
    reader = pyarrow.csv.open_csv(
        dialect.Blocks(part.path, codec),
        pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, block_size=encoding.BLOCK),
        pyarrow.csv.ParseOptions(delimiter=contract.delimiter, newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=wanted, strings_can_be_null=False
        ),
    )
    for batch in reader:
        if batch.num_rows:
            _check_values(part, batch, contract)
            yield _tagged(batch, part, contract)


def _has_rows(part: Part, codec: str) -> bool:
    """Whether anything stands below the header; Arrow's reader would call such a file empty and refuse it."""
    with part.path.open(encoding=codec) as file:
        next(file)
        return any(line != "\n" for line in file)


def _tagged(batch: pa.RecordBatch, part: Part, contract: Contract) -> pa.RecordBatch:
    columns = [
        pa.repeat(part.name, batch.num_rows) if column.name == contract.tag else batch.column(column.name)
        for column in contract.columns
    ]
    return pa.RecordBatch.from_arrays(columns, [column.name for column in contract.columns])


def header(part: Part, contract: Contract, codec: str) -> list[str]:
    """The file's header as column names. Raises Refused when it is not what the contract says."""
    with part.path.open(encoding=codec, newline="") as file:
        try:
            found = next(csv.reader(file, delimiter=contract.delimiter), [])
        except (csv.Error, UnicodeError) as error:
            raise Refused(part, f"a header that cannot be read ({error})", "the header line", 1) from None
    if not found:
        what = "an empty first line" if part.path.stat().st_size else "an empty file"
        raise Refused(part, what, "a header line and rows", 1)
    if any("\n" in title or "\r" in title for title in found):
        raise Refused(part, "a line end inside the header", "a header of one line", 1)
    names = [column_name(title) for title in found]
    expected = {column.name for column in contract.expected}
    if not expected & set(names):
        raise Refused(part, "a first line with none of the feed's columns", _list(contract), 1)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise Refused(part, f"the column {_shown(twice[0])} twice", "every column once", 1, _shown(twice[0]))
    if wrong := [name for name in names if name not in expected | set(contract.ignored)]:
        missing = sorted(expected - set(names))
        hint = f" (missing: {', '.join(missing)}: renamed?)" if missing else ""
        raise Refused(part, f"the unknown column {_shown(wrong[0])}", f"{_list(contract)}{hint}", 1, _shown(wrong[0]))
    if missing := [column.name for column in contract.expected if column.name not in names]:
        raise Refused(part, f"no column {missing[0]}", _list(contract), 1, missing[0])
    return names


def _shown(name: str) -> str:
    """A header's name; a file without a header has data there, so a name that is no word is masked."""
    return name if re.fullmatch(r"[a-z_]{1,40}", name) else masked(name)


def _list(contract: Contract) -> str:
    return "the columns " + ", ".join(column.name for column in contract.expected)


ARROW_TYPES = {
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "NUMERIC": pa.decimal128(38, 9),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
}


def _check_values(part: Part, batch: pa.RecordBatch, contract: Contract) -> None:
    for column in contract.expected:
        values = batch.column(column.name)
        if column.mode == "REQUIRED" and pc.any(pc.equal(values, "")).as_py():
            raise Broken(part)
        if column.type != "STRING":
            typed(values, column.type)


def typed(values: pa.Array, kind: str) -> pa.Array:
    """String values as BigQuery's type `kind`, empty as null. Raises pa.ArrowInvalid when one cannot be read."""
    return pc.cast(pc.if_else(pc.equal(values, ""), None, values), ARROW_TYPES[kind])


def _duplicates(keys: list[pa.RecordBatch]) -> bool:
    """Whether any row's key occurs twice."""
    if not keys:
        return False
    first, *others = pa.Table.from_batches(keys).columns
    # No value holds a NUL: the scan has refused it. (Table.group_by takes thrice the time and twice the memory.)
    rows = pc.binary_join_element_wise(first, *others, "\0") if others else first
    return bool(pc.count_distinct(rows).as_py() < len(rows))


def contract_of(dataset: str, table: str, **terms: object) -> Contract:
    """The contract whose columns are those of `schemas/<dataset>/<table>.json`."""
    return Contract(columns=schemas.columns(dataset, table), **terms)  # type: ignore[arg-type]
