"""What becomes of those who hold one value of a column: the SQL that counts them, the limit, and what is told."""

import datetime as dt
from dataclasses import replace

import pytest

from pipeline import catalogue
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import ANY, OTHERS, Allowed, ColumnChurn, Window
from pipeline.outbound import columns, holders
from pipeline.outbound.churn import Pair
from pipeline.riverbend.terms import FALL

from .duck import Duck, translated

HEAD = ("id", "contact", "school", "gender", "grade", "city")
DAY = dt.date(2026, 11, 24)
BY_ROW = ViewFile(
    "own_rosters.Pupils",
    "pupils.csv",
    ("id", "contact"),
    called="students",
    school="school",
    allowed=(Allowed(("gender",), ("F", "M")),),
)
BY_PERSON = replace(BY_ROW, people="id")
Row = tuple[str | None, ...]

duck = Duck()


def told(file: ViewFile, before: list[Row], now: list[Row], date: dt.date = DAY) -> list[str]:
    """What is said of the values that too many left; the check fails with the first word."""
    pair = Pair("deliveries.now", "deliveries.before", HEAD)
    duck.put(pair.before, HEAD, before)
    duck.put(pair.now, HEAD, now)
    asked = holders.asked(file, pair, date)
    rows = duck.ask(translated(holders.query("SELECT 1 AS one", file, pair, asked)))
    over = holders.judged(file, holders.found_in(rows, asked), date)
    said = [each.removeprefix("pupils.csv: ") for each in holders.sentences(file, over)]
    assert holders.check(file, over).passed == (not said)
    return said


def pupils(count: int, first: int = 0, **own: str | None) -> list[Row]:
    """So many students of one kind, one contact each."""
    usual = {"contact": "ma", "school": "0105", "gender": "M", "grade": "5", "city": "Riverbend"}
    return [tuple(({"id": f"{first + place}"} | usual | own)[name] for name in HEAD) for place in range(count)]


REST = pupils(60, 1000, grade="6")


@pytest.mark.parametrize("file", [BY_ROW, BY_PERSON], ids=["by row", "by person"])
@pytest.mark.parametrize(
    ("had", "left", "held"),
    [(6, 6, True), (5, 5, False), (12, 7, True), (12, 6, False), (60, 30, False), (60, 31, True), (0, 0, False)],
)
def test_half_of_those_who_had_a_value_may_leave_it_and_five_always(
    file: ViewFile, had: int, left: int, held: bool
) -> None:
    """They may be a tenth of the column, or half of it."""
    now = pupils(left, grade="0") + pupils(had - left, left, grade="KG")
    said = told(file, pupils(had, grade="KG") + REST, now + REST)
    words = f"grade: one value, {left} of {had} students have another one now, or none"
    assert said == ([words] if held else [])


@pytest.mark.parametrize("other", ["Female", "M", "", None])
def test_another_code_and_none_are_the_same_and_the_value_is_named_where_the_list_has_it(other: str | None) -> None:
    said = told(BY_ROW, pupils(9, gender="F") + REST, pupils(9, gender=other) + REST)
    assert said == ["gender: F, 9 of 9 students have another one now, or none"]
    assert "Springfield" not in str(told(BY_ROW, pupils(9, city="Springfield") + REST, pupils(9) + REST))


def test_those_who_go_come_or_had_none_left_nothing() -> None:
    before = pupils(9, gender="F") + pupils(9, 20, gender="") + REST
    now = pupils(9, 50, gender="X") + pupils(9, 20, gender="X") + REST
    assert told(BY_ROW, before, now) == []


def test_one_school_that_writes_otherwise_is_enough() -> None:
    everywhere = pupils(90, 100, school="0110", gender="F") + REST
    said = told(BY_ROW, pupils(9, gender="F") + everywhere, pupils(9, gender="Female") + everywhere)
    assert said == ["gender: F, 9 of 9 students at school 0105 have another one now, or none"]


def test_schools_are_counted_together_where_each_has_few() -> None:
    """Two of three at each of ten schools; who left nothing at one of them counts too."""
    schools = [f"08{place:02}" for place in range(10)]
    before = [row for place, school in enumerate(schools) for row in pupils(3, 10 * place, school=school, gender="F")]
    now = [(*row[:3], "X", *row[4:]) if number % 3 else row for number, row in enumerate(before)]
    assert told(BY_ROW, before + REST, now + REST) == ["gender: F, 20 of 30 students have another one now, or none"]
    stays = pupils(50, 500, school="0900", gender="F")
    assert told(BY_ROW, before + stays + REST, now + stays + REST) == []


def test_a_person_with_several_contacts_is_one() -> None:
    two = [(*row[:1], contact, *row[2:]) for row in pupils(5, gender="F") for contact in ("ma", "pa")]
    assert told(BY_PERSON, two + REST, [(*row[:3], "X", *row[4:]) for row in two] + REST) == []
    assert len(told(BY_ROW, two + REST, [(*row[:3], "X", *row[4:]) for row in two] + REST)) == 1


@pytest.mark.parametrize(("kinds", "held"), [(60, True), (61, False)])
def test_a_column_of_many_values_has_no_codes(kinds: int, held: bool) -> None:
    others = [row for kind in range(kinds - 1) for row in pupils(1, 2000 + kind, grade=f"v{kind}")]
    said = told(BY_ROW, pupils(9, grade="KG") + others, pupils(9, grade="0") + others)
    assert bool(said) == held


def test_a_row_has_limits_of_its_own_and_of_the_day() -> None:
    before, now = pupils(10, grade="KG") + REST, pupils(10, grade="0") + REST

    def own(**limits: object) -> ViewFile:
        return replace(BY_ROW, column_churn=(ColumnChurn(("grade",), **limits),))  # type: ignore[arg-type]

    assert told(own(moves=ANY), before, now) == []
    assert told(own(slack=10), before, now) == []
    assert len(told(own(slack=9), before, now)) == 1
    assert len(told(own(moves=0, slack=0), before, pupils(1, grade="0") + pupils(9, 1, grade="KG") + REST)) == 1
    in_fall = own(windows=(Window(*FALL, OTHERS),))
    assert told(in_fall, before, now, dt.date(2026, 8, 17)) == []
    assert len(told(in_fall, before, now)) == 1


def test_five_values_are_told_of_those_first_that_most_left() -> None:
    kinds = [(f"{kind}", 6 + kind) for kind in range(7)]
    before = [row for kind, count in kinds for row in pupils(count, 100 * int(kind), grade=kind)]
    said = told(BY_ROW, before, [(*row[:4], "x", *row[5:]) for row in before])
    assert [each.split()[3] for each in said[:5]] == ["12", "11", "10", "9", "8"]
    assert said[5:] == ["so it is with 2 more values"]


def test_who_teaches_may_change_and_codes_may_not() -> None:
    """Of every file that goes out: a teacher's leave is no code that is written otherwise."""
    free = {
        (file.name, column)
        for delivery in catalogue.deliveries().values()
        for file in delivery.view_files
        for column in ("Teacher_id", "Teacher_2_id", "ESLTeacher", "TeacherStaffID", "Gender", "gender_code", "Grade")
        if columns.limits(file, column).on(DAY).moves == ANY
    }
    assert free == {
        ("sections.csv", "Teacher_id"),
        ("sections.csv", "Teacher_2_id"),
        ("Student-Demographics.csv", "ESLTeacher"),
        ("Student-Course-Schedules.csv", "TeacherStaffID"),
    }
