"""The pretend district's exports: the same everywhere, consistent with each other, moving slowly, awkward."""

import csv
import datetime as dt
import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.sandbox import district, easyiep, identities, savvas, school_year, services
from pipeline.sandbox.export import exports

MONDAY = dt.date(2026, 11, 23)
CHICAGO = ZoneInfo("America/Chicago")
STUDENTS = 1000
Rows = list[dict[str, str]]


class Night:
    """One night's exports, read back."""

    def __init__(self, root: Path, date: dt.date, students: int = STUDENTS, seed: int = 1) -> None:
        self.root, self.date = root, date
        self.counts = district.write_day(
            date,
            students=students,
            seed=seed,
            drop=root / "drop",
            savvas=root / "scores",
            clever=root / "identities",
            easyiep=root / "options",
            zone=CHICAGO,
        )

    def path(self, name: str) -> Path:
        folder = "identities" if name in identities.HEADERS else "options" if name == easyiep.NAME else "scores"
        return self.root / ("drop" if "/" in name else folder) / name

    def rows(self, name: str) -> Rows:
        encoding, delimiter = ("cp1252", "\t") if name == easyiep.NAME else ("utf-8", ",")
        with self.path(name).open(encoding=encoding, newline="") as file:
            return list(csv.DictReader(file, delimiter=delimiter))

    def both(self, table: str) -> Rows:
        """The rows of both servers, each with the `Server` it comes from."""
        return [
            {"Server": code} | row for code in ("rsd", "blf") for row in self.rows(f"powerschool_{code}/{table}.csv")
        ]

    def server(self, code: str) -> dict[str, Rows]:
        return {name: self.rows(f"powerschool_{code}/{name}.csv") for name in TABLES}

    def scores(self) -> tuple[Rows, Rows]:
        assessments, standards = savvas.files(self.date)
        return self.rows(assessments), self.rows(standards)

    def digest(self) -> str:
        return hashlib.sha256(b"".join(self.path(name).read_bytes() for name in sorted(self.counts))).hexdigest()


KEYS = {
    "schools": ("School_Number",),
    "students": ("ID",),
    "teachers": ("ID",),
    "courses": ("ID",),
    "sections": ("ID",),
    "cc": ("CC.ID",),
    "terms": ("ID", "SchoolID"),
    "attendance": ("ID",),
    "attendance_code": ("ID",),
    "calendar_day": ("ID",),
    "incidents": ("Incident_ID",),
    "reenrollments": ("ID",),
    "custom": ("StudentID",),
    "classifications": ("ID",),
    "sped": ("StudentID",),
}
TABLES = tuple(KEYS)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("monday"), MONDAY)


@pytest.fixture(scope="module", params=["rsd", "blf"])
def server(request: pytest.FixtureRequest, night: Night) -> dict[str, Rows]:
    return night.server(request.param)


def day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%m/%d/%Y").date()


def by(rows: Rows, *names: str) -> dict[tuple[str, ...], dict[str, str]]:
    """The rows by key; fails when a key is not unique."""
    found = {tuple(row[name] for name in names): row for row in rows}
    assert len(found) == len(rows)
    return found


# ------------------------------------------------------------------------------------------------- files

HEADERS = """\
schools ID,School_Number,Name,Abbreviation,Low_Grade,High_Grade,Principal,Principal_Email,School_Address,School_City,\
School_State,School_Zip,School_Phone
students ID,DCID,Student_Number,State_ID,Last_Name,First_Name,Middle_Name,Grade_Level,SchoolID,Enroll_Status,EntryDate,\
ExitDate,DOB,Gender,Ethnicity,Street,City,State,Zip,Home_Phone,Student_Email,Home_Language,LEP_Status,US_Entry_Date,\
Country_of_Birth,ESL_Teacher,FedEthnicity,LunchStatus,Sched_YearOfGraduation
teachers ID,DCID,TeacherNumber,Last_Name,First_Name,Middle_Name,Email_Addr,Title,SchoolID,Status,StaffStatus,\
SIF_StatePrid
courses ID,Course_Number,Course_Name,Credit_Hours,Subject
sections ID,DCID,Course_Number,SchoolID,TermID,Teacher,Section_Number,Expression,Room,Max_Enrollment
cc CC.ID,CC.StudentID,CC.SectionID,CC.Course_Number,CC.TermID,CC.SchoolID,CC.TeacherID,CC.DateEnrolled,CC.DateLeft,\
CC.Expression
terms ID,SchoolID,YearID,Name,Abbreviation,FirstDay,LastDay,IsYearRec,Portion
attendance ID,StudentID,SchoolID,Att_Date,Attendance_CodeID,Att_Mode_Code,PeriodID,YearID,CCID
attendance_code ID,SchoolID,YearID,Att_Code,Description,Presence_Status_CD,Calculate_ADA_YN
calendar_day ID,SchoolID,Date_Value,InSession,MembershipValue,Note
incidents Incident_ID,SchoolID,StudentID,Incident_Date,Incident_Type,Action_Code,Action_Days
"""


@pytest.mark.parametrize("line", HEADERS.splitlines())
@pytest.mark.parametrize("code", ["rsd", "blf"])
def test_powerschool_headers(night: Night, code: str, line: str) -> None:
    table, header = line.split(" ")
    raw = night.path(f"powerschool_{code}/{table}.csv").read_bytes()
    assert raw.split(b"\n")[0].decode() == header
    assert b"\r" not in raw
    assert raw.endswith(b"\n")


def test_savvas_names_and_headers(night: Night) -> None:
    first, second = sorted((night.root / "scores").iterdir())
    assert first.name == "SAVVAS_Realize_Assessment_Scores_20261123.csv"
    assert second.name == "SAVVAS_Realize_Standards_Scores_20261123.csv"
    assert first.read_text("utf-8").split("\n")[0] == (
        "School,Class,Teacher,Program,Assessment,Submit Date,Student Name,Student Login,Student ID,Source ID,"
        "Raw Score,Max Score,% Score"
    )
    assert second.read_text("utf-8").split("\n")[0] == (
        "School,Class,Teacher,Standard Code,Standard Description,Submit Date,Student Name,Student ID,Points Earned,"
        "Points Possible,% Score"
    )


def test_returns_the_rows_of_every_file(night: Night) -> None:
    written = [path for path in night.root.rglob("*") if path.is_file()]
    assert (
        len(written)
        == len(night.counts)
        == 2 * len(district.HEADERS) + len((*services.EASYIEP, *identities.HEADERS)) + 3
    )
    assert {name: len(night.rows(name)) for name in night.counts} == night.counts


def test_yesterdays_scores_stay_and_exports_are_replaced(tmp_path: Path) -> None:
    Night(tmp_path, MONDAY - school_year.DAY, 40)
    before = (tmp_path / "drop/powerschool_rsd/attendance.csv").stat().st_ino
    Night(tmp_path, MONDAY, 40)
    assert (tmp_path / "drop/powerschool_rsd/attendance.csv").stat().st_ino != before
    assert len(list((tmp_path / "scores").iterdir())) == 4


def test_files_are_dated_in_the_night(tmp_path: Path) -> None:
    past = Night(tmp_path, dt.date(2024, 3, 10), 40)  # at 2:10 of this night Chicago's clocks skip an hour
    late = past.path(next(iter(savvas.files(past.date)))).stat().st_mtime
    assert dt.datetime.fromtimestamp(late, CHICAGO) == dt.datetime(2024, 3, 10, 3, 30, tzinfo=CHICAGO)
    early = dt.datetime.fromtimestamp(past.path("powerschool_rsd/cc.csv").stat().st_mtime, CHICAGO)
    assert early.date() == past.date
    assert early.timestamp() <= late


def test_no_file_is_from_the_last_ten_minutes(tmp_path: Path) -> None:
    before = time.time()
    night = Night(tmp_path, dt.datetime.now(CHICAGO).date() + school_year.DAY, 40)
    for name in night.counts:
        assert before - 601 < night.path(name).stat().st_mtime <= time.time() - 600


def test_a_broken_export_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(RuntimeError), exports(tmp_path, {"a.csv": ["x"], "b.csv": ["y"]}, 0) as tables:
        tables["a.csv"].add([1])
        assert (tmp_path / "a.csv").read_text() == "old"
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


# ------------------------------------------------------------------------------------------- determinism


def test_same_bytes_whatever_was_made_before(night: Night, tmp_path: Path) -> None:
    Night(tmp_path, MONDAY - school_year.DAY)
    assert Night(tmp_path, MONDAY).digest() == night.digest()
    assert Night(tmp_path, MONDAY, seed=2).digest() != night.digest()


def test_same_bytes_in_another_process_with_other_hashes(tmp_path: Path) -> None:
    code = (
        "import datetime as dt, sys; from pathlib import Path; from zoneinfo import ZoneInfo\n"
        "from pipeline.sandbox.district import write_day\n"
        "root = Path(sys.argv[1])\n"
        "write_day(dt.date(2026, 11, 23), students=60, seed=1, drop=root / 'drop', savvas=root / 'scores',"
        " clever=root / 'identities', easyiep=root / 'options', zone=ZoneInfo('Asia/Tokyo'))"
    )
    here = Night(tmp_path / "here", MONDAY, 60)
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")], check=True, env={**os.environ, "PYTHONHASHSEED": "7"}
    )
    for name in here.counts:
        there = here.path(name).relative_to(tmp_path / "here")
        assert here.path(name).read_bytes() == (tmp_path / "there" / there).read_bytes()


def test_the_bytes_of_every_python_and_machine(tmp_path: Path) -> None:
    """Change the digest when the district changes on purpose; one that differs between machines is the bug."""
    assert Night(tmp_path, MONDAY, 200).digest() == "d156afc360e752a370157711dbe18924ad1186217c6657abd1f48956ffaddd98"


# ------------------------------------------------------------------------------------------- consistency


@pytest.mark.parametrize("table", TABLES)
def test_keys_are_unique(server: dict[str, Rows], table: str) -> None:
    assert by(server[table], *KEYS[table])


def test_students_of_both_servers(night: Night) -> None:
    rsd, blf = (night.rows(f"powerschool_{code}/students.csv") for code in ("rsd", "blf"))
    assert sum(row["Enroll_Status"] == "0" for row in rsd + blf) == STUDENTS
    assert sum(row["Enroll_Status"] == "0" for row in blf) == STUDENTS * 15 // 100
    assert {row["Enroll_Status"] for row in rsd + blf} == {"0", "2", "-1"}
    active = [row for row in rsd + blf if row["Enroll_Status"] == "0"]
    for name in ("Student_Number", "State_ID", "Student_Email"):
        assert by(active, name) and by(rsd, name) and by(blf, name)
    assert all(len(row["Student_Number"]) == len(row["State_ID"]) == 7 for row in rsd + blf)
    assert by(rsd, "ID").keys() & by(blf, "ID").keys()


def test_grades_fit_schools(server: dict[str, Rows]) -> None:
    schools = by(server["schools"], "School_Number")
    for row in server["students"]:
        school = schools[(row["SchoolID"],)]
        assert int(school["Low_Grade"]) <= int(row["Grade_Level"]) <= int(school["High_Grade"])
        assert 3 <= (MONDAY - day(row["DOB"])).days / 365.25 - int(row["Grade_Level"]) <= 7


def test_sections_have_what_they_name(server: dict[str, Rows]) -> None:
    teachers, courses = by(server["teachers"], "ID"), by(server["courses"], "Course_Number")
    terms = by(server["terms"], "ID", "SchoolID")
    by(server["sections"], "Course_Number", "Section_Number", "SchoolID")
    for row in server["sections"]:
        teacher = teachers[(row["Teacher"],)]
        assert (teacher["SchoolID"], teacher["Status"], teacher["StaffStatus"]) == (row["SchoolID"], "1", "1")
        assert teacher["Title"] == "Teacher"
        assert (row["Course_Number"],) in courses
        assert (row["TermID"], row["SchoolID"]) in terms


def test_enrolments_have_what_they_name(server: dict[str, Rows]) -> None:
    students, sections = by(server["students"], "ID"), by(server["sections"], "ID")
    terms = by(server["terms"], "ID", "SchoolID")
    for row in server["cc"]:
        student, section = students[(row["CC.StudentID"],)], sections[(row["CC.SectionID"].lstrip("-"),)]
        for name in ("Course_Number", "TermID", "SchoolID", "Expression"):
            assert row[f"CC.{name}"] == section[name]
        assert (row["CC.TeacherID"], row["CC.SchoolID"]) == (section["Teacher"], student["SchoolID"])
        term = terms[row["CC.TermID"], row["CC.SchoolID"]]
        first, left = day(row["CC.DateEnrolled"]), day(row["CC.DateLeft"])
        assert max(day(term["FirstDay"]), day(student["EntryDate"])) <= first < left
        dropped = row["CC.SectionID"].startswith("-")
        assert left <= MONDAY if dropped else left == day(term["LastDay"]) + school_year.DAY


def test_who_is_active_has_classes_and_nobody_else(server: dict[str, Rows]) -> None:
    live = Counter(row["CC.StudentID"] for row in server["cc"] if not row["CC.SectionID"].startswith("-"))
    for row in server["students"]:
        expected = {6, 7} if row["Enroll_Status"] == "0" else {0}
        assert live[row["ID"]] in expected
    seats = Counter(row["CC.SectionID"] for row in server["cc"])
    assert max(count for section, count in seats.items() if int(section) > 0) <= 28


def test_attendance_is_of_days_in_session_while_enrolled(server: dict[str, Rows]) -> None:
    students, codes = by(server["students"], "ID"), by(server["attendance_code"], "ID")
    by(server["attendance"], "StudentID", "Att_Date")
    open_days = {(row["SchoolID"], row["Date_Value"]) for row in server["calendar_day"] if row["InSession"] == "1"}
    for row in server["attendance"]:
        student, code = students[(row["StudentID"],)], codes[(row["Attendance_CodeID"],)]
        assert row["SchoolID"] == student["SchoolID"] == code["SchoolID"]
        assert code["Att_Code"] in "AETS" and code["Att_Code"]
        assert (row["SchoolID"], row["Att_Date"]) in open_days
        assert day(student["EntryDate"]) <= day(row["Att_Date"]) < MONDAY
        assert not student["ExitDate"] or day(row["Att_Date"]) < day(student["ExitDate"])


def test_incidents_and_learners_have_what_they_name(server: dict[str, Rows]) -> None:
    students, staff = by(server["students"], "ID"), by(server["teachers"], "TeacherNumber")
    for row in server["incidents"]:
        student = students[(row["StudentID"],)]
        assert row["SchoolID"] == student["SchoolID"]
        assert day(student["EntryDate"]) <= day(row["Incident_Date"]) < MONDAY
        assert bool(row["Action_Days"]) == (row["Action_Code"] in ("ISS", "OSS"))
    for row in students.values():
        if row["ESL_Teacher"]:
            teacher = staff[(row["ESL_Teacher"],)]
            assert (teacher["Title"], teacher["SchoolID"]) == ("ESL Teacher", row["SchoolID"])
        assert bool(row["ESL_Teacher"]) == (row["LEP_Status"] in ("L", "1", "2"))


def test_scores_are_of_students_and_keys_are_unique(night: Night) -> None:
    stays = defaultdict(list)
    for row in night.both("students"):
        stays[row["Student_Number"]].append(row)
    assessments, standards = night.scores()
    by(assessments, "Student ID", "Class", "Assessment", "Submit Date")
    by(standards, "Student ID", "Class", "Standard Code", "Submit Date")
    for row in assessments + standards:
        submitted = day(row["Submit Date"])
        (student,) = (stay for stay in stays[row["Student ID"]] if was_here(stay, submitted))
        assert row["Student Name"] == f"{student['Last_Name']}, {student['First_Name']}"
        assert submitted < MONDAY
        assert 0 <= float(row["% Score"]) <= 100


def was_here(stay: dict[str, str], then: dt.date) -> bool:
    """Whether a row of students.csv had the student at its server on that day."""
    return day(stay["EntryDate"]) <= then and (not stay["ExitDate"] or then < day(stay["ExitDate"]))


# -------------------------------------------------------------------------------------------- sizes, drift


def test_row_counts(night: Night) -> None:
    tables = {name: sum(night.counts[f"powerschool_{code}/{name}.csv"] for code in ("rsd", "blf")) for name in TABLES}
    assert tables["schools"] == 6
    assert 0.06 < tables["teachers"] / STUDENTS < 0.13
    assert 6 < tables["cc"] / STUDENTS < 7
    assert 0.045 < tables["attendance"] / STUDENTS / school_year.on(MONDAY)[0].sessions_before(MONDAY) < 0.075
    assert 0.01 < tables["incidents"] / STUDENTS < 0.05
    assessments, standards = night.scores()
    assert 0.25 < len({row["Student ID"] for row in assessments}) / STUDENTS < 0.35
    assert len(standards) == 2 * len(assessments)
    assert tables["calendar_day"] > 6 * 280


TEN_DAYS = [dt.date(2026, 11, 14) + school_year.DAY * n for n in range(10)]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    return [Night(tmp_path_factory.mktemp("drift"), date) for date in TEN_DAYS]


def lines(night: Night, table: str) -> set[str]:
    return set(night.path(f"powerschool_rsd/{table}.csv").read_text("utf-8").splitlines())


@pytest.mark.parametrize("table", ["students", "cc", "teachers", "sections"])
def test_one_day_changes_at_most_a_hundredth(nights: list[Night], table: str) -> None:
    for before, after in pairwise(lines(night, table) for night in nights):
        assert len(before - after) <= len(before) / 100
        assert len(after - before) <= len(before) / 100


@pytest.mark.parametrize("table", ["attendance", "incidents"])
def test_what_was_marked_stays_marked(nights: list[Night], table: str) -> None:
    assert all(before <= after for before, after in pairwise(lines(night, table) for night in nights))


def test_students_come_and_go_and_move(nights: list[Night]) -> None:
    first, last = (by(night.rows("powerschool_rsd/students.csv"), "ID") for night in (nights[0], nights[-1]))
    stayed = first.keys() & last.keys()
    assert last.keys() - first.keys(), "nobody was added"
    assert any(first[id]["Enroll_Status"] != last[id]["Enroll_Status"] == "2" for id in stayed), "nobody left"
    assert any(first[id]["Street"] != last[id]["Street"] for id in stayed), "nobody moved"
    assert lines(nights[-1], "cc") - lines(nights[0], "cc"), "nobody changed a class"


NO_HIGH_SCHOOL = {"powerschool_blf/gpa_current.csv", "powerschool_blf/stored_grades.csv"}


def empty(night: Night) -> set[str]:
    return {name for name, rows in night.counts.items() if not rows}


@pytest.mark.parametrize("date", [dt.date(year, month, 1) for year in (2024, 2027, 2030) for month in (1, 7, 12)])
def test_any_date_has_rows_in_every_file(tmp_path: Path, date: dt.date) -> None:
    assert empty(Night(tmp_path, date, 40)) == NO_HIGH_SCHOOL


def test_the_new_school_year_begins_after_five_days_with_rows(tmp_path: Path) -> None:
    dates = [dt.date(2026, 8, 13) + school_year.DAY * n for n in range(4)]
    nights = [Night(tmp_path, date, 40) for date in dates]
    assert all(empty(night) == NO_HIGH_SCHOOL for night in nights)
    assert [school_year.on(date)[0].id for date in dates] == [35] * 2 + [36] * 2


def test_a_student_goes_up_one_grade(tmp_path: Path) -> None:
    before, after = (
        by(Night(tmp_path, date, 200).rows("powerschool_rsd/students.csv"), "Student_Number")
        for date in (dt.date(2026, 5, 1), dt.date(2026, 9, 1))
    )
    stayed = [number for number in before.keys() & after.keys() if after[number]["Enroll_Status"] == "0"]
    assert len(stayed) > 0.8 * len(after)
    for number in stayed:
        assert int(after[number]["Grade_Level"]) == int(before[number]["Grade_Level"]) + 1
        assert after[number]["Last_Name"] == before[number]["Last_Name"]
        assert after[number]["DOB"] == before[number]["DOB"]


def test_two_servers_need_two_students(tmp_path: Path) -> None:
    assert all(count >= 0 for count in Night(tmp_path, MONDAY, 2).counts.values())
    with pytest.raises(ValueError, match="at least one each"):
        Night(tmp_path, MONDAY, 1)


# ---------------------------------------------------------------------------------------------- awkward


def test_awkward_names_at_every_size(tmp_path: Path) -> None:
    students = Night(tmp_path, MONDAY, 40).rows("powerschool_rsd/students.csv")
    assert {"O'Brien", "Núñez", "Smith, Jr.", "García Márquez", "D'Angelo-Price"} <= {r["Last_Name"] for r in students}
    assert 'William "Bill"' in {row["First_Name"] for row in students}
    assert "" in {row["Middle_Name"] for row in students}


def test_awkward_rows(server: dict[str, Rows]) -> None:
    assert any(row["Student_Number"].startswith("00") for row in server["students"])
    assert any(row["CC.SectionID"].startswith("-") for row in server["cc"])
    assert any("," in row["Incident_Type"] for row in server["incidents"])
    assert any("," in row["Street"] for row in server["students"])
    assert {row["Status"] for row in server["teachers"]} == {"1", "2"}
    assert {row["StaffStatus"] for row in server["teachers"]} == {"1", "2", "3", "4"}
    assert all(row["TeacherNumber"][:2].isalpha() for row in server["teachers"])


def test_english_learners(night: Night) -> None:
    students = [row for code in ("rsd", "blf") for row in night.rows(f"powerschool_{code}/students.csv")]
    learners = [row for row in students if row["LEP_Status"] == "L"]
    assert 0.09 < len(learners) / len(students) < 0.15
    assert len({row["Home_Language"] for row in learners}) > 4
    assert 0.3 < sum(bool(row["US_Entry_Date"]) for row in learners) / len(learners) < 0.9
    assert {row["LEP_Status"] for row in students} == set("L1234FN")


def test_only_invented_addresses_in_a_text_that_cp1252_can_hold(night: Night) -> None:
    for name in night.counts:
        if name != easyiep.NAME:
            text = night.path(name).read_text("utf-8")
            text.encode("cp1252")
            assert text.count("@") == len(re.findall(r"@(riverbend|family)\.example\.org\b", text))
    students = night.rows("powerschool_rsd/students.csv")
    assert all(row["Home_Phone"].startswith("555-01") for row in students)
