"""The texts of BigQuery's views: each is deployed with a label that tells it, and read back."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from google.api_core.exceptions import Conflict
from google.cloud import bigquery

from pipeline.ground import cloud, manifests
from pipeline.outside.cloud import warehouse

# The label of a view that holds the fingerprint of its text.
_LABEL = "text"
# Texts that are looked at at the same time.
_AT_ONCE = 32
# Whether this process is in a block of `labels_believed`, and whether it doubts them there.
_block, _doubt = threading.Event(), threading.Event()


@contextmanager
def labels_believed() -> Iterator[None]:
    """In this block a view is what its label says, but where `labels_doubted`: a listing tells that, and the texts are
    a call each. That is enough to see that nothing is left to do."""
    _block.set()
    try:
        yield
    finally:
        _block.clear()


@contextmanager
def labels_doubted() -> Iterator[None]:
    """In this block the texts themselves are looked at, as whoever makes something does: a person may have changed one,
    and the label stays."""
    _doubt.set()
    try:
        yield
    finally:
        _doubt.clear()


def is_deployed(dataset: str, view: str, text: str) -> bool:
    """Whether the view was deployed by us with that text, and has it. Raises WarehouseError."""
    if warehouse.find(dataset, view).labels.get(_LABEL) != manifests.fingerprint(text):
        return False
    return (_block.is_set() and not _doubt.is_set()) or of(dataset, view) == text


def is_deployed_now(dataset: str, view: str, text: str) -> bool:
    """`is_deployed`, by the view itself as it is this moment: another machine may have deployed it. Raises
    WarehouseError."""
    held = warehouse.look(dataset, view)
    if held is None or held.view_query != text or held.labels.get(_LABEL) != manifests.fingerprint(text):
        return False
    warehouse.remember(dataset, view, dict(held.labels))
    _remember(dataset, view, text)
    return True


def of(dataset: str, view: str) -> str | None:
    """The text that the view has in the warehouse, or None when there is no such view. Raises WarehouseError.

    In the scheduling process the views of a dataset are looked at all together, some at a time.
    """
    return _texts.at(f"{dataset}.{view}" if cloud.forked() else dataset).get(view)


def _look(place: str) -> dict[str, str | None]:
    dataset, _, view = place.partition(".")
    views = [view] if view else list(warehouse.listed(dataset))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [each.view_query if each else None for each in pool.map(partial(warehouse.look, dataset), views)]
    return {name: None if text is None else str(text) for name, text in zip(views, found, strict=True)}


_texts = warehouse.looks(_look)


def deploy(dataset: str, view: str, text: str) -> None:
    """Give the view this text, whether or not the view is there. Raises WarehouseError."""
    made = bigquery.Table(warehouse.place(dataset, view))
    made.view_query, made.labels = text, {_LABEL: manifests.fingerprint(text)}

    def create() -> bigquery.Table:
        try:
            return warehouse._client().create_table(made, **cloud.BIGQUERY.patience())
        except Conflict:
            return warehouse._client().update_table(made, ["view_query", "labels"], **cloud.BIGQUERY.patience())

    with cloud.BIGQUERY.explained(f"deploying the view {dataset}.{view}"):
        told = warehouse.with_dataset(dataset, create)
    warehouse.remember(dataset, view, dict(made.labels))
    _remember(dataset, view, str(told.view_query))


def _remember(dataset: str, view: str, text: str) -> None:
    for place in (dataset, f"{dataset}.{view}"):
        if (known := _texts.known(place)) is not None:
            known[view] = text
