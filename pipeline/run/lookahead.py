"""What a run will ask of the outside, known before it asks: so that all of it is asked at the same time."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial

import luigi

from pipeline.chain.tasks import DeliveryTask, DeployedView, FeedTask
from pipeline.inbound import sources
from pipeline.outbound import evidence, exports, snapshots
from pipeline.outside.cloud import documents, standing, storage, texts, warehouse
from pipeline.run import kept
from pipeline.run.outcome import tasks_below


def of_scheduling(root: luigi.Task, date: dt.date) -> Iterator[Callable[[], object]]:
    """What the scheduling will ask of the outside. Each is a login or a listing, and waits for a server most of its
    time."""
    below = _below_now(root)
    feeds = {task.feed for task in below if isinstance(task, FeedTask)}
    deliveries = {task.delivery for task in below if isinstance(task, DeliveryTask)}
    places = {source.place for feed in feeds for source in feed.sources}
    yield from (partial(sources.look_ahead, place) for place in places)
    frozen = {snapshots.dataset(file) for delivery in deliveries for file in delivery.view_files}
    datasets = {feed.dataset for feed in feeds} | {snapshots.DATASET} | frozen | _views(below).keys()
    yield from (partial(warehouse.find, dataset, "") for dataset in datasets)
    files = [(each.period(date), file) for each in deliveries for file in each.files]
    folders = {f"{feed.folder}/{date}" for feed in feeds} | {f"{exports.folder(file)}/{day}" for day, file in files}
    folders |= {f"{exports.OPEN}/{day}" for day, _ in files} | {f"{documents.OPEN}/{date}"}
    yield from (partial(storage.find, f"{folder}/") for folder in folders | {evidence.LATEST})


def _below_now(root: luigi.Task) -> list[luigi.Task]:
    """The tasks below the root, as far as that is known without waiting for a vendor."""
    with sources.scheduling():
        return tasks_below(root)


def _views(below: list[luigi.Task]) -> dict[str, str]:
    """A view of each dataset of views, by the dataset."""
    return dict(task.view.split(".") for task in below if isinstance(task, DeployedView))


def of_work(root: luigi.Task) -> Iterator[Callable[[], object]]:
    """What a run asks besides that makes something: what stands in the cloud, and the texts of all views (one of each
    dataset looks at all)."""
    yield partial(standing.otherwise, kept.datasets(), kept.rules())
    yield from (partial(texts.of, *view) for view in _views(_below_now(root)).items())
