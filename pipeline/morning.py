"""What cron asks for: the morning, the week, and the clock's old steps under their old names.

Order comes from what needs what. The old steps are still there, each runnable alone:

    luigi --module pipeline.morning BigqueryOperations --date 2026-11-23

A weekly delivery is made by `Week`, from the tables of its date, once a week: its key is the week's Monday.
"""

import luigi

from pipeline.catalogue import flows
from pipeline.catalogue.feed import Feed
from pipeline.chain.tasks import DeployedView, LandedFile, delivered, exported, tables

# The vendor name under which the district delivers to itself.
OWN = "district"


class _Step(luigi.WrapperTask):
    """A wrapper for one date: complete when all that it requires is."""

    date: luigi.DateParameter = luigi.DateParameter()


class Morning(_Step):
    """Every feed is loaded, every view that people read deployed, every daily delivery made."""

    last = staticmethod(delivered)

    def requires(self) -> tuple[luigi.Task, ...]:
        views = tuple(DeployedView(date=self.date, view=view) for view in flows.views())
        return (*tables(flows.feeds(), self.date), *views, *self.last(flows.deliveries("daily"), self.date))


class Week(_Step):
    """Every weekly delivery of the date's week is made."""

    last = staticmethod(delivered)

    def requires(self) -> tuple[luigi.Task, ...]:
        return self.last(flows.deliveries("weekly"), self.date)


class MorningRehearsal(Morning):
    """All that `Morning` makes but the last step: what would be given is kept, and nobody is given anything."""

    last = staticmethod(exported)


class WeekRehearsal(Week):
    """All that `Week` makes but the last step."""

    last = staticmethod(exported)


class BigqueryOperations(_Step):
    """Bucket, dataset and tables of `powerschool_combined` and `eis` (the clock's 3:00)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return tables([f for f in flows.feeds() if f.dataset in ("powerschool_combined", "eis")], self.date)


class SftpOperations(_Step):
    """The daily sets are at their vendors (the clock's 5:00)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return delivered([each for each in flows.deliveries("daily") if each.vendor != OWN], self.date)


class SftpOperationsMisc(_Step):
    """The vendors' files of `misc_imports` are landed (the clock's 6:50)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return tuple(
            LandedFile(date=self.date, feed=feed, part=source.name) for feed in _misc() for source in feed.sources
        )


class BigqueryOperationsMisc(_Step):
    """Bucket, datasets and tables of `misc_imports` (the clock's 6:55)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return tables(_misc(), self.date)


class SftpOperationsLocal(_Step):
    """The files that the student information systems import are in their folder (the clock's 7:05)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return delivered([each for each in flows.deliveries() if each.vendor == OWN], self.date)


def _misc() -> list[Feed]:
    """The vendors' feeds; those of `misc_imports_restricted` hold passwords."""
    return [feed for feed in flows.feeds() if feed.dataset in ("misc_imports", "misc_imports_restricted")]
