"""What is wrong with the feeds, and with the schemas of their tables."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.catalogue import flows, schemas, where
from pipeline.catalogue.checking.astext import TEXT
from pipeline.catalogue.checking.found import Catalogue, error
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import PortalReport, SftpFolder
from pipeline.catalogue.schemas import Column
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, did_you_mean

# Folders of ours beside the feeds', in the landing area and in the bucket.
_BESIDE = (
    *("outbox", "quarantine", "runs", "locks", "refused", "downloads", "diagnostics", "rehearsal", "calendar"),
    *("history", "pages"),
)
OURS = frozenset({*flows.BUCKET, *_BESIDE})


def wrong(found: Catalogue) -> Iterator[ConfigurationError]:
    """Every error of feeds and schemas."""
    for feed in found.feeds:
        at = found.where("feeds", feed)
        yield from _names(feed, at)
        yield from _numbers(feed, at)
        yield from _places(found, feed, at)
        yield from _schema(found, feed, at)
    yield from _shared(found)
    if found.knows("feeds"):
        yield from _idle(found)


def columns(feed: Feed) -> tuple[Column, ...] | None:
    """The columns of the feed's table; None where its schema cannot be read (which is told once, by itself)."""
    if schemas.wrong(feed.dataset, feed.name):
        return None
    return schemas.columns(feed.dataset, feed.name)


def _names(feed: Feed, at: Where) -> Iterator[ConfigurationError]:
    """A feed's name is a table, a file, and the key of a label of the snapshots that are made of it."""
    legal = {
        "name": (feed.name.lower(), r"[a-z][a-z0-9_]{0,62}", "letters, digits and _, at most 63, a letter first"),
        "dataset": (feed.dataset, r"[a-z][a-z0-9_]*", "small letters, digits and _, a letter first"),
        "file": (feed.file, r"[\w.-]+", "letters, digits, _, . and -"),
        "folder": (feed.folder, r"[\w-]+", "letters, digits, _ and -"),
    }
    for word, (said, pattern, expected) in legal.items():
        if not re.fullmatch(pattern, said):
            yield error(at.word(said), f"{word} of {feed.name} is {said!r}", expected, "give it another one")
    if feed.folder in OURS:
        found = f"the folder of {feed.name} is {feed.folder}, where the pipeline keeps files of its own"
        yield error(at.word(feed.folder), found, f"none of {', '.join(sorted(OURS))}", "give it another one")
    yield from _twice([source.name for source in feed.sources], at, f"source of {feed.name}")
    if not feed.days:
        yield error(at, f"days of {feed.name} names none", "the days on which its file is expected", "name them")


def _days(mornings: int) -> int:
    """How many days before a Monday the first of so many mornings is, where a week has five."""
    return mornings + 2 * math.ceil(mornings / 5)


def _numbers(feed: Feed, at: Where) -> Iterator[ConfigurationError]:
    sensible = {
        "floor": (feed.floor >= 0, "no number below 0"),
        "delimiter": (len(feed.delimiter) == 1, "one character"),
        "fresh_from": (0 <= feed.fresh_from < 24, "hours from 0 to 23"),
        "sources": (bool(feed.sources), "one or more: where its files come from"),
        "repeats": (
            feed.repeats is None or feed.landing_days is None or _days(feed.repeats + 1) <= feed.landing_days,
            f"mornings of which the copies are still there (`landing_days` is {feed.landing_days})",
        ),
    }
    for word, (right, expected) in sensible.items():
        if not right:
            found = f"{word} of {feed.name} is {getattr(feed, word)!r}"
            yield error(at, found, expected, f"correct {word} in that row")


def _places(found: Catalogue, feed: Feed, at: Where) -> Iterator[ConfigurationError]:
    vendors = [vendor.name for vendor in found.vendors]
    for source in feed.sources:
        place = source.place
        if isinstance(place, SftpFolder) and found.knows("vendors") and place.vendor not in vendors:
            yield error(
                at.word(place.vendor),
                f"{feed.name} comes from {place.vendor}, which has no row in vendors.py",
                f"one of {', '.join(vendors) or 'none'}",
                did_you_mean(place.vendor, vendors, f"add Vendor({place.vendor!r}) to VENDORS, or correct the name"),
            )
        if isinstance(place, PortalReport) and not feed.reader:
            found_ = f"{feed.name} comes from the portal, and has no reader"
            yield error(at, found_, "what makes a plain CSV of a report", "add `reader` to that row")


def _schema(found: Catalogue, feed: Feed, at: Where) -> Iterator[ConfigurationError]:
    file = schemas.file(feed.dataset, feed.name)
    if not file.is_file():
        yield error(
            at,
            f"{feed.name} has no schema",
            f"a file schemas/{feed.dataset}/{feed.name}.json in the catalogue",
            'write it; docs/extend.md ("Add a feed") shows the form',
        )
        return
    yield from schemas.wrong(feed.dataset, feed.name)
    told = columns(feed)
    if told is None:
        return
    yield from _twice([column.name for column in told], where.text(file), f"column of {feed.dataset}.{feed.name}")
    for column in told:
        yield from _column(found, column, where.text(file, f'"name": "{column.name}"', f'"{column.name}"'))
    yield from _words(feed, {column.name: column for column in told}, at)


def _column(found: Catalogue, column: Column, at: Where) -> Iterator[ConfigurationError]:
    name = column.name
    if schemas.column_name(name) != name:
        expected = f"what a header becomes: {schemas.column_name(name)}"
        yield error(at, f"the column {name!r}", expected, "call it so")
    if not column.description.strip():
        yield error(at, f"the column {name} has no description", "what it holds, in words", "add `description`")
    if column.type != TEXT and re.search(r"(^|_)(id|dcid|number|code)$", name):
        found_ = f"the column {name} is of type {column.type}"
        yield error(at, found_, f"{TEXT}: a number loses an id's zeros", "correct the type")
    if column.refers and column.type != TEXT:
        found_ = f"{name} is a key of {column.refers}, and of type {column.type}"
        yield error(at, found_, f"a {TEXT}: keys are compared as text", "correct the type")
    if not 0 <= column.tolerated <= 1:
        yield error(at, f"{name} tolerates {column.tolerated}", "a share, from 0 to 1", "correct `tolerated`")
    feeds = [feed.name for feed in found.feeds]
    if column.refers and found.knows("feeds") and column.refers not in feeds:
        yield error(
            at,
            f"{name} is a key of {column.refers}, which is no feed",
            f"one of {', '.join(feeds)}",
            did_you_mean(column.refers, feeds, "correct the form, or add the feed"),
        )


def _words(feed: Feed, told: dict[str, Column], at: Where) -> Iterator[ConfigurationError]:
    """What the row says of columns is about columns of the schema."""
    named = {"key": feed.key, "trimmed": feed.trimmed, "tag": (feed.tag,), "dated": (feed.dated,)}
    named["says"] = (feed.says.day, feed.says.in_session) if feed.says else ()
    for word, names in named.items():
        for name in names:
            if name and name not in told:
                yield error(
                    at.word(name),
                    f"{word} of {feed.name} names {name}, which is no column of its schema",
                    f"columns of schemas/{feed.dataset}/{feed.name}.json",
                    did_you_mean(name, told, "correct the row, or add the column to the schema"),
                )
            elif name and word in ("key", "tag") and told[name].mode != "REQUIRED":
                found = f"{word} of {feed.name} names {name}, which is NULLABLE in its schema"
                yield error(at.word(name), found, "columns that are REQUIRED", "correct its mode, or the row")
    if feed.dated in told and (told[feed.dated].type, told[feed.dated].mode) != ("DATE", "REQUIRED"):
        found = f"dated of {feed.name} names {feed.dated}, a {told[feed.dated].mode} {told[feed.dated].type}"
        yield error(at.word(feed.dated), found, "a REQUIRED DATE", "correct the schema")
    if feed.tag and feed.sources[1:] and feed.tag not in feed.key:
        found = f"{feed.name} has several sources, and {feed.tag} is no part of its key"
        yield error(at, found, "the tag in the key: two servers use the same ids", "add it to `key`")
    for name in feed.ignored:
        if name in told:
            found = f"ignored of {feed.name} names {name}, which its schema loads"
            yield error(at.word(name), found, "columns that are in the file alone", "take it out of one of the two")
        elif schemas.column_name(name) != name:
            found = f"ignored of {feed.name} names {name!r}"
            expected = f"what the header becomes: {schemas.column_name(name)}"
            yield error(at.word(name), found, expected, "call it so")


def _twice(names: list[str], at: Where, what: str) -> Iterator[ConfigurationError]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        there = _last(at.file, name) if at.file.suffix == ".json" else at.word(name)
        yield error(there, f"two {what.replace(' ', 's ', 1)} are called {name}", "each name once", "take one out")


def _last(file: Path, column: str) -> Where:
    lines = [number for number, line in enumerate(file.read_text().splitlines(), 1) if f'"{column}"' in line]
    return Where(file, lines[-1] if lines else 1)


def _shared(found: Catalogue) -> Iterator[ConfigurationError]:
    """A file of the bucket, and a flow's name, are of one row."""
    files: dict[str, Feed] = {}
    for feed in found.feeds:
        first = files.setdefault(f"{feed.folder}/{feed.file}", feed)
        if first is not feed and first.name != feed.name:
            what = f"{feed.name} and {first.name} are both {feed.folder}/{feed.file} in the bucket"
            yield error(found.where("feeds", feed), what, "a file of its own for each", "correct `folder` or `file`")
    for delivery in found.deliveries:
        if delivery.name in {feed.name for feed in found.feeds}:
            what = f"a delivery is called {delivery.name}, as a feed is"
            yield error(found.where("deliveries", delivery), what, "names that stand there once", "rename it")


def _idle(found: Catalogue) -> Iterator[ConfigurationError]:
    """Every schema has a feed."""
    for file in sorted(schemas.folder().glob("**/*.json")):
        name = f"{file.parent.name}.{file.stem}"
        if file.parent.parent != schemas.folder() or not found.of_table(name):
            feeds = [f"{feed.dataset}.{feed.name}" for feed in found.feeds]
            next_step = did_you_mean(name, feeds, "add the feed to feeds.py, or remove the file")
            yield error(
                Where(file), f"a schema of {name}, which no feed fills", "a feed of that dataset and name", next_step
            )
