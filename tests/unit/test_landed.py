"""A landed file and what tells of it: which other file is a correction, and what a kill leaves of the two."""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline import catalogue
from pipeline.catalogue.place import DropFolder, Source
from pipeline.ground import manifests, settings
from pipeline.ground.errors import ContractBroken, TransferIncomplete, VendorError, WarehouseError
from pipeline.inbound import reports, sources, steps
from pipeline.inbound.evidence import LandedTarget, PreparedTarget
from pipeline.outbound import rendering
from pipeline.outside.cloud import documents
from pipeline.run import purge

MONDAY = dt.date(2025, 11, 17)
TWO = dt.datetime(2025, 11, 17, 2, 0, tzinfo=ZoneInfo("America/Chicago"))
MINUTE = dt.timedelta(minutes=1)
FEED = replace(catalogue.feeds()["fte"], sources=(Source("RSD", DropFolder("powerschool_rsd", settle=0), "fte*.csv"),))
LANDED, PREPARED = LandedTarget(FEED, "RSD", MONDAY), PreparedTarget(FEED, MONDAY)
HEAD = ",".join(column.name for column in FEED.contract.expected)
FIRST, SECOND = (f"{HEAD}\n{','.join(each * len(FEED.contract.expected))}\n" for each in ("1", "2"))


@pytest.fixture
def drop() -> Path:
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True)
    return folder


def put(drop: Path, name: str, at: dt.datetime, text: str = FIRST) -> None:
    (drop / name).write_text(text)
    os.utime(drop / name, (at.timestamp(), at.timestamp()))
    sources.forget()


def land() -> None:
    steps.land(LANDED, lambda done, total: None)


# ------------------------------------------------------------------------------------------- what is a correction


@pytest.mark.parametrize(
    ("name", "minutes", "text", "same"),
    [
        ("fte_2.csv", 0, FIRST, True),
        ("fte_2.csv", 1, FIRST, False),
        ("fte_2.csv", -1, FIRST, False),  # as many bytes, an earlier time: a copy that keeps its time
        ("fte_2.csv", -60, FIRST + "\n", False),
        ("fte_2.csv", 0, FIRST + "\n", False),
        ("fte_3.csv", 1, FIRST, False),
        ("fte_3.csv", 0, FIRST, False),  # of the same second the last name is the newest
        ("fte_1.csv", -1, FIRST, True),  # what remains when the vendor took ours away
        ("fte_3.csv", -1, FIRST + "\n", True),
    ],
)
def test_what_is_a_correction(drop: Path, name: str, minutes: int, text: str, same: bool) -> None:
    put(drop, "fte_2.csv", TWO)
    land()
    assert LANDED.exists()
    (drop / "fte_2.csv").unlink()
    put(drop, name, TWO + minutes * MINUTE, text)
    assert LANDED.exists() is same
    land()
    assert LANDED.exists()
    assert (LANDED.folder / name).read_text() == text


def test_the_same_file_that_is_landed_twice_is_told_as_once(drop: Path) -> None:
    """As by two machines at the same moment."""
    put(drop, "fte_2.csv", TWO)
    land()
    once = {key: value for key, value in (manifests.load(LANDED.manifest_path) or {}).items() if key != "landed_at"}
    land()
    assert once.items() <= (twice := manifests.load(LANDED.manifest_path) or {}).items()
    assert twice.keys() - once.keys() == {"landed_at"}


@pytest.mark.parametrize("minutes", [-1, -20, -60, 5])
def test_a_correction_with_any_time_stands_beside_an_older_file_of_another_name(drop: Path, minutes: int) -> None:
    """However often it comes, and until somebody takes it away."""
    put(drop, "fte_1.csv", TWO - 10 * MINUTE)
    put(drop, "fte_2.csv", TWO)
    land()
    for again in range(2):
        text = FIRST + "\n" * (again + 1)
        put(drop, "fte_2.csv", TWO + (minutes - again) * MINUTE, text)
        assert not LANDED.exists()
        land()
        assert (LANDED.folder / "fte_2.csv").read_text() == text
        sources.forget()
        assert LANDED.exists()
    put(drop, "fte_3.csv", TWO + 6 * MINUTE, SECOND)
    assert not LANDED.exists()
    (drop / "fte_3.csv").unlink()
    (drop / "fte_2.csv").unlink()
    sources.forget()
    assert LANDED.exists()  # the vendor took ours away, and the older one remains


@pytest.mark.parametrize(("hours", "same"), [(-9, False), (40, True)])
def test_an_older_file_of_another_name_takes_no_place_of_a_copy_of_another_morning(
    drop: Path, hours: int, same: bool
) -> None:
    put(drop, "fte_1.csv", TWO - 10 * MINUTE)
    put(drop, "fte_2.csv", TWO)
    land()
    put(drop, "fte_2.csv", TWO + 60 * hours * MINUTE, SECOND)
    assert LANDED.exists() is same
    with pytest.raises(TransferIncomplete):
        land()
    assert (LANDED.folder / "fte_2.csv").read_text() == FIRST


@pytest.mark.parametrize(
    ("hours", "same"),
    [(-9, False), (-24, False), (17, True), (40, True)],  # the day before: of no morning of ours; later: of the next
)
def test_a_file_of_our_name_from_before_the_morning_is_another_one(drop: Path, hours: int, same: bool) -> None:
    """What we have is not the vendor's any more; that none of this morning is there is told as late."""
    put(drop, "fte_2.csv", TWO)
    land()
    put(drop, "fte_2.csv", TWO + hours * 60 * MINUTE, SECOND + "\n")
    assert LANDED.exists() is same


def test_a_copy_of_which_a_byte_has_changed_goes_to_nobody(drop: Path, tmp_path: Path) -> None:
    put(drop, "fte_2.csv", TWO)
    land()
    prepare()
    assert rendering.as_landed(FEED, MONDAY, tmp_path / "sent.csv") == 1
    copy = LANDED.folder / "fte_2.csv"
    copy.write_text(copy.read_text().replace("1", "7", 1))
    assert LANDED.exists()  # it has its size
    with pytest.raises(WarehouseError, match="bytes have changed on our disk"):
        rendering.as_landed(FEED, MONDAY, tmp_path / "again.csv")
    assert not (tmp_path / "again.csv").exists()


@pytest.mark.parametrize("lost", [(), ("csv",), ("manifest",), ("csv", "manifest")])
def test_a_download_that_was_removed_when_it_was_read_is_landed_as_long_as_what_was_read_is_there(
    drop: Path, lost: tuple[str, ...]
) -> None:
    put(drop, "fte.csv", TWO)
    assert LANDED.exists() is False  # nothing of it
    land()
    prepare()
    documents.save(LANDED.manifest_path, {**(LANDED.manifest() or {}), "removed": True})
    (LANDED.folder / "fte.csv").unlink()
    for each in lost:
        PREPARED.path.unlink() if each == "csv" else documents.remove(PREPARED.manifest_path)
    assert LANDED.exists() is not bool(lost)


def test_what_the_vendor_took_away_is_landed_still(drop: Path) -> None:
    put(drop, "fte.csv", TWO)
    land()
    (drop / "fte.csv").unlink()
    sources.forget()
    assert LANDED.exists()


# --------------------------------------------------------------------------------------------- killed in between


class Killed(BaseException):
    """Nothing after this instant is done."""


def prepare() -> None:
    steps.prepare(PREPARED)


def land_report() -> None:
    download = settings.load().district.landing / "download"
    download.write_text(SECOND)
    reports.land_report(LANDED, download)


@pytest.mark.parametrize("instant", ["the old is there", "nothing is told", "the new is there"])
@pytest.mark.parametrize(
    ("make", "told"),
    [(land, LANDED.manifest), (land_report, LANDED.manifest), (prepare, PREPARED.manifest)],
    ids=["landed", "downloaded", "prepared"],
)
def test_a_kill_between_a_file_and_its_manifest_leaves_no_manifest_that_lies(
    drop: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], None], told: Callable[[], object], instant: str
) -> None:
    """The new file has as many bytes as the old one."""
    put(drop, "fte_.csv", TWO, FIRST)
    land()
    prepare()
    put(drop, "fte_.csv", TWO + MINUTE, SECOND)
    if make is prepare:
        land()
    before = {path.name: path.read_bytes() for path in (PREPARED.path, LANDED.folder / "fte_.csv")}

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if instant == "the old is there":
            patch.setattr(manifests, "replace", killed)
        elif instant == "nothing is told":
            patch.setattr(Path, "replace", _replace_but("fte", killed))
        else:
            patch.setattr(manifests, "save", killed)
        with pytest.raises(Killed):
            make()
    if make is prepare:
        assert told() is None
        # The vendor puts its first file back: what is on disk now must not be taken for what was made of that one.
        put(drop, "fte_.csv", TWO + 2 * MINUTE, FIRST)
        land()
        lies = PREPARED.path.read_bytes() != before["fte.csv"] if PREPARED.path.exists() else False
        assert not (told() and lies)
    elif found := LANDED.manifest():
        assert manifests.sha256(LANDED.copy()) == found["sha256"]
    make()
    assert told()


def _replace_but(stem: str, otherwise: Callable[..., None]) -> Callable[[Path, Path], object]:
    as_ever = Path.replace

    def act(path: Path, to: Path) -> object:
        if Path(to).name.startswith(stem) and Path(to).suffix == ".csv":
            otherwise()
        return as_ever(path, to)

    return act


def test_a_copy_that_cannot_be_brought_leaves_the_one_before(drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(drop, "fte.csv", TWO)
    land()
    put(drop, "fte.csv", TWO + MINUTE, SECOND)

    def breaks(path: Path, *told: str, **more: int) -> object:
        if path.parent == drop:
            raise PermissionError(13, "Permission denied", "fte.csv")
        return whole(path, *told, **more)  # type: ignore[call-overload]

    whole = Path.open
    with monkeypatch.context() as patch, pytest.raises(VendorError):
        patch.setattr(Path, "open", breaks)
        land()
    assert LANDED.manifest()
    assert (LANDED.folder / "fte.csv").read_text() == FIRST


def test_a_refused_file_leaves_what_was_prepared_before(drop: Path) -> None:
    put(drop, "fte.csv", TWO)
    land()
    prepare()
    kept = PREPARED.path.read_bytes()
    put(drop, "fte.csv", TWO + MINUTE, "no header\n")
    land()
    with pytest.raises(ContractBroken):
        prepare()
    assert PREPARED.path.read_bytes() == kept


def test_a_new_file_that_a_kill_left_goes_with_the_old_copies() -> None:
    """Of a feed whose copies stay for a day; a draft of it as well."""
    feed = catalogue.feeds()["google_students_passwords"]
    folder = manifests.folder(LandedTarget(feed, feed.sources[0].name, MONDAY).folder)
    copy = folder / "google-students-passwords.csv"
    new = manifests.beside(copy)
    for path in (new, new.with_name(f".{new.name}.part"), folder / "others.csv"):
        path.write_text("x")
    assert {path.name for path in purge.on_disk(MONDAY + dt.timedelta(days=2)) if path.parent == folder} == {
        new.name,
        f".{new.name}.part",
    }
    assert (folder / "others.csv").exists()
