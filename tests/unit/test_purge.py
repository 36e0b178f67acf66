"""Old copies go, and nothing else does."""

import argparse
import datetime as dt
import os
from pathlib import Path

import pytest

from pipeline import catalogue
from pipeline.commands import running
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError, WarehouseError
from pipeline.run import purge

from .conftest import Configure

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def landing(configure: Configure, tmp_path: Path) -> Path:
    configure(district={"landing": f"{tmp_path}/landing", "landing_days": "30"})
    return settings.load().district.landing


def test_by_hand_nothing_goes_before_its_day_has_come(landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year that was mistyped would take all that there is."""
    asked: list[dt.date] = []

    def old_copies(date: dt.date) -> list[str]:
        asked.append(date)
        return []

    monkeypatch.setattr(purge, "old_copies", old_copies)
    today = settings.load().today()
    with pytest.raises(ConfigurationError, match="is still to come"):
        running.purge(argparse.Namespace(date=today + dt.timedelta(days=1)), [])
    assert running.purge(argparse.Namespace(date=today), []) == 0
    assert asked == [today]


def lay(landing: Path, folder: str) -> Path:
    (landing / folder / "RSD").mkdir(parents=True)
    (landing / folder / "RSD" / "students.csv").touch()
    return landing / folder


@pytest.mark.parametrize("folder", ["misc_imports", "quarantine/students"])
def test_only_what_has_the_days_goes(landing: Path, folder: str) -> None:
    digest = "-0123456789ab" if folder.startswith("quarantine") else ""
    old = lay(landing, f"{folder}/2026-10-24{digest}")
    kept = lay(landing, f"{folder}/2026-10-25{digest}")
    assert list(purge.on_disk(TODAY)) == [old]
    assert not old.exists()
    assert kept.exists()


def test_what_a_rehearsal_laid_there_goes_the_next_day(landing: Path) -> None:
    old, kept = (lay(landing, f"rehearsal/{day}") for day in (TODAY - dt.timedelta(days=1), TODAY))
    assert list(purge.on_disk(TODAY)) == [old]
    assert kept.exists()


@pytest.mark.parametrize(
    "folder", ["runs/notes", "outbox/otus", "misc_imports/2020-01-01.bak", "misc_imports/old", "2020-01-01"]
)
def test_other_folders_stay(landing: Path, folder: str) -> None:
    there = lay(landing, folder)
    assert list(purge.on_disk(TODAY)) == []
    assert there.exists()


def test_a_file_with_a_date_for_its_name_stays(landing: Path) -> None:
    (landing / "misc_imports").mkdir(parents=True)
    (landing / "misc_imports" / "2020-01-01").touch()
    assert list(purge.on_disk(TODAY)) == []


def test_no_landing_area_yet(landing: Path) -> None:
    assert list(purge.on_disk(TODAY)) == []


# ------------------------------------------------------------------------------------------- copies with passwords

FILE = "google-students-passwords.csv"


def touch(*files: Path) -> list[Path]:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return list(files)


def passwords(folder: Path, name: str) -> list[Path]:
    """All that one feed leaves in its folder of a date, also when it was killed over it."""
    return touch(
        folder / f".{name}.csv.part",
        folder / f"{name}.csv",
        folder / f"{name}.manifest.json",
        folder / "clever" / f".{FILE}.part",
        folder / "clever" / FILE,
        folder / "clever" / f"{name}.manifest.json",
    )


@pytest.mark.parametrize("name", ["google_students_passwords", "google_students_provisioned"])
def test_copies_with_passwords_go_after_a_day(landing: Path, name: str) -> None:
    """Whatever of it is loaded: what lands has the passwords. Files of other feeds in the same folders stay."""
    folder = landing / catalogue.feeds()[name].folder
    old = passwords(folder / "2026-11-22", name)
    others = touch(
        folder / "2026-11-22" / "savvas_scores.csv",
        folder / "2026-11-22" / "savvas" / "SAVVAS_Realize_Standards_Scores_1.csv",
        folder / "2026-11-22" / "clever" / "roster.csv",
    )
    young = passwords(folder / "2026-11-23", name)
    assert list(purge.on_disk(TODAY)) == sorted(old)
    assert [file for file in old if file.exists()] == []
    assert [file for file in (*others, *young) if not file.exists()] == []


def test_folders_that_are_empty_then_go_too(landing: Path) -> None:
    folder = landing / "misc_imports_restricted" / "2026-11-22"
    passwords(folder, "google_students_provisioned")
    assert list(purge.on_disk(TODAY))
    assert not folder.exists()


def test_refused_files_with_passwords_go_after_a_day(landing: Path) -> None:
    old = lay(landing, "quarantine/google_teachers_passwords/2026-11-22-0123456789ab")
    lay(landing, "quarantine/google_teachers_passwords/2026-11-23-0123456789ab")
    lay(landing, "quarantine/students/2026-11-22-0123456789ab")
    assert list(purge.on_disk(TODAY)) == [old]
    assert not old.exists()


def test_all_copies_go_sooner_than_those_with_passwords(configure: Configure, tmp_path: Path) -> None:
    configure(district={"landing": f"{tmp_path}/landing", "landing_days": "0"})
    folder = tmp_path / "landing" / "misc_imports_restricted"
    passwords(folder / "2026-11-22", "google_students_provisioned")
    passwords(folder / "2026-11-23", "google_students_provisioned")
    assert list(purge.on_disk(TODAY)) == [folder / "2026-11-22"]


def test_an_outbox_of_an_earlier_day_goes(landing: Path) -> None:
    old, young = touch(landing / "outbox" / "ps_imports" / ".GoogleForPSImport_RSD.txt.extract", landing / "outbox/a/b")
    for file, moment in ((old, "2026-11-22T23:59:59-06:00"), (young, "2026-11-23T00:00:00-06:00")):
        os.utime(file, (dt.datetime.fromisoformat(moment).timestamp(),) * 2)
    assert list(purge.on_disk(TODAY)) == [old]
    assert young.exists()


def test_the_portals_downloads_and_refused_logins_of_an_earlier_day_go(landing: Path) -> None:
    """A download holds social security numbers; it stays where a run was killed, and the portal is switched off."""
    folder = landing / "downloads" / "EisSchoolErrorReports-RSD" / "AllErr-0105"
    old, young = touch(folder / "Sch0105AllErr.csv", folder / "Sch0105AllErr.csv.crdownload")
    for file, moment in ((old, "2026-11-22T23:59:59-06:00"), (young, "2026-11-23T00:00:00-06:00")):
        os.utime(file, (dt.datetime.fromisoformat(moment).timestamp(),) * 2)
    refused, today = touch(landing / "refused/2026-11-22/savvas.json", landing / "refused/2026-11-23/savvas.json")
    assert list(purge.on_disk(TODAY)) == [refused.parent, old]
    assert young.exists()
    assert today.exists()


def test_what_goes_from_the_disk_goes_also_when_the_bucket_cannot_be_reached(
    landing: Path, configure: Configure, no_bucket: dict[str, str]
) -> None:
    configure(district={"landing": f"{landing}"}, cloud=no_bucket)
    old = lay(landing, "misc_imports/2026-10-23")
    with pytest.raises(WarehouseError, match="listing gs://"):
        list(purge.old_copies(TODAY))
    assert not old.exists()


@pytest.mark.parametrize(
    "left",
    [
        "downloads/EisSchoolErrorReports-RSD/AllErr-0105/Sch0105AllErr.csv",
        "outbox/own_imports/Passwords.txt",
        "outbox/own_imports.Passwords.txt/.Passwords.txt.part",
    ],
)
def test_what_a_kill_left_on_its_way_goes_with_the_next_beginning(left: str) -> None:
    """Of today too, and whether or not there is anything; what tells of an interrupted push stays."""
    purge.left_files()
    landing = settings.load().district.landing
    (landing / left).parent.mkdir(parents=True)
    (landing / left).write_text("123-45-6789")
    trail = landing / "outbox" / "own_imports.json"
    trail.parent.mkdir(exist_ok=True)
    trail.write_text("{}")
    purge.left_files()
    assert [path for path in landing.rglob("*") if path.is_file()] == [trail]
