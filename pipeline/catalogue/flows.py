"""Which flows this district has: the catalogue without what luigi.cfg switches off; and all of them as a table."""

from collections.abc import Iterator

from pipeline import catalogue
from pipeline.catalogue import sql
from pipeline.catalogue.days import Days, spelled
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.place import DropFolder, PortalReport, SftpFolder
from pipeline.ground import masking, settings
from pipeline.ground.errors import ConfigurationError, did_you_mean


def names() -> set[str]:
    """All that the catalogue calls by a name: flows, files, vendors, views, columns. None of it is anybody's data."""
    columns = {column.name for feed in catalogue.feeds().values() for column in feed.contract.columns}
    files = {file.name for delivery in catalogue.deliveries().values() for file in delivery.files}
    parts = {source.name for feed in catalogue.feeds().values() for source in feed.sources}
    tables = {feed.dataset for feed in catalogue.feeds().values()} | set(sql.names())
    return {*catalogue.feeds(), *catalogue.deliveries(), *catalogue.vendors(), *columns, *files, *parts, *tables}


def folders() -> set[str]:
    """Where files lie: in the bucket, in drop folders, at vendors."""
    places = {source.place for feed in catalogue.feeds().values() for source in feed.sources}
    there = {place.folder for place in places if isinstance(place, SftpFolder | DropFolder)}
    sets = {delivery.folder for delivery in catalogue.deliveries().values()}
    return {*(feed.folder for feed in catalogue.feeds().values()), *there, *sets, *BUCKET}


# Folders of the bucket besides the feeds'.
BUCKET = (
    *("deliveries", "deliveries_restricted", "extracts", "extracts_restricted", "receipts", "pages", "leases"),
    *("landing", "landing_restricted"),
)
# What lies in a delivery's folder beside its files.
NO_FILES = ("verdict.json", "receipt.json")
masking.ask(masking.name, names)
masking.ask(masking.place, folders)


def feeds() -> tuple[Feed, ...]:
    """The files that come in. Raises ConfigurationError."""
    for _, error in sections_of_nobody():
        raise error
    off = _off()
    return tuple(feed for feed in catalogue.feeds().values() if feed.name not in off)


def deliveries(cadence: str | None = None) -> tuple[Delivery, ...]:
    """The sets that go out, of that cadence or of any. Raises ConfigurationError."""
    off = _off()
    found = tuple(each for each in here().values() if each.name not in off)
    for delivery in found:
        if missing := sorted(off & {feed.name for feed in inputs(delivery)}):
            raise ConfigurationError(
                f"[district] off names {', '.join(missing)}, which {delivery.name} is made of",
                expected="no delivery that needs what is switched off",
                next_step=f"switch {delivery.name} off as well, or leave the feed on",
            )
        for feed in delivery.copied:
            for error in changed_copy(delivery, feed):
                raise error
    return tuple(each for each in found if cadence in (None, each.cadence))


def changed_copy(delivery: Delivery, feed: Feed) -> Iterator[ConfigurationError]:
    """What goes on byte for byte as it landed cannot be what our reading made of it."""
    words = {"trimmed": feed.trimmed, "reader": feed.reader, "more than one source": feed.sources[1:]}
    if changed := [word for word, said in words.items() if said]:
        yield ConfigurationError(
            f"{delivery.name} passes on the file of {feed.name} as it landed, whose row says {', '.join(changed)}",
            expected="a feed whose file is one and stays as it came: what is trimmed or read is in our table only",
            next_step=f"make a view of {feed.name} and a ViewFile of it in the catalogue's deliveries.py, or take "
            f"{' and '.join(changed)} out of the row in the catalogue's feeds.py",
        )


def here() -> dict[str, Delivery]:
    """Every set as this district sends it: without the files that left it with a feed which luigi.cfg switches off."""
    return {name: each.without(settings.load().district.off) for name, each in catalogue.deliveries().items()}


def named(name: str) -> Delivery:
    """The delivery of that name, or a vendor's only one. Raises ConfigurationError."""
    sets = here().values()
    found = [each for each in sets if name == each.name] or [each for each in sets if name == each.vendor]
    if len(found) == 1:
        return found[0]
    raise ConfigurationError(
        f"{len(found)} deliveries are called {name}" if found else f"no delivery {name}",
        expected=f"one of {', '.join(each.name for each in found) or ', '.join(catalogue.deliveries())}",
        next_step="correct the name",
    )


def left_out(delivery: Delivery) -> str:
    """What to say of the files that the set goes without here, since a feed of theirs is switched off; '' of none."""
    off = _off()
    found = catalogue.deliveries().get(delivery.name, delivery).left_out(off)
    return "; ".join(f"without {file.name}: {', '.join(sorted(off & {*file.leaves_with}))} is off" for file in found)


def feeds_below(view: str) -> tuple[Feed, ...]:
    """The feeds whose tables the view reads, itself or by other views. Raises ConfigurationError."""
    found = {name: of_table(name) for name in sql.tables_below(view)}
    if unknown := [name for name, feed in found.items() if feed is None]:
        raise ConfigurationError(
            f"the view {view} reads {', '.join(unknown)}",
            expected="tables that a feed fills (the catalogue's feeds.py), or views (its sql/)",
            next_step="correct the view's text, or add the feed",
        )
    return tuple(feed for feed in found.values() if feed)


def inputs(delivery: Delivery) -> set[Feed]:
    """The feeds that a delivery is made of."""
    below = {feed for file in delivery.view_files for feed in feeds_below(file.view)}
    return below | {catalogue.feeds()[copy.feed] for copy in delivery.copies}


def views() -> tuple[str, ...]:
    """The views that people read: those below no delivery and no other view, of tables that this district has."""
    below = {
        name
        for delivery in catalogue.deliveries().values()
        for file in delivery.view_files
        for name in sql.views_below(file.view)
    }
    below |= {name for view in sql.names() for name in sql.reads(view)}
    off = {f"{catalogue.feeds()[name].dataset}.{name}" for name in _off() if name in catalogue.feeds()}
    return tuple(view for view in sql.names() if view not in below and not off & set(sql.tables_below(view)))


def _off() -> set[str]:
    for error in off_of_nothing():
        raise error
    return set(settings.load().district.off)


def refuse_questions() -> None:
    """Raises ConfigurationError where a view names a fact of the district that has no answer."""
    for view in sql.names():
        for error in sql.unanswered(view):
            raise error


def off_of_nothing() -> Iterator[ConfigurationError]:
    """An error where `off` names what there is not."""
    known = [*catalogue.feeds(), *catalogue.deliveries()]
    if unknown := sorted({*settings.load().district.off} - {*known}):
        yield ConfigurationError(
            f"[district] off names {', '.join(unknown)}",
            expected="names of feeds and deliveries, as the catalogue's feeds.py and deliveries.py have them",
            next_step=did_you_mean(unknown[0], known, "correct the name"),
        )


def sections_of_nobody() -> Iterator[tuple[str, ConfigurationError]]:
    """Each misspelt [sftp:...] or [portal:...], which would leave what it was meant for as it was, in silence."""
    told = settings.load()
    for kind, sections, known in (
        ("sftp", told.accounts, [*catalogue.vendors()]),
        ("portal", told.logins, [*catalogue.schools()]),
    ):
        for name in sorted(sections.keys() - {*known}):
            yield (
                f"{kind}:{name}",
                ConfigurationError(
                    f"the section [{kind}:{name}]",
                    expected=f"one of {', '.join(f'{kind}:{each}' for each in known)}",
                    next_step=did_you_mean(name, known, "correct the name, or add the row that it is for"),
                ),
            )


# ------------------------------------------------------------------------------------------- the table of the pages


def table() -> str:
    """Every flow of the catalogue in Markdown: from where, how often, to where, and whose layout it is."""
    inward: Rows = {}
    for feed in catalogue.feeds().values():
        places = ", ".join(dict.fromkeys(str(source.place) for source in feed.sources))
        came_in = (places, _often("daily", feed.days), f"`{feed.dataset}`", feed.layout)
        inward.setdefault(came_in, []).append(_table_and_file(feed))
    outward: Rows = {}
    for delivery in catalogue.deliveries().values():
        for file in delivery.files:
            of, layout = _made_of(file)
            to = f"{delivery.vendor}:{delivery.folder}"
            row = (f"{delivery.name}, from {of}", _often(delivery.cadence, delivery.days), to, layout)
            outward.setdefault(row, []).append(f"`{file.name}`")
    came = ("comes in from", "cadence", "to dataset", "layout", "tables (and files called otherwise)")
    goes = ("goes out", "cadence", "to", "layout", "files")
    return f"{_markdown(came, inward)}\n\n{_markdown(goes, outward)}"


# What a row says, and the tables or files of which all of that is true.
Rows = dict[tuple[str, str, str, str], list[str]]


def _often(cadence: str, days: Days) -> str:
    """How often, and on which days, where these are not the usual ones."""
    return cadence if days == "school days" else f"{cadence}: {spelled(days)}"


def _made_of(file: ViewFile | LandedCopy) -> tuple[str, str]:
    if isinstance(file, LandedCopy):
        return "files as they landed", catalogue.feeds()[file.feed].layout
    return f"views of `{file.view.partition('.')[0]}`", file.layout


def _table_and_file(feed: Feed) -> str:
    first = feed.sources[0]
    file = first.pattern
    if isinstance(first.place, PortalReport):
        file = file.replace(first.place.school, "<nnnn>")
    return f"`{feed.name}`" + (f" (`{file}`)" if file != feed.file else "")


def _markdown(head: tuple[str, ...], rows: Rows) -> str:
    lines = (f"| {' | '.join((*row, ', '.join(items)))} |" for row, items in rows.items())
    return "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines))
