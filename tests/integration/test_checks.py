"""The checks of a file and what it would change, against the sandbox's stand-ins by Google's own clients."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clouds import Cloud, set_up
from pipeline import catalogue
from pipeline.catalogue.conditions import add_up, different, in_order, in_school_year, says_something
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import (
    EMAIL,
    MONTH_FIRST,
    Agreeing,
    Allowed,
    Alone,
    Apart,
    Longest,
    Personal,
    Reference,
    Same,
    Written,
)
from pipeline.catalogue.schemas import Column
from pipeline.outbound import checks, churn, garbled, holders, references
from pipeline.outbound.churn import Change, Pair
from pipeline.outbound.columns import Values
from pipeline.outbound.holders import Held
from pipeline.outside.cloud import warehouse
from riverbend import PROJECT, Sandbox

Rows = list[tuple[str | None, ...]]


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        yield made
        warehouse._client().delete_dataset(f"{PROJECT}.deliveries", delete_contents=True, not_found_ok=True)


def table(name: str, columns: str, rows: Rows) -> str:
    """A table of strings; returns its `dataset.table`."""
    names = columns.split()
    warehouse._client().create_dataset(f"{PROJECT}.deliveries", exists_ok=True)

    def literal(value: str | None) -> str:
        return "CAST(NULL AS STRING)" if value is None else f"'{value}'"

    selects = (
        "SELECT " + ", ".join(f"{literal(value)} AS {column}" for column, value in zip(names, row, strict=True))
        for row in rows
    )
    union = " UNION ALL ".join(selects)
    warehouse.ask(f"CREATE OR REPLACE TABLE `deliveries.{name}` AS {union}", "making a table")
    return f"deliveries.{name}"


# --------------------------------------------------------------------------------------------------- of one file

PUPILS = ViewFile(
    "own_rosters.Pupils",
    "pupils.csv",
    key=("id",),
    required=("id", "name"),
    floor=3,
    student="id",
    references=(
        Reference(("school",), "schools.csv", ("number",)),
        Reference(("school", "tutor"), "tutors.csv", ("school", "id"), also=("second",)),
    ),
    allowed=(Allowed(("flag",), ("Y", "O\\'N")),),
    written=(Written(("born",), MONTH_FIRST), Written(("mail",), EMAIL, tolerated=0.5)),
    longest=(Longest(("name",), 5), Longest(("password",), 0)),
)
COLUMNS = "id school name flag born mail tutor password second"


def looked_at(*rows: tuple[str | None, ...]) -> dict[str, tuple[float, bool]]:
    """The file's checks, by name: what was found, and whether it passed."""
    tables = {
        "pupils.csv": table("pupils", COLUMNS, list(rows)),
        "schools.csv": table("schools", "number", [("0105",), ("0110",)]),
        "tutors.csv": table("tutors", "school id", [("0105", "T1"), ("0110", "T2")]),
    }
    counted = checks.judged(
        PUPILS, tables, warehouse.ask(checks.query(PUPILS, tables, tuple(COLUMNS.split())), "counting")[0]
    )
    assert (counted.rows, counted.students) == (len(rows), len({row[0] for row in rows}))
    return {each.name: (each.found, each.passed) for each in counted.checks}


def test_rows_that_are_as_they_must_be_pass_every_check(there: Cloud) -> None:
    found = looked_at(
        ("1", "0105", "Núñez", "Y", "02/29/2016", "a.b@example.org", "T1", "", "T1"),
        ("2", "0110", "Lee", "", "", "", None, None, "T2"),
        ("3", "0105", "Lee", None, None, None, "", "", None),
    )
    assert [name for name, (_, passed) in found.items() if not passed] == []


def test_every_check_counts_its_own_rows_and_none_stops_another(there: Cloud) -> None:
    good = ("0105", "Lee", "Y", "01/31/2016", "a@example.org", "T1", "", "")
    found = looked_at(
        ("1", *good),
        ("1", *good),
        ("", "0199", "Lee", "X", "1/31/2016", "a@example.org", "T1", "Otter-4711", ""),
        ("4", "0105", None, "y", "02/30/2016", "example.org", "T2", "", "T2"),
        ("5", "0105", "Leeson", "Y", "2016-01-31 ", "", "T3", "", "T1"),
    )
    assert found == {
        "rows": (5, True),
        "rows whose key (id) occurred before": (1, False),
        "rows with text that was decoded wrongly before it came (Ã© for é, or U+FFFD)": (0, True),
        "rows without id": (1, False),
        "rows without name": (1, False),
        "rows whose flag is none of the allowed values": (2, False),
        "rows whose born is not a day as MM/DD/YYYY": (3, False),
        "rows whose mail is not an e-mail address": (1, True),
        "rows whose name is longer than 5": (1, False),
        "rows whose password is longer than 0": (1, False),
        "school that are not in schools.csv": (1, False),
        "school, tutor (or second) that are not in tutors.csv": (4, False),
    }


def test_too_few_rows(there: Cloud) -> None:
    found = looked_at(("1", "0105", "Lee", "Y", "", "", "T1", "", ""))
    assert found["rows"] == (1, False)


def test_more_than_is_tolerated(there: Cloud) -> None:
    found = looked_at(*((f"{number}", "0105", "Lee", "Y", "", "nobody", "T1", "", "") for number in range(4)))
    assert found["rows whose mail is not an e-mail address"] == (4, False)


# ----------------------------------------------------------------- kinds of checks that pupils.csv has none of

PEOPLE = ViewFile(
    "own_rosters.People",
    "people.csv",
    key=("id", "row"),
    called="people",
    people="id",
    personal=(Personal(("mail",)),),
    same=(Same("deliveries.staff", "number", ("name", "mail"), among=("status", "1")),),
    apart=(Apart("mail", "others.csv", "mail"),),
    agreeing=(Agreeing("id", ("name",)),),
    alone=(Alone("id", ("phone",)),),
    one=("year",),
    conditions=(
        in_order("first", "last", MONTH_FIRST),
        in_school_year("first", "year", MONTH_FIRST),
        add_up("sum", "one", "two"),
        says_something("one", "two"),
        different("one", "two"),
    ),
)


def failing(people: Rows, staff: Rows) -> dict[str, float]:
    """The checks that do not pass, and what was found."""
    names = "id row name mail phone year first last sum one two"
    tables = {"people.csv": table("people", names, people), "others.csv": table("others", "mail", [("T@example.org",)])}
    table("staff", "number name mail status", staff)
    found = warehouse.ask(checks.query(PEOPLE, tables, tuple(names.split())), "counting")[0]
    return {each.name: each.found for each in checks.judged(PEOPLE, tables, found).checks if not each.passed}


def test_people_who_are_one_and_rows_that_agree_pass(there: Cloud) -> None:
    rows: Rows = [
        ("1", "a", "Núñez", "a@example.org", "1", "2026", "06/01/2026", "06/01/2026", "3", "1.5", "1.50"),
        ("1", "b", "Núñez", "A@example.org", "2", "2026", "08/31/2027", None, None, "2", None),
        ("2", "a", "ÉTÉ", None, None, "2026", "no day", "01/01/2026", "", "1", "2"),
    ]
    assert failing(rows, [("1", "Lee", "", "1"), ("1", "LEE", "l@x.org", "1"), ("1", "Moss", "m@x.org", "2")]) == {}


def test_people_who_are_not_one_and_rows_that_do_not_agree_are_counted(there: Cloud) -> None:
    rows: Rows = [
        ("1", "a", "Lee", "T@EXAMPLE.ORG", "1", "2026", "06/01/2026", "05/31/2026", "3", "1.5", "1.6"),
        ("1", "b", "Moss", "t@example.org", None, "2027", "05/31/2027", None, None, "N", None),
        ("2", "a", "Zo\u00c3\u00ab", "t@example.org", "", "2026", "", "", "", "2", "2"),
    ]
    assert failing(rows, [("1", "Lee", "", "1"), ("1", "Moss", "", "1")]) == {
        "rows with text that was decoded wrongly before it came (Ã© for é, or U+FFFD)": 1,
        "people whose mail another one has too": 1,
        "number of deliveries.staff whose rows differ in name, mail": 1,
        "rows whose mail is in others.csv too": 3,
        "rows whose last is before first": 1,
        "rows whose first is not in the year": 1,
        "rows whose sum is not one and two together": 1,
        "rows that say nothing in one, two": 1,
        "rows that name the same in two of one, two": 1,
        "further values of year": 1,
        "id whose rows differ in name": 1,
        "id of several rows, one of them without phone": 1,
    }


def test_a_file_of_no_rows_has_nothing_wrong_in_it(there: Cloud) -> None:
    tables = {"people.csv": table("people", "id row name mail phone year first last sum one two", [("1",) * 11])}
    tables["others.csv"] = tables["people.csv"]
    warehouse.ask("DELETE FROM `deliveries.people` WHERE TRUE", "emptying")
    table("staff", "number name mail status", [("1", "Lee", "", "1")])
    found = warehouse.ask(checks.query(PEOPLE, tables, ("id",)), "counting")[0]
    assert [each.name for each in checks.judged(PEOPLE, tables, found).checks if not each.passed] == ["rows"]


# ------------------------------------------------------------------------------------------------------- the churn


def by_school(file: ViewFile, pair: Pair) -> list[Change]:
    return churn.by_school(warehouse.ask(churn.query("SELECT 1 AS one", file, pair), "comparing"))


def test_what_goes_comes_and_differs_is_counted_by_school(there: Cloud) -> None:
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id",), school="school")
    before = table(
        "before", "id school name", [("1", "0105", "a"), ("2", "0105", "b"), ("3", "0110", None), ("4", "0110", "d")]
    )
    now = table(
        "now", "id school name", [("2", "0105", "B"), ("3", "0110", ""), ("4", "0105", "d"), ("5", "0805", "e")]
    )
    pair = Pair(now, before, ("id", "school", "name"))
    assert by_school(file, pair) == [
        Change("0105", before=2, drops=1, adds=0, changes=1),
        Change("0805", before=0, drops=0, adds=1, changes=0),
        Change("0110", before=2, drops=0, adds=0, changes=1),  # one moved to another school
    ]
    assert list(churn.keys(file, pair)) == [
        ("+", "0805", "5"),
        ("-", "0105", "1"),
        ("~", "0105", "2"),
        ("~", "0110", "4"),
    ]


def test_people_are_counted_where_the_key_is_finer(there: Cloud) -> None:
    """Who has one contact fewer is no student fewer; a key that is there twice multiplies nothing."""
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id", "contact"), people="id")
    before = table("before", "id contact", [("1", "ma"), ("1", "pa"), ("2", "ma"), ("3", None), ("4", "ma")])
    now = table("now", "id contact", [("1", "ma"), ("2", "ma"), ("2", "ma"), ("3", ""), ("5", "ma")])
    (change,) = by_school(file, Pair(now, before, ("id", "contact")))
    assert change == Change("", before=4, drops=1, adds=1, changes=1)


def test_keys_alone_can_be_compared(there: Cloud) -> None:
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id",))
    before, now = table("before", "id", [("1",), ("2",)]), table("now", "id", [("2",)])
    assert by_school(file, Pair(now, before, ("id",))) == [Change("", 2, 1, 0, 0)]


def test_what_is_no_number_of_a_school_is_not_told(there: Cloud) -> None:
    """A file whose columns have moved has names in the place of schools."""
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id",), school="school")
    now = table("now", "id school", [("1", "Núñez"), ("2", "Ann")])
    found = by_school(file, Pair(now, table("before", "id school", [("3", "0105")]), ("id", "school")))
    assert {each.school for each in found} == {"0105", "'aaaaa'", "'aaa'"}


def test_what_becomes_of_each_column_is_counted_by_school(there: Cloud) -> None:
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id",), school="school")
    head = "id school name born"
    before = table(
        "before",
        head,
        [("1", "0105", "a", "1"), ("2", "0105", "b", None), ("3", "0805", "c", "3"), ("4", "0805", "d", "4")],
    )
    now = table(
        "now",
        head,
        [("2", "0105", "B", "2"), ("3", "0805", "c", ""), ("4", "0805", "d", "5"), ("5", "0805", "e", "6")],
    )
    pair = Pair(now, before, tuple(head.split()))
    found = churn.by_column(warehouse.ask(churn.query("SELECT 1 AS one", file, pair), "comparing"), pair)
    told = {(each.school, each.column): (each.had, each.have, each.blanked, each.changed) for each in found}
    assert told == {
        ("0105", "id"): (2, 1, 0, 0),
        ("0105", "school"): (2, 1, 0, 0),
        ("0105", "name"): (2, 1, 0, 1),
        ("0105", "born"): (1, 1, 0, 1),
        ("0805", "id"): (2, 3, 0, 0),
        ("0805", "school"): (2, 3, 0, 0),
        ("0805", "name"): (2, 3, 0, 0),
        ("0805", "born"): (2, 2, 1, 1),
    }


def test_columns_are_counted_in_people_where_the_key_is_finer(there: Cloud) -> None:
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id", "contact"), people="id")
    before = table("before", "id contact born", [("1", "ma", "1"), ("1", "pa", "1"), ("2", "ma", "2")])
    now = table("now", "id contact born", [("1", "ma", "x"), ("1", "pa", "x"), ("2", "ma", "")])
    pair = Pair(now, before, ("id", "contact", "born"))
    found = churn.by_column(warehouse.ask(churn.query("SELECT 1 AS one", file, pair), "comparing"), pair)
    assert found[-1] == Values("", "born", had=2, have=1, blanked=1, changed=1)


def test_single_values_are_told_by_the_query_of_all_else(there: Cloud) -> None:
    """Of columns of few values alone, which the query itself finds; a key has none."""
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id",), school="school")
    head, many = ("id", "school", "flag", "name"), holders.FEW + 1

    def pupils(flag: str, name: str, count: int = many) -> Rows:
        return [(f"{each}", "0105", flag if each < 9 else "N", f"{name}{each}") for each in range(count)]

    def asked(now: Rows) -> tuple[checks.Counted, list[Change], list[Held]]:
        pair = Pair(table("now", " ".join(head), now), before, head)
        columns = holders.asked(file, pair, dt.date(2026, 11, 24))
        assert columns == head[1:]
        counting = checks.query(file, tables, head)
        found = warehouse.ask(holders.query(counting, file, pair, columns), "checking")
        counted = next(row for row in found if row["one"] == 1)
        return checks.judged(file, tables, counted), churn.by_school(found), holders.found_in(found, columns)

    before, tables = table("before", " ".join(head), pupils("Y", "a")), {"pupils.csv": "deliveries.now"}
    counted, changes, held = asked(pupils("", "b"))
    assert (counted.rows, changes) == (many, [Change("0105", many, 0, 0, many)])
    assert held == [Held("", "flag", "Y", 9, 9), Held("0105", "flag", "Y", 9, 9)]
    counted, changes, held = asked(pupils("Y", "a", many + 1))
    assert (counted.rows, changes, held) == (many + 1, [Change("0105", many, 0, 1, 0)], [])


# ------------------------------------------------------------------------------------------- of what a set is made of


def test_text_that_was_decoded_wrongly_is_counted_in_every_column(there: Cloud) -> None:
    file = ViewFile("own_rosters.Pupils", "pupils.csv", ("id",))
    name = table(
        "garbled", "id name", [("1", "Zoë"), ("2", "ZoÃ«"), ("3\ufffd", None), (None, "JoÃ£o"), (None, "João")]
    )

    def found(*columns: str) -> float:
        row = warehouse.ask(checks.query(file, {file.name: name}, columns), "counting")[0]
        (check,) = [each for each in checks.judged(file, {file.name: name}, row).checks if each.name == garbled.NAME]
        assert not check.passed
        return check.found

    assert found("id", "name") == 3
    assert found("id") == 1


def test_what_refers_to_another_feed_is_asked_under_its_tag(there: Cloud) -> None:
    tag = "district_identification"
    column = Column("studentid", refers="students", tolerated=0.25)
    child, to = catalogue.feeds()["cc"], catalogue.feeds()["students"]
    child = replace(child, name="told", dataset="deliveries")
    to = replace(to, name="held", dataset="deliveries")
    table("held", f"{tag} id", [("RSD", "1"), ("BLF", "2"), ("RSD", "3")])
    table(
        "told", f"{tag} studentid", [("RSD", "1"), ("RSD", "2"), ("BLF", "2"), ("RSD", ""), ("RSD", None), ("RSD", "3")]
    )
    asked = references.Reference(child, column, to)
    (row,) = warehouse.ask(references.query(asked), "asking")
    assert (row["present"], row["lost"]) == (4, 1)
    assert references.judged("enrollments.csv", asked, row).passed
    without = references.judged("enrollments.csv", replace(asked, column=replace(column, tolerated=0.24)), row)
    assert str(without) == "enrollments.csv: values of told.studentid that are not in held: 1, must be 0"
    assert not without.passed
