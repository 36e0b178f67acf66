"""The disk is a cache: it may vanish between any two tasks."""

import re
import sys
import time

from e2e.district import TUESDAY, VENDORS, District

MORNING = ("run", "Morning", "--date", f"{TUESDAY}", "--workers", "1", "--", "--local-scheduler")
GIVEN = {"ellevation_rosters": 3, "otus_scores": 2}
FILES = f"SELECT delivery, COUNT(*) AS n FROM operations.disclosures WHERE period = '{TUESDAY}' GROUP BY 1"  # noqa: S608


def test_a_disk_that_vanishes_after_each_task_is_missed_by_nobody(district: District) -> None:
    """No vendor is asked for a file twice, or given one twice."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    since = time.time()
    run = district.call(sys.executable, "tests/faults/vanishing.py", *MORNING)
    assert run.code == 0, run.out
    vanished = re.search(r"^the disk has vanished (\d+) times$", run.out, re.M)
    assert vanished
    assert int(vanished[1]) >= len(run.tasks("done")) > 50, run.out
    read = [event["path"] for each in VENDORS for event in district.activity(since, each) if event["event"] == "read"]
    written = district.writes(since)
    assert len(read) == len({*read}) == 2, read
    assert len(written) == len({*written}) == 2 * sum(GIVEN.values()), written
    assert {row["delivery"]: row["n"] for row in district.warehouse.query(FILES).result()} == GIVEN
    before, then = time.time(), district.run_daily(TUESDAY)
    assert then.code == 0, then.out
    assert not then.tasks("done") | then.tasks("unchanged")
    assert district.writes(before) == []
