"""Each view against rows: what it makes of the tables of a case must be the case's expect.csv.

A case is a folder, <dataset>/<view>/<case>/: `<dataset>.<table>.csv` for each input table, with the columns that
matter (the others are empty; a table without a file has no rows), and `expect.csv` with the view's exact header.
The order of rows does not matter, that of columns does. What goes out is text; a view that only other views read may
have dates and numbers, which a case writes as Python does (2026-10-15, 3, None for NULL).

Every case runs twice: an empty input cell is NULL, and then '' (BigQuery loads an empty CSV field as the one, a
quoted empty one as the other); keys and numbers are never ''. Both must give what is expected.

Creating a table costs a tenth of a second, and a view as much again, so each is made once. A table is loaded by its
real schema, with the rows of all cases and a column that says whose they are; under its own name stands a view of the
rows of one case, that of the moment: cases cannot see each other. The views themselves are deployed as they stand in
their files.
"""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from pipeline import catalogue
from pipeline.catalogue import schemas, sql

HERE = Path(__file__).parent
BLANKS = {"NULL": None, "''": ""}
STAGE = "rows_of_all_cases"
MOMENT = f"{STAGE}.case_of_the_moment"
DELIVERED = {file.view for delivery in catalogue.deliveries().values() for file in delivery.view_files}
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Case:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.relative_to(HERE).as_posix()

    @property
    def view(self) -> str:
        return f"{self.folder.parent.parent.name}.{self.folder.parent.name}"

    def inputs(self) -> dict[str, Rows]:
        """The rows of each input table, by `dataset.table`."""
        return {file.stem: read(file)[1] for file in self.folder.glob("*.*.csv")}

    def expected(self) -> tuple[list[str], Rows]:
        return read(self.folder / "expect.csv")


def read(file: Path) -> tuple[list[str], Rows]:
    """Header and rows. A row that is longer or shorter than the header is an error in the case."""
    with file.open(newline="", encoding="utf-8") as text:
        reader = csv.DictReader(text, strict=True)
        rows = list(reader)
    ragged = [number for number, row in enumerate(rows, 2) if None in row or None in row.values()]
    assert not ragged, f"{file}: row {ragged} has not as many fields as the header"
    return list(reader.fieldnames or []), rows


CASES = [Case(file.parent) for file in sorted(HERE.glob("*/*/*/expect.csv"))]


def schema(table: str) -> list[bigquery.SchemaField]:
    """The real schema of `dataset.table`, from its contract; `<table>_previous` has the columns of the table."""
    file = schemas.folder() / f"{table.removesuffix('_previous').replace('.', '/', 1)}.json"
    return [bigquery.SchemaField.from_api_repr(field) for field in json.loads(file.read_text())]


@pytest.fixture(scope="module")
def warehouse(client: bigquery.Client) -> bigquery.Client:
    """BigQuery with the rows of all cases, and every view."""
    tables = {table for view in sql.names() for table in sql.tables_below(view)}
    for dataset in {STAGE, *(name.partition(".")[0] for name in (*tables, *sql.names()))}:
        client.create_dataset(dataset)
    client.query_and_wait(f"CREATE TABLE `{MOMENT}` AS SELECT '' AS case_")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda table: load(client, table), tables))
    for name in TopologicalSorter({view: sql.reads(view) for view in sql.names()}).static_order():
        view = bigquery.Table(f"{client.project}.{name}")
        view.view_query = sql.text(name) if name in sql.names() else rows_of_the_moment(name)
        client.create_table(view)
    return client


def rows_of_the_moment(table: str) -> str:
    return f"SELECT * FROM `{STAGE}.{staged(table)}` WHERE case_ = (SELECT case_ FROM `{MOMENT}`)"  # noqa: S608


def load(client: bigquery.Client, table: str) -> None:
    """All cases' rows of `dataset.table`, each twice: with NULL and with '' where a cell is empty."""
    fields = schema(table)
    rows = [
        {"case_": f"{case.name} {blank}", **filled(row, fields, BLANKS[blank])}
        for case in CASES
        for row in case.inputs().get(table, [])
        for blank in BLANKS
    ]
    whose = bigquery.SchemaField("case_", "STRING", "REQUIRED")
    # A case names only the columns that matter to it, so none but ours is REQUIRED here.
    columns = [bigquery.SchemaField(field.name, field.field_type) for field in fields]
    target = bigquery.Table(f"{client.project}.{STAGE}.{staged(table)}", [whose, *columns])
    if not rows:
        client.create_table(target)
        return
    config = bigquery.LoadJobConfig(schema=target.schema)
    client.load_table_from_json(rows, target, job_config=config).result(timeout=60)


def filled(row: dict[str, str], fields: list[bigquery.SchemaField], blank: str | None) -> dict[str, str | None]:
    """The row with `blank` in the place of nothing, also in columns that the case does not name."""
    texts = (field.name for field in fields if (field.field_type, field.mode) == ("STRING", "NULLABLE"))
    blanks: dict[str, str | None] = dict.fromkeys(texts, blank)
    return blanks | {name: value for name, value in row.items() if value}


def staged(table: str) -> str:
    return table.replace(".", "__")


def rows_of(client: bigquery.Client, case: Case, blank: str) -> bigquery.table.RowIterator:
    whose = bigquery.ScalarQueryParameter("case", "STRING", f"{case.name} {blank}")
    config = bigquery.QueryJobConfig(query_parameters=[whose])
    client.query_and_wait(f"UPDATE `{MOMENT}` SET case_ = @case WHERE TRUE", job_config=config, wait_timeout=60)  # noqa: S608
    return client.query_and_wait(f"SELECT * FROM `{case.view}`", wait_timeout=60)  # noqa: S608  # our own names


def sortable(row: dict[str, Any]) -> list[str]:
    return [str(value) for value in row.values()]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_view_gives_the_expected_rows(warehouse: bigquery.Client, case: Case, blank: str) -> None:
    header, expected = case.expected()
    found = rows_of(warehouse, case, blank)
    assert [field.name for field in found.schema] == header
    if case.view in DELIVERED:
        assert {field.field_type for field in found.schema} == {"STRING"}
    told = [{name: str(value) for name, value in row.items()} for row in found]
    assert sorted(told, key=sortable) == sorted(expected, key=sortable)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_names_only_what_there_is(case: Case) -> None:
    """A misspelt file or column would not reach the view, and the case would test less than it says."""
    assert case.view in sql.names()
    for table, rows in case.inputs().items():
        known = {field.name for field in schema(table)}
        assert set().union(*rows) <= known, table


def test_every_view_has_a_case() -> None:
    assert set(sql.names()) == {case.view for case in CASES}
