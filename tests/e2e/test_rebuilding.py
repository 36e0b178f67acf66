"""What is deleted is made again, and what a vendor corrects is built and sent again: exactly that, and nothing else."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import bigquery

from e2e.district import MONDAY, VENDORS, District

ROSTER = "roster_files.Ellevation_"
# What a vendor's server is asked when we only look.
LOOKS = {"connect", "login", "list", "close"}
EXPORTS = {
    f"ExportedFile ellevation_rosters/{name}.csv"
    for name in ("Staff-Roster", "Student-Course-Schedules", "Student-Demographics")
}
STUDENTS_BELOW = {
    "PreparedFile students",
    "StoredObject students",
    "LoadedTable students",
    f"DeployedView {ROSTER}Student-Demographics",
    f"DeployedView {ROSTER}Student-Course-Schedules",
    *(f"DeployedView roster_files.{view}" for view in ("current_students", "current_enrollments")),
    "Snapshot ellevation_rosters/Student-Demographics.csv",
    "Snapshot ellevation_rosters/Student-Course-Schedules.csv",
    "CheckedSet ellevation_rosters",
    *EXPORTS,
    "DeliveredSet ellevation_rosters",
}
OF_DEMOGRAPHICS = {
    "Snapshot ellevation_rosters/Student-Demographics.csv",
    "CheckedSet ellevation_rosters",
    *EXPORTS,
    "DeliveredSet ellevation_rosters",
}
SCORES_BELOW = {
    "PreparedFile savvas_assessment_scores",
    "StoredObject savvas_assessment_scores",
    "LoadedTable savvas_assessment_scores",
    "CheckedSet otus_scores",
    "ExportedFile otus_scores/savvas_assessment_scores.csv",
    "DeliveredSet otus_scores",
}


LANDED = "landing/2025-11-17/powerschool_combined"


def landed(district: District, name: str) -> Path:
    return district.landing / "powerschool_combined/2025-11-17" / name


def remove_table(district: District, dataset: str, start: str) -> None:
    (name,) = [item.table_id for item in district.warehouse.list_tables(dataset) if item.table_id.startswith(start)]
    district.warehouse.delete_table(f"riverbend-sandbox.{dataset}.{name}")


def remove_object(district: District, name: str) -> None:
    district.bucket.blob(name).delete()


def remove_landed_bytes(district: District) -> None:
    """Here and in the bucket."""
    landed(district, "RSD/students.csv").unlink(missing_ok=True)
    (name,) = [name for name in district.objects() if re.fullmatch(f"{LANDED}/RSD/[0-9a-f]{{16}}-students.csv", name)]
    remove_object(district, name)


def change_view(district: District) -> None:
    view = district.warehouse.get_table("riverbend-sandbox.roster_files.Ellevation_Student-Demographics")
    view.view_query = "SELECT 'changed by hand' AS FirstName"
    district.warehouse.update_table(view, ["view_query"])


DELETIONS: dict[str, tuple[Callable[[District], None], str, set[str]]] = {
    "our copy of a landed file": (lambda district: landed(district, "RSD/students.csv").unlink(), "", set()),
    "our copy of its manifest": (lambda district: landed(district, "RSD/students.manifest.json").unlink(), "", set()),
    "our copy of a prepared file": (lambda district: landed(district, "students.csv").unlink(), "", set()),
    "landed manifest": (
        lambda district: remove_object(district, f"{LANDED}/RSD/students.manifest.json"),
        "LandedFile students RSD",
        STUDENTS_BELOW,
    ),
    "landed file": (remove_landed_bytes, "LandedFile students RSD", STUDENTS_BELOW),
    "prepared manifest": (
        lambda district: remove_object(district, f"{LANDED}/students.manifest.json"),
        "PreparedFile students",
        STUDENTS_BELOW - {"PreparedFile students"},
    ),
    "object": (
        lambda district: remove_object(district, "powerschool_combined/2025-11-17/students.csv"),
        "StoredObject students",
        STUDENTS_BELOW - {"PreparedFile students", "StoredObject students"},
    ),
    # Unlike BigQuery, the stand-in shows no view whose table is gone; a table that no view reads is like there.
    "table": (
        lambda district: remove_table(district, "misc_imports", "savvas_assessment_scores"),
        "LoadedTable savvas_assessment_scores",
        set(),
    ),
    "view": (
        lambda district: remove_table(district, "roster_files", "Ellevation_Student-Demographics"),
        f"DeployedView {ROSTER}Student-Demographics",
        OF_DEMOGRAPHICS,
    ),
    "snapshot": (
        lambda district: remove_table(district, "deliveries", "ellevation_rosters__Student_Demographics"),
        "Snapshot ellevation_rosters/Student-Demographics.csv",
        {"CheckedSet ellevation_rosters", *EXPORTS, "DeliveredSet ellevation_rosters"},
    ),
    "verdict": (
        lambda district: remove_object(district, "deliveries/2025-11-17/ellevation_rosters/verdict.json"),
        "CheckedSet ellevation_rosters",
        {*EXPORTS, "DeliveredSet ellevation_rosters"},
    ),
    "kept file": (
        lambda district: remove_object(district, "deliveries/2025-11-17/ellevation_rosters/Staff-Roster.csv"),
        "ExportedFile ellevation_rosters/Staff-Roster.csv",
        {"DeliveredSet ellevation_rosters"},
    ),
    "receipt": (
        lambda district: remove_object(district, "deliveries/2025-11-17/ellevation_rosters/receipt.json"),
        "DeliveredSet ellevation_rosters",
        set(),
    ),
    "copy of the receipt": (
        lambda district: remove_object(district, "deliveries/latest/ellevation_rosters.json"),
        "DeliveredSet ellevation_rosters",
        set(),
    ),
}


@pytest.mark.parametrize("what", DELETIONS)
def test_what_is_deleted_is_made_again_and_nothing_is_sent(same_district: District, what: str) -> None:
    delete, again, looked_at = DELETIONS[what]
    before = same_district.delivered_files()
    delete(same_district)
    since = time.time()
    run = same_district.run_daily(MONDAY)
    assert run.code == 0, run.out
    assert run.tasks("done") == ({again} if again else set())
    assert run.tasks("unchanged") == looked_at
    assert same_district.writes(since) == []
    assert same_district.delivered_files() == before


def test_a_view_that_somebody_changed_is_put_back_before_anything_is_made_of_it(same_district: District) -> None:
    """A run with nothing to do goes by the views' labels, which stay."""
    change_view(same_district)
    idle = same_district.run_daily(MONDAY)
    assert (idle.code, idle.tasks("done"), idle.tasks("unchanged")) == (0, set(), set()), idle.out
    remove_table(same_district, "deliveries", "ellevation_rosters__Student_Demographics")
    since = time.time()
    run = same_district.run_daily(MONDAY)
    assert run.code == 0, run.out
    snapshot = "Snapshot ellevation_rosters/Student-Demographics.csv"
    assert run.tasks("done") == {f"DeployedView {ROSTER}Student-Demographics", snapshot}
    assert run.tasks("unchanged") == OF_DEMOGRAPHICS - {snapshot}
    assert same_district.writes(since) == []


def test_a_lost_disk_is_missed_by_nobody(district: District) -> None:
    """Not even a vendor's file is brought once more, although the vendors have them all."""
    before, since = district.delivered_files(), time.time()
    shutil.rmtree(district.landing)
    run = district.run_daily(MONDAY)
    assert run.code == 0, run.out
    assert not run.tasks("done") | run.tasks("unchanged")
    assert {event for vendor in VENDORS for event in district.vendor_events(since, vendor)} <= LOOKS
    assert (district.writes(since), district.delivered_files()) == ([], before)
    district.fault(MONDAY, "corrected", "district/powerschool_rsd/students.csv")
    shutil.rmtree(district.landing)
    corrected = district.run_daily(MONDAY)
    assert corrected.code == 0, corrected.out
    assert {task for task in corrected.tasks("done") if task.startswith("LandedFile")} == {"LandedFile students RSD"}
    assert "DeliveredSet ellevation_rosters" in corrected.tasks("done")


def test_after_all_that_nothing_is_left_to_do(same_district: District) -> None:
    run = same_district.run_daily(MONDAY)
    assert run.code == 0, run.out
    assert not run.tasks("done") | run.tasks("unchanged")
    query = "SELECT COUNT(*) AS n FROM `roster_files.Ellevation_Student-Demographics`"
    (row,) = same_district.warehouse.query(query, bigquery.QueryJobConfig()).result()
    assert row["n"] == 400


def test_corrected_scores_go_to_otus_and_nothing_else_moves(district: District) -> None:
    before = district.delivered_files()
    corrected = district.fault(MONDAY, "corrected", "savvas/scores/SAVVAS_Realize_Assessment*")
    since = time.time()
    run = district.run_daily(MONDAY)
    assert run.code == 0, run.out
    assert run.tasks("done") == {"LandedFile savvas_assessment_scores savvas", *SCORES_BELOW}
    assert run.tasks("unchanged") == {"ExportedFile otus_scores/savvas_standards_scores.csv"}
    after = district.delivered_files()
    changed = "otus:/home/incoming/savvas_assessment_scores.csv"
    assert {name for name in after if after[name] != before.get(name)} == {changed}
    assert corrected
    assert after[changed] == corrected.read_bytes()
    assert {line.split()[0] for line in district.writes(since)} == {"otus"}


def test_corrected_students_are_rebuilt_with_all_that_reads_them(district: District) -> None:
    """A corrected street is in the demographics; the course schedules are frozen anew and come out as they were."""
    before = district.delivered_files()
    district.fault(MONDAY, "corrected", "district/powerschool_rsd/students.csv")
    since = time.time()
    run = district.run_daily(MONDAY)
    assert run.code == 0, run.out
    stay = {"ExportedFile ellevation_rosters/Staff-Roster.csv"}
    stay |= {task for task in STUDENTS_BELOW if "DeployedView" in task}
    made = {"LandedFile students RSD", *(STUDENTS_BELOW - stay)}
    assert run.tasks("done") == made
    assert run.tasks("unchanged") == STUDENTS_BELOW - made
    after = district.delivered_files()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"ellevation:/data/Student-Demographics.csv"}
    assert {line.split()[0] for line in district.writes(since)} == {"ellevation"}
    again = district.run_daily(MONDAY)
    assert not again.tasks("done")
    history = [row["flow"] for row in district.warehouse.list_rows("riverbend-sandbox.operations.loads")]
    assert {name: history.count(name) for name in history if history.count(name) > 1} == {
        "students": 2,
        "ellevation_rosters": 2,
    }
