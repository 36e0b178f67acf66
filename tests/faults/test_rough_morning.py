"""What breaks off and comes back within a morning is not noticed; what fails for good sends nothing old; odd clocks."""

import datetime as dt
import os
import time

from e2e.district import MONDAY, TUESDAY, District


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


def test_a_bad_day_of_google_s_is_not_noticed(district: District) -> None:
    """One request in twelve is refused for the moment, done and not answered, kept and answered 412, or late; jobs wait
    for their turn; listings are behind. The vendors are given what they are given on any other day, once each."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.sandbox("fault", "google", "mix", "--times", "0", "--share", "0.08", "--seconds", "0.5")
    since = time.time()
    run = district.run_daily(TUESDAY, workers=4)
    district.sandbox("heal")  # the test asks Google's stand-ins, too
    assert run.code == 0, run.out
    statuses = [event.get("status") for event in district.activity(since, "cloud")]
    assert sum(map(statuses.count, (403, 412, 429, 503))) > 5
    given = {key for key in district.receipts() if key.startswith(f"{TUESDAY}/")}
    assert given == {f"{TUESDAY}/ellevation_rosters", f"{TUESDAY}/otus_scores"}
    written = [line for line in district.writes(since) if line.split()[1] == "write"]
    assert len(written) == len(set(written)) == 5
    again = time.time()
    assert district.run_daily(TUESDAY).code == 0
    assert district.writes(again) == []


def test_a_bucket_that_keeps_what_was_deleted_is_told_and_stops_nothing(district: District) -> None:
    bucket = district.bucket
    bucket.soft_delete_policy.retention_duration_seconds = 7 * 86_400
    bucket.patch()
    bucket.blob(f"powerschool_combined/{MONDAY}/students.csv").delete()  # a run with nothing to do does not look
    run = district.run_daily(MONDAY)
    assert run.code == 0, run.out
    assert "keeps what was deleted for 7 days" in run.out


def test_what_fails_for_good_sends_nothing_old_and_the_next_run_makes_it_good(district: District) -> None:
    """F14: the bucket is dark; then each load fails after it began; then each query. No file of yesterday goes out."""
    before, tables = district.delivered_files(), district.tables("powerschool_combined")
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    since = time.time()
    district.sandbox("fault", "storage", "--status", "403", "--times", "0")
    dark = district.run_daily(TUESDAY, workers=4)
    assert dark.code == 30, dark.out
    assert "403" in dark.out
    assert district.writes(since) == []

    district.sandbox("heal")
    district.sandbox("fault", "job-fails", "load", "--times", "0")
    unloaded = district.run_daily(TUESDAY, workers=4)
    assert unloaded.code == 30, unloaded.out
    assert "Resources exceeded: fault job-fails" in unloaded.out
    assert {task.split()[0] for task in unloaded.tasks("FAILED")} == {"LoadedTable"}
    held = district.tables("powerschool_combined")
    assert {name: held[name].size for name in tables} == {name: table.size for name, table in tables.items()}
    assert not [name for name, table in held.items() if table.labels.get("as_of") == f"{TUESDAY}"]

    district.sandbox("heal")
    district.sandbox("fault", "job-fails", "query", "--times", "0")
    unfrozen = district.run_daily(TUESDAY, workers=4)
    assert unfrozen.code == 30, unfrozen.out
    assert {task.split()[0] for task in unfrozen.tasks("FAILED")} == {"Snapshot"}
    # Scores go on as they landed: they need no job of the warehouse.
    assert {line.split()[0] for line in district.writes(since)} == {"otus"}
    after = district.delivered_files()
    assert {name for name in after if after[name] != before[name]} == {name for name in after if "scores" in name}

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


def test_a_file_from_the_future_is_looked_at_twice_and_taken(district: District) -> None:
    """A vendor's clock is ahead of ours: that its file stands still is seen by looking twice."""
    now = dt.datetime.now(dt.UTC).astimezone(district.zone)
    today = (now + dt.timedelta(hours=7)).date()  # the morning to which a file of an hour from now belongs
    district.sandbox("new-day", "--date", f"{today}")
    paths = sorted((district.sftp / "savvas/scores").glob(f"SAVVAS_Realize_*_Scores_{today:%Y%m%d}.csv"))
    ahead = time.time() + 3600
    for path in paths:
        os.utime(path, (ahead, ahead))
    step = ("--module", "pipeline.morning", "--local-scheduler", "SftpOperationsMisc", "--date", f"{today}")
    run = district.call(".venv/bin/luigi", *step)
    assert run.code == 0, run.out
    assert len(paths) == 2
    for path in paths:
        landed = district.landing / "misc_imports" / f"{today}" / "savvas" / path.name
        assert landed.read_bytes() == path.read_bytes()
