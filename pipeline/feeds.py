"""Every file that comes in: one row each. Adding a feed is a row here and a schema file; nothing else knows of it."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pipeline import settings, sources
from pipeline.contract import Contract, contract_of
from pipeline.sftp import RemoteFile
from pipeline.sources import DropFolder, SftpFolder, Source


@dataclass(frozen=True)
class Feed:
    """One inbound file, or one file a server that is stacked into one table.

    `name` is the table's name and the feed's own, `folder` its folder in the landing area and in the bucket,
    `file` its name there. A vendor's file belongs to the morning of date D when it was changed between `fresh_from`
    hours before midnight at the beginning of D, and the same time a day later. `due` is the local time at which a
    file that is not there is late. `floor` is the number of rows under which a part's file is not believed.
    `last_line` is "open" for a vendor that writes no line end there, which elsewhere means a file that was cut.
    """

    name: str
    dataset: str
    folder: str
    file: str
    sources: tuple[Source, ...]
    key: tuple[str, ...]
    floor: int = 1
    due: dt.time = dt.time(6, 30)
    fresh_from: int = 6
    tag: str = ""
    delimiter: str = ","
    ignored: tuple[str, ...] = ()
    last_line: Literal["ended", "open"] = "ended"

    @cached_property
    def contract(self) -> Contract:
        """What the feed's files must be. Raises ConfigurationError."""
        return contract_of(
            self.dataset,
            self.name,
            key=self.key,
            floor=self.floor,
            delimiter=self.delimiter,
            tag=self.tag,
            ignored=self.ignored,
            last_line=self.last_line,
        )

    def source(self, part: str) -> Source:
        """The source of that name."""
        return next(source for source in self.sources if source.name == part)

    def newest(self, part: str, date: dt.date) -> RemoteFile | None:
        """The latest file of that part which is fresh for `date`, if there is one. Raises PipelineError."""
        zone = settings.load().district.zone
        begins = dt.datetime.combine(date, dt.time(), zone) - dt.timedelta(hours=self.fresh_from)
        ends = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), zone) - dt.timedelta(hours=self.fresh_from)
        return sources.newest(self.source(part), begins, ends)


def powerschool(stem: str, *key: str, floor: int = 1) -> Feed:
    """The export `<stem>.csv` of both PowerSchool servers, stacked."""
    tag = "district_identification"
    return Feed(
        name=stem,
        dataset="powerschool_combined",
        folder="powerschool_combined",
        file=f"{stem}.csv",
        sources=tuple(
            Source(server, DropFolder(f"powerschool_{server.lower()}"), f"{stem}.csv") for server in ("RSD", "BLF")
        ),
        key=(tag, *(key or ("id",))),
        floor=floor,
        due=dt.time(5, 0),
        tag=tag,
    )


def savvas(kind: str, *key: str) -> Feed:
    """The newest score file of that kind on SAVVAS's server."""
    return Feed(
        name=f"savvas_{kind.lower()}_scores",
        dataset="misc_imports",
        folder="misc_imports",
        file=f"savvas_{kind.lower()}_scores.csv",
        sources=(Source("savvas", SftpFolder("savvas", "/scores"), f"SAVVAS_Realize_{kind}_Scores*.csv"),),
        key=key,
    )


FEEDS = {
    feed.name: feed
    for feed in (
        powerschool("schools", "school_number"),
        powerschool("students", floor=50),
        powerschool("teachers", floor=5),
        powerschool("courses", floor=5),
        powerschool("sections", floor=5),
        powerschool("cc", floor=50),
        powerschool("terms", "id", "schoolid"),
        powerschool("attendance"),
        powerschool("attendance_code"),
        powerschool("calendar_day", floor=100),
        replace(powerschool("incidents", "incident_id"), floor=0),  # a quiet school has none
        savvas("Assessment", "student_id", "class", "assessment", "submit_date"),
        savvas("Standards", "student_id", "class", "standard_code", "submit_date"),
    )
}


def of_table(name: str) -> Feed | None:
    """The feed that fills `dataset.table`, if one does."""
    dataset, _, table = name.partition(".")
    feed = FEEDS.get(table)
    return feed if feed and feed.dataset == dataset else None
