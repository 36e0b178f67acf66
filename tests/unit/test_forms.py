"""How columns are written: forms and who breaks them; no view makes nothing of a value that no contract has read."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from pipeline import catalogue
from pipeline.catalogue import forms, schemas, sql
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.limits import Form
from pipeline.catalogue.schemas import Column
from pipeline.ground.errors import ConfigurationError, ContractBroken
from pipeline.inbound import preparing
from pipeline.inbound.parts import Part

# words: what keeps the form, what breaks it
FORMS: dict[str, tuple[list[str], list[str]]] = {
    "date %m/%d/%Y": (
        ["11/23/2026", "1/2/2026", "02/29/2024", "12/31/1999"],
        [
            *("23/11/2026", "02/30/2026", "02/29/2026", "04/31/2026", "11/23/26", "2026-11-23", "11/23/2026 "),
            *("11-23-2026", "0/0/0", "00/00/0000", "11/23/20266", "1/1/0026", "soon", "11/23/2026 00:00"),
            "1\u0661/23/2026",
        ],
    ),
    "date %Y-%m-%d": (["2026-11-23", "2024-02-29"], ["11/23/2026", "2026-13-01", "2023-02-29", "20261123"]),
    "date %m/%d/%Y %H:%M": (["11/23/2026 05:00"], ["11/23/2026", "11/23/2026 25:00", "02/30/2026 05:00"]),
    "digits 7": (["0004127"], ["4127", "00041270", "000412A", "0004127 ", "-004127", "٠٠٠٤١٢٧"]),
    "digits 1-2": (["1", "02"], ["", "123", "1.0"][1:]),
    "whole number": (["0", "-12", "007"], ["1.5", "1e3", "+1", "1_000", "x", " 1", "9" * 19]),
    "id": (["A-7", "é", "x.y"], ["a b", "a\u00a0", "\u200b7"]),
    "email": (
        ["ana.o'brien@riverbend.example.org", "a+b@c.org"],
        ["ana", "ana@", "@c.org", "a b@c.org", "a@c", "a@c.org\u00a0", "a@c.org,b@c.org"],
    ),
    "key of students": (["101"], ["1 01"]),
    "digits 4, key of schools": (["0110"], ["110"]),
}
CODES = json.dumps(["F", "M", "A.B"])


def form(words: str) -> Form:
    return forms.parsed(json.loads(words) if words.startswith("[") else words)


@pytest.mark.parametrize("words", [*FORMS, CODES])
def test_a_form_is_kept_or_broken(words: str) -> None:
    good, bad = FORMS.get(words, (["F", "M", "A.B"], ["f", "AxB", "FM", "F "]))
    assert forms.broken(pa.array([*good, ""]), form(words)) is None
    for value in bad:
        mask = forms.broken(pa.array([good[0], value, good[0], value]), form(words))
        assert mask is not None, value
        assert mask.to_pylist() == [False, True, False, True]


def test_prose_has_no_form_that_it_could_break() -> None:
    assert forms.broken(pa.array(["", "a\nb", "é"]), forms.TEXT) is None


@pytest.mark.parametrize(
    "words",
    ["dat %m", "date", "date %m/%d", "date %m/%d/%y", "date %m/%m/%d/%Y", "digits", "digits x", "key of", "", []],
)
def test_a_form_that_is_none_is_refused(words: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"form|%"):
        forms.parsed(words)


@pytest.mark.parametrize(("words", "unknown"), [("date %m/%d/%y", "%y"), ("date %m/%d/%Y %H:%Q", "%Q")])
def test_what_a_date_s_format_does_not_know_is_named(words: str, unknown: str) -> None:
    with pytest.raises(ValueError, match=f"the unknown {unknown} of a date's format"):
        forms.parsed(words)


@pytest.mark.parametrize("wrong", [{"form": "dat %m"}, {"form": []}, {"maxlength": 3}])
def test_a_schema_with_a_wrong_word_is_refused(
    tmp_path: Path, wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "folder", lambda: tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d/t.json").write_text(json.dumps([{"name": "c", "type": "STRING", **wrong}]))
    with pytest.raises(ConfigurationError, match=r"d/t\.json, line 1: "):
        schemas.columns("d", "t")


def test_a_schema_says_form_share_and_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "folder", lambda: tmp_path)
    (tmp_path / "e").mkdir()
    words = {"name": "c", "form": "digits 4, key of schools", "tolerated": 0.1, "maxLength": 9}
    (tmp_path / "e/t.json").write_text(json.dumps([words]))
    (column,) = schemas.columns("e", "t")
    assert column.form == forms.parsed("digits 4")
    assert (column.refers, column.tolerated, column.max_length) == ("schools", 0.1, 9)


@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), padded=st.booleans())
def test_every_day_is_one(day: dt.date, *, padded: bool) -> None:
    text = f"{day:%m/%d/%Y}" if padded else f"{day.month}/{day.day}/{day.year}"
    assert forms.broken(pa.array([text]), form("date %m/%d/%Y")) is None


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 9999))
def test_what_is_no_day_of_the_calendar_is_none(month: int, day: int, year: int) -> None:
    try:
        known = 1900 <= dt.date(year, month, day).year < 2100
    except ValueError:
        known = False
    text = f"{month}/{day}/{year:04}"
    assert (forms.broken(pa.array([text]), form("date %m/%d/%Y")) is None) == known


# ------------------------------------------------------------------------------------------------------- in a contract

BORN = Contract((Column("id", form=forms.WHOLE), Column("dob", form=form("date %m/%d/%Y"))), key=("id",))


def refused(folder: Path, rows: list[str], terms: Contract = BORN) -> ContractBroken | None:
    """What the contract says of a file with these dates."""
    lines = ["id,dob", *(f"{number},{day}" for number, day in enumerate(rows, 1))]
    (folder / "in.csv").write_text("\n".join(lines) + "\n")
    try:
        preparing.prepare([Part("RSD", folder / "in.csv")], terms, folder / "out.csv")
    except ContractBroken as refusal:
        return refusal
    return None


def test_dates_of_the_other_order_refuse_the_file(tmp_path: Path) -> None:
    refusal = refused(tmp_path, ["03/04/2012", "", "13/04/2012", "05/06/2012", "25/12/2012"])
    assert refusal is not None
    assert refusal.found == (
        "file in.csv (RSD), line 4, column dob: the form '99/99/9999' (2 of 4 values are not as expected)"
    )
    assert refusal.expected == "a day as MM/DD/YYYY"


@pytest.mark.parametrize(("broken", "passes"), [(0, True), (1, True), (2, True), (3, False)])
def test_a_share_may_break_the_form_and_is_told(tmp_path: Path, broken: int, *, passes: bool) -> None:
    terms = replace(BORN, columns=(BORN.columns[0], replace(BORN.columns[1], tolerated=0.2)))
    rows = ["03/04/2012"] * (10 - broken) + ["soon"] * broken + [""] * 20
    refusal = refused(tmp_path, rows, terms)
    assert (refusal is None) == passes
    if refusal is not None:
        assert refusal.expected.endswith("in all but 20.00% of the values")
        return
    (tmp_path / "again.csv").write_bytes((tmp_path / "in.csv").read_bytes())
    done = preparing.prepare([Part("RSD", tmp_path / "again.csv")], terms, tmp_path / "out.csv")
    assert done.told == ([f"RSD: {broken:,} values of dob not of its form"] if broken else [])


def test_a_part_of_its_own_has_a_share_of_its_own(tmp_path: Path) -> None:
    """A small server's file is not lost in a large one's."""
    terms = replace(BORN, columns=(BORN.columns[0], replace(BORN.columns[1], tolerated=0.2)))
    (tmp_path / "big.csv").write_text("id,dob\n" + "".join(f"{number},03/04/2012\n" for number in range(50)))
    (tmp_path / "small.csv").write_text("id,dob\n90,03/04/2012\n91,soon\n")
    with pytest.raises(ContractBroken, match=r"small\.csv \(BLF\), line 3, column dob"):
        preparing.prepare(
            [Part("RSD", tmp_path / "big.csv"), Part("BLF", tmp_path / "small.csv")], terms, tmp_path / "out.csv"
        )


def test_a_form_is_looked_at_in_the_last_column_too(tmp_path: Path) -> None:
    terms = Contract(tuple(Column(f"c{place}", form=forms.WHOLE) for place in range(4)))
    (tmp_path / "in.csv").write_text("c0,c1,c2,c3\n1,2,3,4\n1,2,3,x\n")
    with pytest.raises(ContractBroken, match="line 3, column c3: the form 'a'"):
        preparing.prepare([Part("RSD", tmp_path / "in.csv")], terms, tmp_path / "out.csv")


CHANGES: list[Callable[[Column], Column]] = [
    lambda column: replace(column, form=forms.ID),
    lambda column: replace(column, form=form("date %Y-%m-%d")),
    lambda column: replace(column, tolerated=0.1),
    lambda column: replace(column, max_length=5),
    lambda column: replace(column, refers="students"),
]


def test_every_word_of_a_column_changes_the_contract() -> None:
    prints = {replace(BORN, columns=(BORN.columns[0], change(BORN.columns[1]))).fingerprint for change in CHANGES}
    assert len({BORN.fingerprint, *prints}) == len(CHANGES) + 1


# ---------------------------------------------------------------------------------------------------------- catalogue


@pytest.mark.parametrize("feed", catalogue.feeds().values(), ids=catalogue.feeds().keys())
def test_what_is_called_an_id_is_written_like_one(feed: Feed) -> None:
    """A key is strict by itself. The state's own reports and the vendors' names of things are as they are."""
    if feed.dataset == "eis":
        return
    named = re.compile(r"^(id|dcid|\w*(school|student|section|teacher|term|code|course)id|student_number|state_id)$")
    bare = [each.name for each in feed.contract.expected if named.match(each.name) and not each.form]
    assert [name for name in bare if name not in feed.key] == []
    assert set(feed.trimmed) <= {column.name for column in feed.contract.expected}


@pytest.mark.parametrize("feed", catalogue.feeds().values(), ids=catalogue.feeds().keys())
def test_what_a_column_refers_to_is_a_feed_with_one_id(feed: Feed) -> None:
    for column in feed.contract.columns:
        if column.refers:
            to = catalogue.feeds()[column.refers]
            assert [name for name in to.key if name != to.tag][1:] == []
            assert to.tag == feed.tag


# --------------------------------------------------------------------------------- no view makes nothing of something


@dataclass(frozen=True)
class Safe:
    """A SAFE expression of a view, and the columns of feeds' tables that it reads."""

    view: str
    text: str
    node: exp.Expr
    columns: tuple[Column, ...]


def safes(view: str) -> Iterator[Safe]:
    root = build_scope(sqlglot.parse_one(sql.text(view), read="bigquery"))
    assert root is not None
    for scope in root.traverse():
        for node in scope.find_all(exp.SafeFunc, exp.TryCast, exp.Bracket):
            if isinstance(node, exp.Bracket) and not node.args.get("safe"):
                continue
            read = [each for column in node.find_all(exp.Column) for each in origins(scope, column)]
            yield Safe(view, node.sql("bigquery"), node, tuple(dict.fromkeys(read)))


def origins(scope: Scope, column: exp.Column) -> list[Column]:
    """The columns of feeds' tables that the column's value comes from, through CTEs and other views."""
    names = [column.table] if column.table else list(scope.sources)
    found: list[Column] = []
    for name in names:
        source = scope.sources.get(name)
        if isinstance(source, exp.Table):
            found += _of_relation(f"{source.db}.{source.name}", column.name)
        elif isinstance(source, Scope):
            found += _of_scope(source, column.name)
    return found


def _of_relation(name: str, column: str) -> list[Column]:
    if feed := of_table(name.removesuffix("_previous")):
        return [each for each in feed.contract.columns if each.name == column]
    root = build_scope(sqlglot.parse_one(sql.text(name), read="bigquery"))
    assert root is not None
    return _of_scope(root, column)


def _of_scope(scope: Scope, column: str) -> list[Column]:
    if parts := scope.set_operation_scopes:
        return [each for part in parts for each in _of_scope(part, column)]
    found: list[Column] = []
    for selected in getattr(scope.expression, "selects", ()):
        if isinstance(selected, exp.Star) or (isinstance(selected, exp.Column) and selected.name == "*"):
            found += origins(scope, exp.column(column, table=selected.args.get("table")))
        elif selected.alias_or_name == column:
            found += [each for part in selected.find_all(exp.Column) for each in origins(scope, part)]
    return found


def wanting(safe: Safe) -> list[str]:
    """Of the columns that the expression reads, those whose contract lets values pass of which it makes nothing."""
    if isinstance(safe.node, exp.Bracket):  # what stands before the @ of an address
        return [each.name for each in safe.columns if each.form != forms.EMAIL]
    if isinstance(safe.node, exp.TryCast):
        whole = [forms.WHOLE, *(forms.parsed(f"digits {n}") for n in range(1, 18))]
        digits = re.compile(r"\[0-9\]\{\d+,\d+\}")
        return [
            each.name
            for each in safe.columns
            if each.form not in whole and not (each.form and digits.fullmatch(each.form.pattern))
        ]
    day = re.match(r"SAFE\.PARSE_DATE\('([^']+)'", safe.text)
    return [each.name for each in safe.columns if not day or each.form is None or each.form.day != day[1]]


@pytest.mark.parametrize("view", sql.names())
def test_every_safe_has_a_contract_in_front_of_it(view: str) -> None:
    """SAFE makes NULL of what it cannot read, and COALESCE '' of that: what it cannot read has been refused before."""
    found = list(safes(view))
    told = len(re.findall(r"SAFE[_.]\w+", re.sub(r"--[^\n]*", "", sql.text(view))))
    assert len(found) == told
    assert [safe.text for safe in found if not safe.columns] == []
    assert [f"{safe.text}: {', '.join(wanting(safe))}" for safe in found if wanting(safe)] == []
