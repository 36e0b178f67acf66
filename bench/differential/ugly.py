"""Rows as ugly as the contract allows, chosen by a seed.

A column gets what its contract takes: the texts that the views compare it with, ids that other tables hold too (so that
joins meet), days about the morning's, and at times what people, spreadsheets and other scripts leave there. Whether the
contract takes a text is asked of the contract's own definition; that it takes the rows as a whole, of `prepare`
(tests/sql/test_differential.py).
"""

import datetime as dt
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from sqlglot import exp

from pipeline import catalogue
from pipeline.catalogue import dialect, forms, sql, values
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.schemas import Column
from pipeline.inbound import reading

Row = dict[str, str | None]
Rows = list[Row]
Tables = Mapping[str, Rows]

MORNINGS = [dt.date(2026, 10, 15), dt.date(2026, 8, 3), dt.date(2027, 1, 1), dt.date(2027, 5, 28), dt.date(2028, 2, 29)]
NAMES = ["Lee", "lee", "LEE", "Moss", "O'Brien", "Ünal", "Zoë", "de la Cruz", "Nguyễn"]
# What text may be. A column gets those of them that its contract takes.
ODD = [
    *("", " ", " lead", "trail ", "two  blanks", "a\u00a0b", "tab\tx", "line\nbreak", "r\r\nn", "\n", "ends\n"),
    *('a"b', '"', "'", "a\\b", "\\", "\\n", "a,b", "a;b|c", "%", "_", "{x}", "@", "a@b@c", "X@Y.org", "x@y.org\n"),
    *("U\u0308nal", "İx", "\u0131", "ß", "ẞ", "\u017f", "ǅ", "ﬁ", "Σς", "é", "e\u0301", "É", "中文", "नम\u200dस", "😀"),
    *("👩\u200d👧", "\u2028", "\u3000", "\uff11\uff12", "٣", "½", "NULL", "null", "None", "N/A", "nan", "inf", "true"),
    *(
        "A\nB",
        "Z",
        "z",
        "10",
        "9",
        "5.0",
        "1.5",
        "1e3",
        ".5",
        "3.",
        "+2",
        "-0",
        "07",
        "1_000",
        "0x1F",
        "0b1",
        " 3",
        "3 ",
    ),
    *("\t3", "9223372036854775808", "13/45/2026", "02/30/2026", "2026-10-15", "0/0/0", "10/15/26", "01/01/0000"),
    *("10/15/02026", "10/15/2026 00:00:00", "x" * 100, "😀" * 90, "ã" * 1000),
]
NUMBERS = ["0", "1", "2", "3", "9", "12", "-1"]
DECIMALS = ["0", "1", "0.5", "2.5", "-1", "1234567", "100000", "0.000001", "3.333333333", "9999999999999999.999999999"]
FAR = [dt.date(1900, 1, 1), dt.date(1999, 12, 31), dt.date(2000, 2, 29), dt.date(2024, 2, 29), dt.date(2099, 12, 31)]
# Texts of the forms that vendors want.
FORMED = [
    *("a@b.org", "A@B.org", "1", "12", "123", "180.5", "05", "2026", "2027", "TN", "37000", "37000-1234"),
    *("555 123-4567", "+1 (555) 1234567", "0000001"),
]
_STYLES = ("{}", "{:02}", "{:04}", "{:07}", "{:021}")
_ENDS = re.compile(r"last|end|exit|left")
_ID = re.compile(r"(id|number|code|teacher|section|period|course|no|pin|tln)$")


def names() -> list[str]:
    """Every table below a view, as `dataset.table`."""
    return sorted({table for view in sql.names() for table in sql.tables_below(view)})


def rounds(seed: int, count: int) -> list[dict[str, Rows]]:
    """The rows of every table below a view, so many times; the same seed gives the same."""
    return [tables(random.Random(f"{seed} {number}")) for number in range(count)]


def tables(chance: random.Random) -> dict[str, Rows]:
    """The rows of every table below a view, of one morning."""
    today = chance.choice(MORNINGS)
    found: dict[str, Rows] = {}
    for name in names():
        if name.endswith("_previous"):
            found[name] = changed(chance, found[name.removesuffix("_previous")], _of(name))
        else:
            found[name] = _table(chance, name, today)
    return found


def changed(chance: random.Random, rows: Rows, key: Iterable[str]) -> Rows:
    """The rows as they may have been before: some were not there, and some said in a column what others say now."""
    kept = [dict(row) for row in rows if chance.random() < 0.85]
    for row in kept:
        free = sorted(row.keys() - set(key))
        if free and chance.random() < 0.3:
            column = chance.choice(free)
            row[column] = chance.choice(rows)[column]
    return kept


def feed(table: str) -> Feed:
    """The feed that fills `dataset.table`, or that filled `dataset.table_previous`."""
    found = of_table(table.removesuffix("_previous"))
    assert found is not None, f"no feed fills {table}"
    return found


def _of(table: str) -> tuple[str, ...]:
    return feed(table).key


def _table(chance: random.Random, table: str, today: dt.date) -> Rows:
    told = feed(table)
    rows: dict[tuple[str | None, ...], Row] = {}
    for number in range(0 if chance.random() < 0.03 else chance.randint(15, 40)):
        row = {column.name: _value(chance, told, column, today) for column in told.contract.columns}
        rows.setdefault(tuple(row[name] for name in told.key) or (f"{number}",), row)
    return [*rows.values()]


def _value(chance: random.Random, told: Feed, column: Column, today: dt.date) -> str | None:
    if column.name == told.dated:
        return today.isoformat()
    usual, odd = _pool(told.name, column)
    if column.mode != "REQUIRED" and column.name not in told.key and chance.random() < 0.12:
        return None if column.type != "STRING" else chance.choice([None, ""])
    is_day = bool(column.form.day) if column.form else column.name in _read_as()["days"]
    if is_day and (not odd or chance.random() < 0.93):
        return day(chance, column.name, today)
    if odd and (not usual or chance.random() < 0.1):
        return chance.choice(odd)
    # The first ones most often, so that joins over several columns meet.
    return usual[min(chance.randrange(len(usual)), chance.randrange(len(usual)))]


def day(chance: random.Random, column: str, today: dt.date) -> str:
    """A day about the morning's, as PowerSchool writes it: what begins mostly has, and what ends mostly has not."""
    if chance.random() < 0.06:
        found = chance.choice(FAR)
    else:
        away = chance.choice([0, 0, 1, 7, 60, 150])
        over = bool(_ENDS.search(column)) == (chance.random() < 0.15)
        found = today + dt.timedelta(-away if over else away)
    if chance.random() < 0.2:
        return f"{found.month}/{found.day}/{found.year}"
    return f"{found:%m/%d}/{found.year:04}"


@cache
def _pool(name: str, column: Column) -> tuple[list[str], list[str]]:
    """What the contract of that feed takes in the column: the usual, and the odd."""
    told = catalogue.feeds()[name]
    if column.name == told.tag:
        return [source.name for source in told.sources], []
    if column.type != "STRING":
        wanted = {"BOOLEAN": ["true", "false"], "INTEGER": NUMBERS}.get(column.type, DECIMALS)
        return [text for text in wanted if reading.readable(pa.array([text]), column.type)], []
    literals = compared()[column.name]
    listed = re.sub(r"\\(.)", r"\1", column.form.pattern).split("|") if _is_list(column) and column.form else []
    usual = _taken(told.contract, column, literals or listed)
    if not usual and _is_id(told, column):
        usual = _ids(told.contract, column)
    if column.name in _read_as()["numbers"] and not usual:
        usual = _taken(told.contract, column, NUMBERS)
    usual = usual or _taken(told.contract, column, [*NAMES, *FORMED])
    cased = [each for text in (*listed, *literals) for each in (text.upper(), text.lower(), f"{text} ")]
    ids = [style.format(number) for style in _STYLES for number in range(1, 4)]
    return usual, _taken(told.contract, column, [*ODD, *listed, *cased, *ids])


def _is_list(column: Column) -> bool:
    return column.form is not None and column.form.words.startswith("one of ")


def _is_id(told: Feed, column: Column) -> bool:
    return bool(column.refers or column.name in told.key or column.form or _ID.search(column.name))


def _ids(contract: Contract, column: Column) -> list[str]:
    """Eight ids in the first way of writing that all columns of that name take, or else this one: other tables hold
    them too."""
    alike = [(contract, column)] + [
        (each.contract, other)
        for each in catalogue.feeds().values()
        for other in each.contract.columns
        if other.name == column.name
    ]
    for which in (alike, alike[:1]):
        for style in _STYLES:
            every = [style.format(number) for number in range(1, 9)]
            if all(_taken(*one, every, strictly=True) == every for one in which):
                return every
    return []


def _taken(contract: Contract, column: Column, texts: Iterable[str], *, strictly: bool = False) -> list[str]:
    """Those of the texts that the contract takes, as it writes them. A form that a share of a file's values may break
    is no reason against one, unless they are looked at `strictly`."""
    found = contract.cleaned(column, pa.array(dict.fromkeys(texts), pa.string()))
    how = contract.strictness(column)
    asked = column.form is not None and (strictly or not column.tolerated)
    broken = forms.broken(found, column.form) if asked and column.form else None
    bad = dialect.either(*(mask for mask in (values.faulty(found, column, how), broken) if mask is not None))
    return [*dict.fromkeys((found if bad is None else found.filter(pc.invert(bad))).to_pylist())]


def shuffled(chance: random.Random, rows: Iterable[Any]) -> list[Any]:
    """The same rows in another order."""
    found = [*rows]
    chance.shuffle(found)
    return found


# ----------------------------------------------------------------------------------------------- what the views ask


@cache
def _trees() -> list[Any]:
    return [sqlglot.parse_one(sql.text(view), read="bigquery") for view in sql.names()]


@cache
def compared() -> dict[str, list[str]]:
    """The texts that some view compares a column of that name with."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for tree in _trees():
        for literal in tree.find_all(exp.Literal):
            if literal.is_string and literal.this and (beside := _beside(literal)):
                for column in beside.find_all(exp.Column):
                    found[column.name][literal.this] = None
    return defaultdict(list, {name: [*texts] for name, texts in found.items()})


def _beside(literal: exp.Literal) -> Any:
    """The comparison that the literal is a part of: a condition, or a CASE of values."""
    if isinstance(literal.parent, exp.If) and literal.arg_key == "this":
        case = literal.parent.parent
        return case.this if isinstance(case, exp.Case) else None
    return literal.parent if isinstance(literal.parent, exp.Predicate) else None


@cache
def _read_as() -> dict[str, set[str]]:
    """The names of the columns that some view reads as a day, and as a number."""
    found: dict[str, set[str]] = {"days": set(), "numbers": set()}
    for tree in _trees():
        for node in tree.find_all(exp.StrToDate):
            found["days"] |= _columns(node)
        for node in tree.find_all(exp.Cast):
            if node.to.is_type(*exp.DataType.INTEGER_TYPES):
                found["numbers"] |= _columns(node)
    return found


def _columns(node: Any) -> set[str]:
    return {column.name for column in node.this.find_all(exp.Column)}
