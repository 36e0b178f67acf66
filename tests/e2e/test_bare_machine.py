"""A machine with nothing of ours on its disk makes, finishes and repeats a morning: a container of some scheduler.

What the configuration calls copies, logs and luigid's state is empty, and gone when the container ends.
"""

import re
import signal
import time
from pathlib import Path

import pytest

from e2e.containers import Containers
from e2e.district import FEEDS, MONDAY, TUESDAY, VENDORS, District, Result
from e2e.test_rebuilding import LOOKS


def landed(district: District) -> set[str]:
    """What the bucket says has landed: `LandedFile <feed> <part>`."""
    names = (
        re.fullmatch(rf"landing/{TUESDAY}/[^/]+/([^/]+)/(.+)\.manifest\.json", each) for each in district.objects()
    )
    return {f"LandedFile {found[2]} {found[1]}" for found in names if found}


@pytest.fixture
def containers(district: District, tmp_path: Path) -> Containers:
    return Containers(district, tmp_path)


def test_a_container_finishes_what_a_server_began_and_the_next_one_finds_all_done(
    district: District, containers: Containers
) -> None:
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    began = district.run_daily(TUESDAY, "--only", "students")
    assert began.code == 0, began.out
    assert "LandedFile students RSD" in began.tasks("done")
    since = time.time()
    run = containers.run_daily("--date", f"{TUESDAY}")
    assert run.code == 0, run.out
    done = run.tasks("done")
    assert {"LandedFile cc RSD", "DeliveredSet ellevation_rosters", "DeliveredSet otus_scores"} <= done
    assert not [task for task in done | run.tasks("unchanged") if task.startswith("LandedFile students")]
    renamed = {write.split()[0] for write in district.writes(since) if write.split()[1] == "rename"}
    assert renamed == {"ellevation", "otus"}
    after, since = district.delivered_files(), time.time()
    again = containers.run_daily("--date", f"{TUESDAY}")
    assert again.code == 0, again.out
    here = district.run_daily(TUESDAY)
    assert here.code == 0, here.out
    for later in (again, here):
        assert not later.tasks("done") | later.tasks("unchanged"), later.out
    assert {event for vendor in VENDORS for event in district.vendor_events(since, vendor)} <= LOOKS
    assert district.delivered_files() == after


def test_what_a_container_has_made_outlives_it_and_the_next_one_goes_on(
    district: District, containers: Containers
) -> None:
    """It is killed while files land and tables are loaded; a minute later another one may take its place."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    with containers.start("--date", f"{TUESDAY}", "--workers", "2") as container:
        while container.poll() is None and len(landed(district)) < 10:
            time.sleep(0.05)  # the bucket tells nobody
        container.kill()
        out, _ = container.communicate(timeout=30)
    district.results.append(Result(container.returncode, out))
    stands = landed(district)
    assert container.returncode == -signal.SIGKILL, out
    assert 10 <= len(stands) < len(FEEDS) * 2
    run = containers.run_daily("--date", f"{TUESDAY}")
    assert run.code == 0, run.out
    assert "another machine may be at work" in run.out
    assert not run.tasks("done") & stands
    assert {task for task in run.tasks("done") if task.startswith("LandedFile")} == landed(district) - stands
    assert {f"{TUESDAY}/ellevation_rosters", f"{TUESDAY}/otus_scores"} <= district.receipts().keys()
    assert not district.run_daily(TUESDAY).tasks("done")


def test_each_step_of_a_set_may_be_made_by_another_container(district: District, containers: Containers) -> None:
    """Its files are landed by one, checked and written by the next, and given by a third: what goes on as it came is
    read by each of them."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.fault(TUESDAY, "late", "savvas/scores/SAVVAS_Realize_Assessment*")
    late = containers.run_daily("--date", f"{TUESDAY}")
    assert late.code == 20, late.out
    assert "StoredObject savvas_standards_scores" in late.tasks("done")
    district.fault(TUESDAY, "arrives")
    district.sandbox("fault", "no-rename", "otus")
    broken = containers.run_daily("--date", f"{TUESDAY}")
    assert broken.code == 30, broken.out
    assert {"CheckedSet otus_scores", "ExportedFile otus_scores/savvas_standards_scores.csv"} <= broken.tasks("done")
    assert broken.tasks("FAILED") == {"DeliveredSet otus_scores"}
    district.sandbox("heal")
    run = containers.run_daily("--date", f"{TUESDAY}")
    assert run.code == 0, run.out
    assert not run.tasks("done") - {"DeliveredSet otus_scores"}  # or what the second had begun is only ended
    (source,) = (district.sftp / "savvas" / "scores").glob("SAVVAS_Realize_Standards*20251118.csv")
    assert district.vendor_files("otus")["/home/incoming/savvas_standards_scores.csv"] == source.read_bytes()


def test_a_container_says_what_it_is_not_told(district: District, containers: Containers) -> None:
    """Without its secrets nothing is sent, and each is named with where it is looked for."""
    secrets = district.folder / "sandbox" / "secrets"
    (secrets / "savvas_password").unlink()
    run = containers.run_daily("--date", f"{MONDAY}")
    assert run.code == 30, run.out
    assert "PIPELINE_SECRET_SAVVAS_PASSWORD" in run.out
