"""The pretend district's timetable, attendance, gradebook and incident details: whole, consistent, moving slowly."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.catalogue import schemas
from pipeline.catalogue.contract import column_name
from pipeline.sandbox import attending, conduct, gradebook, school_year, timetable

from .test_district import MONDAY, Night, Rows, by, day

HEADERS = {
    name.removesuffix(".csv"): header.split(",")
    for part in (timetable, attending, conduct, gradebook)
    for name, header in part.HEADERS.items()
}
KEYS = {
    "assignments": ("assignmentsectionid",),
    "attendance_conversion": ("id",),
    "attendance_taken": ("id",),
    "cycle_day": ("id",),
    "fte": ("id",),
    "gpa_current": ("studentid",),
    "incident_data": ("incident_detail_id",),
    "periods": ("id",),
    "pgfinalgrades": ("dcid",),
    "ps_membership_defaults": ("studentid", "schoolid", "firstday"),
    "section_meeting": ("id",),
    "section_teacher": ("id",),
    "stored_grades": ("dcid",),
}
OF_HIGH_SCHOOLS = {"gpa_current", "stored_grades"}
REFERENCES = """\
assignments sectionsdcid sections dcid
attendance_conversion schoolid schools school_number
attendance_taken schoolid schools school_number
attendance_taken sectionid sections id
attendance_taken periodid periods id
attendance_taken teacherid teachers id
cycle_day schoolid schools school_number
fte schoolid schools school_number
gpa_current studentid students id
incident_data incident_id incidents incident_id
periods schoolid schools school_number
pgfinalgrades studentid students id
pgfinalgrades sectionid sections id
ps_membership_defaults studentid students id
ps_membership_defaults schoolid schools school_number
ps_membership_defaults fteid fte id
section_meeting sectionid sections id
section_meeting schoolid schools school_number
section_teacher sectionid sections id
section_teacher teacherid teachers id
stored_grades studentid students id
stored_grades schoolid schools school_number
stored_grades course_number courses course_number
"""
FIRST = school_year.on(MONDAY)[0].first


class Server:
    """One server's tables, with the names that their columns have once they are loaded."""

    def __init__(self, night: Night, code: str) -> None:
        self.night, self.code = night, code

    def __getitem__(self, table: str) -> Rows:
        rows = self.night.rows(f"powerschool_{self.code}/{table}.csv")
        return [{column_name(title): value for title, value in row.items()} for row in rows]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("gradebook"), MONDAY)


@pytest.fixture(scope="module", params=["rsd", "blf"])
def server(request: pytest.FixtureRequest, night: Night) -> Server:
    return Server(night, request.param)


@pytest.fixture(scope="module")
def rsd(night: Night) -> Server:
    return Server(night, "rsd")


def test_there_is_a_key_for_every_table() -> None:
    assert KEYS.keys() == HEADERS.keys()


@pytest.mark.parametrize("table", HEADERS)
def test_headers_are_the_columns_of_the_schema(server: Server, table: str) -> None:
    names = [column.name for column in schemas.columns("powerschool_combined", table)]
    assert [column_name(title) for title in HEADERS[table]] == names[1:]
    titles = server.night.path(f"powerschool_{server.code}/{table}.csv").read_text("utf-8").split("\n")[0]
    assert titles.split(",") == HEADERS[table]


@pytest.mark.parametrize("table", HEADERS)
def test_keys_are_unique(server: Server, table: str) -> None:
    assert by(server[table], *KEYS[table]) or (table in OF_HIGH_SCHOOLS and server.code == "blf")


@pytest.mark.parametrize("line", REFERENCES.splitlines())
def test_references_resolve(server: Server, line: str) -> None:
    table, column, other, key = line.split()
    assert {row[column] for row in server[table]} <= {row[key] for row in server[other]}


# ----------------------------------------------------------------------------------------------- timetable


def test_every_section_has_its_lead_teacher(server: Server) -> None:
    leads = [row for row in server["section_teacher"] if row["roleid"] == "1"]
    assert all(row["priority_order"] == "1" for row in leads)
    assert {(row["sectionid"], row["teacherid"]) for row in leads} == {
        (row["id"], row["teacher"]) for row in server["sections"]
    }
    assert len(leads) == len(server["sections"])


def test_co_teachers_are_current_teachers_of_the_school(server: Server) -> None:
    sections, staff = by(server["sections"], "id"), by(server["teachers"], "id")
    by(server["section_teacher"], "sectionid", "teacherid")
    for row in server["section_teacher"]:
        teacher = staff[(row["teacherid"],)]
        assert (teacher["status"], teacher["staffstatus"]) == ("1", "1")
        assert teacher["schoolid"] == sections[(row["sectionid"],)]["schoolid"]


def test_a_section_in_eight_has_a_co_teacher_and_a_few_have_three(rsd: Server) -> None:
    roles = Counter(row["roleid"] for row in rsd["section_teacher"])
    assert 0.09 < roles["2"] / roles["1"] < 0.16
    assert 0.005 < roles["3"] / roles["1"] < 0.05
    staff = by(rsd["teachers"], "id")
    titles = Counter(staff[(row["teacherid"],)]["title"] for row in rsd["section_teacher"] if row["roleid"] == "2")
    assert titles["ESL Teacher"] > 5
    assert titles["Teacher"] > 5


def test_some_co_teachers_have_gone_and_some_will_come(rsd: Server) -> None:
    yearlong = {row["id"] for row in rsd["sections"] if row["termid"].endswith("00")}
    spans = [row for row in rsd["section_teacher"] if row["roleid"] == "2" and row["sectionid"] in yearlong]
    gone = [row for row in spans if day(row["end_date"]) < MONDAY]
    to_come = [row for row in spans if day(row["start_date"]) > MONDAY]
    assert gone
    assert to_come
    assert len(gone) + len(to_come) < len(spans) / 2
    assert all(day(row["start_date"]) < day(row["end_date"]) for row in spans)


def test_meetings_are_those_of_the_expression(server: Server) -> None:
    letters: defaultdict[str, str] = defaultdict(str)
    periods: dict[str, str] = {}
    cycle = {(row["schoolid"], row["letter"]) for row in server["cycle_day"]}
    numbers = {(row["schoolid"], row["period_number"]) for row in server["periods"]}
    for row in server["section_meeting"]:
        letters[row["sectionid"]] += row["cycle_day_letter"]
        periods[row["sectionid"]] = row["period_number"]
        assert (row["schoolid"], row["cycle_day_letter"]) in cycle
        assert (row["schoolid"], row["period_number"]) in numbers
    for row in server["sections"]:
        days = letters[row["id"]].replace("ABCDE", "A-E")
        assert row["expression"] == f"{periods[row['id']]}({days})"


def test_subjects_are_the_catalogues_words(server: Server) -> None:
    assert {row["subject"] for row in server["courses"]} == {
        *("English", "Mathematics", "Science", "Social Studies", "Homeroom", "Music", "Art", "Physical Education"),
        *("World Language", "Computer Science", "Intervention"),
    }


def test_nine_of_ten_have_a_licence(night: Night) -> None:
    staff = [row for code in ("rsd", "blf") for row in Server(night, code)["teachers"]]
    licences = [row["sif_stateprid"] for row in staff if row["sif_stateprid"]]
    assert 0.8 < len(licences) / len(staff) < 0.97
    assert len(set(licences)) == len(licences)
    assert all(len(licence) == 9 and licence.isdigit() for licence in licences)


# ---------------------------------------------------------------------------------------------- attendance


def test_attendance_is_taken_in_the_first_period_of_each_day(server: Server) -> None:
    first = {row["id"]: row["teacher"] for row in server["sections"] if row["expression"].startswith("1(")}
    by(server["attendance_taken"], "sectionid", "att_date")
    for row in server["attendance_taken"]:
        assert row["teacherid"] == first[row["sectionid"]]
        assert day(row["att_date"]) < MONDAY
    open_days = {day(row["date_value"]) for row in server["calendar_day"] if row["insession"] == "1"}
    over = {date for date in open_days if date < MONDAY}
    assert {day(row["att_date"]) for row in server["attendance_taken"]} == over
    fall = {row["sectionid"] for row in server["attendance_taken"]}
    assert 0.94 < len(server["attendance_taken"]) / len(fall) / len(over) < 1


def test_memberships_are_those_who_have_been_here(server: Server) -> None:
    members = by(server["ps_membership_defaults"], "studentid")
    here = by([row for row in server["students"] if row["enroll_status"] in ("0", "2")], "id")
    assert members.keys() == here.keys()
    ftes = by(server["fte"], "id")
    for key, member in members.items():
        student, fte = here[key], ftes[(member["fteid"],)]
        assert (member["firstday"], member["lastday"]) == (student["entrydate"], student["exitdate"])
        assert (member["schoolid"], member["grade_level"]) == (student["schoolid"], student["grade_level"])
        assert (fte["schoolid"], fte["yearid"], fte["fte_value"]) == (
            *(member["schoolid"], member["yearid"]),
            member["studentmembership"],
        )


def test_every_incident_has_its_place_and_its_time(server: Server) -> None:
    told = Counter((row["incident_id"], row["detail_type"]) for row in server["incident_data"])
    assert set(told.values()) == {1}
    for row in server["incidents"]:
        assert (row["incident_id"], "Location") in told
        assert (row["incident_id"], "Time") in told
    assert len(told) < 3 * len(server["incidents"])


# ----------------------------------------------------------------------------------------------- gradebook


def test_assignments_were_set_before_today(server: Server) -> None:
    rows = server["assignments"]
    assert all(FIRST < day(row["duedate"]) <= MONDAY + school_year.DAY for row in rows)
    assert any(day(row["duedate"]) >= MONDAY for row in rows)
    assert {row["iscountedinfinalgrade"] for row in rows} == {"0", "1"}


def test_sections_of_a_course_share_assignments(rsd: Server) -> None:
    work, sections = defaultdict(set), defaultdict(set)
    for row in rsd["assignments"]:
        work[row["assignmentid"]].add((row["name"], row["category"], row["totalpointvalue"]))
        sections[row["assignmentid"]].add(row["sectionsdcid"])
    assert all(len(same) == 1 for same in work.values())
    assert max(len(several) for several in sections.values()) > 1


def test_grades_are_of_sections_in_which_the_student_is_or_was(server: Server) -> None:
    students, codes = by(server["students"], "id"), {"S1", "Y1"}
    seats = {(row["studentid"], row["sectionid"].lstrip("-")) for row in server["cc"]}
    by(server["pgfinalgrades"], "studentid", "sectionid", "finalgradename")
    for row in server["pgfinalgrades"]:
        student = students[(row["studentid"],)]
        assert (row["studentid"], row["sectionid"]) in seats
        assert row["finalgradename"] in codes
        assert day(student["entrydate"]) <= day(row["lastgradeupdate"]) < MONDAY
        assert int(student["grade_level"]) >= 3
        assert row["grade"] in "ABCDF"
        assert 50 <= int(row["percent"]) <= 100
    graded = {row["studentid"] for row in server["pgfinalgrades"]}
    upper = [row for row in students.values() if row["enroll_status"] == "0" and int(row["grade_level"]) >= 3]
    assert sum(row["id"] in graded for row in upper) > 0.9 * len(upper)


def test_the_average_is_that_of_the_years_grades(rsd: Server) -> None:
    points = defaultdict(list)
    for row in rsd["pgfinalgrades"]:
        if row["finalgradename"] == "Y1":
            points[row["studentid"]].append("FDCBA".index(row["grade"]))
    averages = rsd["gpa_current"]
    assert len(averages) > 150
    for row in averages:
        mean = sum(points[row["studentid"]]) / 3
        assert mean - 0.01 < float(row["unweighted_gpa"]) <= mean
        assert float(row["unweighted_gpa"]) <= float(row["weighted_gpa"]) <= 5
        assert day(row["calculated_on"]) < MONDAY


def test_stored_grades_are_last_years(rsd: Server) -> None:
    students, schools = by(rsd["students"], "id"), by(rsd["schools"], "school_number")
    now = {row["id"] for row in rsd["sections"]}
    by(rsd["stored_grades"], "studentid", "course_number", "storecode")
    for row in rsd["stored_grades"]:
        student, school = students[(row["studentid"],)], schools[(row["schoolid"],)]
        assert int(row["grade_level"]) == int(student["grade_level"]) - 1 >= 8
        assert int(school["low_grade"]) <= int(row["grade_level"]) <= int(school["high_grade"])
        assert row["termid"] == {"Y1": "3500", "S1": "3501", "S2": "3502"}[row["storecode"]]
        assert day(row["datestored"]) < FIRST
        assert row["sectionid"] not in now
        assert row["gpa_points"] == str("FDCBA".index(row["grade"]))


# --------------------------------------------------------------------------------------------- sizes, drift


def test_no_file_is_large(night: Night) -> None:
    for table in HEADERS:
        assert sum(night.counts[f"powerschool_{code}/{table}.csv"] for code in ("rsd", "blf")) < 5 * 1000


TEN_DAYS = [dt.date(2026, 11, 14) + school_year.DAY * n for n in range(10)]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    return [Night(tmp_path_factory.mktemp("slowly"), date) for date in TEN_DAYS]


def lines(night: Night, table: str) -> set[str]:
    return set(night.path(f"powerschool_rsd/{table}.csv").read_text("utf-8").splitlines())


def same(before: set[str], after: set[str]) -> bool:
    return before == after


def more(before: set[str], after: set[str]) -> bool:
    return before <= after and len(after) <= 1.1 * len(before) + 10


def mostly_the_same(before: set[str], after: set[str]) -> bool:
    return len(before - after) <= 0.3 * len(before) and len(after - before) <= 0.3 * len(before)


SLOWLY = {
    "assignments": more,
    "attendance_conversion": same,
    "attendance_taken": more,
    "cycle_day": same,
    "fte": same,
    "gpa_current": mostly_the_same,
    "incident_data": more,
    "periods": same,
    "pgfinalgrades": mostly_the_same,
    "ps_membership_defaults": mostly_the_same,
    "section_meeting": same,
    "section_teacher": same,
    "stored_grades": same,
}


@pytest.mark.parametrize(("table", "rule"), SLOWLY.items())
def test_a_day_changes_little(nights: list[Night], table: str, rule: Callable[[set[str], set[str]], bool]) -> None:
    assert all(rule(before, after) for before, after in pairwise(lines(night, table) for night in nights))


def test_a_day_changes_something(nights: list[Night]) -> None:
    for table in ("assignments", "attendance_taken", "gpa_current", "pgfinalgrades", "ps_membership_defaults"):
        assert lines(nights[0], table) != lines(nights[-1], table)


def test_the_second_semester_has_grades_beside_the_first(tmp_path: Path) -> None:
    server = Server(Night(tmp_path, dt.date(2027, 3, 1), 200), "rsd")
    spring = {row["abbreviation"]: day(row["firstday"]) for row in server["terms"]}["S2"]
    grades: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in server["pgfinalgrades"]:
        grades[row["studentid"], row["sectionid"]][row["finalgradename"]] = int(row["percent"])
        if row["finalgradename"] != "Y1":
            assert (day(row["lastgradeupdate"]) < spring) == (row["finalgradename"] == "S1")
    assert sum(len(terms) == 3 for terms in grades.values()) > 0.8 * len(grades)
    for terms in grades.values():
        halves = [terms[name] for name in ("S1", "S2") if name in terms]
        assert terms["Y1"] == sum(halves) // len(halves)
