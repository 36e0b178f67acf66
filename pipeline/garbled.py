"""Text that was decoded wrongly before it came to us: `Ã©` for é, U+FFFD for a letter that was lost.

A contract cannot refuse such a file: it may have stood so in the student information system for years, and whoever
knows can let it go. So it holds the set.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pipeline import checks, warehouse
from pipeline.checks import Check

# What the second byte of a letter in UTF-8 is in cp1252, or in Latin-1, where the first of them are control characters.
_SECOND = bytes(range(0x80, 0xC0))
_ANY = "\x80-\x9f" + _SECOND.decode("cp1252", "ignore")
# Behind a small letter, or a Swedish one, no letters, quotation marks, dashes and spaces: they are nothing odd there.
_SIGNS = "\x80-\x9f" + _SECOND.translate(
    None, b"\x85\x8a\x8c\x8e\x91\x92\x93\x94\x96\x97\x9a\x9c\x9e\x9f\xa0\xbb"
).decode("cp1252", "ignore")
# One pattern for RE2 and for Python: cp1252, the mark at a file's beginning, MacRoman, a letter that was lost.
_PATTERN = f"[ÃÂ][{_ANY}]|[ÄÅãâ][{_SIGNS}]|ï»¿|√[©±°∂≠≥∏]|\ufffd"
FOUND = re.compile(_PATTERN)
NAME = "rows with text that was decoded wrongly before it came (Ã© for é, or U+FFFD)"


def check(file: str, table: str, columns: Iterable[str]) -> Check:
    """Counts the rows of the frozen `dataset.table` with such text in any column. Raises WarehouseError."""
    text = checks.joined(tuple(columns))
    query = f"SELECT COUNTIF(REGEXP_CONTAINS({text}, r'{_PATTERN}')) AS found FROM `{table}`"  # noqa: S608
    (counted,) = warehouse.ask(query, f"checking {file}")
    return _check(file, int(counted["found"]))


def check_copy(file: str, path: Path) -> Check:
    """Counts the lines of a prepared CSV with such text."""
    with path.open(encoding="utf-8") as lines:
        return _check(file, sum(bool(FOUND.search(line)) for line in lines))


def _check(file: str, found: int) -> Check:
    return Check(file, NAME, found, "0", found == 0)
