"""What becomes of those who hold one and the same value of a column: a code that is written otherwise today moves all
of them, though they may be few of the column.

Asked of columns of few values, as codes have. Who had another value before, or is new, says nothing of it.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import ANY
from pipeline.outbound import churn, columns
from pipeline.outbound.checks import Check
from pipeline.outbound.churn import Pair

# A column of more values than that has no codes, but names, days or numbers.
FEW = 60
NAME = "columns of which those who had one value left it"


@dataclass(frozen=True)
class Held:
    """One value of a column at one school ('' of all together): so many people (or rows) of both sets `had` it in the
    last one, and so many of them have another one now, or none (`left`). The value may be personal."""

    school: str
    column: str
    value: str
    had: int
    left: int


def query(file: ViewFile, pair: Pair, asked: tuple[str, ...]) -> str:
    """The SELECT of a row for each value of the columns `asked`, and school, that somebody left."""
    which = f"UNNEST([{', '.join(map(str, range(len(asked))))}]) AS place"
    was, now = (_chosen(side, asked) for side in ("earlier", "later"))
    counts = "COUNT(DISTINCT who)", "COUNT(DISTINCT IF(was = now, who, NULL))"
    return f"""
        WITH {churn.sides(file, pair)},
        held AS (
          SELECT earlier._school AS school, earlier._who AS who, place, {was} AS was, {now} AS now
          FROM earlier INNER JOIN later ON {churn.paired(file)} CROSS JOIN {which}
        ),
        counted AS (
          SELECT place, was, school, {counts[0]} AS had, {counts[0]} - {counts[1]} AS gone
          FROM held
          WHERE was != ''
          GROUP BY place, was, school
        )
        SELECT place, was, school, had, gone
        FROM (SELECT *, SUM(gone) OVER (PARTITION BY place, was) AS gone_together FROM counted)
        WHERE gone_together > 0
    """  # noqa: S608  (names out of our own catalogue)


def _chosen(side: str, asked: tuple[str, ...]) -> str:
    """SQL of the value of the column that has the row's place."""
    return f"CASE place {' '.join(f'WHEN {place} THEN {side}.`{name}`' for place, name in enumerate(asked))} END"


def asked(file: ViewFile, pair: Pair, found: Mapping[str, Any], date: dt.date) -> tuple[str, ...]:
    """The columns that have a limit on the date, and few values in the last set: a row of `churn.query` says of how
    many. The values of a key are other rows' and not other values."""
    return tuple(
        column
        for place, column in enumerate(pair.columns)
        if column not in file.key
        and 0 < int(found[f"different_{place}"] or 0) <= FEW
        and columns.limits(file, column).on(date).moves != ANY
    )


def found_in(rows: Iterable[Mapping[str, Any]], asked: tuple[str, ...]) -> list[Held]:
    """What the rows of `query` say: each value of all schools together, and of each school."""
    found: dict[tuple[str, str], list[Held]] = {}
    for row in rows:
        at, column = churn.number(row["school"]), asked[row["place"]]
        found.setdefault((column, row["was"]), []).append(Held(at, column, row["was"], row["had"], row["gone"]))
    return [each for key in found for each in (_together(found[key]), *found[key])]


def _together(found: list[Held]) -> Held:
    first = found[0]
    return Held("", first.column, first.value, sum(each.had for each in found), sum(each.left for each in found))


def judged(file: ViewFile, found: Iterable[Held], date: dt.date) -> list[Held]:
    """The values that too many left: of all schools together, or of one. Those come first that most left."""
    over = [each for each in found if _beyond(file, each, date)]
    everywhere = {(each.column, each.value) for each in over if not each.school}
    told = [each for each in over if not each.school or (each.column, each.value) not in everywhere]
    return sorted(told, key=lambda each: (-each.left, each.column, each.school, each.value))


def _beyond(file: ViewFile, held: Held, date: dt.date) -> bool:
    most = columns.limits(file, held.column).on(date)
    return columns.beyond(held.left, most.moves, held.had, most.slack)


def check(file: ViewFile, over: Iterable[Held]) -> Check:
    """The limit as one check of all columns."""
    names = sorted({each.column for each in over})
    named = f" ({', '.join(names)})" if names else ""
    return Check(file.name, f"{NAME}{named}, more than is believed", len(names), "0", not names)


def sentences(file: ViewFile, over: Iterable[Held]) -> Iterator[str]:
    """What became of the values. One is named only where the vendor's list has it: any other may be personal."""
    found = list(over)
    for each in found[: columns.NAMED]:
        value = each.value if each.value in _listed(file, each.column) else "one value"
        at = f" at school {each.school}" if each.school else ""
        counts = f"{each.left:,} of {each.had:,} {file.called}{at}"
        yield f"{file.name}: {each.column}: {value}, {counts} have another one now, or none"
    if rest := found[columns.NAMED :]:
        yield f"{file.name}: so it is with {len(rest)} more values"


def _listed(file: ViewFile, column: str) -> set[str]:
    return {value for allowed in file.allowed if column in allowed.columns for value in allowed.values}
