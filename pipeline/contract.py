"""What may come in: the contract of an inbound file, and the one normalised CSV that a kept contract makes.

The fast way (`pipeline.reading`) reads a file once as bytes (encoding, quotation marks) and once as Arrow batches of
strings. It only answers whether all is well; when it is not, `pipeline.verdict` reads the file again, slowly, and names
the line and the column. Neither ever repeats a value of the file: only its shape (errors.masked).

Normalised means: UTF-8, comma, LF, minimal quotation marks, the contract's column names as header, in the
contract's order; the parts of a feed (one file a server) below each other, tagged with the part's name and, where the
contract says so, with the morning's date: a view cannot know it otherwise.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipeline import dialect, manifests, schemas, values
from pipeline.schemas import Column

column_name = schemas.column_name


@dataclass(frozen=True)
class Contract:
    """What a feed's file must be.

    `columns` are those of the table, in order; `key` names those whose values together occur once; `floor` is the
    number of rows below which a part is not believed; `tag` names the column that holds the part's name, and `dated`
    the one that holds the morning's date (neither is in the files); `ignored` are columns of the file that are dropped
    by name. A file whose last line has no line end was probably cut, and is refused unless `last_line` is "open". What
    cannot be seen in the values of `trimmed` is taken out and told; elsewhere it refuses the file. `reading` is the
    digest of what makes a plain CSV of the file.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    floor: int = 1
    delimiter: str = ","
    tag: str = ""
    dated: str = ""
    ignored: tuple[str, ...] = ()
    last_line: Literal["ended", "open"] = "ended"
    trimmed: tuple[str, ...] = ()
    reading: str = ""

    @property
    def expected(self) -> tuple[Column, ...]:
        """The columns that must stand in the file."""
        return tuple(column for column in self.columns if column.name not in (self.tag, self.dated))

    @cached_property
    def fingerprint(self) -> str:
        """Changes when a file has to be read anew because the contract is another one."""
        return manifests.fingerprint(
            [replace(column, description="") for column in self.columns],
            self.key, self.floor, self.delimiter, self.tag, self.dated, self.ignored, self.last_line, self.trimmed,
            self.reading, values.fingerprint(), dialect.CSV,
        )  # fmt: skip

    def strictness(self, column: Column) -> values.Strictness:
        """How strictly the values of that column are looked at."""
        return values.strictness(column, key=column.name in self.key)

    def cleaned(self, column: Column, texts: pa.Array) -> pa.Array:
        """The column's values as they are looked at and written."""
        return values.trimmed(texts) if column.name in self.trimmed else texts


@dataclass(frozen=True)
class Part:
    """One file of a feed as it landed: which part it is, and where our copy lies."""

    name: str
    path: Path


@dataclass
class Prepared:
    """What one normalised CSV holds: rows, bytes, its digest, the encoding found in each part, and what was let pass or
    mended in it, in words."""

    rows: int = 0
    size: int = 0
    sha256: str = ""
    encodings: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


class Refused(Exception):
    """A part does not keep the contract: one reason, with its place in the file."""

    def __init__(self, part: Part, found: str, expected: str, line: int | None = None, column: str = "") -> None:
        self.part, self.found, self.expected, self.line, self.column = part, found, expected, line, column
        super().__init__(found)


class Broken(Exception):
    """The fast reading found that a part does not keep the contract; `part` says which. `twice` are the numbers of two
    rows with one key, from 0 and over all parts, where that is why."""

    def __init__(self, part: Part, twice: tuple[int, int] | None = None) -> None:
        self.part, self.twice = part, twice
        super().__init__(part.name)


def prepare(parts: list[Part], contract: Contract, out: Path, as_of: dt.date | None = None) -> Prepared:
    """Check `parts` against `contract` and write them as one normalised CSV to `out`.

    `as_of` is the morning that the files belong to; a contract with `dated` wants it.

    Raises ContractBroken, which names file, line, column, what was found and what was expected; `out` is then
    as it was before.
    """
    from pipeline import reading, verdict  # which read what the terms above say

    if contract.dated and as_of is None:
        raise ValueError(f"no date for the column {contract.dated}")
    try:
        return reading.prepare(parts, contract, out, as_of)
    except (Broken, Refused) as trouble:
        raise verdict.explain(trouble, parts, contract) from None


def contract_of(dataset: str, table: str, **terms: object) -> Contract:
    """The contract whose columns are those of `schemas/<dataset>/<table>.json`."""
    return Contract(columns=schemas.columns(dataset, table), **terms)  # type: ignore[arg-type]
