"""Rows come out of the warehouse while their set is checked: what passes is there, what is held does not stay."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds import Cloud
from pipeline.chain.tasks import CheckedSet
from pipeline.ground import cloud
from pipeline.ground.errors import OnHold, PipelineError, WarehouseError
from pipeline.outbound import exports, extracts, verdicts
from pipeline.outside.cloud import storage, warehouse
from test_giving import checked
from test_verdicts import FILE, FRIDAY, ROSTERS, arrive, as_the_next_run
from test_verdicts import district as district


@pytest.fixture
def asked(district: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The extracts that BigQuery was asked for."""
    told, extract = [], warehouse.extract

    def noted(dataset: str, table: str, stem: str) -> list[str]:
        told.append(stem)
        return extract(dataset, table, stem)

    monkeypatch.setattr(warehouse, "extract", noted)
    yield told
    extracts._begun.clear()


def check() -> None:
    CheckedSet(date=FRIDAY, delivery=ROSTERS).make()


def lying() -> list[str]:
    return [*storage.list_objects(extracts.OPEN)]


def test_what_is_checked_is_written_out_once_and_does_not_stay(asked: list[str]) -> None:
    arrive(FRIDAY, {"0105": 30})
    check()
    exports.export(ROSTERS, FILE, FRIDAY)
    assert len(asked) == 1
    assert lying() == []
    assert exports.facts(ROSTERS, FRIDAY)[FILE.name]["rows"] == 30


def test_a_file_that_is_kept_is_not_written_out_again(asked: list[str]) -> None:
    checked(FRIDAY)
    exports.export(ROSTERS, FILE, FRIDAY)
    as_the_next_run()
    check()
    assert len(asked) == 1


def test_of_a_set_on_hold_nothing_stays(asked: list[str]) -> None:
    arrive(FRIDAY, {"0105": 0})
    with pytest.raises(OnHold):
        check()
    assert len(asked) == 1
    assert lying() == []
    arrive(FRIDAY, {"0105": 30})
    check()
    exports.export(ROSTERS, FILE, FRIDAY)
    assert exports.facts(ROSTERS, FRIDAY)[FILE.name]["rows"] == 30


@pytest.mark.parametrize("error", [WarehouseError("no answer", expected="one", next_step="run"), ZeroDivisionError()])
def test_of_a_check_that_breaks_off_nothing_stays(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def breaks(*_: object) -> None:
        raise error

    arrive(FRIDAY, {"0105": 30})
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "check", breaks)
        with pytest.raises(type(error)):
            check()
    assert len(asked) == 1
    assert lying() == []


def test_a_hold_does_not_wait_for_an_extract_that_does_not_end_and_its_rows_go_when_it_does(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends, ended, extract = threading.Event(), threading.Event(), warehouse.extract

    def late(*told: str) -> list[str]:
        assert ends.wait(60)
        return extract(*told)

    def removed(stem: str) -> None:
        remove(stem)
        ended.set()

    remove = extracts._remove
    monkeypatch.setattr(warehouse, "extract", late)
    monkeypatch.setattr(extracts, "_remove", removed)
    monkeypatch.setattr(extracts, "PATIENCE", 0.2)
    arrive(FRIDAY, {"0105": 0})
    with pytest.raises(OnHold):
        check()
    assert asked == []
    ends.set()
    assert ended.wait(60)
    assert len(asked) == 1
    assert lying() == []


def test_an_extract_that_failed_is_told_by_the_file_and_is_no_hold(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arrive(FRIDAY, {"0105": 30})
    refused = WarehouseError("it breaks off", expected="rows", next_step="run again")

    def breaks(*_: object) -> list[str]:
        raise refused

    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "extract", breaks)
        check()
        with pytest.raises(PipelineError, match="it breaks off"):
            exports.export(ROSTERS, FILE, FRIDAY)
    exports.export(ROSTERS, FILE, FRIDAY)
    assert len(asked) == 1
    assert lying() == []


def test_each_try_has_objects_of_its_own(asked: list[str]) -> None:
    """A job of BigQuery's goes on when its run was killed, and may divide the rows otherwise."""
    arrive(FRIDAY, {"0105": 30})
    check()
    (ours,) = lying()
    extracts._begun.clear()  # as after a kill
    exports.export(ROSTERS, FILE, FRIDAY)
    assert len({*asked}) == 2
    assert lying() == [ours], "which goes with the old copies"


def test_who_is_not_the_process_that_writes_files_begins_nothing(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(FRIDAY, {"0105": 30})
    with monkeypatch.context() as patch:
        patch.setattr(cloud, "forked", lambda: True)
        check()
    assert asked == []
    exports.export(ROSTERS, FILE, FRIDAY)
    assert len(asked) == 1


@pytest.mark.parametrize("kept", [0, 12, 31])
def test_a_file_of_other_rows_than_were_checked_is_none(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: int
) -> None:
    """Whoever has written into the bucket."""
    arrive(FRIDAY, {"0105": 30})
    check()
    fetch = storage.fetch

    def other(name: str, to: Path) -> None:
        fetch(name, to)
        head, *rows = to.read_text().splitlines(keepends=True)
        to.write_text("".join([head, *(rows + rows)[:kept]]))

    with monkeypatch.context() as patch:
        patch.setattr(storage, "fetch", other)
        with pytest.raises(WarehouseError, match=f"^found: {kept} rows of deliveries.own_rosters__.* came out"):
            exports.export(ROSTERS, FILE, FRIDAY)
    assert not exports.export_target(ROSTERS, FILE, FRIDAY).exists()
    exports.export(ROSTERS, FILE, FRIDAY)
    assert exports.facts(ROSTERS, FRIDAY)[FILE.name]["rows"] == 30
