"""What stands already in the cloud is looked at, through Google's clients against the stand-ins."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from clouds import Cloud, set_up
from pipeline.ground import settings
from pipeline.outside.cloud import documents, standing, storage, warehouse
from pipeline.run import kept
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


RULES = standing.Rules((("passwords/", 3), ("landing/2", 32)), ("receipts/", "landing/undated/"), ("landing/",))


def rules(there: Cloud) -> list[dict[str, Any]]:
    return [dict(rule) for rule in storage._client().get_bucket(there.bucket).lifecycle_rules]


def test_a_bucket_that_would_keep_passwords_for_ever_is_told_and_put_right(there: Cloud) -> None:
    storage._create_bucket()
    others = [
        {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 30}},
        {"action": {"type": "Delete"}, "condition": {"age": 900, "matchesPrefix": ["pages/"]}},
        {"action": {"type": "Delete"}, "condition": {"age": 3, "matchesPrefix": ["passwords/"], "isLive": False}},
    ]
    late = {"action": {"type": "Delete"}, "condition": {"age": 99, "matchesPrefix": ["landing/2"]}}
    older = {"action": {"type": "Delete"}, "condition": {"age": 32, "matchesPrefix": ["landing/"]}}
    ruled(there, *others, late, older)
    missing, too_much = standing.otherwise([], RULES)
    assert isinstance(missing, standing.Stays)
    assert isinstance(too_much, standing.Stays)
    assert "does not remove by itself what lies in landing/2, passwords/" in missing.found
    assert "removes by itself what lies in landing/, of which a part must stay" in too_much.found
    standing.let_go(RULES)
    there.look_again()
    standing._looks.forget()
    assert standing.otherwise([], RULES) == []
    delete = {"type": "Delete"}
    assert rules(there) == [
        *others,
        {"action": delete, "condition": {"age": 32, "matchesPrefix": ["landing/2"]}},
        {"action": delete, "condition": {"age": 3, "matchesPrefix": ["passwords/"]}},
    ]


def ruled(there: Cloud, *rules: dict[str, Any]) -> None:
    storage._client()._patch_resource(f"/b/{there.bucket}", {"lifecycle": {"rule": [*rules]}})


DELETE = {"type": "Delete"}


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ({"age": 365}, "landing/undated/, receipts/"),
        ({"age": 90, "matchesPrefix": ["pages/", "receipts/2025"]}, "receipts/"),
        ({"createdBefore": "2025-01-01", "matchesPrefix": ["landing/u"]}, "landing/undated/"),
    ],
)
def test_a_rule_that_removes_what_must_stay_is_told_and_left_to_who_wrote_it(
    there: Cloud, condition: dict[str, Any], what: str
) -> None:
    storage._create_bucket()
    ruled(there, {"action": DELETE, "condition": condition})
    standing.let_go(RULES)
    assert {"action": DELETE, "condition": condition} in rules(there)
    (one,) = standing.otherwise([], RULES)
    assert not isinstance(one, standing.Stays)
    assert f"removes by itself what lies in {what}, which must stay" in one.found


def test_a_rule_for_other_files_takes_nothing_of_that() -> None:
    for condition in ({"age": 1, "matchesSuffix": [".tmp"]}, {"age": 1, "matchesPrefix": ["pages/"]}):
        assert not standing._takes({"action": DELETE, "condition": condition}, "receipts/")
    assert standing._takes({"action": DELETE, "condition": {"age": 1, "matchesSuffix": [".json"]}}, "receipts/")


def test_no_rule_of_ours_removes_what_must_stay() -> None:
    ours = kept.rules()
    assert ours.goes
    for prefix, age in ours.goes:
        rule = {"action": DELETE, "condition": {"age": age, "matchesPrefix": [prefix]}}
        assert not [stays for stays in ours.stays if standing._takes(rule, stays)]
    calendar = settings.load().district.landing / "calendar" / "calendar_day.json"
    assert documents.name_of(calendar).startswith(ours.stays)


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
