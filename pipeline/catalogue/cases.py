"""The cases of the views, rows in and rows out: `cases/<dataset>/<view>/<case>/` of the catalogue.

A case holds `<dataset>.<table>.csv` for each input table, with the columns that matter (the others are empty; a table
without a file has no rows), and `expect.csv` with the view's exact header. The order of rows does not matter, that of
columns does. What goes out is text; a view that only other views read may have dates and numbers, which a case writes
as Python does (2026-10-15, 3, None for NULL).

Every case counts twice: an empty input cell is NULL, and then '' (BigQuery loads an empty CSV field as the one, a
quoted empty one as the other); keys and numbers are never ''. Both must give what is expected.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue import schemas

EXPECTED = "expect.csv"
BLANKS = {"NULL": None, "''": ""}
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Case:
    """One folder."""

    folder: Path

    @property
    def name(self) -> str:
        """`<dataset>/<view>/<case>`."""
        return "/".join(self.folder.parts[-3:])

    @property
    def view(self) -> str:
        """`<dataset>.<view>`."""
        return ".".join(self.folder.parts[-3:-1])

    def tables(self) -> dict[str, Path]:
        """The file of each input table, by `dataset.table`."""
        return {file.stem: file for file in sorted(self.folder.glob("*.*.csv"))}

    def inputs(self) -> dict[str, Rows]:
        """The rows of each input table, by `dataset.table`."""
        return {table: read(file)[1] for table, file in self.tables().items()}

    def expected(self) -> tuple[list[str], Rows]:
        """Header and rows of what the view is to give."""
        return read(self.folder / EXPECTED)


def all_of_them() -> list[Case]:
    """The cases of the catalogue in force, by their names."""
    return [Case(file.parent) for file in sorted((catalogue.folder() / "cases").glob(f"*/*/*/{EXPECTED}"))]


def filled(table: str, row: dict[str, str], blank: str | None) -> dict[str, str | None]:
    """The row of `dataset.table` with `blank` in the place of nothing, also in columns that the case does not name."""
    columns = schemas.columns(*schemas.of_table(table))
    blanks: dict[str, str | None] = dict.fromkeys(
        (c.name for c in columns if (c.type, c.mode) == ("STRING", "NULLABLE")), blank
    )
    return blanks | {name: value for name, value in row.items() if value}


def read(file: Path) -> tuple[list[str], Rows]:
    """Header and rows; a field beyond the header stands under '', and one that is missing is None."""
    with file.open(newline="", encoding="utf-8") as text:
        reader = csv.DictReader(text, strict=True, restkey="")
        rows = list(reader)
    return list(reader.fieldnames or []), rows
