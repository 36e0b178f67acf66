"""Each view against rows: what it makes of the tables of a case must be the case's expect.csv.

The cases are the catalogue's (pipeline/catalogue/cases.py).

Every case runs twice: an empty input cell is NULL, and then '' (BigQuery loads an empty CSV field as the one, a
quoted empty one as the other); keys and numbers are never ''. Both must give what is expected.

Creating a table costs a tenth of a second, so each table is loaded once, by its real schema, with the rows of all
cases and a column that says whose they are. A view then runs as it stands in its file, but that the names of its
tables become the rows of one case in them, and the name of another view becomes that view: cases cannot see each
other.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.cloud import bigquery

from pipeline import catalogue
from pipeline.catalogue import cases, schemas, sql
from pipeline.catalogue.cases import Case

REFERENCE = re.compile(r"`(\w+\.[^`.]+)`")
BLANKS = {"NULL": None, "''": ""}
STAGE = "rows_of_all_cases"
DELIVERED = {file.view for delivery in catalogue.deliveries().values() for file in delivery.view_files}
CASES = cases.all_of_them()


def schema(table: str) -> list[bigquery.SchemaField]:
    """The real schema of `dataset.table`, from its contract; `<table>_previous` has the columns of the table."""
    file = schemas.folder() / f"{table.removesuffix('_previous').replace('.', '/', 1)}.json"
    return [bigquery.SchemaField.from_api_repr(field) for field in json.loads(file.read_text())]


@pytest.fixture(scope="module")
def warehouse(client: bigquery.Client) -> bigquery.Client:
    """BigQuery with the rows of all cases."""
    client.create_dataset(STAGE)
    tables = {table for view in sql.names() for table in sql.tables_below(view)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda table: load(client, table), tables))
    return client


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


def runnable(view: str) -> str:
    """The view's text, reading the rows of the case @case."""

    def rows(match: re.Match[str]) -> str:
        table = match[1]
        if table in sql.names():
            return f"(\n{runnable(table)}\n)"
        return f"(SELECT * FROM `{STAGE}.{staged(table)}` WHERE case_ = @case)"  # noqa: S608  # our own names

    return REFERENCE.sub(rows, sql.text(view))


def rows_of(client: bigquery.Client, case: Case, blank: str) -> bigquery.table.RowIterator:
    whose = bigquery.ScalarQueryParameter("case", "STRING", f"{case.name} {blank}")
    config = bigquery.QueryJobConfig(query_parameters=[whose])
    return client.query_and_wait(runnable(case.view), job_config=config, wait_timeout=60)


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
