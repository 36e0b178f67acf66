"""What the history says of one name, for people and programs: each day that it was loaded or given, newest first."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import lineage
from pipeline.catalogue.lineage import Thing
from pipeline.ground.errors import ConfigurationError
from pipeline.ground.progress import size
from pipeline.outbound import history
from pipeline.outbound.history import Name, Point, Usual


def named(name: str) -> list[Name]:
    """Whom the history knows by that name: a feed or its table, a part of it ("students RSD"), a delivery or its
    vendor, a file (clever_rosters/students.csv, or the file's name alone). Raises ConfigurationError."""
    feeds = catalogue.feeds().values()
    parts = {f"{feed.name} {part.name}": (feed.name, part.name) for feed in feeds for part in feed.sources}
    if name in parts:
        return [parts[name]]
    things = lineage.named(name)
    found = [known for thing in things if (known := _known(thing))]
    if not found:
        raise ConfigurationError(
            f"{name} is a {things[0].kind}, which has no history of its own",
            expected="a feed, table, part, delivery, vendor or file",
            next_step=f"`morning explain {name}` says what it is made of",
        )
    return found


def _known(thing: Thing) -> Name | None:
    """What the history calls it."""
    if thing.kind == "file":
        delivery, _, file = thing.name.partition("/")
        return delivery, file
    if thing.kind == "feed":
        return thing.name.partition(".")[2]
    return thing.name if thing.kind == "delivery" else None


def as_json(name: str, until: dt.date, days: int) -> list[dict[str, Any]]:
    """For programs: of each of whom the history knows by that name. Raises WarehouseError, ConfigurationError."""
    found, usual = _asked(name, until, days)
    return [
        {
            "name": called(each),
            "usual": _told(usual.get(each)),
            "parts": {part[1]: _told(usual.get(part)) for part in _parts(each, points)},
            "days": [_plain(point) for point in points],
        }
        for each, points in found.items()
    ]


def lines(name: str, until: dt.date, days: int) -> list[str]:
    """As text. Raises WarehouseError, ConfigurationError."""
    found, usual = _asked(name, until, days)
    return [line for each, points in found.items() for line in _block(each, points, usual)]


def called(name: Name) -> str:
    """The name, as people write it."""
    if isinstance(name, str):
        return name
    return f"{name[0]} {name[1]}" if name[0] in catalogue.feeds() else f"{name[0]}/{name[1]}"


def _asked(name: str, until: dt.date, days: int) -> tuple[dict[Name, list[Point]], dict[Name, Usual]]:
    wanted = named(name)
    found = history.points(wanted, days, until)
    parts: list[Name] = [part for each in wanted for part in _parts(each, found[each])]
    return found, history.usual([*wanted, *parts], until)


def _parts(name: Name, points: Sequence[Point]) -> list[tuple[str, str]]:
    """The parts that the newest point tells of, where there are several."""
    parts = points[0].parts if points and isinstance(name, str) else {}
    return [(f"{name}", part) for part in parts] if len(parts) > 1 else []


def _told(usual: Usual | None) -> dict[str, int] | None:
    return asdict(usual) if usual else None


def _plain(point: Point) -> dict[str, Any]:
    moments = {key: value.isoformat() for key, value in asdict(point).items() if isinstance(value, dt.date)}
    return {**asdict(point), **moments}


def _block(name: Name, points: Sequence[Point], usual: dict[Name, Usual]) -> list[str]:
    if not points:
        return [f"{called(name)}: the history knows no day of it"]
    head = [f"{called(each)}: {_usually(usual.get(each))}" for each in (name, *_parts(name, points))]
    done = "loaded" if (name if isinstance(name, str) else name[0]) in catalogue.feeds() else "given"
    rows = [("date", "rows", "bytes", "came", done, "took", ""), *(_row(point) for point in points)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [*head, "", *(_line(row, widths) for row in rows), ""]


def _usually(usual: Usual | None) -> str:
    if usual is None:
        return "no earlier day is known"
    return f"{usual} rows ({'the day' if usual.days == 1 else f'the last {usual.days} days'} before)"


def _row(point: Point) -> tuple[str, ...]:
    came = f"{point.landed_at:%m-%d %H:%M}" if point.landed_at else ""
    took = f"{point.seconds:.1f} s" if point.seconds is not None else ""
    parts = ", ".join(f"{part} {rows:,}" for part, rows in point.parts.items()) if len(point.parts) > 1 else ""
    amount = "" if point.bytes is None else size(point.bytes)
    words = "; ".join(filter(None, (parts, *point.remarks)))
    return (f"{point.date}", f"{point.rows:,}", amount, came, f"{point.done_at:%m-%d %H:%M}", took, words)


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    cells = [row[i].rjust(widths[i]) if i in (1, 2, 5) else row[i].ljust(widths[i]) for i in range(6)]
    return "  ".join([*cells, row[6]]).rstrip()
