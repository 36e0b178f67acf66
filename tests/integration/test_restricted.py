# ruff: noqa: S608  (the names in these queries are the tests' own)
"""A file with passwords on its way out: where its rows lie, for how long, and that nothing of it stays behind.

Google's clients and a vendor's SFTP server are those of the sandbox; the view and the delivery are the test's own.
"""

import configparser
import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds import Cloud, given, set_up
from pipeline import catalogue
from pipeline.catalogue import agreement, sql
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.limits import Churn
from pipeline.catalogue.place import SftpFolder, Source
from pipeline.chain.base import ask_anew
from pipeline.chain.tasks import CheckedSet, ExportedFile
from pipeline.ground import manifests, settings
from pipeline.ground.errors import OnHold, PipelineError, VendorError, WarehouseError
from pipeline.inbound import sources, steps
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import evidence, exports, inspection, rendering, snapshots, verdicts
from pipeline.outbound.evidence import ReceiptTarget
from pipeline.outside.cloud import storage, texts, warehouse
from pipeline.run import purge
from riverbend import PROJECT, Sandbox

FRIDAY, MONDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 23)
FEED = catalogue.feeds()["google_students_provisioned"]
PASSWORD = "Otter-4711"
VIEW = f"SELECT student_number, provisioned_password FROM `{FEED.dataset}.{FEED.name}`\n"
FILE = ViewFile(
    "own_imports.Passwords",
    "Passwords.txt",
    key=("student_number",),
    called="students",
    student="student_number",
    churn=Churn(drops=0.2, slack=0),
)


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud's adapters, the vendors' accounts, a landing area, and the view, which is deployed."""
    with set_up(running, tmp_path, monkeypatch) as made:
        use(running.config, tmp_path)
        view = tmp_path / "sql" / FILE.view.replace(".", "/")
        view.parent.mkdir(parents=True)
        view.with_suffix(".sql").write_text(VIEW)
        monkeypatch.setattr(sql, "folder", lambda: tmp_path / "sql")
        monkeypatch.setattr(agreement, "beyond", lambda vendor, file, columns: [])
        sources.forget()
        yield made
        sources.forget()
        for cached in (sql.text, sql.reads):
            cached.cache_clear()
        for dataset in ("misc_imports_restricted", "own_imports", "deliveries", "deliveries_restricted"):
            warehouse._client().delete_dataset(f"{PROJECT}.{dataset}", delete_contents=True, not_found_ok=True)


def use(sandbox: Path, folder: Path) -> None:
    """Lay the sandbox's accounts under what the cloud's adapters are set to."""
    own = Path(os.environ["LUIGI_CONFIG_PATH"])
    parser = configparser.ConfigParser(interpolation=None)
    parser.read([sandbox, own])
    parser["district"]["landing"] = f"{folder}/landing"
    with own.open("w") as file:
        parser.write(file)
    settings.load.cache_clear()


def delivery(folder: str = "/home/incoming") -> Delivery:
    return Delivery("own_imports", "otus", folder, (FILE,))


def arrive(date: dt.date, students: int = 10) -> None:
    """The feed's file of the date is prepared, stored and loaded, and the view deployed."""
    target = PreparedTarget(FEED, date)
    with manifests.written(target.path) as draft:
        rows = [f"{4127 + number:07},s{number}@example.org,{PASSWORD}" for number in range(students)]
        draft.write_text("\n".join(["student_number,email,provisioned_password", *rows, ""]))
    facts = {"rows": students, "size": target.path.stat().st_size, "sha256": manifests.sha256(target.path)}
    told = {"contract": FEED.contract.fingerprint, "parts": target.parts()}
    manifests.save(target.manifest_path, {**facts, **told})
    steps.store(FEED, date)
    steps.load(FEED, date)
    dataset, view = FILE.view.split(".")
    texts.deploy(dataset, view, VIEW)


def made(date: dt.date, students: int = 10) -> None:
    """The delivery of the date, from the feed's file to the receipt."""
    arrive(date, students)
    snapshots.freeze(delivery(), FILE, date)
    verdicts.check(delivery(), date)
    given(delivery(), date)
    storage.forget()
    warehouse.forget()


def days_left(dataset: str, table: str) -> float:
    expires = warehouse._client().get_table(f"{PROJECT}.{dataset}.{table}").expires
    assert isinstance(expires, dt.datetime)
    return (expires - dt.datetime.now(dt.UTC)) / dt.timedelta(days=1)


def columns(dataset: str, table: str) -> list[str]:
    return [field.name for field in warehouse._client().get_table(f"{PROJECT}.{dataset}.{table}").schema]


def left_behind() -> tuple[list[str], list[Path]]:
    """Extracts in the bucket, and files of the outbox."""
    outbox = settings.load().district.landing / "outbox"
    return list(storage.list_objects("extracts")), [file for file in outbox.rglob("*") if file.is_file()]


# ------------------------------------------------------------------------------------------------------- snapshots


def test_frozen_rows_with_passwords_stay_a_day_and_their_keys_two_weeks(there: Cloud) -> None:
    made(MONDAY)
    target = snapshots.snapshot_target(delivery(), FILE, MONDAY)
    assert target.dataset == "deliveries_restricted"
    assert target.exists()
    assert columns(target.dataset, target.table) == ["student_number", "provisioned_password"]
    assert days_left(target.dataset, target.table) == pytest.approx(1, abs=0.01)
    assert columns("deliveries", target.table) == ["student_number"]
    assert days_left("deliveries", target.table) == pytest.approx(14, abs=0.01)
    entries = warehouse._client().get_dataset(f"{PROJECT}.deliveries_restricted").access_entries
    own = warehouse.ask("SELECT SESSION_USER() AS name", "asking who we are")[0]["name"]
    assert [entry.entity_id for entry in entries] == ["projectOwners", own]
    assert left_behind() == ([], [])


def test_rows_whose_keys_were_not_kept_are_no_evidence(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are frozen at the same time, and the next morning's set is compared with the keys alone."""
    arrive(MONDAY)
    target = snapshots.snapshot_target(delivery(), FILE, MONDAY)

    def refused(*_: object) -> None:
        raise WarehouseError("it breaks off", expected="keys", next_step="run again")

    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "keep_comparable", refused)
        with pytest.raises(WarehouseError, match="it breaks off"):
            snapshots.freeze(delivery(), FILE, MONDAY)
    assert not target.exists()
    assert days_left(target.dataset, target.table) == pytest.approx(1, abs=0.01), "passwords do not stay for it"
    snapshots.freeze(delivery(), FILE, MONDAY)
    assert target.exists()


def test_passwords_are_in_the_delivered_file_and_in_the_restricted_object_alone(there: Cloud, running: Sandbox) -> None:
    made(MONDAY)
    with running.login("otus") as server, server.open(f"/home/incoming/{FILE.name}") as file:
        assert file.read().decode().count(PASSWORD) == 10
    told = [storage.read_json(name) for name in storage.list_objects("deliveries/")]
    assert len(told) == 3
    assert PASSWORD not in str(told)
    assert list(storage.list_objects("deliveries_restricted/")) == [
        f"deliveries_restricted/{MONDAY}/own_imports/{FILE.name}"
    ]


def test_a_file_with_passwords_is_not_wanted_any_more_once_it_was_given(there: Cloud) -> None:
    made(MONDAY)
    target = ExportedFile(date=MONDAY, delivery=delivery(), file=FILE.name).output()
    assert target.exists()
    storage.remove(target.kept.name)  # as the purge does
    storage.forget()
    assert not target.kept.exists()
    assert target.exists()
    receipt = evidence.receipt_target(delivery(), MONDAY)
    storage.remove(receipt.name)
    storage.forget()
    assert not target.exists()


def test_a_file_with_passwords_is_made_anew_of_a_correction_that_comes_in_the_same_run(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the run is planned, the set is still the one that was given; what is below tells that it will not be."""
    made(MONDAY)
    task = ExportedFile(date=MONDAY, delivery=delivery(), file=FILE.name)
    below = {"there": True}
    monkeypatch.setattr(CheckedSet, "complete", lambda check: below["there"])
    ask_anew()
    assert task.complete()
    below["there"] = False
    ask_anew()
    assert not task.complete()


def test_monday_is_compared_with_fridays_keys_although_fridays_rows_are_gone(there: Cloud) -> None:
    made(FRIDAY)
    friday = snapshots.snapshot_target(delivery(), FILE, FRIDAY)
    warehouse._client().delete_table(f"{PROJECT}.deliveries_restricted.{friday.table}")  # as it expires
    warehouse.forget()
    arrive(MONDAY, students=7)
    snapshots.freeze(delivery(), FILE, MONDAY)
    with pytest.raises(OnHold, match=r"would no longer get 3 of 10 students"):
        verdicts.check(delivery(), MONDAY)
    verdicts.release(delivery(), MONDAY, "they have left")
    given(delivery(), MONDAY)
    receipt = storage.read_json(evidence.receipt_target(delivery(), MONDAY).name)
    assert receipt
    assert receipt["snapshots"] == {
        FILE.name: f"deliveries.{snapshots.snapshot_target(delivery(), FILE, MONDAY).table}"
    }


def test_rows_that_have_expired_are_frozen_again_and_all_that_was_made_of_them_stands(there: Cloud) -> None:
    made(MONDAY)
    target = snapshots.snapshot_target(delivery(), FILE, MONDAY)
    warehouse._client().delete_table(f"{PROJECT}.{target.dataset}.{target.table}")
    warehouse.forget()
    assert not target.exists()
    snapshots.freeze(delivery(), FILE, MONDAY)
    assert snapshots.snapshot_target(delivery(), FILE, MONDAY) == target
    assert target.exists()
    assert evidence.verdict_target(delivery(), MONDAY).exists()
    assert evidence.receipt_target(delivery(), MONDAY).exists()


def test_a_receipt_with_a_bare_name_is_of_the_dataset_deliveries(there: Cloud) -> None:
    made(FRIDAY)
    latest = ReceiptTarget(delivery(), FRIDAY, "", "").latest_name
    receipt = storage.read_json(latest)
    assert receipt
    receipt["snapshots"] = {name: told.split(".")[1] for name, told in receipt["snapshots"].items()}
    storage.store_json(latest, receipt, {"period": f"{FRIDAY}"}, over=storage.find(latest))
    arrive(MONDAY, students=7)
    snapshots.freeze(delivery(), FILE, MONDAY)
    with pytest.raises(OnHold, match=r"share of the last students that are gone \(3 of 10\): 0.3"):
        verdicts.check(delivery(), MONDAY)


def test_keys_that_are_gone_put_the_delivery_on_hold(there: Cloud) -> None:
    made(FRIDAY)
    friday = snapshots.compared_target(delivery(), FILE, FRIDAY)
    warehouse._client().delete_table(f"{PROJECT}.{friday.dataset}.{friday.table}")
    warehouse.forget()
    arrive(MONDAY)
    snapshots.freeze(delivery(), FILE, MONDAY)
    with pytest.raises(OnHold, match="tables with the last delivery's rows to compare with: 0"):
        verdicts.check(delivery(), MONDAY)


def test_a_file_without_passwords_is_frozen_once(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(MONDAY)
    monkeypatch.setattr(snapshots, "restricted", lambda file: False)
    snapshots.freeze(delivery(), FILE, MONDAY)
    target = snapshots.snapshot_target(delivery(), FILE, MONDAY)
    assert target == snapshots.compared_target(delivery(), FILE, MONDAY)
    assert target.dataset == "deliveries"
    assert days_left(target.dataset, target.table) == pytest.approx(14, abs=0.01)
    assert not warehouse.find("deliveries_restricted", target.table).there
    assert inspection.of_set(delivery(), MONDAY)[0].failed == []


# ------------------------------------------------------------------------------------------------ nothing lingers


def test_a_push_that_fails_leaves_nothing(there: Cloud) -> None:
    arrive(MONDAY)
    nowhere = delivery("/nowhere")
    snapshots.freeze(nowhere, FILE, MONDAY)
    verdicts.check(nowhere, MONDAY)
    with pytest.raises(VendorError):
        given(nowhere, MONDAY)
    assert left_behind() == ([], [])


def test_a_rendering_that_fails_leaves_nothing(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(MONDAY)
    snapshots.freeze(delivery(), FILE, MONDAY)

    def refused(name: str, to: Path) -> None:
        assert left_behind()[0] == [name]
        raise WarehouseError("it breaks off", expected="bytes", next_step="run again")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "fetch", refused)
        with pytest.raises(WarehouseError, match="it breaks off"):
            exports.export(delivery(), FILE, MONDAY)
    assert left_behind() == ([], [])
    monkeypatch.setattr(rendering, "_render", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exports.export(delivery(), FILE, MONDAY)
    assert left_behind() == ([], [])


def test_what_failed_is_told_when_the_object_cannot_be_removed_either(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(MONDAY)

    def refused(name: str) -> None:
        raise WarehouseError("nor can it be removed", expected="it gone", next_step="run again")

    monkeypatch.setattr(storage, "remove", refused)
    with pytest.raises(PipelineError, match="extracting deliveries_restricted"):  # nothing was frozen
        exports.export(delivery(), FILE, MONDAY)


# ----------------------------------------------------------------------------------------------------- old objects


def put(*names: str) -> None:
    for name in names:
        storage.store_json(name, {}, {}, over=storage.find(name))


def test_objects_with_passwords_go_after_a_day_and_extracts_of_killed_runs(there: Cloud) -> None:
    old = (
        "extracts/own_imports__Passwords__20261122_0123abcd.csv",
        "extracts/own_imports__Passwords__20261122_0123abcd-000000000011.csv",
        "extracts_restricted/own_imports__Passwords__20261122_0123abcd-000000000000.csv",
        "deliveries_restricted/2026-11-22/own_imports/Passwords.txt",
        "deliveries_restricted/2026-11-22/own_imports/earlier/0123abcd/Passwords.txt",
        "deliveries/2026-10-24/own_rosters/students.csv",
        "deliveries/2026-10-24/own_rosters/earlier/0123abcd/students.csv",
        f"{FEED.folder}/2026-11-20/{FEED.file}",
        f"{FEED.folder}/2026-11-22/{FEED.file}",
    )
    kept = (
        "extracts/own_imports__Passwords__20261123_0123abcd-000000000000.csv",
        "extracts/notes.csv",
        "deliveries_restricted/2026-11-23/own_imports/Passwords.txt",
        "deliveries/2026-10-25/own_rosters/students.csv",
        "deliveries/2026-10-24/own_rosters/verdict.json",
        "deliveries/latest/own_rosters.json",
        f"{FEED.folder}/2026-11-23/{FEED.file}",
        f"{FEED.folder}/notes/{FEED.file}",
        f"misc_imports/2026-11-20/{FEED.file}",
        "deliveries/2026-11-20/ps_imports/receipt.json",
    )
    put(*old, *kept)
    assert set(purge.old_copies(MONDAY)) == {storage.uri(name) for name in old}
    assert set(storage.list_objects("")) == set(kept)
    assert list(purge.old_copies(MONDAY)) == []


def test_no_bucket_is_nothing_to_remove(there: Cloud) -> None:
    assert list(purge.old_copies(MONDAY)) == []


# --------------------------------------------------------------------------------------------- files of nobody


def test_a_file_of_a_watched_folder_that_no_feed_takes_is_told_by_the_look_that_was_made(
    there: Cloud, running: Sandbox
) -> None:
    place = SftpFolder("savvas", "/scores", others=("*Standards*",))
    wanted = Source("savvas", place, "SAVVAS_Realize_Assessment_Scores*.csv")
    with running.login("savvas") as server:
        for name in ("google-staff.csv", ".google-staff.csv", "google-staff.csv.filepart"):
            with server.open(f"/scores/{name}", "w") as file:
                file.write("clever_id\n")
        try:
            begins = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
            assert sources.unclaimed([wanted]) == []  # nobody has looked
            since = time.time()
            sources.newest(wanted, begins, begins)
            assert sources.unclaimed([wanted]) == ["savvas:/scores/google-staff.csv"]
        finally:
            for name in ("google-staff.csv", ".google-staff.csv", "google-staff.csv.filepart"):
                server.remove(f"/scores/{name}")
    looks = [event for event in running.events("sftp-savvas") if event["time"] >= since and event["event"] == "list"]
    assert len(looks) <= 1
