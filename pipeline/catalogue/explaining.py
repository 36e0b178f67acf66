"""What one thing of the catalogue is: what it is made of, what waits for it, what it must be, who may get it."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import agreement, flows, lineage, schemas, sql
from pipeline.catalogue.days import spelled
from pipeline.catalogue.delivery import Delivery, LandedCopy
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.lineage import Thing
from pipeline.catalogue.schemas import Column
from pipeline.outside.cloud import warehouse

# The last date on which each feed was loaded and each delivery given; None when nobody could be asked.
Last = Mapping[str, dt.date] | None
_CALLED = {"feed": "a feed, and its table", "view": "a view", "file": "a file that goes out", "delivery": "a delivery"}


@dataclass(frozen=True)
class Explained:
    """`facts` are lines by what they tell of, in the order in which they are told."""

    thing: Thing
    what: str
    facts: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.thing.kind, "name": self.thing.name, "what": self.what, "facts": self.facts}

    def text(self) -> str:
        told = {name: lines for name, lines in self.facts.items() if lines}
        wide = max(map(len, told), default=0)
        rows = [
            f"  {(name if not number else '').ljust(wide)}  {line}"
            for name, lines in told.items()
            for number, line in enumerate(lines)
        ]
        return "\n".join([f"{self.thing.name}: {self.what}", *rows])


def explained(thing: Thing, last: Last) -> Explained:
    """Raises ConfigurationError."""
    if thing.kind == "column":
        return Explained(thing, "a column", _of_column(thing.name))
    facts = {"feed": _of_feed, "view": _of_view, "file": _of_file, "delivery": _of_delivery}[thing.kind](thing)
    found = lineage.edges()
    below = [each for each, _ in lineage.before(thing, found)]
    above = [each for _, each in lineage.after(thing, found)]
    told = {
        "made of": _listed(below),
        "waits for it": _listed(above),
        **facts,
        "last good date": [_last(thing, below, last)],
    }
    return Explained(thing, _CALLED[thing.kind], told)


def _listed(things: Iterable[Thing]) -> list[str]:
    """By kind, each once."""
    by_kind: dict[str, list[str]] = {}
    for thing in dict.fromkeys(things):
        by_kind.setdefault(thing.kind, []).append(thing.name)
    plural = {"delivery": "deliveries"}
    return [f"{plural.get(kind, f'{kind}s')}: {', '.join(sorted(names))}" for kind, names in by_kind.items()]


def _last(thing: Thing, below: Iterable[Thing], last: Last) -> str:
    """Of a view, the oldest of those of the feeds below; of a file, its delivery's."""
    if last is None:
        return "not known: the warehouse does not answer"
    if thing.kind == "view":
        days = [last.get(each.name.partition(".")[2]) for each in set(below) if each.kind == "feed"]
        known = [day for day in days if day]
        return f"{min(known)}, by the oldest of its tables" if days and len(known) == len(days) else "none is known"
    name = thing.name.partition(".")[2] if thing.kind == "feed" else thing.name.partition("/")[0]
    return f"{last[name]}" if name in last else "none is known"


# ---------------------------------------------------------------------------------------------------------------- each


def _of_feed(thing: Thing) -> dict[str, list[str]]:
    feed = of_table(thing.name)
    assert feed is not None  # noqa: S101  (a feed's thing has its table's name)
    return {
        "comes from": [f"{source.name}: {source.place}, {source.pattern}" for source in feed.sources],
        "layout": [feed.layout],
        "access": ["restricted: it holds passwords"] if warehouse.restricted(feed.dataset) else [],
        "contract": contract(feed),
        "columns": [_column(column) for column in feed.contract.columns],
    }


def contract(feed: Feed) -> list[str]:
    """What the feed's files must be, in lines."""
    told = {
        "key": ", ".join(feed.key),
        "at least": f"{feed.floor} rows a part",
        "on": spelled(feed.days),
        "late after": f"{feed.due:%H:%M}",
        "broken after": f"{feed.deadline:%H:%M}",
        "added by us": ", ".join(filter(None, (feed.tag, feed.dated))),
        "left out": ", ".join(feed.ignored),
        "trimmed": ", ".join(feed.trimmed),
        "same bytes": f"at most {feed.repeats} mornings" if feed.repeats is not None else "",
        "older file": f"at most {feed.last_good_days} days old may stand in" if feed.last_good_days else "",
        "our copies": f"stay {feed.landing_days} days" if feed.landing_days is not None else "",
    }
    return [f"{name}: {words}" for name, words in told.items() if words]


def _column(column: Column) -> str:
    form = "" if column.form is None else f"; {form_of(column)}"
    return (
        f"{column.name} ({column.type}{', required' if column.mode == 'REQUIRED' else ''}{form}): {column.description}"
    )


def form_of(column: Column) -> str:
    """How the column's text is written, as its schema says."""
    words = f"{column.form.words}" if column.form else ""
    return f"{words}, {column.tolerated:.0%} may be otherwise" if words and column.tolerated else words


def _of_view(thing: Thing) -> dict[str, list[str]]:
    head = re.match(r"(?:--[^\n]*\n)*", sql.written(thing.name))
    lines = [line.removeprefix("--").strip() for line in (head[0] if head else "").splitlines()]
    return {"text": [f"{sql.file(thing.name)}"], "it says": lines}


def _of_file(thing: Thing) -> dict[str, list[str]]:
    delivery, file = file_of(thing)
    terms = agreement.of(delivery.vendor)
    facts = {"goes to": [_where(delivery)], "agreement": [_agreed(delivery)]}
    if isinstance(file, LandedCopy):
        feed = catalogue.feeds()[file.feed]
        facts |= {"layout": [feed.layout], "contract": [f"{feed.dataset}.{feed.name}, byte for byte as it landed"]}
    else:
        told = {"key": ", ".join(file.key), "required": ", ".join(file.required), "at least": f"{file.floor} rows"}
        told |= {"students by": file.student}
        facts |= {"layout": [file.layout], "contract": [f"{name}: {words}" for name, words in told.items() if words]}
    return {**facts, "columns": [", ".join(terms.columns.get(file.name, "").split()) or "none are agreed on"]}


def file_of(thing: Thing) -> tuple[Delivery, Any]:
    """The delivery and its file."""
    delivery = flows.here()[thing.name.partition("/")[0]]
    return delivery, next(file for file in delivery.files if lineage.of_file(delivery, file.name) == thing)


def _of_delivery(thing: Thing) -> dict[str, list[str]]:
    delivery = flows.here()[thing.name]
    again = "also again on the same day, when it changed" if delivery.again == "when-changed" else "once a period"
    return {
        "goes to": [_where(delivery)],
        "how often": [f"{delivery.cadence}, on {spelled(delivery.days)}, {again}"],
        "files": [f"{file.name} ({_layout(file)})" for file in delivery.files],
        "goes without": list(filter(None, [flows.left_out(delivery)])),
        "agreement": [_agreed(delivery)],
    }


def _layout(file: Any) -> str:
    layout = catalogue.feeds()[file.feed].layout if isinstance(file, LandedCopy) else file.layout
    return f"layout {layout}"


def _where(delivery: Delivery) -> str:
    return f"{delivery.vendor}:{delivery.folder}"


def _agreed(delivery: Delivery) -> str:
    terms = agreement.of(delivery.vendor)
    ends = f", to {terms.until}" if terms.until else ""
    return f"{terms.name} ({terms.basis}){ends}" if terms != agreement.NONE else "none: nothing may go"


def _of_column(name: str) -> dict[str, list[str]]:
    """Where a column of that name is, in whatever case: what a schema or an agreement says, and which views name it."""
    held = lineage.with_column(name)
    tables = {thing: column for thing, column in held.items() if thing.kind == "feed"}
    columns = {
        thing: next(c for c in schemas.columns(*schemas.of_table(thing.name)) if c.name == column)
        for thing, column in tables.items()
    }
    return {
        "in tables": [f"{thing.name}: {_column(column)}" for thing, column in columns.items()],
        "in files": [f"{thing.name}: {column}" for thing, column in held.items() if thing.kind == "file"],
        "named by views": [
            view for view in sql.names() if re.search(rf"\b{re.escape(name)}\b", sql.written(view), re.I)
        ],
        "so far as is known": ["a view's text names it; which column becomes which, only the text tells"],
    }
