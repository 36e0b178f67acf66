"""What may go to whom: every column that is sent stands in the vendor's agreement, and nothing else goes."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp

from pipeline import catalogue
from pipeline.catalogue import agreement, contract, sql
from pipeline.catalogue.agreement import OWN_RECORDS
from pipeline.catalogue.delivery import LandedCopy, ViewFile
from pipeline.ground import settings
from pipeline.outside.sftp.vendor import Vendor

MONDAY = dt.date(2026, 11, 23)
SENT_VIEWS = [(each.vendor, file) for each in catalogue.deliveries().values() for file in each.view_files]
SENT_COPIES = [(each.vendor, copy) for each in catalogue.deliveries().values() for copy in each.copies]


@pytest.fixture
def until_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agreement with Otus that lists two columns of one file, and ends."""
    paper = replace(
        catalogue.agreements()[catalogue.vendors()["otus"].agreement],
        name="paper",
        columns={"a.csv": "id name"},
        until=MONDAY,
    )
    monkeypatch.setitem(catalogue.agreements(), "paper", paper)
    monkeypatch.setitem(catalogue.vendors(), "otus", Vendor("otus", agreement="paper"))


@pytest.mark.parametrize(("vendor", "file"), SENT_VIEWS, ids=[file.name for _, file in SENT_VIEWS])
def test_every_column_of_a_view_that_is_sent_is_listed(vendor: str, file: ViewFile) -> None:
    produced = sqlglot.parse_one(sql.text(file.view), read="bigquery")
    assert isinstance(produced, exp.Select)
    assert agreement.beyond(vendor, file.name, produced.named_selects) == []


@pytest.mark.parametrize(("vendor", "copy"), SENT_COPIES, ids=[copy.name for _, copy in SENT_COPIES])
def test_every_column_of_a_copy_is_listed(vendor: str, copy: LandedCopy) -> None:
    feed = catalogue.feeds()[copy.feed]
    assert agreement.beyond(vendor, copy.name, agreement.columns_of_copy(feed)) == []


def test_a_column_that_is_not_listed_is_named(until_monday: None) -> None:
    assert agreement.beyond("otus", "a.csv", ["id", "ssn", "name", "dob"], MONDAY) == ["ssn", "dob"]
    assert agreement.beyond("otus", "b.csv", ["id"], MONDAY) == ["id"]
    assert agreement.beyond("otus", "a.csv", [], MONDAY) == []


def test_an_agreement_holds_on_its_last_day_and_lists_nothing_after(until_monday: None) -> None:
    assert agreement.beyond("otus", "a.csv", ["id"], MONDAY) == []
    assert agreement.beyond("otus", "a.csv", ["id"], MONDAY + dt.timedelta(days=1)) == ["id"]


def test_without_a_day_it_is_today(until_monday: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for today, left in ((MONDAY, []), (MONDAY + dt.timedelta(days=1), ["id"])):
        monkeypatch.setattr(settings.Settings, "today", lambda self, today=today: today)
        assert agreement.beyond("otus", "a.csv", ["id"]) == left


def test_a_vendor_without_an_agreement_gets_nothing() -> None:
    assert agreement.beyond("easyiep", "a.csv", ["id"]) == ["id"]
    assert agreement.of("easyiep").columns == {}


def test_who_is_sent_something_has_an_agreement_and_nobody_else() -> None:
    assert {name for name, vendor in catalogue.vendors().items() if vendor.agreement} == {
        each.vendor for each in catalogue.deliveries().values()
    }
    assert sorted(vendor.agreement for vendor in catalogue.vendors().values() if vendor.agreement) == sorted(
        catalogue.agreements()
    )


def test_an_agreement_lists_files_that_are_sent_and_each_column_once() -> None:
    """The sandbox's papers list what goes out, so a file that is renamed or dropped is struck out here."""
    for vendor in {each.vendor for each in catalogue.deliveries().values()}:
        sent = {file.name for each in catalogue.deliveries().values() if each.vendor == vendor for file in each.files}
        listed = agreement.of(vendor).columns
        assert set(listed) == sent
        assert [file for file, words in listed.items() if len(set(words.split())) < len(words.split())] == []


def test_own_records_stay_with_the_district() -> None:
    assert [vendor for vendor in catalogue.vendors() if agreement.of(vendor).basis == OWN_RECORDS] == ["district"]


def test_what_is_listed_for_copies_are_names_of_a_contract() -> None:
    for vendor, copy in SENT_COPIES:
        words = agreement.of(vendor).columns[copy.name].split()
        assert [word for word in words if contract.column_name(word) != word] == []
