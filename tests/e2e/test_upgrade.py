"""An upgrade never conflicts: a district of the last commit's scaffold goes on, untouched, on the code of now."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from e2e import juniper
from e2e.district import ROOT
from e2e.made import Made

MONDAY = dt.date(2025, 10, 13)
# The commit before the last one: this one may be under way.
BEFORE = "HEAD~1"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The engine as it was a commit ago."""
    if subprocess.run(["git", "rev-parse", "--quiet", "--verify", BEFORE], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("a checkout without history has nothing to upgrade from: fetch it")
    told = subprocess.run(
        ["git", "archive", BEFORE, "pipeline", "luigi.cfg"], cwd=ROOT, capture_output=True, check=True
    )
    (there := tmp_path / "earlier").mkdir()
    subprocess.run(["tar", "-x"], cwd=there, input=told.stdout, check=True)
    return there


def test_a_district_of_the_last_commits_scaffold_runs_on_this_one(tmp_path: Path, earlier: Path) -> None:
    """Its Monday is made by the code that wrote it, its Tuesday by this one: its vendor has the same files."""
    made = Made(tmp_path, engine=earlier)
    made.make("ellevation", paths=f"{made.repository}/")  # a path is told so that every version means the same
    assert f"{earlier}" in (made.repository / "run_daily.sh").read_text()
    files = repository(made)
    with made.servers():
        write(made, MONDAY)
        run = ("-m", "pipeline", "run", "Morning", "--date", f"{MONDAY}", "--", "--local-scheduler")
        made.call(earlier, *run, config=made.repository / "luigi.cfg")
        before = taken(made)
        tuesday = MONDAY + dt.timedelta(days=1)
        write(made, tuesday)
        now = made.run("run_daily.sh", "--date", f"{tuesday}")
        assert now.code == 0, now.out
        assert taken(made) == before
    numbers = sorted(who.number for who in juniper.students())
    assert sorted(line.split(",")[8] for line in before["Student-Demographics.csv"].splitlines()[1:]) == numbers
    assert repository(made) == files


def write(made: Made, date: dt.date) -> None:
    """All that comes in on that date."""
    juniper.write_sis(made.repository / "var/drop", made.repository / "catalogue/schemas", date)
    juniper.write_vendors({vendor: made.root(vendor) for vendor in made.ports}, date)


def taken(made: Made) -> dict[str, str]:
    """The files that the vendor was given, which it takes away; by name."""
    files = [file for file in made.root("ellevation").rglob("*") if file.is_file()]
    told = {file.name: file.read_text() for file in files}
    for file in files:
        file.unlink()
    return told


def repository(made: Made) -> dict[str, bytes]:
    """The district's own files: without what runs and Python keep there, and the pins that stand-ins write."""
    left = {"var", "secrets", "__pycache__", "known_hosts"}
    files = [file for file in made.repository.rglob("*") if file.is_file() and left.isdisjoint(file.parts)]
    return {f"{file}": file.read_bytes() for file in files}
