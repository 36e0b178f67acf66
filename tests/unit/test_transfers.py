"""Students who go from RSD to BLF: one person, one active enrolment, days that meet, the same in later years."""

import datetime as dt
from itertools import groupby
from pathlib import Path

import pytest

from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.school_year import DAY, on, school_year
from pipeline.sandbox.schools import servers

from .test_district import MONDAY, Night, by, day

MAY = dt.date(2027, 5, 14)


def roll(students: int, date: dt.date) -> dict[str, dict[str, list[Enrolled]]]:
    """Student_Number -> server -> the rows of students.csv."""
    found: dict[str, dict[str, list[Enrolled]]] = {}
    for server in servers(students):
        for who in Books(server, 1, *on(date), students).students():
            found.setdefault(who.number, {}).setdefault(server.code, []).append(who)
    return found


def moved(rolls: dict[str, dict[str, list[Enrolled]]]) -> list[tuple[Enrolled, Enrolled]]:
    """Who is in the books of both servers: there, and here."""
    return [(rows["RSD"][0], rows["BLF"][0]) for rows in rolls.values() if len(rows) == 2]


@pytest.mark.parametrize("students", [47, 60, 400, 1000, 4000])
@pytest.mark.parametrize("start", [2024, 2026, 2031])
def test_one_goes_in_early_autumn_at_every_size(students: int, start: int) -> None:
    pairs = moved(roll(students, dt.date(start, 11, 1)))
    assert any(dt.date(start, 9, 30) <= here.time.enters < dt.date(start, 10, 7) for _, here in pairs)


@pytest.mark.parametrize(("students", "least"), [(60, 1), (1000, 1), (8000, 3)])
def test_the_days_meet_and_others_go_by_chance(students: int, least: int) -> None:
    pairs = moved(roll(students, MAY))
    assert len(pairs) >= least
    for there, here in pairs:
        assert there.time.leaves == here.time.enters
        assert (there.time.status, here.time.status) == (2, 0)
        assert (there.person, there.grade, there.chance) == (here.person, here.grade, here.chance)


@pytest.mark.parametrize("date", [dt.date(2026, 9, 25), dt.date(2026, 10, 5), MONDAY, MAY, dt.date(2030, 2, 1)])
def test_nobody_is_active_twice_and_the_number_of_active_students_stays(date: dt.date) -> None:
    rolls = roll(1000, date)
    rows = [[who for whos in found.values() for who in whos] for found in rolls.values()]
    assert all(sum(who.time.status == 0 for who in whos) <= 1 for whos in rows)
    assert sum(who.time.status == 0 for whos in rows for who in whos) == 1000
    assert all(len(whos) == 1 for found in rolls.values() for whos in found.values())


def test_a_newcomer_is_known_before_the_day() -> None:
    monday = school_year(2026).days[56]
    (before,) = moved(roll(60, monday - DAY))
    (after,) = moved(roll(60, monday))
    assert [who.time.status for who in before] == [0, -1]
    assert [who.time.status for who in after] == [2, 0]
    assert [who.number for who in before] == [who.number for who in after]


def test_the_same_person_in_later_years() -> None:
    """Each number is one person's, who goes up a grade a year, whichever server has them."""
    active = [
        (who.number, start, who.grade, who.person)
        for start in range(2022, 2030)
        for found in roll(1000, dt.date(start + 1, 4, 1)).values()
        for whos in found.values()
        for who in whos
        if who.time.status == 0
    ]
    came = {here.number for start in range(2022, 2029) for _, here in moved(roll(1000, dt.date(start + 1, 4, 1)))}
    years = {number: list(rows) for number, rows in groupby(sorted(active), key=lambda row: row[0])}
    for rows in years.values():
        assert len({person for *_, person in rows}) == len({grade - start for _, start, grade, _ in rows}) == 1
        assert [start for _, start, *_ in rows] == list(range(rows[0][1], rows[0][1] + len(rows)))
    assert sum(len(years[number]) > 2 for number in came) > 3


def test_both_servers_write_the_same_person(tmp_path: Path) -> None:
    night = Night(tmp_path, MONDAY, 60)
    rsd, blf = (by(night.rows(f"powerschool_{code}/students.csv"), "Student_Number") for code in ("rsd", "blf"))
    (number,) = rsd.keys() & blf.keys()
    there, here = rsd[number], blf[number]
    different = {name for name in there if there[name] != here[name]}
    assert different >= {"ID", "DCID", "SchoolID", "Enroll_Status", "EntryDate", "ExitDate"}
    assert different <= {
        "ID",
        "DCID",
        "SchoolID",
        "Enroll_Status",
        "EntryDate",
        "ExitDate",
        "ESL_Teacher",
        "Street",
        "Zip",
    }
    assert day(there["ExitDate"]) == day(here["EntryDate"])
    contacts = [by(night.rows(f"powerschool_{code}/custom.csv"), "StudentID") for code in ("rsd", "blf")]
    names = [name for name in next(iter(contacts[0].values())) if name.startswith("Contact")]
    first, second = (table[(row["ID"],)] for table, row in zip(contacts, (there, here), strict=True))
    assert [first[name] for name in names] == [second[name] for name in names]
