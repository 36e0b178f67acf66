"""What breaks off and comes back within a morning is not noticed; what fails for good sends nothing old; odd clocks."""

import datetime as dt
import os
import time

import pytest

from e2e.district import TUESDAY, District


def test_lines_that_break_and_servers_that_stumble_are_tried_again(district: District) -> None:
    """F13: a get and a put are cut in their middle; the bucket and the warehouse answer 503 a few times."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.sandbox("fault", "cut", "savvas", "--after", "50000")
    district.sandbox("fault", "cut", "ellevation", "--after", "20000")
    district.sandbox("fault", "storage", "--status", "503", "--times", "3")
    district.sandbox("fault", "bigquery", "--status", "503", "--times", "3")
    since = time.time()
    run = district.run_daily(TUESDAY, workers=4)
    assert run.code == 0, run.out
    statuses = [event["status"] for event in district.activity(since, "cloud") if "status" in event]
    assert statuses.count(503) == 6
    assert all(district.vendor_events(since, vendor).count("connect") > 1 for vendor in ("savvas", "ellevation"))
    for kind in ("Assessment", "Standards"):
        sent = district.vendor_files("savvas")[f"/scores/SAVVAS_Realize_{kind}_Scores_20251118.csv"]
        assert district.vendor_files("otus")[f"/home/incoming/savvas_{kind.lower()}_scores.csv"] == sent
    files = {
        f"/data/{name}": facts for name, facts in district.receipts()[f"{TUESDAY}/ellevation_rosters"]["files"].items()
    }
    assert {name: len(content) for name, content in district.vendor_files("ellevation").items()} == {
        name: facts["bytes"] for name, facts in files.items()
    }


def test_a_bucket_that_stays_dark_is_told_once_and_nothing_is_sent(district: District) -> None:
    before = district.delivered_files()
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.sandbox("fault", "storage", "--status", "403", "--times", "0")
    run = district.run_daily(TUESDAY)
    assert run.code == 30, run.out
    assert "fault: storage" in run.out or "403" in run.out
    assert district.delivered_files() == before
    district.sandbox("heal")
    assert district.run_daily(TUESDAY).code == 0


@pytest.mark.parametrize("kind", ["query", "load"])
def test_a_job_that_fails_after_it_began_sends_nothing_old(district: District, kind: str) -> None:
    """F14: the last good table stays, no file goes out that was made yesterday, and the next run makes it good."""
    before = district.delivered_files()
    tables = district.tables("powerschool_combined")
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.sandbox("fault", "job-fails", kind, "--times", "0")
    since = time.time()
    run = district.run_daily(TUESDAY, workers=4)
    assert run.code == 30, run.out
    assert "Resources exceeded: fault job-fails" in run.out
    failed = {task.split()[0] for task in run.tasks("FAILED")}
    assert failed == ({"Snapshot"} if kind == "query" else {"LoadedTable"})
    # Scores go on as they landed: they need no job of the warehouse.
    assert {line.split()[0] for line in district.writes(since)} == {"otus"}
    after = district.delivered_files()
    assert {name for name in after if after[name] != before[name]} == {name for name in after if "scores" in name}
    if kind == "load":
        held = district.tables("powerschool_combined")
        assert {name: table.size for name, table in held.items()} == {
            name: table.size for name, table in tables.items()
        }
        assert not [name for name, table in held.items() if table.labels.get("as_of") == f"{TUESDAY}"]
    district.sandbox("heal")
    then = district.run_daily(TUESDAY, workers=4)
    assert then.code == 0, then.out
    assert f"{TUESDAY}/ellevation_rosters" in district.receipts()


def test_a_vendor_s_clock_may_be_an_hour_off(district: District) -> None:
    """Its files belong to the same morning an hour earlier and an hour later; none is taken for another day's."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    for kind, hours in (("Assessment", 1), ("Standards", -1)):
        pattern = f"savvas/scores/SAVVAS_Realize_{kind}*"
        district.fault(TUESDAY, "corrected", pattern)  # now its time is one of the small hours
        district.sandbox("fault", "stale", pattern, "--hours", f"{hours}")
    run = district.run_daily(TUESDAY)
    assert run.code == 0, run.out
    for kind in ("Assessment", "Standards"):
        assert f"LandedFile savvas_{kind.lower()}_scores savvas" in run.tasks("done")
        sent = district.vendor_files("savvas")[f"/scores/SAVVAS_Realize_{kind}_Scores_20251118.csv"]
        assert district.vendor_files("otus")[f"/home/incoming/savvas_{kind.lower()}_scores.csv"] == sent


def test_a_file_from_the_future_is_waited_for_and_taken(district: District) -> None:
    """A vendor's clock is ahead of ours: that its file stands still is seen by looking twice."""
    now = dt.datetime.now(dt.UTC).astimezone(district.zone)
    today = (now + dt.timedelta(hours=7)).date()  # the morning to which a file of an hour from now belongs
    district.sandbox("new-day", "--date", f"{today}")
    path = next((district.sftp / "savvas/scores").glob(f"SAVVAS_Realize_Assessment_Scores_{today:%Y%m%d}.csv"))
    ahead = time.time() + 3600
    os.utime(path, (ahead, ahead))
    run = district.run_daily(today, workers=4)
    assert "DeliveredSet otus_scores" in run.tasks("done"), run.out
    assert district.vendor_files("otus")["/home/incoming/savvas_assessment_scores.csv"] == path.read_bytes()
