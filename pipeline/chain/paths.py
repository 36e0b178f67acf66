"""What begins first: of what is sent, that from which the way to a vendor is the longest; then the larger file.

Of the tasks that may begin, Luigi begins the one of the highest priority. A morning ends when the longest way through
its tasks ends. So a task on a long way must not wait for one on a short way. How long a way is comes from the catalogue
and from the usual seconds of each stage: nobody outside is asked for it.
"""

from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue import flows, sql
from pipeline.catalogue.feed import of_table
from pipeline.ground import settings
from pipeline.ground.errors import PipelineError

# Seconds of a task of each stage: rounded medians of a morning where everything takes as long as at the real services
# (bench/README.md, "Many feeds"). Only their ratios count. Nearly every view is unchanged; so many of them in a row are
# longer than few.
SECONDS = {
    "LandedFile": 0.1,
    "PreparedFile": 0.1,
    "StoredObject": 0.1,
    "LoadedTable": 5.0,
    "LoadedPrevious": 5.0,
    "DeployedView": 0.1,
    "Snapshot": 4.0,
    "CheckedSet": 8.0,
    "ExportedFile": 0.3,
    "DeliveredSet": 3.0,
}
# A priority is made of these, the highest first: whether it is sent, tenths of seconds that are left, and KiB.
SENT, TENTH = 1 << 44, 1 << 32
# A stage of a feed or view, by name; of a set the stage alone: the way is the same for all.
Stage = tuple[str, str]
_FEED = ("LandedFile", "PreparedFile", "StoredObject", "LoadedTable")
_SET = ("Snapshot", "CheckedSet", "ExportedFile", "DeliveredSet")


def priority(stage: str, name: str = "", size: int = 0) -> int:
    """The priority of the stage of a feed or view of that name, or of a set; `size` are the bytes of a feed's file. 0
    where the catalogue is not as it must be: whoever makes it says so."""
    try:
        given, left = _left(known(catalogue.folder(), tuple(settings.load().district.off)), (stage, name))
    except PipelineError:
        return 0
    return SENT * given + TENTH * min(round(10 * left), SENT // TENTH - 1) + min(size >> 10, TENTH - 1)


def _left(above: "Above", stage: Stage) -> tuple[bool, float]:
    """Whether the stage leads to a vendor, and the seconds of the longest way there; of what leads to none, of any."""
    if stage not in above.known:
        longest = max((_left(above, each) for each in above.stages[stage]), default=(stage[0] == _SET[-1], 0.0))
        above.known[stage] = longest[0], longest[1] + SECONDS[stage[0]]
    return above.known[stage]


class Above:
    """What is made of each stage, as the catalogue says it; and what is known of the ways from there."""

    def __init__(self) -> None:
        self.stages: defaultdict[Stage, set[Stage]] = defaultdict(set)
        self.known: dict[Stage, tuple[bool, float]] = {}


@cache
def known(_catalogue: Path, off: tuple[str, ...]) -> Above:
    """What the catalogue says, where these flows are off. Raises ConfigurationError."""
    found = Above()
    for below, above in pairwise(_SET):
        found.stages[below, ""].add((above, ""))
    for feed in catalogue.feeds():
        for below, above in pairwise(_FEED):
            found.stages[below, feed].add((above, feed))
    for view in sql.names():
        for name in sql.reads(view):
            found.stages[_read(found, name)].add(("DeployedView", view))
    for delivery in flows.here().values():
        if delivery.name not in off:
            for file in delivery.view_files:
                found.stages["DeployedView", file.view].add(("Snapshot", ""))
            for feed_ in delivery.copied:
                found.stages["StoredObject", feed_.name].add(("CheckedSet", ""))
    return found


def _read(found: Above, name: str) -> Stage:
    """What makes the table or view that a view reads."""
    feed = of_table(name.removesuffix("_previous"))
    if feed is None:
        return "DeployedView", name
    if name.endswith("_previous"):
        found.stages["LoadedTable", feed.name].add(("LoadedPrevious", feed.name))
        return "LoadedPrevious", feed.name
    return "LoadedTable", feed.name
