"""What may go out: the checks of a file's frozen rows, counted in the warehouse. Every check is a value."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.catalogue.delivery import LandedCopy, ViewFile
from pipeline.catalogue.limits import Apart, Form, Mapped, Reference, Same
from pipeline.outbound import garbled


@dataclass(frozen=True)
class Check:
    """One check of one file: what was found, what the limit is, whether it passed."""

    file: str
    name: str
    found: float
    limit: str
    passed: bool

    def __str__(self) -> str:
        return f"{self.file}: {self.name}: {self.found:g}, must be {self.limit}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Counted:
    """What was counted of one file: its checks, its rows, and the students in it (0 when it names none)."""

    checks: tuple[Check, ...]
    rows: int
    students: int


@dataclass(frozen=True)
class _Rule:
    """Rows that are not as they must be: what to say of them, SQL that counts them, the share that is tolerated, or the
    number."""

    name: str
    sql: str
    tolerated: float = 0
    number: int = 0


def query(file: ViewFile, tables: Mapping[str, str], columns: tuple[str, ...]) -> str:
    """The SELECT of one row that counts all of a file; `tables` has the `dataset.table` of every file of the set, and
    of a view whose rows are elsewhere than under its name; `columns` are those of this file."""
    wanted = {
        "one": "1",
        "row_count": "COUNT(*)",
        "key_count": f"COUNT(DISTINCT {joined(file.key)})",
        "garbled": f"COUNTIF({garbled.sql(joined(columns))})",
        "students": f"COUNT(DISTINCT {text(file.student)})" if file.student else "0",
        **{f"rule_{number}": rule.sql for number, rule in enumerate(_rules(file, tables))},
    }
    counted = ", ".join(f"{sql} AS {name}" for name, sql in wanted.items())
    return f"SELECT {counted} FROM `{tables[file.name]}`"  # noqa: S608  (names out of our own catalogue)


def judged(file: ViewFile, tables: Mapping[str, str], found: Mapping[str, Any]) -> Counted:
    """What the row of `query` says."""
    rows = int(found["row_count"])
    again = f"rows whose key ({', '.join(file.key)}) occurred before"
    checks = (
        Check(file.name, "rows", rows, f"at least {file.floor}", rows >= file.floor),
        _none(file, again, rows - found["key_count"]),
        _none(file, garbled.NAME, found["garbled"]),
        *(_counted(file, rule, found[f"rule_{place}"], rows) for place, rule in enumerate(_rules(file, tables))),
    )
    return Counted(checks, rows, int(found["students"]))


def garbled_copy(copy: LandedCopy, found: int) -> Check:
    """The check that no line of a file that goes on as it came was decoded wrongly before."""
    return _none(copy, garbled.NAME, found)


UNLISTED = "columns that the agreement does not list"


def columns_beyond(file: ViewFile | LandedCopy, beyond: list[str]) -> Check:
    """The check that no column goes out that the vendor's agreement does not list."""
    named = f" ({', '.join(beyond)})" if beyond else ""
    return _none(file, f"{UNLISTED}{named}", len(beyond))


def _counted(file: ViewFile, rule: _Rule, found: int, rows: int) -> Check:
    if not rule.tolerated and not rule.number:
        return _none(file, rule.name, found)
    most = max(int(rule.tolerated * rows), rule.number)
    return Check(file.name, rule.name, found, f"at most {most}", found <= most)


def _none(file: ViewFile | LandedCopy, name: str, found: int) -> Check:
    return Check(file.name, name, found, "0", found == 0)


# ------------------------------------------------------------------------------------------------------------- rules


def _rules(file: ViewFile, tables: Mapping[str, str]) -> Iterator[_Rule]:
    for column in file.required:
        yield _Rule(f"rows without {column}", f"COUNTIF({text(column)} = '')")
    for allowed in file.allowed:
        values = ", ".join(map(_literal, ("", *allowed.values)))
        for column in allowed.columns:
            name = f"rows whose {column} is none of the allowed values"
            yield _Rule(name, f"COUNTIF({text(column)} NOT IN ({values}))", allowed.tolerated)
    for written in file.written:
        for column in written.columns:
            name = f"rows whose {column} is not {written.form.words}"
            yield _Rule(name, f"COUNTIF({_unlike(column, written.form)})", written.tolerated)
    for longest in file.longest:
        for column in longest.columns:
            name = f"rows whose {column} is longer than {longest.characters}"
            yield _Rule(name, f"COUNTIF(CHAR_LENGTH({text(column)}) > {longest.characters})")
    for reference in file.references:
        yield _reference(reference, tables[file.name], tables[reference.file])
    yield from _people(file, tables)
    for mapped in file.mapped:
        name = f"rows of {mapped.table} whose {mapped.column} is a code that the view has no word for"
        yield _Rule(name, _unknown(mapped, tables), number=mapped.tolerated)
    for condition in file.conditions:
        sql = condition.sql.format_map({column: text(column) for column in condition.columns})
        yield _Rule(f"rows {condition.words}", f"COUNTIF(NOT ({sql}))", condition.tolerated)
    yield from _of_the_file(file, tables[file.name])


def _of_the_file(file: ViewFile, frozen: str) -> Iterator[_Rule]:
    """What several rows say together."""
    for column in file.one:
        yield _Rule(f"further values of {column}", f"GREATEST(COUNT(DISTINCT {text(column)}) - 1, 0)")
    for agreeing in file.agreeing:
        name = f"{agreeing.key} whose rows differ in {', '.join(agreeing.columns)}"
        value = joined(agreeing.columns)
        yield _Rule(name, _keys(agreeing.key, frozen, f"MIN({value}) != MAX({value})"))
    for alone in file.alone:
        name = f"{alone.key} of several rows, one of them without {', '.join(alone.columns)}"
        empty = " AND ".join(f"{text(column)} = ''" for column in alone.columns)
        yield _Rule(name, _keys(alone.key, frozen, f"COUNT(*) > 1 AND COUNTIF({empty}) > 0"))


def _keys(key: str, table: str, having: str) -> str:
    """SQL of how many values of the key have rows of which that holds."""
    return f"(SELECT COUNT(*) FROM (SELECT 1 FROM `{table}` GROUP BY {text(key)} HAVING {having}))"  # noqa: S608


def _people(file: ViewFile, tables: Mapping[str, str]) -> Iterator[_Rule]:
    """Who is one person."""
    for personal in file.personal:
        for column in personal.columns:
            value, name = f"NULLIF(LOWER({text(column)}), '')", f"{file.called} whose {column} another one has too"
            pairs = f"COUNT(DISTINCT {value} || '\\n' || {joined(file.counted)})"
            yield _Rule(name, f"{pairs} - COUNT(DISTINCT {value})", number=personal.tolerated)
    for same in file.same:
        name = f"{same.key} of {same.table} whose rows differ in {', '.join(same.columns)}"
        yield _Rule(name, _differing(same, tables), number=same.tolerated)
    for apart in file.apart:
        yield _Rule(f"rows whose {apart.column} is in {apart.file} too", _shared(apart, tables[file.name], tables))


def _shared(apart: Apart, frozen: str, tables: Mapping[str, str]) -> str:
    """SQL of how many rows hold what is somebody else's in the other file."""
    here, there = f"LOWER({text(apart.column)})", f"LOWER({text(apart.to)})"
    where = f"{here} != '' AND {here} IN (SELECT {there} FROM `{tables[apart.file]}`)"  # noqa: S608
    if apart.unless:
        who, whom = map(text, apart.unless)
        pairs = f"SELECT {_glued([there, whom])} FROM `{tables[apart.file]}`"  # noqa: S608
        where += f" AND {_glued([here, who])} NOT IN ({pairs})"
    return f"(SELECT COUNT(*) FROM `{frozen}` WHERE {where})"  # noqa: S608


def _differing(same: Same, tables: Mapping[str, str]) -> str:
    """SQL of how many keys have rows that say different things."""
    among = f" AND {text(same.among[0])} = {_literal(same.among[1])}" if same.among else ""
    differ = (f"COUNT(DISTINCT NULLIF(LOWER({text(column)}), '')) > 1" for column in same.columns)
    return f"""(
        SELECT COUNT(*) FROM (
          SELECT 1 FROM `{tables.get(same.table, same.table)}`
          WHERE {text(same.key)} != ''{among}
          GROUP BY {text(same.key)}
          HAVING {" OR ".join(differ)}))
    """  # noqa: S608  (names out of our own catalogue)


def _unknown(mapped: Mapped, tables: Mapping[str, str]) -> str:
    """SQL of how many rows hold another code."""
    codes = ", ".join(map(_literal, ("", *mapped.codes)))
    held = tables.get(mapped.table, mapped.table)
    return f"(SELECT COUNT(*) FROM `{held}` WHERE {text(mapped.column)} NOT IN ({codes}))"  # noqa: S608


def _reference(reference: Reference, frozen: str, to: str) -> _Rule:
    *shared, last = reference.columns
    held = (last, *reference.also)
    also = f" (or {', '.join(reference.also)})" if reference.also else ""
    # All columns in one join: a join of its own for each of ten teachers would take longer than all other checks.
    values = f"CROSS JOIN UNNEST([{', '.join(map(text, held))}]) AS held" if reference.also else ""
    value = "held" if reference.also else text(last)
    count = f"""(
        SELECT COUNT(*) FROM `{frozen}` {values}
        WHERE {value} != ''
          AND {_glued([*map(text, shared), value])} NOT IN (SELECT {joined(reference.to)} FROM `{to}`))
    """  # noqa: S608  (names out of our own catalogue)
    return _Rule(f"{', '.join(reference.columns)}{also} that are not in {reference.file}", count, reference.tolerated)


def _unlike(column: str, form: Form) -> str:
    unlike = f"NOT REGEXP_CONTAINS({text(column)}, r'^(?:{form.pattern})$')"
    if form.day:
        unlike = f"({unlike} OR SAFE.PARSE_DATE('{form.day}', {text(column)}) IS NULL)"
    return f"{text(column)} != '' AND {unlike}"


def _literal(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def text(column: str) -> str:
    """The column's value; the warehouse may hold an empty one as NULL."""
    return f"IFNULL(`{column}`, '')"


def joined(columns: tuple[str, ...]) -> str:
    """SQL of the columns' values as one."""
    return _glued(map(text, columns))


def _glued(values: Iterable[str]) -> str:
    return " || '\\n' || ".join(values)
