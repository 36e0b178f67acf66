"""Weeks, old dates, two runs at once, the clock's old steps, and a run that somebody watches."""

import re
import subprocess
import time
from datetime import timedelta

from e2e.district import MONDAY, ROOT, TUESDAY, District, Held

THURSDAY = MONDAY + timedelta(days=3)
FRIDAY = MONDAY - timedelta(days=3)
WEEKLY = "/home/incoming/OTUS_Attendance_Discipline.csv"


def test_a_week_is_delivered_once(district: District) -> None:
    run = district.run_weekly(MONDAY)
    assert run.code == 0, run.out
    assert "DeliveredSet otus_attendance_discipline" in run.tasks("done")
    first = district.vendor_files("otus")[WEEKLY]
    assert first.startswith(b"student_number,state_id,school_id,grade_level,as_of_date,")
    assert first.count(b"\n") > 300
    since = time.time()
    assert district.run_weekly(MONDAY).tasks("done") == set()
    assert district.run_daily(THURSDAY).code == 0
    later = district.run_weekly(THURSDAY)
    assert later.code == 0, later.out
    assert not [line for line in district.writes(since) if "Attendance" in line]
    assert district.vendor_files("otus")[WEEKLY] == first
    assert "2025-11-17/otus_attendance_discipline" in district.receipts()
    assert not [name for name in district.receipts() if name.endswith("discipline") and "11-17" not in name]

    next_week = MONDAY + timedelta(days=9)
    assert district.run_weekly(next_week).code == 0
    assert district.vendor_files("otus")[WEEKLY] != first
    assert "2025-11-24/otus_attendance_discipline" in district.receipts()


def without_memory(objects: dict[str, Held]) -> dict[str, Held]:
    """Without what is remembered of the runs themselves, and of what landed."""
    return {name: held for name, held in objects.items() if not name.startswith("landing/")}


def test_an_old_date_changes_nothing(district: District) -> None:
    """Monday has run, Friday never has. Nobody waits for what a later morning has passed, so both end with 0.

    SAVVAS keeps its files, so Monday's could be fetched again: their copies are gone here.
    """
    assert district.run_daily(TUESDAY).code == 0
    tables = {name: district.tables(name) for name in ("powerschool_combined", "misc_imports", "deliveries")}
    files, objects, since = district.delivered_files(), district.objects(), time.time()
    for old in (MONDAY, FRIDAY, MONDAY):
        run = district.run_daily(old)
        assert run.code == 0, run.out
        assert not run.tasks("done"), run.out
        assert not run.tasks("FAILED"), run.out
        district.forget("misc_imports/2025-11-17/**/*.manifest.json")
    assert {name: district.tables(name) for name in tables} == tables
    assert district.delivered_files() == files
    assert district.writes(since) == []
    assert without_memory(district.objects()) == without_memory(objects)


def test_two_of_a_name_exclude_each_other_and_the_weekly_waits(new_district: District) -> None:
    """From nothing: the first starts the servers, which must not keep its locks."""
    date = ("--date", f"{MONDAY}")
    daily = new_district.start("./run_daily.sh", *date)
    assert daily.stdout
    assert any("sandbox is up" in line for line in daily.stdout)  # on a busy machine a line before it says so
    weekly = new_district.start("./run_weekly.sh", *date)
    second = new_district.call("./run_daily.sh", *date)
    assert second.code == 0
    assert re.fullmatch(
        r"run_daily: another run is at work \(daily of 2025-11-17, pid \d+, since .*\); this one has nothing to do\n",
        second.out,
    )
    (told, _), (waited, _) = daily.communicate(timeout=60), weekly.communicate(timeout=60)
    assert daily.returncode == 0, told
    assert weekly.returncode == 0, waited
    assert "waits for the run that is at work (daily of 2025-11-17, pid" in waited.splitlines()[0]
    assert set(new_district.receipts()) == {
        f"2025-11-17/{name}" for name in ("ellevation_rosters", "otus_scores", "otus_attendance_discipline")
    }
    for vendor, files in (("otus", 3), ("ellevation", 3)):
        assert new_district.vendor_events(0, vendor).count("rename") == files
    assert new_district.run_daily(MONDAY).code == 0


def test_an_old_step_of_the_clock_works_alone(district: District) -> None:
    assert district.run_daily(MONDAY).code == 0  # its central scheduler stays
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    since = time.time()
    step = district.call(
        ".venv/bin/luigi", "--module", "pipeline.morning", "SftpOperationsMisc", "--date", f"{TUESDAY}"
    )
    assert step.code == 0, step.out
    landed = {path.name for path in (district.landing / "misc_imports/2025-11-18").rglob("*.csv")}
    assert landed == {f"SAVVAS_Realize_{kind}_Scores_20251118.csv" for kind in ("Assessment", "Standards")}
    assert not (district.landing / "powerschool_combined/2025-11-18").exists()
    asked = {event["method"] for event in district.activity(since, "cloud") if event["server"] == "bigquery"}
    assert asked <= {"GET"}
    assert all(name.startswith("landing/") for name in district.objects() if f"{TUESDAY}" in name)
    assert district.writes(since) == []
    assert "SftpOperationsMisc" in str(district.visualiser("task_list", status="DONE", upstream_status=""))


def test_in_a_terminal_a_line_shows_what_is_at_work(district: District) -> None:
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    command = f"./run_daily.sh --date {TUESDAY} --workers 1"
    shown = subprocess.run(
        ["script", "--quiet", "--return", "--command", command, "/dev/null"],
        cwd=ROOT,
        env={**district.environment, "TERM": "xterm-256color", "COLUMNS": "150"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert shown.returncode == 0, shown.stdout
    assert "\x1b[2K" in shown.stdout
    live = re.findall(r"\d+ of \d+, \d\d:\d\d · (\w+) ([\w.-]+)", shown.stdout)
    assert {"Snapshot", "CheckedSet"} & {task for task, _ in live}
    text = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", shown.stdout)
    assert re.search(r"done +DeliveredSet +ellevation_rosters", text)
    assert "Morning of 2025-11-18" in text
