"""When a prepared file is done: made of the parts of now, by the contract of now, whoever reads them."""

import datetime as dt
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline import catalogue
from pipeline.catalogue import dialect, schemas, values
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.feed import Feed, fingerprint
from pipeline.formats.eis_readers import error_report, viewer_report
from pipeline.ground import manifests, settings
from pipeline.inbound import sources, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outside.cloud import documents

MONDAY = dt.date(2025, 11, 17)
SCHEMA = [
    {"name": "district_identification", "type": "STRING", "mode": "REQUIRED"},
    {"name": "id", "type": "STRING", "mode": "REQUIRED"},
    {"name": "begins", "type": "STRING", "mode": "NULLABLE"},
]


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Changes the last column of the feed's schema."""
    monkeypatch.setattr(schemas, "folder", lambda: tmp_path)
    (tmp_path / "powerschool_combined").mkdir()

    def write(**words: Any) -> None:
        changed = [*SCHEMA[:2], {**SCHEMA[2], **words}]
        (tmp_path / "powerschool_combined/fte.json").write_text(json.dumps(changed))
        schemas.columns.cache_clear()

    write()
    yield write
    schemas.columns.cache_clear()


def prepared(feed: Feed, text: str) -> str:
    """The feed's only part lands with this text, and is prepared; returns what is told of it."""
    file = settings.load().district.drop / "powerschool_rsd" / "fte.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    at = dt.datetime.combine(MONDAY, dt.time(2, 10), ZoneInfo("America/Chicago")).timestamp()
    os.utime(file, (at, at))
    sources.forget()
    steps.land(LandedTarget(feed, "RSD", MONDAY), lambda done, total: None)
    return steps.prepare(PreparedTarget(feed, MONDAY)).words


@pytest.fixture
def feed(schema: Callable[..., None]) -> Feed:
    """A feed of one part that was prepared."""
    made = replace(catalogue.feeds()["fte"], sources=catalogue.feeds()["fte"].sources[:1])
    prepared(made, "ID,Begins\n1,08/10/2025\n2,\n")
    return made


def done(feed: Feed) -> bool:
    return PreparedTarget(replace(feed), MONDAY).exists()


def test_nothing_changed(feed: Feed) -> None:
    assert done(feed)


TERMS: dict[str, dict[str, Any]] = {
    "floor": {"floor": 2},
    "key": {"key": ("id",)},
    "ignored": {"ignored": ("x",)},
    "last line": {"last_line": "open"},
    "trimmed": {"trimmed": ("begins",)},
    "delimiter": {"delimiter": "\t"},
    "a reader": {"reader": viewer_report},
}


@pytest.mark.parametrize("term", TERMS)
def test_another_term_of_the_row_makes_it_stale(feed: Feed, term: str) -> None:
    assert not done(replace(feed, **TERMS[term]))


@pytest.mark.parametrize(
    "words",
    [
        {"form": "date %m/%d/%Y"},
        {"tolerated": 0.1},
        {"maxLength": 12},
        {"type": "DATE"},
        {"mode": "REQUIRED"},
        {"form": "key of students"},
    ],
    ids=str,
)
def test_another_word_of_the_schema_makes_it_stale(
    feed: Feed, schema: Callable[..., None], words: dict[str, Any]
) -> None:
    schema(**words)
    assert not done(feed)


def test_a_description_does_not(feed: Feed, schema: Callable[..., None]) -> None:
    schema(description="First day.")
    assert done(feed)


def test_another_definition_of_a_value_makes_it_stale(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(values.LONGEST, "text", 3_999)
    assert not done(feed)


def test_another_way_of_writing_makes_it_stale(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "CSV", Dialect(quoting="all"))
    assert not done(feed)


def test_another_part_or_a_lost_file_makes_it_stale(feed: Feed) -> None:
    target, landed = PreparedTarget(feed, MONDAY), LandedTarget(feed, "RSD", MONDAY)
    manifest = documents.load(landed.manifest_path) or {}
    documents.save(landed.manifest_path, {**manifest, "sha256": "0" * 64})
    assert not target.exists()
    documents.save(landed.manifest_path, manifest)
    assert target.exists()
    target.path.write_bytes(target.path.read_bytes() + b"x")
    assert not target.exists()


# ------------------------------------------------------------------------------------------------------------ readers


def module(path: Path, code: str) -> ModuleType:
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_another_reader_or_other_code_of_it_is_another_contract(tmp_path: Path) -> None:
    code = "def mend(row):\n    return row\n\ndef own(raw, plain):\n    mend(raw)\n\ndef other(raw, plain):\n    pass\n"
    before = module(tmp_path / "own_readers.py", code)
    prints = [fingerprint(before.own), fingerprint(before.other)]
    after = module(tmp_path / "own_readers.py", code.replace("return row", "return row[:1]"))
    assert len({*prints, fingerprint(after.own)}) == 3


def test_each_report_has_the_contract_of_its_reader() -> None:
    for name in ("ADMAudit_stack", "AllErr_stack", "StudentMembership_stack"):
        feed = catalogue.feeds()[name]
        other = error_report if feed.reader is viewer_report else viewer_report
        assert replace(feed, reader=other).contract.fingerprint != feed.contract.fingerprint
        assert replace(feed, reader=None).contract.fingerprint != feed.contract.fingerprint


def test_what_was_let_pass_is_told_and_in_the_manifest(schema: Callable[..., None]) -> None:
    feed = replace(catalogue.feeds()["fte"], sources=catalogue.feeds()["fte"].sources[:1], trimmed=("id",))
    words = prepared(feed, "ID,Begins\n1 ,08/10/2025\n2,\n")
    assert words == "RSD: 1 values of id trimmed"
    assert (manifests.load(PreparedTarget(feed, MONDAY).manifest_path) or {})["told"] == [words]
