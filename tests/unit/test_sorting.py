"""Rows in order, whatever of them has a place in memory."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.outbound import sorting

BY = ("b", "a")
# What Python and Arrow might order otherwise: beyond UTF-16's first plane, a prefix, nothing, a control character.
texts = st.sampled_from(["", "a", "aa", "a\x01", "B", "é", "\uffff", "\U0001f600"]) | st.text(max_size=6)
rows = st.lists(st.tuples(texts, texts), max_size=60)
Rows = list[tuple[str, str]]


def batches(some: Rows, size: int) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(some), size):
        left, right = zip(*some[first : first + size], strict=True)
        yield pa.record_batch([pa.array(left, pa.string()), pa.array(right, pa.string())], ["a", "b"])


def ordered(some: Rows, folder: Path, size: int = 7) -> Rows:
    pieces = sorting.in_order(batches(some, size), BY, folder)
    return [(row["a"], row["b"]) for piece in pieces for row in piece.to_pylist()]


def expected(some: Rows) -> Rows:
    return sorted(some, key=lambda row: (row[1].encode(), row[0].encode()))


@pytest.mark.parametrize("held", [0, 100, 700, 1 << 20])
@given(some=rows)
@example(some=[("a", "same")] * 60)
@example(some=[("a", str(number)) for number in range(60)])
@example(some=[("a", str(number)) for number in reversed(range(60))])
def test_rows_come_in_order_and_each_once(tmp_path_factory: pytest.TempPathFactory, held: int, some: Rows) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "HELD", held)
        patch.setattr(sorting, "_PIECE", 60)
        patch.setattr(sorting, "_LOOKED_AT", 5)
        assert ordered(some, tmp_path_factory.getbasetemp()) == expected(some)


def test_what_is_sorted_at_a_time_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice what is meant, at most: the cuts are guessed from some rows. No file is to be seen meanwhile."""
    monkeypatch.setattr(sorting, "HELD", 100_000)
    some = [(str(number * 7919 % 60_013), str(number % 3)) for number in range(60_000)]
    sizes = []
    for piece in sorting.in_order(batches(some, 500), BY, tmp_path):
        sizes.append(piece.nbytes)
        assert [*tmp_path.iterdir()] == []
    assert len(sizes) > 5
    assert max(sizes) < 2 * 100_000


def test_without_rows_there_is_one_piece_that_has_the_columns(tmp_path: Path) -> None:
    [piece] = sorting.in_order([], BY, tmp_path)
    assert (piece.num_rows, sorted(piece.column_names)) == (0, ["a", "b"])
