"""Evidence that is old is no evidence: of limits, of a way of writing, of nothing expected, of an earlier date."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import catalogue
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.limits import Alone, Churn, ColumnChurn, Longest
from pipeline.formats.eis_readers import ERROR_COLUMNS
from pipeline.ground import manifests, settings
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound import columns, evidence, snapshots
from pipeline.outbound.evidence import ReceiptTarget
from pipeline.outside.cloud import storage, warehouse
from pipeline.outside.cloud.evidence import ObjectTarget, TableTarget
from pipeline.outside.cloud.storage import Stored
from pipeline.outside.cloud.warehouse import Shelved

MONDAY = dt.date(2025, 11, 17)
ROSTERS = catalogue.deliveries()["ellevation_rosters"]

CHANGED: dict[str, Any] = {
    "churn": Churn(drops=0.011),
    "column_churn": (ColumnChurn(changes=0.011),),
    "floor": 7,
    "required": ("StudentID",),
    "longest": (Longest(("StudentID",), 9),),
    "alone": (Alone("StudentID", ("SchoolCode",)),),
    "dialect": Dialect(quoting="all"),
    "key": ("StaffID",),
    "name": "Other.csv",
    "references": (),
}


def with_last(delivery: Delivery, **changes: Any) -> Delivery:
    """The delivery, its last file changed: what is asked of the first alone would not do."""
    *others, last = delivery.files
    assert isinstance(last, ViewFile)
    return replace(delivery, files=(*others, replace(last, **changes)))


# A statement of a check, or how what it counts is judged, as it may be changed in each module.
CODE = {
    "inspection.py": ("if not each.passed", "if each.passed"),
    "checks.py": ("COUNTIF(CHAR_LENGTH(", "COUNTIF(BYTE_LENGTH("),
    "churn.py": ("COUNTIF(NOT here) AS drops", "COUNTIF(was AND NOT here) AS drops"),
    "columns.py": ("count > max(slack, most * of)", "count > slack + most * of"),
    "garbled.py": ("ï»¿", "ï»"),
    "holders.py": ("WHERE was != ''", "WHERE now != ''"),
    "limits.py": ("drops: float = ", "drops: float = 1 + "),
    "references.py": ("COALESCE(told.", "TRIM(told."),
}


def changed_code(folder: Path, module: str) -> tuple[Path, ...]:
    """The code that judges, with another text of one module."""
    paths = {path.name: path for path in evidence.JUDGES}
    text, (was, now) = paths[module].read_text(), CODE[module]
    assert was in text
    (folder / module).write_text(text.replace(was, now))
    return tuple((paths | {module: folder / module}).values())


def test_all_code_that_makes_a_check_is_part_of_a_verdict() -> None:
    makes = {path.name for path in Path(snapshots.__file__).parent.glob("*.py") if " Check(" in path.read_text()}
    assert makes
    assert makes <= set(CODE) == {path.name for path in evidence.JUDGES}


@pytest.mark.parametrize("term", [*CHANGED, *CODE, "a column's usual limits"])
def test_another_limit_check_or_way_of_writing_makes_the_verdict_and_the_receipt_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, term: str
) -> None:
    verdict, receipt = evidence.verdict_target(ROSTERS, MONDAY), evidence.receipt_target(ROSTERS, MONDAY)
    held = {
        verdict.name: Stored(verdict.name, 1, 1, verdict.expected),
        receipt.name: Stored(receipt.name, 1, 1, {"fingerprint": receipt.fingerprint, "address": receipt.address}),
        receipt.latest_name: Stored(receipt.latest_name, 1, 1, {"period": f"{MONDAY}"}),
    }
    monkeypatch.setattr(storage, "find", lambda name: held.get(name, Stored(name)))
    assert evidence.verdict_target(ROSTERS, MONDAY).exists()
    assert evidence.receipt_target(ROSTERS, MONDAY).exists()
    changed = ROSTERS
    if term in CHANGED:
        changed = with_last(ROSTERS, **{term: CHANGED[term]})
    elif term in CODE:
        monkeypatch.setattr(evidence, "JUDGES", changed_code(tmp_path, term))
    else:
        monkeypatch.setattr(columns, "USUAL", ColumnChurn(changes=0.011))
    assert not evidence.verdict_target(changed, MONDAY).exists()
    assert not evidence.receipt_target(changed, MONDAY).exists()


def test_what_expects_nothing_is_never_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its input is made nobody knows what it must be; whatever lies in its place is not that."""
    monkeypatch.setattr(storage, "find", lambda name: Stored(name, 1, 1, {"sha256": "a"}))
    monkeypatch.setattr(warehouse, "find", lambda dataset, table: Shelved(True, {"sha": "a"}))
    assert ObjectTarget("x", {"sha256": "a"}).exists()
    assert TableTarget("eis", "x", {"sha": "a"}).exists()
    assert not ObjectTarget("x", {}).exists()
    assert not TableTarget("eis", "x", {}).exists()
    assert not steps.stored_target(catalogue.feeds()["fte"], MONDAY).exists()
    assert not steps.loaded_target(catalogue.feeds()["fte"], MONDAY).exists()


@pytest.mark.parametrize(("latest", "there"), [("", False), ("2025-11-16", False), ("2025-11-17", True)])
def test_a_receipt_is_whole_when_the_latest_is_not_before_it(
    monkeypatch: pytest.MonkeyPatch, latest: str, there: bool
) -> None:
    target = ReceiptTarget(ROSTERS, MONDAY, "print", "where")
    held = {target.name: {"fingerprint": "print"}, target.latest_name: {"period": latest} if latest else {}}
    monkeypatch.setattr(storage, "find", lambda name: Stored(name, 1, 1, held[name]))
    assert target.exists() == there


# ------------------------------------------------------------------------------------------------------- quarantine

SOUND = dict.fromkeys(ERROR_COLUMNS, "") | {
    **{"SCHOOL_YEAR": "2026", "SCHOOL_NO": "0105", "ERROR_NO": "1201", "SEVERITY_CODE": "80"},
    **{"STUDENT_SSN": "912-34-5678", "STAFF_SSN": "987654321", "STUDENT_PIN": "0004127", "LINE_ID": "17"},
}


@pytest.mark.parametrize(
    "wrong", [{"SCHOOL_NO": "a school"}, {"LINE_ID": ""}, {"SEVERITY_CODE": "fatal"}, {"STUDENT_FIRST_NM": "\x07"}]
)
def test_a_refused_error_report_lies_in_quarantine_without_its_numbers(wrong: dict[str, str]) -> None:
    whole = catalogue.feeds()["AllErr_stack"]
    feed = replace(whole, sources=whole.sources[:1])
    target = LandedTarget(feed, feed.sources[0].name, MONDAY)
    copy = manifests.folder(target.folder) / "Sch0105AllErr.csv"
    copy.write_text(f"{','.join(ERROR_COLUMNS)}\n{','.join(SOUND.values())}\n{','.join((SOUND | wrong).values())}\n")
    facts = {"name": copy.name, "size": copy.stat().st_size, "mtime": 1, "sha256": manifests.sha256(copy)}
    manifests.save(target.manifest_path, facts)
    with pytest.raises(ContractBroken):
        steps.prepare(PreparedTarget(feed, MONDAY))
    kept = [path for path in (settings.load().district.landing / "quarantine").rglob("*") if path.is_file()]
    assert "reason.json" in {path.name for path in kept}
    for path in kept:
        digits = "".join(filter(str.isdigit, path.read_text()))
        assert "912345678" not in digits
        assert "987654321" not in digits
    assert not target.folder.joinpath("AllErr_stack.plain").exists()
