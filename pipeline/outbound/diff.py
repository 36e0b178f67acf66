"""What a checked set would change at its reader, for a person who must decide: counts by file and school, then keys."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.ground.errors import ConfigurationError
from pipeline.outbound import churn, evidence
from pipeline.outbound.churn import Change, Pair
from pipeline.outbound.columns import Values
from pipeline.outside.cloud import storage

WARNING = "Personal data from here on: do not keep it, do not send it on. - is gone, + is added, ~ differs."
# Files with what their checks found of them: the facts of a verdict.
Files = Iterable[tuple[ViewFile, Mapping[str, Any]]]
_HEAD = ("", "last", "gone", "added", "changed")
_STATES = {"yes": "may go", "no": "on hold", "discarded": "discarded"}


def lines(delivery: Delivery, date: dt.date, *, rows: bool) -> Iterator[str]:
    """The text, line by line. Raises ConfigurationError when the set was not looked at yet."""
    verdict = _verdict(delivery, date)
    yield f"{delivery.name} for {delivery.period(date)}: {_STATES[verdict['may_go']]}"
    if verdict["fingerprint"] != evidence.fingerprint(delivery, date):
        yield "the data changed since this set was looked at: run the morning again"
    yield ""
    files = [(file, verdict["files"][file.name]) for file in delivery.view_files if file.name in verdict["files"]]
    yield from counts(files)
    if rows:
        yield from keys(files)


def counts(files: Files) -> Iterator[str]:
    """How many are gone, added and changed in each file, by school and column."""
    yield from _table([row for file, found in files for row in _counts(file, found)])


def keys(files: Files) -> Iterator[str]:
    """Whose rows they are: personal data. Raises WarehouseError."""
    yield f"\n{WARNING}"
    for file, found in files:
        yield from _keys(file, found)


def _verdict(delivery: Delivery, date: dt.date) -> dict[str, Any]:
    verdict = storage.read_json(evidence.verdict_name(delivery, date))
    if verdict is None or "files" not in verdict:
        raise ConfigurationError(
            f"nobody has looked at {delivery.name} for {delivery.period(date)} yet",
            expected="a set that was checked: by its `CheckedSet`",
            next_step=f"run the morning of {date}, or name another --date",
        )
    return verdict


def _counts(file: ViewFile, found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The file's row, then one for each school at which something changes."""
    if "now" not in found:
        yield f"{file.name}: {found['rows']:,} rows, and nothing to compare them with", *[""] * 4
        return
    changes = [Change(**each) for each in found["changes"]]
    kinds = ("before", "drops", "adds", "changes")
    yield f"{file.name} ({file.called})", *(f"{sum(getattr(each, kind) for each in changes):,}" for kind in kinds)
    for each in changes:
        if each.school and (each.drops or each.adds or each.changes):
            yield f"  school {each.school}", *(f"{getattr(each, kind):,}" for kind in kinds)
    yield from _columns(found)


def _columns(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row for each column that lost or changed values of what is there in both sets."""
    by_column: dict[str, Values] = {}
    for each in (Values(**told) for told in found.get("values", [])):
        by_column[each.column] = by_column.get(each.column, Values("", each.column)) + each
    for each in sorted(by_column.values(), key=lambda each: (-each.blanked - each.changed, each.column)):
        if each.blanked or each.changed:
            yield f"  column {each.column}", f"{each.had:,}", f"{each.blanked:,}", "", f"{each.changed:,}"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    every = [_HEAD, *rows]
    widths = [max(len(row[place]) for row in every if row[1] or not place) for place in range(len(_HEAD))]
    for row in every:
        cells = [row[0].ljust(widths[0]), *(row[place].rjust(widths[place]) for place in range(1, len(_HEAD)))]
        yield "  ".join(cells).rstrip()


def _keys(file: ViewFile, found: Mapping[str, Any]) -> Iterator[str]:
    if "now" in found:
        yield f"\n{file.name}: {', '.join(file.counted)}"
        pair = Pair(found["now"], found["before"], tuple(found["compared"]))
        for kind, school, who in churn.keys(file, pair):
            yield f"{kind} {school} {who}".replace("  ", " ")
