"""What stands already is looked at: a bucket or dataset that somebody else made, or changed, may keep or show more
than the documentation promises. (What is missing is made as promised, by `storage._create_bucket` and
`datasets.make`.)
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

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


class Elsewhere(WarehouseError):
    """It lies in another location than the district's: BigQuery loads and joins nothing across locations."""


def otherwise(names: Iterable[str]) -> list[WarehouseError]:
    """What of the bucket and of these datasets is not as promised, as it was when a process first asked.

    Nothing is said of what does not exist yet. Raises WarehouseError when it cannot be asked (`storage.buckets.get`,
    `bigquery.datasets.get`).
    """
    return _looks.at(tuple(sorted(names)))


def _look(names: tuple[str, ...]) -> list[WarehouseError]:
    with ThreadPoolExecutor(8) as pool:
        bucket, *others = [pool.submit(_of_bucket), *(pool.submit(_of_dataset, name) for name in names)]
        return [found for each in (bucket, *others) for found in each.result()]


_looks = Looks(_look)


def _of_bucket() -> list[WarehouseError]:
    name = storage.uri("").rstrip("/")
    with cloud.STORAGE.explained(f"looking at {name}"):
        try:
            bucket = storage._client().get_bucket(settings.load().district.bucket, **cloud.STORAGE.patience())
        except NotFound:
            return []
    return list(_bucket_otherwise(name, bucket))


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
