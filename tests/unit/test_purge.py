"""Old copies go, and nothing else does."""

import datetime as dt
from pathlib import Path

import pytest

from pipeline import purge, settings

from .conftest import Configure

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def landing(configure: Configure, tmp_path: Path) -> Path:
    configure(district={"landing": f"{tmp_path}/landing", "landing_days": "30"})
    return settings.load().district.landing


def lay(landing: Path, folder: str) -> Path:
    (landing / folder / "RSD").mkdir(parents=True)
    (landing / folder / "RSD" / "students.csv").touch()
    return landing / folder


@pytest.mark.parametrize("folder", ["misc_imports", "quarantine/students"])
def test_only_what_is_older_than_the_days_goes(landing: Path, folder: str) -> None:
    digest = "-0123456789ab" if folder.startswith("quarantine") else ""
    old = lay(landing, f"{folder}/2026-10-23{digest}")
    kept = lay(landing, f"{folder}/2026-10-24{digest}")
    assert purge.old_copies(TODAY) == [old]
    assert not old.exists()
    assert kept.exists()


@pytest.mark.parametrize(
    "folder", ["runs/notes", "outbox/otus", "misc_imports/2020-01-01.bak", "misc_imports/old", "2020-01-01"]
)
def test_other_folders_stay(landing: Path, folder: str) -> None:
    there = lay(landing, folder)
    assert purge.old_copies(TODAY) == []
    assert there.exists()


def test_a_file_with_a_date_for_its_name_stays(landing: Path) -> None:
    (landing / "misc_imports").mkdir(parents=True)
    (landing / "misc_imports" / "2020-01-01").touch()
    assert purge.old_copies(TODAY) == []


def test_no_landing_area_yet(landing: Path) -> None:
    assert purge.old_copies(TODAY) == []
