"""Every flow of the district but the portal's (test_portal.py), from nothing: what vendors would say, what adds up."""

import csv
import io
import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from e2e.district import MONDAY, ROOT, District, Result
from pipeline import catalogue
from pipeline.catalogue import schemas, sql
from pipeline.catalogue.checking import analysis
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.outbound import rendering
from pipeline.outside import googlesql
from vendors import clever, ellevation, otus, powerschool, savvas

STACKS = [name for name, feed in catalogue.feeds().items() if feed.dataset == "eis"]
FEEDS = {name: feed for name, feed in catalogue.feeds().items() if name not in STACKS}
Rows = list[dict[str, str]]
UNKNOWN = "azure-students.csv"
# Where each vendor's files are, and who reads them there.
EYES: dict[str, tuple[str, str, Callable[[dict[str, bytes]], list[str]]]] = {
    "clever": ("clever", "/home/riverbend-clever/", clever.read),
    "savvas": ("savvas", "/SIS/", savvas.read),
    "ellevation": ("ellevation", "/data/", ellevation.read),
    "otus": ("otus", "/home/incoming/", partial(otus.read, expected=otus.DAILY + otus.WEEKLY)),
    "powerschool": ("district", "/PS_imports/", powerschool.read),
}


@dataclass(frozen=True)
class Whole:
    """A district whose first whole morning and week went well, and what their runs said."""

    district: District
    since: float
    morning: Result
    week: Result

    def folder(self, vendor: str, folder: str) -> dict[str, bytes]:
        """The files of a vendor's folder, by name."""
        files = self.district.vendor_files(vendor)
        return {path.removeprefix(folder): content for path, content in files.items() if path.startswith(folder)}

    def given(self, eye: str) -> dict[str, bytes]:
        vendor, folder, _ = EYES[eye]
        return self.folder(vendor, folder)

    def exported(self, stem: str) -> Rows:
        """The rows of a PowerSchool export, of both servers, with the server's name."""
        return [
            {**row, "server": server}
            for server in ("rsd", "blf")
            for row in records(self.folder("district", f"/powerschool_{server}/")[f"{stem}.csv"])
        ]

    def active(self) -> Rows:
        return [row for row in self.exported("students") if row["Enroll_Status"] == "0"]


def records(content: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    district = District(tmp_path_factory.mktemp("whole"), off=STACKS)
    try:
        district.sandbox("up", "--date", f"{MONDAY}")
        exports = district.sftp / "clever_reports/idm-sensitive-exports"
        district.send(MONDAY, exports / UNKNOWN, b"clever_id,email\n1,x@example.org\n")
        since = time.time()
        yield Whole(district, since, district.run_daily(MONDAY, workers=4), district.run_weekly(MONDAY, workers=4))
    finally:
        district.stop()


def test_every_flow_ends_well(whole: Whole) -> None:
    assert whole.morning.code == 0, whole.morning.out
    assert whole.week.code == 0, whole.week.out
    assert not whole.morning.tasks("FAILED") | whole.week.tasks("FAILED")
    loaded = {task.removeprefix("LoadedTable ") for task in whole.morning.tasks("done") if "LoadedTable" in task}
    assert loaded == set(FEEDS)
    found = whole.district.pipeline("status", "--date", f"{MONDAY}", "--json")
    assert found.code == 0, found.out
    states = Counter(flow["state"] for flow in json.loads(found.out)["flows"])
    assert states == {"loaded": len(FEEDS), "delivered": len(catalogue.deliveries())}


@pytest.mark.parametrize("eye", EYES)
def test_the_vendor_would_take_it(whole: Whole, eye: str) -> None:
    assert EYES[eye][2](whole.given(eye)) == []


def test_a_vendor_has_each_of_its_files_and_no_other(whole: Whole) -> None:
    expected = {
        (delivery.vendor, delivery.folder.format(user=f"riverbend-{delivery.vendor}") + f"/{file.name}")
        for delivery in catalogue.deliveries().values()
        for file in delivery.files
    }
    given = {tuple(name.split(":", 1)) for name in whole.district.delivered_files()}
    assert given == expected


def test_students_at_the_vendor_are_the_active_ones_by_school(whole: Whole) -> None:
    active = Counter(row["SchoolID"] for row in whole.active())
    assert len(active) == 6
    rostered = {(row["School_id"], row["Student_id"]) for row in records(whole.given("clever")["students.csv"])}
    assert Counter(school for school, _ in rostered) == active
    savvas_rows = records(whole.given("savvas")["ENROLLMENT.txt"])
    assert Counter(row["school_code"] for row in savvas_rows) == active
    learners = records(whole.given("ellevation")["Student-Demographics.csv"])
    assert Counter(row["SchoolCode"] for row in learners) == active
    weekly = records(whole.given("otus")["OTUS_Attendance_Discipline.csv"])
    assert Counter(row["school_id"] for row in weekly) == active
    numbers = {row["Student_Number"] for row in whole.active()}
    assert {number for _, number in rostered} == numbers
    assert {row["student_code"] for row in records(whole.given("savvas")["STUDENT.txt"])} == numbers


def test_a_contact_is_a_row_and_a_student_without_one_is_too(whole: Whole) -> None:
    rows = records(whole.given("clever")["students.csv"])
    per_student = Counter(row["Student_id"] for row in rows)
    assert set(per_student.values()) == {1, 2, 3}
    contacts = [row for row in rows if row["Contact_name"]]
    assert {row["Student_id"] for row in contacts} < set(per_student)


def test_co_teachers_are_sent_beside_the_lead(whole: Whole) -> None:
    rows = records(whole.given("clever")["sections.csv"])
    led = {f"{row['server'].upper()}-{row['ID']}": row["Teacher"] for row in whole.exported("sections")}
    numbers = {(row["server"].upper(), row["ID"]): row["TeacherNumber"] for row in whole.exported("teachers")}
    assert all(row["Teacher_id"] == numbers[row["Section_id"][:3], led[row["Section_id"]]] for row in rows)
    assert [row for row in rows if row["Teacher_2_id"]]


def test_a_student_who_changed_servers_is_sent_once(whole: Whole) -> None:
    """Transferred in the middle of the year: gone from one server, active on the other under the same number."""
    rows = whole.exported("students")
    left = {row["Student_Number"] for row in rows if row["Enroll_Status"] == "2" and row["server"] == "rsd"}
    moved = left & {row["Student_Number"] for row in whole.active() if row["server"] == "blf"}
    assert moved
    sent = {(row["Student_id"], row["School_id"]) for row in records(whole.given("clever")["students.csv"])}
    assert {school for number, school in sent if number in moved} == {"0805"}


def test_ps_imports_are_of_this_morning_s_exports(whole: Whole) -> None:
    identities = records(whole.folder("clever_reports", "/idm-sensitive-exports/")["google-students-passwords.csv"])
    given = whole.given("powerschool")
    accounts = [row for server in ("RSD", "BLF") for row in records(given[f"GoogleForPSImport_{server}.txt"])]
    assert {(row["student_number"], row["import_email"], row["import_password"]) for row in accounts} == {
        (row["student_number"], row["email"], row["provisioned_password"]) for row in identities
    }
    report = whole.folder("easyiep", "/Reports/")["TN-Options Report 2014.txt"].decode("cp1252")
    assert "\u2019" in report
    plans = {row["Student Number"] for row in csv.DictReader(io.StringIO(report, newline=""), delimiter="\t")}
    written = {line.split("\t")[0] for line in given["IEP_Import_RSD.txt"].decode().splitlines()}
    assert written == plans


def test_easyiep_s_curly_apostrophes_arrive(whole: Whole) -> None:
    rows = whole.district.warehouse.list_rows("riverbend-sandbox.misc_imports.TN_options_report_2014")
    assert "\u2019" in "".join(str(row["option_description"]) for row in rows)


def test_a_set_is_swapped_in_back_to_back(whole: Whole) -> None:
    """Clever begins to read five minutes after the last activity in the folder."""
    events = [e for e in whole.district.activity(whole.since, "clever") if e["event"] in ("write", "rename")]
    moments = [event["time"] for event in events]
    assert [event["event"] for event in events] == ["write"] * 6 + ["rename"] * 6
    assert max(moments) - min(moments) < 60
    order = [event["to"].rpartition("/")[2] for event in events if event["event"] == "rename"]
    assert order.index("schools.csv") < order.index("sections.csv") < order.index("enrollments.csv")


def test_a_password_is_where_it_must_be_and_nowhere_else(whole: Whole) -> None:
    """In Clever's export and our copies of it, in what is restricted at Google, and in the file that is made of it."""
    identities = records(whole.folder("clever_reports", "/idm-sensitive-exports/")["google-students-passwords.csv"])
    teachers = records(whole.folder("clever_reports", "/idm-sensitive-exports/")["google-teachers-passwords.csv"])
    passwords = [row["provisioned_password"] for row in (*identities, *teachers)]
    assert len(set(passwords)) > 300
    district = whole.district
    given = {name: content for name, content in district.delivered_files().items() if "GoogleForPSImport" not in name}
    said = [district.said(), whole.morning.out, whole.week.out, json.dumps(district.visualiser("graph"))]
    lies_in = {name: name.partition("/")[0] for name in district.objects()}
    restricted = {"misc_imports_restricted", "deliveries_restricted", "landing_restricted"}
    assert {place for place in lies_in.values() if place.endswith("_restricted")} == restricted
    objects = {name: district.content(name) for name, place in lies_in.items() if place not in restricted}
    datasets = [item.dataset_id for item in district.warehouse.list_datasets()]
    assert {name for name in datasets if name.endswith("_restricted")} == {
        "misc_imports_restricted",
        "deliveries_restricted",
    }
    tables = {
        f"{dataset}.{name}": str(district.rows(f"{dataset}.{name}"))
        for dataset in datasets
        if not dataset.endswith("_restricted")
        for name in district.tables(dataset)
    }
    places = {
        **{name: content.decode(errors="replace") for name, content in {**given, **objects}.items()},
        **tables,
        "what was said": "\n".join(said),
    }
    any_of_them = re.compile("|".join(map(re.escape, passwords)))
    assert [name for name, text in places.items() if any_of_them.search(text)] == []


def test_a_second_run_only_looks(whole: Whole) -> None:
    since = time.time()
    run = whole.district.run_daily(MONDAY, workers=4)
    assert run.code == 0, run.out
    assert not run.tasks("done") | run.tasks("unchanged") | run.tasks("FAILED")
    assert whole.district.writes(since) == []


def test_the_graph_can_be_printed(whole: Whole) -> None:
    """luigi-deps-tree, as docs/operate.md says."""
    words = [str(ROOT / ".venv/bin/luigi-deps-tree"), "--module", "pipeline.morning", "Morning"]
    done = subprocess.run(
        [*words, "--date", f"{MONDAY}"],
        cwd=ROOT,
        env=whole.district.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for task in (
        *("Morning", "DeliveredSet", "ExportedFile", "CheckedSet", "Snapshot"),
        *("DeployedView", "LoadedTable", "VendorFile"),
    ):
        assert re.search(rf"─?\[{task}-", done.stdout), task


def test_a_file_that_nobody_knows_is_told_and_left(whole: Whole) -> None:
    """It was there on the first morning, which ended well all the same."""
    assert re.search(rf"clever_reports:idm-sensitive-exports/{UNKNOWN} .*not loaded", whole.morning.out)
    assert not any("azure" in name for name in whole.district.objects())
    assert not [path for path in whole.district.landing.rglob("*") if "azure" in path.name]


# -------------------------------------------------------------------- made again by Google's own SQL engine


VIEW_FILES = [(delivery, file) for delivery in catalogue.deliveries().values() for file in delivery.view_files]


@pytest.fixture(scope="module")
def google(whole: Whole) -> Callable[[str], Rows]:
    """The rows of a loaded table, `dataset.table`, or of a view, as Google's engine makes them of these: one view after
    the other, since a view's text with all views below it in it takes minutes."""

    @cache
    def rows(name: str) -> list[dict[str, Any]]:
        if name not in sql.names():
            return [dict(row) for row in whole.district.warehouse.list_rows(f"riverbend-sandbox.{name}")]
        below = {each: types(each) for each in sql.reads(name)}
        found = googlesql.once(sql.text(name), below, {each: rows(each) for each in below})
        return [dict(zip(types(name), row, strict=True)) for row in found]

    return rows


@cache
def types(name: str) -> dict[str, str]:
    """The columns of a table or view."""
    told = analysis.analyzed(name) if name in sql.names() else None
    return told.columns if told else schemas.types(name)


@pytest.mark.parametrize(
    ("delivery", "file"), VIEW_FILES, ids=[f"{delivery.name}/{file.name}" for delivery, file in VIEW_FILES]
)
def test_google_s_engine_makes_the_same_bytes_of_the_loaded_tables(
    whole: Whole, google: Callable[[str], Rows], tmp_path: Path, delivery: Delivery, file: ViewFile
) -> None:
    with (tmp_path / "extracted").open("w", newline="") as extracted:
        writer = csv.DictWriter(extracted, types(file.view), lineterminator="\n")
        writer.writeheader()
        writer.writerows(google(file.view))
    made = io.BytesIO()
    rows = rendering._render([tmp_path / "extracted"], list(types(file.view)), file, made, tmp_path)
    assert rows >= file.floor
    folder = delivery.folder.format(user=f"riverbend-{delivery.vendor}")
    assert whole.district.delivered_files()[f"{delivery.vendor}:{folder}/{file.name}"] == made.getvalue()
