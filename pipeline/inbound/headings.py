"""The first line of a file, and lines that are not longer than what is read at once."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import column_name
from pipeline.ground.errors import masked
from pipeline.inbound import encoding, kinds
from pipeline.inbound.parts import Part, Refused


class Lines:
    """A text's lines for the csv module; the lines of one row together may not be larger than a block.

    `begins` is the number of the row's first line, `read` that of the last line that was read. Raises Refused.
    """

    def __init__(self, part: Part, file: TextIO) -> None:
        self._part, self._file = part, file
        self.begins, self.read, self._size = 1, 0, 0

    def next_row(self) -> None:
        self.begins, self._size = self.read + 1, 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(encoding.BLOCK + 1):
            self.read += 1
            self._size += len(line.encode())
            if self._size > encoding.BLOCK:
                raise Refused(self._part, "a row of more than 1 MB", "rows of plain CSV", self.begins)
            yield line


def header(part: Part, contract: Contract, codec: str) -> list[str]:
    """The file's header as column names. Raises Refused when it is not what the contract says."""
    with part.path.open(encoding=codec, newline="") as file:
        try:
            found = next(csv.reader(Lines(part, file), delimiter=contract.delimiter), [])
        except (csv.Error, UnicodeError) as error:
            raise Refused(part, f"a header that cannot be read ({error})", "the header line", 1) from None
    if not found:
        what = "an empty first line" if part.path.stat().st_size else "an empty file"
        raise Refused(part, what, "a header line and rows", 1)
    if any("\n" in title or "\r" in title for title in found):
        raise Refused(part, "a line end inside the header", "a header of one line", 1)
    names = [column_name(title) for title in found]
    expected = {column.name for column in contract.expected}
    if not expected & set(names):
        other = kinds.delimiter(contract.delimiter.join(found), contract.delimiter, sorted(expected))
        with_ = f", which stand between {other}" if other else ""
        wanted = f" between {kinds.DELIMITERS.get(contract.delimiter, repr(contract.delimiter))}" if other else ""
        raise Refused(part, f"a first line with none of the feed's columns{with_}", f"{_list(contract)}{wanted}", 1)
    if spare := len(names) - 1 - max(place for place, name in enumerate(names) if name):
        found_spare = f"the unknown column '' (columns without a name at the end, as Excel leaves them: {spare})"
        raise Refused(part, found_spare, _list(contract), 1, "''")
    sure = 2 * len(expected & set(names)) >= len(names)
    shown = {name: _shown(name, title, sure) for name, title in zip(names, found, strict=True)}
    often = Counter(names)
    if twice := next((name for name in names if often[name] > 1), None):
        raise Refused(part, f"the column {shown[twice]} twice", "every column once", 1, shown[twice])
    if wrong := [name for name in names if name not in expected | set(contract.ignored)]:
        missing = sorted(expected - set(names))
        hint = f" (missing: {', '.join(missing)}: renamed?)" if missing else ""
        raise Refused(part, f"the unknown column {shown[wrong[0]]}", f"{_list(contract)}{hint}", 1, shown[wrong[0]])
    if missing := [column.name for column in contract.expected if column.name not in names]:
        raise Refused(part, f"no column {missing[0]}", _list(contract), 1, missing[0])
    return names


def _shown(name: str, title: str, sure: bool) -> str:
    """A column as people may read it: in a line that is surely a header, as the vendor calls it.

    A file without a header has data in its first line; there, what is no plain word is masked.
    """
    if re.fullmatch(r"[a-z_]{1,40}", name):
        return name
    return title.strip()[:60] if sure and title.isprintable() else masked(name)


def _list(contract: Contract) -> str:
    return "the columns " + ", ".join(column.name for column in contract.expected)
