"""What a vendor was sent: kept as it went, brought from the bucket by the push, told and given out afterwards."""

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clouds import Cloud, given, ignore
from pipeline import catalogue
from pipeline.catalogue import agreement
from pipeline.chain.tasks import DeliveredSet, ExportedFile
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError, OnHold, WarehouseError
from pipeline.outbound import evidence, exports, giving, interrupted, receipts, sent, snapshots, sorting, verdicts
from pipeline.outside.cloud import storage
from pipeline.outside.sftp.trail import Trail
from pipeline.run import purge
from riverbend import Sandbox
from test_giving import COLUMNS, agreed, checked, empty
from test_giving import folder as folder
from test_verdicts import FILE, FRIDAY, MONDAY, ROSTERS, as_the_next_run
from test_verdicts import district as district

OBJECT = f"deliveries/{FRIDAY}/{ROSTERS.name}/{FILE.name}"


def of_friday() -> Path:
    """Where the test's own outbox is."""
    return evidence.outbox() / ROSTERS.name


def test_what_is_pushed_is_what_is_kept(district: Cloud, folder: Path, tmp_path: Path) -> None:
    checked(FRIDAY)
    (task,) = DeliveredSet(date=FRIDAY, delivery=ROSTERS).requires()
    assert isinstance(task, ExportedFile)
    assert not task.output().exists()
    made = task.make()
    assert (made.rows, task.output().exists()) == (3, True)
    assert list(folder.iterdir()) == []
    giving.deliver(ROSTERS, FRIDAY, ignore)
    storage.fetch(OBJECT, tmp_path / "kept.csv")
    assert (folder / FILE.name).read_bytes() == (tmp_path / "kept.csv").read_bytes()
    assert list(evidence.outbox().iterdir()) == []


def test_the_push_needs_nothing_of_the_machine_that_wrote_the_file(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    exports.export(ROSTERS, FILE, FRIDAY)
    monkeypatch.setattr(exports, "_rendered", lambda *told: 1 / 0)
    shutil.rmtree(evidence.outbox())
    as_the_next_run()
    given(ROSTERS, FRIDAY)
    assert (folder / FILE.name).read_bytes().count(b"Smith") == 3


def test_rows_of_several_objects_and_more_than_memory_has_place_for_are_the_same_file(
    sandbox: Sandbox, district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing of the extract stays in the bucket."""
    checked(FRIDAY, students=300)
    exports.export(ROSTERS, FILE, FRIDAY)
    storage.fetch(OBJECT, tmp_path / "at once.csv")
    removed(monkeypatch)
    storage.forget()
    sandbox.run("fault", "small-objects", "--bytes", "4000")
    monkeypatch.setattr(sorting, "HELD", 5_000)
    monkeypatch.setattr(sorting, "_PIECE", 500)
    fetched = brought_from_now_on(monkeypatch)
    assert exports.export(ROSTERS, FILE, FRIDAY).rows == 300
    assert len(fetched) > 3
    storage.fetch(OBJECT, tmp_path / "in pieces.csv")
    assert (tmp_path / "in pieces.csv").read_bytes() == (tmp_path / "at once.csv").read_bytes()
    assert not storage.list_objects("extracts")
    assert list(evidence.outbox().iterdir()) == []


def brought_from_now_on(patch: pytest.MonkeyPatch) -> list[str]:
    """The names of the objects that are brought from now on."""
    fetch, names = storage.fetch, list[str]()

    def noted(name: str, to: Path) -> None:
        names.append(name)
        fetch(name, to)

    patch.setattr(storage, "fetch", noted)
    return names


def changed(patch: pytest.MonkeyPatch) -> None:
    """Somebody has written other bytes in its place, and left what tells of it."""
    stored = storage.find(OBJECT)
    blob = storage._bucket().blob(OBJECT)
    blob.metadata = stored.metadata
    blob.upload_from_string("Student_id\nnobody\n")


def removed(patch: pytest.MonkeyPatch) -> None:
    storage._bucket().blob(OBJECT).delete()


def of_other_rows(patch: pytest.MonkeyPatch) -> None:
    blob = storage._bucket().get_blob(OBJECT)
    blob.metadata = {**blob.metadata, "fingerprint": "another"}
    blob.patch()
    storage.forget()


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (changed, "does not hold the bytes that were written"),
        (removed, "went from the bucket before"),
        (of_other_rows, "is not the file of the set that was checked"),
    ],
)
def test_nothing_else_goes_in_its_place(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch, happens: object, told: str
) -> None:
    checked(FRIDAY)
    exports.export(ROSTERS, FILE, FRIDAY)
    assert callable(happens)
    happens(monkeypatch)
    with pytest.raises(WarehouseError, match=told):
        giving.deliver(ROSTERS, FRIDAY, ignore)
    assert list(folder.iterdir()) == []
    assert list(evidence.outbox().iterdir()) == []


# ------------------------------------------------------------------------------------------- what did you send us?


def test_two_pushes_of_a_day_are_told_apart_and_both_are_kept(district: Cloud, folder: Path, tmp_path: Path) -> None:
    checked(FRIDAY, students=40)
    given(ROSTERS, FRIDAY)
    first = (folder / FILE.name).read_bytes()
    as_the_next_run()
    checked(FRIDAY, students=39)
    given(ROSTERS, FRIDAY)
    second = (folder / FILE.name).read_bytes()
    assert first != second
    told = list(sent.lines(ROSTERS, FRIDAY))
    assert [line.strip().partition(":")[0] for line in told] == ["push 1 of 2", FILE.name, "push 2 of 2", FILE.name]
    assert "otus" in told[0]
    assert "/home/incoming" in told[0]
    assert "SHA256:" in told[0]
    assert "40 rows" in told[1]
    assert "39 rows" in told[3]
    assert all(line.endswith(", kept") for line in (told[1], told[3]))
    for push, content in ((1, first), (2, second), (None, second)):
        to = tmp_path / f"push {push}"
        assert sent.write(ROSTERS, FRIDAY, to, push=push) == [to / FILE.name]
        assert (to / FILE.name).read_bytes() == content
        assert ((to / FILE.name).stat().st_mode & 0o777, to.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(ConfigurationError, match="there is a file already"):
        sent.write(ROSTERS, FRIDAY, tmp_path / "push 1")


def test_the_same_bytes_again_take_nobody_s_place(district: Cloud, folder: Path) -> None:
    checked(FRIDAY)
    for _ in range(2):
        exports.export(ROSTERS, FILE, FRIDAY)
    assert list(storage.list_objects(f"deliveries/{FRIDAY}/")) == [OBJECT, evidence.verdict_name(ROSTERS, FRIDAY)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"date": MONDAY}, f"nothing of {ROSTERS.name} was sent for {MONDAY}"),
        ({"file": "student.csv"}, "no file is called student.csv"),
        ({"push": 2}, "push 2 of"),
        ({"push": 0}, "push 0 of"),
    ],
)
def test_what_was_not_sent_is_told(
    district: Cloud, folder: Path, tmp_path: Path, asked: dict[str, object], told: str
) -> None:
    checked(FRIDAY)
    given(ROSTERS, FRIDAY)
    date = asked.pop("date", FRIDAY)
    assert isinstance(date, dt.date)
    with pytest.raises(ConfigurationError, match=told):
        sent.write(ROSTERS, date, tmp_path / "to", **asked)  # type: ignore[arg-type]
    assert not (tmp_path / "to").exists()


def test_bytes_that_the_purge_took_are_told_by_their_receipt(district: Cloud, folder: Path, tmp_path: Path) -> None:
    checked(FRIDAY)
    given(ROSTERS, FRIDAY)
    days = settings.load().district.sent_days
    gone = [storage.uri(OBJECT)]
    assert [each for each in purge.old_copies(FRIDAY + dt.timedelta(days=days - 1)) if each.startswith("gs:")] == []
    assert [each for each in purge.old_copies(FRIDAY + dt.timedelta(days=days)) if each.startswith("gs:")] == gone
    told = list(sent.lines(ROSTERS, FRIDAY))
    assert told[1].endswith("not kept any more")
    assert "3 rows" in told[1]
    with pytest.raises(ConfigurationError, match="is kept any more"):
        sent.write(ROSTERS, FRIDAY, tmp_path / "to")


def test_a_week_s_file_is_as_old_as_the_run_that_wrote_it(district: Cloud, folder: Path) -> None:
    weekly, days = replace(ROSTERS, cadence="weekly"), settings.load().district.sent_days
    checked(FRIDAY)
    snapshots.freeze(weekly, FILE, FRIDAY)
    verdicts.check(weekly, FRIDAY)
    given(weekly, FRIDAY)
    for later, left in ((days - 1, True), (days, False)):
        list(purge.in_bucket(FRIDAY + dt.timedelta(days=later)))
        assert bool(exports.kept(weekly.name, weekly.period(FRIDAY))) == left


def test_a_folder_that_cannot_be_listed_keeps_no_other_one_from_being_purged(
    district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    exports.export(ROSTERS, FILE, FRIDAY)
    assert exports.kept(ROSTERS.name, FRIDAY)
    list_objects = storage.list_objects

    def fail(prefix: str) -> dict[str, storage.Stored]:
        if prefix.startswith(exports.RESTRICTED):
            raise WarehouseError("not now", expected="it", next_step="run again")
        return list_objects(prefix)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "list_objects", fail)
        with pytest.raises(WarehouseError, match="not now"):
            list(purge.in_bucket(FRIDAY + dt.timedelta(days=settings.load().district.sent_days)))
    assert not exports.kept(ROSTERS.name, FRIDAY)


def test_another_code_that_writes_files_writes_them_anew(
    district: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(FRIDAY)
    exports.export(ROSTERS, FILE, FRIDAY)
    assert exports.export_target(ROSTERS, FILE, FRIDAY).exists()
    for module in exports.WRITERS:
        other = tmp_path / module.name
        other.write_text(f"{module.read_text()}\n# another line end\n")
        with monkeypatch.context() as patch:
            patch.setattr(exports, "WRITERS", tuple(other if each == module else each for each in exports.WRITERS))
            assert not exports.export_target(ROSTERS, FILE, FRIDAY).exists()


def test_of_a_weekly_delivery_every_day_of_its_week_is_the_monday_s(district: Cloud, folder: Path) -> None:
    weekly = replace(ROSTERS, cadence="weekly")
    checked(FRIDAY)
    snapshots.freeze(weekly, FILE, FRIDAY)
    verdicts.check(weekly, FRIDAY)
    given(weekly, FRIDAY)
    assert next(sent.lines(weekly, FRIDAY - dt.timedelta(days=2))).startswith("push 1 of 1")


# ---------------------------------------------------------------------------------------- completed from what is kept


@pytest.fixture
def half_given(district: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A set of two files, of which the second never came to the vendor, and a machine that has neither."""
    checked(FRIDAY)
    two = replace(ROSTERS, files=(FILE, replace(FILE, name="teachers.csv")))
    monkeypatch.setitem(catalogue.deliveries(), ROSTERS.name, two)
    listed = agreement.Agreement("test", "none", FRIDAY, {file.name: COLUMNS for file in two.view_files})
    monkeypatch.setattr(agreement, "of", lambda vendor: listed)
    for file in two.view_files:
        snapshots.freeze(two, file, FRIDAY)
        exports.export(two, file, FRIDAY)
    facts = exports.facts(two, FRIDAY)
    receipt = giving._receipt(ROSTERS, FRIDAY, evidence.receipt_target(ROSTERS, FRIDAY), facts)
    receipt["contents"] = {name: {"columns": ["Student_id"], "students": 3} for name in facts}
    trail = Trail(evidence.trail_path(ROSTERS.name), "this set", {**receipt, "run": "Morning"})
    stamp = (int(facts[FILE.name]["bytes"]), 1)
    trail.keep({FILE.name: stamp, "teachers.csv": None}, (FILE.name,), "ssh-ed25519 SHA256:abc")
    yield folder
    empty(folder)


def test_a_set_of_which_a_part_is_there_is_completed_from_what_is_kept(half_given: Path) -> None:
    assert list(interrupted.finish()) == [f"{ROSTERS.name} of {FRIDAY}"]
    assert [path.name for path in half_given.iterdir()] == ["teachers.csv"]  # the first one was given
    (receipt,) = (receipts.read(name) for name in receipts.kept().values())
    assert sorted(receipt["files"]) == [FILE.name, "teachers.csv"]
    assert list(evidence.outbox().iterdir()) == []


def test_the_rest_of_a_set_is_not_sent_once_it_is_not_agreed_any_more(
    half_given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed("")(monkeypatch)
    (told,) = interrupted.finish()
    assert isinstance(told, OnHold)
    assert "does not list" in told.found
    assert list(half_given.iterdir()) == []
    assert evidence.trail_path(ROSTERS.name).exists()  # the next set takes the place of the half one


def test_the_rest_of_a_set_is_not_sent_to_another_server_than_the_first_part(
    half_given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = settings.load().account("otus")
    monkeypatch.setattr(evidence, "address", lambda delivery: {"server": f"{account.user}@elsewhere:22"})
    monkeypatch.setattr(giving, "address", evidence.address)
    assert list(interrupted.finish()) == []
    assert list(half_given.iterdir()) == []


def test_an_old_half_set_gives_way_to_the_one_that_another_machine_gave_since(half_given: Path) -> None:
    name = evidence.latest_name(ROSTERS.name)
    storage.store_json(name, {"period": f"{MONDAY}"}, {"period": f"{MONDAY}"}, over=storage.find(name))
    assert list(interrupted.finish()) == []
    assert list(half_given.iterdir()) == []
    (receipt,) = (receipts.read(name) for name in receipts.kept().values())
    assert (sorted(receipt["files"]), receipt["whole"]) == ([FILE.name], False)
    assert not evidence.trail_path(ROSTERS.name).exists()


def test_what_is_not_kept_waits_for_the_next_set(half_given: Path) -> None:
    storage.remove(f"deliveries/{FRIDAY}/{ROSTERS.name}/teachers.csv")
    assert list(interrupted.finish()) == []
    assert list(half_given.iterdir()) == []
    assert evidence.trail_path(ROSTERS.name).exists()


def test_a_set_of_which_nothing_is_there_waits_for_today_s(half_given: Path) -> None:
    trail = Trail.left(evidence.trail_path(ROSTERS.name))
    assert trail
    trail.keep({FILE.name: None, "teachers.csv": None}, (), "ssh-ed25519 SHA256:abc")
    assert list(interrupted.finish()) == []
    assert list(half_given.iterdir()) == []
