"""Rows as they may be when they are frozen for a delivery: right and wrong ones, of which each check counts some."""

import datetime as dt
import random
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from bench.differential import ugly
from pipeline.catalogue.delivery import ViewFile

# Texts of which the engines are known to think differently, where a check reads what is frozen as a number.
KNOWN = {"0x1F": "BigQuery reads a hexadecimal text as FLOAT64, and the stand-in does not"}


def rows(chance: random.Random, file: ViewFile, columns: Iterable[str], others: Iterable[ViewFile]) -> ugly.Rows:
    """Rows of a file that goes out, right and wrong ones. `others` are all files of its set."""
    held = {*file.key, file.school, file.people, file.student}
    held |= {name for each in file.references for name in (*each.columns, *each.also)}
    held |= {name for each in others for ref in each.references if ref.file == file.name for name in ref.to}
    pools = {name: _wanted(file, name, name in held) for name in columns}
    today = chance.choice(ugly.MORNINGS)
    return [
        {name: _written(chance, file, name, pools[name], today) for name in columns}
        for _ in range(chance.randint(5, 40))
    ]


def _written(chance: random.Random, file: ViewFile, column: str, pool: list[str], today: dt.date) -> str | None:
    if chance.random() < 0.08:
        return chance.choice([None, ""])
    if chance.random() < 0.08:
        return chance.choice([text for text in (*ugly.ODD, *ugly.FORMED) if text not in KNOWN])
    days = [each.form.day for each in file.written if column in each.columns and each.form.day]
    if days:
        away = dt.timedelta(chance.choice([0, 1, -1, 90, -90, 300]))
        return (today + away).strftime(days[0])
    return chance.choice(pool)


def _wanted(file: ViewFile, column: str, held: bool) -> list[str]:
    """What the vendor's specification wants in the column; ids, where other rows hold them."""
    if listed := [value for each in file.allowed if column in each.columns for value in each.values]:
        return listed
    patterns = [each.form.pattern for each in file.written if column in each.columns]
    texts = [f"{number:07}" for number in range(1, 7)] if held else [*ugly.FORMED, *ugly.NAMES]
    fitting = pa.array(texts)
    for pattern in patterns:
        fitting = fitting.filter(pc.match_substring_regex(fitting, rf"\A(?:{pattern})\z"))
    return fitting.to_pylist() or texts


def keyed(rows: ugly.Rows, key: tuple[str, ...]) -> ugly.Rows:
    """The rows, of which no two have the same key: as a set that was accepted has them."""
    return [*{tuple(row[name] or "" for name in key): row for row in rows}.values()]
