"""The cases of the views, rows in and rows out: `cases/<dataset>/<view>/<case>/` of the catalogue.

A case holds `<dataset>.<table>.csv` for each input table, with the columns that matter (the others are empty; a table
without a file has no rows), and `expect.csv` with the view's exact header. The order of rows does not matter, that of
columns does. What goes out is text; a view that only other views read may have dates and numbers, which a case writes
as Python does (2026-10-15, 3, None for NULL).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from pipeline import catalogue

EXPECTED = "expect.csv"
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


def read(file: Path) -> tuple[list[str], Rows]:
    """Header and rows; a field beyond the header stands under '', and one that is missing is None."""
    with file.open(newline="", encoding="utf-8") as text:
        reader = csv.DictReader(text, strict=True, restkey="")
        rows = list(reader)
    return list(reader.fieldnames or []), rows
