"""BigQuery: tables that only grow, whose rows are entered once each, by jobs that cannot run twice.

MERGE alone would not do: on BigQuery two that only insert do not conflict, so of two at once each would insert. A job's
id is taken once, whoever asks; so one job enters, and whoever comes second waits for it.
"""

import datetime as dt
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.cloud import bigquery

from pipeline.catalogue.schemas import Column
from pipeline.ground import cloud
from pipeline.outside.cloud import jobs, warehouse

Value = str | int | dt.date | dt.datetime | tuple[str, ...]
_TYPES = {str: "STRING", int: "INT64", dt.date: "DATE", dt.datetime: "TIMESTAMP"}


@dataclass(frozen=True)
class GrowingTable:
    """A table by its `dataset.name`. Where it is large: partitioned by the months of the day `monthly`, and within
    a month sorted by the column `sorted_by`, so that a question about one value of it reads little."""

    name: str
    columns: tuple[Column, ...]
    monthly: str = ""
    sorted_by: str = ""


def prepare(tables: tuple[GrowingTable, ...]) -> None:
    """Make those of the tables that are missing. Raises WarehouseError."""
    for table in tables:
        dataset, name = table.name.split(".")
        if not warehouse.find(dataset, name).there:
            with cloud.BIGQUERY.explained(f"creating {table.name}"):
                warehouse.with_dataset(dataset, partial(_create, table))
            warehouse.remember(dataset, name, {})


def _create(table: GrowingTable) -> bigquery.Table:
    schema = [bigquery.SchemaField(c.name, c.type, c.mode, description=c.description) for c in table.columns]
    made = bigquery.Table(warehouse.place(*table.name.split(".")), schema=schema)
    if table.monthly:
        made.time_partitioning = bigquery.TimePartitioning(type_="MONTH", field=table.monthly)
    if table.sorted_by:
        made.clustering_fields = [table.sorted_by]
    return warehouse._client().create_table(made, exists_ok=True, **cloud.BIGQUERY.patience())


def rows(table: GrowingTable, *columns: str) -> list[tuple[Any, ...]]:
    """What stands in some columns of the whole table; listed, which is faster than a query and costs nothing."""
    types = {column.name: column.type for column in table.columns}
    wanted = [bigquery.SchemaField(column, types[column]) for column in columns]
    with cloud.BIGQUERY.explained(f"listing {table.name}"):
        place = warehouse.place(*table.name.split("."))
        return [row.values() for row in warehouse._client().list_rows(place, wanted, **cloud.BIGQUERY.patience())]


def ask(query: str, doing: str, **about: Value) -> list[dict[str, Any]]:
    """The rows of a query about some values, which it names @so. Raises WarehouseError."""
    config = bigquery.QueryJobConfig(query_parameters=_parameters(about))
    with cloud.BIGQUERY.explained(doing):
        return [dict(row.items()) for row in warehouse.answered(query, config)]


def enter(statement: str, job: str, doing: str, **about: Value) -> int:
    """Run the statement, alone of its name: `job` and a counter are its id. How many rows it has inserted, or one of
    its name that ran already. Raises WarehouseError.

    It must insert nothing that is there already. Then it does not matter how often it is begun: the next of its name
    begins when the last one has ended, well or not, and finds what that one left.
    """
    named = {*re.findall(r"@(\w+)", statement)}
    config = bigquery.QueryJobConfig(query_parameters=_parameters({k: v for k, v in about.items() if k in named}))

    with cloud.BIGQUERY.explained(doing):
        begin = partial(warehouse._client().query, statement, job_retry=None, **cloud.BIGQUERY.patience())
        return jobs.finished(warehouse._client(), begin, config, job).num_dml_affected_rows or 0


def _parameters(about: dict[str, Value]) -> list[bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter]:
    return [
        bigquery.ArrayQueryParameter(name, "STRING", value)
        if isinstance(value, tuple)
        else bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value)
        for name, value in about.items()
    ]
