"""BigQuery's stand-in and Google's own engine, asked the same of rows as ugly as the contract allows: of a few of them.

Of as many as one likes: `python -m bench.differential`.
"""

import csv
import datetime as dt
import random
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud import bigquery

from bench.differential import engines, ugly
from bench.differential.engines import Engines
from bench.differential.standin import Staged
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.feed import Feed
from pipeline.inbound import preparing
from pipeline.inbound.parts import Part

SEED = 13
VIEWS = ["powerschool_imports.IEP_Import_RSD", "roster_files.OTUS_Attendance_Discipline"]


def of_few_rows(feed: Feed) -> Contract:
    """The feed's contract, which does not ask how many rows there are, nor what share breaks a form that some may."""
    columns = tuple(replace(each, tolerated=1 if each.tolerated else 0) for each in feed.contract.columns)
    return replace(feed.contract, columns=columns, floor=0, delimiter=",")


def written(feed: Feed, rows: ugly.Rows, folder: Path) -> list[Part]:
    """The feed's files: of each part, its rows."""
    names = [column.name for column in feed.contract.expected]
    parts = [Part(source.name, folder / f"{source.name}.csv") for source in feed.sources if feed.tag] or [
        Part("", folder / "all.csv")
    ]
    for part in parts:
        with part.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(names)
            writer.writerows([row[name] for name in names] for row in rows if row.get(feed.tag, "") == part.name)
    return parts


@pytest.fixture(scope="module")
def made() -> list[dict[str, ugly.Rows]]:
    return ugly.rounds(SEED, 2)


@pytest.mark.parametrize("table", ugly.names())
def test_the_contract_takes_the_rows_as_they_are(made: list[dict[str, ugly.Rows]], table: str, tmp_path: Path) -> None:
    feed = ugly.feed(table)
    for one in made:
        rows = one[table]
        day = dt.date.fromisoformat(rows[0][feed.dated] or "") if feed.dated and rows else ugly.MORNINGS[0]
        out = tmp_path / "prepared.csv"
        assert preparing.prepare(written(feed, rows, tmp_path), of_few_rows(feed), out, day).rows == len(rows)
        with out.open(newline="", encoding="utf-8") as file:
            found = [*csv.DictReader(file)]
        given = [{name: value or "" for name, value in row.items()} for row in rows]
        assert sorted(map(str, found)) == sorted(map(str, given))


def test_the_same_seed_gives_the_same_rows(made: list[dict[str, ugly.Rows]]) -> None:
    assert ugly.rounds(SEED, 2) == made
    assert ugly.rounds(SEED + 1, 2) != made


@pytest.fixture(scope="module")
def both(client: bigquery.Client, made: list[dict[str, ugly.Rows]]) -> Engines:
    cases = [f"seed {SEED}, round {number}" for number in range(len(made))]
    rows = {name: {case: one[name] for case, one in zip(cases, made, strict=True)} for name in made[0]}
    return Engines(Staged(client), cases, rows, random.Random(SEED))


def test_both_engines_give_the_same(both: Engines) -> None:
    found = [*engines.views(both, VIEWS)]
    wanted = [each for each in engines.every_delivery() if each.name == "otus_attendance_discipline"]
    found += engines.deliveries(both, wanted, SEED)
    assert [words for each in found for words in each.differences] == []
    assert sum(each.rows for each in found) > 100


def test_a_difference_is_told_by_its_first_row() -> None:
    names, rows = ("id", "name"), [(1, "a"), (2, "b")]
    assert engines.difference(names, rows, rows[::-1], "the stand-in") == ""
    told = engines.difference(names, rows, [(1, "a"), (2, "c")], "the stand-in")
    assert told == ("1 of 2 rows are Google's alone, and 1 of 2 the stand-in's; name: Google 'b', the stand-in 'c'")
    assert "{'id': 2, 'name': 'b'}" in engines.difference(names, rows, rows[:1], "the stand-in")
    assert engines.difference(names, rows * 2, rows, "the stand-in")
