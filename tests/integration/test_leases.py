"""Two machines, which share the bucket and nothing else: one of them has a lease, and one pushes a set."""

import configparser
import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clouds import Cloud, given, in_a_fork, set_up
from pipeline import catalogue
from pipeline.ground import settings
from pipeline.ground.errors import AtWorkElsewhere, ConfigurationError, WarehouseError, WrittenByAnother
from pipeline.outbound import evidence, giving, interrupted, pushes, receipts, verdicts
from pipeline.outside.cloud import leases, storage
from pipeline.outside.sftp import pushing
from riverbend import Sandbox
from test_giving import checked, empty, refusing
from test_giving import folder as folder
from test_verdicts import FILE, FRIDAY, ROSTERS, as_the_next_run
from test_verdicts import district as district

NAME = "leases/test.json"


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds are what minutes are else; a beat may be late by several on a busy machine."""
    for name, seconds in {"LEASE": 3.0, "BEAT": 0.2, "BELIEVED": 2.0, "LOOK": 0.05}.items():
        monkeypatch.setattr(leases, name, seconds)


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        landing(tmp_path / "one")
        yield made


def landing(folder: Path) -> None:
    """From now on this process is the machine whose state lies there."""
    own = Path(os.environ["LUIGI_CONFIG_PATH"])
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(own)
    parser["district"]["landing"] = f"{folder}"
    with own.open("w") as file:
        parser.write(file)
    settings.load.cache_clear()
    as_the_next_run()


@contextmanager
def another_machine(folder: Path, *, same_files: bool = False) -> Iterator[None]:
    """In the block this process is another machine, whose disk is empty, or holds what landed."""
    here = settings.load().district.landing
    if same_files:
        shutil.copytree(here, folder, ignore=shutil.ignore_patterns("machine", "outbox", "locks"))
    landing(folder)
    try:
        yield
    finally:
        landing(here)


def dies(action: Callable[[], object]) -> None:
    """A process of this machine does it, and is killed there."""
    assert in_a_fork(action) == 9


def taken_and_killed(note: dict[str, Any] | None = None) -> None:
    with leases.held(NAME, 0) as lease:
        lease.note(note)
        os._exit(9)


# ----------------------------------------------------------------------------------------------------------- a lease


def test_a_lease_has_one_holder_and_ends(there: Cloud, tmp_path: Path) -> None:
    with leases.held(NAME, 0) as lease:
        assert lease.found is None
        with pytest.raises(AtWorkElsewhere, match="another process of this machine"), leases.held(NAME, 0):
            pass
        with another_machine(tmp_path / "two"):
            begun = time.monotonic()
            with pytest.raises(AtWorkElsewhere, match=r"by hand, since 20\d\d-"), leases.held(NAME, 0):
                pass
            assert time.monotonic() - begun < leases.LEASE, "that it lives is known at its next beat"
        lease.check()
    assert storage.look(NAME).generation == 0
    with another_machine(tmp_path / "two"), leases.held(NAME, 0) as lease:
        lease.check()


def test_who_waits_gets_it_when_it_ends(there: Cloud, tmp_path: Path) -> None:
    ended = threading.Event()

    def holding() -> None:
        with leases.held(NAME, 0):
            held.set()
            ended.wait(30)

    held, thread = threading.Event(), threading.Thread(target=holding)
    thread.start()
    assert held.wait(30)
    with another_machine(tmp_path / "two"), leases.held(NAME, 30, lambda who: ended.set()) as lease:
        lease.check()
    thread.join()


def test_a_killed_holder_is_followed_at_once_on_its_machine_and_later_on_another(there: Cloud, tmp_path: Path) -> None:
    dies(lambda: taken_and_killed({"set": "half"}))
    begun = time.monotonic()
    with leases.held(NAME, 0) as lease:
        assert lease.found == {"set": "half"}
        assert time.monotonic() - begun < leases.LEASE
        lease.note(None)
    dies(lambda: taken_and_killed({"set": "half again"}))
    with another_machine(tmp_path / "two"):
        begun = time.monotonic()
        with leases.held(NAME, 0) as lease:
            assert lease.found == {"set": "half again"}
        assert time.monotonic() - begun > leases.LEASE
    with leases.held(NAME, 0) as lease:  # what was noted stayed, and anybody may go on with it at once
        assert lease.found == {"set": "half again"}


def test_a_holder_that_stood_still_has_lost_it_and_knows(there: Cloud, tmp_path: Path) -> None:
    with leases.held(NAME, 0) as lease:
        lease.note({"by": "the first"})
        beat, lease._write = lease._write, lambda: None  # type: ignore[method-assign]  # as of a stopped process
        with another_machine(tmp_path / "two"), leases.held(NAME, 0) as other:
            assert other.found == {"by": "the first"}
            with pytest.raises(AtWorkElsewhere, match="taken over"):
                lease.check()
            other.note({"by": "the second"})
            lease._write = beat  # type: ignore[method-assign]  # it goes on
            with pytest.raises(WrittenByAnother):
                lease._write()
            with pytest.raises(AtWorkElsewhere):
                lease.note({"by": "the first, late"})
            lease.end()
            other.check()
            assert storage.read_json(NAME) == {"by": "the second"}


def test_a_bucket_that_does_not_answer_ends_a_lease(there: Cloud) -> None:
    with leases.held(NAME, 0) as lease:
        lease.check()
        with refusing("leases/"):
            with pytest.raises(WarehouseError, match="503"):
                lease.note({"set": "half"})
            until = time.monotonic() + 30
            with pytest.raises(AtWorkElsewhere, match="did not answer for too long"):
                while time.monotonic() < until:
                    lease.check()
                    time.sleep(leases.BEAT)


def test_a_machine_is_known_by_its_landing_folder(there: Cloud, tmp_path: Path) -> None:
    here = leases.machine()
    assert leases.machine() == here
    with another_machine(tmp_path / "two"):
        assert leases.machine() != here
        assert [path.name for path in (tmp_path / "two").iterdir()] == ["machine"]


# ------------------------------------------------------------------------------------------------------------ a push


def pushed_until(place: str) -> Callable[[], object]:
    """A push that is killed: before its file takes its place, or when it has and nothing else knows."""

    def stop(*_: object, **__: object) -> None:
        os._exit(9)

    def push() -> None:
        if place == "before":
            pushing._renamed = stop  # type: ignore[assignment]
        else:
            giving.received = stop  # type: ignore[assignment]
        given(ROSTERS, FRIDAY)

    return push


def kept() -> list[dict[str, Any]]:
    return [receipts.read(name) for name in receipts.kept().values()]


@pytest.mark.parametrize("place", ["before", "after"])
def test_what_a_machine_left_half_way_another_completes_without_sending_it(
    district: Cloud, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setitem(catalogue.deliveries(), ROSTERS.name, ROSTERS)
    checked(FRIDAY)
    dies(pushed_until(place))
    assert [path.name for path in folder.iterdir()] == [f".{FILE.name}.part" if place == "before" else FILE.name]
    if place == "after":
        empty(folder)  # the vendor has taken it
    with another_machine(tmp_path / "two"):
        assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]
        assert [path.name for path in folder.iterdir()] == ([FILE.name] if place == "before" else [])
        (receipt,) = kept()
        assert storage.look(evidence.receipt_name(ROSTERS.name, FRIDAY)).generation
        assert pushes.left() == []
    assert evidence.trail_path(ROSTERS.name).exists(), "the first machine has not heard of it"
    assert list(interrupted.finish()) == []
    assert not evidence.trail_path(ROSTERS.name).exists()
    given(ROSTERS, FRIDAY)
    assert kept() == [receipt], "given twice"


def test_a_set_that_another_machine_has_begun_is_not_discarded(district: Cloud, folder: Path, tmp_path: Path) -> None:
    checked(FRIDAY)
    dies(pushed_until("before"))
    with (
        another_machine(tmp_path / "two", same_files=True),
        pytest.raises(ConfigurationError, match="has been delivered"),
    ):
        verdicts.discard(ROSTERS, FRIDAY, "too late")


def test_two_machines_give_a_set_once(district: Cloud, folder: Path, tmp_path: Path) -> None:
    checked(FRIDAY)
    fork = multiprocessing.get_context("fork")
    begun, go_on = fork.Event(), fork.Event()

    def hold(done: int, total: int) -> None:
        begun.set()
        assert go_on.wait(60)

    first = fork.Process(target=lambda: given(ROSTERS, FRIDAY, hold))
    first.start()
    assert begun.wait(60)
    with another_machine(tmp_path / "two", same_files=True):
        assert list(interrupted.finish()) == [], "it is on its way, and nobody's to complete"
        with pytest.raises(AtWorkElsewhere):
            giving.send_again(ROSTERS, FRIDAY, "a person asks")
        told = given(ROSTERS, FRIDAY, lambda done, total: go_on.set())
        assert told.words.endswith("unchanged, not sent again")
        assert len(kept()) == 1
    first.join(60)
    assert first.exitcode == 0
    assert [path.name for path in folder.iterdir()] == [FILE.name]
