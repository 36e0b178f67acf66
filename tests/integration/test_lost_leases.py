"""A machine that loses the lease of a push in the middle of it: what the other one gave stays as it is."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clouds import Cloud, given
from pipeline import catalogue
from pipeline.catalogue import agreement
from pipeline.ground.errors import AtWorkElsewhere, OnHold
from pipeline.outbound import evidence, exports, giving, interrupted, pushes, receipts, snapshots, verdicts
from pipeline.outside.cloud import leases
from pipeline.outside.sftp import inflight, pushing
from pipeline.outside.sftp.outgoing import Outgoing
from test_giving import COLUMNS, refusing
from test_giving import folder as folder
from test_leases import dies
from test_verdicts import FILE, FRIDAY, ROSTERS, arrive, as_the_next_run
from test_verdicts import district as district

SECOND = replace(FILE, name="second.csv")
BOTH = replace(ROSTERS, files=(FILE, SECOND))
NEWER = "a newer set, by another machine"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[leases.Lease]:
    """The leases that this process has had."""
    found: list[leases.Lease] = []
    begin = leases.Lease.__init__

    def noted(lease: leases.Lease, *told: Any) -> None:
        begin(lease, *told)
        found.append(lease)

    monkeypatch.setattr(leases.Lease, "__init__", noted)
    return found


@pytest.fixture(params=["swapped_in", "overwritten"])
def two(
    request: pytest.FixtureRequest, district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A set of two files that may go, to a vendor of that kind."""
    vendor = replace(catalogue.vendors()["otus"], push=getattr(pushing, request.param))
    monkeypatch.setitem(catalogue.vendors(), "otus", vendor)
    monkeypatch.setitem(catalogue.deliveries(), BOTH.name, BOTH)
    listed = agreement.Agreement("test", "none", FRIDAY, {file.name: COLUMNS for file in BOTH.view_files})
    monkeypatch.setattr(agreement, "of", lambda vendor: listed)
    arrive(FRIDAY, {"0105": 3})
    snapshots.freeze(BOTH, SECOND, FRIDAY)
    verdicts.check(BOTH, FRIDAY)
    yield
    for file in folder.iterdir():
        file.unlink()


def taken_over(held: list[leases.Lease], folder: Path) -> None:
    """Another machine has the leases by now, and gave a newer set."""
    for lease in held:
        lease._lost = True
    for file in (*folder.iterdir(), folder / FILE.name, folder / SECOND.name):
        file.unlink(missing_ok=True)
    for name in (FILE.name, SECOND.name):
        (folder / name).write_text(NEWER)


def is_untouched(folder: Path) -> bool:
    """Also beside their places."""
    found = {file.name: file.read_text() for file in folder.iterdir()}
    return found == {file.name: NEWER for file in BOTH.view_files}


def killed_after_the_first() -> None:
    keep = Outgoing.keep

    def kept(going: Outgoing) -> None:
        keep(going)
        if len(going.there) == 1:
            os._exit(9)

    Outgoing.keep = kept  # type: ignore[assignment]
    given(BOTH, FRIDAY)


@pytest.mark.usefixtures("two")
def test_a_completion_that_has_lost_its_lease_changes_nothing_and_is_told(
    held: list[leases.Lease], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it sends what was missing, the bucket is out of its reach, and the vendor is not."""
    dies(killed_after_the_first)
    (folder / f".{SECOND.name}.part").unlink(missing_ok=True)  # so that it must be sent
    as_the_next_run()
    bring = exports.bring

    def meanwhile(*told: Any) -> Any:
        found = bring(*told)
        taken_over(held, folder)
        return found

    monkeypatch.setattr(exports, "bring", meanwhile)
    (told,) = interrupted.finish()
    assert isinstance(told, AtWorkElsewhere)
    assert is_untouched(folder)
    assert receipts.kept() == {}


@pytest.mark.parametrize("two", ["swapped_in"], indirect=True)
def test_a_completion_that_loses_its_lease_while_it_sends_renames_nothing(
    two: None, held: list[leases.Lease], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies(killed_after_the_first)
    (folder / f".{SECOND.name}.part").unlink()
    as_the_next_run()
    beside = pushing._beside

    def sent(line: Any, going: Any, name: str, *more: Any) -> Any:
        yield from beside(line, going, name, *more)
        for lease in held:
            lease._lost = True
        (folder / SECOND.name).write_text(NEWER)

    monkeypatch.setattr(pushing, "_beside", sent)
    (told,) = interrupted.finish()
    assert isinstance(told, AtWorkElsewhere)
    assert (folder / SECOND.name).read_text() == NEWER
    assert receipts.kept() == {}


@pytest.mark.usefixtures("two")
def test_a_push_goes_on_after_a_broken_line_as_long_as_it_is_its_own(
    held: list[leases.Lease], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two tries another machine has given a newer set."""
    changes, broke = {name: getattr(pushing, name) for name in ("_renamed", "_in_place")}, list[str]()

    def breaks(way: str) -> Callable[..., Any]:
        def change(line: Any, going: Any, name: str, *more: Any) -> Any:
            if name == SECOND.name and not broke:
                broke.append(name)
                taken_over(held, folder)
                raise EOFError("the line broke")
            yield from changes[way](line, going, name, *more)

        return change

    for way in changes:
        monkeypatch.setattr(pushing, way, breaks(way))
    with pytest.raises(AtWorkElsewhere):
        given(BOTH, FRIDAY)
    assert broke
    assert is_untouched(folder)
    assert receipts.kept() == {}


@pytest.mark.usefixtures("two")
def test_a_push_of_which_the_bucket_says_nothing_for_long_stops_at_the_next_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine may have it by now: a minute goes by while the first file takes its place."""
    clock, begun = leases._clock, list[str]()
    block, late = ExitStack(), [0.0]
    monkeypatch.setattr(leases, "_clock", lambda: clock() + late[0])
    monkeypatch.setattr(leases, "BEAT", 5.0)

    def slow(way: str) -> Callable[..., Any]:
        change = getattr(pushing, way)

        def changed(line: Any, going: Any, name: str, *more: Any) -> Any:
            yield from change(line, going, name, *more)
            begun.append(name)
            if name == FILE.name:
                block.enter_context(refusing(pushes.name(BOTH.name)))
                late[0] = 50.0

        return changed

    for way in ("_renamed", "_in_place"):
        monkeypatch.setattr(pushing, way, slow(way))
    with block, pytest.raises(AtWorkElsewhere):
        given(BOTH, FRIDAY)
    assert begun == [FILE.name]
    assert not (folder / SECOND.name).exists()
    assert receipts.kept() == {}


@pytest.mark.parametrize("two", ["overwritten"], indirect=True)
def test_a_file_that_is_half_in_its_place_is_finished_though_the_bucket_is_silent(
    two: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, late, block = leases._clock, [0.0], ExitStack()
    monkeypatch.setattr(leases, "_clock", lambda: clock() + late[0])
    monkeypatch.setattr(leases, "BEAT", 5.0)
    emptied = inflight.emptied

    def silent(line: Any, remote: str) -> Any:
        handle = yield from emptied(line, remote)
        if remote.endswith(SECOND.name):
            block.enter_context(refusing(pushes.name(BOTH.name)))
            late[0] = 50.0
        return handle

    monkeypatch.setattr(inflight, "emptied", silent)
    with block, pytest.raises(AtWorkElsewhere):
        given(BOTH, FRIDAY)
    whole = (folder / SECOND.name).read_bytes()
    assert whole
    assert whole == (folder / FILE.name).read_bytes()
    as_the_next_run()
    assert list(interrupted.finish()) == [f"{BOTH.name} of {FRIDAY}"]
    assert len(receipts.kept()) == 1


@pytest.mark.parametrize("two", ["overwritten"], indirect=True)
def test_a_push_that_loses_its_lease_within_a_file_writes_no_more_of_it(
    two: None, held: list[leases.Lease], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WRITE", "REQUESTS"):  # bytes of one, one at a time
        monkeypatch.setattr(inflight, name, 1)
    emptied = inflight.emptied

    def lost(line: Any, remote: str) -> Any:
        handle = yield from emptied(line, remote)
        for lease in held:
            lease._lost = True
        return handle

    monkeypatch.setattr(inflight, "emptied", lost)
    with pytest.raises(AtWorkElsewhere):
        given(BOTH, FRIDAY)
    assert [len(file.read_bytes()) for file in folder.iterdir()] == [1]
    assert receipts.kept() == {}


@pytest.mark.parametrize("may_go", [True, False])
def test_what_another_machine_has_put_beside_its_place_stays(
    district: Cloud, folder: Path, held: list[leases.Lease], monkeypatch: pytest.MonkeyPatch, may_go: bool
) -> None:
    """Also when ours may not go any more, whose file had the same name beside its place."""
    arrive(FRIDAY, {"0105": 3})
    verdicts.check(ROSTERS, FRIDAY)
    theirs = folder / f".{FILE.name}.part"
    ask = verdicts.ask_again

    def meanwhile(*told: Any) -> None:
        ask(*told)
        if theirs.exists():  # ours, until now
            for lease in held:
                lease._lost = True
            theirs.write_text(NEWER)
            if not may_go:
                raise OnHold("the set is another one", expected="this one", next_step="run again")

    monkeypatch.setattr(verdicts, "ask_again", meanwhile)
    with pytest.raises(AtWorkElsewhere):
        given(ROSTERS, FRIDAY)
    assert {file.name: file.read_text() for file in folder.iterdir()} == {theirs.name: NEWER}
    theirs.unlink()


def test_a_receipt_is_written_by_who_has_the_lease(
    district: Cloud, folder: Path, held: list[leases.Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other machine found the set given, and wrote the receipt: it is one push."""
    arrive(FRIDAY, {"0105": 3})
    verdicts.check(ROSTERS, FRIDAY)
    received = giving.received

    def late(*told: Any) -> bool:
        for lease in held:
            lease._lost = True
        return received(*told)

    monkeypatch.setattr(giving, "received", late)
    with pytest.raises(AtWorkElsewhere):
        given(ROSTERS, FRIDAY)
    assert receipts.kept() == {}
    assert evidence.trail_path(ROSTERS.name).exists()
