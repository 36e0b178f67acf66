"""What a contract lets in, and what it says of each file that it does not: file, line, column, found, expected."""

import codecs
import csv
import datetime as dt
import errno
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from pipeline.catalogue import contract, dialect, forms
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.ground.errors import ContractBroken, masked
from pipeline.inbound import encoding, keys, preparing
from pipeline.inbound.parts import Part, Prepared

PUPILS = Contract(
    columns=(
        Column("district", mode="REQUIRED"),
        Column("id", mode="REQUIRED"),
        Column("name"),
        Column("gpa", "NUMERIC"),
    ),
    key=("district", "id"),
    tag="district",
    ignored=("password",),
)
HEADER = "ID,Name,GPA\n"
# Values of our files; none of them may ever stand in a message.
SECRETS = ("4127", "Núñez", "O'Brien", "Zanzibar", "3.75")


@dataclass
class Desk:
    """Where files are laid before a contract, and where the normalised one comes out."""

    folder: Path
    contract: Contract = PUPILS
    parts: list[Part] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "out.csv"

    def lay(self, text: str | bytes, name: str = "RSD") -> None:
        path = self.folder / f"{name}_pupils.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.parts.append(Part(name, path))

    def prepare(self, *texts: str | bytes) -> Prepared:
        for text, name in zip(texts, ("RSD", "BLF"), strict=False):
            self.lay(text, name)
        return preparing.prepare(self.parts, self.contract, self.out)

    def rows(self, *texts: str | bytes) -> list[list[str]]:
        """What is normalised of these parts, without the header."""
        self.prepare(*texts)
        with self.out.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file, strict=True)
        assert header == [column.name for column in self.contract.columns]
        return rows

    def refusal(self, *texts: str | bytes) -> ContractBroken:
        """Why these parts are refused; what was prepared before is still there then."""
        self.out.write_text("the last good one")
        with pytest.raises(ContractBroken) as caught:
            self.prepare(*texts)
        assert self.out.read_text() == "the last good one"
        assert not [word for word in SECRETS if word in str(caught.value)]
        return caught.value


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --------------------------------------------------------------------------------------------- what is taken


def test_parts_are_stacked_by_column_name_and_tagged(desk: Desk) -> None:
    assert desk.rows(HEADER + "0004127,O'Brien,3.75\n", "GPA,ID,Name\n,0004127,Zanzibar\n") == [
        ["RSD", "0004127", "O'Brien", "3.75"],
        ["BLF", "0004127", "Zanzibar", ""],
    ]


def test_each_row_holds_the_morning_s_date_where_the_contract_names_a_column_for_it(desk: Desk) -> None:
    """It is not in the files; where it is, it is an unknown column."""
    desk.contract = replace(PUPILS, columns=(*PUPILS.columns, Column("as_of", "DATE", "REQUIRED")), dated="as_of")
    desk.lay(HEADER + "1,Ann,2\n2,Bo,\n")
    desk.lay(HEADER + "1,Cy,\n", "BLF")
    with pytest.raises(ValueError, match="no date for the column as_of"):
        preparing.prepare(desk.parts, desk.contract, desk.out)
    preparing.prepare(desk.parts, desk.contract, desk.out, as_of=dt.date(2026, 2, 28))
    assert [line.rpartition(",")[2] for line in desk.out.read_text().splitlines()] == ["as_of", *["2026-02-28"] * 3]
    desk.lay("ID,Name,GPA,as_of\n3,Di,,2026-01-01\n", "RSD")
    with pytest.raises(ContractBroken, match="unknown column as_of"):
        preparing.prepare(desk.parts[-1:], desk.contract, desk.out, as_of=dt.date(2026, 2, 28))


@pytest.mark.parametrize(
    "header",
    [
        "id,name,gpa",
        "ID,NAME,GPA",
        "Pupils.ID,Pupils.Name,Pupils.GPA",
        "[01]Pupils.ID,[01]Pupils.Name,[01]Pupils.GPA",
        ' Id ,"Name", gpa',
    ],
)
def test_headers_are_the_same_by_one_rule(desk: Desk, header: str) -> None:
    assert desk.rows(f"{header}\n1,Ann,2\n") == [["RSD", "1", "Ann", "2"]]


def test_ignored_column_is_dropped(desk: Desk) -> None:
    assert desk.rows("password,ID,Name,GPA\nZanzibar,1,Ann,\n") == [["RSD", "1", "Ann", ""]]
    assert "Zanzibar" not in desk.out.read_text()


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_encoding_is_found_recorded_and_made_utf8(desk: Desk, codec: str, found: str) -> None:
    bom = {"utf-16-be": codecs.BOM_UTF16_BE, "utf-16-le": codecs.BOM_UTF16_LE}.get(codec, b"")
    done = desk.prepare(bom + (HEADER + '1,"Núñez, €",\n2,Zoë,\n').encode(codec))
    assert done.encodings == {"RSD": found}
    assert desk.out.read_text() == 'district,id,name,gpa\nRSD,1,"Núñez, €",\nRSD,2,Zoë,\n'


def test_all_quoted_header_after_a_byte_order_mark(desk: Desk) -> None:
    assert desk.rows(codecs.BOM_UTF8 + b'"ID","Name","GPA"\n"1","Ann",""\n') == [["RSD", "1", "Ann", ""]]


def test_each_part_has_its_own_encoding(desk: Desk) -> None:
    done = desk.prepare((HEADER + "1,Núñez,\n").encode(), (HEADER + "1,Núñez,\n").encode("cp1252"))
    assert done.encodings == {"RSD": "utf-8", "BLF": "cp1252"}
    assert desk.out.read_text().count("Núñez") == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["ended", "open"])
def test_line_ends(desk: Desk, end: str, last: Literal["ended", "open"]) -> None:
    desk.contract = replace(PUPILS, last_line=last)
    text = end.join(["ID,Name,GPA", "1,Ann,", "2,Bo,"]) + (end if last == "ended" else "")
    assert desk.rows(text) == [["RSD", "1", "Ann", ""], ["RSD", "2", "Bo", ""]]


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ("1,Ann,\n2,,\n", False),
        ('1,"Ann, ""A""",\n', False),
        ('1,"Ann\nRay",\n', True),
        ('1,"Ann\rRay",\n', True),
        ('1,Ann,\n2,"\n",\n', True),
        ('1,"Ann\r\nRay",\n', True),
    ],
)
def test_it_is_told_whether_a_value_holds_a_line_end(desk: Desk, rows: str, holds: bool) -> None:
    assert desk.prepare(HEADER + rows).line_ends is holds


def test_a_line_end_of_one_block_is_told_of_the_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 40)
    others = [f"{number},Bo Ray,1.5\n" for number in range(2, 40)]
    assert desk.prepare(HEADER + '1,"Ann\nRay",\n' + "".join(others)).line_ends
    assert len(desk.out.read_text().splitlines()) == 41


def test_what_is_read_ahead_ends_with_the_file_that_cannot_be_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(encoding, "BLOCK", 40)
    monkeypatch.setattr(dialect, "write", full)
    before = threading.active_count()
    with pytest.raises(OSError, match="no space"):
        desk.prepare(HEADER + "".join(f"{number},Bo Ray,1.5\n" for number in range(40)))
    assert threading.active_count() == before
    assert not desk.out.exists()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_between_rows_are_in_no_value(desk: Desk, end: str) -> None:
    assert not desk.prepare(f"ID,Name,GPA\n1,Ann,\n\n2,{'Bo' * 40},\n".replace("\n", end)).line_ends


def test_blank_lines_are_passed_over(desk: Desk) -> None:
    assert len(desk.rows(HEADER + "\n1,Ann,\n\n\r\n2,Bo,\n\n")) == 2


@pytest.mark.parametrize(
    "value", ["a\nb", "a\r\nb", "\r", '"', 'a "b" c', "a,b", " a ", "'", "\u2028", "\ufeff", "NULL", "NA"]
)
def test_value_stays_as_it_is(desk: Desk, value: str) -> None:
    quoted = value.replace('"', '""')
    assert desk.rows(f'{HEADER}1,"{quoted}",\n') == [["RSD", "1", value, ""]]


@pytest.mark.parametrize("block", range(20, 32))
def test_quoted_line_end_across_arrows_blocks(desk: Desk, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow alone loses the line feed of a CRLF that stands across two of its blocks."""
    monkeypatch.setattr(encoding, "BLOCK", block)
    assert desk.rows(HEADER + '1,"a\r\n\r\nb",\r\n2,"c\r\nd",\r\n') == [
        ["RSD", "1", "a\r\n\r\nb", ""],
        ["RSD", "2", "c\r\nd", ""],
    ]


def test_tabs_and_no_key(desk: Desk) -> None:
    desk.contract = Contract(columns=(Column("id"), Column("name")), delimiter="\t")
    assert desk.rows('ID\tName\n1\t"a\tb"\n1\tc,d\n') == [["1", "a\tb"], ["1", "c,d"]]


def test_ids_keep_their_zeros_and_empty_is_not_null(desk: Desk) -> None:
    assert desk.rows(HEADER + '0004127,"",\n') == [["RSD", "0004127", "", ""]]


@pytest.mark.parametrize("rest", ["\n", "\n\n", "\r\n"])
def test_header_alone_is_enough_without_a_floor(desk: Desk, rest: str) -> None:
    desk.contract = replace(PUPILS, floor=0)
    done = desk.prepare("ID,Name,GPA" + rest, HEADER)
    assert (done.rows, desk.out.read_text()) == (0, "district,id,name,gpa\n")


def test_what_was_prepared_is_told(desk: Desk) -> None:
    done = desk.prepare(HEADER + "1,Ann,\n2,Bo,\n")
    assert done.rows == 2
    assert done.size == desk.out.stat().st_size
    assert done.sha256 == hashlib.sha256(desk.out.read_bytes()).hexdigest()


# -------------------------------------------------------------------------------------------- what is refused

GOOD = HEADER + "0004127,O'Brien,3.75\n"


@dataclass(frozen=True)
class Wrong:
    """A file, and what is said of it: `line` and `column` are those that an editor shows; 0 and '' for none."""

    name: str
    text: str | bytes
    line: int
    column: str
    found: str
    expected: str


COLUMNS = "the columns id, name, gpa"
WRONG = [
    Wrong("zero bytes", b"", 1, "", "an empty file", "a header line"),
    Wrong("only a byte order mark", codecs.BOM_UTF8, 1, "", "an empty first line", "a header line"),
    Wrong("header only", HEADER, 0, "", "0 rows", "at least 1 rows"),
    Wrong("blank lines only", HEADER + "\n\n", 0, "", "0 rows", "at least 1 rows"),
    Wrong("missing column", "ID,Name\n4127,Zanzibar\n", 1, "gpa", "no column gpa", COLUMNS),
    Wrong("extra column", "ID,Name,GPA,Nick\n4127,,,Zanzibar\n", 1, "nick", "the unknown column nick", COLUMNS),
    Wrong("renamed column", "ID,Name,Average\n4127,,\n", 1, "average", "column average", "missing: gpa: renamed?"),
    Wrong("column twice", "ID,Name,GPA,Name\n4127,,,\n", 1, "name", "the column name twice", "every column once"),
    Wrong("prefixed twin", "ID,Name,GPA,P.Name\n4127,,,\n", 1, "name", "the column name twice", "every column once"),
    Wrong("column with a digit", "ID,Name,GPA,Guardian1_Email\n4127,,,\n", 1, "Guardian1_Email",
          "the unknown column Guardian1_Email", COLUMNS),
    Wrong("mostly data", "ID,Zanz1bar,0004127\n4127,,\n", 1, "'aaaa9aaa'", "the unknown column 'aaaa9aaa'", COLUMNS),
    Wrong("empty header", "ID,Name,GPA,\n4127,,,\n", 1, "''", "the unknown column ''", COLUMNS),
    Wrong("header of no letter", "ID,Name,GPA,%\n4127,,,\n", 1, "pct", "the unknown column pct", COLUMNS),
    Wrong("no header", "4127,Zanzibar,3.75\n", 1, "", "a first line with none of the feed's columns", COLUMNS),
    Wrong("blank first line", "\n" + GOOD, 1, "", "an empty first line", "a header line and rows"),
    Wrong("preamble", "Report of Zanzibar\n" + GOOD, 1, "", "none of the feed's columns", COLUMNS),
    Wrong("other delimiter", "ID;Name;GPA\n4127;Zanzibar;\n", 1, "", "none of the feed's columns", COLUMNS),
    Wrong("line end in header", '"ID\n",Name,GPA\n4127,,\n', 1, "", "a line end inside the header", "one line"),
    Wrong("short row", GOOD + "2,Zanzibar\n", 3, "", "2 fields", "3 fields, as the header has"),
    Wrong("long row", GOOD + "2,Zanzibar,,\n", 3, "", "4 fields", "3 fields, as the header has"),
    Wrong("blank after CRLF", GOOD.replace("\n", "\r\n") + "\r\n2\r\n", 4, "", "1 fields", "3 fields"),
    Wrong("after CR alone", GOOD.replace("\n", "\r") + "2,Zanzibar\r", 3, "", "2 fields", "3 fields"),
    Wrong("after a quoted line end", GOOD + '2,"a\r\nb\nc",\n3,\n', 6, "", "2 fields", "3 fields"),
    Wrong("cut in a row", GOOD + "2,Zanz", 3, "", "2 fields", "3 fields"),
    Wrong("cut in a quoted value", GOOD + '2,"Zanzi\nbar', 3, "", "mark that is never closed", "begins and ends"),
    Wrong("cut behind a doubled mark", GOOD + '2,"Zanzi""', 3, "", "never closed", "begins and ends with one"),
    Wrong("cut in 300 kB", GOOD + '2,"' + "Zanzibar\n" * 33_000, 3, "", "never closed", "begins and ends with one"),
    Wrong("stray mark", GOOD + '2,Zanzibar 5" tall,\n', 3, "", "a quotation mark inside a value", 'doubled ("")'),
    Wrong("stray at the end", GOOD + '2,Zanzibar",\n3,Zanzibar",\n', 3, "", "mark inside a value", 'doubled ("")'),
    Wrong("stray in quotes", GOOD + '2,"Zan "zi" bar",\n', 3, "", "marks that do not match", "others doubled"),
    Wrong("two strays in quotes", GOOD + '2,"Zan""zi"b""ar",\n', 3, "", "marks that do not match", "others doubled"),
    Wrong("behind quotes", GOOD + '2,""Zanzibar"",\n', 3, "", "marks that do not match", "others doubled"),
    Wrong("unclosed", GOOD + '2,"Zanzibar,\n3,"b",\n', 3, "", "marks that do not match", "others doubled"),
    Wrong("mark in header", '"ID,Name,GPA\n' + "4127,,\n", 1, "", "mark that is never closed", "begins and ends"),
    Wrong("NUL", GOOD + "2,Zanzi\0bar,\n", 3, "", "a NUL", "UTF-8, UTF-16 with a byte order mark, or cp1252"),
    Wrong("cut at a value", GOOD + "2,Zanzi", 3, "", "2 fields", "3 fields, as the header has"),
    Wrong("cut in the last value", GOOD + "2,Bo,3", 3, "", "no line end after the last line", "probably cut"),
    Wrong("cut UTF-16 at a value", (GOOD + "2,Bo,3").encode("utf-16"), 3, "", "no line end", "probably cut"),
    Wrong("NUL after CR", (GOOD + "2,Zanzi\0bar,\n").replace("\n", "\r"), 3, "", "a NUL", "cp1252"),
    Wrong("stray after CRLF", (GOOD + '2,5" tall,\n').replace("\n", "\r\n"), 3, "", "inside a value", 'doubled ("")'),
    Wrong("NUL in UTF-16", (GOOD + "2,Zanzi\0bar,\n").encode("utf-16"), 3, "", "a NUL", "cp1252"),
    Wrong("UTF-16 without mark", GOOD.encode("utf-16-le"), 1, "", "a NUL", "with a byte order mark"),
    Wrong("cut UTF-16", (GOOD + "2,Zanzibar,").encode("utf-16") + b"a", 3, "", "byte 0x61", "UTF-16"),
    Wrong("no cp1252", GOOD.encode() + b"2,Zanzi\x81bar,\n", 3, "", "byte 0x81, which is neither UTF-8 nor cp1252", ""),
    Wrong("no value", GOOD + ",Zanzibar,\n", 3, "id", "no value", "a value in every row"),
    Wrong("no number", GOOD + "2,Zanzibar,A+\n", 3, "gpa", "the form 'a+'", "a number with at most 9 decimals"),
    Wrong("number with comma", GOOD + '2,Zanzibar,"3,75"\n', 3, "gpa", "the form '9,99'", "a number"),
    Wrong("duplicate key", GOOD + "2,,\n0004127,,\n", 4, "district + id", "key of line 2 (RSD) again", "once"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_refusal_says_where_and_why(desk: Desk, wrong: Wrong) -> None:
    refusal = desk.refusal(wrong.text)
    place = ["file RSD_pupils.csv (RSD)"]
    place += [f"line {wrong.line}"] if wrong.line else []
    place += [f"column {wrong.column}"] if wrong.column else []
    where, _, what = refusal.found.partition(": ")
    assert where == ", ".join(place)
    assert wrong.found in what
    assert wrong.expected in refusal.expected
    assert "quarantine" in refusal.next_step


def test_second_part_is_named(desk: Desk) -> None:
    assert "file BLF_pupils.csv (BLF), line 2: 1 fields" in desk.refusal(GOOD, HEADER + "1\n").found


def test_floor_holds_for_each_part(desk: Desk) -> None:
    desk.contract = replace(PUPILS, floor=2)
    refusal = desk.refusal(HEADER + "1,,\n2,,\n3,,\n", HEADER + "1,,\n")
    assert refusal.found == "file BLF_pupils.csv (BLF): 1 rows"
    assert refusal.expected == "at least 2 rows (the floor of this feed)"


def test_floor_itself_is_enough(desk: Desk) -> None:
    desk.contract = replace(PUPILS, floor=2)
    assert len(desk.rows(HEADER + "1,,\n2,,\n")) == 2


def test_key_occurs_once_across_parts(desk: Desk) -> None:
    desk.contract = Contract(columns=(Column("id"), Column("name"), Column("gpa")), key=("id",))
    found = desk.refusal(HEADER + "1,,\n2,,\n", HEADER + "3,,\n2,,\n").found
    assert found == "file BLF_pupils.csv (BLF), line 3, column id: the key of line 3 (RSD) again"


def test_key_is_the_values_together(desk: Desk) -> None:
    desk.contract = Contract(columns=(Column("id"), Column("name"), Column("gpa")), key=("id", "name"))
    assert len(desk.rows(HEADER + "1,a,\n1,b,\n11,,\n1,1,\n")) == 4


KINDS: dict[str, tuple[list[str], list[str], str]] = {
    "INTEGER": (
        ["0", "-12", "007"],
        ["1.5", "x", "1e3", "99999999999999999999", "0x1F", "+1", " 1", "1_000", "\uff11"],
        "a whole number",
    ),
    "FLOAT": (
        ["0", "-1.5", "007.50"],
        ["x", "1,5", "--1", "1e5", "1E-3", ".5", "5.", "+1", "nan", "inf", "0x1p3", "1 "],
        "a number, as 0.5 or -12",
    ),
    "NUMERIC": (
        ["0", "-1.5", "0.123456789"],
        ["x", "0.1234567891", "1" * 40, "1e5", ".5", "5.", "+1", "0x1F"],
        "a number with at most 9 decimals, as 0.5 or -12",
    ),
    "DATE": (
        ["2026-11-23", "0001-01-01"],
        ["11/23/2026", "2026-02-30", "20261123x", "0000-01-01", "12026-01-01", "2026-1-5"],
        "a date as yyyy-mm-dd",
    ),
    "TIMESTAMP": (
        ["2026-11-23 05:00:00", "2026-11-23T05:00:00.25", "2026-11-23"],
        ["2026-11-23 25:00:00", "5 am", "2026-11-23 05:00", "2026-11-23 5:00:00", "2026-11-23 05:00:00Z"],
        "a time as yyyy-mm-dd hh:mm:ss",
    ),
    "BOOLEAN": (["true", "False", "1", "0"], ["yes", "2"], "true, false, 1 or 0"),
    "STRING": (["anything", "1"], [], ""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_types(desk: Desk, kind: str) -> None:
    good, bad, expected = KINDS[kind]
    desk.contract = Contract(columns=(Column("id"), Column("v", kind)))
    assert [row[1] for row in desk.rows("".join(["id,v\n", *(f"1,{value}\n" for value in [*good, ""])]))] == [*good, ""]
    for value in bad:
        desk.parts.clear()
        refusal = desk.refusal(f'id,v\n1,{good[0]}\n2,"{value}"\n')
        assert refusal.found.startswith("file RSD_pupils.csv (RSD), line 3, column v: the form ")
        assert refusal.expected == expected
        assert refusal.found.endswith(masked(value))


LAST = (Column("c0"), Column("c1"), Column("c2"))
LAST_WRONG: dict[str, tuple[Column, str, str]] = {
    "no value": (Column("c2", mode="REQUIRED"), "", "no value"),
    "a number": (Column("c2", "INTEGER"), "x", "the form 'a'"),
    "too long": (Column("c2", max_length=3), "abcd", "4 characters"),
    "a control character": (Column("c2"), "a\x07", "a control character"),
    "a date": (Column("c2", form=forms.parsed("date %m/%d/%Y")), "31/12/2026", "the form '99/99/9999'"),
}


@pytest.mark.parametrize("wrong", LAST_WRONG)
@pytest.mark.parametrize("rows", [1, 2, 400])
def test_the_last_value_of_the_last_row_and_column_counts(desk: Desk, wrong: str, rows: int) -> None:
    column, value, found = LAST_WRONG[wrong]
    desk.contract = Contract((*LAST[:2], column))
    good = {"a number": "1", "a date": "12/31/2026"}.get(wrong, "abc")
    lines = ["c0,c1,c2", *[f"1,2,{good}"] * (rows - 1)]
    assert len(desk.rows("\n".join([*lines, f"1,2,{good}"]) + "\n")) == rows
    desk.parts.clear()
    refusal = desk.refusal("\n".join([*lines, f"1,2,{value}"]) + "\n")
    assert refusal.found.startswith(f"file RSD_pupils.csv (RSD), line {rows + 1}, column c2: {found}")


@pytest.mark.parametrize(("floor", "passes"), [(2, True), (3, True), (4, False)])
def test_the_floor_is_met_at_its_exact_number(desk: Desk, floor: int, *, passes: bool) -> None:
    desk.contract = replace(PUPILS, floor=floor)
    text = HEADER + "1,,\n2,,\n3,,\n"
    assert len(desk.rows(text)) == 3 if passes else desk.refusal(text)


@pytest.mark.parametrize("rows", [2, 3, 500])
def test_the_last_row_may_be_the_one_whose_key_stood_before(desk: Desk, rows: int) -> None:
    text = HEADER + "".join(f"{number},,\n" for number in range(1, rows)) + "1,,\n"
    found = desk.refusal(text).found
    assert found.endswith(f"line {rows + 1}, column district + id: the key of line 2 (RSD) again")


def test_the_first_repetition_is_told_of_several(desk: Desk) -> None:
    found = desk.refusal(HEADER + '1,,\n\n2,"a\nb",\n3,,\n2,,\n1,,\n', HEADER + "1,,\n").found
    assert found.endswith("line 7, column district + id: the key of line 4 (RSD) again")


@pytest.mark.parametrize("held", [0, 3, 1_000])
def test_a_key_that_stood_before_is_told_the_same_when_keys_have_no_place_in_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    """Over blocks and parts; nothing is left on disk."""
    monkeypatch.setattr(keys, "HELD", held)
    monkeypatch.setattr(encoding, "BLOCK", 200)
    desk.contract = replace(PUPILS, key=("id",))
    one, other = (HEADER + "".join(f"{number},,\n" for number in range(first, first + 200)) for first in (100, 300))
    assert len(desk.rows(one, other)) == 400
    desk.parts.clear()
    found = desk.refusal(one, other + '"150",,\n301,,\n').found
    assert found == "file BLF_pupils.csv (BLF), line 202, column id: the key of line 52 (RSD) again"
    assert {path.name for path in desk.folder.iterdir()} == {"BLF_pupils.csv", "RSD_pupils.csv", "out.csv"}


def test_a_row_larger_than_a_block_is_refused_in_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 64)
    assert (
        "a row of more than 1 MB"
        in desk.refusal(HEADER + "".join(f"{n},a,\n" for n in range(9)) + f"10,{'Zanzibar' * 50},\n").found
    )


@pytest.mark.parametrize("block", [16, 32, 64])
def test_a_never_closed_mark_is_noticed_long_before_the_end(
    desk: Desk, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "BLOCK", block)
    assert "line 2: a quotation mark that is never closed" in desk.refusal(HEADER + '1,"' + "Zanzibar\n" * 100).found


def test_a_kept_contract_takes_the_place_of_what_was_there(desk: Desk) -> None:
    desk.out.write_text("the last good one")
    assert desk.rows(GOOD)
    assert not list(desk.folder.glob(".*.part"))


def test_fingerprint_changes_with_every_term() -> None:
    changes: list[Callable[[Contract], Contract]] = [
        lambda c: replace(c, columns=c.columns[:-1]),
        lambda c: replace(c, columns=(*c.columns[:-1], Column("gpa", "FLOAT"))),
        lambda c: replace(c, columns=(*c.columns[:-1], Column("gpa", "NUMERIC", "REQUIRED"))),
        lambda c: replace(c, key=("id",)),
        lambda c: replace(c, floor=2),
        lambda c: replace(c, delimiter="\t"),
        lambda c: replace(c, tag=""),
        lambda c: replace(c, dated="day"),
        lambda c: replace(c, ignored=()),
    ]
    assert len({PUPILS.fingerprint, *(change(PUPILS).fingerprint for change in changes)}) == len(changes) + 1
    described = replace(PUPILS, columns=(*PUPILS.columns[:-1], Column("gpa", "NUMERIC", description="Average.")))
    assert described.fingerprint == PUPILS.fingerprint


# ----------------------------------------------------------------------------------------------- column names


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("ID", "id"),
        ("CC.ID", "id"),
        ("[01]CC.Course_Number", "course_number"),
        ("Student ID", "student_id"),
        ("% Score", "pct_score"),
        ("Section #", "section_number"),
        ("  Last   Name ", "last_name"),
        ("ESL/LEP?", "esl_lep"),
        ("504 Plan", "_504_plan"),
        ("St. Name", "st_name"),
        ("Año", "a_o"),
        ("\ufeffID", "id"),
        ("", ""),
        ("学校", ""),
        ("...", ""),
    ],
)
def test_column_name(header: str, name: str) -> None:
    assert contract.column_name(header) == name
