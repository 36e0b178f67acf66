"""What may come in: the contract of an inbound file, made of its feed's row and its table's schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pipeline.catalogue import dialect, schemas, values
from pipeline.catalogue.schemas import Column
from pipeline.ground import manifests
from pipeline.ground.arrow import pa

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


def contract_of(dataset: str, table: str, **terms: object) -> Contract:
    """The contract whose columns are those of `schemas/<dataset>/<table>.json`."""
    return Contract(columns=schemas.columns(dataset, table), **terms)  # type: ignore[arg-type]
