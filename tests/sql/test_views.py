"""Each view against rows: what it makes of the tables of a case must be the case's expect.csv.

The cases are the catalogue's (pipeline/catalogue/cases.py); bench/differential/standin.py has them all, and shows one
at a time.
"""

from typing import Any

import pytest
from google.cloud import bigquery

from bench.differential.standin import Staged
from pipeline import catalogue
from pipeline.catalogue import cases, schemas, sql
from pipeline.catalogue.cases import BLANKS, Case

DELIVERED = {file.view for delivery in catalogue.deliveries().values() for file in delivery.view_files}
CASES = cases.all_of_them()


@pytest.fixture(scope="module")
def staged(client: bigquery.Client) -> Staged:
    """BigQuery with the rows of all cases, and every view."""
    staged = Staged(client)
    tables = {table: rows_of_all(table) for view in sql.names() for table in sql.tables_below(view)}
    staged.load({table: schemas.types(table) for table in tables}, tables)
    staged.deploy(sql.names())
    return staged


def rows_of_all(table: str) -> dict[str, list[dict[str, str | None]]]:
    """All cases' rows of `dataset.table`, each twice: with NULL and with '' where a cell is empty."""
    return {
        f"{case.name} {blank}": [cases.filled(table, row, value) for row in case.inputs().get(table, [])]
        for case in CASES
        for blank, value in BLANKS.items()
    }


def sortable(row: dict[str, Any]) -> list[str]:
    return [str(value) for value in row.values()]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_view_gives_the_expected_rows(staged: Staged, case: Case, blank: str) -> None:
    header, expected = case.expected()
    staged.choose(f"{case.name} {blank}")
    found = staged.rows(f"SELECT * FROM `{case.view}`")  # noqa: S608  (our own names)
    assert [field.name for field in found.schema] == header
    if case.view in DELIVERED:
        assert {field.field_type for field in found.schema} == {"STRING"}
    told = [{name: str(value) for name, value in row.items()} for row in found]
    assert sorted(told, key=sortable) == sorted(expected, key=sortable)


def test_every_view_has_a_case() -> None:
    assert set(sql.names()) == {case.view for case in CASES}
