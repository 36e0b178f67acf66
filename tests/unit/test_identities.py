"""Clever's identity exports: whose accounts, and that they stay the same."""

import datetime as dt
import re
from pathlib import Path

import pytest

from pipeline.sandbox import identities
from pipeline.sandbox.identities import STUDENTS, TEACHERS
from pipeline.sandbox.school_year import DAY, school_year

from .test_district import CHICAGO, MONDAY, Night, by


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Night, Night]:
    """Sunday's and Monday's."""
    return Night(tmp_path_factory.mktemp("sunday"), MONDAY - DAY), Night(tmp_path_factory.mktemp("monday"), MONDAY)


def test_headers(nights: tuple[Night, Night]) -> None:
    for name, kind in ((STUDENTS, "student"), (TEACHERS, "teacher")):
        header = f"clever_id,sis_id,{kind}_number,email,google_id,provisioned_password\n"
        assert nights[0].path(name).read_text("utf-8").startswith(header)


def test_the_students_who_were_active_the_day_before(nights: tuple[Night, Night]) -> None:
    before = {row["Student_Number"]: row for row in nights[0].both("students") if row["Enroll_Status"] == "0"}
    now = {row["Student_Number"]: row for row in nights[1].both("students") if row["Enroll_Status"] == "0"}
    accounts = by(nights[1].rows(STUDENTS), "student_number")
    assert {number for (number,) in accounts} == before.keys() != now.keys()
    for (number,), row in accounts.items():
        assert (row["sis_id"], row["email"]) == (number, before[number]["Student_Email"])


def test_the_first_morning_of_a_school_year_has_the_last_ones_students(tmp_path: Path) -> None:
    first = next(date for date in (dt.date(2026, 8, n) for n in range(8, 28)) if date > school_year(2026).sessions[4])
    before, night = Night(tmp_path / "before", first - DAY, 60), Night(tmp_path / "first", first, 60)
    numbers = {row["Student_Number"] for row in before.both("students") if row["Enroll_Status"] == "0"}
    assert {row["student_number"] for row in night.rows(STUDENTS)} == numbers
    assert len(numbers) == 60


def test_the_staff_who_teach(nights: tuple[Night, Night]) -> None:
    teaching = {
        row["TeacherNumber"]: row["Email_Addr"]
        for row in nights[1].both("teachers")
        if (row["Status"], row["StaffStatus"]) == ("1", "1")
    }
    assert {row["teacher_number"]: row["email"] for row in nights[1].rows(TEACHERS)} == teaching
    assert all(row["sis_id"] == row["teacher_number"] for row in nights[1].rows(TEACHERS))


def test_ids_and_passwords_stay(nights: tuple[Night, Night]) -> None:
    for name in identities.HEADERS:
        before, after = (by(night.rows(name), "sis_id") for night in nights)
        both = before.keys() & after.keys()
        assert len(both) > 0.98 * len(after)
        assert all(before[number] == after[number] for number in both)


def test_ids_are_unique_and_look_right(nights: tuple[Night, Night]) -> None:
    rows = nights[1].rows(STUDENTS) + nights[1].rows(TEACHERS)
    for name in ("clever_id", "sis_id", "email", "google_id"):
        by(rows, name)
    assert all(re.fullmatch("[0-9a-f]{24}", row["clever_id"]) for row in rows)
    assert all(re.fullmatch("[0-9]{21}", row["google_id"]) for row in rows)


def test_passwords_and_those_that_must_be_quoted_at_every_size(tmp_path: Path) -> None:
    passwords = [row["provisioned_password"] for row in Night(tmp_path, MONDAY, 40).rows(STUDENTS)]
    assert all(re.fullmatch(r"[A-Z][a-z]+[-,\"'&;]\d{4}-[a-z]+", password) for password in passwords)
    assert all(any(mark in password for password in passwords) for mark in (",", '"'))


def test_who_goes_to_the_other_server_keeps_the_account(tmp_path: Path) -> None:
    monday = school_year(2026).days[56]
    before, after = (Night(tmp_path / str(date), date, 60) for date in (monday, monday + DAY))
    (moved,) = by(after.both("students"), "Student_Number", "Server").keys() & {
        (row["Student_Number"], "blf") for row in after.rows("powerschool_rsd/students.csv")
    }
    first, second = (by(night.rows(STUDENTS), "student_number")[moved[:1]] for night in (before, after))
    assert first == second


def test_it_is_written_at_half_past_four(nights: tuple[Night, Night], tmp_path: Path) -> None:
    night = Night(tmp_path, dt.date(2025, 11, 24), 40)
    written = dt.datetime.fromtimestamp(night.path(STUDENTS).stat().st_mtime, CHICAGO)
    assert written == dt.datetime(2025, 11, 24, 4, 30, tzinfo=CHICAGO)
