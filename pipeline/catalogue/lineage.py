"""What is made of what: every place, table, view, file and delivery of the catalogue, and the way from one to the next.

    place ─▶ dataset.table ─▶ dataset.view ─▶ delivery/file ─▶ delivery ─▶ place

A name that people say (`named`) is one of these, or a column, which several may have.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline import catalogue
from pipeline.catalogue import agreement, flows, sql
from pipeline.catalogue.delivery import Delivery, LandedCopy
from pipeline.catalogue.feed import Feed
from pipeline.ground.errors import ConfigurationError, did_you_mean

Kind = Literal["place", "feed", "view", "file", "delivery", "column"]


@dataclass(frozen=True, order=True)
class Thing:
    """`name` is its whole name: `dataset.table` of a feed and of a view, `delivery/file` of a file."""

    kind: Kind
    name: str


Edge = tuple[Thing, Thing]


def of_feed(feed: Feed) -> Thing:
    return Thing("feed", f"{feed.dataset}.{feed.name}")


def of_file(delivery: Delivery, name: str) -> Thing:
    return Thing("file", f"{delivery.name}/{name}")


def edges() -> list[Edge]:
    """From each thing to what is made of it directly. Raises ConfigurationError."""
    return list(dict.fromkeys(_edges()))


def _edges() -> Iterator[Edge]:
    for feed in catalogue.feeds().values():
        yield from ((Thing("place", f"{source.place}"), of_feed(feed)) for source in feed.sources)
    for view in sql.names():
        yield from ((_read(name), Thing("view", view)) for name in sql.reads(view))
    for delivery in flows.here().values():
        whole = Thing("delivery", delivery.name)
        for file in delivery.files:
            this = of_file(delivery, file.name)
            copied = isinstance(file, LandedCopy)
            yield (of_feed(catalogue.feeds()[file.feed]) if copied else Thing("view", file.view), this)  # type: ignore[union-attr]
            yield (this, whole)
        yield (whole, Thing("place", f"{delivery.vendor}:{delivery.folder}"))


def _read(name: str) -> Thing:
    """A table or view as a view's text names it; `<table>_previous` is made of the table's feed."""
    return Thing("view" if name in sql.names() else "feed", name.removesuffix("_previous"))


def before(thing: Thing, found: Iterable[Edge]) -> list[Edge]:
    """The edges of all that the thing is made of, however far."""
    return _along(thing, [(end, begin) for begin, end in found], turned=True)


def after(thing: Thing, found: Iterable[Edge]) -> list[Edge]:
    """The edges of all that is made of it."""
    return _along(thing, list(found), turned=False)


def _along(thing: Thing, found: list[Edge], *, turned: bool) -> list[Edge]:
    seen, rest, way = {thing}, [thing], []
    while rest:
        here = rest.pop(0)
        for begin, end in found:
            if begin == here:
                way.append((end, begin) if turned else (begin, end))
                if end not in seen and end.kind != "place":  # the same place is many things' beginning
                    seen.add(end)
                    rest.append(end)
    return way


# --------------------------------------------------------------------------------------------------------------- names


def named(name: str) -> list[Thing]:
    """What is called so: several, where several are. Raises ConfigurationError."""
    known = names()
    if name in known:
        return known[name]
    if columns := {held.lower() for things in _columns().values() for held in things} & {name.lower()}:
        return [Thing("column", next(iter(columns)))]
    meant = [*known, *dict.fromkeys(held for things in _columns().values() for held in things)]
    raise ConfigurationError(
        f"nothing of the catalogue is called {name}",
        expected="a feed, table, view, delivery, vendor, file or column",
        next_step=did_you_mean(name, meant, "correct the name; `morning flows` lists them"),
    )


def names() -> dict[str, list[Thing]]:
    """Everything by the names that people say. A whole name stands for one thing."""
    whole: dict[str, list[Thing]] = {}
    short: dict[str, list[Thing]] = {}
    for thing in dict.fromkeys(each for edge in edges() for each in edge if each.kind != "place"):
        whole[thing.name] = [thing]
        if thing.kind != "delivery":
            short.setdefault(thing.name.partition("/" if thing.kind == "file" else ".")[2], []).append(thing)
    for feed in catalogue.feeds().values():
        whole.setdefault(of_feed(feed).name, [of_feed(feed)])
    for delivery in flows.here().values():
        short.setdefault(delivery.vendor, []).append(Thing("delivery", delivery.name))
    feeds = {feed.name: [of_feed(feed)] for feed in catalogue.feeds().values()}
    return short | feeds | whole


def _columns() -> dict[Thing, tuple[str, ...]]:
    """The columns of each table by its contract, and of each file by its vendor's agreement."""
    found = {of_feed(feed): tuple(c.name for c in feed.contract.columns) for feed in catalogue.feeds().values()}
    for delivery in flows.here().values():
        listed = agreement.of(delivery.vendor).columns
        found |= {of_file(delivery, file.name): tuple(listed.get(file.name, "").split()) for file in delivery.files}
    return found


def with_column(column: str) -> dict[Thing, str]:
    """The tables and files that have the column, as it is written there, in whatever case."""
    return {thing: held for thing, columns in _columns().items() for held in columns if held.lower() == column.lower()}


def mermaid(found: Iterable[Edge]) -> str:
    """The edges as Mermaid's text: a picture in GitHub's and GitLab's Markdown."""
    lines, numbers = ["flowchart LR"], dict[Thing, str]()
    shapes = {"place": "[/{}/]", "feed": "[({})]", "view": "[{}]", "file": ">{}]", "delivery": "([{}])", "column": "{}"}
    for edge in dict.fromkeys(found):
        for thing in edge:
            if thing not in numbers:
                numbers[thing] = f"n{len(numbers)}"
                label = thing.name.replace('"', "#quot;")
                words = shapes[thing.kind].format('"' + label + '"')
                lines.append(f"  {numbers[thing]}{words}")
        lines.append(f"  {numbers[edge[0]]} --> {numbers[edge[1]]}")
    return "\n".join(lines)
