"""What a file that comes in is: the words of its row in the catalogue's feeds.py."""

import datetime as dt
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipeline import catalogue
from pipeline.catalogue.contract import Contract, contract_of
from pipeline.catalogue.days import Days, SaysSchoolDays
from pipeline.catalogue.place import Source
from pipeline.ground import manifests, settings

Layout = Literal["known", "partly known", "modelled"]
# Makes the plain CSV (second path) of a file as it landed (first). Raises ContractBroken.
Reader = Callable[[Path, Path], Any]


@dataclass(frozen=True)
class Feed:
    """One inbound file, or one file a server that is stacked into one table.

    `name` is the table's name and the feed's own, `folder` its folder in the landing area and in the bucket,
    `file` its name there. A vendor's file belongs to the morning of date D when it was changed between `fresh_from`
    hours before midnight at the beginning of D, and so many before the next midnight. `due` is the local time at which
    a file that is not there is late, and `deadline` that at which something is broken, on the `days` on which one is
    expected; one that comes on another day is taken all the same. `floor` is the number of rows
    under which a part's file is not believed.
    `tag` and `dated` name columns of ours: the part's name, and the morning's date of the file.
    `last_line` is "open" for a vendor that writes no line end there, which elsewhere means a file that was cut.
    `trimmed` are columns of which what cannot be seen is taken out (and told); elsewhere it refuses the file.
    `landing_days` is how many days old our copies are when they are purged, where that is sooner than luigi.cfg's.
    `repeats` is how many mornings in a row the same bytes are believed; without it they are only told.
    `reader` makes a plain CSV of a file that is none; the contract is that of the plain one.
    `last_good_days` lets a feed whose file is not there at the deadline go on with that of an earlier morning, at most
    so many days old and not purged yet; without it, what needs the feed waits.
    `says` names the columns of a calendar, where the file is one. `layout` tells whether the columns are the vendor's
    published ones or modelled by us.
    """

    name: str
    dataset: str
    folder: str
    file: str
    sources: tuple[Source, ...]
    key: tuple[str, ...]
    floor: int = 1
    days: Days = "school days"
    due: dt.time = dt.time(6, 30)
    deadline: dt.time = dt.time(10, 0)
    fresh_from: int = 6
    tag: str = ""
    dated: str = ""
    delimiter: str = ","
    ignored: tuple[str, ...] = ()
    last_line: Literal["ended", "open"] = "ended"
    trimmed: tuple[str, ...] = ()
    landing_days: int | None = None
    repeats: int | None = None
    last_good_days: int = 0
    reader: Reader | None = None
    says: SaysSchoolDays | None = None
    layout: Layout = "modelled"

    def __hash__(self) -> int:
        """Of the name alone: a feed is asked for thousands of times a run, and two of a name are of two catalogues."""
        return hash(self.name)

    def __repr__(self) -> str:
        """Short: Luigi writes one for each task that it makes."""
        return f"Feed({self.name!r})"

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
            dated=self.dated,
            ignored=self.ignored,
            last_line=self.last_line,
            trimmed=self.trimmed,
            reading=fingerprint(self.reader) if self.reader else "",
        )

    def source(self, part: str) -> Source:
        """The source of that name."""
        return next(source for source in self.sources if source.name == part)

    def hours(self, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """When a file must have been changed to belong to the morning of `date`: from, and before; both in UTC."""
        moment, earlier = settings.load().district.moment, dt.timedelta(hours=self.fresh_from)
        return moment(date, dt.time()) - earlier, moment(date + dt.timedelta(days=1), dt.time()) - earlier


def fingerprint(reader: Reader) -> str:
    """Changes when another function reads the file, or when the code of the module in which it stands does."""
    code = Path(inspect.getsourcefile(reader) or "").read_bytes()
    return manifests.fingerprint(getattr(reader, "__qualname__", repr(reader)), hashlib.sha256(code).hexdigest())


def of_table(name: str) -> Feed | None:
    """The feed that fills `dataset.table`, if one does."""
    dataset, _, table = name.partition(".")
    feed = catalogue.feeds().get(table)
    return feed if feed and feed.dataset == dataset else None
