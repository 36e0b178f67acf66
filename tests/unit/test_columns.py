"""What may become of single columns from one set to the next, and what is told of it. No warehouse is asked."""

import datetime as dt

import pytest

from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import ADDRESSES, ANY, ColumnChurn, Window
from pipeline.outbound import columns
from pipeline.outbound.columns import Last, Rows, Values
from pipeline.riverbend.terms import FALL, TERMS

DAY = dt.date(2026, 11, 23)
LOST = "columns of which values became blank"
CHANGED = "columns of which values changed"
AT_A_SCHOOL = "columns of which values became blank or changed at one school"
TIGHT = ColumnChurn(("DOB",), 0.05, 0.1, 0.15, 0.25, slack=5)


def file(*own: ColumnChurn, school: str = "school") -> ViewFile:
    return ViewFile(
        "roster_files.Pupils", "pupils.csv", ("id",), called="students", school=school, column_churn=own or (TIGHT,)
    )


def dob(school: str = "", had: int = 400, have: int | None = None, blanked: int = 0, changed: int = 0) -> Values:
    return Values(school, "DOB", had, had - blanked if have is None else have, blanked, changed)


def rows(*found: Values, now: int | None = None) -> dict[str, Rows]:
    """As many rows as had a value, at each school."""
    return {each.school: Rows(each.had, each.had if now is None else now) for each in found}


def over(*found: Values, of: ViewFile | None = None, date: dt.date = DAY, now: int | None = None) -> list[str]:
    """The checks that do not pass, without the columns' names."""
    beyond = columns.judged(of or file(), found, rows(*found, now=now), date)
    return [each.name.partition(" (")[0] for each in columns.checks(of or file(), beyond) if not each.passed]


@pytest.mark.parametrize(
    ("found", "failed"),
    [
        (dob(had=400, blanked=20), []),
        (dob(had=400, blanked=21), [LOST]),
        (dob(had=400, changed=40), []),
        (dob(had=400, changed=41), [CHANGED]),
        (dob(had=400, blanked=21, changed=41), [LOST, CHANGED]),
        (dob(had=40, blanked=5, changed=5), []),
        (dob(had=40, blanked=6), [LOST]),
        (dob(had=40, changed=6), [CHANGED]),
        (dob(had=0, have=400, changed=400), [CHANGED]),  # a column that fills
        (dob(had=100, have=400, changed=40), []),  # the share is of those that have a value, where these are more
        (dob(had=100, have=400, changed=41), [CHANGED]),
        (dob(had=400, have=0), [LOST]),  # all keys are others, and none has a value
        (dob(had=400, have=380), []),
        (dob(had=400, have=379), [LOST]),
        (dob(had=400, have=400, blanked=20), []),
        (dob(had=400, have=400, blanked=21), [LOST]),  # as many rows have got a value for the first time
    ],
)
def test_each_limit_is_met_exactly(found: Values, failed: list[str]) -> None:
    assert over(found, of=file(school="")) == failed


@pytest.mark.parametrize(
    ("found", "failed"),
    [
        (dob("0805", had=100, blanked=15), []),
        (dob("0805", had=100, blanked=16), [AT_A_SCHOOL]),
        (dob("0805", had=100, changed=25), []),
        (dob("0805", had=100, changed=26), [AT_A_SCHOOL]),
        (dob("0805", had=20, changed=5), []),
        (dob("0805", had=20, changed=6), [AT_A_SCHOOL]),
        (dob("0805", had=100, have=84), [AT_A_SCHOOL]),
    ],
)
def test_one_school_of_many_is_enough(found: Values, failed: list[str]) -> None:
    assert over(dob("0105", had=9000), found) == failed


def test_rows_that_go_and_come_are_no_blanks() -> None:
    assert over(dob(had=400, have=360), of=file(school=""), now=360) == []
    assert over(dob(had=400, have=400), of=file(school=""), now=800) == [LOST]


def test_a_column_that_most_rows_never_had_is_judged_by_those_that_had_it() -> None:
    found = Values("", "DOB", had=30, have=18, blanked=12)
    told = columns.judged(file(school=""), [found], {"": Rows(4000, 4000)}, DAY)
    assert [each.lost for each in told] == [True]


@pytest.mark.parametrize("most", ["blanked", "changes", "school_blanked", "school_changes"])
def test_any_is_no_limit(most: str) -> None:
    kind = {"blanked": "blanked", "changes": "changed"}[most.removeprefix("school_")]
    school = "0805" if most.startswith("school") else ""
    free = ColumnChurn(("DOB",), ANY, ANY, ANY, ANY)
    found = dob(school, **{kind: 400})
    assert over(found, of=file(free)) == []
    assert over(found) != []


def test_a_column_has_the_limits_of_the_first_row_that_names_it_and_of_the_day() -> None:
    in_fall = ColumnChurn(("Grade", "DOB"), changes=0, slack=0, windows=(Window(*FALL, ColumnChurn(changes=ANY)),))
    own = file(in_fall, ColumnChurn(("DOB",), changes=ANY), school="")
    assert over(dob(changed=1), of=own) == [CHANGED]
    assert over(dob(changed=400), of=own, date=dt.date(2026, 8, 8)) == []
    assert over(dob(changed=1), of=own, date=dt.date(2026, 8, 22)) == [CHANGED]
    other = Values("", "Name", had=400, have=400, changed=41)
    assert over(other, of=own) == [CHANGED]
    assert over(Values("", "Name", had=400, have=400, changed=40), of=own) == []


def test_addresses_are_limited_like_drops_and_grades_go_up_in_their_window_only() -> None:
    assert (ADDRESSES.changes, ADDRESSES.school_changes, ADDRESSES.slack) == (0.05, 0.15, 5)
    assert TERMS.grades.on(dt.date(2026, 8, 10)).changes == ANY
    assert TERMS.grades.on(dt.date(2026, 8, 10)).blanked <= 0.05, "none loses its grade"
    assert TERMS.grades.on(DAY).changes <= 0.1
    for first in (dt.date(2026, 8, 10), dt.date(2027, 1, 4)):
        assert (TERMS.dates.on(first).changes, TERMS.dates.on(first).school_changes) == (ANY, ANY)
        assert TERMS.dates.on(first).blanked <= 0.05
    assert TERMS.dates.on(DAY).changes <= 0.1


# ------------------------------------------------------------------------------------------------------------ words


def words(*found: Values, last: Last | None = None) -> list[str]:
    return list(columns.sentences(file(), columns.judged(file(), found, rows(*found), DAY), last))


def test_what_became_of_a_column_is_told_with_what_did_the_last_time() -> None:
    found = dob(had=400, blanked=213, changed=112)
    assert words(found, last=Last([], "yesterday")) == [
        "pupils.csv: DOB: 213 of 400 became blank, 112 changed; yesterday 0"
    ]
    before = [dob("0105", blanked=1, changed=2), dob("0110", changed=4), Values("", "Name", changed=9)]
    assert words(found, last=Last(before, "last time"))[0].endswith("112 changed; last time 7")
    assert words(dob(had=400, changed=112)) == ["pupils.csv: DOB: 112 of 400 changed"]
    assert words(dob(had=400, have=7)) == ["pupils.csv: DOB: 7 have a value, and 400 had one"]


def test_a_school_is_named_where_it_alone_is_over() -> None:
    found = (dob("0105", had=9000, changed=3), dob("0805", had=20, blanked=18))
    assert words(*found) == ["pupils.csv: DOB: 18 of 9,020 became blank, 3 changed: 18 at school 0805"]


def test_five_columns_are_named_and_those_come_first_of_which_most_is_gone() -> None:
    found = [Values("", f"column_{number}", 100, 100, changed=40 + number) for number in range(7)]
    told = words(*found)
    assert [each.split(": ")[1] for each in told[:5]] == ["column_6", "column_5", "column_4", "column_3", "column_2"]
    assert told[5:] == ["pupils.csv: so did 2 more columns"]
    (check,) = [each for each in columns.checks(file(), columns.judged(file(), found, rows(*found), DAY)) if each.found]
    assert check.name.startswith(f"{CHANGED} (column_6, column_5, ")
    assert (check.found, check.limit, check.passed) == (7, "0", False)
    alike = [Values("", name, 100, 100, changed=50) for name in ("b", "c", "a")]
    assert [each.split(": ")[1] for each in words(*alike)] == ["a", "b", "c"]
