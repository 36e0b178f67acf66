"""The section `[report]`: for how long the pages of the mornings are kept, and where else they are laid."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NewType

# Nothing, BUCKET, or the path of a folder.
Place = NewType("Place", str)
BUCKET = "bucket"


@dataclass(frozen=True)
class Pages:
    """Pages stay for `days`; `publish` is where readers find them, besides our own folder."""

    publish: Place = Place("")
    days: int = 400

    @property
    def folder(self) -> Path | None:
        """The folder into which they are published; None where it is none."""
        return Path(self.publish) if self.publish not in ("", BUCKET) else None

    @property
    def to_bucket(self) -> bool:
        return self.publish == BUCKET


def place(text: str) -> Place:
    """Raises ValueError for a word that is neither, and for an address."""
    if text not in ("", BUCKET) and ("/" not in text or re.search(r"\w:/", text)):
        raise ValueError
    return Place(text)


# What is expected of a setting of each kind.
EXPECTED: dict[Any, str] = {
    Place: f"`{BUCKET}`, the path of a folder (with a /: ./pages, /srv/www/mornings), or nothing",
}
