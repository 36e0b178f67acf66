"""Datasets of one command: made for as long as it lasts, then removed with all that is in them.

What a killed command leaves has no rows after a day, and the next one of the same person and purpose removes it.
"""

import getpass
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipeline.ground import cloud, settings
from pipeline.ground.errors import PipelineError
from pipeline.outside.cloud import datasets, warehouse

# What is forgotten goes after so many days, which is the least.
DAYS = 1


@contextmanager
def dataset(purpose: str, *, restricted: bool = False) -> Iterator[str]:
    """The name of a new dataset, `<purpose>_<user>_<day>_…`; with `restricted`, there is one of that name and
    `_restricted`, too. Both are removed at the end, whatever happens. Raises WarehouseError."""
    _sweep(purpose)
    name = f"{stem(purpose)}_{settings.load().today():%Y%m%d}_{uuid.uuid4().hex[:8]}"
    made = (name, name + warehouse.RESTRICTED)[: 1 + restricted]
    try:
        for each in made:
            make(each)
        yield name
    except BaseException:
        for each in made:
            with suppress(PipelineError):  # what failed is told, and what is left then goes as a killed one's
                remove(each)
        raise
    failed: list[PipelineError] = []
    for each in reversed(made):  # that with restricted access first
        try:
            remove(each)
        except PipelineError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def stem(purpose: str) -> str:
    """How the names of this person's datasets begin."""
    return f"{purpose}_{re.sub(r'[^a-z0-9]', '_', getpass.getuser().lower())}"


def _sweep(purpose: str) -> None:
    """Remove what was left on earlier days."""
    ours = re.compile(rf"{stem(purpose)}_(\d{{8}})_[0-9a-f]{{8}}(?:{warehouse.RESTRICTED})?")
    for name in names():
        match = ours.fullmatch(name)
        if match and match[1] < f"{settings.load().today():%Y%m%d}":
            remove(name)


def make(name: str) -> None:
    """Make the dataset. Raises WarehouseError."""
    warehouse.make_dataset(name, DAYS, "OWNER")  # a writer may not remove it


def remove(name: str) -> None:
    """Remove the dataset and all that is in it, if it is there. Raises WarehouseError."""
    with cloud.BIGQUERY.explained(f"removing the dataset {name}"):
        place = datasets.place(name)
        warehouse._client().delete_dataset(place, delete_contents=True, not_found_ok=True, **cloud.BIGQUERY.patience())


def names() -> list[str]:
    """All datasets. Raises WarehouseError."""
    with cloud.BIGQUERY.explained("listing the datasets"):
        return [each.dataset_id for each in warehouse._client().list_datasets(**cloud.BIGQUERY.patience())]
