"""What is wrong with the deliveries: their files, and what these say of their views' columns."""

import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

from pipeline.catalogue import flows, sql
from pipeline.catalogue.checking import analysis, astext, views
from pipeline.catalogue.checking.found import Catalogue, error
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, did_you_mean


def wrong(found: Catalogue) -> Iterator[ConfigurationError]:
    """Every error of the deliveries."""
    taken: dict[str, str] = {}
    for delivery in found.deliveries:
        at = found.where("deliveries", delivery)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", delivery.name):
            expected = "small letters, digits and _, a letter first"
            yield error(at, f"a delivery is called {delivery.name!r}", expected, "give it another name")
        if not delivery.files:
            yield error(at, f"{delivery.name} has no files", "one or more", "add them, or take the delivery out")
        if not delivery.days:
            yield error(at, f"days of {delivery.name} names none", "the days on which it is made", "name them")
        for file in delivery.files:
            there = found.where_file(delivery, file)
            if file.name in flows.NO_FILES:
                ours = f"a file of {delivery.name} is called {file.name}, as what is kept of the delivery itself"
                yield error(there, ours, "another name", "give the file another name at its vendor")
            yield from _once(taken, delivery, file, there)
            if isinstance(file, ViewFile):
                yield from _view_file(found, delivery, file, there)
            else:
                yield from _copy(found, delivery, file, there)


def _once(
    taken: dict[str, str], delivery: Delivery, file: ViewFile | LandedCopy, at: Where
) -> Iterator[ConfigurationError]:
    """A file at a vendor has one row."""
    place = f"{delivery.vendor}:{delivery.folder}/{file.name}"
    if other := taken.get(place):
        found = f"two files are {place}: one of {other}, one of {delivery.name}"
        yield error(at.word(file.name), found, "each file of a vendor's folder once", "rename one, or take it out")
    taken.setdefault(place, delivery.name)


def _copy(found: Catalogue, delivery: Delivery, copy: LandedCopy, at: Where) -> Iterator[ConfigurationError]:
    if not found.knows("feeds"):
        return
    feeds = {feed.name: feed for feed in found.feeds}
    if copy.feed not in feeds:
        yield error(
            at.word(copy.feed),
            f"{delivery.name} passes on the file of {copy.feed}, which is no feed",
            "a feed of feeds.py",
            did_you_mean(copy.feed, feeds, "correct the name, or add the feed"),
        )
        return
    for broken in flows.changed_copy(delivery, feeds[copy.feed]):
        yield error(at.word(copy.feed), broken.found, broken.expected, broken.next_step)
    table = f"{feeds[copy.feed].dataset}.{copy.feed}"
    columns = views.known(found, table)
    if copy.student and columns is not None and copy.student not in columns:
        what = f"student of {copy.name} names {copy.student}, which is no column of {copy.feed}"
        yield error(
            at.word(copy.student), what, "a column of its schema", did_you_mean(copy.student, columns, "correct it")
        )
    yield from astext.asked(f"student of {copy.name}", (copy.student,), table, analysis.types(table), at)


def _view_file(found: Catalogue, delivery: Delivery, file: ViewFile, at: Where) -> Iterator[ConfigurationError]:
    if file.view not in sql.names():
        yield error(
            at.word(file.view),
            f"{file.name} of {delivery.name} is made of {file.view}, which is no view",
            f"a file sql/{file.view.replace('.', '/')}.sql in the catalogue",
            did_you_mean(file.view, sql.names(), "write it, or correct the view's name"),
        )
        return
    if not file.key:
        yield error(at, f"{file.name} of {delivery.name} has no key", "the columns that tell rows apart", "add `key`")
    if file.floor < 0:
        yield error(at, f"floor of {file.name} is {file.floor}", "no number below 0", "correct it")
    yield from _columns(delivery, file, at)
    yield from _others(delivery, file, at)
    yield from _conditions(file, at)
    yield from _sources(found, delivery, file, at)


def said(file: ViewFile) -> dict[str, set[str]]:
    """The columns of its view that the row of a file speaks of, by the word of the row."""
    rules: dict[str, tuple[Any, ...]] = {
        **{"allowed": file.allowed, "written": file.written, "longest": file.longest, "personal": file.personal},
        **{"references": file.references, "agreeing": file.agreeing, "alone": file.alone},
        **{"conditions": file.conditions, "column_churn": file.column_churn},
    }
    told = {word: {column for each in rows for column in each.columns} for word, rows in rules.items()}
    told["references"] |= {column for each in file.references for column in each.also}
    told["agreeing"] |= {each.key for each in file.agreeing}
    told["alone"] |= {each.key for each in file.alone}
    told["apart"] = {column for each in file.apart for column in (each.column, *(each.unless or ())[:1])}
    words = ("key", "required", "one", "kept")
    told |= {word: set(getattr(file, word)) for word in words}
    return told | {word: {getattr(file, word)} - {""} for word in ("school", "people", "student")}


def _columns(delivery: Delivery, file: ViewFile, at: Where) -> Iterator[ConfigurationError]:
    for word, columns in said(file).items():
        for column in sorted(columns):
            if not views.has(file.view, column):
                yield error(
                    at.word(column, word),
                    f"{word} of {file.name} ({delivery.name}) names {column}, which is no column of {file.view}",
                    f"columns of the SELECT in {sql.file(file.view)}",
                    did_you_mean(column, views.columns(file.view) or (), "correct the row, or add it to the view"),
                )


def _others(delivery: Delivery, file: ViewFile, at: Where) -> Iterator[ConfigurationError]:
    """What a row says of other files of the set."""
    there = {each.name: each for each in delivery.view_files}
    spoken = [("references", each.file, (*each.to,)) for each in file.references]
    spoken += [("apart", each.file, (each.to, *(each.unless or ())[1:])) for each in file.apart]
    for word, name, columns in spoken:
        if name not in there or name == file.name:
            yield error(
                at.word(name),
                f"{word} of {file.name} names the file {name}" + (" itself" if name in there else ""),
                f"another file of {delivery.name} that is made of a view",
                did_you_mean(name, [*there.keys() - {file.name}], "correct the name, or add that file"),
            )
            continue
        for column in columns if there[name].view in sql.names() else ():
            if not views.has(there[name].view, column):
                what = f"{word} of {file.name} names {column} of {name}, which is no column of {there[name].view}"
                known = views.columns(there[name].view) or ()
                yield error(at.word(column), what, "columns of that file", did_you_mean(column, known, "correct it"))
    for each in file.references:
        if len(each.to) != len(each.columns):
            what = f"references of {file.name}: {', '.join(each.columns)} to {', '.join(each.to)} of {each.file}"
            yield error(at.word(each.file), what, "as many columns there as here", "correct the reference")


def _conditions(file: ViewFile, at: Where) -> Iterator[ConfigurationError]:
    for each in file.conditions:
        named = {name for _, name, _, _ in Formatter().parse(each.sql) if name}
        if named != {*each.columns}:
            what = f"a condition of {file.name} names {', '.join(sorted(named))} in its SQL"
            yield error(at, what, f"its columns: {', '.join(each.columns)}", "correct one of the two")


def _sources(found: Catalogue, delivery: Delivery, file: ViewFile, at: Where) -> Iterator[ConfigurationError]:
    """What a row says of the tables and feeds that the file is made of."""
    if not found.knows("feeds") or not views.whole(file.view):
        return
    below = {*sql.views_below(file.view), *sql.tables_below(file.view)}
    asked = [("same", each.table, (each.key, *each.columns, *(each.among or ())[:1])) for each in file.same]
    asked += [("mapped", each.table, (each.column,)) for each in file.mapped]
    for word, table, columns in asked:
        if table not in below:
            what = f"{word} of {file.name} ({delivery.name}) asks {table}, of which {file.view} is not made"
            yield error(at.word(table), what, "a table or view that it reads", did_you_mean(table, below, "correct it"))
            continue
        known = views.known(found, table)
        for column in columns if known is not None else ():
            if column not in (known or ()):
                what = f"{word} of {file.name} names {column}, which is no column of {table}"
                yield error(
                    at.word(column), what, f"a column of {table}", did_you_mean(column, known or (), "correct it")
                )
        yield from astext.asked(f"{word} of {file.name}", columns, table, analysis.types(table), at)
    feeds = {feed.name for name in below if (feed := found.of_table(name))}
    for name in file.leaves_with:
        if name not in feeds:
            what = f"leaves_with of {file.name} names {name}, of which {file.view} is not made"
            yield error(at.word(name), what, "feeds that it is made of", did_you_mean(name, feeds, "correct it"))
    others = [other for other in delivery.view_files if other is not file]
    speaking = [each.name for each in others if file.name in _named(each)]
    if file.leaves_with and speaking:
        what = f"{file.name} may leave {delivery.name}, and {', '.join(speaking)} speaks of it"
        yield error(at, what, "a file that no other one names", "take `leaves_with` or the reference out")


def _named(file: ViewFile) -> set[str]:
    """The other files that the row speaks of."""
    return {each.file for each in file.references} | {each.file for each in file.apart}
