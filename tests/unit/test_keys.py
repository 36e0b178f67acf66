"""Whether a key stands twice: always right, whatever the numbers are that tell it, and in little memory."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inbound import keys, reading
from pipeline.inbound.keys import Keys

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from("ab")
batches = st.lists(st.lists(st.tuples(texts, texts), max_size=8), max_size=6)
Rows = list[tuple[str, ...]]


def columns(batch: Rows) -> list[pa.Array]:
    return [pa.array(list(column), pa.string()) for column in zip(*batch, strict=True)]


def told(read: list[Rows], folder: Path) -> tuple[int, int] | None:
    """As the reading of a file tells it."""

    def again() -> Iterator[list[pa.Array]]:
        return (columns(batch) for batch in read if batch)

    with Keys(folder) as seen:
        for batch in again():
            seen.add(batch)
        return reading._twice(seen, again)


def looked_for(rows: Rows) -> tuple[int, int] | None:
    """The same, one row after the other."""
    before: dict[tuple[str, ...], int] = {}
    for number, key in enumerate(rows):
        if key in before:
            return before[key], number
        before[key] = number
    return None


@pytest.mark.parametrize("held", [0, 5, 1_000])
@given(read=batches)
def test_the_first_key_that_stood_before_is_told(
    tmp_path_factory: pytest.TempPathFactory, held: int, read: list[Rows]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "HELD", held)
        patch.setattr(keys, "_TABLE", held // 4)
        assert told(read, tmp_path_factory.getbasetemp()) == looked_for([row for batch in read for row in batch])


@pytest.mark.parametrize("held", [10, 100_000])
@pytest.mark.parametrize("rows", [[], [3, 20], [700, 699, 5_000, 4_000]])
def test_among_many_keys_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, rows: list[int]) -> None:
    """`rows` have the keys of rows before them."""
    monkeypatch.setattr(keys, "HELD", held)
    monkeypatch.setattr(keys, "_TABLE", 100)
    all_keys: Rows = [(f"{number * 7919}", "RSD") for number in range(6_000)]
    for row in rows:
        all_keys[row] = all_keys[row - 2]
    read = [all_keys[first : first + 500] for first in range(0, 6_000, 500)]
    assert told(read, tmp_path) == ((min(rows) - 2, min(rows)) if rows else None)


@given(read=batches)
def test_keys_that_have_one_number_by_chance_are_told_apart(
    tmp_path_factory: pytest.TempPathFactory, read: list[Rows]
) -> None:
    """The first two sets of numbers are such that all keys have one, and that keys of one beginning have one."""
    odd = keys._odd

    def poor(seed: int, place: int, turn: int) -> pa.Scalar:
        return pa.scalar(0, pa.uint64()) if seed < 1 or (seed < 2 and place) else odd(seed, place, turn)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_odd", poor)
        assert told(read, tmp_path_factory.getbasetemp()) == looked_for([row for batch in read for row in batch])


@given(st.lists(texts, min_size=1, unique=True), texts, st.integers(0, 3))
def test_a_key_has_one_number_whatever_stands_beside_it(some: list[str], other: str, seed: int) -> None:
    def of(values: list[str]) -> list[int]:
        return [int(number) for piece in keys.numbers(pa.array(values), seed) for number in piece.to_pylist()]

    alone = [number for text in some for number in of([text])]
    assert of([*some, other * 9])[: len(some)] == alone
    assert len(set(alone)) == len(some)


def test_long_keys_are_made_of_equal_length_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    some = ["x" * (number % 40) + str(number) for number in range(100)]
    whole = [*keys.numbers(pa.array(some), 0)]
    monkeypatch.setattr(keys, "_PADDED", 100)
    pieces = [*keys.numbers(pa.array(some), 0)]
    assert len(whole) == 1
    assert max(map(len, pieces)) == 2
    assert pa.concat_arrays(pieces).equals(whole[0])


def test_numbers_of_keys_that_look_alike_are_spread_over_all_shares() -> None:
    """Else one share would be the file."""
    alike = [f"RSD-2026-{number:010d}" for number in range(0, 1_000_000, 100)]
    numbers = [number.as_py() for number in next(iter(keys.numbers(pa.array(alike), 0)))]
    shares = [sum(number >> 56 == share for number in numbers) for share in range(256)]
    assert max(shares) < 3 * len(alike) / 256
    assert all(abs(later - before) > 1 << 20 for before, later in pairwise(sorted(numbers)[:100]))


def test_what_is_held_has_a_bound_and_the_rest_a_file_that_nobody_can_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "HELD", 1_000)
    held: list[int] = []
    with Keys(tmp_path) as seen:
        for first in range(0, 50_000, 100):
            seen.add([pa.array([str(number) for number in range(first, first + 100)])])
            held.append(sum(map(len, seen._held)))
        assert max(held) == 1_000
        assert [*tmp_path.iterdir()] == []
        assert of_ours(tmp_path)
        assert seen.twice() is None
    assert not of_ours(tmp_path)


def of_ours(folder: Path) -> list[str]:
    """The open files that lie there, whether or not they have a name."""
    opened = [os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()]
    return [name for name in opened if name.startswith(f"{folder}/")]
