"""What must hold of every file: nothing is changed on its way in, and nothing but ContractBroken comes of a bad one."""

import csv
import io
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.catalogue import dialect
from pipeline.catalogue.contract import Contract, column_name
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.schemas import Column
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import encoding, preparing
from pipeline.inbound.parts import Part

# All of Unicode but half surrogates, which no encoding writes, and what no text of a contract holds: control characters
# and the marks that turn text around.
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
letters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=TURNING)
awkward = st.sampled_from(["", " ", '"', '""', ",", "\t", "|", "\n", "\r", "\r\n", "a", "é", "\ufeff", "\u2028"])
values = st.lists(awkward, max_size=5).map("".join) | st.text(letters, max_size=8)
Rows = list[list[str]]


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(values, min_size=width, max_size=width), min_size=1, max_size=6))


dialects = st.builds(
    Dialect, st.sampled_from([",", "\t", "|", ";"]), st.sampled_from(["minimal", "all"]), st.booleans()
)


def titles(rows: Rows) -> list[str]:
    return [f"c{number}" for number in range(len(rows[0]))]


def written(rows: Rows, how: Dialect) -> bytes:
    file = io.BytesIO()
    size = dialect.write_header(titles(rows), file, how)
    size += dialect.write(pa.table([list(column) for column in zip(*rows, strict=True)], titles(rows)), file, how)
    assert size == len(file.getvalue())
    return file.getvalue()


def read(text: bytes, delimiter: str, codec: str = "utf-8") -> Rows:
    return list(csv.reader(io.StringIO(text.decode(codec), newline=""), delimiter=delimiter, strict=True))


@given(tables(), dialects)
def test_what_is_written_is_read_by_python(rows: Rows, how: Dialect) -> None:
    header = [titles(rows)] if how.header else []
    assert read(written(rows, how), how.delimiter) == header + rows


@given(tables(), dialects)
def test_quoting_is_as_asked_for(rows: Rows, how: Dialect) -> None:
    """Every value, or only those that need it; an empty one that is alone does, or its line would be blank."""

    def cell(value: str) -> str:
        needed = (not value and len(rows[0]) == 1) or any(mark in value for mark in ('"', "\n", "\r", how.delimiter))
        return '"' + value.replace('"', '""') + '"' if needed or how.quoting == "all" else value

    lines = [how.delimiter.join(map(cell, row)) for row in ([titles(rows)] if how.header else []) + rows]
    assert written(rows, how).decode() == "".join(f"{line}\n" for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@given(rows=tables(), how=dialects, codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_written_is_taken_by_a_contract(folder: Path, rows: Rows, how: Dialect, codec: str) -> None:
    """Bytes in any of our dialects and encodings, through a contract: the same values, in our own dialect."""
    how = Dialect(how.delimiter, how.quoting)
    text = written(rows, how).decode().encode(codec)
    (folder / "in.csv").write_bytes(text)
    terms = Contract(tuple(Column(name) for name in titles(rows)), delimiter=how.delimiter)
    done = preparing.prepare([Part("only", folder / "in.csv")], terms, folder / "out.csv")
    assert (done.rows, done.encodings) == (len(rows), {"only": codec})
    assert (folder / "out.csv").read_bytes() == written(rows, dialect.CSV)


@given(rows=tables())
def test_normalising_twice_changes_nothing(folder: Path, rows: Rows) -> None:
    terms = Contract(tuple(Column(name) for name in titles(rows)))
    (folder / "once.csv").write_bytes(written(rows, dialect.CSV))
    preparing.prepare([Part("only", folder / "once.csv")], terms, folder / "twice.csv")
    assert (folder / "twice.csv").read_bytes() == (folder / "once.csv").read_bytes()


# --------------------------------------------------------------------------------- fast and slow reading agree

PAIR = Contract((Column("id"), Column("name")), floor=0, last_line="open")
ONE = Contract((Column("id"),), floor=0, last_line="open")
# Pieces of which wrong files are made; the last are é in UTF-8, é in cp1252, a byte of neither, and NUL.
pieces = st.sampled_from(
    [b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"a", b" ", b"1,b\n", b'1,"b"\n', b"\xc3\xa9", b"\xe9", b"\x81", b"\0"]
)
heads = st.sampled_from(
    [b"id,name", b'"id","name"', b"name,id", b"id", b'id"', b"\xef\xbb\xbfid,name", b'\xef\xbb\xbf"id"', b""]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A small CSV with some pieces put in and some bytes taken out; now and then in UTF-16."""
    text = bytearray(draw(heads) + draw(st.sampled_from([b"\n", b"\r\n", b"\r", b""])))
    text += b"".join(draw(st.lists(pieces, max_size=10)))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        text[place : place + draw(st.integers(0, 2))] = draw(pieces)
    if draw(st.integers(0, 9)) == 0:
        return bytes(text).decode("latin-1").encode("utf-16")
    return bytes(text)


@given(text=damaged(), terms=st.sampled_from([PAIR, ONE]), block=st.sampled_from([48, 1 << 20]))
@example(b'id\n""1""11\r""', ONE, 1 << 20)
@example(b'id,name\n1,b"\n1,"b', PAIR, 1 << 20)
@example(b'id,name\r\n\n,"""""\r\tx\r\n\t\r\r\n"', PAIR, 48)
def test_a_file_is_read_as_python_reads_it_or_refused(folder: Path, text: bytes, terms: Contract, block: int) -> None:
    path = folder / "damaged.csv"
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK", block)
        try:
            done = preparing.prepare([Part("only", path)], terms, folder / "mended.csv")
        except ContractBroken as refusal:
            assert block < 1 << 20 or "Arrow" not in refusal.found  # the slow reading always knows why
            return
    header, *rows = read(text, ",", done.encodings["only"])
    order = [[column_name(title) for title in header].index(column.name) for column in terms.columns]
    kept = [[row[place] for place in order] for row in rows if row]
    assert read((folder / "mended.csv").read_bytes(), ",")[1:] == kept
    assert done.rows == len(kept)


# ------------------------------------------------------------------------------------------------ column names


@given(st.text(max_size=30))
@example("İ")
@example("1.5")
def test_column_name_is_legal_or_empty(header: str) -> None:
    """An empty name is no column of any contract (the catalogue's test), and so refused as unknown."""
    name = column_name(header)
    assert re.fullmatch(r"[a-z_][a-z0-9_]*|", name)
    assert not name.startswith(("_partition", "_table_", "_file_", "_row_timestamp", "__root__", "_colidentifier"))
    assert column_name(name) == name


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_column_name_does_not_depend_on_case_or_blanks_around(header: str) -> None:
    assert column_name(f"  {header.upper()} ") == column_name(header.lower())
