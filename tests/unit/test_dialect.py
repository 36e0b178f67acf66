"""A file that quotes nothing: what goes in comes out by splitting, and what would not is refused without being shown.

How quoted files are written is among the properties of contracts.
"""

import io
import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import catalogue
from pipeline.catalogue import dialect
from pipeline.catalogue.dialect import Dialect
from pipeline.ground.errors import ConfigurationError

TABS = Dialect(delimiter="\t", quoting="none", header=False)

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r")
plain = st.lists(st.sampled_from(['"', "'", ",", "|", "\\", "é", "\x85", "\u2028"]) | st.text(letters, max_size=4)).map(
    "".join
)


def table(*columns: Sequence[str | None]) -> pa.Table:
    return pa.table([pa.array(column, pa.string()) for column in columns], [f"c{n}" for n in range(len(columns))])


def written(rows: pa.Table, how: Dialect = TABS) -> bytes:
    file = io.BytesIO()
    size = dialect.write_header(rows.column_names, file, how) + dialect.write(rows, file, how)
    assert size == len(file.getvalue())
    return file.getvalue()


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(plain, min_size=width, max_size=width), min_size=1)))
def test_splitting_reads_what_was_written(rows: list[list[str]]) -> None:
    text = written(table(*(list(column) for column in zip(*rows, strict=True)))).decode()
    assert [line.split("\t") for line in text.removesuffix("\n").split("\n")] == rows


def test_a_block_does_not_end_with_a_carriage_return_however_many_there_are(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_bytes(b"a,b\n1" + b"\r" * 1_000_000 + b"\n2,3\n")
    begun, blocks = time.process_time(), dialect.Blocks(file)
    first = blocks.read(1000)
    assert first == b"a,b\n1" + b"\r" * 1_000_000 + b"\n"
    assert blocks.read(1000) == b"2,3\n"
    assert blocks.read(1000) == b""
    assert time.process_time() - begun < 20  # seconds, and not minutes


def test_bytes_of_a_small_file() -> None:
    rows = table(["0004127", "0000009"], ['Ana "Annie" O\'Brien', "Smith, Jr."], [None, "Núñez"])
    assert written(rows).decode() == '0004127\tAna "Annie" O\'Brien\t\n0000009\tSmith, Jr.\tNúñez\n'


def test_no_rows_are_no_bytes() -> None:
    assert written(table([], [])) == b""


def test_names_of_columns_are_a_line_when_asked_for() -> None:
    assert written(table(["1"], ["2"]), Dialect("|", "none")) == b"c0|c1\n1|2\n"


@pytest.mark.parametrize("mark", ["\t", "\n", "\r", "\r\n"])
def test_a_value_that_would_be_two_is_refused(mark: str) -> None:
    file = io.BytesIO()
    with pytest.raises(ConfigurationError):
        dialect.write(table(["1", "2", "3"], [None, f"x{mark}y", ""]), file, TABS)
    assert file.getvalue() == b""


def test_refusal_names_the_column_and_shows_no_value() -> None:
    rows = table(["0004127", "0000009", "0000010"], ["Reading", "Doe\t7", f"{'Maeve' * 9} O'Brien\n2"])
    with pytest.raises(ConfigurationError) as refused:
        written(rows)
    assert refused.value.found == (
        r"column c1 holds the delimiter or a line end (values: 2; the first has the form 'aaa\t9')"
    )


def test_refusal_shows_the_mark_in_a_long_value() -> None:
    with pytest.raises(ConfigurationError) as refused:
        written(table([f"{'Maeve' * 9} O'Brien\n2"]))
    assert refused.value.found.endswith(r"""the first has the form "aaaa a'aaaaa\n9")""")


def test_another_delimiter_leaves_tabs_alone() -> None:
    assert written(table(["a\tb"], ["c"]), Dialect("|", "none", header=False)) == b"a\tb|c\n"


def test_marks_outside_a_slice_are_not_its_own() -> None:
    """A batch may be a part of longer columns, whose bytes are all there."""
    rows = table(["x\ty", "plain", "a\nb"]).to_batches()[0].slice(1, 1)
    file = io.BytesIO()
    assert dialect.write(rows, file, TABS) == 6
    assert file.getvalue() == b"plain\n"


def test_a_refused_value_may_lie_in_any_batch() -> None:
    values = [str(number) for number in itertools.chain(range(70_000), ["7\t7"])]
    with pytest.raises(ConfigurationError, match=r"values: 1; .*'9\\t9'"):
        written(table(values))


AUTOCOMM = Dialect(delimiter="\t", quoting="none", header=False, reserved='"')


@pytest.mark.parametrize("value", ['"', 'Ana "Annie" Doe', '5" tall', 'end"'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_the_reader_takes_for_its_own_is_refused_in_every_column(value: str, place: int) -> None:
    cells = ["1", "2", "3"]
    cells[place] = value
    with pytest.raises(ConfigurationError, match=f'column c{place} holds the delimiter, a line end or "'):
        written(table(*([cell] for cell in cells)), AUTOCOMM)


def test_files_for_the_sis_hold_no_quotation_mark() -> None:
    """One that stands alone can swallow a tab there."""
    named = [
        file for file in catalogue.deliveries()["powerschool_imports"].view_files if file.dialect.quoting == "none"
    ]
    assert len(named) > 4
    assert {file.dialect for file in named} == {AUTOCOMM}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize(("first", "many"), [(0, 3), (1, 2), (2, 1), (3, 0)])
def test_a_slice_has_bytes_of_its_own(first: int, many: int, kind: pa.DataType) -> None:
    """Or a file of many slices would be searched as often as it has slices."""
    values = ["Núñez", None, 'a"b']
    column = pa.array(values, kind).slice(first, many)
    assert dialect.text_of(column) == "".join(value or "" for value in values[first : first + many]).encode()


def test_the_bytes_that_are_searched_grow_with_the_file_and_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    of = dialect.text_of

    def counted(column: pa.Array) -> bytes:
        searched.append(len(of(column)))
        return of(column)

    monkeypatch.setattr(dialect, "text_of", counted)
    for rows in (65_536 * 2, 65_536 * 8):
        searched.clear()
        dialect.write(table(["0004127"] * rows), io.BytesIO(), TABS)
        assert sum(searched) == 7 * rows  # once for all marks: the tab, LF and CR
