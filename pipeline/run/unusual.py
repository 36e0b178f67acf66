"""The cause of a hold, where a table shows it: a part's rows today beside its usual rows of the last ten days."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.catalogue import flows
from pipeline.catalogue.feed import Feed
from pipeline.inbound import lastgood
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import history
from pipeline.outbound.history import Usual

# By what share of the usual rows a part must have fewer, or more, to be named: some tables grow each day.
FEWER, MORE = 0.05, 0.5


@dataclass(frozen=True)
class Count:
    """The rows of a feed's part today, and what is usual."""

    feed: str
    part: str
    rows: int
    usual: Usual

    @property
    def beyond(self) -> float:
        """The share by which it is beyond the usual, in parts of what is named: 1 and more is."""
        fewer = (self.usual.low - self.rows) / max(self.usual.low, 1) / FEWER
        return max(fewer, (self.rows - self.usual.high) / max(self.usual.high, 1) / MORE)

    def __str__(self) -> str:
        return f"{self.feed} {self.part} {self.rows:,}, {self.usual}"


def farthest(names: Iterable[str], date: dt.date) -> dict[str, Count]:
    """For each of the deliveries, the part that is farthest from its usual rows; nothing of one whose parts all have
    theirs. Raises PipelineError."""
    inputs = {name: flows.inputs(flows.here()[name]) for name in names}
    counts = _counts({feed for feeds in inputs.values() for feed in feeds}, date)
    odd = sorted((count for count in counts if count.beyond >= 1), key=lambda count: (-count.beyond, count.feed))
    found = {name: [count for count in odd if count.feed in {feed.name for feed in inputs[name]}] for name in inputs}
    return {name: counts[0] for name, counts in found.items() if counts}


def _counts(feeds: Iterable[Feed], date: dt.date) -> list[Count]:
    rows = {(feed.name, part): count for feed in feeds for part, count in _today(feed, date).items()}
    usual = history.usual([*rows], date)
    return [Count(*name, count, usual[name]) for name, count in rows.items() if name in usual]


def _today(feed: Feed, date: dt.date) -> dict[str, int]:
    """The rows of each part of the file that stands for the feed on the date."""
    prepared = PreparedTarget(feed, lastgood.date_of(feed, date)).manifest() or {}
    return dict(prepared.get("part_rows", {}))
