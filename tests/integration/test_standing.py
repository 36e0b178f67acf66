"""What stands already in the cloud is looked at, through Google's clients against the stand-ins."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from clouds import Cloud, set_up
from pipeline.outside.cloud import standing, storage, warehouse
from riverbend import PROJECT, Sandbox


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        standing._looks.forget()
        yield made
        standing._looks.forget()


def found(*datasets: str) -> list[str]:
    standing._looks.forget()
    return [each.found for each in standing.otherwise(datasets)]


def test_of_what_is_not_there_nothing_is_said(there: Cloud) -> None:
    assert found(there.dataset, f"{there.dataset}_restricted") == []


def test_what_a_run_made_is_as_promised(there: Cloud) -> None:
    storage.store_json("a/b/c.json", {}, {}, over=storage.Stored("a/b/c.json"))
    query = "SELECT 1 AS id"
    for dataset in (there.dataset, f"{there.dataset}_restricted"):
        warehouse.freeze(query, dataset, "rows", {"sql": "1"}, days=1)
    assert found(there.dataset, f"{there.dataset}_restricted") == []


def lists(enabled: bool, prevention: str) -> dict[str, Any]:
    uniform = {"uniformBucketLevelAccess": {"enabled": enabled}}
    return {"iamConfiguration": {**uniform, "publicAccessPrevention": prevention}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lists(enabled=False, prevention="enforced"), "has access lists of single objects"),
        (lists(enabled=True, prevention="inherited"), "could be made public"),
        ({"softDeletePolicy": {"retentionDurationSeconds": "604800"}}, "keeps what was deleted for 7 days"),
        ({"versioning": {"enabled": True}}, "keeps older versions of its objects"),
    ],
)
def test_a_bucket_that_keeps_or_shows_more_is_told(there: Cloud, change: dict[str, Any], told: str) -> None:
    storage._create_bucket()
    storage._client()._patch_resource(f"/b/{there.bucket}", change)
    (one,) = standing.otherwise([])
    assert told in one.found
    assert f"gs://{there.bucket}" in one.next_step


GOES = {"passwords/": 3, "landing/": 32}


def rules(there: Cloud) -> list[dict[str, Any]]:
    return [dict(rule) for rule in storage._client().get_bucket(there.bucket).lifecycle_rules]


def test_a_bucket_that_would_keep_passwords_for_ever_is_told_and_put_right(there: Cloud) -> None:
    storage._create_bucket()
    others = [
        {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 30}},
        {"action": {"type": "Delete"}, "condition": {"age": 900, "matchesPrefix": ["pages/"]}},
        {"action": {"type": "Delete"}, "condition": {"age": 3, "matchesPrefix": ["passwords/"], "isLive": False}},
    ]
    late = {"action": {"type": "Delete"}, "condition": {"age": 99, "matchesPrefix": ["landing/"]}}
    storage._client()._patch_resource(f"/b/{there.bucket}", {"lifecycle": {"rule": [*others, late]}})
    (one,) = standing.otherwise([], GOES)
    assert isinstance(one, standing.Stays)
    assert "does not remove by itself what lies in landing/, passwords/" in one.found
    standing.let_go(GOES)
    there.look_again()
    standing._looks.forget()
    assert standing.otherwise([], GOES) == []
    delete = {"type": "Delete"}
    assert rules(there) == [
        *others,
        {"action": delete, "condition": {"age": 32, "matchesPrefix": ["landing/"]}},
        {"action": delete, "condition": {"age": 3, "matchesPrefix": ["passwords/"]}},
    ]


def test_a_bucket_somewhere_else_is_told(there: Cloud) -> None:
    storage._client().create_bucket(there.bucket, location="EU")
    assert any(re.search("lies in EU", each) for each in found())


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        (bigquery.AccessEntry("READER", "specialGroup", "projectReaders"), "projectReaders"),
        (bigquery.AccessEntry("READER", "domain", "riverbend.example.org"), "riverbend.example.org"),
        (bigquery.AccessEntry("WRITER", "userByEmail", "somebody@riverbend.example.org"), "somebody@"),
    ],
)
def test_whoever_else_may_see_passwords_is_told(there: Cloud, entry: bigquery.AccessEntry, who: str) -> None:
    name = f"{there.dataset}_restricted"
    warehouse.make_dataset(name, days=1)
    dataset = warehouse._client().get_dataset(f"{PROJECT}.{name}")
    dataset.access_entries = [*dataset.access_entries, entry]
    warehouse._client().update_dataset(dataset, ["access_entries"])
    (told,) = found(name)
    assert told.startswith(who) or who in told
    assert f"has access to the dataset {name}" in told


def test_what_everybody_may_see_is_told_of_any_dataset(there: Cloud) -> None:
    warehouse.make_dataset(there.dataset, days=None)
    assert found(there.dataset) == []
    dataset = warehouse._client().get_dataset(f"{PROJECT}.{there.dataset}")
    everybody = bigquery.AccessEntry("READER", "specialGroup", "allAuthenticatedUsers")
    dataset.access_entries = [*dataset.access_entries, everybody]
    warehouse._client().update_dataset(dataset, ["access_entries"])
    assert found(there.dataset) == [f"allAuthenticatedUsers has access to the dataset {there.dataset} (READER)"]


def test_rows_that_are_to_go_and_can_be_read_for_a_week_longer_are_told(there: Cloud) -> None:
    made = bigquery.Dataset(f"{PROJECT}.{there.dataset}")
    made.location = "US"
    made.default_table_expiration_ms = 86_400_000
    warehouse._client().create_dataset(made)
    (told,) = found(there.dataset)
    assert "can be read for 168 hours after it went" in told


def test_a_dataset_somewhere_else_is_told(there: Cloud) -> None:
    made = bigquery.Dataset(f"{PROJECT}.{there.dataset}")
    made.location = "europe-west3"
    warehouse._client().create_dataset(made)
    assert found(there.dataset) == [f"the dataset {there.dataset} lies in europe-west3"]
