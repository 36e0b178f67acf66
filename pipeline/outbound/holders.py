"""What becomes of those who hold one and the same value of a column: a code that is written otherwise today moves all
of them, though they may be few of the column.

Asked of columns of few values, as codes have: which these are the query finds by itself, so that a check asks once.
Who had another value before, or is new, says nothing of it.
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


def query(counted: str, file: ViewFile, pair: Pair, asked: tuple[str, ...]) -> str:
    """`churn.query`, with one row more where columns are `asked`, `one` of which is 2: its `moved` has an element for
    each value, and school, that somebody left, of those of the columns that had few in the last set."""
    if not asked:
        return churn.query(counted, file, pair)
    places = f"UNNEST([{', '.join(map(str, range(len(asked))))}]) AS place"
    different = (f"COUNT(DISTINCT earlier.`{column}`) AS different_{place}" for place, column in enumerate(asked))
    was, now = (_chosen([f"{side}.`{column}`" for column in asked]) for side in ("earlier", "later"))
    counts = "COUNT(DISTINCT who)", "COUNT(DISTINCT IF(was = now, who, NULL))"
    return f"""
        WITH {churn.counting(counted, file, pair)},
        few AS (
          SELECT place
          FROM (SELECT {", ".join(different)} FROM earlier) CROSS JOIN {places}
          WHERE {_chosen([f"different_{place}" for place in range(len(asked))])} BETWEEN 1 AND {FEW}
        ),
        held AS (
          SELECT earlier._school AS school, earlier._who AS who, place, {was} AS was, {now} AS now
          FROM earlier INNER JOIN later ON {churn.paired(file)} CROSS JOIN few
        ),
        by_value AS (
          SELECT place, was, school, {counts[0]} AS had, {counts[0]} - {counts[1]} AS gone
          FROM held
          WHERE was != ''
          GROUP BY place, was, school
        ),
        those_left AS (
          SELECT 2 AS one, ARRAY_AGG(STRUCT({", ".join(f"{name} AS {name}" for name in _OF_VALUE)})) AS moved
          FROM (SELECT *, SUM(gone) OVER (PARTITION BY place, was) AS gone_together FROM by_value)
          WHERE gone_together > 0
        )
        SELECT * FROM {churn.COUNTED} FULL JOIN those_left USING (one)
    """  # noqa: S608  (names out of our own catalogue)


_OF_VALUE = ("place", "was", "school", "had", "gone")


def _chosen(values: Iterable[str]) -> str:
    """SQL of that of the values which has the row's place."""
    return f"CASE place {' '.join(f'WHEN {place} THEN {value}' for place, value in enumerate(values))} END"


def asked(file: ViewFile, pair: Pair, date: dt.date) -> tuple[str, ...]:
    """The columns that have a limit on the date. The values of a key are other rows' and not other values."""
    return tuple(
        column
        for column in pair.columns
        if column not in file.key and columns.limits(file, column).on(date).moves != ANY
    )


def found_in(rows: Iterable[Mapping[str, Any]], asked: tuple[str, ...]) -> list[Held]:
    """What the rows of `query` say: each value of all schools together, and of each school."""
    found: dict[tuple[str, str], list[Held]] = {}
    for row in next((row["moved"] for row in rows if row["one"] == 2), None) or ():
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
