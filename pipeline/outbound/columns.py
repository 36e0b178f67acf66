"""What becomes of single columns from one accepted set to the next: values that are gone, and values that are others.

Keys that come and go say nothing of a date of birth that is written in another way today, or of a column that is blank.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import ANY, ColumnChurn
from pipeline.outbound.checks import Check

# So many columns are told of in words.
NAMED = 5
USUAL = ColumnChurn()
_KINDS = ("had", "have", "blanked", "changed")


@dataclass(frozen=True)
class Values:
    """One column at one school, counted in rows (or people): how many `had` a value in the last accepted set, how many
    `have` one now; whose value is gone (`blanked`), who has another one, or one for the first time (`changed`).

    The last two are of what is there in both sets. `school` is '' in a file without schools, and of all together.
    """

    school: str
    column: str
    had: int = 0
    have: int = 0
    blanked: int = 0
    changed: int = 0

    @property
    def differs(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.blanked or self.changed or self.had != self.have)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __add__(self, other: "Values") -> "Values":
        """Of both schools together."""
        return Values("", self.column, *(getattr(self, kind) + getattr(other, kind) for kind in _KINDS))


@dataclass(frozen=True)
class Last:
    """What the checks of the last accepted set found of its columns, and `when` that was, in words."""

    values: list[Values]
    when: str


def values(file: ViewFile, compared: tuple[str, ...]) -> dict[str, str]:
    """SQL of what is told of each pair of rows `earlier` and `later`, by its name in the result.

    Of a key there is only whether it has a value: another key is another row.
    """
    told: dict[str, str] = {}
    for place, column in enumerate(compared):
        was, now = f"earlier.`{column}`", f"later.`{column}`"
        told |= {f"had_{place}": f"{was} != ''", f"have_{place}": f"{now} != ''"}
        if column not in file.key:
            told[f"blanked_{place}"] = f"{was} != '' AND {now} = ''"
            told[f"changed_{place}"] = f"{now} != '' AND {now} != {was}"
    return told


def found_in(row: Mapping[str, Any], school: str, compared: tuple[str, ...]) -> list[Values]:
    """What a school's row of the result says of each column."""
    return [
        Values(school, column, *(int(row.get(f"{kind}_{place}") or 0) for kind in _KINDS))
        for place, column in enumerate(compared)
    ]


# ------------------------------------------------------------------------------------------------------------ checks


@dataclass(frozen=True)
class Rows:
    """How many rows (or people) of a school there were, and how many there are."""

    before: int
    now: int


@dataclass(frozen=True)
class Column:
    """One column: its values at all schools `together`, and at each school where they are over its limits."""

    together: Values
    lost: bool
    changed: bool
    over: tuple[Values, ...]


def judged(file: ViewFile, found: Iterable[Values], rows: Mapping[str, Rows], date: dt.date) -> list[Column]:
    """The columns that are over a limit of the date, those first of which most is gone or changed; `rows` by school."""
    by_column: dict[str, list[Values]] = {}
    for each in found:
        by_column.setdefault(each.column, []).append(each)
    told = [_column(each, rows, limits(file, each[0].column).on(date)) for each in by_column.values()]
    over = [each for each in told if each.lost or each.changed or each.over]
    return sorted(over, key=lambda each: (-each.together.blanked - each.together.changed, each.together.column))


def limits(file: ViewFile, column: str) -> ColumnChurn:
    """Those of the first of the file's rows that names the column, or names none; or the usual ones."""
    return next((own for own in file.column_churn if column in own.columns or not own.columns), USUAL)


def _column(found: list[Values], rows: Mapping[str, Rows], most: ColumnChurn) -> Column:
    together = sum(found, Values("", found[0].column))
    every = Rows(sum(each.before for each in rows.values()), sum(each.now for each in rows.values()))
    return Column(
        together,
        _lost(together, every, most.blanked, most.slack),
        _changed(together, most.changes, most.slack),
        tuple(
            each
            for each in found
            if each.school
            and (
                _lost(each, rows[each.school], most.school_blanked, most.slack)
                or _changed(each, most.school_changes, most.slack)
            )
        ),
    )


def _lost(values: Values, rows: Rows, most: float, slack: int) -> bool:
    """Whether too many values became blank: of what is there in both sets, or, where other rows came, of all."""
    expected = values.had * rows.now / rows.before if rows.before else 0
    return beyond(values.blanked, most, values.had, slack) or beyond(expected - values.have, most, expected, slack)


def _changed(values: Values, most: float, slack: int) -> bool:
    return beyond(values.changed, most, max(values.had, values.have), slack)


def beyond(count: float, most: float, of: float, slack: int) -> bool:
    """Whether so many of so many are more than the share `most`, and more than `slack`."""
    return most != ANY and count > max(slack, most * of)


def checks(file: ViewFile, over: Iterable[Column]) -> list[Check]:
    """Each kind of limit as one check of all columns."""
    found = list(over)
    kinds = {
        "columns of which values became blank": [each for each in found if each.lost],
        "columns of which values changed": [each for each in found if each.changed],
    }
    if file.school:
        kinds["columns of which values became blank or changed at one school"] = [each for each in found if each.over]
    return [_none(file, name, columns) for name, columns in kinds.items()]


def _none(file: ViewFile, name: str, columns: list[Column]) -> Check:
    named = f" ({', '.join(each.together.column for each in columns)})" if columns else ""
    return Check(file.name, f"{name}{named}, more than is believed", len(columns), "0", not columns)


# ------------------------------------------------------------------------------------------------------------- words


def sentences(file: ViewFile, over: Iterable[Column], last: Last | None) -> Iterator[str]:
    """What became of the columns that are over a limit, and what did the last time."""
    found = list(over)
    for each in found[:NAMED]:
        yield f"{file.name}: {each.together.column}: {_words(each)}{_before(each.together.column, last)}"
    if rest := found[NAMED:]:
        yield f"{file.name}: so did {len(rest)} more columns"


def _words(each: Column) -> str:
    values = each.together
    of = f"{max(values.had, values.have):,}"
    kinds = {"became blank": values.blanked, "changed": values.changed}
    told = [f"{count:,} {kind}" for kind, count in kinds.items() if count]
    if not told:
        return f"{values.have:,} have a value, and {values.had:,} had one"
    told[0] = told[0].replace(" ", f" of {of} ", 1)
    at = sorted(each.over, key=lambda one: (-one.blanked - one.changed, one.school))[:NAMED]
    if each.lost or each.changed or not at:
        return ", ".join(told)
    return ", ".join(told) + ": " + ", ".join(f"{one.blanked + one.changed:,} at school {one.school}" for one in at)


def _before(column: str, last: Last | None) -> str:
    if last is None:
        return ""
    count = sum(each.blanked + each.changed for each in last.values if each.column == column)
    return f"; {last.when} {count:,}"
