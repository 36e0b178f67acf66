"""What holds for a whole file and for the files of a set: keys, references, dates in order, one way of writing."""

from collections.abc import Collection, Iterable, Sequence

from .checks import day
from .reading import Findings, Layout, Row, Table


def columns(layout: Layout, table: Table, findings: Findings) -> None:
    """Each value is what its column may hold, and the key is there once."""
    for column, check in layout.columns.items():
        what = f"expected {check.expected}"
        for row in table.rows:
            if not check.holds(row[column]):
                findings.add(table.file, what, line=row.line, column=column)
    if layout.key:
        unique(table, layout.key, findings)


def unique(table: Table, key: Sequence[str], findings: Findings) -> None:
    seen: set[tuple[str, ...]] = set()
    for row in table.rows:
        if row.of(key) in seen:
            findings.add(table.file, "is there a second time", line=row.line, column=_named(key))
        seen.add(row.of(key))


def agree(table: Table, key: str, columns: Iterable[str], findings: Findings) -> None:
    """Rows of one key say the same in these columns."""
    columns = tuple(columns)
    first: dict[str, Row] = {}
    for row in table.rows:
        other = first.setdefault(row[key], row)
        for column in columns:
            if row[column] != other[column]:
                what = f"differs from an earlier row of the same {key}"
                findings.add(table.file, what, line=row.line, column=column)


def known(table: Table, columns: Sequence[str], other: Table, key: Sequence[str], findings: Findings) -> None:
    """What the columns hold is in the other file; nothing is looked for where the last of them is empty."""
    keys = {row.of(key) for row in other.rows}
    for row in table.rows:
        if row[columns[-1]] and row.of(columns) not in keys:
            findings.add(table.file, f"no such row in {other.file}", line=row.line, column=_named(columns))


def used(table: Table, column: str, other: Table, by: str, findings: Findings) -> None:
    """Each row is spoken of in the other file."""
    values = {row[by] for row in other.rows}
    for row in table.rows:
        if row[column] not in values:
            findings.add(table.file, f"no row of {other.file} speaks of it", line=row.line, column=column)


def days_in_order(table: Table, first: str, last: str, form: str, findings: Findings) -> None:
    """The first day is not after the last; days that cannot be read are the columns' business."""
    for row in table.rows:
        start, end = day(row[first], form), day(row[last], form)
        if start and end and start > end:
            findings.add(table.file, f"is before {first}", line=row.line, column=last)


def written_one_way(table: Table, column: str, ways: Sequence[Collection[str]], findings: Findings) -> None:
    """Of several ways to write a code, a file keeps to one."""
    if not any(all(row[column] in way for row in table.rows if row[column]) for way in ways):
        findings.add(table.file, "the same thing is written in several ways", column=column)


def _named(columns: Sequence[str]) -> str:
    return " with ".join(columns)
