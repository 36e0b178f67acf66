"""What one set changes in the last one, counted by school and column: SQL of which each part decides something here."""

import pytest

from pipeline.catalogue.delivery import ViewFile
from pipeline.outbound import churn
from pipeline.outbound.churn import Change, Pair
from pipeline.outbound.columns import Values

from .duck import Duck, translated

HEAD = ("id", "contact", "school", "mail", "born")
BY_ROW = ViewFile("own_rosters.Pupils", "pupils.csv", ("id", "contact"), school="school")
BY_PERSON = ViewFile("own_rosters.Pupils", "pupils.csv", ("id", "contact"), school="school", people="id")
Rows = list[tuple[str | None, ...]]

duck = Duck()


def compared(file: ViewFile, before: Rows, now: Rows) -> tuple[list[Change], dict[tuple[str, str], Values]]:
    """The changes by school, and those of each column that has any."""
    pair = Pair("deliveries.now", "deliveries.before", HEAD)
    duck.put(pair.before, HEAD, before)
    duck.put(pair.now, HEAD, now)
    found = duck.ask(translated(churn.query("SELECT 1 AS one", file, pair)))
    told = {(each.school, each.column): each for each in churn.by_column(found, pair) if each.blanked or each.changed}
    return churn.by_school(found), told


ONE = ("1", "ma", "0105", "a@b.org", "2016")


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (ONE, None),
        (("1", "ma", "0105", None, "2016"), Values("0105", "mail", 2, 1, blanked=1)),
        (("1", "ma", "0105", "c@b.org", "2016"), Values("0105", "mail", 2, 2, changed=1)),
        (("1", "ma", "0105", "a@b.org", ""), Values("0105", "born", 1, 0, blanked=1)),
        (("1", "ma", "0105", "a@b.org", "2017"), Values("0105", "born", 1, 1, changed=1)),
        (("1", "ma", "0110", "a@b.org", "2016"), Values("0105", "school", 2, 2, changed=1)),
    ],
)
@pytest.mark.parametrize("file", [BY_ROW, BY_PERSON], ids=["by row", "by person"])
def test_one_value_of_one_row(file: ViewFile, later: tuple[str | None, ...], told: Values | None) -> None:
    """It stays with the school that had the row; a value that was none and is none is nothing."""
    other = ("2", "ma", "0105", "z@b.org", None)
    changes, columns = compared(file, [ONE, other], [later, other])
    assert changes == [Change("0105", 2, 0, 0, changes=int(told is not None))]
    assert list(columns.values()) == ([told] if told else [])


def test_a_first_value_is_a_change() -> None:
    _, columns = compared(BY_ROW, [("1", "ma", "0105", "", None)], [("1", "ma", "0105", "a@b.org", "2016")])
    assert columns == {("0105", name): Values("0105", name, 0, 1, 0, changed=1) for name in ("mail", "born")}


def test_rows_are_paired_by_the_whole_key_and_people_by_who_they_are() -> None:
    """One of two contacts goes, and another one comes: two rows, and one person who differs."""
    before: Rows = [ONE, ("1", "pa", "0110", "a@b.org", "2016")]
    now: Rows = [ONE, ("1", "aunt", "0101", "a@b.org", "2016")]
    assert compared(BY_ROW, before, now) == (
        [Change("0110", 1, 1, 0, 0), Change("0101", 0, 0, 1, 0), Change("0105", 1, 0, 0, 0)],
        {},
    )
    assert compared(BY_PERSON, before, now) == ([Change("0105", 1, 0, 0, changes=1)], {})


def test_who_goes_comes_or_stays_is_of_the_school_that_had_them_first() -> None:
    before: Rows = [("1", "ma", "0110", "", ""), ("1", "pa", "0105", "", ""), ("3", "ma", "0110", "", "")]
    now: Rows = [("1", "ma", "0101", "", ""), ("4", "ma", "0805", "", ""), ("4", "pa", "0801", "", "")]
    assert compared(BY_PERSON, before, now)[0] == [
        Change("0110", 1, 1, 0, 0),
        Change("0801", 0, 0, 1, 0),
        Change("0105", 1, 0, 0, changes=1),
    ]
