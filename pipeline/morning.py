"""What cron asks for: the morning, the week, and the clock's old steps under their old names.

Order comes from what needs what. The old steps are still there, each runnable alone:

    luigi --module pipeline.morning BigqueryOperations --date 2026-11-23

A weekly delivery is made by `Week`, from the tables of its date, once a week: its key is the week's Monday.
"""

import datetime as dt
from collections.abc import Iterable

import luigi

from pipeline.catalogue import flows, sql
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.place import PortalReport
from pipeline.chain import by_hand
from pipeline.chain.tasks import DeployedView, LandedFile, delivered, exported, tables
from pipeline.inbound import expected, lastgood
from pipeline.outbound.wanted import wanted

if by_hand.is_it():
    by_hand.tell()
# The vendor name under which the district delivers to itself.
OWN = "district"


class _Step(luigi.WrapperTask):
    """A wrapper for one date: complete when all that it requires is."""

    date: luigi.DateParameter = luigi.DateParameter()


class Morning(_Step):
    """Every feed is loaded, every view that people read deployed, every daily delivery made.

    It asks for that by the clock's steps, as far as these go: a district may have other datasets and vendors. (What is
    landed lies below what is loaded, so that an old date's files are not asked for once their tables hold a later one.)
    """

    last = staticmethod(delivered)

    def requires(self) -> tuple[luigi.Task, ...]:
        tables = _loaded(flows.feeds(), self.date)
        views = tuple(DeployedView(date=self.date, view=view) for view in flows.views() if self._has(view))
        sets = self.last(_wanted("daily", self.date), self.date)
        steps = tuple(step for step in self._steps() if step.deps())  # type: ignore[no-untyped-call]
        taken = {task.task_id for step in steps for task in step.deps()}  # type: ignore[no-untyped-call]
        return (*steps, *(task for task in (*tables, *views, *sets) if task.task_id not in taken))

    def _steps(self) -> tuple[luigi.Task, ...]:
        made = (BigqueryOperations(date=self.date), BigqueryOperationsMisc(date=self.date))
        return (*made, SftpOperations(date=self.date), SftpOperationsLocal(date=self.date))

    def _has(self, view: str) -> bool:
        """Whether the date has a file of all that the view reads."""
        feeds = [of_table(name.removesuffix("_previous")) for name in sql.tables_below(view)]
        return all(lastgood.held(feed, self.date) for feed in feeds if feed)


class Week(_Step):
    """Every weekly delivery of the date's week is made."""

    last = staticmethod(delivered)

    def requires(self) -> tuple[luigi.Task, ...]:
        return self.last(_wanted("weekly", self.date), self.date)


class MorningRehearsal(Morning):
    """All that `Morning` makes but the last step: what would be given is kept, and nobody is given anything."""

    last = staticmethod(exported)

    def _steps(self) -> tuple[luigi.Task, ...]:
        return (BigqueryOperations(date=self.date), BigqueryOperationsMisc(date=self.date))


class WeekRehearsal(Week):
    """All that `Week` makes but the last step."""

    last = staticmethod(exported)


class Only(_Step):
    """One feed's table, or one delivery, with all that it needs; `flow` is its name."""

    flow: luigi.Parameter[str] = luigi.Parameter()
    last = staticmethod(delivered)

    def requires(self) -> tuple[luigi.Task, ...]:
        feeds = [feed for feed in flows.feeds() if feed.name == self.flow]
        sets = [delivery for delivery in flows.deliveries() if delivery.name == self.flow]
        return (*tables(feeds, self.date), *self.last(sets, self.date))


class OnlyRehearsal(Only):
    """All that `Only` makes but the last step."""

    last = staticmethod(exported)


class BigqueryOperations(_Step):
    """Bucket, dataset and tables of `powerschool_combined` and `eis` (the clock's 3:00)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return _loaded([f for f in flows.feeds() if f.dataset in ("powerschool_combined", "eis")], self.date)


class SftpOperations(_Step):
    """The daily sets are at their vendors (the clock's 5:00)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return delivered([each for each in _wanted("daily", self.date) if each.vendor != OWN], self.date)


class SftpOperationsMisc(_Step):
    """The vendors' files of `misc_imports` are landed (the clock's 6:50)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        expected.look_ahead(flows.feeds(), self.date)
        return tuple(each for feed in _misc() for each in _landed(feed, self.date))


class BigqueryOperationsMisc(_Step):
    """Bucket, datasets and tables of `misc_imports` (the clock's 6:55)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return _loaded(_misc(), self.date)


class SftpOperationsLocal(_Step):
    """The files that the student information systems import are in their folder (the clock's 7:05)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return delivered([each for each in _wanted("daily", self.date) if each.vendor == OWN], self.date)


def _loaded(feeds: Iterable[Feed], date: dt.date) -> tuple[luigi.Task, ...]:
    """The tables of these feeds, of which the date has a file: its own, which is expected or came all the same, or an
    older one that stands for it. Of a file that came in part, and was not expected, what came is landed."""
    expected.look_ahead(flows.feeds(), date)
    found = [*feeds]
    rest = [each for feed in found if not expected.asked(feed, date) for each in _landed(feed, date)]
    return (*tables([feed for feed in found if lastgood.held(feed, date)], date), *rest)


def _landed(feed: Feed, date: dt.date) -> list[luigi.Task]:
    """The feed's files landed, as far as they are expected or came all the same; the portal has a step of its own."""
    parts = [source.name for source in feed.sources if not isinstance(source.place, PortalReport)]
    if not expected.asked(feed, date):
        parts = [part for part in parts if part in expected.parts(feed, date)]
    return [LandedFile(date=date, feed=feed, part=part) for part in parts]


def _wanted(cadence: str, date: dt.date) -> list[Delivery]:
    """The sets of that cadence that the date asks for."""
    expected.look_ahead(flows.feeds(), date)
    return [each for each in flows.deliveries(cadence) if wanted(each, date)]


def _misc() -> list[Feed]:
    """The vendors' feeds; those of `misc_imports_restricted` hold passwords."""
    return [feed for feed in flows.feeds() if feed.dataset in ("misc_imports", "misc_imports_restricted")]
