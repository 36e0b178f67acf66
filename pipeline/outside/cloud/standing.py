"""What stands already is looked at: a bucket or dataset that somebody else made, or changed, may keep or show more
than the documentation promises. (What is missing is made as promised, by `storage._create_bucket` and `datasets.make`;
the bucket's lifecycle rules by `let_go`.)
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import google.cloud.storage as gcs
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from pipeline.ground import cloud, settings
from pipeline.ground.errors import WarehouseError
from pipeline.ground.looks import Looks
from pipeline.outside.cloud import datasets, storage, warehouse

# Whoever has one of these in a dataset's access is everybody.
_ANYBODY = {"allUsers", "allAuthenticatedUsers"}
# Hours of a dataset's time travel when it does not say.
_USUAL_HOURS = 168


@dataclass(frozen=True)
class Rules:
    """The bucket's lifecycle: the age in days at which it removes by itself what lies below each prefix of `goes`; the
    prefixes of what `stays`, whatever its age; and those of rules that we wrote `once`, and which are to go."""

    goes: tuple[tuple[str, int], ...] = ()
    stays: tuple[str, ...] = ()
    once: tuple[str, ...] = ()

    @property
    def ours(self) -> set[str]:
        """The prefixes whose rules are ours, or were."""
        return {prefix for prefix, _ in self.goes} | {*self.once}


class Stays(WarehouseError):
    """The bucket's lifecycle rules are not ours of now."""


class Elsewhere(WarehouseError):
    """It lies in another location than the district's: BigQuery loads and joins nothing across locations."""


_NO_RULES = Rules()


def otherwise(names: Iterable[str], rules: Rules = _NO_RULES) -> list[WarehouseError]:
    """What of the bucket, of its lifecycle and of these datasets is not as promised, as it was when a process first
    asked.

    Nothing is said of what does not exist yet. Raises WarehouseError when it cannot be asked (`storage.buckets.get`,
    `bigquery.datasets.get`).
    """
    return _looks.at((tuple(sorted(names)), rules))


def _look(promised: tuple[tuple[str, ...], Rules]) -> list[WarehouseError]:
    names, rules = promised
    with ThreadPoolExecutor(8) as pool:
        bucket, *others = [pool.submit(_of_bucket, rules), *(pool.submit(_of_dataset, name) for name in names)]
        return [found for each in (bucket, *others) for found in each.result()]


_looks = Looks(_look)


def _of_bucket(rules: Rules) -> list[WarehouseError]:
    name = storage.uri("").rstrip("/")
    with cloud.STORAGE.explained(f"looking at {name}"):
        try:
            bucket = storage._client().get_bucket(settings.load().district.bucket, **cloud.STORAGE.patience())
        except NotFound:
            return []
    return [*_bucket_otherwise(name, bucket), *_ruled(name, bucket, rules)]


def _ruled(name: str, bucket: gcs.Bucket, rules: Rules) -> Iterator[WarehouseError]:
    held = {prefix: age for prefix, age, _ in _rules(bucket) if prefix}
    lets_us = (
        "let the account of the mornings change the bucket (roles/storage.admin on it): the next run that makes "
        "something writes them"
    )
    if wrong := sorted(prefix for prefix, age in rules.goes if held.get(prefix) != age):
        yield Stays(
            f"{name} does not remove by itself what lies in {', '.join(wrong)}",
            expected="lifecycle rules that do, though nobody makes mornings any more",
            next_step=lets_us,
        )
    if wrong := sorted({*rules.once} & held.keys()):
        yield Stays(
            f"{name} removes by itself what lies in {', '.join(wrong)}, of which a part must stay",
            expected="this version's lifecycle rules, and not those of the one before",
            next_step=lets_us,
        )
    others = [rule for prefix, _, rule in _rules(bucket) if prefix not in rules.ours]
    if wrong := sorted({stays for rule in others for stays in rules.stays if _takes(rule, stays)}):
        yield _not_as_promised(
            f"a lifecycle rule of {name} removes by itself what lies in {', '.join(wrong)}, which must stay: by it is "
            "known what a vendor was given",
            "no rule for it",
            f"let that rule name the prefixes for which it is meant (gcloud storage buckets update {name} "
            "--lifecycle-file=…)",
        )


# Of a rule's conditions, those that only older versions of an object can meet.
_OF_OLDER_VERSIONS = {"numNewerVersions", "daysSinceNoncurrentTime", "noncurrentTimeBefore"}


def _takes(rule: dict[str, Any], prefix: str) -> bool:
    """Whether the rule removes objects, of now, below that prefix: which are JSON."""
    condition = rule.get("condition", {})
    if rule["action"]["type"] != "Delete" or condition.get("isLive") is False or condition.keys() & _OF_OLDER_VERSIONS:
        return False
    if not any(".json".endswith(each) or each.endswith(".json") for each in condition.get("matchesSuffix") or [""]):
        return False
    return any(prefix.startswith(each) or each.startswith(prefix) for each in condition.get("matchesPrefix") or [""])


def _rules(bucket: gcs.Bucket) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Its lifecycle rules: of one that only removes below one prefix at an age, these; of any other "" and 0."""
    for rule in map(dict, bucket.lifecycle_rules):
        condition = rule.get("condition", {})
        prefixes = condition.get("matchesPrefix", [])
        ours = rule == _rule("".join(prefixes), condition.get("age", 0)) and len(prefixes) == 1
        yield (prefixes[0], int(condition["age"]), rule) if ours else ("", 0, rule)


def _rule(prefix: str, age: int) -> dict[str, Any]:
    return {"action": {"type": "Delete"}, "condition": {"age": age, "matchesPrefix": [prefix]}}


def let_go(ours: Rules) -> None:
    """Write our lifecycle rules; the bucket's other ones stay. Raises WarehouseError."""
    with cloud.STORAGE.explained(f"writing the lifecycle rules of {storage.uri('')}"):
        bucket = storage._client().get_bucket(settings.load().district.bucket, **cloud.STORAGE.patience())
        others = [rule for prefix, _, rule in _rules(bucket) if prefix not in ours.ours]
        bucket.lifecycle_rules = [*others, *(_rule(*each) for each in sorted(ours.goes))]
        bucket.patch(**cloud.STORAGE.patience())


def _bucket_otherwise(name: str, bucket: gcs.Bucket) -> Iterator[WarehouseError]:
    update = f"gcloud storage buckets update {name}"
    yield from _elsewhere(name, bucket.location)
    if not bucket.iam_configuration.uniform_bucket_level_access_enabled:
        yield _not_as_promised(
            f"{name} has access lists of single objects", "uniform access", f"{update} --uniform-bucket-level-access"
        )
    if bucket.iam_configuration.public_access_prevention != "enforced":
        yield _not_as_promised(
            f"{name} could be made public", "public access prevented", f"{update} --public-access-prevention"
        )
    if kept := bucket.soft_delete_policy.retention_duration_seconds or 0:
        yield _not_as_promised(
            f"{name} keeps what was deleted for {kept / 86_400:.0f} days",
            "deleted to be gone",
            f"{update} --clear-soft-delete",
        )
    if bucket.versioning_enabled:
        yield _not_as_promised(
            f"{name} keeps older versions of its objects",
            "deleted to be gone",
            f"{update} --no-versioning, and delete the versions that are there",
        )


def _of_dataset(dataset: str) -> list[WarehouseError]:
    with cloud.BIGQUERY.explained(f"looking at the dataset {dataset}"):
        try:
            found = warehouse._client().get_dataset(datasets.place(dataset), **cloud.BIGQUERY.patience())
            own = datasets.own_name(warehouse._client()) if warehouse.restricted(dataset) else ""
        except NotFound:
            return []
    return list(_dataset_otherwise(dataset, found, own))


def _dataset_otherwise(dataset: str, found: bigquery.Dataset, own: str) -> Iterator[WarehouseError]:
    yield from _elsewhere(f"the dataset {dataset}", found.location)
    wanted = [str(entry.entity_id) for entry in datasets.access(own, "WRITER")] if own else []
    held = [str(entry.entity_id) for entry in found.access_entries]
    if own and own not in held:
        yield _not_as_promised(
            f"{own} has no access to the dataset {dataset}",
            "the mornings' own account among those who may write to it",
            f"add it (Cloud console: the dataset, Sharing; role BigQuery Data Owner), if the mornings run as {own}",
        )
    for entry in found.access_entries:
        who = str(entry.entity_id)
        if who in _ANYBODY or (wanted and who not in wanted):
            yield _not_as_promised(
                f"{who} has access to the dataset {dataset} ({entry.role or entry.entity_type})",
                f"nobody but {' and '.join(wanted)}" if wanted else "people and groups by name",
                "take it away (Cloud console: the dataset, Sharing), unless it is the mornings' own account; or say "
                "in the district's own papers why it stays",
            )
    hours = int(found.max_time_travel_hours or _USUAL_HOURS)
    if (own or found.default_table_expiration_ms) and hours > datasets.TIME_TRAVEL:
        yield _not_as_promised(
            f"what was in tables of the dataset {dataset} can be read for {hours} hours after it went",
            f"{datasets.TIME_TRAVEL}, the least that BigQuery allows",
            f"ALTER SCHEMA {dataset} SET OPTIONS (max_time_travel_hours = {datasets.TIME_TRAVEL})",
        )


def _elsewhere(name: str, location: str | None) -> Iterator[WarehouseError]:
    told = settings.load().district.location
    if (location or "").upper() != told.upper():
        yield Elsewhere(
            f"{name} lies in {location}",
            expected=f"{told} ([district] location): BigQuery loads and joins nothing across locations",
            next_step="correct the location of the configuration, or have it made anew there",
        )


def _not_as_promised(found: str, expected: str, next_step: str) -> WarehouseError:
    return WarehouseError(found, expected=expected, next_step=next_step)
