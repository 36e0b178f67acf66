"""What is wrong with the views' cases: a misspelt file or column would reach no view, and test less than it says."""

import csv
from collections.abc import Generator, Iterator
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue import cases, sql
from pipeline.catalogue.cases import Case
from pipeline.catalogue.checking import views
from pipeline.catalogue.checking.found import Catalogue, error
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, did_you_mean


def wrong(found: Catalogue) -> Iterator[ConfigurationError]:
    """Every error of the cases."""
    yield from _strays()
    for case in cases.all_of_them():
        if case.view not in sql.names():
            told = did_you_mean(case.view, sql.names(), "rename the folder, or take it out")
            yield error(
                Where(case.folder / cases.EXPECTED), f"a case of {case.view}, which is no view", "a view of sql/", told
            )
            continue
        for table, file in case.tables().items():
            yield from _input(found, case, table, file)
        yield from _expected(case)


def _strays() -> Iterator[ConfigurationError]:
    """Folders and files that are no part of a case."""
    top = catalogue.folder() / "cases"
    for file in sorted(each for each in top.rglob("*") if each.is_file()):
        depth, is_csv = len(file.relative_to(top).parts), file.suffix == ".csv"
        if depth != 4 or not is_csv or (file.name != cases.EXPECTED and "." not in file.stem):
            expected = f"cases/<dataset>/<view>/<case>/<dataset>.<table>.csv, and {cases.EXPECTED} beside them"
            yield error(Where(file), f"{file.name} is no part of a case", expected, "rename it, or take it out")
        elif not (file.parent / cases.EXPECTED).is_file():
            yield error(Where(file), f"a case without {cases.EXPECTED}", "what its view is to give", "write it")


def _input(found: Catalogue, case: Case, table: str, file: Path) -> Iterator[ConfigurationError]:
    table = table.removesuffix("_previous")
    if found.knows("feeds") and not found.of_table(table):
        told = did_you_mean(table, sql.tables_below(case.view), "rename the file, or take it out")
        yield error(Where(file), f"{case.name} has rows of {table}, which no feed fills", "tables of feeds.py", told)
        return
    columns = views.known(found, table)
    header = yield from _rows(file)
    for name in header if columns else ():
        if name not in (columns or ()):
            told = did_you_mean(name, columns or (), "correct the header")
            yield error(Where(file), f"{name} is no column of {table}", "columns of its schema", told)


def _expected(case: Case) -> Iterator[ConfigurationError]:
    file, columns = case.folder / cases.EXPECTED, views.columns(case.view)
    header = yield from _rows(file)
    if header and columns is not None and tuple(header) != columns:
        yield error(
            Where(file),
            f"the header of {case.name} is {', '.join(header)}",
            f"the columns of {case.view}: {', '.join(columns)}",
            "correct the header, or the view",
        )


def _rows(file: Path) -> Generator[ConfigurationError, None, list[str]]:
    """An error for each row that has not as many fields as the header; returns the header."""
    try:
        header, rows = cases.read(file)
    except (csv.Error, UnicodeDecodeError) as broken:
        yield error(Where(file), f"{file.name} cannot be read: {broken}", "CSV in UTF-8", "correct it")
        return []
    for number, row in enumerate(rows, 2):
        if "" in row or None in row.values():
            yield error(Where(file, number), "a row of other fields than the header's", f"{len(header)}", "correct it")
    return header
