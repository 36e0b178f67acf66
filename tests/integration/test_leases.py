"""Two machines, which share the bucket and nothing else: one of them has a lease, and one pushes a set."""

import configparser
import json
import math
import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud import storage as gcs

from clouds import Cloud, given, in_a_fork, set_up
from pipeline import catalogue
from pipeline.chain.tasks import ExportedFile
from pipeline.ground import cloud, settings
from pipeline.ground.errors import AtWorkElsewhere, ConfigurationError, OnHold, WarehouseError, WrittenByAnother
from pipeline.inbound import lastgood, steps
from pipeline.outbound import evidence, exports, giving, interrupted, pushes, receipts, verdicts
from pipeline.outside.cloud import leases, storage, warehouse
from pipeline.outside.cloud.evidence import TableTarget
from pipeline.outside.sftp import pushing
from pipeline.outside.sftp.outgoing import Outgoing
from pipeline.outside.sftp.trail import Trail
from riverbend import Sandbox
from test_giving import checked, empty, refusing
from test_giving import folder as folder
from test_verdicts import FEED, FILE, FRIDAY, MONDAY, ROSTERS, arrive, as_the_next_run
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
            with pytest.raises(AtWorkElsewhere, match=r"by hand, since \d\d-\d\d \d\d:\d\d is"), leases.held(NAME, 0):
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
        beat, lease._write = lease._write, lambda **_: None  # type: ignore[method-assign]  # as of a stopped process
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


def test_a_bucket_that_answers_again_is_asked_before_a_lease_is_given_up(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask, they ask once at a time."""
    monkeypatch.setattr(leases, "BEAT", 60.0)
    with leases.held(NAME, 0) as lease:
        lease._written -= 1000
        lease.check()
        lease._written -= 1000
        wrote, write = [], lease._stored_over

        def refused(before: storage.Stored) -> storage.Stored:
            wrote.append(before)
            time.sleep(0.5)
            raise WarehouseError("no answer", expected="one", next_step="run again")

        monkeypatch.setattr(lease, "_stored_over", refused)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(lease.check) for _ in range(8)]
        assert all(isinstance(each.exception(), AtWorkElsewhere) for each in asked)
        assert len(wrote) == 1
        monkeypatch.setattr(lease, "_stored_over", write)
        lease.check()


def test_a_bucket_that_was_silent_once_is_asked_for_the_lease_all_the_same(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a push would stop half-way, though nobody else is at it."""
    with leases.held(NAME, 0) as lease:
        monkeypatch.setattr(cloud.STORAGE, "silent", "Cloud Storage has not answered for 60 s")
        with pytest.raises(WarehouseError):
            storage.look(NAME)
        lease._written -= 1000
        lease.check()


def test_a_beat_is_no_long_try_and_says_nothing_of_other_calls(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that is silent for a beat may answer the next one; the run waits for it as long as it always does."""
    tried = []

    def silent(*_: Any, **more: Any) -> None:
        tried.append((more["timeout"], more["retry"]._timeout))
        raise requests.ConnectionError("no line")

    with leases.held(NAME, 0) as lease:
        with monkeypatch.context() as patch:
            patch.setattr(gcs.Blob, "upload_from_string", silent)
            lease._written -= 1000
            with pytest.raises(AtWorkElsewhere):
                lease.check()
        assert {*tried} == {(leases.BEAT, leases.BEAT)}
        assert cloud.STORAGE.silent == ""
        lease.check()


def test_a_machine_is_known_by_its_landing_folder_and_not_by_a_copy_of_it(there: Cloud, tmp_path: Path) -> None:
    here = leases.machine()
    assert leases.machine() == here
    with another_machine(tmp_path / "two"):
        assert leases.machine() != here
        assert [path.name for path in (tmp_path / "two").iterdir()] == ["machine"]
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    with another_machine(tmp_path / "copy"):
        assert leases.machine() != here


def test_what_can_be_noted_is_held_whatever_the_clock_says(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket answers again after a while, and nobody else has taken it."""
    monkeypatch.setattr(leases, "BEAT", 60.0)
    monkeypatch.setattr(leases, "BELIEVED", 0.0)
    with leases.held(NAME, 0) as lease:
        with pytest.raises(AtWorkElsewhere):
            lease.check()
        monkeypatch.setattr(leases, "BELIEVED", 60.0)
        lease._written = 0.0
        lease.note({"set": "half"})
        lease.check()


def test_a_write_of_which_the_answer_was_lost_was_ours(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT", 60.0)

    def lost(*told: Any, **named: Any) -> storage.Stored:
        store_json(*told, **named)
        raise WarehouseError("no answer", expected="one", next_step="run again")

    store_json = storage.store_json
    with leases.held(NAME, 0) as lease:
        with monkeypatch.context() as patch:
            patch.setattr(storage, "store_json", lost)
            with pytest.raises(WarehouseError, match="no answer"):
                lease.note({"number": 1})
        lease.note({"number": 2})
    assert storage.read_json(NAME) == {"number": 2}


def test_what_is_over_is_not_found_by_the_next(there: Cloud) -> None:
    def over() -> None:
        with leases.held(NAME, 0) as lease:
            lease.note({"set": "half"})
            lease.note(None)
            os._exit(9)

    dies(over)
    with leases.held(NAME, 0) as lease:
        assert lease.found is None


def test_a_run_that_has_lost_its_lease_labels_nothing(there: Cloud) -> None:
    """Another machine may have labelled the table, whose rows are this one's now."""
    with leases.held(NAME, 0) as lease, leases.of_run(lease):
        assert warehouse.freeze("SELECT 1 AS one", there.dataset, "kept", {"sha": "a"}, days=1) == 1
        lease._lost = True
        with pytest.raises(AtWorkElsewhere):
            warehouse.freeze("SELECT 2 AS one", there.dataset, "kept", {"sha": "b"}, days=1)
        there.look_again()
        assert warehouse.find(there.dataset, "kept").labels["sha"] == warehouse.IN_WORK
    leases.still_at_work()


# ------------------------------------------------------------------------------------------------------------ a push


def pushed_until(place: str) -> Callable[[], object]:
    """A push that is killed: before its file takes its place; when it has, and only the vendor knows; or when that is
    noted, and there is no receipt."""

    def stop(*_: object, **__: object) -> None:
        os._exit(9)

    def placed(going: Outgoing) -> None:
        if going.there:
            os._exit(9)
        keep(going)

    def push() -> None:
        if place == "before":
            pushing._renamed = stop  # type: ignore[assignment]
        elif place == "unseen":
            Outgoing.keep = placed  # type: ignore[assignment]
        else:
            giving.received = stop  # type: ignore[assignment]
        given(ROSTERS, FRIDAY)

    keep = Outgoing.keep

    return push


@pytest.fixture
def left_at(district: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A push of a set of the catalogue's, killed at that place."""

    def left(place: str) -> None:
        monkeypatch.setitem(catalogue.deliveries(), ROSTERS.name, ROSTERS)
        checked(FRIDAY)
        dies(pushed_until(place))

    return left


def kept() -> list[dict[str, Any]]:
    return [receipts.read(name) for name in receipts.kept().values()]


@pytest.mark.parametrize("place", ["before", "unseen", "after"])
def test_what_a_machine_left_half_way_another_completes_without_sending_it(
    left_at: Callable[[str], None], folder: Path, tmp_path: Path, place: str
) -> None:
    left_at(place)
    assert [path.name for path in folder.iterdir()] == [f".{FILE.name}.part" if place == "before" else FILE.name]
    if place == "after":
        empty(folder)  # the vendor has taken it
    with another_machine(tmp_path / "two"):
        assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]
        assert [path.name for path in folder.iterdir()] == ([] if place == "after" else [FILE.name])
        (receipt,) = kept()
        assert storage.look(evidence.receipt_name(ROSTERS.name, FRIDAY)).generation
        assert pushes.left() == []
    assert evidence.trail_path(ROSTERS.name).exists(), "the first machine has not heard of it"
    assert list(interrupted.finish()) == []
    assert not evidence.trail_path(ROSTERS.name).exists()
    given(ROSTERS, FRIDAY)
    assert kept() == [receipt], "given twice"


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_set_that_another_machine_left_is_discarded_as_long_as_nothing_of_it_has_gone(
    left_at: Callable[[str], None], folder: Path, tmp_path: Path, place: str
) -> None:
    left_at(place)
    with another_machine(tmp_path / "two", same_files=True):
        if place == "after":
            with pytest.raises(ConfigurationError, match="has been delivered"):
                verdicts.discard(ROSTERS, FRIDAY, "too late")
            return
        verdicts.discard(ROSTERS, FRIDAY, "too late")
        assert list(interrupted.finish()) == []
        assert list(folder.iterdir()) == []
        assert pushes.left() == []
    assert kept() == []


def test_a_set_that_took_two_machines_too_long_is_sent_once_more(
    left_at: Callable[[str], None], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor may have read half of it in between; only the first machine knew when the first file was there."""
    hasty = replace(catalogue.vendors()["otus"], within=1)
    monkeypatch.setitem(catalogue.vendors(), "otus", hasty)
    left_at("unseen")
    with another_machine(tmp_path / "two"):
        assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]  # after LEASE, which is longer
        (receipt,) = kept()
        assert receipt["slow"] is True


@pytest.mark.parametrize("all_placed", [False, True])
def test_how_long_two_machines_took_nobody_knows_by_their_clocks(tmp_path: Path, all_placed: bool) -> None:
    path = tmp_path / "set.json"
    at = {"begun": "2026-11-20T05:00:00+00:00", "at": "2026-11-20T05:00:01+00:00", "host_key": "", "receipt": {}}
    placed = ["a", "b"] if all_placed else ["a"]
    noted = {**at, "of": "x", "stamps": {"a": [1, 1], "b": [1, 1]}, "placed": placed, "noted": "n"}
    Trail.found(path, noted)
    trail = Trail(path, "x")
    trail.keep({"a": (1, 1), "b": (1, 1)}, ["a", "b"], "")
    assert (trail.took() == math.inf) is not all_placed
    Trail.found(path, {**noted, "placed": ["a", "b"], "noted": "m", "by_two": True})  # a third machine finds it
    assert trail.took() == math.inf


def test_a_set_is_not_given_when_a_later_one_has_gone_while_it_waited(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def after_monday(name: str, *waits: Any) -> Iterator[leases.Lease]:
        with held(name, *waits) as lease:
            told = {"period": f"{MONDAY}"}
            blob = storage._bucket().blob(evidence.latest_name(ROSTERS.name))
            blob.metadata = told
            blob.upload_from_string(json.dumps(told))  # by another machine: this one's listing is of before
            yield lease

    held = leases.held
    checked(FRIDAY)
    storage.find(evidence.latest_name(ROSTERS.name))
    monkeypatch.setattr(leases, "held", after_monday)
    with pytest.raises(OnHold):
        given(ROSTERS, FRIDAY)
    assert list(folder.iterdir()) == []


def test_a_set_that_another_machine_gave_while_this_one_waited_is_not_given_again(
    district: Cloud, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this one has listed is of before."""

    @contextmanager
    def after_the_other(name: str, *waits: Any) -> Iterator[leases.Lease]:
        with held(name, *waits) as lease:
            storage._bucket().blob(receipt).upload_from_string(text)
            blob = storage._bucket().get_blob(receipt)
            assert blob
            blob.metadata = metadata
            blob.patch()
            yield lease

    checked(FRIDAY)
    given(ROSTERS, FRIDAY)
    receipt = evidence.receipt_name(ROSTERS.name, FRIDAY)
    text, metadata = json.dumps(storage.read_json(receipt)), storage.look(receipt).metadata
    for name in (receipt, evidence.latest_name(ROSTERS.name)):
        storage.remove(name)
    as_the_next_run()
    assert not storage.find(receipt).generation
    empty(folder)
    held = leases.held
    monkeypatch.setattr(leases, "held", after_the_other)
    assert given(ROSTERS, FRIDAY).words.endswith("unchanged, not sent again")
    assert list(folder.iterdir()) == []


def test_a_task_of_a_run_that_has_lost_its_lease_makes_nothing(
    district: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    made: list[str] = []
    monkeypatch.setattr(exports, "export", lambda *told: made.append("made"))
    task = ExportedFile(date=FRIDAY, delivery=ROSTERS, file=FILE.name)
    with leases.held(NAME, 0) as lease, leases.of_run(lease):
        lease._lost = True
        with pytest.raises(AtWorkElsewhere):
            task.run()
    assert made == []


def test_an_older_file_takes_no_newer_one_s_place(district: Cloud) -> None:
    """Where this machine does not have the newer one."""
    arrive(FRIDAY, {"0105": 3})
    arrive(MONDAY, {"0105": 4})
    patient = replace(FEED, last_good_days=5)
    lastgood._decided[FEED.name, MONDAY] = FRIDAY
    try:
        with pytest.raises(WarehouseError, match=f"holds the file of {MONDAY}, and the last one .* of {FRIDAY}"):
            steps.load(patient, MONDAY)
    finally:
        lastgood.forget()
    as_the_next_run()
    assert TableTarget(FEED.dataset, FEED.name, {}).as_of() == MONDAY


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
        assert pushes.left() == [ROSTERS.name]
        assert list(interrupted.finish()) == [], "it is on its way, and nobody's to complete"
        with pytest.raises(AtWorkElsewhere):
            giving.send_again(ROSTERS, FRIDAY, "a person asks")
        told = given(ROSTERS, FRIDAY, lambda done, total: go_on.set())
        assert told.words.endswith("unchanged, not sent again")
        assert len(kept()) == 1
    first.join(60)
    assert first.exitcode == 0
    assert [path.name for path in folder.iterdir()] == [FILE.name]
