"""What cron asks for: the morning, the week, and the clock's old steps under their old names.

Order comes from what needs what. The old steps are still there, each runnable alone:

    luigi --module pipeline.morning BigqueryOperations --date 2026-11-23

A weekly delivery is made by `Week`, from the tables of its date, once a week: its key is the week's Monday.
"""

import luigi

from pipeline.chain import LandedFile, delivered, tables
from pipeline.deliveries import DELIVERIES
from pipeline.feeds import FEEDS

# The vendor name under which the district delivers to itself.
OWN = "district"


class _Step(luigi.WrapperTask):
    """A wrapper for one date: complete when all that it requires is."""

    date: luigi.DateParameter = luigi.DateParameter()


class Morning(_Step):
    """Every feed is loaded, every daily delivery made."""

    def requires(self) -> tuple[luigi.Task, ...]:
        daily = [delivery for delivery in DELIVERIES.values() if delivery.cadence == "daily"]
        return (*tables(FEEDS.values(), self.date), *delivered(daily, self.date))


class Week(_Step):
    """Every weekly delivery of the date's week is made."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return delivered([each for each in DELIVERIES.values() if each.cadence == "weekly"], self.date)


class BigqueryOperations(_Step):
    """Bucket, dataset and tables of `powerschool_combined` and `eis` (the clock's 3:00)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return tables([f for f in FEEDS.values() if f.dataset in ("powerschool_combined", "eis")], self.date)


class SftpOperations(_Step):
    """The daily sets are at their vendors (the clock's 5:00)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        daily = [each for each in DELIVERIES.values() if each.cadence == "daily" and each.vendor != OWN]
        return delivered(daily, self.date)


class SftpOperationsMisc(_Step):
    """The vendors' files of `misc_imports` are landed (the clock's 6:50)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        misc = [feed for feed in FEEDS.values() if feed.dataset == "misc_imports"]
        return tuple(
            LandedFile(date=self.date, feed=feed, part=source.name) for feed in misc for source in feed.sources
        )


class BigqueryOperationsMisc(_Step):
    """Bucket, dataset and tables of `misc_imports` (the clock's 6:55)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return tables([feed for feed in FEEDS.values() if feed.dataset == "misc_imports"], self.date)


class SftpOperationsLocal(_Step):
    """The files that the student information systems import are in their folder (the clock's 7:05)."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return delivered([each for each in DELIVERIES.values() if each.vendor == OWN], self.date)
