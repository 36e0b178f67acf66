"""Every statement that the pipeline sends, as GoogleSQL's analyzer sees it: for each view, delivery and feed of the
catalogue, with the columns that its tables have and the types of its parameters. None may be refused by BigQuery for
what the analyzer does not know, either.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from pipeline import catalogue
from pipeline.catalogue import schemas, sql
from pipeline.catalogue.checking import analysis
from pipeline.catalogue.conditions import in_school_year
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.limits import YEAR_FIRST
from pipeline.outbound import (
    checks,
    churn,
    disclosed,
    entries,
    happened,
    history,
    holders,
    ledger,
    ledgerrows,
    references,
    snapshots,
)
from pipeline.outbound.churn import Pair
from pipeline.outbound.entries import GrowingTable, Value
from pipeline.outside import googlesql
from pipeline.outside.cloud import warehouse
from pipeline.outside.cloud.evidence import TableTarget
from pipeline.outside.googlesql import limits

DELIVERIES = catalogue.deliveries().values()
FILES = [(delivery, file) for delivery in DELIVERIES for file in delivery.view_files]
LEDGER = (ledgerrows.DELIVERIES, ledgerrows.DISCLOSURES, ledgerrows.STUDENTS)
HISTORY = (happened.LOADS, happened.RUNS)
NOW = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)

of_each_file = pytest.mark.parametrize(
    ("delivery", "file"), FILES, ids=[f"{delivery.name}/{file.name}" for delivery, file in FILES]
)


def frozen(delivery: Delivery, file: ViewFile | LandedCopy, when: str = "now") -> str:
    return f"deliveries.{delivery.name}__{delivery.files.index(file)}_{when}"


def of_ledger(table: GrowingTable) -> dict[str, str]:
    return {c.name: f"ARRAY<{c.type}>" if c.mode == "REPEATED" else c.type for c in table.columns}


def given_by(view: str) -> googlesql.Analyzed:
    told = analysis.analyzed(view)
    assert told is not None, f"{view} cannot be analyzed: `morning check` says why"
    return told


@cache
def tables() -> dict[str, dict[str, str]]:
    """All that there is: the feeds' tables, the views, what is frozen of each file now and before, the ledger."""
    names = {name for view in sql.names() for name in sql.tables_below(view)}
    names |= {f"{feed.dataset}.{feed.name}" for feed in catalogue.feeds().values()}
    found = {name: schemas.types(name) for name in names}
    found |= {view: given_by(view).columns for view in sql.names()}
    for delivery, file in FILES:
        columns = given_by(file.view).columns
        kept = {name: columns[name] for name in file.comparable} if snapshots.restricted(file) else columns
        found |= {
            frozen(delivery, file): columns,
            frozen(delivery, file, "keyed"): kept,
            frozen(delivery, file, "before"): kept,
        }
    return found | {table.name: of_ledger(table) for table in (*LEDGER, *HISTORY)}


def pair(delivery: Delivery, file: ViewFile) -> Pair:
    now, before = (frozen(delivery, file, when) for when in ("keyed", "before"))
    return Pair(now, before, tuple(tables()[now]))


def looked_at(statement: str, **about: Value) -> googlesql.Analyzed:
    """What the statement gives; the test fails where BigQuery would not take it."""
    types = {"INT64": "INTEGER"}
    parameters = {
        name: "ARRAY<STRING>" if isinstance(value, tuple) else types.get(kind := entries._TYPES[type(value)], kind)
        for name, value in about.items()
    }
    told = googlesql.analyze(statement, tables(), parameters)
    assert told.limits == ()
    assert resolved(statement) <= limits.RESOLVED
    return told


def resolved(statement: str) -> int:
    """Bytes of the statement with the text of all views that it reads, each as often as it is read."""
    views = (name for name in sql._READ.findall(statement) if ".".join(name) in sql.names())
    return len(statement.encode()) + sum(resolved(sql.text(".".join(name))) for name in views)


class Border:
    """Where statements leave the pipeline: they are looked at, and nothing is found."""

    def __init__(self) -> None:
        self.told: list[googlesql.Analyzed] = []

    def ask(self, statement: str, doing: str, **about: Value) -> list[dict[str, Any]]:
        self.told.append(looked_at(statement, **about))
        return []

    def freeze(
        self, statement: str, dataset: str, table: str, labels: dict[str, str], days: int, once: Callable[[], object]
    ) -> int:
        self.ask(statement, "")
        return 0


@pytest.fixture
def border(monkeypatch: pytest.MonkeyPatch) -> Border:
    border = Border()
    monkeypatch.setattr(warehouse, "ask", border.ask)
    monkeypatch.setattr(warehouse, "freeze", border.freeze)
    monkeypatch.setattr(entries, "ask", border.ask)
    monkeypatch.setattr(disclosed, "_there", lambda: True)
    monkeypatch.setattr(history, "_there", lambda table: True)
    return border


@pytest.mark.parametrize("view", sql.names())
def test_a_view_is_deployed(view: str) -> None:
    told = given_by(view)
    assert told.limits == ()
    assert len(sql.text(view)) <= limits.VIEW
    assert resolved(sql.text(view)) <= limits.RESOLVED
    assert levels(view) <= limits.LEVELS
    assert set(told.types) <= {*schemas.TYPES}


def levels(view: str) -> int:
    return 1 + max((levels(name) for name in sql.reads(view) if name in sql.names()), default=0)


@of_each_file
def test_a_file_is_frozen(border: Border, delivery: Delivery, file: ViewFile) -> None:
    snapshots.keep_rows(file.view, TableTarget("deliveries", "x", {}), 1)
    snapshots.keep_comparable(file, file.view, TableTarget("deliveries", "x", {}), 1)
    every, some = border.told
    assert {*every.types} == {"STRING"}
    assert some.names == tuple(file.comparable)


@of_each_file
def test_a_file_is_checked(border: Border, delivery: Delivery, file: ViewFile) -> None:
    now = {each.name: frozen(delivery, each) for each in delivery.view_files}
    query = checks.query(file, now, tuple(tables()[frozen(delivery, file)]))
    # The first time it goes alone: here it stands whole in the other one, and asking both takes twice as long.
    compared = pair(delivery, file)
    asked = tuple(column for column in compared.columns if column not in file.key)
    counted = looked_at(holders.query(query, file, compared, asked))
    assert {"row_count", "school", "before", "drops", *(["moved"] if asked else [])} <= {*counted.names}
    wanted = [*references.of(file)]
    if wanted:
        assert looked_at(" UNION ALL ".join(map(references.query, wanted))).names == ("name", "present", "lost")


@of_each_file
def test_keys_of_a_file_are_asked_for(border: Border, delivery: Delivery, file: ViewFile) -> None:
    assert list(churn.keys(file, pair(delivery, file))) == []
    assert border.told[0].columns == {"kind": "STRING", "school": "STRING", "who": "STRING"}


@pytest.mark.parametrize(
    ("day", "year", "kept"),
    [
        ("2026-05-31", "2026", False),
        ("2026-06-01", "2026", True),
        ("2027-08-31", "2026", True),
        ("2027-09-01", "2026", False),
        ("2026-07-01", "37000", False),
        ("2026-07-01", f"{2**63 - 1}", False),
        ("0001-01-01", f"{-(2**63)}", False),
        ("2026-07-01", "x", True),
        ("x", "2026", True),
    ],
)
def test_a_year_that_no_day_has_is_counted_and_ends_no_query(day: str, year: str, kept: bool) -> None:
    condition = in_school_year("day", "year", YEAR_FIRST)
    query = googlesql.Query(
        f"SELECT {condition.sql.format(day='day', year='year')} FROM `t.t`",  # noqa: S608  (our own names)
        {"t.t": {"day": "STRING", "year": "STRING"}},
    )
    assert query.rows({"t.t": [{"day": day, "year": year}]}) == [(kept,)]


def receipt(delivery: Delivery) -> tuple[dict[str, Any], list[ledgerrows.File]]:
    """What a push of the delivery leaves, as far as the ledger asks."""
    files = [*sources(delivery)]
    told: dict[str, Any] = {"delivery": delivery.name, "vendor": delivery.vendor, "period": "2026-11-23"}
    told |= {
        "sent_at": NOW.isoformat(),
        "agreement": "a",
        "basis": "b",
        "folder": "/x",
        "host_key": "c",
        "run": "d",
        "released": None,
    }
    return {**told, "files": {file.name: file.facts for file in files}}, files


def sources(delivery: Delivery) -> Iterator[ledgerrows.File]:
    for file in delivery.files:
        if isinstance(file, LandedCopy):
            feed = catalogue.feeds()[file.feed]
            table = f"{feed.dataset}.{feed.name}"
        else:
            table = frozen(delivery, file)
        facts = {"rows": 1, "bytes": 2, "sha256": "0", "students": 1, "student": file.student, "remote": "/x/y"}
        yield ledgerrows.File(file.name, {**facts, "columns": [*tables()[table]]}, table if file.student else "")


@pytest.mark.parametrize("delivery", DELIVERIES, ids=lambda delivery: delivery.name)
def test_a_delivery_is_entered_in_the_ledger(delivery: Delivery) -> None:
    told, files = receipt(delivery)
    values = ledgerrows.values(told, files)
    for statement in (ledgerrows.students(files), ledgerrows.disclosures(len(files)), ledgerrows.delivery()):
        looked_at(statement, **values)


def test_the_ledger_is_asked(border: Border) -> None:
    assert disclosed.of_student("0000001") == []
    assert disclosed.not_known() == []
    assert disclosed.by_vendor(NOW.date(), NOW.date()) == []
    assert ledger.unnamed(["receipts/2026-11-23/a/b.json"]) == []
    student, unknown, vendors, unnamed = border.told
    assert {*of_ledger(ledgerrows.DISCLOSURES), "place"} == {*student.names}
    assert unknown.names == ("vendor", "file", "sent_at")
    assert vendors.names == disclosed._GIVEN
    assert unnamed.names == ("delivery", "period", "file", "students")


LOAD = {
    "kind": "table",
    "flow": "students",
    "date": "2026-11-23",
    "sha": "0",
    "rows": 1,
    "bytes": 2,
    "begun_at": NOW.isoformat(),
    "done_at": NOW.isoformat(),
    "remarks": [],
    "run": "d",
}


@pytest.mark.parametrize("parts", [{}, {"RSD": 310, "BLF": 100}])
@pytest.mark.parametrize("more", [{}, {"changed_at": NOW.isoformat(), "seconds": 0.1, "remarks": ["was cp1252"]}])
def test_what_happened_is_entered(parts: dict[str, int], more: dict[str, Any]) -> None:
    run = {"kind": "run", "run": "d", "wrapper": "Morning", "date": "2026-11-23", "began": NOW.isoformat()}
    whole = {**run, "ended": NOW.isoformat(), "exit_code": 0, "loaded": 1}
    told = [{**LOAD, "parts": parts}, {**LOAD, "parts": {}, **more}]
    told += [{**run, "version": "1"}, {**whole, "version": "1"}]
    rows = [row for each in told if (row := happened._row(each))]
    for table in (happened.LOADS, happened.RUNS):
        values: dict[str, Value] = {}
        statement = happened._statement(table, happened._of_table(table, rows), values)
        assert statement.count("SELECT") == 4
        looked_at(statement, **values)


def test_the_history_is_asked(border: Border) -> None:
    assert history.usual(["students"], NOW.date()) == {}
    assert history.last_good() == {}
    assert history.runs() == []
    points, last, runs = border.told
    assert {*points.names} < {*of_ledger(happened.LOADS)}
    assert last.names == ("flow", "last")
    assert {*runs.names} == {*of_ledger(happened.RUNS)} - {"run"}
