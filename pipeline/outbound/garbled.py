"""Text that was decoded wrongly before it came to us: `Ã©` for é, U+FFFD for a letter that was lost.

A contract cannot refuse such a file: it may have stood so in the student information system for years, and whoever
knows can let it go. So it holds the set.
"""

import re
from pathlib import Path

# What the second byte of a letter in UTF-8 is in cp1252, or in Latin-1, where the first of them are control characters.
_SECOND = bytes(range(0x80, 0xC0))
_ANY = "\x80-\x9f" + _SECOND.decode("cp1252", "ignore")
# Behind a small letter, or a Swedish one, no letters, quotation marks, dashes and spaces: they are nothing odd there.
_NOT_ODD = b"\x85\x8a\x8c\x8e\x91\x92\x93\x94\x96\x97\x9a\x9c\x9e\x9f\xa0\xbb"
_SIGNS = "\x80-\x9f" + _SECOND.translate(None, _NOT_ODD).decode("cp1252", "ignore")
# Behind any other letter these are not odd either.
_STRANGE = _SECOND.translate(None, _NOT_ODD + b"\x83\x8b\x9b\xaa\xab\xb5\xba").decode("cp1252", "ignore")
# One pattern for RE2 and for Python.
_PATTERN = "|".join(
    (
        f"[ÃÂ][{_ANY}]",  # the accents of Western Europe
        f"[ÄÅãâ][{_SIGNS}]",  # of Central Europe, and in small letters afterwards
        f"[Æ-ß][{_STRANGE}]",  # other alphabets that have two bytes a letter
        f"[à-ï][{_STRANGE}][{_ANY}]|á[º»][{_ANY}]",  # those that have three, Vietnamese among them
        "ï»¿",  # the mark at a file's beginning
        "[\x80-\x9f]",  # cp1252's quotation marks, read as Latin-1
        "[├┬]|√[\xa1-\xff≠≥∂∏]",  # read in a console's code page, or on an old Macintosh
        "\ufffd",  # a letter that was lost
    )
)
FOUND = re.compile(_PATTERN)
NAME = "rows with text that was decoded wrongly before it came (Ã© for é, or U+FFFD)"


def sql(value: str) -> str:
    """Whether the text `value` (SQL) looks like it."""
    return f"REGEXP_CONTAINS({value}, r'{_PATTERN}')"


def lines_in(path: Path) -> int:
    """How many lines of a prepared CSV have such text."""
    with path.open(encoding="utf-8") as lines:
        return sum(bool(FOUND.search(line)) for line in lines)
