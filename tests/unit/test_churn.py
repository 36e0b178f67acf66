"""How much may change from one delivery to the next, and what a person is told of it. No warehouse is asked."""

import datetime as dt

import pytest

from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.limits import ANY, SCHOOLS, Churn, Window
from pipeline.outbound import churn
from pipeline.outbound.churn import Change, Pair
from pipeline.outbound.columns import Rows, Values
from pipeline.riverbend.terms import TERMS

FILE = ViewFile("roster_files.Pupils", "pupils.csv", ("id",), called="students", school="school")
ROSTERS = Delivery("rosters", "clever", "/", (FILE,), gone="Clever would delete")
DAY = dt.date(2026, 11, 23)


def over(changes: list[Change], limits: Churn, file: ViewFile = FILE) -> list[str]:
    """The checks that do not pass."""
    return [each.name for found in churn.checks(file, changes, limits).values() for each in found if not each.passed]


def words(changes: list[Change], limits: Churn) -> list[str]:
    limited = churn.checks(FILE, changes, limits)
    kinds = [kind for kind, found in limited.items() if not all(each.passed for each in found)]
    return churn.sentences(ROSTERS, FILE, changes, kinds)


def school(number: str, before: int, drops: int = 0, adds: int = 0, changes: int = 0) -> Change:
    return Change(number, before, drops, adds, changes)


def test_columns_are_told_in_the_schools_order_whatever_order_the_rows_have() -> None:
    rows = [{"school": each, "had_0": 2, "have_0": 1} for each in (None, "0805", "0105", "0110")]
    found = churn.by_column(rows, Pair("deliveries.now", "deliveries.before", ("id",)))
    assert found == [Values(each, "id", had=2, have=1) for each in ("0105", "0110", "0805")]


def test_a_usual_day_passes() -> None:
    assert over([school("0105", 950, 4, 3, 40), school("0110", 800)], Churn()) == []


def test_what_would_happen_is_told_in_counts_and_by_school() -> None:
    changes = [school("0105", 950, 398), school("0110", 3063, 14, 2)]
    assert words(changes, Churn()) == [
        "Clever would delete 412 of 4,013 students: 398 at school 0105, 14 at school 0110"
    ]
    assert over(changes, Churn()) == [
        "share of the last students that are gone (412 of 4,013)",
        "schools of whose students more than 15% are gone",
    ]


def test_five_schools_are_named() -> None:
    (told,) = words([school(f"010{number}", 100, 10 + number) for number in range(8)], Churn())
    assert told == (
        "Clever would delete 108 of 800 students: 17 at school 0107, 16 at school 0106, 15 at school 0105, "
        "14 at school 0104, 13 at school 0103, 33 at 3 other schools"
    )


def test_one_school_is_enough() -> None:
    changes = [school("0105", 100, 16), school("0110", 3900)]
    assert over(changes, Churn()) == ["schools of whose students more than 15% are gone"]
    assert over([school("0105", 100, 15), school("0110", 3900)], Churn()) == []


def test_a_whole_school_is_never_right() -> None:
    changes = [school("0105", 40, 40), school("0110", 3960)]
    assert over(changes, Churn(school_drops=0.99)) == [
        "schools of whose students more than 99% are gone",
        "schools whose students are all gone",
    ]


def test_a_few_are_always_right() -> None:
    assert over([school("0805", 8, 5, 5)], Churn()) == []
    assert over([school("0805", 8, 6)], Churn()) == [
        "share of the last students that are gone (6 of 8)",
        "schools of whose students more than 15% are gone",
    ]
    assert over([school("0805", 8, 1)], SCHOOLS) != []


def test_what_was_empty_may_grow() -> None:
    assert over([school("", 0, adds=40)], Churn()) == []


@pytest.mark.parametrize(
    ("before", "adds", "limits", "passes"),
    [
        (0, 50, Churn(), True),
        (0, 51, Churn(), False),
        (0, 4000, Churn(), False),
        (0, 4000, Churn(adds=ANY), False),
        (0, 4000, Churn(adds=ANY, from_nothing=ANY), True),
        (0, 7, Churn(from_nothing=7), True),
        (0, 8, Churn(from_nothing=7), False),
        (0, 1, Churn(from_nothing=0), False),
        (0, 0, Churn(from_nothing=0), True),
        (1, 6, Churn(), False),
        (1, 5, Churn(), True),
    ],
)
def test_a_file_that_held_none_has_a_limit_of_its_own(before: int, adds: int, limits: Churn, passes: bool) -> None:
    """A share of nothing says nothing, and 4,000 rows from nothing are no usual morning."""
    changes = [school("0105", before, adds=adds)]
    assert (over(changes, limits) == []) is passes
    if not before and not passes:
        assert over(changes, limits) == ["students that are added where none were"]
        assert words(changes, limits)[0] == f"{adds:,} students would be added to 0: {adds:,} at school 0105"


@pytest.mark.parametrize(("changes", "passes"), [(250, True), (251, False), (1000, False)])
def test_not_all_rows_change_in_a_night(changes: int, passes: bool) -> None:
    """The share is of those that are there in both: who has gone cannot differ."""
    assert (over([school("0105", 1020, drops=20, changes=changes)], Churn()) == []) is passes


def test_a_few_changes_are_always_right() -> None:
    assert over([school("0805", 8, changes=5)], Churn()) == []
    assert over([school("0805", 8, changes=6)], Churn()) == ["share of the last students that differ (6 of 8)"]


def test_more_than_is_believed() -> None:
    changes = [school("0105", 1000, adds=120, changes=700)]
    assert words(changes, Churn(changes=0.5)) == [
        "120 students would be added to 1,000: 120 at school 0105",
        "700 of 1,000 students would change: 700 at school 0105",
    ]


def test_in_a_window_all_may_be_others_but_not_fewer() -> None:
    window = TERMS.teaching.on(dt.date(2027, 1, 6))
    assert over([school("0105", 1000, 1000, 950)], window) == []
    assert over([school("0105", 1000, 1000, 600)], window) == ["share by which students become fewer (400 of 1,000)"]
    assert over([school("0105", 1000, 1000, 950)], TERMS.teaching.on(DAY)) != []


@pytest.mark.parametrize(
    ("day", "holds"),
    [((12, 19), False), ((12, 20), True), ((12, 31), True), ((1, 1), True), ((1, 5), True), ((1, 6), False)],
)
def test_a_window_may_hold_a_new_year_s_night(day: tuple[int, int], holds: bool) -> None:
    assert Window((12, 20), (1, 5), Churn()).holds(dt.date(2026, *day)) is holds


@pytest.mark.parametrize("year", [2025, 2026, 2031])
@pytest.mark.parametrize(
    ("limits", "day", "drops"),
    [
        (TERMS.people, (8, 7), 0.05),
        (TERMS.people, (8, 8), 0.2),
        (TERMS.people, (8, 21), 0.2),
        (TERMS.people, (8, 22), 0.05),
        (TERMS.people, (1, 8), 0.05),
        (TERMS.people, (5, 15), 0.05),
        (TERMS.teaching, (1, 1), 0.05),
        (TERMS.teaching, (1, 2), ANY),
        (TERMS.teaching, (1, 14), ANY),
        (TERMS.teaching, (1, 15), 0.05),
        (TERMS.teaching, (5, 15), 0.05),
        (TERMS.teaching, (8, 7), 0.05),
        (TERMS.teaching, (8, 8), ANY),
        (TERMS.teaching, (8, 21), ANY),
        (TERMS.teaching, (8, 22), 0.05),
        (TERMS.teaching, (12, 31), 0.05),
    ],
)
def test_windows_hold_every_year_and_outside_the_usual_limits(
    limits: Churn, day: tuple[int, int], drops: float, year: int
) -> None:
    assert limits.on(dt.date(year, *day)).drops == drops


def test_the_first_window_that_holds_is_of_the_date() -> None:
    first, second = Churn(drops=0.3), Churn(drops=0.4)
    limits = Churn(windows=(Window((8, 1), (8, 10), first), Window((8, 5), (8, 20), second)))
    assert [limits.on(dt.date(2026, 8, day)) for day in (4, 5, 10, 11, 20)] == [first, first, first, second, second]
    assert limits.on(dt.date(2026, 8, 21)) is limits
    assert Churn(drops=ANY).on(DAY).drops == ANY


def test_rows_of_one_school_are_added_up() -> None:
    """Two schools whose number is none have one form."""
    found = [school("'aaa'", 10, 2, 1), school("0105", 4), school("'aaa'", 5, 0, 3)]
    assert churn.rows(found) == {"'aaa'": Rows(15, 17), "0105": Rows(4, 4)}


def test_of_nothing_nothing_is_gone() -> None:
    found = churn.checks(FILE, [school("0105", 0, adds=40)], Churn())
    assert [each.found for each in (*found["drops"], *found["changes"])] == [0, 0, 0, 0, 0]


def test_a_file_without_schools_has_no_checks_of_schools() -> None:
    file = ViewFile("roster_files.Pupils", "pupils.csv", ("id",), called="students")
    found = churn.checks(file, [school("", 100, 90)], Churn())
    assert [each.name for each in found["drops"] if "schools" in each.name] == []
    assert churn.sentences(ROSTERS, file, [school("", 100, 90)], ["drops"]) == [
        "Clever would delete 90 of 100 students"
    ]
