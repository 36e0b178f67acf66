"""The first morning of a district, and the second run of it: what is there, and what is not done again."""

import csv
import hashlib
import io
import re
import time
from typing import Any

import pytest
from google.cloud.bigquery import LoadJob

from e2e.district import DELIVERIES, FEEDS, MONDAY, District
from e2e.mornings import Monday

SCORES = {
    "/home/incoming/savvas_assessment_scores.csv": "/scores/SAVVAS_Realize_Assessment_Scores_20251117.csv",
    "/home/incoming/savvas_standards_scores.csv": "/scores/SAVVAS_Realize_Standards_Scores_20251117.csv",
}
HEADERS = {
    "/data/Staff-Roster.csv": "StaffID,FirstName,LastName,Email,SchoolCode,Role",
    "/data/Student-Course-Schedules.csv": (
        "StudentID,SchoolCode,CourseID,CourseName,SectionID,Period,Term,TeacherStaffID"
    ),
    "/data/Student-Demographics.csv": (
        "FirstName,MiddleName,LastName,ActiveStatus,SchoolCode,SchoolName,AlternateSchool,ESLTeacher,StudentID,"
        "StudentStateID,GradeLevel,Gender,BirthDate,AddressLine1,AddressLine2,City,State,Zip,HomePhone,"
        "NativeLanguage,Ethnicity,CountryOfBirth,USEntryDate"
    ),
}


def records(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def generated(district: District, feed: str) -> list[dict[str, str]]:
    """The rows that the district's systems or SAVVAS wrote for the feed."""
    if feed.startswith("savvas"):
        kind = feed.split("_")[1].capitalize()
        return records(district.vendor_files("savvas")[f"/scores/SAVVAS_Realize_{kind}_Scores_20251117.csv"])
    files = district.vendor_files("district")
    return [row for server in ("rsd", "blf") for row in records(files[f"/powerschool_{server}/{feed}.csv"])]


def test_bigquery_may_divide_each_file_in_which_no_value_holds_a_line_end(same_district: District) -> None:
    jobs = [job for job in same_district.warehouse.list_jobs(max_results=1000) if isinstance(job, LoadJob)]
    found = {}
    for job in jobs:
        (uri,) = job.source_uris
        text = same_district.content(uri.split("/", 3)[3]).decode()
        rows = csv.reader(io.StringIO(text, newline=""))
        found[uri] = job.allow_quoted_newlines, any("\n" in value or "\r" in value for row in rows for value in row)
    assert len(found) == len(FEEDS)
    assert [uri for uri, (allowed, holds) in found.items() if bool(allowed) != holds] == []


def test_the_run_ends_well_and_says_what_was_done(monday: Monday) -> None:
    assert monday.run.code == 0, monday.run.out
    assert not monday.run.tasks("FAILED")
    out = monday.run.out
    exports = (monday.copy / "sandbox/sftp/district").glob("powerschool_*/students.csv")
    students = sum(len(records(path.read_bytes())) for path in exports)
    assert students > 400
    assert re.search(rf"^in +students +loaded +{students} .*", out, re.M)
    assert re.search(r"^out +ellevation_rosters +delivered .*3 files at ellevation:/data$", out, re.M)
    assert re.search(r"^out +otus_scores +delivered .*2 files at otus:/home/incoming$", out, re.M)
    assert re.search(r"^Riverbend Schools: Morning of 2025-11-17, [\d.]+ s, exit 0; log: ", out, re.M)
    assert re.fullmatch(r"Morning 2025-11-17: 2 of 2 delivered · last run [\d: -]+", out.splitlines()[-1])
    assert "\x1b" not in out
    assert "\r" not in out


def test_each_state_is_made_once(monday: Monday) -> None:
    counted = dict.fromkeys(("LandedFile", "PreparedFile", "StoredObject", "LoadedTable", "DeliveredSet"), 0)
    for task in monday.run.tasks("done"):
        if (family := task.split()[0]) in counted:
            counted[family] += 1
    parts = sum(len(feed.sources) for feed in FEEDS.values())
    assert counted == {
        "LandedFile": parts,
        "PreparedFile": len(FEEDS),
        "StoredObject": len(FEEDS),
        "LoadedTable": len(FEEDS),
        "DeliveredSet": 2,
    }
    assert not monday.run.tasks("unchanged")


@pytest.mark.parametrize("feed", FEEDS)
def test_a_table_holds_the_rows_that_were_generated(same_district: District, feed: str) -> None:
    row = FEEDS[feed]
    held = same_district.tables(row.dataset)[feed]
    rows = generated(same_district, feed)
    assert held.size == len(rows)
    assert held.labels["as_of"] == "2025-11-17"
    assert re.fullmatch(r"[0-9a-f]{40}", held.labels["sha"])
    loaded = list(same_district.warehouse.list_rows(f"riverbend-sandbox.{row.dataset}.{feed}"))
    column = row.key[1] if row.tag else row.key[0]
    header = next(name for name in rows[0] if re.sub(r"\W+", "_", name.split(".")[-1]).lower() == column)
    assert sorted(str(one[column]) for one in loaded) == sorted(one[header] for one in rows)


def test_ids_keep_their_zeros_and_names_their_accents(same_district: District) -> None:
    loaded = same_district.warehouse.list_rows("riverbend-sandbox.powerschool_combined.students")
    found = {(row["district_identification"], row["student_number"], row["last_name"]) for row in loaded}
    assert ("RSD", "0000399", "Núñez") in found
    assert {server for server, _, _ in found} == {"RSD", "BLF"}


def test_otus_has_this_morning_s_scores_byte_for_byte(same_district: District) -> None:
    sent, given = same_district.vendor_files("savvas"), same_district.vendor_files("otus")
    assert given == {name: sent[source] for name, source in SCORES.items()}


def test_ellevation_has_its_three_files(same_district: District) -> None:
    given = same_district.vendor_files("ellevation")
    assert {name: content.decode().splitlines()[0] for name, content in given.items()} == HEADERS
    students = {row["Student_Number"] for row in generated(same_district, "students") if row["Enroll_Status"] == "0"}
    demographics = records(given["/data/Student-Demographics.csv"])
    assert {row["StudentID"] for row in demographics} == students
    assert len(demographics) == len(students)
    assert "Núñez" in {row["LastName"] for row in demographics}
    schedules = records(given["/data/Student-Course-Schedules.csv"])
    assert schedules
    assert {row["StudentID"] for row in schedules} <= students
    staff = {row["StaffID"] for row in records(given["/data/Staff-Roster.csv"])}
    assert {row["TeacherStaffID"] for row in schedules} <= staff


def test_what_landed_is_whole_private_and_has_a_manifest(same_district: District) -> None:
    landed = same_district.landing / "powerschool_combined" / "2025-11-17" / "RSD"
    source = same_district.vendor_files("district")["/powerschool_rsd/students.csv"]
    assert (landed / "students.csv").read_bytes() == source
    assert hashlib.sha256(source).hexdigest() in (landed / "students.manifest.json").read_text()
    modes = {path: path.stat().st_mode & 0o777 for path in same_district.landing.rglob("*")}
    assert {path: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}
    assert not [path for path in modes if path.name.endswith(".part")]
    assert not list((same_district.landing / "outbox").iterdir())


def test_an_object_has_the_digest_of_its_bytes(same_district: District) -> None:
    objects = same_district.objects()
    for feed in FEEDS.values():
        name = f"{feed.folder}/2025-11-17/{feed.file}"
        assert objects[name].labels["sha256"] == hashlib.sha256(same_district.content(name)).hexdigest()
        assert objects[name].labels["as_of"] == "2025-11-17"
    assert not [name for name in objects if name.startswith("extracts/")]


def test_a_receipt_says_what_the_vendor_was_given(same_district: District) -> None:
    receipts = same_district.receipts()
    assert set(receipts) == {"2025-11-17/ellevation_rosters", "2025-11-17/otus_scores"}
    for name, receipt in receipts.items():
        delivery = DELIVERIES[name.split("/")[1]]
        given = {
            path.removeprefix(f"{delivery.folder}/"): {
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for path, content in same_district.vendor_files(delivery.vendor).items()
        }
        rows = {name: facts.pop("rows") for name, facts in receipt["files"].items()}
        assert receipt["files"] == given
        assert min(rows.values()) > 0


def test_status_says_the_same_for_programs(same_district: District) -> None:
    found = same_district.pipeline("status", "--date", "2025-11-17", "--json")
    assert found.code == 0
    assert re.findall(r'"state": "(\w+)"', found.out) == ["loaded"] * len(FEEDS) + ["delivered"] * 2 + ["waiting"]


def loads(district: District) -> list[dict[str, Any]]:
    """What the history has of tables and sets."""
    return [dict(row.items()) for row in district.warehouse.list_rows("riverbend-sandbox.operations.loads")]


def test_the_history_holds_each_table_and_set_once(same_district: District) -> None:
    held = {row["flow"]: row for row in loads(same_district)}
    assert len(loads(same_district)) == len(held)
    assert held.keys() == {*FEEDS, "ellevation_rosters", "otus_scores"}
    for name, feed in FEEDS.items():
        table = same_district.tables(feed.dataset)[name]
        assert held[name]["row_count"] == table.size == sum(held[name]["part_rows"])
        assert (f"{held[name]['date']}", held[name]["sha"]) == (table.labels["as_of"], table.labels["sha"])
        assert held[name]["parts"] == [source.name for source in feed.sources]
        assert held[name]["seconds"] is not None
    for name, receipt in same_district.receipts().items():
        row = held[name.split("/")[1]]
        assert dict(zip(row["parts"], row["part_rows"], strict=True)) == {
            file: facts["rows"] for file, facts in receipt["files"].items()
        }
        assert row["run"] == receipt["run"]
    (run,) = same_district.warehouse.list_rows("riverbend-sandbox.operations.runs")
    counts = ("exit_code", "loaded", "delivered", "on_hold", "broken", "late")
    assert [run[name] for name in counts] == [0, len(FEEDS), 2, 0, 0, 0]
    assert list((same_district.landing / "history").iterdir()) == []


def test_the_history_of_a_name_is_told(same_district: District) -> None:
    found = same_district.pipeline("history", "students", "--date", "2025-11-17")
    assert found.code == 0, found.out
    held = next(row for row in loads(same_district) if row["flow"] == "students")
    rsd, blf = held["part_rows"]
    assert re.search(rf"^2025-11-17 +{sum(held['part_rows'])} .* RSD {rsd}, BLF {blf}$", found.out, re.M)
    wrong = same_district.pipeline("history", "studnets")
    assert (wrong.code, "did you mean students?" in wrong.out) == (30, True)


def test_a_second_run_only_looks(same_district: District) -> None:
    before = loads(same_district)
    since = time.time()
    run = same_district.run_daily(MONDAY, workers=4)
    assert run.code == 0, run.out
    assert not run.tasks("done") | run.tasks("unchanged") | run.tasks("FAILED")
    asked = [event["method"] for event in same_district.activity(since, "cloud")]
    assert [method for method in asked if method != "GET"] == ["POST"]  # the note of this run
    looked = same_district.vendor_events(since, "savvas")
    assert [each for each in looked if each not in ("connect", "close")] == ["login", "list"]  # once
    for vendor in ("otus", "ellevation"):
        assert set(same_district.vendor_events(since, vendor)) <= {"connect", "close"}
    assert loads(same_district) == before
