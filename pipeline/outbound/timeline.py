"""What the history says of one name, for people and programs: each day that it was loaded or given, newest first."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.ground.errors import nearest
from pipeline.ground.progress import size
from pipeline.outbound import history
from pipeline.outbound.history import Name, Point, Usual


def named(name: str) -> list[Name]:
    """Whom the history knows by that name: a feed or its table, a part of it ("students RSD"), a delivery or its
    vendor, a file (clever_rosters/students.csv, or the file's name alone). Raises ConfigurationError."""
    return nearest(_names(), name, "feed, table, part, delivery or file")


def _names() -> dict[str, list[Name]]:
    found: dict[str, list[Name]] = {}
    for feed in catalogue.feeds().values():
        found |= {feed.name: [feed.name], f"{feed.dataset}.{feed.name}": [feed.name]}
        found |= {f"{feed.name} {source.name}": [(feed.name, source.name)] for source in feed.sources}
    for delivery in flows.here().values():
        found[delivery.name] = [delivery.name]
        for file in delivery.files:
            found[f"{delivery.name}/{file.name}"] = [(delivery.name, file.name)]
    others: dict[str, list[Name]] = {}
    for delivery in flows.here().values():
        others.setdefault(delivery.vendor, []).append(delivery.name)
        for file in delivery.files:
            others.setdefault(file.name, []).append((delivery.name, file.name))
    return others | found


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
