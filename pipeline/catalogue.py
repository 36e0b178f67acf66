"""Which flows this district has: the catalogue without what luigi.cfg switches off; and all of them as a table."""

from collections.abc import Iterable

from pipeline import outbound, settings
from pipeline.deliveries import DELIVERIES, Delivery, LandedCopy
from pipeline.errors import ConfigurationError
from pipeline.feeds import FEEDS, Feed


def feeds() -> tuple[Feed, ...]:
    """The files that come in. Raises ConfigurationError."""
    off = _off()
    return tuple(feed for feed in FEEDS.values() if feed.name not in off)


def deliveries(cadence: str | None = None) -> tuple[Delivery, ...]:
    """The sets that go out, of that cadence or of any. Raises ConfigurationError."""
    off = _off()
    found = tuple(each for each in DELIVERIES.values() if each.name not in off)
    for delivery in found:
        if missing := sorted(off & {feed.name for feed in inputs(delivery)}):
            raise ConfigurationError(
                f"[district] off names {', '.join(missing)}, which {delivery.name} is made of",
                expected="no delivery that needs what is switched off",
                next_step=f"switch {delivery.name} off as well, or leave the feed on",
            )
    return tuple(each for each in found if cadence in (None, each.cadence))


def inputs(delivery: Delivery) -> set[Feed]:
    """The feeds that a delivery is made of."""
    below = {feed for file in delivery.view_files for feed in outbound.feeds_below(file.view)}
    return below | {FEEDS[copy.feed] for copy in delivery.copies}


def _off() -> set[str]:
    off = set(settings.load().district.off)
    if unknown := sorted(off - set(FEEDS) - set(DELIVERIES)):
        raise ConfigurationError(
            f"[district] off names {', '.join(unknown)}",
            expected="names of feeds (pipeline/feeds.py) and deliveries (pipeline/deliveries.py)",
            next_step="correct luigi.cfg or the file that LUIGI_CONFIG_PATH names",
        )
    return off


# ------------------------------------------------------------------------------------------------ the README's table


def table() -> str:
    """Every flow of the catalogue in Markdown: from where, how often, to where, and whose layout it is."""
    inward = [_in_row(feed) for feed in FEEDS.values()]
    outward = [row for delivery in DELIVERIES.values() for row in _out_rows(delivery)]
    return "\n\n".join(
        (
            _markdown(("in: table", "file", "from", "layout"), inward),
            _markdown(("out: delivery", "cadence", "file", "made of", "to", "layout"), outward),
        )
    )


def _in_row(feed: Feed) -> tuple[str, ...]:
    patterns = dict.fromkeys(f"`{source.pattern}`" for source in feed.sources)
    places = ", ".join(str(source.place) for source in feed.sources)
    return f"`{feed.dataset}.{feed.name}`", ", ".join(patterns), places, feed.layout


def _out_rows(delivery: Delivery) -> Iterable[tuple[str, ...]]:
    for file in delivery.files:
        if isinstance(file, LandedCopy):
            of, layout = f"the file of `{file.feed}`, as it landed", FEEDS[file.feed].layout
        else:
            of, layout = f"`{file.view}`", file.layout
        where = f"{delivery.vendor}:{delivery.folder}"
        yield delivery.name, delivery.cadence, f"`{file.name}`", of, where, layout


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
    return "\n".join(lines)
