"""What the state's portal reports: its layouts, the students of the district, and errors that come and go slowly."""

import csv
import datetime as dt
import re
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from pipeline import catalogue
from pipeline.ground.errors import ContractBroken
from pipeline.inbound.reports import check_report
from pipeline.sandbox import eis, eis_errors
from pipeline.sandbox.school_year import DAY
from pipeline.sandbox.schools import servers

MONDAY = dt.date(2026, 11, 23)
SCHOOLS = {server.code: [site.number for site in server.sites] for server in servers(2)}
Rows = list[dict[str, str]]


def roll(code: str = "RSD", date: dt.date = MONDAY, students: int = 1000) -> eis.Roll:
    return eis.roll(code, date, students, 1)


def viewed(report: bytes) -> tuple[list[str], Rows]:
    """The two lines of preamble, and the rows."""
    first, second, *rest = report.decode().splitlines(keepends=True)
    return [first, second], list(csv.DictReader(rest))


def errors(date: dt.date = MONDAY, students: int = 1000) -> list[list[str]]:
    """All schools' lists, split at each comma."""
    lists = [eis_errors.all_errors(roll(code, date, students), numbers) for code, numbers in SCHOOLS.items()]
    return [line.split(",") for text in lists for line in text.decode("ascii").split("\n")[1:-1]]


def identity(fields: list[str]) -> tuple[str, ...]:
    """What stays the same from list to list: school, day, error, calendar, class, student, staff, detail."""
    return *fields[5:6], *fields[8:10], *fields[13:17], fields[18], fields[24], *fields[29:-2]


@pytest.mark.parametrize(
    ("report", "name", "taken"),
    [
        ("AllErr", "Sch0105AllErr.csv", True),
        ("AllErr", "Sch0105AllErr (1).csv", True),  # as browsers call a second one
        ("AllErr", "Sch0110AllErr.csv", False),
        ("ADMAudit", "ADMAudit.csv", True),  # which tells no school
    ],
)
def test_a_report_without_a_row_is_of_the_school_that_its_name_tells(
    tmp_path: Path, report: str, name: str, taken: bool
) -> None:
    """Else the empty list of one school would clear the errors of another."""
    make = {"AllErr": eis_errors.all_errors, "ADMAudit": eis.adm_audit}[report]
    lines = make(roll(), ["0105"]).splitlines(keepends=True)
    (file := tmp_path / name).write_bytes(b"".join(lines[: 1 if report == "AllErr" else 3]))
    told = nullcontext() if taken else pytest.raises(ContractBroken, match="about no school, by its rows and its name")
    with told:
        check_report(catalogue.feeds()[f"{report}_stack"], "0105", MONDAY, file)


@pytest.mark.parametrize("code", SCHOOLS)
def test_the_viewers_reports_have_their_header_on_line_3(code: str) -> None:
    for make, header in ((eis.adm_audit, eis.ADM_AUDIT), (eis.student_membership, eis.MEMBERSHIP)):
        report = make(roll(code), SCHOOLS[code])
        preamble, rows = viewed(report)
        assert preamble[1] == "Run date: 11/23/2026\r\n"
        assert report.decode().splitlines()[2] == header
        assert {row["SchoolNo"] for row in rows} == set(SCHOOLS[code])
        assert all(None not in row and None not in row.values() for row in rows)


def test_the_reports_are_of_those_who_have_been_to_school() -> None:
    who = {str(one.state_id): one for one in roll().books.students() if one.time.status >= 0}
    _, audited = viewed(eis.adm_audit(roll(), SCHOOLS["RSD"]))
    _, members = viewed(eis.student_membership(roll(), SCHOOLS["RSD"]))
    assert {row["StudentStateId"] for row in members} == set(who)
    assert {row["StudentStateId"] for row in audited} <= set(who)
    for row in members:
        one = who[row["StudentStateId"]]
        assert (row["SchoolNo"], row["StudentName"]) == (one.number_of_school, one.person.name.listed)
        assert row["EnrollmentDate"] == eis.day(one.time.enters)
        assert bool(row["WithdrawalDate"]) == bool(row["WithdrawalReason"]) == bool(one.time.leaves)
    assert "Smith, Jr., Walter" in {row["StudentName"] for row in members}


def test_the_audit_counts_the_days_of_each_period_once() -> None:
    _, rows = viewed(eis.adm_audit(roll(), SCHOOLS["RSD"]))
    days: Counter[str] = Counter()
    for row in rows:
        assert 0 < int(row["DaysEnrolled"]) <= eis.PERIOD
        assert float(row["ADM"]) == int(row["DaysEnrolled"]) / eis.PERIOD
        days[row["StudentStateId"]] += int(row["DaysEnrolled"])
    assert max(Counter((row["StudentStateId"], row["ADMPeriod"]) for row in rows).values()) == 1
    had = {str(who.state_id): len(who.days(roll().books)) for who in roll().enrolled}
    assert days == Counter({who: count for who, count in had.items() if count})


def test_one_schools_report_is_its_own() -> None:
    _, rows = viewed(eis.student_membership(roll(), ["0205"]))
    assert {(row["SchoolNo"], row["SchoolName"]) for row in rows} == {("0205", "Riverbend Middle School")}
    lines = eis_errors.all_errors(roll(), ["0205"]).splitlines()[1:]
    assert {line.split(b",")[5] for line in lines} == {b"0205"}


def test_the_error_list_has_no_quoting_and_loose_commas_in_its_detail_only() -> None:
    text = eis_errors.all_errors(roll(), SCHOOLS["RSD"])
    assert text.splitlines()[0].decode() == eis_errors.HEADER
    assert b"\r" not in text and text.endswith(b"\n")
    rows = errors()
    wide = [row for row in rows if len(row) > 32]
    assert min(len(row) for row in rows) == 32
    assert 0.2 < len(wide) / len(rows) < 0.45
    assert len({len(row) for row in wide}) > 1
    for row in rows:
        assert re.fullmatch(r"\d+", row[-1]) and re.fullmatch(r"\d+", row[-2])
        assert eis_errors.SEVERITIES[int(row[11])] == row[12]
        assert all(re.fullmatch(r"[1-9]\d?/[1-9]\d?/\d{4}", row[place]) for place in (1, 8))
        assert all(value in ("", "Jr.", "III") for value in (row[22], row[28]))
    assert {row[11] for row in rows} == {"80", "90", "92"}
    assert any('"' in ",".join(row[29:-2]) for row in rows)


def test_every_number_that_must_not_leave_is_known() -> None:
    shown = {row[place] for row in errors() for place in (17, 23)} - {""}
    assert shown <= eis_errors.ssns(MONDAY, 1000, 1)
    assert len(shown) > 200 and all(re.fullmatch(r"9\d{8}", number) for number in shown)


def test_a_student_of_the_list_is_one_of_the_school() -> None:
    here = {(who.number_of_school, str(who.state_id)) for code in SCHOOLS for who in roll(code).enrolled}
    students = {(row[5], row[18]) for row in errors() if row[18]}
    assert students and students <= here


@pytest.mark.parametrize("date", [MONDAY, dt.date(2027, 3, 15)])
def test_from_day_to_day_most_errors_stay(date: dt.date) -> None:
    before, after = ([identity(row) for row in errors(day, 4000)] for day in (date, date + DAY))
    assert 1200 < len(before) < 1800
    assert max(Counter(before).values()) == 1
    assert 0 < len(set(after) - set(before)) < len(before) / 20
    assert 0 < len(set(before) - set(after)) < len(before) / 20


def test_the_first_mornings_of_a_school_year_have_reports_too() -> None:
    for code, numbers in SCHOOLS.items():
        early = roll(code, roll(code).books.year.sessions[5], students=60)
        assert early.books.year.start == 2026
        assert viewed(eis.adm_audit(early, numbers))[1]
        assert eis_errors.all_errors(early, numbers).startswith(b"SCHOOL_YEAR,")


def test_the_same_day_has_the_same_bytes() -> None:
    first = eis_errors.all_errors(eis.Roll("BLF", MONDAY, 400, 7), ["0805"])
    assert first == eis_errors.all_errors(eis.Roll("BLF", MONDAY, 400, 7), ["0805"])
    assert first != eis_errors.all_errors(eis.Roll("BLF", MONDAY, 400, 8), ["0805"])
