"""One feed or one delivery by hand, with all that it needs: under the morning's lock, and without a word about it."""

import contextlib
import datetime as dt
import fcntl
import json
import re
import threading
import time
from collections.abc import Iterator

from e2e.district import TUESDAY, District, Result

DATE = ("--date", f"{TUESDAY}")
OF_STUDENTS = {
    *("LandedFile students RSD", "LandedFile students BLF"),
    *("PreparedFile students", "StoredObject students", "LoadedTable students"),
}


def test_a_feed_and_a_delivery_are_made_with_what_they_need_and_nothing_else(district: District) -> None:
    district.sandbox("new-day", *DATE)
    since = time.time()
    run = district.call("./morning", "run", "powerschool_combined.students", *DATE)
    assert run.code == 0, run.out
    assert run.tasks("done") == OF_STUDENTS
    assert district.writes(since) == []
    assert run.out.splitlines()[-1].startswith("students 2025-11-18: ")
    again = json.loads(district.call("./morning", "run", "students", *DATE, "--json").out)
    assert again["exit"] == 0
    assert again["said"][-1].startswith("students 2025-11-18: ")
    assert not any(" done " in line for line in again["said"])

    rehearsal = district.call("./morning", "run", "ellevation", *DATE, "--send-nothing")
    assert rehearsal.code == 0, rehearsal.out
    assert "ellevation_rosters: 3 files would be given" in rehearsal.out
    assert "ExportedFile ellevation_rosters/Staff-Roster.csv" in rehearsal.tasks("done")
    assert not any("savvas" in task or "otus" in task for task in rehearsal.tasks("done"))
    assert district.writes(since) == []

    real = district.call("./morning", "run", "ellevation_rosters", *DATE)
    assert (real.code, real.tasks("done")) == (0, {"DeliveredSet ellevation_rosters"}), real.out
    assert {line.split()[0] for line in district.writes(since)} == {"ellevation"}

    told = json.loads(district.pipeline("status", *DATE, "--json").out)
    assert told["last_run"] is None, "nobody has run this morning"
    rows = [row["wrapper"] for row in district.warehouse.list_rows("riverbend-sandbox.operations.runs")]
    assert sorted(rows) == ["Morning", "Only-ellevation_rosters", "Only-students", "OnlyRehearsal-ellevation_rosters"]


def test_the_morning_itself_is_made_by_its_wrapper_under_its_locks(district: District) -> None:
    for name, wrapper in (("Morning", "run_daily.sh"), ("Week", "run_weekly.sh")):
        told = district.call("./morning", "run", name, "--help")
        assert (told.code, told.out.splitlines()[0].split()[1]) == (0, f"./{wrapper}"), told.out


def test_what_breaks_it_is_told_by_the_same_rules(district: District) -> None:
    district.sandbox("new-day", *DATE)
    district.fault(TUESDAY, "truncated", "district/powerschool_rsd/students.csv", "--keep", "0.6")
    run = district.call("./morning", "run", "ellevation_rosters", *DATE)
    assert run.code == 40, run.out
    assert "release ellevation_rosters" in run.out
    wrong = district.call("./morning", "run", "studnets", *DATE)
    assert (wrong.code, "did you mean students?" in wrong.out) == (30, True)
    for name, why in (("clever_rosters", "switched off"), ("SCHOOL.txt", "the file"), ("Clever_students", "the view")):
        wrong = district.call("./morning", "run", name, *DATE)
        assert (wrong.code, why in wrong.out) == (30, True), wrong.out


def test_it_waits_for_a_morning_and_a_morning_for_it(district: District) -> None:
    """Neither takes the other's end for its own."""
    lock = district.landing / "locks" / "daily.lock"
    for holder, words in (
        (f"daily of {TUESDAY}, pid 1, since now", ("./morning", "run", "schools", *DATE)),
        (f"daily (only schools) of {TUESDAY}, pid 1, since now", ("./run_daily.sh", *DATE)),
    ):
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            held.write(f"{holder}\n")
            held.flush()
            process = district.start(*words)
            assert process.stdout
            heard = next(line for line in process.stdout if "waits for" in line)
            assert holder in heard
            if words[0] == "./run_daily.sh":
                process.terminate()
        out, _ = process.communicate(timeout=120)
        assert process.returncode in (0, 20, 143), out
        if words[0] == "./morning":
            assert "schools" in out


def test_it_goes_home_or_waits_while_another_machine_is_at_work(district: District) -> None:
    """Which has this bucket and a disk of its own: no lock tells of it, but it writes its lease anew all the time."""
    lease = district.bucket.blob("leases/run.json")

    @contextlib.contextmanager
    def at_work(about: str, hours: int = 0) -> Iterator[threading.Event]:
        over = threading.Event()
        since = f"{dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours):%Y-%m-%dT%H:%M:%S+00:00}"

        def beat() -> None:
            while not over.wait(0.5):
                told = {"machine": "another", "who": "server2, Morning", "since": since}
                lease.metadata = {**told, "about": f"{about} of {TUESDAY}"}
                lease.upload_from_string("{}")
            lease.delete()

        other = threading.Thread(target=beat)
        other.start()
        try:
            yield over
        finally:
            over.set()
            other.join()

    district.sandbox("new-day", *DATE)
    with at_work("Only-students"):
        run = district.call("./morning", "run", "students", *DATE)
    assert (run.code, run.tasks("done")) == (0, set()), run.out
    assert re.search(r"another machine may be at work \(server2, Morning, since \d\d-\d\d \d\d:\d\d\)", run.out)
    assert "this run has nothing to do" in run.out
    with at_work("Only-students", hours=5):
        run = district.call("./morning", "run", "students", *DATE)
    assert run.code == 30, run.out
    assert "for 5 hours, and no run takes 4" in run.out
    with at_work("Morning") as over:
        waits = threading.Thread(target=lambda: runs.append(district.call("./morning", "run", "students", *DATE)))
        runs: list[Result] = []
        waits.start()
        waits.join(10)
        assert waits.is_alive(), "what it would make is not what the other one makes"
        over.set()
        waits.join()
    (run,) = runs
    assert (run.code, run.tasks("done")) == (0, OF_STUDENTS), run.out
    assert not lease.exists()
    rows = [row["wrapper"] for row in district.warehouse.list_rows("riverbend-sandbox.operations.runs")]
    assert rows.count("Only-students") == 2, "what broke off and what made it: what went home was no run"
