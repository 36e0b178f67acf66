"""The last step of a set: asked again before it goes, given once, and written down whatever fails after that."""

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from clouds import Cloud, given, ignore
from pipeline import catalogue
from pipeline.catalogue import agreement, flows
from pipeline.catalogue.delivery import Delivery
from pipeline.chain.tasks import CheckedSet, DeliveredSet
from pipeline.ground import progress, settings
from pipeline.ground.errors import ConfigurationError, OnHold, PipelineError, WarehouseError
from pipeline.ground.progress import Event, Made
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import evidence, giving, interrupted, ledger, pushes, receipts, snapshots, verdicts
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.leases import Lease
from pipeline.outside.sftp import sftp
from pipeline.outside.sftp.trail import Trail
from pipeline.outside.sftp.vendor import Vendor
from pipeline.run import status
from test_verdicts import FEED, FILE, FRIDAY, MONDAY, ROSTERS, arrive, as_the_next_run, delivered
from test_verdicts import district as district

TUESDAY = MONDAY + dt.timedelta(days=1)
COLUMNS = "Student_id School_id Last_name"


@pytest.fixture
def folder(district: Cloud) -> Iterator[Path]:
    """The vendor's, with nothing in it."""
    found = district.sandbox.folder / "sftp" / "otus" / "home" / "incoming"
    empty(found)
    yield found
    empty(found)


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def checked(date: dt.date, last_name: str = "Smith", students: int = 3) -> None:
    arrive(date, {"0105": students}, last_name)
    verdicts.check(ROSTERS, date)


def decided(decision: str, **changes: str) -> None:
    """Another process writes the verdict anew; this one has seen the one before."""
    name = evidence.verdict_name(ROSTERS, FRIDAY)
    told = {**json.loads(storage._bucket().blob(name).download_as_bytes()), "may_go": decision, **changes}
    blob = storage._bucket().blob(name)
    blob.metadata = {"fingerprint": told["fingerprint"], "may_go": decision}
    blob.upload_from_string(json.dumps(told))


def agreed(columns: str, until: dt.date | None = None) -> Callable[[pytest.MonkeyPatch], None]:
    listed = agreement.Agreement("test", "none", FRIDAY, {FILE.name: columns}, until)
    return lambda patch: patch.setattr(agreement, "of", lambda vendor: listed)


def corrected(patch: pytest.MonkeyPatch) -> None:
    """As after a file that was landed and prepared anew meanwhile."""
    patch.setattr(PreparedTarget, "manifest", lambda target: {"sha256": "another", "rows": 3, "size": 1})


# ------------------------------------------------------------------------------------------------- asked once more


def test_what_was_decided_since_the_check_counts(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    storage.find(evidence.verdict_name(ROSTERS, FRIDAY))  # what this run has seen
    receipt = giving._receipt(ROSTERS, FRIDAY, evidence.receipt_target(ROSTERS, FRIDAY), {})
    verdicts.ask_again(ROSTERS, FRIDAY, receipt)
    cases: list[tuple[Callable[[pytest.MonkeyPatch], None], type[PipelineError], str]] = [
        (lambda patch: decided("discarded"), OnHold, "was discarded after"),
        (lambda patch: decided("no"), OnHold, "was put on hold after"),
        (lambda patch: decided("yes", fingerprint="of another set"), WarehouseError, "changed while it was on its way"),
        (agreed("Student_id School_id"), OnHold, r"does not list \(students\.csv: Last_name\)"),
        (agreed(COLUMNS, until=FRIDAY - dt.timedelta(days=1)), OnHold, r"Student_id, School_id, Last_name\)"),
        (corrected, WarehouseError, "changed while it was on its way"),
    ]
    for change, error, match in cases:
        with monkeypatch.context() as patch:
            change(patch)
            with pytest.raises(error, match=match):
                verdicts.ask_again(ROSTERS, FRIDAY, receipt)
        decided("yes", fingerprint=receipt["fingerprint"])
    decided("discarded")
    with pytest.raises(OnHold, match="nothing of it was given"):
        given(ROSTERS, FRIDAY)
    assert list(folder.iterdir()) == []
    as_the_next_run()
    assert DeliveredSet(date=FRIDAY, delivery=ROSTERS).complete()
    decided("yes")
    as_the_next_run()
    given(ROSTERS, FRIDAY)
    assert [path.name for path in folder.iterdir()] == [FILE.name]


def test_what_is_decided_while_the_bytes_are_on_their_way_counts(district: Cloud, folder: Path) -> None:
    checked(FRIDAY)
    with pytest.raises(OnHold, match="was discarded after"):
        given(ROSTERS, FRIDAY, lambda done, total: decided("discarded"))
    assert list(folder.iterdir()) == []  # what had come beside its place is gone, too
    assert not evidence.trail_path(ROSTERS.name).exists()


# ------------------------------------------------------------------------------------- another agreement, another place


def test_agreement_and_address_are_parts_of_the_set(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(FRIDAY, {"0105": 3})
    target = evidence.receipt_target(ROSTERS, FRIDAY)
    assert target.exists()
    for columns, until in (("Student_id School_id", None), (COLUMNS + " Grade", None), (COLUMNS, MONDAY)):
        with monkeypatch.context() as patch:
            agreed(columns, until)(patch)
            assert not evidence.verdict_target(ROSTERS, FRIDAY).exists()
            assert not evidence.receipt_target(ROSTERS, FRIDAY).exists()
    with monkeypatch.context() as patch:
        agreed("  Last_name\nSchool_id Student_id")(patch)  # the same, written otherwise
        assert evidence.verdict_target(ROSTERS, FRIDAY).exists()
    account = settings.load().account("otus")
    for change in ({"user": "another"}, {"host": "another"}, {"port": 23}):
        with monkeypatch.context() as patch:
            patch.setitem(settings.load().accounts, "otus", replace(account, **change))
            assert not evidence.receipt_target(ROSTERS, FRIDAY).exists()
    assert evidence.receipt_target(ROSTERS, FRIDAY) == target


@pytest.mark.parametrize("again", ["when-changed", "never-same-day"])
def test_a_corrected_folder_gets_the_set(
    district: Cloud, folder: Path, again: Literal["when-changed", "never-same-day"]
) -> None:
    delivered(FRIDAY, {"0105": 3})
    moved = replace(ROSTERS, folder="/home", again=again)
    there = folder.parent / FILE.name
    there.unlink(missing_ok=True)
    assert not DeliveredSet(date=FRIDAY, delivery=moved).superseded()
    assert not evidence.receipt_target(moved, FRIDAY).exists()
    verdicts.check(moved, FRIDAY)
    given(moved, FRIDAY)
    assert there.read_bytes() == (folder / FILE.name).read_bytes()
    there.unlink()
    given(moved, FRIDAY)
    assert not there.exists(), "given twice"


# ------------------------------------------------------------------------------------------------ given, and then


@contextmanager
def refusing(prefix: str) -> Iterator[None]:
    """The bucket takes nothing whose name begins so."""

    def store(name: str, *told: Any, **named: Any) -> storage.Stored:
        if name.startswith(prefix):
            raise WarehouseError("503", expected="200", next_step="run again")
        return store_json(name, *told, **named)

    store_json = storage.store_json
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "store_json", store)
        yield


def kept() -> list[dict[str, Any]]:
    """The receipts, by the names of their files."""
    return sorted((receipts.read(name) for name in receipts.kept().values()), key=lambda told: min(told["files"]))


@pytest.mark.parametrize(
    "fails", ["receipts/", f"deliveries/{FRIDAY}/own_rosters/receipt", "deliveries/latest/own_rosters.json"]
)
def test_what_was_given_is_written_down_whatever_failed_and_never_given_again(
    district: Cloud, folder: Path, fails: str
) -> None:
    checked(FRIDAY)
    with refusing(fails), pytest.raises(WarehouseError, match="503"):
        given(ROSTERS, FRIDAY)
    empty(folder)  # the vendor takes its file
    with pytest.raises(ConfigurationError, match="has been delivered"):
        verdicts.discard(ROSTERS, FRIDAY, "too late")
    with refusing(fails):
        assert [str(each) for each in interrupted.finish()] == ["found: 503\nexpected: 200\nnext: run again"]
    as_the_next_run()
    given(ROSTERS, FRIDAY)
    assert list(folder.iterdir()) == [], "given twice"
    (receipt,) = kept()
    assert receipt["host_key"].startswith("ssh-")
    assert storage.read_json(evidence.receipt_target(ROSTERS, FRIDAY).name) == receipt
    assert storage.read_json(evidence.receipt_target(ROSTERS, FRIDAY).latest_name) == receipt
    assert not evidence.trail_path(ROSTERS.name).exists()


@pytest.mark.parametrize(
    ("fails", "told"), [("receipts/", []), ("deliveries/latest/own_rosters.json", ["own_rosters"])]
)
def test_the_run_hears_of_a_set_as_soon_as_its_receipt_is_kept(
    district: Cloud, folder: Path, fails: str, told: list[str]
) -> None:
    """Its entry in the ledger begins then, and what is written beside it takes its time."""
    checked(FRIDAY)
    reading = progress.open_pipe()
    with refusing(fails), pytest.raises(WarehouseError, match="503"):
        given(ROSTERS, FRIDAY)
    progress.close_pipe()
    with os.fdopen(reading) as lines:
        events = [Event(**json.loads(line)) for line in lines]
    assert [event.of for event in events if event.kind == "given"] == told
    assert [receipt["delivery"] for receipt in kept()] == told


def test_a_first_set_whose_receipt_failed_is_in_the_ledger_beside_the_corrected_one(
    district: Cloud, folder: Path
) -> None:
    checked(FRIDAY, students=40)
    with refusing("receipts/"), pytest.raises(WarehouseError):
        given(ROSTERS, FRIDAY)
    empty(folder)
    checked(FRIDAY, students=39)
    given(ROSTERS, FRIDAY)
    assert sorted(receipt["files"][FILE.name]["rows"] for receipt in kept()) == [39, 40]
    assert len(list(folder.iterdir())) == 1


def test_a_receipt_of_an_earlier_day_that_comes_late_is_not_the_latest(district: Cloud, folder: Path) -> None:
    checked(FRIDAY)
    with refusing("receipts/"), pytest.raises(WarehouseError):
        given(ROSTERS, FRIDAY)
    name = evidence.receipt_target(ROSTERS, FRIDAY).latest_name
    storage.store_json(name, {"period": f"{MONDAY}"}, {"period": f"{MONDAY}"}, over=storage.find(name))
    as_the_next_run()
    assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]
    assert storage.read_json(name) == {"period": f"{MONDAY}"}
    assert storage.find(evidence.receipt_target(ROSTERS, FRIDAY).name).generation


def left_half_way(folder: Path, *names: str, placed: tuple[str, ...], half: tuple[str, ...] = ()) -> None:
    """The trail of another set of these files, of which c.csv lies beside its place, or is half written in it."""
    told = {
        "files": {name: {"rows": 1, "bytes": 3, "sha256": name} for name in names},
        "contents": {name: {"columns": ["Student_id"], "students": 0} for name in names},
    }
    receipt = giving._receipt(ROSTERS, FRIDAY, evidence.receipt_target(ROSTERS, FRIDAY), {}) | told
    beside = folder / ".c.csv.part"
    beside.write_text("c\n1")
    stamp = None if half else (3, int(beside.stat().st_mtime))
    trail = Trail(evidence.trail_path(ROSTERS.name), "another set", receipt)
    trail.keep(dict.fromkeys(names, stamp), placed, "ssh-ed25519 SHA256:abc", half)


def test_another_set_leaves_a_receipt_of_what_had_taken_its_place(district: Cloud, folder: Path) -> None:
    checked(FRIDAY)
    left_half_way(folder, "a.csv", "b.csv", "c.csv", placed=("a.csv",))  # nobody has written down where b.csv is
    with refusing("receipts/"), pytest.raises(WarehouseError):
        given(ROSTERS, FRIDAY)
    assert not (folder / FILE.name).exists(), "nothing goes before that is written down"
    given(ROSTERS, FRIDAY)
    assert [(sorted(each["files"]), sorted(each["contents"]), each.get("whole")) for each in kept()] == [
        (["a.csv", "b.csv"], ["a.csv", "b.csv"], False),
        ([FILE.name], [FILE.name], None),
    ]


def test_a_file_that_was_half_written_in_its_place_counts_as_given(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of push=overwritten: nobody knows who of it the vendor has read, and no discard unmakes that."""
    checked(FRIDAY)
    monkeypatch.setitem(catalogue.deliveries(), ROSTERS.name, ROSTERS)
    left_half_way(folder, "c.csv", "d.csv", placed=(), half=("c.csv",))
    with pytest.raises(ConfigurationError, match="has been delivered"):
        verdicts.discard(ROSTERS, FRIDAY, "too late")
    given(ROSTERS, FRIDAY)
    assert [(sorted(each["files"]), each.get("whole")) for each in kept()] == [(["c.csv"], False), ([FILE.name], None)]


def test_what_has_begun_is_completed_and_what_has_not_ends_when_it_must_not_go(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    monkeypatch.setitem(catalogue.deliveries(), ROSTERS.name, ROSTERS)
    agreed("")(monkeypatch)
    left_half_way(folder, "c.csv", placed=())
    assert list(interrupted.finish()) == []
    assert (list(folder.iterdir()), kept()) == ([], [])
    assert not evidence.trail_path(ROSTERS.name).exists()
    left_half_way(folder, "a.csv", "c.csv", placed=("a.csv",))
    assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]
    assert [path.name for path in folder.iterdir()] == ["c.csv"]
    assert [sorted(receipt["files"]) for receipt in kept()] == [["a.csv", "c.csv"]]
    assert not evidence.trail_path(ROSTERS.name).exists()


# ------------------------------------------------------------------------------------------------ once a period


def test_a_receipt_that_was_deleted_is_made_again_from_its_copy_which_is_of_its_own_period_alone(
    district: Cloud, folder: Path
) -> None:
    delivered(FRIDAY, {"0105": 3})
    storage.remove(evidence.receipt_target(ROSTERS, FRIDAY).name)
    empty(folder)
    as_the_next_run()
    assert given(ROSTERS, FRIDAY).words.endswith("unchanged, not sent again")
    assert evidence.receipt_target(ROSTERS, FRIDAY).exists()
    assert list(folder.iterdir()) == []
    checked(MONDAY)  # the same bytes, of another day
    assert "not sent" not in given(ROSTERS, MONDAY).words
    assert [path.name for path in folder.iterdir()] == [FILE.name]


def test_a_receipt_without_its_latest_is_a_receipt_and_the_latest_is_made_again(district: Cloud, folder: Path) -> None:
    once = replace(ROSTERS, again="never-same-day", cadence="weekly")
    checked(MONDAY)
    verdicts.check(once, MONDAY)
    given(once, MONDAY)
    name = evidence.receipt_target(once, MONDAY).latest_name
    receipt = storage.read_json(name)
    storage.remove(name)
    empty(folder)
    arrive(TUESDAY, {"0105": 1}, "Jones")
    as_the_next_run()
    again = DeliveredSet(date=TUESDAY, delivery=once)
    assert CheckedSet(date=TUESDAY, delivery=once).superseded()  # a set that will not go is not put on hold
    assert not again.output().exists()
    giving.deliver(once, TUESDAY, ignore)
    assert list(folder.iterdir()) == []
    assert storage.read_json(name) == receipt
    assert again.output().exists()
    assert again.superseded()


# ------------------------------------------------------------------------------------------------ passed by, and owed


@pytest.mark.parametrize(("cadence", "released"), [("daily", True), ("weekly", False)])
def test_a_set_that_was_never_given_is_never_done_by_itself(
    district: Cloud, monkeypatch: pytest.MonkeyPatch, cadence: Literal["daily", "weekly"], released: bool
) -> None:
    rosters: Delivery = replace(ROSTERS, cadence=cadence)
    arrive(MONDAY, {"0105": 1})
    snapshots.freeze(rosters, FILE, MONDAY)
    looked, name = {"checks": [], "files": {FILE.name: {"columns": COLUMNS.split()}}}, evidence.verdict_name
    verdicts._store(storage.look(name(rosters, MONDAY)), evidence.fingerprint(rosters, MONDAY), looked, "no")
    if released:
        verdicts.release(rosters, MONDAY, "in time")
    arrive(TUESDAY, {"0105": 2})
    as_the_next_run()
    old = DeliveredSet(date=MONDAY, delivery=rosters)
    assert CheckedSet(date=MONDAY, delivery=rosters).complete()  # it is not checked again
    assert not old.complete()
    by = f"is not given any more: the table powerschool_combined.{FEED.name} holds {TUESDAY}"
    with pytest.raises(OnHold, match=by):
        old.make()
    with pytest.raises(OnHold if not released else PipelineError, match=by if not released else "is not on hold"):
        verdicts.release(rosters, MONDAY, "too late")
    monkeypatch.setattr(flows, "feeds", list)
    monkeypatch.setattr(flows, "deliveries", lambda: [rosters])
    (flow,) = status.seen(MONDAY, (), {}).flows
    assert flow.state == "on hold"
    new = DeliveredSet(date=TUESDAY, delivery=rosters)
    assert not CheckedSet(date=TUESDAY, delivery=rosters).superseded()
    assert not new.superseded()
    snapshots.freeze(rosters, FILE, TUESDAY)
    verdicts.check(rosters, TUESDAY)
    given(rosters, TUESDAY)
    as_the_next_run()
    assert old.complete()
    assert new.output().exists()
    assert ledger.record().trouble == []


# ---------------------------------------------------------------------------------------------- slower than the vendor


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A number for each push, which really is made: the bound of the vendor's row at that time."""
    found: list[float] = []

    def push(vendor: Vendor, *told: Any) -> None:
        found.append(vendor.within)
        real(vendor, *told)

    real = sftp.push
    monkeypatch.setattr(sftp, "push", push)
    return found


def within(seconds: float, patch: pytest.MonkeyPatch) -> None:
    vendor = catalogue.vendors()[ROSTERS.vendor]
    patch.setitem(catalogue.vendors(), vendor.name, replace(vendor, within=seconds))


@pytest.mark.parametrize(("seconds", "pushes"), [(-1, 2), (240, 1)])
def test_a_set_that_took_too_long_is_sent_once_more_as_a_whole_and_then_done(
    district: Cloud, folder: Path, pushed: list[float], monkeypatch: pytest.MonkeyPatch, seconds: float, pushes: int
) -> None:
    """Its vendor may have read a half set. No set takes less than no time."""
    within(seconds, monkeypatch)
    checked(FRIDAY)
    given(ROSTERS, FRIDAY)
    assert pushed == [seconds] * pushes
    as_the_next_run()
    assert evidence.receipt_target(ROSTERS, FRIDAY).exists()
    given(ROSTERS, FRIDAY)
    assert pushed == [seconds] * pushes


def test_a_set_is_sent_once_more_when_somebody_wants_it_so_and_not_twice(
    district: Cloud, folder: Path, pushed: list[float]
) -> None:
    with pytest.raises(ConfigurationError, match="was not sent for"):
        giving.send_again(ROSTERS, FRIDAY, "nobody has it")
    checked(FRIDAY)
    given(ROSTERS, FRIDAY)
    giving.send_again(ROSTERS, FRIDAY, "the pause is over")
    as_the_next_run()
    assert not evidence.receipt_target(ROSTERS, FRIDAY).exists()
    for _ in range(2):
        given(ROSTERS, FRIDAY)
        as_the_next_run()
        assert evidence.receipt_target(ROSTERS, FRIDAY).exists()
    assert len(pushed) == 2


def test_a_set_that_a_later_one_has_passed_by_is_not_promised_once_more(district: Cloud, folder: Path) -> None:
    for date in (FRIDAY, MONDAY):
        checked(date)
        given(ROSTERS, date)
    before = storage.read_json(evidence.receipt_name(ROSTERS.name, FRIDAY))
    with pytest.raises(OnHold, match="is not given again: the set of 2026-11-23 has gone since"):
        giving.send_again(ROSTERS, FRIDAY, "nobody has it")
    assert storage.read_json(evidence.receipt_name(ROSTERS.name, FRIDAY)) == before


def test_other_bytes_after_a_slow_set_may_be_slow_as_well(
    district: Cloud, folder: Path, pushed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent once more was the one before."""
    checked(FRIDAY, students=40)
    given(ROSTERS, FRIDAY)
    giving.send_again(ROSTERS, FRIDAY, "the pause is over")
    checked(FRIDAY, students=39)
    monkeypatch.setattr(Trail, "took", lambda trail: 1e9)
    monkeypatch.setitem(catalogue.vendors(), "otus", replace(catalogue.vendors()["otus"], within=1))
    given(ROSTERS, FRIDAY)
    assert len(pushed) == 3


def test_a_set_that_is_given_once_a_period_is_sent_once_more_when_somebody_wants_it_so(
    district: Cloud, folder: Path, pushed: list[float]
) -> None:
    once = replace(ROSTERS, again="never-same-day")
    checked(FRIDAY)
    given(once, FRIDAY)
    assert DeliveredSet(date=FRIDAY, delivery=once).superseded()
    giving.send_again(once, FRIDAY, "the pause is over")
    as_the_next_run()
    assert not DeliveredSet(date=FRIDAY, delivery=once).superseded()
    given(once, FRIDAY)
    as_the_next_run()
    assert DeliveredSet(date=FRIDAY, delivery=once).superseded()
    assert len(pushed) == 2


def test_an_interrupted_set_that_is_completed_too_late_is_sent_once_more_by_the_next_run(
    district: Cloud, folder: Path, pushed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    with refusing("receipts/"), pytest.raises(WarehouseError):
        given(ROSTERS, FRIDAY)
    within(-1, monkeypatch)
    assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]
    as_the_next_run()
    assert not evidence.receipt_target(ROSTERS, FRIDAY).exists()
    given(ROSTERS, FRIDAY)
    as_the_next_run()
    assert evidence.receipt_target(ROSTERS, FRIDAY).exists()
    assert len(pushed) == 2


def test_what_a_receipt_says_in_short_is_told_by_the_listing(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(FRIDAY, {"0105": 3, "0210": 2})
    name = evidence.receipt_name(ROSTERS.name, FRIDAY)
    as_the_next_run()
    whole = storage.read_json(name)
    assert whole is not None
    told = receipts.told(name)
    assert told == receipts.in_short(whole)
    assert (told["files"], told["rows"], told["as_of"]) == (1, 5, f"{FRIDAY}")
    assert receipts.told(evidence.receipt_name(ROSTERS.name, MONDAY)) is None
    stored = storage.find(name)
    metadata = {key: value for key, value in stored.metadata.items() if key != "told"}
    storage.store_json(name, whole, metadata, over=stored)  # as an earlier version of the engine wrote it
    as_the_next_run()
    assert "told" not in storage.find(name).metadata
    assert receipts.told(name) == told
    older = {f"feed_{number}": f"{FRIDAY}" for number in range(400)}
    assert receipts.metadata({**whole, "older_inputs": older}) == {}  # more than an object's metadata hold


@pytest.mark.parametrize("fails", [False, True])
def test_the_folder_of_a_set_is_its_own_while_it_goes_and_is_gone_afterwards(
    district: Cloud, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """The turn before this one may have completed an interrupted push, and removed what was brought for that."""
    seen: set[Path] = set()

    @contextmanager
    def after_another(delivery: str, *waits: Any) -> Iterator[Lease]:
        with turn(delivery, *waits) as lease:
            shutil.rmtree(evidence.outbox() / delivery, ignore_errors=True)
            yield lease

    def deliver(delivery: Delivery, date: dt.date, own: Path, *told: object) -> Made:
        seen.update({own} if own.is_dir() else ())
        (own / "students.csv").write_text("ID\n1\n")
        if fails:
            raise WarehouseError("503", expected="200", next_step="run again")
        return Made(words="given")

    turn = pushes.of
    monkeypatch.setattr(pushes, "of", after_another)
    monkeypatch.setattr(giving, "_deliver", deliver)
    try:
        assert giving.deliver(ROSTERS, FRIDAY, ignore).words == "given"
    except WarehouseError:
        assert fails
    assert seen == {evidence.outbox() / ROSTERS.name}
    assert not any(evidence.outbox().iterdir())  # people's data does not stay, whatever happened
