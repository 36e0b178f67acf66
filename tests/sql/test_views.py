"""Each view against rows: what it makes of the tables of a case must be the case's expect.csv.

The cases are the catalogue's (pipeline/catalogue/cases.py).

Creating a table costs a tenth of a second, and a view as much again, so each is made once. A table is loaded by its
real schema, with the rows of all cases and a column that says whose they are; under its own name stands a view of the
rows of one case, that of the moment: cases cannot see each other. The views themselves are deployed as they stand in
their files.
"""

from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from typing import Any

import pytest
from google.cloud import bigquery

from pipeline import catalogue
from pipeline.catalogue import cases, schemas, sql
from pipeline.catalogue.cases import BLANKS, Case

STAGE = "rows_of_all_cases"
MOMENT = f"{STAGE}.case_of_the_moment"
DELIVERED = {file.view for delivery in catalogue.deliveries().values() for file in delivery.view_files}
CASES = cases.all_of_them()


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
    rows = [
        {"case_": f"{case.name} {blank}", **cases.filled(table, row, BLANKS[blank])}
        for case in CASES
        for row in case.inputs().get(table, [])
        for blank in BLANKS
    ]
    whose = bigquery.SchemaField("case_", "STRING", "REQUIRED")
    # A case names only the columns that matter to it, so none but ours is REQUIRED here.
    columns = [bigquery.SchemaField(name, type_) for name, type_ in schemas.types(table).items()]
    target = bigquery.Table(f"{client.project}.{STAGE}.{staged(table)}", [whose, *columns])
    if not rows:
        client.create_table(target)
        return
    config = bigquery.LoadJobConfig(schema=target.schema)
    client.load_table_from_json(rows, target, job_config=config).result(timeout=60)


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


def test_every_view_has_a_case() -> None:
    assert set(sql.names()) == {case.view for case in CASES}
