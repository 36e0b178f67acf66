"""What is remembered of a morning is in the bucket: the disk may vanish, and another machine sees what one has made."""

import datetime as dt
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline import catalogue
from pipeline.catalogue.place import DropFolder, PortalReport, Source
from pipeline.chain.portal import EisSchoolErrorReports
from pipeline.ground import manifests, settings
from pipeline.ground.errors import ContractBroken, WarehouseError, WrittenByAnother
from pipeline.inbound import lineends, reports, sources, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound import rendering
from pipeline.outside.cloud import documents, storage
from pipeline.outside.cloud.storage import Stored
from pipeline.run import purge

from .conftest import Configure

MONDAY = dt.date(2025, 11, 17)
TWO = dt.datetime(2025, 11, 17, 2, 0, tzinfo=ZoneInfo("America/Chicago"))
FEED = replace(catalogue.feeds()["fte"], sources=(Source("RSD", DropFolder("powerschool_rsd", settle=0), "fte*.csv"),))
LANDED, PREPARED = LandedTarget(FEED, "RSD", MONDAY), PreparedTarget(FEED, MONDAY)
# The same, as the portal gives it.
PORTAL = PortalReport("RSD", "0105", "User", "AllErr")
REPORT = replace(FEED, sources=(Source("RSD", PORTAL, "fte.csv"),))
LANDED_REPORT, PREPARED_REPORT = LandedTarget(REPORT, "RSD", MONDAY), PreparedTarget(REPORT, MONDAY)
HEAD = ",".join(column.name for column in FEED.contract.expected)
FIRST, SECOND = (f"{HEAD}\n{','.join(each * len(FEED.contract.expected))}\n" for each in ("1", "2"))


def put(text: str = FIRST, *, name: str = "fte.csv", later: int = 0) -> None:
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    at = TWO.timestamp() + later
    os.utime(folder / name, (at, at))
    sources.forget()


def land() -> None:
    steps.land(LANDED, lambda done, total: None)


def vendor_takes_all_away() -> None:
    shutil.rmtree(settings.load().district.drop / "powerschool_rsd")
    (settings.load().district.drop / "powerschool_rsd").mkdir()
    sources.forget()


def lose_the_disk() -> None:
    shutil.rmtree(settings.load().district.landing, ignore_errors=True)
    storage.forget()


@pytest.fixture
def machines(configure: Configure, own_folder: Path) -> Callable[[str], None]:
    """Makes this process the machine of that name: its own disk, and what it has seen is from before."""

    def be(name: str) -> None:
        configure(district={"landing": f"{own_folder}/{name}"})
        storage.forget()

    return be


def test_what_landed_outlives_the_disk_and_the_vendor() -> None:
    put()
    land()
    told = LANDED.manifest()
    lose_the_disk()
    vendor_takes_all_away()
    assert LANDED.exists()
    assert LANDED.manifest() == told
    steps.prepare(PREPARED)
    assert (LANDED.folder / "fte.csv").read_text() == FIRST
    assert PREPARED.exists()


@pytest.mark.parametrize("name", ["fte_Ä.csv", "fte_\udce4.csv", "fte %2F?#.csv", f"fte{'x' * 200}.csv"])
def test_a_vendor_may_call_its_file_as_it_likes(name: str) -> None:
    put(name=name)
    land()
    lose_the_disk()
    assert LANDED.copy().name == name
    assert LANDED.copy().read_text() == FIRST


def test_a_file_is_prepared_as_long_as_the_disk_or_the_bucket_has_the_csv() -> None:
    put()
    land()
    steps.prepare(PREPARED)
    print_ = steps.table_fingerprint(FEED, MONDAY)
    lose_the_disk()
    assert not PREPARED.exists()  # nobody has it any more
    steps.prepare(PREPARED)
    steps.store(FEED, MONDAY)
    lose_the_disk()
    assert PREPARED.exists()
    assert steps.stored_target(FEED, MONDAY).exists()
    assert steps.table_fingerprint(FEED, MONDAY) == print_
    storage.remove(PREPARED.object_name)
    assert not PREPARED.exists()
    steps.prepare(PREPARED)
    steps.store(FEED, MONDAY)
    assert steps.stored_target(FEED, MONDAY).exists()


def test_a_machine_sees_what_another_one_has_made(machines: Callable[[str], None]) -> None:
    put()
    machines("one")
    land()
    machines("two")
    assert LANDED.exists()
    steps.prepare(PREPARED)
    steps.store(FEED, MONDAY)
    machines("one")
    assert PREPARED.exists()


def test_a_copy_of_as_many_bytes_that_is_of_before_is_not_taken_for_the_correction(
    machines: Callable[[str], None],
) -> None:
    """The first machine has the file that the second has replaced: nothing of it may be made any more."""
    put(FIRST)
    machines("one")
    land()
    steps.prepare(PREPARED)
    put(SECOND, later=60)
    machines("two")
    land()
    steps.prepare(PREPARED)  # and dies before it has stored anything
    machines("one")
    assert not PREPARED.exists()
    steps.prepare(PREPARED)
    assert "2" in PREPARED.path.read_text()
    assert LANDED.copy().read_text() == SECOND
    assert PREPARED.exists()


def test_whoever_reads_a_copy_gets_what_counts_on_an_empty_disk_and_on_one_of_before(
    machines: Callable[[str], None], tmp_path: Path
) -> None:
    """The checks of a file that goes on as it came, its bytes, and the students that its receipt counts."""
    put(FIRST)
    machines("stale")
    land()
    steps.prepare(PREPARED)
    put(SECOND, later=60)
    machines("two")
    land()
    steps.prepare(PREPARED)
    steps.store(FEED, MONDAY)
    vendor_takes_all_away()
    for machine in ("stale", "empty"):
        machines(machine)
        assert rendering.as_landed(FEED, MONDAY, tmp_path / machine) == 1
        assert (tmp_path / machine).read_text() == SECOND
        assert "2" in PREPARED.copy().read_text()
        with ThreadPoolExecutor(4) as pool:
            assert {path.read_text() for path in pool.map(lambda _: LANDED.copy(), range(4))} == {SECOND}


def test_what_is_brought_from_the_bucket_is_what_was_looked_up(machines: Callable[[str], None]) -> None:
    """Another machine may have put a later one there since."""
    put(FIRST)
    machines("one")
    land()
    steps.prepare(PREPARED)
    steps.store(FEED, MONDAY)
    machines("two")
    assert PREPARED.manifest()
    storage._bucket().blob(PREPARED.object_name).upload_from_string(SECOND)
    with pytest.raises(WrittenByAnother, match="another one than its manifest told"):
        PREPARED.copy()
    assert not PREPARED.path.exists()


def download(text: str) -> None:
    """The portal gives that report."""
    (file := settings.load().district.landing / "download").parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    reports.land_report(LANDED_REPORT, file)


def test_what_the_portal_gave_is_read_and_stored_in_its_step_whatever_failed_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reports of another feed of the step have not come, and a third one's break their contract: that is told by
    the step that prepares it."""
    other = replace(catalogue.feeds()["gpa_current"], sources=(Source("RSD", PORTAL, "gpa.csv"),))
    monkeypatch.setitem(catalogue.feeds(), "fte", REPORT)
    monkeypatch.setitem(catalogue.feeds(), other.name, other)
    download(FIRST)
    (file := settings.load().district.landing / "download").write_text(FIRST)  # not its columns
    reports.land_report(LandedTarget(other, "RSD", MONDAY), file)
    EisSchoolErrorReports(date=MONDAY)._read()
    assert PREPARED_REPORT.exists()
    assert storage.look(PREPARED_REPORT.object_name).generation
    with pytest.raises(ContractBroken):
        steps.prepare(PreparedTarget(other, MONDAY))


def test_what_was_read_of_a_download_is_stored_before_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the bucket did not take it the first time."""
    download(FIRST)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "store", refuses)
        with pytest.raises(WarehouseError):
            steps.prepare(PREPARED_REPORT)
    assert (LANDED_REPORT.folder / "fte.csv").exists()
    storage.forget()
    steps.prepare(PREPARED_REPORT)
    assert storage.look(PREPARED_REPORT.object_name).generation
    assert not (LANDED_REPORT.folder / "fte.csv").exists()


def refuses(*_: object) -> None:
    raise WarehouseError("503", expected="200", next_step="run again")


def test_a_download_that_a_kill_left_undoes_nothing_of_what_another_machine_has_read(
    machines: Callable[[str], None],
) -> None:
    machines("killed")
    download(FIRST)
    machines("two")
    download(SECOND)
    assert not {name for name in everything() if name.endswith(".csv")}
    steps.prepare(PREPARED_REPORT)
    steps.store(REPORT, MONDAY)
    machines("killed")
    assert not PREPARED_REPORT.exists()  # what it left must go
    steps.prepare(PREPARED_REPORT)
    assert PREPARED_REPORT.exists()
    assert not (LANDED_REPORT.folder / "fte.csv").exists()
    machines("two")
    assert PREPARED_REPORT.exists()


def test_what_one_machine_forgets_no_other_one_believes(machines: Callable[[str], None]) -> None:
    put()
    machines("one")
    land()
    machines("two")
    assert steps.again(FEED, MONDAY) == 1
    machines("one")
    assert LANDED.manifest() is None
    assert not LANDED.exists()


def test_what_an_older_version_left_on_the_disk_counts() -> None:
    put()
    land()
    told = LANDED.manifest() or {}
    documents.forget(LANDED.manifest_path)
    manifests.save(LANDED.manifest_path, {key: value for key, value in told.items() if key != "in_bucket"})
    storage.forget()
    assert LANDED.exists()


def test_a_bucket_that_does_not_answer_lets_what_is_here_stand(no_bucket: dict[str, str], configure: Configure) -> None:
    configure(cloud=no_bucket)
    told = {"name": "fte.csv", "size": len(FIRST), "mtime": 1.0, "sha256": "0", "in_bucket": True}
    manifests.save(LANDED.manifest_path, told)
    (LANDED.folder / "fte.csv").write_text(FIRST)
    assert LANDED.manifest() == told


def test_nothing_is_landed_that_the_bucket_does_not_take(no_bucket: dict[str, str], configure: Configure) -> None:
    configure(cloud=no_bucket)
    put()
    with pytest.raises(WarehouseError):
        land()
    assert manifests.load(LANDED.manifest_path) is None


@pytest.mark.parametrize("parts", [2, 400])
def test_a_document_of_any_size_is_what_was_written(parts: int) -> None:
    """A large one does not fit into an object's metadata."""
    path = settings.load().district.landing / "misc" / f"{MONDAY}" / "x.json"
    told = {"parts": {f"part {number}": "0123456789abcdef" * 4 for number in range(parts)}, "name": "\udce4"}
    documents.save(path, told)
    for lose in (storage.forget, lose_the_disk):
        lose()
        assert documents.load(path) == {**told, "in_bucket": True}
    documents.save(path, {"parts": {}})
    storage.forget()
    assert documents.load(path) == {"parts": {}, "in_bucket": True}


def test_a_document_that_cannot_be_read_is_what_the_disk_says(
    configure: Configure, no_bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings.load().district.landing / "misc" / f"{MONDAY}" / "x.json"
    manifests.save(path, {"is": "here"})
    listed = storage.Stored(documents.name_of(path), 1, 1, {"print": "another"})
    monkeypatch.setattr(storage, "find", lambda name: listed)
    configure(cloud=no_bucket)
    assert documents.load(path) == {"is": "here"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("misc/2025-11-17/RSD/a.json", "landing/2025-11-17/misc/RSD/a.json"),
        ("misc-2024-09-01/2025-11-17/a.json", "landing/2025-11-17/misc-2024-09-01/a.json"),
        ("misc/2025-11-17/RSD/a_2024-09-01.csv", "landing/2025-11-17/misc/RSD/a_2024-09-01.csv"),
        ("runs/morning-2025-11-17.json", "landing/2025-11-17/runs/morning-2025-11-17.json"),
        ("quarantine/a/2025-11-17-0f/reason.json", "landing/2025-11-17/quarantine/a/2025-11-17-0f/reason.json"),
        ("calendar/calendar_day.json", "landing/undated/calendar/calendar_day.json"),
    ],
)
def test_a_document_lies_under_the_date_of_its_morning(path: str, name: str) -> None:
    assert documents.name_of(settings.load().district.landing / path) == name


def test_a_date_is_one_listing() -> None:
    folder = settings.load().district.landing / "misc" / f"{MONDAY}"
    paths = [folder / "a.json", folder / "b" / "c.json", settings.load().district.landing / "runs" / f"x-{MONDAY}.json"]
    for path in paths:
        documents.save(path, {"is": str(path)})
    assert storage.list_objects(f"{documents.OPEN}/{MONDAY}/").keys() == {*map(documents.name_of, paths)}


@pytest.mark.parametrize(
    ("restricted", "own_days", "stays"),
    [(True, 1, 1), (True, None, 1), (True, 5, 1), (False, 1, 1), (False, 5, 5), (False, None, 30)],
)
def test_what_landed_goes_from_the_bucket_when_its_copies_do(
    restricted: bool, own_days: int | None, stays: int
) -> None:
    dataset = f"misc_imports{'_restricted' if restricted else ''}"
    target = replace(LANDED, feed=replace(FEED, dataset=dataset, landing_days=own_days))
    put()
    steps.land(target, lambda done, total: None)
    (bytes_,) = [name for name in everything() if name.endswith("-fte.csv")]
    # What of a file is not loaded may be passwords: where its copies go sooner than others', few may read it.
    few = restricted or own_days is not None
    assert bytes_.startswith(f"landing_restricted/{MONDAY}/" if few else f"landing/{MONDAY}/")
    assert not set(purge.in_bucket(MONDAY + dt.timedelta(days=stays - 1))) & {*everything()}
    assert bytes_ in everything()
    assert bytes_ in set(purge.in_bucket(MONDAY + dt.timedelta(days=stays)))
    assert not {*purge.in_bucket(MONDAY + dt.timedelta(days=30))} & {*everything()}
    assert everything() == {}


def test_what_the_bucket_has_goes_first_where_the_disk_has_too_much(configure: Configure) -> None:
    put()
    land()
    steps.prepare(PREPARED)
    copies = [LANDED.folder / "fte.csv", PREPARED.path]
    tuesday = MONDAY + dt.timedelta(days=1)
    assert list(purge.beyond_size(tuesday)) == []  # within the bound
    configure(district={"landing_gigabytes": "0"})
    assert list(purge.beyond_size(MONDAY)) == []  # of the run's own date
    assert list(purge.beyond_size(tuesday)) == copies[:1]  # of the other one nobody else has a copy
    steps.store(FEED, MONDAY)
    assert list(purge.beyond_size(tuesday)) == copies[1:]
    assert not any(copy.exists() for copy in copies)
    vendor_takes_all_away()
    assert LANDED.exists()
    assert PREPARED.exists()
    assert LANDED.copy().read_text() == FIRST
    assert manifests.sha256(PREPARED.copy()) == (PREPARED.manifest() or {})["sha256"]


def test_no_more_goes_than_must_and_the_oldest_goes_first(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday, sunday = LANDED, replace(LANDED, date=MONDAY - dt.timedelta(days=1))
    put(FIRST + "1" * 400, later=-86400)
    steps.land(sunday, lambda done, total: None)
    put(FIRST + "2" * 400)
    land()
    held = sum(file.stat().st_size for file in settings.load().district.landing.rglob("*") if file.is_file())
    monkeypatch.setattr(purge, "GIGABYTE", 1)
    configure(district={"landing_gigabytes": f"{held - 400}"})
    assert list(purge.beyond_size(MONDAY + dt.timedelta(days=5))) == [sunday.folder / "fte.csv"]
    assert monday.copy_is_there()


def test_what_the_day_itself_has_does_not_count(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    sunday = replace(LANDED, date=MONDAY - dt.timedelta(days=1))
    put(later=-86400)
    steps.land(sunday, lambda done, total: None)
    held = sum(file.stat().st_size for file in settings.load().district.landing.rglob("*") if file.is_file())
    put(FIRST * 10)
    land()
    monkeypatch.setattr(purge, "GIGABYTE", 1)
    configure(district={"landing_gigabytes": f"{held}"})
    assert list(purge.beyond_size(MONDAY)) == []
    configure(district={"landing_gigabytes": f"{held - 1}"})
    assert list(purge.beyond_size(MONDAY)) == [sunday.folder / "fte.csv"]


def test_what_a_person_changed_on_the_disk_is_not_taken_for_a_copy(configure: Configure) -> None:
    put()
    land()
    configure(district={"landing_gigabytes": "0"})
    copy = LANDED.folder / "fte.csv"
    copy.write_text(f"{FIRST}more\n")
    assert list(purge.beyond_size(MONDAY + dt.timedelta(days=1))) == []
    assert copy.exists()


def test_a_refused_file_that_lies_in_quarantine_frees_nothing(configure: Configure) -> None:
    put("other,columns\n1,2\n")
    land()
    with pytest.raises(ContractBroken):
        steps.prepare(PREPARED)
    configure(district={"landing_gigabytes": "0"})
    (quarantined,) = (settings.load().district.landing / "quarantine" / "fte").rglob("fte.csv")
    assert list(purge.beyond_size(MONDAY + dt.timedelta(days=1))) == []
    quarantined.unlink()
    assert list(purge.beyond_size(MONDAY + dt.timedelta(days=1))) == [LANDED.folder / "fte.csv"]


@pytest.mark.parametrize(("value", "told"), [("1", "no"), ('"1\n2"', None)])
def test_the_object_says_when_no_value_holds_a_line_end(value: str, told: str | None) -> None:
    """Then BigQuery reads it in parts, beside each other."""
    put(f"{HEAD}\n{','.join(['1'] * (len(FEED.contract.expected) - 1))},{value}\n")
    land()
    steps.prepare(PREPARED)
    steps.store(FEED, MONDAY)
    storage.forget()
    stored = steps.stored_target(FEED, MONDAY).found()
    assert stored.metadata.get("line_ends") == told
    assert lineends.may_hold(stored) is (told is None)


def test_a_large_file_of_an_older_engine_is_looked_at_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its manifest does not say whether a value holds a line end, nor does the object."""
    put()
    land()
    steps.prepare(PREPARED)
    told = PREPARED.told() or {}
    documents.save(PREPARED.manifest_path, {name: what for name, what in told.items() if name != "line_ends"})
    steps.store(FEED, MONDAY)
    assert steps.stored_target(FEED, MONDAY).exists()
    assert lineends.may_hold(steps.stored_target(FEED, MONDAY).found())
    monkeypatch.setattr(lineends, "LARGEST", 10)
    assert not PREPARED.exists()
    steps.prepare(PREPARED)
    assert not steps.stored_target(FEED, MONDAY).exists()
    steps.store(FEED, MONDAY)
    assert steps.stored_target(FEED, MONDAY).exists()
    lineends.refuse_too_large(steps.stored_target(FEED, MONDAY).found())


def test_a_file_that_bigquery_does_not_take_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineends, "LARGEST", 100)
    lineends.refuse_too_large(Stored("a/b.csv", size=101, metadata={"line_ends": "no"}))
    lineends.refuse_too_large(Stored("a/b.csv", size=100))
    with pytest.raises(WarehouseError) as refused:
        lineends.refuse_too_large(Stored("a/b.csv", size=101))
    assert "has 101 bytes, and its values may hold line ends" in refused.value.found
    assert "`trimmed`" in refused.value.next_step


def everything() -> dict[str, storage.Stored]:
    return storage.list_objects("landing")
