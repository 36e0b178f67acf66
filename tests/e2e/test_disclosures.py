"""What the district can tell a parent after a morning: to whom a student's data went, from receipts and frozen rows."""

import csv
import io
import json
import time
from typing import Any

from e2e.district import MONDAY, TUESDAY, District


def a_student(district: District) -> str:
    """Somebody who is in a file of each vendor."""
    files = district.vendor_files("otus")
    scores = csv.DictReader(io.StringIO(files["/home/incoming/savvas_standards_scores.csv"].decode("utf-8-sig")))
    known = district.vendor_files("ellevation")["/data/Student-Demographics.csv"].decode()
    return next(row["Student ID"] for row in scores if f",{row['Student ID']}," in known)


def told(district: District, student: str) -> dict[str, Any]:
    answer = district.pipeline("ledger", "--student", student, "--json")
    assert answer.code == 0, answer.out
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_a_morning_is_in_the_ledger_and_a_second_run_enters_nothing(district: District) -> None:
    receipts = district.receipts()
    held = {name: district.rows(f"operations.{name}") for name in ("deliveries", "disclosed_students")}
    assert len(held["deliveries"]) == len(receipts) == 2
    student = a_student(district)
    first = told(district, student)
    assert {span["file"] for span in first["disclosed"]} == {
        *("Student-Course-Schedules.csv", "Student-Demographics.csv"),
        *("savvas_assessment_scores.csv", "savvas_standards_scores.csv"),
    }
    assert {span["deliveries"] for span in first["disclosed"]} == {1}
    assert first["not_known"] == []
    for receipt in receipts.values():
        assert receipt["run"].startswith("morning 20")
        assert "agreement" in receipt["agreement"]
        for name, file in receipt["contents"].items():
            assert file["columns"]
            assert bool(file["students"]) == bool(file["student"]) == ("Staff" not in name)
    since = time.time()
    assert district.run_daily(MONDAY).code == 0
    head, *lines = district.pipeline("ledger").out.splitlines()
    assert head.startswith("PRETEND DISTRICT, morning ")
    assert lines == ["nothing to enter"]
    assert not [event for event in district.activity(since, "cloud") if "ledger-" in event.get("job_id", "")]
    assert {name: district.rows(f"operations.{name}") for name in held} == held


def test_days_in_a_row_are_one_line_and_a_stranger_is_no_error(district: District) -> None:
    student = a_student(district)
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    assert district.run_daily(TUESDAY).code == 0
    found = [span for span in told(district, student)["disclosed"] if span["vendor"] == "ellevation"]
    assert [span["deliveries"] for span in found] == [2, 2]
    answer = district.pipeline("ledger", "--student", "9999999")
    assert answer.code == 0
    assert "No file that the ledger knows held a row of student 9999999." in answer.out
    assert student not in district.said()


def test_a_ledger_that_fails_undoes_nothing_of_the_morning(district: District) -> None:
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    spoilt = district.bucket.blob("receipts/2025-11-18/otus_scores/0123456789.json")
    spoilt.upload_from_string("{}")
    run = district.run_daily(TUESDAY)
    assert run.code == 30, run.out
    assert not run.tasks("FAILED")
    assert {"2025-11-18/otus_scores", "2025-11-18/ellevation_rosters"} <= set(district.receipts())
    assert "is no receipt any more" in run.out
    assert len(district.rows("operations.deliveries")) == 4
    spoilt.delete()
    assert district.run_daily(TUESDAY).code == 0
