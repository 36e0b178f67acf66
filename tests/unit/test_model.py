"""The benchmark's model: the waits of a morning, and nothing else."""

import datetime as dt

import pytest

from bench import model
from pipeline.morning import Morning
from pipeline.sandbox.latency import TABLE, Span

ROOT = Morning(date=dt.date(2025, 11, 17))


def test_one_seed_is_one_morning_and_more_workers_wait_beside_each_other() -> None:
    """With a worker for each task, it is the longest way: a load, then a question each to freeze, check and enter."""
    many, few = model.morning(ROOT, 99), model.morning(ROOT, 2)
    assert model.morning(ROOT, 99) == many
    assert few > 3 * many
    assert many > TABLE["load"].high + 5 * TABLE["query"].low


@pytest.mark.parametrize("kind", ["load", "query", "login"])
def test_each_wait_counts(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    before, was = model.morning(ROOT, 32), TABLE[kind].high
    monkeypatch.setitem(TABLE, kind, Span(20, 20, "a test"))
    assert model.morning(ROOT, 32) >= before + 20 - was


def test_without_waits_it_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in TABLE:
        monkeypatch.setitem(TABLE, kind, Span(0, 0, "a test"))
    assert model.morning(ROOT, 4) == model.nothing_to_do(ROOT) == 0


def test_with_nothing_to_do_the_slowest_look_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "login", Span(7, 7, "a test"))
    monkeypatch.setitem(TABLE, "round trip", Span(1, 1, "a test"))
    assert model.nothing_to_do(ROOT) == 10
