"""A run that sends nothing: all is made and checked, the files lie in a folder, and no vendor and no receipt knows."""

import re
import time

from e2e.district import TUESDAY, District

STUDENTS = "district/powerschool_rsd/students.csv"
DATE = ("--date", f"{TUESDAY}")


def test_nothing_is_sent_and_what_would_be_lies_there_until_it_is(district: District) -> None:
    district.sandbox("new-day", *DATE)
    before, receipts, since = district.delivered_files(), set(district.receipts()), time.time()
    run = district.run_daily(TUESDAY, "--send-nothing", workers=4)
    assert run.code == 0, run.out
    assert {task.split()[0] for task in run.tasks("done")} >= {"LoadedTable", "CheckedSet", "ExportedFile"}
    assert not {task for task in run.tasks("done") if task.startswith("DeliveredSet")}
    assert (district.writes(since), district.delivered_files(), set(district.receipts())) == ([], before, receipts)

    there = district.landing / "rehearsal" / f"{TUESDAY}"
    told = re.findall(r"^(\w+): (\d+) files would be given; they lie in (\S+)$", run.out, re.M)
    assert {name: (int(count), folder) for name, count, folder in told} == {
        folder.name: (len(list(folder.iterdir())), f"{folder}") for folder in there.iterdir()
    }
    assert re.search(r"last +gone +added +changed", run.out)
    assert re.search(r"^Student-Demographics\.csv \(\w+\) +400 ", run.out, re.M)
    shown = {file.name: file.read_bytes() for file in (there / "ellevation_rosters").iterdir()}
    assert len(shown) == 3
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in there.rglob("*") if file.is_file())

    real = district.run_daily(TUESDAY, workers=4)
    assert real.code == 0, real.out
    assert {task.split()[0] for task in real.tasks("done")} == {"DeliveredSet"}
    given = district.vendor_files("ellevation")
    assert {name: given[f"/data/{name}"] for name in shown} == shown
    again = district.run_daily(TUESDAY, "--send-nothing")
    assert again.code == 0, again.out
    assert "ellevation_rosters: was given, and would not be given again" in again.out


def test_what_would_be_held_is_held_and_what_a_killed_run_left_is_not_completed(district: District) -> None:
    district.sandbox("new-day", *DATE)
    district.fault(TUESDAY, "truncated", STUDENTS, "--keep", "0.6")
    trail = district.landing / "outbox" / "otus_scores.json"
    trail.parent.mkdir(exist_ok=True)
    trail.write_text("{}")
    since = time.time()
    run = district.run_daily(TUESDAY, "--send-nothing")
    assert run.code == 40, run.out
    assert "ellevation_rosters: is not whole, and would not be given; below is why" in run.out
    assert trail.exists()
    assert district.writes(since) == []
