"""The chain: one task for each state that a morning makes true, in the order in which they come true.

    vendor ─▶ VendorFile ─▶ LandedFile ─▶ PreparedFile ─▶ StoredObject ─▶ LoadedTable ─▶ DeployedView
                                                                                             │
                   vendor ◀─ DeliveredSet ◀─ ExportedFile ◀─ CheckedSet ◀─ Snapshot ◀────────┘

A task is complete when the tasks below it are and its target exists, and a target exists only with the fingerprints
of its inputs as they are now (pipeline.inbound.evidence). So Luigi, which looks below a task only when that task is
incomplete, finds whatever is missing or stale anywhere below the wrapper. When a task's turn comes and its target
exists after all (its input was made again, with the same bytes), it does nothing and says "unchanged".
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

import luigi

from pipeline.catalogue import sql
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.place import PortalReport, Source
from pipeline.chain import paths, portal
from pipeline.chain.base import ChainTask, DatedTask, DeliveryParameter, FeedParameter
from pipeline.ground import border, secrets
from pipeline.ground.errors import PipelineError
from pipeline.ground.progress import Made, Meter
from pipeline.inbound import lastgood, lateness, reports, sources, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget, VendorFileTarget
from pipeline.outbound import evidence, exports, giving, snapshots, verdicts, views
from pipeline.outbound.evidence import ReceiptTarget
from pipeline.outbound.exports import NeededTarget
from pipeline.outside.cloud.evidence import ObjectTarget, TableTarget, ViewTarget


class FeedTask(ChainTask):
    """A state of one feed."""

    feed: FeedParameter = FeedParameter()

    @property
    def priority(self) -> int:  # type: ignore[override]
        """By what is made of it, then by the feed's bytes at its vendors, where somebody could look: what takes long
        begins first."""
        try:
            files = [sources.newest_of(self.feed, source.name, self.date) for source in self.feed.sources]
        except PipelineError:
            files = []
        size = sum(file.size for file in files if file)
        return paths.priority(self.task_family, self.feed.name, size)

    def flow(self) -> str:
        return self.feed.name


class VendorFile(DatedTask, luigi.ExternalTask):
    """The newest match of the pattern is at the vendor, fresh for the date, and stands still.

    Nothing here makes it so, and Luigi has it wait. After the feed's deadline it fails, with what is there instead.
    """

    feed: FeedParameter = FeedParameter()
    part: luigi.Parameter[str] = luigi.Parameter()

    def output(self) -> VendorFileTarget:
        return VendorFileTarget(self.feed, self.part, self.date)

    @property
    def run(self) -> Callable[[], None] | None:  # type: ignore[override]
        """None is Luigi's word for a task that only somebody else can make true."""
        return self._fail if lateness.overdue(self.feed, self.date) else None

    def _fail(self) -> None:
        with border.around(f"{self.task_family} {self.feed.name} {self.part}", "looking what is there instead"):
            raise lateness.of(self.feed, self.part, self.date).error()

    def on_failure(self, exception: BaseException) -> str:
        """What the visualiser shows. The run's end tells it by itself, of every file that is overdue."""
        return secrets.told(exception)


class LandedFile(FeedTask):
    """Our byte-for-byte copy of the part's file is in the bucket; a report of the portal is kept on disk alone."""

    part: luigi.Parameter[str] = luigi.Parameter()

    def requires(self) -> tuple[luigi.Task, ...]:
        return (VendorFile(date=self.date, feed=self.feed, part=self.part),)

    def output(self) -> LandedTarget:
        return LandedTarget(self.feed, self.part, self.date)

    def complete(self) -> bool:
        self._just_ran = False
        return self.answered(self.output().exists)  # the vendor may have taken the file away since

    def run(self) -> Iterator[luigi.Task]:  # type: ignore[override]
        """A vendor who had not answered when this was scheduled is waited for here, and by nobody else; when its file
        is not there after all, this task goes back to the scheduler and waits for it, as it would have then."""
        (there,) = self.requires()
        with border.around(f"{self.task_family} {self.of()}", "looking for it"):
            waits = not self.output().exists() and not there.complete()  # type: ignore[no-untyped-call]
        if waits:
            yield there
        super().run()

    def make(self) -> Made:
        return steps.land(self.output(), Meter(self, self.of()))

    def of(self) -> str:
        return f"{self.feed.name} {self.part}"


def landed(feed: Feed, source: Source, date: dt.date) -> luigi.Task:
    """What makes it true that the source's file is landed."""
    if isinstance(source.place, PortalReport):
        return next(step(date=date) for step in portal.STEPS if source.place.report in step.reports)
    return LandedFile(date=date, feed=feed, part=source.name)


def _anywhere(feed: Feed) -> bool:
    """Whether any machine can prepare and store it: a download of the portal's, and what is made of it, is on one disk
    until then."""
    return not any(isinstance(source.place, PortalReport) for source in feed.sources)


class PreparedFile(FeedTask):
    """The feed's contract holds, and all its parts are one normalised CSV."""

    on_disk = True

    @property
    def anywhere(self) -> bool:  # type: ignore[override]
        return _anywhere(self.feed)

    def requires(self) -> tuple[luigi.Task, ...]:
        return tuple(dict.fromkeys(landed(self.feed, source, self.date) for source in self.feed.sources))

    def output(self) -> PreparedTarget:
        return PreparedTarget(self.feed, self.date)

    def make(self) -> Made:
        return steps.prepare(self.output())


class StoredObject(FeedTask):
    """That CSV is in the bucket, under the feed's folder and the date."""

    @property
    def anywhere(self) -> bool:  # type: ignore[override]
        return _anywhere(self.feed)

    def requires(self) -> tuple[luigi.Task, ...]:
        return (PreparedFile(date=self.date, feed=self.feed),)

    def output(self) -> ObjectTarget:
        return steps.stored_target(self.feed, self.date)

    def make(self) -> Made:
        return steps.store(self.feed, self.date)


class LoadedTable(FeedTask):
    """The table holds the rows of that object, or those of a later date; of an earlier one, where the row allows it."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return (StoredObject(date=lastgood.date_of(self.feed, self.date), feed=self.feed),)

    def output(self) -> TableTarget:
        return steps.loaded_target(self.feed, self.date)

    def superseded(self) -> bool:
        as_of = TableTarget(self.feed.dataset, self.feed.name, {}).as_of()
        return as_of is not None and as_of > self.date

    def make(self) -> Made:
        return steps.load(self.feed, self.date)


class LoadedPrevious(FeedTask):
    """`<table>_previous` holds the rows of the feed's last report before the date; it goes on with the table only, or
    the same report would be compared with itself until today's is there."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return (LoadedTable(date=self.date, feed=self.feed),)

    def output(self) -> TableTarget:
        return reports.previous_target(self.feed, self.date)

    def superseded(self) -> bool:
        return LoadedTable(date=self.date, feed=self.feed).superseded()

    def make(self) -> Made:
        return reports.load_previous(self.feed, self.date)


class DeployedView(ChainTask):
    """The warehouse's text of the view is that of its .sql file."""

    view: luigi.Parameter[str] = luigi.Parameter()

    @property
    def priority(self) -> int:  # type: ignore[override]
        return paths.priority(self.task_family, self.view)

    def requires(self) -> tuple[luigi.Task, ...]:
        return tuple(self._below(name) for name in sql.reads(self.view))

    def _below(self, name: str) -> luigi.Task:
        before = name.endswith("_previous")
        feed = of_table(name.removesuffix("_previous"))
        if feed and before:
            return LoadedPrevious(date=self.date, feed=feed)
        return LoadedTable(date=self.date, feed=feed) if feed else DeployedView(date=self.date, view=name)

    def output(self) -> ViewTarget:
        dataset, _, view = self.view.partition(".")
        return ViewTarget(dataset, view, sql.text(self.view))

    def make(self) -> Made:
        return views.deploy(self.view)

    def flow(self) -> str:
        return self.view


class DeliveryTask(ChainTask):
    """A state of one delivery. It is passed by when somebody discarded it, when a later one has gone out, when its
    tables hold a later date, or when it was given and is given once a period."""

    delivery: DeliveryParameter = DeliveryParameter()

    @property
    def priority(self) -> int:  # type: ignore[override]
        return paths.priority(self.task_family)

    def superseded(self) -> bool:
        return bool(verdicts.passed_by(self.delivery, self.date)) or (self._once() and self._receipt().for_the_period())

    def _once(self) -> bool:
        """Whether it is given once a period."""
        return self.delivery.again == "never-same-day"

    def _receipt(self) -> ReceiptTarget:
        return evidence.receipt_target(self.delivery, self.date)

    def flow(self) -> str:
        return self.delivery.name


class FileTask(DeliveryTask):
    """A state of one file of a delivery."""

    file: luigi.Parameter[str] = luigi.Parameter()

    def of(self) -> str:
        return f"{self.delivery.name}/{self.file}"


class Snapshot(FileTask):
    """The rows of one of the delivery's views are frozen, from the tables and the SQL of now."""

    def _view_file(self) -> ViewFile:
        return next(file for file in self.delivery.view_files if file.name == self.file)

    def requires(self) -> tuple[luigi.Task, ...]:
        return (DeployedView(date=self.date, view=self._view_file().view),)

    def output(self) -> TableTarget:
        return snapshots.snapshot_target(self.delivery, self._view_file(), self.date)

    def make(self) -> Made:
        return snapshots.freeze(self.delivery, self._view_file(), self.date)


class CheckedSet(DeliveryTask):
    """Every file of the delivery passed every check, or a person released it."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return (
            *(Snapshot(date=self.date, delivery=self.delivery, file=file.name) for file in self.delivery.view_files),
            *(StoredObject(date=lastgood.date_of(feed, self.date), feed=feed) for feed in self.delivery.copied),
        )

    def output(self) -> ObjectTarget:
        return evidence.verdict_target(self.delivery, self.date)

    def make(self) -> Made:
        """The files' rows come out of the warehouse meanwhile."""
        with exports.begun(self.delivery, self.date):
            return verdicts.check(self.delivery, self.date)


class ExportedFile(FileTask):
    """The exact bytes of the file that the vendor gets are in the bucket, as long as they are needed."""

    def _file(self) -> ViewFile | LandedCopy:
        return next(file for file in self.delivery.files if file.name == self.file)

    def requires(self) -> tuple[luigi.Task, ...]:
        return (CheckedSet(date=self.date, delivery=self.delivery),)

    def output(self) -> NeededTarget:
        return exports.needed_target(self.delivery, self._file(), self.date)

    def make(self) -> Made:
        return exports.export(self.delivery, self._file(), self.date)


class DeliveredSet(DeliveryTask):
    """The vendor was given the whole set, and the receipt says so."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return exported([self.delivery], self.date)

    @property
    def priority(self) -> int:  # type: ignore[override]
        """A set that a killed run left half-way at its vendor comes first."""
        half_way = evidence.trail_path(self.delivery.name).exists()
        return super().priority + paths.SENT * half_way

    def output(self) -> ReceiptTarget:
        return self._receipt()

    def superseded(self) -> bool:
        """Of what was looked at and never given only when a person or a later set has ended it; also by itself, where
        a set is given once a period: then what it was made of does not matter any more."""
        return (self._once() and self.output().exists()) or verdicts.ended(self.delivery, self.date)

    def make(self) -> Made:
        return giving.deliver(self.delivery, self.date, Meter(self, self.of()))


def tables(feeds: Iterable[Feed], date: dt.date) -> tuple[luigi.Task, ...]:
    """The loaded tables of these feeds."""
    return tuple(LoadedTable(date=date, feed=feed) for feed in feeds)


def exported(deliveries: Iterable[Delivery], date: dt.date) -> tuple[luigi.Task, ...]:
    """The files of these deliveries, as they would be given."""
    return tuple(
        ExportedFile(date=date, delivery=delivery, file=file.name) for delivery in deliveries for file in delivery.files
    )


def delivered(deliveries: Iterable[Delivery], date: dt.date) -> tuple[luigi.Task, ...]:
    """These deliveries, made."""
    return tuple(DeliveredSet(date=date, delivery=delivery) for delivery in deliveries)
