"""Which part of which table shows why sets are on hold: the one that is farthest from its usual rows."""

import datetime as dt
from collections.abc import Collection

import pytest

from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import history
from pipeline.outbound.history import Name, Usual
from pipeline.run import unusual
from pipeline.run.unusual import Count

MONDAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("rows", "low", "high", "named"),
    [
        (310, 409, 414, True),
        (388, 409, 414, True),
        (389, 409, 414, False),
        (411, 409, 414, False),
        (600, 409, 414, False),
        (622, 409, 414, True),
        (0, 1, 1, True),
        (0, 0, 0, False),
        (1, 0, 0, True),
    ],
)
def test_a_part_is_named_when_it_has_fewer_rows_than_usual_or_many_more(
    rows: int, low: int, high: int, *, named: bool
) -> None:
    assert (Count("students", "RSD", rows, Usual(low, high, 10)).beyond >= 1) == named


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> dict[Name, Usual]:
    """Two tables have fewer rows than usual, of one part each; what is usual can be changed."""
    usual: dict[Name, Usual] = {
        ("students", "RSD"): Usual(409, 414, 10),
        ("students", "BLF"): Usual(40, 40, 10),
        ("cc", "RSD"): Usual(2000, 2100, 10),
    }

    def asked(names: Collection[Name], date: dt.date) -> dict[Name, Usual]:
        return {name: found for name, found in usual.items() if name in names}

    monkeypatch.setattr(history, "usual", asked)
    rows = {"students": {"RSD": 310, "BLF": 40}, "cc": {"RSD": 1800}, "teachers": {"RSD": 1}}
    for name, parts in rows.items():
        manifest = {"part_rows": parts, "rows": sum(parts.values())}
        monkeypatch.setitem(PREPARED, name, manifest)
    monkeypatch.setattr(PreparedTarget, "manifest", lambda self: PREPARED.get(self.feed.name))
    return usual


PREPARED: dict[str, dict[str, object]] = {}


def test_the_part_that_is_farthest_from_its_usual_rows_is_told_of_each_set_that_is_made_of_it(
    today: dict[Name, Usual],
) -> None:
    told = unusual.farthest(["clever_rosters", "savvas_rosters", "otus_scores"], MONDAY)
    short = "students RSD 310, usually 409–414"  # noqa: RUF001
    assert {name: f"{count}" for name, count in told.items()} == {"clever_rosters": short, "savvas_rosters": short}


def test_nothing_is_told_where_all_is_usual_or_nobody_knows_what_is(today: dict[Name, Usual]) -> None:
    today[("students", "RSD")], today[("cc", "RSD")] = Usual(300, 320, 3), Usual(1700, 1900, 3)
    assert unusual.farthest(["clever_rosters"], MONDAY) == {}
    today.clear()
    assert unusual.farthest(["clever_rosters"], MONDAY) == {}


def test_an_older_engine_s_manifest_says_nothing_of_parts(
    today: dict[Name, Usual], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PREPARED, "students", {"rows": 350})
    (count,) = unusual.farthest(["clever_rosters"], MONDAY).values()
    assert f"{count}" == "cc RSD 1,800, usually 2,000–2,100"  # noqa: RUF001
