"""What a set would change at its reader, against the last one that was accepted: counted by school in the warehouse."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.limits import ANY, Churn
from pipeline.ground.errors import masked
from pipeline.outbound import columns
from pipeline.outbound.checks import Check, joined, text
from pipeline.outbound.columns import Rows, Values
from pipeline.outside.cloud import warehouse

# So many schools are named.
NAMED = 5


@dataclass(frozen=True)
class Change:
    """What changes for one school ('' in a file without schools): of `before` keys or people some go, come, differ."""

    school: str
    before: int
    drops: int
    adds: int
    changes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Pair:
    """The frozen rows of now and those of the last accepted delivery: each a `dataset.table`, with both's columns."""

    now: str
    before: str
    columns: tuple[str, ...]


def query(counted: str, file: ViewFile, pair: Pair) -> str:
    """The SELECT of a row for each school that counts what changes, each beside the one row of the SELECT `counted`."""
    return f"WITH {counting(counted, file, pair)} SELECT * FROM {COUNTED}"  # noqa: S608  (names out of our own catalogue)


# What the query selects of its subqueries.
COUNTED = "counted LEFT JOIN changed USING (one)"


def counting(counted: str, file: ViewFile, pair: Pair) -> str:
    """The subqueries of `query`."""
    values = columns.values(file, pair.columns)
    return f"""
        counted AS ({counted}),
        {_people(file, pair, values)},
        changed AS (
          SELECT
            1 AS one,
            school,
            COUNTIF(was) AS `before`,
            COUNTIF(NOT here) AS drops,
            COUNTIF(NOT was) AS adds,
            COUNTIF(was AND here AND differs) AS changes{"".join(f", COUNTIF({name}) AS {name}" for name in values)}
          FROM people
          GROUP BY school
        )"""  # noqa: S608  (names out of our own catalogue)


def by_school(found: Iterable[Mapping[str, Any]]) -> list[Change]:
    """What the rows of `query` say: the schools that lose most come first."""
    changes = [
        Change(number(row["school"]), row["before"], row["drops"], row["adds"], row["changes"])
        for row in found
        if row["school"] is not None
    ]
    return sorted(changes, key=lambda change: (-change.drops, -change.adds, -change.changes, change.school))


def by_column(found: Iterable[Mapping[str, Any]], pair: Pair) -> list[Values]:
    """What the rows of `query` say of single columns, at each school, in the schools' order: a verdict keeps it so, and
    no engine promises the rows in any."""
    rows = sorted((row for row in found if row["school"] is not None), key=lambda row: str(row["school"]))
    return [each for row in rows for each in columns.found_in(row, number(row["school"]), pair.columns)]


def rows(changes: Iterable[Change]) -> dict[str, Rows]:
    """How many there were and are, by school."""
    told: dict[str, Rows] = {}
    for each in changes:
        there = told.get(each.school, Rows(0, 0))
        told[each.school] = Rows(there.before + each.before, there.now + each.before - each.drops + each.adds)
    return told


def keys(file: ViewFile, pair: Pair) -> Iterator[tuple[Literal["-", "+", "~"], str, str]]:
    """What is gone (-), comes (+) or differs (~): the school and the key (or the person) of each. Personal data."""
    for row in warehouse.ask(keys_query(file, pair), f"comparing {file.name}"):
        yield row["kind"], row["school"], row["who"].replace("\n", " ")


def keys_query(file: ViewFile, pair: Pair) -> str:
    """The SELECT of a row for each key (or person) that is gone, comes or differs."""
    return f"""
        WITH {_people(file, pair, {})}
        SELECT IF(NOT here, '-', IF(NOT was, '+', '~')) AS kind, school, who
        FROM people
        WHERE differs
        ORDER BY kind, school, who
    """  # noqa: S608  (names out of our own catalogue)


def _people(file: ViewFile, pair: Pair, values: Mapping[str, str]) -> str:
    """Subqueries, of which `people` has a row per person or key: the school, whether it was there, whether it is here,
    whether anything of it differs, and what `values` tells of single columns.

    The rows are paired by their key, so the columns are compared as they are; a digest of each row takes twice as long.
    """
    rest = [column for column in pair.columns if column not in file.key]
    other = "".join(f" OR later.`{column}` != earlier.`{column}`" for column in rest)
    told = "".join(f", {sql} AS {name}" for name, sql in values.items())
    pairs = "people" if file.counted == file.key else "paired"
    rows = f"""
        {sides(file, pair)},
        {pairs} AS (
          SELECT
            COALESCE(earlier._who, later._who) AS who,
            COALESCE(earlier._school, later._school) AS school,
            earlier._who IS NOT NULL AS was,
            later._who IS NOT NULL AS here,
            earlier._who IS NULL OR later._who IS NULL{other} AS differs{told}
          FROM earlier FULL OUTER JOIN later ON {paired(file)}
        )"""  # noqa: S608  (names out of our own catalogue)
    if file.counted == file.key:
        return rows
    return f"""{rows},
        people AS (
          SELECT
            who,
            COALESCE(MIN(IF(was, school, NULL)), MIN(school)) AS school,
            LOGICAL_OR(was) AS was,
            LOGICAL_OR(here) AS here,
            LOGICAL_OR(differs) AS differs{"".join(f", LOGICAL_OR({name}) AS {name}" for name in values)}
          FROM paired
          GROUP BY who
        )"""  # noqa: S608  (names out of our own catalogue)


def sides(file: ViewFile, pair: Pair) -> str:
    """The subqueries `earlier` and `later`: the rows of both sets."""
    earlier, later = (_rows(file, table, pair.columns) for table in (pair.before, pair.now))
    return f"earlier AS ({earlier}), later AS ({later})"


def paired(file: ViewFile) -> str:
    """SQL of what a row of `later` has in common with the same row of `earlier`."""
    return " AND ".join(f"later.`{column}` = earlier.`{column}`" for column in file.key)


def _rows(file: ViewFile, table: str, columns: tuple[str, ...]) -> str:
    """The table's rows, with whom each is about and whose it is. No value is one value, '' or NULL."""
    school = text(file.school) if file.school else "''"
    values = "".join(f", {text(column)} AS `{column}`" for column in columns)
    return f"SELECT {joined(file.counted)} AS _who, {school} AS _school{values} FROM `{table}`"  # noqa: S608  (own names)


def number(school: str) -> str:
    """A school's number as it is, and of anything else its form: in broken rows it may be somebody's name."""
    return school if re.fullmatch(r"[0-9]*", school) else masked(school)


# ------------------------------------------------------------------------------------------------------------ checks


Kind = Literal["drops", "adds", "changes"]


def checks(file: ViewFile, changes: Iterable[Change], limits: Churn) -> dict[Kind, list[Check]]:
    """Each limit as a check, by what it limits."""
    found = list(changes)
    drops, adds, differ = _sum(found, "drops"), _sum(found, "adds"), _sum(found, "changes")
    before = sum(each.before for each in found)

    def share(name: str, count: int, most: float, of: int = before) -> Check:
        part = round(count / of, 4) if of else 0
        passed = most == ANY or count <= max(limits.slack, most * of)
        return Check(file.name, f"{name} ({count:,} of {of:,})", part, limit(most, limits.slack), passed)

    gone = share(f"share of the last {file.called} that are gone", drops, limits.drops)
    fewer = share(f"share by which {file.called} become fewer", max(0, drops - adds), limits.shrinks)
    more = share(f"{file.called} that are added, as a share of the last", adds, limits.adds)
    other = share(f"share of the last {file.called} that differ", differ, limits.changes, of=before - drops)
    schools = _of_schools(file, found, limits) if file.school else []
    added = more if before else _from_nothing(file, adds, limits)
    return {"drops": [gone, fewer, *schools], "adds": [added], "changes": [other]}


def _from_nothing(file: ViewFile, adds: int, limits: Churn) -> Check:
    name, most = f"{file.called} that are added where none were", limits.from_nothing
    return Check(file.name, name, adds, "any" if most == ANY else f"at most {most:g}", adds <= most)


def nothing_to_compare(file: ViewFile) -> Check:
    """The check that fails when the rows of the last accepted delivery are gone: a person must look instead."""
    return Check(file.name, "tables with the last delivery's rows to compare with", 0, "1 (they expire)", False)


def _of_schools(file: ViewFile, found: list[Change], limits: Churn) -> list[Check]:
    any_school = limits.school_drops == ANY

    def schools(name: str, bad: Callable[[Change], bool]) -> Check:
        count = sum(map(bad, found))
        return Check(file.name, name, count, "any" if any_school else "0", any_school or count == 0)

    def many(each: Change) -> bool:
        return each.drops > max(limits.slack, limits.school_drops * each.before)

    most = "a share" if any_school else f"more than {limits.school_drops:.0%}"
    return [
        schools(f"schools of whose {file.called} {most} are gone", many),
        schools(f"schools whose {file.called} are all gone", lambda each: each.drops == each.before > limits.slack),
    ]


def limit(most: float, slack: int) -> str:
    """The words of a limit."""
    if most == ANY:
        return "any"
    return f"at most {most:g}" + (f" or {slack} of them" if slack else "")


# ------------------------------------------------------------------------------------------------------------- words


def sentences(delivery: Delivery, file: ViewFile, changes: Iterable[Change], over: Iterable[Kind]) -> list[str]:
    """What would happen at the reader, of what is over a limit: counts first, then the schools that it meets most."""
    found = list(changes)
    before = sum(each.before for each in found)
    words: dict[Kind, str] = {
        "drops": f"{delivery.gone} {{count:,}} of {before:,} {file.called}",
        "adds": f"{{count:,}} {file.called} would be added to {before:,}",
        "changes": f"{{count:,}} of {before:,} {file.called} would change",
    }
    return [words[kind].format(count=_sum(found, kind)) + _places(found, kind) for kind in over]


def _sum(found: Iterable[Change], kind: Kind) -> int:
    return sum(getattr(each, kind) for each in found)


def _places(found: Iterable[Change], kind: Kind) -> str:
    """At which schools, those with the most first."""
    there = [(getattr(each, kind), each.school) for each in found if each.school and getattr(each, kind)]
    there.sort(key=lambda each: (-each[0], each[1]))
    named = [f"{count:,} at school {school}" for count, school in there[:NAMED]]
    if rest := there[NAMED:]:
        named.append(f"{sum(count for count, _ in rest):,} at {len(rest)} other schools")
    return f": {', '.join(named)}" if named else ""
