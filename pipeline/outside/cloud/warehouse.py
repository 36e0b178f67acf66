"""BigQuery: tables whose labels say what they hold; load jobs that cannot run twice. Views' texts are in texts.py."""

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator, TableListItem

from pipeline.ground import cloud, settings
from pipeline.ground.errors import AtWorkElsewhere, PipelineError, WarehouseError
from pipeline.ground.looks import Looks
from pipeline.outside.cloud import datasets, jobs, leases, storage

# What a label says while the table's rows are being replaced.
IN_WORK = "in-work"
# Seconds for which a listing may be behind a change.
_BEHIND = 60
# Tables in one answer to a listing.
_PAGE = 1000
# Who may see a dataset whose name ends so: see datasets.py.
RESTRICTED = "_restricted"
T = TypeVar("T")


@dataclass(frozen=True)
class Shelved:
    """A table or view as the warehouse tells it; `there` is False for none."""

    there: bool = False
    labels: dict[str, str] = field(default_factory=dict)


@cloud.per_process
def _client() -> bigquery.Client:
    told = settings.load()
    client = bigquery.Client(
        project=told.district.project,
        location=told.district.location,
        credentials=cloud.credentials(told.cloud.bigquery_endpoint),
        client_options=ClientOptions(api_endpoint=told.cloud.bigquery_endpoint or None),
    )
    return cloud.roomy(client)


def place(dataset: str, table: str) -> str:
    """`project.dataset.table`."""
    return f"{datasets.place(dataset)}.{table}"


# ---------------------------------------------------------------------------- what is there: one listing a dataset


def find(dataset: str, table: str) -> Shelved:
    """The table (or view) as it is, by one listing of its dataset a process. Raises WarehouseError."""
    return listed(dataset).get(table, Shelved())


def listed(dataset: str) -> dict[str, Shelved]:
    """All tables and views of the dataset, by their names. Raises WarehouseError."""
    return _listings.at(dataset)


def _list(dataset: str) -> dict[str, Shelved]:
    def shelved(item: TableListItem) -> Shelved:
        return Shelved(True, dict(item.labels))

    with cloud.BIGQUERY.explained(f"listing {dataset}"):
        try:
            items = _client().list_tables(datasets.place(dataset), page_size=_PAGE, **cloud.BIGQUERY.patience())
            found = {item.table_id: shelved(item) for item in items}
        except NotFound:
            return {}
    now = time.monotonic()
    for (where, table), (when, ours) in list(_changed.items()):
        if where == dataset and now - when < _BEHIND and found.get(table) != ours:
            found[table] = _itself(dataset, table)
    return found


def _itself(dataset: str, table: str) -> Shelved:
    held = look(dataset, table)
    return Shelved(True, dict(held.labels)) if held else Shelved()


def find_now(dataset: str, table: str) -> Shelved:
    """The table (or view) as it is this moment, by a request of its own. Raises WarehouseError."""
    found = _itself(dataset, table)
    if found.there:
        remember(dataset, table, found.labels)
    return found


_looks: list[Looks[str, Any]] = []


def looks(at: Callable[[str], T]) -> Looks[str, T]:
    """Looks at something in the warehouse. `forget` knows of them, as of all that are made here."""
    made = Looks(at)
    _looks.append(made)
    return made


def forget() -> None:
    """Look again: what is known of the warehouse is from before."""
    for each in _looks:
        each.forget()


# A forked task looks for itself: what the scheduling process saw is older.
os.register_at_fork(after_in_child=forget)
_listings = looks(_list)
forget_listings = _listings.forget
# What this process has changed, and when. A listing may be some seconds behind: where it says otherwise, the table
# itself is asked, which BigQuery answers as of now.
_changed: dict[tuple[str, str], tuple[float, Shelved]] = {}


def remember(dataset: str, table: str, labels: dict[str, str]) -> None:
    """This process has just made the table (or view), with these labels, or changed it."""
    _changed[dataset, table] = time.monotonic(), Shelved(True, labels)
    if (known := _listings.known(dataset)) is not None:
        known[table] = Shelved(True, labels)


def restricted(name: str) -> bool:
    """Whether `dataset` or `dataset.table` is, or lies in, a dataset with restricted access."""
    return name.partition(".")[0].endswith(RESTRICTED)


def make_dataset(dataset: str, days: int | None, role: str = "WRITER") -> None:
    """Make the dataset when it is missing, as `datasets.make` says; `role` is ours in one with restricted access."""
    datasets.make(_client(), dataset, days, role if restricted(dataset) else "")


def with_dataset(dataset: str, action: Callable[[], Any], days: int | None = None) -> Any:
    """`action`, and once more when it finds no dataset and one could be made: the way there costs no call."""
    try:
        return action()
    except NotFound:
        make_dataset(dataset, days)
        return action()


# ------------------------------------------------------------------------------------------------------- tables


class Column(Protocol):
    """A column of a table, as BigQuery's schemas have it."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def description(self) -> str: ...


def load(
    uri: str,
    dataset: str,
    table: str,
    columns: Sequence[Column],
    labels: dict[str, str],
    job: str,
    days: int | None = None,
    line_ends: bool = True,
) -> int:
    """Replace the table by the CSV at `uri` (header, UTF-8), then say so in its labels. Returns its rows. With `days`,
    the table goes after so many. `line_ends` is whether a value may hold one.

    The job's id is `job` and a counter: a submission that is sent twice finds the first one. Before the rows
    change the old labels go, so that a kill in between leaves a table that says nothing, not one that lies.
    Raises WarehouseError; the old rows then stay.
    """
    config = replacing(columns, line_ends=line_ends)
    config.labels = {"as_of": labels["as_of"]}

    def submit() -> bigquery.LoadJob:
        begin = partial(_client().load_table_from_uri, uri, place(dataset, table), **cloud.BIGQUERY.patience())
        return jobs.finished(_client(), begin, config, job)

    with cloud.BIGQUERY.explained(f"loading {dataset}.{table}"):
        if find(dataset, table).there:
            _label(dataset, table, dict.fromkeys(labels, IN_WORK))
        rows = int(with_dataset(dataset, submit, days).output_rows or 0)
        if rows != int(labels["rows"]):
            raise WarehouseError(
                f"{dataset}.{table} took {rows} rows",
                expected=f"the {labels['rows']} of the file",
                next_step="run again",
            )
        _say_what_it_holds(dataset, table, labels, days)
    return rows


def replacing(columns: Sequence[Column], *, line_ends: bool = True) -> bigquery.LoadJobConfig:
    """How a CSV (header, UTF-8) takes the place of a table's rows. Where no value holds a line end, BigQuery reads the
    parts of one file beside each other, and takes one of more than 4 GB."""
    return bigquery.LoadJobConfig(
        source_format="CSV",
        skip_leading_rows=1,
        allow_quoted_newlines=line_ends,
        write_disposition="WRITE_TRUNCATE",
        schema=_schema(columns),
    )


def empty(dataset: str, table: str, columns: Sequence[Column], labels: dict[str, str]) -> None:
    """Make the table anew, with these columns and no rows. Raises WarehouseError."""
    made = bigquery.Table(place(dataset, table), schema=_schema(columns))
    with cloud.BIGQUERY.explained(f"creating {dataset}.{table}"):
        _client().delete_table(made, not_found_ok=True, **cloud.BIGQUERY.patience())
        create = partial(_client().create_table, made, exists_ok=True, **cloud.BIGQUERY.patience())
        with_dataset(dataset, create)  # it may exist: the answer to a first try was lost
        _label(dataset, table, labels)


def _schema(columns: Sequence[Column]) -> list[bigquery.SchemaField]:
    return [bigquery.SchemaField(c.name, c.type, c.mode, description=c.description) for c in columns]


def _label(dataset: str, table: str, labels: dict[str, str], expires: dt.datetime | None = None) -> None:
    change = bigquery.Table(place(dataset, table))
    change.labels = labels
    fields = ["labels"]
    if expires:
        change.expires = expires
        fields.append("expires")
    told = _client().update_table(change, fields, **cloud.BIGQUERY.patience())
    remember(dataset, table, dict(told.labels))


def freeze(
    query: str,
    dataset: str,
    table: str,
    labels: dict[str, str],
    days: int,
    once: Callable[[], object] = lambda: None,
) -> int:
    """Replace the table by the query's rows, then label it, `once` that has returned; it goes after `days`. Returns its
    rows.

    So does one that a kill left without its label, where the dataset is of our making.
    """
    config = bigquery.QueryJobConfig(destination=place(dataset, table), write_disposition="WRITE_TRUNCATE")

    def asked() -> int:
        begin = partial(_client().query, query, job_retry=None, **cloud.BIGQUERY.patience())
        return int(jobs.rows(jobs.finished(_client(), begin, config), page_size=1).total_rows or 0)

    with cloud.BIGQUERY.explained(f"freezing {dataset}.{table}"):
        if find(dataset, table).there:
            _label(dataset, table, dict.fromkeys(labels, IN_WORK))
        rows: int = with_dataset(dataset, asked, days)
    try:
        once()
    except BaseException:
        with suppress(PipelineError), cloud.BIGQUERY.explained(f"labelling {dataset}.{table}"):
            _label(dataset, table, dict.fromkeys(labels, IN_WORK), _after(days))  # it goes all the same
        raise
    with cloud.BIGQUERY.explained(f"labelling {dataset}.{table}"):
        _say_what_it_holds(dataset, table, labels, days)
    return rows


def _say_what_it_holds(dataset: str, table: str, labels: dict[str, str], days: int | None) -> None:
    """The rows are there. Where another machine is at work by now, it may have labelled what it had put there: then the
    table is to say nothing. Raises AtWorkElsewhere."""
    try:
        leases.still_at_work()
    except AtWorkElsewhere:
        _label(dataset, table, dict.fromkeys(labels, IN_WORK))
        raise
    _label(dataset, table, labels, _after(days) if days else None)


def _after(days: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=days)


def extract(dataset: str, table: str, stem: str) -> list[str]:
    """Write the table as CSV (UTF-8) to the bucket, into objects `<stem>-000000000000.csv` and so on: their names.

    BigQuery writes a gigabyte of rows into one at most, and the header into each."""
    with cloud.BIGQUERY.explained(f"extracting {dataset}.{table}"):
        to = storage.uri(f"{stem}-*.csv")
        begin = partial(_client().extract_table, place(dataset, table), to, **cloud.BIGQUERY.patience())
        job = jobs.finished(_client(), begin, bigquery.ExtractJobConfig())  # type: ignore[no-untyped-call]
        return [f"{stem}-{number:012}.csv" for number in range(sum(job.destination_uri_file_counts))]


def answered(query: str, config: bigquery.QueryJobConfig | None = None) -> RowIterator:
    """The rows of the query, which may take as long as a job."""
    return jobs.answered(_client(), query, config)


def ask(query: str, doing: str) -> list[dict[str, Any]]:
    """The rows of a small query, as dictionaries."""
    with cloud.BIGQUERY.explained(doing):
        rows = answered(query)
        return [dict(row.items()) for row in rows]


def columns(dataset: str, table: str) -> dict[str, str] | None:
    """The type of each of the table's columns, in their order; None when there is no table. Raises WarehouseError."""
    found = look(dataset, table)
    return types(found.schema) if found else None


def types(schema: Iterable[bigquery.SchemaField]) -> dict[str, str]:
    """The type of each column, as a schema's file says it; or STRUCT or ARRAY<…>."""
    kinds = {each.name: "STRUCT" if each.field_type == "RECORD" else each.field_type for each in schema}
    return {each.name: f"ARRAY<{kinds[each.name]}>" if each.mode == "REPEATED" else kinds[each.name] for each in schema}


def rows(dataset: str, table: str) -> int:
    """How many rows the table has; of one that is not there, 0. Raises WarehouseError."""
    found = look(dataset, table)
    return int(found.num_rows or 0) if found else 0


def look(dataset: str, table: str) -> bigquery.Table | None:
    """The table (or view) itself, as it is now; None when there is none. Raises WarehouseError."""
    with cloud.BIGQUERY.explained(f"looking at {dataset}.{table}"):
        try:
            return _client().get_table(place(dataset, table), **cloud.BIGQUERY.patience())
        except NotFound:
            return None
