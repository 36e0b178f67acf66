# ruff: noqa: S608  (the names in these queries are the tests' own)
"""The adapter to BigQuery, through Google's client against the stand-in."""

import datetime as dt
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from google.cloud import bigquery

from clouds import Cloud, in_a_fork, set_up
from pipeline.catalogue.schemas import Column
from pipeline.ground.errors import WarehouseError
from pipeline.outside.cloud import datasets, jobs, storage, warehouse
from pipeline.outside.cloud.evidence import TableTarget
from pipeline.sandbox.faults import FaultFile
from riverbend import PROJECT, Sandbox

COLUMNS = (Column("id", mode="REQUIRED"), Column("grade", "INT64"))
GOOD = "id,grade\n0004127,9\n0004128,10\n"


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        yield made


def labels(csv: str, sha: str = "first") -> dict[str, str]:
    return {"as_of": "2026-11-23", "sha": sha, "rows": str(csv.count("\n") - 1)}


def load(there: Cloud, csv: str = GOOD, sha: str = "first", told: dict[str, str] | None = None) -> int:
    """Through the bucket into the table `students`, as a morning does."""
    file = Path(os.environ["LUIGI_CONFIG_PATH"]).with_name("students.csv")
    file.write_text(csv)
    name = "misc/2026-11-23/students.csv"
    storage.store_file(file, name, {}, over=storage.find(name))
    told = told or labels(csv, sha)
    return warehouse.load(
        storage.uri(name), there.dataset, "students", COLUMNS, told, job=f"load-{there.dataset}-{sha}"
    )


def rows(there: Cloud, table: str = "students") -> list[dict[str, object]]:
    return warehouse.ask(f"SELECT * FROM `{PROJECT}.{there.dataset}.{table}` ORDER BY id", "reading back")


def done(there: Cloud, sha: str = "first") -> bool:
    """Whether the next run takes the table as loaded."""
    there.look_again()
    return TableTarget(there.dataset, "students", {"as_of": "2026-11-23", "sha": sha}).exists()


def loads(there: Cloud) -> list[str]:
    """The ids of the load jobs that were begun."""
    posted = there.asked("bigquery", "POST", "/jobs")
    return [event["job_id"] for event in posted if event.get("job") == "load" and event["status"] == 200]


# -------------------------------------------------------------------------------------------------------- loading


def test_a_load_makes_the_dataset_and_says_what_the_table_holds(there: Cloud) -> None:
    assert load(there) == 2
    assert rows(there) == [{"id": "0004127", "grade": 9}, {"id": "0004128", "grade": 10}]
    assert done(there)
    assert not done(there, "second")
    assert load(there, "id,grade\n0004129,\n", "second") == 1
    assert rows(there) == [{"id": "0004129", "grade": None}]
    assert done(there, "second")


def test_one_listing_answers_for_a_dataset(there: Cloud) -> None:
    load(there)
    there.look_again()
    there.from_now_on()
    for table in ("students", "teachers", "students"):
        warehouse.find(there.dataset, table)
    assert len(there.asked("bigquery", "GET", "/tables")) == 1
    assert there.asked("bigquery", "GET", "/tables/students") == []


def test_a_listing_goes_on_until_its_last_page(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tables a dataset has: one that a listing leaves out would be loaded on each run."""
    load(there)
    for number in range(4):
        warehouse.ask(f"CREATE TABLE `{PROJECT}.{there.dataset}.more_{number}` AS SELECT 1 AS id", "making it")
    monkeypatch.setattr(warehouse, "_PAGE", 2)
    there.look_again()
    there.from_now_on()
    found = [warehouse.find(there.dataset, table).there for table in ("students", *(f"more_{n}" for n in range(4)))]
    assert found == [True] * 5
    assert len(there.asked("bigquery", "GET", "/tables")) == 3


def test_a_file_whose_values_hold_no_line_end_is_loaded_as_one_that_can_be_divided(there: Cloud) -> None:
    load(there)
    uri, job = storage.uri("misc/2026-11-23/students.csv"), f"load-{there.dataset}-divided"
    assert warehouse.load(uri, there.dataset, "students", COLUMNS, labels(GOOD), job, line_ends=False) == 2
    (told,) = [each for each in warehouse._client().list_jobs(max_results=20) if each.job_id.startswith(job)]
    assert not told.allow_quoted_newlines
    assert rows(there) == [{"id": "0004127", "grade": 9}, {"id": "0004128", "grade": 10}]


def test_a_kill_between_the_rows_and_their_label_leaves_a_table_that_is_not_done(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = warehouse._label

    def killed(dataset: str, table: str, told: dict[str, str], *rest: dt.datetime) -> None:
        if warehouse.IN_WORK not in told.values():
            os._exit(9)
        label(dataset, table, told, *rest)

    load(there)
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "_label", killed)
        assert in_a_fork(lambda: load(there, "id,grade\n1,1\n", "second")) == 9
    assert rows(there) == [{"id": "1", "grade": 1}]
    assert not done(there, "second")
    assert not done(there, "first")
    load(there, "id,grade\n1,1\n", "second")
    assert done(there, "second")


def test_other_rows_than_the_file_has_are_not_taken(there: Cloud) -> None:
    with pytest.raises(WarehouseError, match="took 2 rows"):
        load(there, told={**labels(GOOD), "rows": "3"})
    assert not done(there)


def test_bad_rows_leave_the_last_good_ones_and_are_not_quoted(there: Cloud) -> None:
    load(there)
    with pytest.raises(WarehouseError, match=f"loading {there.dataset}.students") as refused:
        load(there, "id,grade\n0004127,Nunezson\n", "second")
    assert "Nunezson" not in str(refused.value)
    assert rows(there) == [{"id": "0004127", "grade": 9}, {"id": "0004128", "grade": 10}]
    assert not done(there, "second")


def test_a_query_that_fails_quotes_no_value(there: Cloud) -> None:
    load(there, "id,grade\nNunezson,1\n")
    with pytest.raises(WarehouseError) as refused:
        warehouse.ask(f"SELECT CAST(id AS INT64) FROM `{PROJECT}.{there.dataset}.students`", "counting")
    assert "counting: " in str(refused.value)
    assert "Nunezson" not in str(refused.value)


def test_a_table_that_was_deleted_is_loaded_again_although_its_job_id_is_used(there: Cloud) -> None:
    load(there)
    used = loads(there)
    warehouse._client().delete_table(f"{PROJECT}.{there.dataset}.students")
    assert not done(there)
    load(there)
    assert done(there)
    assert loads(there) == [*used, f"load-{there.dataset}-first_{len(used) + 1}"]


def test_a_submission_that_is_sent_twice_finds_the_first_job(there: Cloud) -> None:
    load(there)
    there.from_now_on()

    def sent_twice(job_id: str, job_config: bigquery.LoadJobConfig) -> bigquery.LoadJob:
        for _ in range(2):
            job = warehouse._client().load_table_from_uri(
                storage.uri("misc/2026-11-23/students.csv"),
                f"{PROJECT}.{there.dataset}.students",
                job_id=job_id,
                job_config=job_config,
            )
        return job

    config = bigquery.LoadJobConfig(source_format="CSV", skip_leading_rows=1, write_disposition="WRITE_APPEND")
    finished = jobs.finished(warehouse._client(), sent_twice, config, f"twice/{there.dataset}")
    assert (finished.job_id, finished.output_rows) == (f"twice_{there.dataset}_1", 2)
    assert len(rows(there)) == 4


# ------------------------------------------------------------------------------------------------ who may see it


def readers(dataset: str) -> set[tuple[str | None, str | None, str | None]]:
    entries = warehouse._client().get_dataset(f"{PROJECT}.{dataset}").access_entries
    return {(entry.role, entry.entity_type, str(entry.entity_id)) for entry in entries}


OWNERS = ("OWNER", "specialGroup", "projectOwners")


def test_a_restricted_dataset_is_not_for_all_who_read_the_project(there: Cloud) -> None:
    columns = (bigquery.SchemaField("id", "STRING"),)
    for dataset in (f"{there.dataset}_restricted", there.dataset):
        table = bigquery.Table(f"{PROJECT}.{dataset}.passwords", columns)
        warehouse.with_dataset(dataset, partial(warehouse._client().create_table, table))
    own = warehouse.ask("SELECT SESSION_USER() AS name", "asking who we are")[0]["name"]
    assert readers(f"{there.dataset}_restricted") == {OWNERS, ("WRITER", "userByEmail", own)}
    assert readers(there.dataset) > {OWNERS, ("READER", "specialGroup", "projectReaders")}
    assert warehouse._client().get_dataset(f"{PROJECT}.{there.dataset}_restricted").max_time_travel_hours == "48"


@pytest.mark.parametrize(
    ("own", "kind"),
    [
        ("morning@riverbend.example.org", "userByEmail"),
        ("principal://iam.example.org/projects/1/locations/global/workloadIdentityPools/a/subject/b", "iamMember"),
    ],
)
def test_the_pipeline_may_write_to_restricted_datasets(own: str, kind: str) -> None:
    assert datasets.access(own, "WRITER") == [bigquery.AccessEntry(*OWNERS), bigquery.AccessEntry("WRITER", kind, own)]


@pytest.mark.parametrize(
    ("name", "restricted"),
    [
        ("misc_imports_restricted", True),
        ("misc_imports_restricted.google", True),
        ("misc_imports.google_restricted", False),
        ("misc_imports", False),
    ],
)
def test_the_datasets_name_tells(name: str, restricted: bool) -> None:
    assert warehouse.restricted(name) == restricted


# ----------------------------------------------------------------------------------------------- freezing and views


def test_rows_are_frozen_extracted_and_expire(there: Cloud, tmp_path: Path) -> None:
    load(there)
    query = f"SELECT id FROM `{PROJECT}.{there.dataset}.students` WHERE grade > 9"
    frozen = f"{there.dataset}_frozen"
    for sha in ("first", "second"):
        assert warehouse.freeze(query, frozen, "snapshot", {"sql": sha}, days=14) == 1
        there.look_again()
        assert warehouse.find(frozen, "snapshot").labels == {"sql": sha}
    assert warehouse.freeze(f"{query} AND grade > 99", frozen, "none", {"sql": "a"}, days=14) == 0
    expires = warehouse._client().get_table(f"{PROJECT}.{frozen}.snapshot").expires
    assert abs(expires - dt.datetime.now(dt.UTC) - dt.timedelta(days=14)) < dt.timedelta(minutes=5)
    assert warehouse.extract(frozen, "snapshot", "extracts/snapshot") == ["extracts/snapshot-000000000000.csv"]
    storage.fetch("extracts/snapshot-000000000000.csv", tmp_path / "snapshot.csv")
    assert (tmp_path / "snapshot.csv").read_text() == "id\n0004128\n"


def test_frozen_rows_that_a_kill_left_without_a_label_expire_too(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    load(there)
    frozen = f"{there.dataset}_frozen"
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "_label", lambda *told: os._exit(9))
        query = f"SELECT id FROM `{PROJECT}.{there.dataset}.students`"
        assert in_a_fork(lambda: warehouse.freeze(query, frozen, "snapshot", {"sql": "1"}, days=1)) == 9
    left = warehouse._client().get_table(f"{PROJECT}.{frozen}.snapshot")
    assert left.labels == {}
    assert abs(left.expires - dt.datetime.now(dt.UTC) - dt.timedelta(days=1)) < dt.timedelta(minutes=5)


def test_a_freeze_that_fails_leaves_no_table_that_looks_done(there: Cloud) -> None:
    load(there)
    warehouse.freeze(f"SELECT 1 AS id FROM {there.dataset}.students", there.dataset, "snapshot", {"sql": "1"}, days=14)
    with pytest.raises(WarehouseError, match="freezing"):
        warehouse.freeze(f"SELECT none FROM {there.dataset}.students", there.dataset, "snapshot", {"sql": "2"}, days=14)
    there.look_again()
    assert warehouse.find(there.dataset, "snapshot").labels == {"sql": warehouse.IN_WORK}


# -------------------------------------------------------------------------------------------------------- outages


def test_an_outage_of_a_moment_is_not_noticed(there: Cloud, sandbox: Sandbox) -> None:
    load(there)
    FaultFile(sandbox.folder / "faults.json").switch_on("bigquery", "", {"status": 503, "times": 1})
    assert done(there)


def test_a_longer_outage_is_explained(
    running: Sandbox, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FaultFile(sandbox.folder / "faults.json").switch_on("bigquery", "", {"status": 503, "times": 0})
    with (
        set_up(running, tmp_path, monkeypatch, timeout=1) as there,
        pytest.raises(WarehouseError, match=f"listing {there.dataset}"),
    ):
        warehouse.find(there.dataset, "students")
