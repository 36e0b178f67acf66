"""The table of what the real services take, and what is drawn from it."""

from pathlib import Path

import pytest

from pipeline.sandbox.latency import REAL, TABLE, Latency


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    return tmp_path / "data" / "latency"


def drawn(latency: Latency, kind: str) -> list[float]:
    return [latency.seconds(kind) for _ in range(200)]


@pytest.mark.parametrize("kind", TABLE)
def test_what_is_drawn_lies_in_the_table_and_comes_again_with_the_seed(switch: Path, kind: str) -> None:
    first, again, other = (Latency(switch, seed) for seed in (1, 1, 2))
    first.turn(REAL)
    seconds = drawn(first, kind)
    assert all(TABLE[kind].low <= each <= TABLE[kind].high for each in seconds)
    drawn(again, "call" if kind != "call" else "object")  # what else is asked for changes nothing
    assert drawn(again, kind) == seconds
    assert TABLE[kind].low == TABLE[kind].high or drawn(other, kind) != seconds


def test_the_switch_works_for_whoever_looks_at_it(switch: Path) -> None:
    thrown, server = Latency(switch, 1), Latency(switch, 1)
    assert not server.on and server.seconds("load") == 0
    thrown.turn(REAL)
    assert server.on and server.seconds("load") >= TABLE["load"].low
    thrown.turn("off")
    thrown.turn("off")
    assert not server.on and server.seconds("load") == 0


def test_each_span_says_where_it_comes_from() -> None:
    assert all(0 < span.low <= span.high and span.source for span in TABLE.values())
