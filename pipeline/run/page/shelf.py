"""The pages on our own disk, and beside each what tells of it.

<landing>/pages/<date>.html      <date>.json      index.html
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pipeline.ground import manifests, settings
from pipeline.run.page.content import Light, Morning

FOLDER, CALENDAR = "pages", "index.html"
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})\.(?:html|json)")


@dataclass(frozen=True)
class Note:
    """What tells of a page: how the date stands; of which report each wrapper's part is; whether nothing is missing;
    where it was published."""

    morning: Morning
    told: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    published: str = ""

    def as_json(self) -> dict[str, Any]:
        light, words = self.morning.light, self.morning.words
        return {"light": light, "words": words, "told": self.told, "whole": self.whole, "published": self.published}


def folder() -> Path:
    return settings.load().district.landing / FOLDER


def page(date: dt.date) -> Path:
    """Where the page of the date lies."""
    return folder() / f"{date}.html"


def index() -> Path:
    """Where the calendar lies."""
    return folder() / CALENDAR


def note(date: dt.date) -> Note | None:
    """What tells of the page; None when there is no page, or nothing that can be read."""
    told = manifests.load(folder() / f"{date}.json")
    if told is None or not page(date).is_file():
        return None
    try:
        if told["light"] not in get_args(Light):
            return None
        morning = Morning(date, told["light"], str(told["words"]))
        return Note(morning, dict(told["told"]), bool(told["whole"]), str(told["published"]))
    except (LookupError, TypeError, ValueError):
        return None


def keep(html: str, found: Note) -> None:
    """The page of a date, then what tells of it. Raises OSError."""
    _write(page(found.morning.date), html)
    tell(found)


def tell(found: Note) -> None:
    """What tells of a page that is there. Raises OSError."""
    manifests.save(folder() / f"{found.morning.date}.json", found.as_json())


def keep_index(html: str) -> None:
    """The calendar. Raises OSError."""
    _write(index(), html)


def _write(path: Path, html: str) -> None:
    with manifests.written(path) as draft:
        draft.write_text(html, encoding="utf-8", errors="backslashreplace")


def mornings() -> list[Morning]:
    """Every date that has a page, oldest first."""
    dates = sorted(filter(None, (date_of(file.name) for file in folder().glob("*.html"))))
    return [found.morning for date in dates if (found := note(date))]


def date_of(name: str) -> dt.date | None:
    """The date of the page or note of that name; None of any other file."""
    match = _DATED.fullmatch(name)
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def old(place: Path, first: dt.date) -> Iterator[Path]:
    """The pages, and what tells of them, that lie in the folder and are of a date before `first`."""
    for file in sorted(place.glob("*")):
        if (date_of(file.name) or first) < first:
            yield file
