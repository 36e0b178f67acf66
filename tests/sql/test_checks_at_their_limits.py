"""Each kind of check with what breaks it in its last column, and at its exact limit."""

import pytest

from pipeline.catalogue.conditions import add_up, different, in_order, in_school_year, says_something
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import (
    DIGITS,
    MONTH_FIRST,
    YEAR_FIRST,
    Agreeing,
    Allowed,
    Alone,
    Apart,
    Longest,
    Mapped,
    Personal,
    Reference,
    Same,
    Written,
)
from pipeline.outbound import checks
from pipeline.riverbend.terms import TERMS

from .duck import Duck, translated

LAST = ViewFile(
    "own_rosters.Last",
    "last.csv",
    key=("ka", "kb"),
    required=("ka", "kb"),
    floor=4,
    called="students",
    references=(Reference(("fa", "fb"), "others.csv", ("ka", "kb"), also=("fc",), tolerated=0.25),),
    allowed=(Allowed(("aa", "ab"), ("Y", "N"), tolerated=0.25),),
    written=(Written(("wa", "wb"), MONTH_FIRST), Written(("da", "db"), DIGITS, tolerated=0.5)),
    longest=(Longest(("la", "lb"), 3),),
    personal=(Personal(("ta", "tb")), Personal(("ua", "ub"), tolerated=1)),
    same=(
        Same("deliveries.staff", "number", ("name", "mail")),
        Same("deliveries.staff", "number", ("mail",), among=("status", "2"), tolerated=1),
    ),
    mapped=(
        Mapped("deliveries.coded", "lunch", ("F", "it's")),
        Mapped("deliveries.coded", "status", ("E",), tolerated=1),
    ),
    apart=(Apart("xa", "others.csv", "xb"), Apart("xc", "others.csv", "xb", unless=("xd", "kb"))),
    agreeing=(Agreeing("ka", ("ga", "gb")),),
    alone=(Alone("ka", ("ca", "cb")),),
    one=("oa", "ob"),
    conditions=(
        in_order("ba", "bb", MONTH_FIRST),
        in_school_year("ya", "yb", YEAR_FIRST),
        add_up("sa", "sb", "sc"),
        says_something("na", "nb"),
        different("ea", "eb", "ec"),
    ),
)
GOOD = {
    **dict.fromkeys(["ka", "kb", "fa", "fb", "fc", "ga", "gb"], ""),
    **{"aa": "Y", "ab": "N", "wa": "02/29/2016", "wb": "12/31/2016", "da": "1", "db": "22", "la": "abc", "lb": "äöü"},
    **{
        "ta": "",
        "tb": "",
        "ua": "",
        "ub": "",
        "xa": "free",
        "xc": "",
        "xd": "",
        "ca": "call",
        "cb": "",
        "oa": "2026",
        "ob": "2026",
    },
    **{"ba": "08/03/2026", "bb": "08/03/2026", "ya": "2026-06-01", "yb": "2026", "sa": "3", "sb": "1.5", "sc": "1.5"},
    **{"na": "", "nb": "Y", "ea": "T1", "eb": "", "ec": "T2"},
}
FOUR = [{**GOOD, "ka": f"{number}", "kb": "k", "ta": f"t{number}", "tb": f"T{number}"} for number in range(4)]
TABLES = {"last.csv": "rosters.last", "others.csv": "rosters.others"}
STAFF, OTHERS = ("number", "name", "mail", "status"), ("ka", "kb", "xa", "xb")
QUERY = translated(checks.query(LAST, TABLES, tuple(GOOD)))
Rows = list[tuple[str | None, ...]]
Changed = dict[int, dict[str, str | None]]


duck = Duck()


def failing(changed: Changed, staff: Rows | None = None, count: int = 4, coded: Rows | None = None) -> list[str]:
    """The checks that do not pass of four good rows of which some are changed."""
    made = [{**FOUR[number % 4], **changed.get(number, {})} for number in range(count)]
    duck.put("rosters.last", GOOD, [tuple(row.values()) for row in made])
    duck.put("rosters.others", OTHERS, [("1", "x", "taken", "Taken"), ("", "y", "", "")])
    duck.put("deliveries.staff", STAFF, [*(staff or []), ("9", "Lee", "lee@example.org", "1")])
    duck.put("deliveries.coded", ("lunch", "status"), coded or [])
    found = duck.ask(QUERY)[0]
    return [each.name for each in checks.judged(LAST, TABLES, found).checks if not each.passed]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, ""),
        ({3: {"kb": None}}, "rows without kb"),
        ({3: {"ka": "0", "kb": "k", "ta": "t0", "tb": "T0"}}, "rows whose key (ka, kb) occurred before"),
        ({0: {"ab": "X"}}, ""),
        ({0: {"ab": "X"}, 3: {"ab": "y"}}, "rows whose ab is none of the allowed values"),
        ({3: {"wb": "02/30/2016"}}, "rows whose wb is not a day as MM/DD/YYYY"),
        ({3: {"wb": "12/31/20161"}}, "rows whose wb is not a day as MM/DD/YYYY"),
        ({3: {"wb": "x12/31/2016"}}, "rows whose wb is not a day as MM/DD/YYYY"),
        ({0: {"db": "1x"}, 3: {"db": "x1"}}, ""),
        ({0: {"db": "1x"}, 2: {"db": "1 "}, 3: {"db": "x1"}}, "rows whose db is not digits"),
        ({3: {"lb": "äöüß"}}, "rows whose lb is longer than 3"),
        ({3: {"fa": "1", "fb": "x"}, 0: {"fa": "1", "fc": "x"}}, ""),
        ({3: {"fa": "1", "fc": "y"}}, ""),  # one is tolerated
        ({3: {"fa": "1", "fc": "y"}, 2: {"fb": "x"}}, "fa, fb (or fc) that are not in others.csv"),
        ({3: {"tb": "t0"}}, "students whose tb another one has too"),
        ({3: {"ub": "U"}, 0: {"ub": "u"}}, ""),
        ({3: {"ub": "U"}, 0: {"ub": "u"}, 1: {"ub": "u"}}, "students whose ub another one has too"),
        ({3: {"xa": "TAKEN"}}, "rows whose xa is in others.csv too"),
        ({3: {"xc": "TAKEN", "xd": "z"}}, "rows whose xc is in others.csv too"),
        ({3: {"xc": "TAKEN", "xd": "X"}}, "rows whose xc is in others.csv too"),  # an id is told apart by its case
        ({3: {"xc": "TAKEN", "xd": "x"}, 2: {"xc": "free", "xd": "z"}}, ""),
        ({3: {"ka": "0", "kb": "m", "gb": "x"}}, "ka whose rows differ in ga, gb"),
        ({3: {"ka": "0", "kb": "m"}}, ""),
        ({3: {"ka": "0", "kb": "m", "ca": ""}}, "ka of several rows, one of them without ca, cb"),
        ({3: {"ka": "0", "kb": "m", "ca": "", "cb": "c"}}, ""),
        ({3: {"ca": ""}}, ""),
        ({3: {"ob": "2027"}}, "further values of ob"),
        ({3: {"bb": "08/02/2026"}}, "rows whose bb is before ba"),
        ({3: {"ya": "2026-05-31"}}, "rows whose ya is not in the yb"),
        ({3: {"ya": "2027-08-31"}}, ""),
        ({3: {"ya": "2027-09-01"}}, "rows whose ya is not in the yb"),
        ({3: {"ya": "2028-07-01"}}, "rows whose ya is not in the yb"),
        ({3: {"yb": "37000"}, **{row: {"yb": "37000"} for row in range(3)}}, "rows whose ya is not in the yb"),
        ({3: {"ya": "x"}}, ""),
        ({3: {"sc": "1.52"}}, "rows whose sa is not sb and sc together"),
        ({3: {"nb": "N"}}, "rows that say nothing in na, nb"),
        ({3: {"ec": "T1"}}, "rows that name the same in two of ea, eb, ec"),
        ({3: {"ec": "Zo\u00c3\u00ab"}}, "rows with text that was decoded wrongly before it came (Ã© for é, or U+FFFD)"),
    ],
)
def test_each_check_sees_its_last_column_and_holds_at_its_limit(changed: Changed, name: str) -> None:
    assert failing(changed) == ([name] if name else [])


def test_one_row_less_than_the_floor() -> None:
    assert failing({}, count=3) == ["rows"]


@pytest.mark.parametrize(
    ("staff", "failed"),
    [
        ([("1", "Lee", "a@example.org", "1"), ("1", "LEE", "", "1"), ("1", "lee", "A@example.org", "1")], []),
        (
            [("1", "Lee", "", "1"), ("1", "Moss", "", "1")],
            ["number of deliveries.staff whose rows differ in name, mail"],
        ),
        ([("", "Lee", "", "1"), ("", "Moss", "", "1")], []),
        (
            [("1", "Lee", "a@example.org", "1"), ("1", "Lee", "b@example.org", "1")],
            ["number of deliveries.staff whose rows differ in name, mail"],
        ),
        (
            [(key, "", mail, "2") for key in ("1", "2") for mail in ("a@example.org", "b@example.org")],
            [
                "number of deliveries.staff whose rows differ in name, mail",
                "number of deliveries.staff whose rows differ in mail",
            ],
        ),
    ],
)
def test_one_number_of_two_people_on_two_servers(staff: Rows, failed: list[str]) -> None:
    assert failing({}, staff) == failed


@pytest.mark.parametrize(
    ("coded", "unknown"),
    [
        ([("F", "E"), ("it's", None), ("", "")], []),
        ([("f", "E")], ["lunch"]),
        ([("F ", "E")], ["lunch"]),
        ([("F", "E"), ("Free", "E")], ["lunch"]),
        ([("F", "e")], []),  # one is tolerated
        ([("F", "e"), ("F", "X")], ["status"]),
        ([("X", "e"), ("F", "X")], ["lunch", "status"]),
    ],
)
def test_a_code_that_the_view_has_no_word_for(coded: Rows, unknown: list[str]) -> None:
    told = [f"rows of deliveries.coded whose {name} is a code that the view has no word for" for name in unknown]
    assert failing({}, coded=coded) == told


@pytest.mark.parametrize(
    ("same", "columns"),
    [
        (TERMS.same_staff, ("last_name", "email_addr", "sif_stateprid")),
        (TERMS.same_students, ("last_name", "student_email", "state_id")),
    ],
    ids=["staff", "students"],
)
def test_each_of_name_address_and_state_id_tells_two_people_apart(same: Same, columns: tuple[str, ...]) -> None:
    assert same.among
    head = (same.key, same.among[0], *columns)
    asked = translated(
        checks.query(ViewFile("v.v", "v.csv", ("ka",), same=(same,)), {"v.csv": "rosters.last"}, ("ka",))
    )
    duck.put("rosters.last", ("ka",), [])
    for column in ("", *columns):
        other = tuple("b" if name == column else "a" for name in columns)
        rows: Rows = [("7", same.among[1], *("a" for _ in columns)), ("7", same.among[1], *other)]
        duck.put(same.table, head, rows)
        assert duck.ask(asked)[0]["rule_0"] == bool(column), column
