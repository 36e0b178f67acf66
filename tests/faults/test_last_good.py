"""A feed that may go on with its last good file: once its deadline is over it does, and says so everywhere."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.district import MONDAY, TUESDAY, District, Result, copy_of_the_code

FEED = "savvas_assessment_scores"
ASSESSMENTS = "savvas/scores/SAVVAS_Realize_Assessment*"
THURSDAY = TUESDAY + timedelta(days=2)
ROW = 'savvas.scores(SCORES, "Assessment", dataset="misc_imports")'


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the code, in which one feed may be a day old."""
    copy = copy_of_the_code(tmp_path / "code")
    feeds = copy / "pipeline/riverbend/feeds.py"
    assert feeds.read_text().count(ROW) == 1
    feeds.write_text(feeds.read_text().replace(ROW, f"replace({ROW}, last_good_days=1)"))
    return copy


def run(district: District, code: Path, *words: str) -> Result:
    """`python -m pipeline ...` of the copy."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        cwd=code,
        env=district.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    district.results.append(Result(done.returncode, done.stdout + done.stderr))
    return district.results[-1]


def morning(district: District, code: Path, day: date) -> Result:
    return run(district, code, "run", "Morning", "--date", f"{day}", "--", "--local-scheduler")


def flows(district: District, code: Path) -> dict[str, Any]:
    told = run(district, code, "status", "--date", f"{TUESDAY}", "--json")
    return {flow["flow"]: flow for flow in json.loads(told.out)["flows"]}


def test_the_last_good_file_stands_in_and_says_so_everywhere(district: District, code: Path) -> None:
    district.config.write_text(re.sub(r"grace_hours = \d+", "grace_hours = 0", district.config.read_text()))
    before = district.vendor_files("otus")["/home/incoming/savvas_assessment_scores.csv"]
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.fault(TUESDAY, "late", ASSESSMENTS)
    without = morning(district, code, TUESDAY)
    assert without.code == 20, without.out
    assert re.search(rf"late: {FEED} savvas\n  found: {FEED} savvas: .*; goes on with that of {MONDAY}", without.out)
    assert district.tables("misc_imports")[FEED].labels["as_of"] == f"{MONDAY}"
    receipt = district.receipts()[f"{TUESDAY}/otus_scores"]
    assert receipt["older_inputs"] == {FEED: f"{MONDAY}"}
    assert district.vendor_files("otus")["/home/incoming/savvas_assessment_scores.csv"] == before
    told = flows(district, code)
    assert told[FEED]["detail"] == f"goes on with {MONDAY}"
    assert f"{FEED} is of {MONDAY}" in told["otus_scores"]["detail"]

    district.fault(TUESDAY, "arrives")
    then = morning(district, code, TUESDAY)
    assert then.code == 0, then.out
    assert {task.split()[0] for task in then.tasks("done")} <= {
        *("LandedFile", "PreparedFile", "StoredObject", "LoadedTable", "CheckedSet", "ExportedFile", "DeliveredSet")
    }
    assert not {task for task in then.tasks("done") if "scores" not in task}
    assert district.tables("misc_imports")[FEED].labels["as_of"] == f"{TUESDAY}"
    assert district.receipts()[f"{TUESDAY}/otus_scores"]["older_inputs"] == {}
    sent = district.vendor_files("savvas")["/scores/SAVVAS_Realize_Assessment_Scores_20251118.csv"]
    assert district.vendor_files("otus")["/home/incoming/savvas_assessment_scores.csv"] == sent

    district.sandbox("new-day", "--date", f"{THURSDAY}")
    district.fault(THURSDAY, "late", ASSESSMENTS)
    too_old = morning(district, code, THURSDAY)
    assert too_old.code == 30, too_old.out
    assert "at 10:00, its deadline" in too_old.out
    assert f"{THURSDAY}/otus_scores" not in district.receipts()
