"""What a run sees once it is known that no other machine is at work, and what it says when that cannot be known."""

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from clouds import Cloud
from pipeline.ground import manifests
from pipeline.ground.errors import AtWorkElsewhere, PipelineError, WarehouseError
from pipeline.inbound import lastgood, sources
from pipeline.outside.cloud import leases, storage, warehouse
from pipeline.run import alone
from pipeline.run.alone import AtWork
from riverbend import PROJECT
from test_giving import refusing
from test_leases import another_machine
from test_leases import in_haste as in_haste
from test_leases import there as there

NAME = "deliveries/2026-11-20/otus_scores/verdict.json"
MORNING = "Morning of 2026-11-20"


@pytest.fixture
def bucket(there: Cloud) -> Cloud:
    storage.store_json("receipts/one.json", {}, {}, over=storage.Stored("receipts/one.json"))
    storage.forget()
    return there


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was forgotten of vendors."""
    forgotten: list[str] = []
    for module in (sources, lastgood):
        monkeypatch.setattr(module, "forget", lambda name=module.__name__: forgotten.append(name))
    return forgotten


def begin(then: Callable[[], object] = lambda: None) -> list[str]:
    with ExitStack() as block:
        at_work = AtWork(block, MORNING, quiet=True)
        assert at_work.begin()
        then()
    return at_work.remarks


def test_what_another_machine_made_just_before_it_ended_is_seen(
    bucket: Cloud, tmp_path: Path, vendors: list[str]
) -> None:
    """This one had looked before, while the other was at work."""
    warehouse.make_dataset(bucket.dataset, None)

    def sees() -> None:
        assert leases.is_held()
        there = storage.find(NAME)
        assert there.generation
        storage.store_json(NAME, {"may_go": "yes"}, {}, over=there)
        assert warehouse.find(bucket.dataset, "new").there

    with another_machine(tmp_path / "two"):
        assert not storage.find(NAME).generation
        assert not warehouse.find(bucket.dataset, "new").there
        storage._bucket().blob(NAME).upload_from_string("{}")  # by the first
        warehouse._client().create_table(f"{PROJECT}.{bucket.dataset}.new")
        assert begin(sees) == []
    assert vendors == [], "what vendors have is of a moment ago"


def test_who_has_waited_looks_at_vendors_once_more(bucket: Cloud, tmp_path: Path, vendors: list[str]) -> None:
    with ExitStack() as first, another_machine(tmp_path / "two"):
        with another_machine(tmp_path / "three"):
            lease = first.enter_context(leases.held(alone.AT_WORK, 0, about="Only-students of 2026-11-20"))
        lease._over.set()  # as of a killed process
        assert begin() == []
    assert vendors == [sources.__name__, lastgood.__name__]


@pytest.mark.parametrize(("hours", "hangs"), [(3.9, False), (4.1, True)])
@pytest.mark.parametrize("about", [MORNING, "Week of 2026-11-20"])
def test_another_machine_that_hangs_sends_nobody_home(
    bucket: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float, hangs: bool, about: str
) -> None:
    """It beats all the same. Neither is it waited for."""
    began = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    monkeypatch.setattr(alone, "WAITS", 0.0)
    with ExitStack() as first, another_machine(tmp_path / "two"):
        with another_machine(tmp_path / "three"), monkeypatch.context() as then:
            then.setattr(manifests, "now", began.isoformat)
            first.enter_context(leases.held(alone.AT_WORK, 0, about=about))
        with pytest.raises(AtWorkElsewhere) as refused:
            begin()
    assert ("for 4 hours, and no run takes 4" in refused.value.found) == hangs
    assert refused.value.about == ("" if hangs else about)


def test_one_folder_that_cannot_be_listed_is_no_reason_to_do_without(
    bucket: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlisted(monkeypatch, "deliveries/")
    with pytest.raises(PipelineError):
        storage.find(NAME)
    storage.find("receipts/one.json")
    held: list[bool] = []
    assert begin(lambda: held.append(leases.is_held())) == []
    assert held == [True]


def unlisted(patch: pytest.MonkeyPatch, folder: str) -> None:
    """The bucket does not list what lies there."""
    look = storage._listings._look

    def but_that(prefix: str) -> Any:
        if prefix.startswith(folder):
            raise WarehouseError("503", expected="an answer", next_step="run again")
        return look(prefix)

    patch.setattr(storage._listings, "_look", but_that)


def test_a_run_without_a_lease_says_so_and_goes_on(bucket: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the bucket answers else; what all tasks tell of an outage is not told besides."""
    storage.find("receipts/one.json")
    held: list[bool] = []
    with refusing("leases/"):
        (told,) = begin(lambda: held.append(leases.is_held()))
    assert held == [False]
    assert told.startswith("nobody knows whether another machine is at work, too: ")
    assert "503" in told
    storage.forget()
    unlisted(monkeypatch, "")
    with pytest.raises(PipelineError):
        storage.find("receipts/one.json")
    with refusing(""):
        assert begin() == []
