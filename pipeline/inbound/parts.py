"""The parts of a feed as they are read: which file each is, what was made of them, and why one was refused."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One file of a feed as it landed: which part it is, and where our copy lies."""

    name: str
    path: Path


@dataclass
class Prepared:
    """What one normalised CSV holds: rows, in all and of each part, bytes, its digest, whether any value holds a line
    end, the encoding found in each part, and what was let pass or mended in it, in words."""

    rows: int = 0
    part_rows: dict[str, int] = field(default_factory=dict)
    size: int = 0
    sha256: str = ""
    line_ends: bool = False
    encodings: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


class Refused(Exception):
    """A part does not keep the contract: one reason, with its place in the file."""

    def __init__(self, part: Part, found: str, expected: str, line: int | None = None, column: str = "") -> None:
        self.part, self.found, self.expected, self.line, self.column = part, found, expected, line, column
        super().__init__(found)


class Broken(Exception):
    """The fast reading found that a part does not keep the contract; `part` says which. `twice` are the numbers of two
    rows with one key, from 0 and over all parts, where that is why."""

    def __init__(self, part: Part, twice: tuple[int, int] | None = None) -> None:
        self.part, self.twice = part, twice
        super().__init__(part.name)
