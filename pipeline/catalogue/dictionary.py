"""The data dictionary of a district, in Markdown, from its catalogue alone: `flows.md` and `tables.md`.

flows.md    every file that comes in and what it must be; every set that goes out, its files, and who gets which column
tables.md   every table with its columns: type, form, and what it is
"""

from collections.abc import Iterable, Iterator

from pipeline import catalogue
from pipeline.catalogue import agreement, explaining, flows, lineage, sql
from pipeline.catalogue.days import spelled
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.lineage import Edge
from pipeline.outside.cloud import warehouse

_MADE = """Written by `./morning dictionary --to DIR` from the catalogue; what is edited here is lost. A layout that is
`known` is the vendor's published one; one that is `modelled` is ours, to be compared with a real file."""


def pages() -> dict[str, str]:
    """The text of each page by its name. Raises ConfigurationError."""
    return {"flows.md": "\n".join(_flows()) + "\n", "tables.md": "\n".join(_tables()) + "\n"}


def _flows() -> Iterator[str]:
    yield from ("# What flows", "", _MADE, "", flows.table(), "", "## What comes in", "")
    yield from _markdown(("table", "part: place, file", "layout", "it must be"), map(_feed, catalogue.feeds().values()))
    yield from ("", "## What goes out")
    found = lineage.edges()
    for delivery in catalogue.deliveries().values():
        yield from _delivery(delivery, found)


def _feed(feed: Feed) -> tuple[str, ...]:
    sources = "<br>".join(f"{source.name}: {source.place}, `{source.pattern}`" for source in feed.sources)
    return _link(feed), sources, feed.layout, "<br>".join(explaining.contract(feed))


def _link(feed: Feed) -> str:
    name = f"{feed.dataset}.{feed.name}"
    return f"[`{name}`](tables.md#{name.replace('.', '').lower()})"


def _delivery(delivery: Delivery, found: list[Edge]) -> Iterator[str]:
    terms = agreement.of(delivery.vendor)
    ends = f", to {terms.until}" if terms.until else ""
    yield from ("", f"### {delivery.name}", "")
    where = f"`{delivery.vendor}:{delivery.folder}`"
    often = f"{delivery.cadence.capitalize()}, on {spelled(delivery.days)},"
    yield f"{often} to {where}, by {terms.name} ({terms.basis}){ends}."
    yield ""
    rows = [_file(delivery, file, terms.columns.get(file.name, "").split(), found) for file in delivery.files]
    yield from _markdown(("file", "made of", "layout", "whose rows", "columns that the agreement lists"), rows)


def _file(delivery: Delivery, file: ViewFile | LandedCopy, columns: list[str], found: list[Edge]) -> tuple[str, ...]:
    if isinstance(file, LandedCopy):
        feed = catalogue.feeds()[file.feed]
        return f"`{file.name}`", f"{_link(feed)}, as it landed", feed.layout, _whose(file, [feed]), _code(columns)
    tables = flows.feeds_below(file.view)
    made = f"view `{file.view}`, of {', '.join(map(_link, tables))}"
    return f"`{file.name}`", made, file.layout, _whose(file, tables), _code(columns)


def _whose(file: ViewFile | LandedCopy, feeds: Iterable[Feed]) -> str:
    """What is personal in it, as far as the catalogue says so."""
    told = [f"students, by `{file.student}`"] if file.student else []
    told += ["restricted: it reads a table with passwords"] if any(map(_restricted, feeds)) else []
    return "; ".join(told)


def _restricted(feed: Feed) -> bool:
    return warehouse.restricted(feed.dataset)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _tables() -> Iterator[str]:
    yield from ("# What stands in the tables", "", _MADE)
    found = lineage.edges()
    for feed in catalogue.feeds().values():
        yield from _table(feed, found)
    yield from ("", "## Views", "")
    rows = ((f"`{view}`", _code(sql.reads(view)), _first(view)) for view in sql.names())
    yield from _markdown(("view", "reads", "it is"), rows)


def _table(feed: Feed, found: list[Edge]) -> Iterator[str]:
    after = [end.name for _, end in lineage.after(lineage.of_feed(feed), found) if end.kind == "file"]
    yield from ("", f"## {feed.dataset}.{feed.name}", "")
    places = ", ".join(dict.fromkeys(f"{source.place}" for source in feed.sources))
    yield f"From {places}; layout {feed.layout}; key {_code(feed.key)}."
    if _restricted(feed):
        yield "Access is restricted: it holds passwords."
    yield f"Goes into {_code(sorted(dict.fromkeys(after)))}." if after else "No file that goes out is made of it."
    yield ""
    rows = (
        (f"`{column.name}`", column.type, column.mode.lower(), explaining.form_of(column), column.description)
        for column in feed.contract.columns
    )
    yield from _markdown(("column", "type", "mode", "form", "it is"), rows)


def _first(view: str) -> str:
    """The first line of the view's text, which says what it is."""
    return sql.written(view).partition("\n")[0].removeprefix("--").strip()


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
