"""Whether what inbound files say of each other holds: each `key of` of a schema, asked of the loaded tables.

No contract of one file can ask it: cc.csv would wait for students.csv, and a file that is late would stop those that
are there. Each of the two keeps its contract, and which of them is wrong only a person can say. So it is asked where
both are needed anyway, before a set goes, and what does not hold puts the set on hold.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.schemas import Column
from pipeline.outbound.checks import Check
from pipeline.outside.cloud import warehouse


@dataclass(frozen=True)
class Reference:
    """A column of a feed, and the feed whose key it holds under the same tag."""

    feed: Feed
    column: Column
    to: Feed

    @property
    def key(self) -> str:
        """The key's column beside the tag."""
        return next(name for name in self.to.key if name != self.to.tag)


def of(file: ViewFile) -> Iterator[Reference]:
    """The references between the tables that the file's view reads."""
    feeds = {feed.name: feed for feed in flows.feeds_below(file.view)}
    for feed in feeds.values():
        for column in feed.contract.columns:
            if column.refers in feeds:
                yield Reference(feed, column, catalogue.feeds()[column.refers])


def counted(files: Iterable[ViewFile]) -> dict[str, dict[str, Any]]:
    """What is counted of the references of all these files, by one query: files of a set are made of the same tables.
    Raises WarehouseError."""
    wanted = {_name(each): each for file in files for each in of(file)}
    if not wanted:
        return {}
    found = warehouse.ask(" UNION ALL ".join(map(query, wanted.values())), "checking what the files are made of")
    return {str(row["name"]): row for row in found}


def checks(file: ViewFile, found: Mapping[str, Mapping[str, Any]]) -> list[Check]:
    """A check for each reference of the file, of what `counted` found."""
    return [judged(file.name, each, found[_name(each)]) for each in of(file)]


def query(reference: Reference) -> str:
    """SELECT of one row: the reference's name, how many values there are, and how many no key."""
    feed, to, column = reference.feed, reference.to, reference.column.name
    same = f" AND held.`{to.tag}` = told.`{feed.tag}`" if to.tag else ""
    return (
        f"SELECT '{_name(reference)}' AS name, COUNT(*) AS present, COUNTIF(held.`{reference.key}` IS NULL) AS lost "  # noqa: S608
        f"FROM `{feed.dataset}.{feed.name}` AS told LEFT JOIN `{to.dataset}.{to.name}` AS held "
        f"ON held.`{reference.key}` = told.`{column}`{same} WHERE COALESCE(told.`{column}`, '') != ''"
    )


def _name(reference: Reference) -> str:
    return f"{reference.feed.name}.{reference.column.name}"


def judged(file: str, reference: Reference, counted: Mapping[str, Any]) -> Check:
    """What the row of `query` says."""
    lost, present = int(counted["lost"]), int(counted["present"])
    most = int(reference.column.tolerated * present)
    name = f"values of {_name(reference)} that are not in {reference.to.name}"
    return Check(file, name, lost, f"at most {most}" if most else "0", lost <= most)
