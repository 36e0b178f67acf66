"""What a value is: the fast reading and the slow one say the same of it, and Python's own tables agree."""

import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.catalogue import forms, values
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import preparing, reading
from pipeline.inbound.parts import Part, Prepared

ID, NEEDED, TEXT = Column("id", mode="REQUIRED"), Column("last_name", mode="REQUIRED"), Column("street")
TERMS = Contract((ID, NEEDED, TEXT), key=("id",))
STRICT: dict[str, values.Strictness] = {"id": "id", "last_name": "present", "street": "text"}

ODD = {
    "blanks at the end": "4127   ",
    "blank before": " 4127",
    "tab at the end": "4127\t",
    "NBSP at the end": "4127\u00a0",
    "ideographic space": "\u30004127",
    "line separator": "4127\u2028",
    "zero-width space": "41\u200b27",
    "zero-width space at an end": "4127\u200b",
    "byte order mark": "\ufeff4127",
    "word joiner": "41\u206027",
    "soft hyphen": "41\u00ad27",
    "right-to-left mark": "4127\u200f",
    "override": "41\u202e27",
    "isolate": "\u20664127\u2069",
    "Arabic letter mark": "41\u061c27",
    "joiner between digits": "41\u200d27",
    "non-joiner at an end": "4127\u200c",
    "Hangul filler": "\u31644127",
    "lost letter": "41\ufffd27",
    "control character": "41\x0727",
    "escape": "\x1b[31m4127",
    "C1 control": "41\x9227",
    "line end": "41\n27",
    "only a blank": " ",
    "only NBSP": "\u00a0\u00a0",
    "only zero-width": "\u200b",
    "NULL": "NULL",
    "null": "null",
    r"\N": r"\N",
    "(null)": "(null)",
    "None": "None",
    "NaN": "NaN",
    "#N/A": "#N/A",
    "long": "4" * 70_000,
}
# What people are called, and what they write in a field that is no id.
NAMES = [
    "O'Brien",
    "O\u2019Brien",
    "Núñez",
    "Nu\u0301n\u0303ez",
    "Åström-Øre",
    "Smith, Jr.",
    "De la Cruz",
    "D'Àvila y Muñoz",
    "Null",
    "Nan",
    "Noneman",
    "王小明",
    "محمد",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
    "क्\u200dष",
    "ශ්\u200dරී",
    "Nguyễn Văn Đức",
    "Łódź",
    "\u02bbOkina",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def prepared(folder: Path, row: dict[str, str], terms: Contract = TERMS) -> Prepared:
    """A file of one good row and this one, taken by the contract."""
    good = {"id": "1", "last_name": "Bo", "street": "a"}
    lines = [",".join(f'"{good[name]}"' for name in good), ",".join(f'"{(good | row)[name]}"' for name in good)]
    (folder / "in.csv").write_text("id,last_name,street\n" + "\n".join(lines) + "\n", newline="")
    return preparing.prepare([Part("RSD", folder / "in.csv")], terms, folder / "out.csv")


def refusal(folder: Path, row: dict[str, str], terms: Contract = TERMS) -> ContractBroken:
    with pytest.raises(ContractBroken) as caught:
        prepared(folder, row, terms)
    return caught.value


@pytest.mark.parametrize("column", ["id", "last_name"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_what_only_looks_present_is_refused_by_line_and_column(folder: Path, column: str, odd: str) -> None:
    found = refusal(folder, {"id": "2"} | {column: odd}).found
    assert found.startswith(f"file in.csv (RSD), line 3, column {column}: ")
    assert "4127" not in found


@pytest.mark.parametrize("inside", ["41 27", "41\u00a027", "Null", "NONE", "nan"])
def test_an_id_has_nothing_like_that_inside(folder: Path, inside: str) -> None:
    assert "line 3, column id" in refusal(folder, {"id": inside}).found


@pytest.mark.parametrize("form", ["id", "key of students"])
@pytest.mark.parametrize("mode", ["REQUIRED", "NULLABLE"])
@pytest.mark.parametrize("key", [True, False])
def test_what_is_called_an_id_is_looked_at_like_a_key(form: str, mode: str, key: bool) -> None:
    """Also where it may be empty: an exporter's NULL would make one contact of two."""
    column = Column("sis_id", mode=mode, form=forms.parsed(form), refers=forms.feed_of(form))
    how = values.strictness(column, key=key)
    for odd in ("NULL", "nULL", "n/a", "(Null)", "T\u28001", "T\ufe0f1", "41\ufffd27", " 1"):
        assert values.faulty(pa.array(["4127", odd]), column, how) is not None, odd
    assert (values.faulty(pa.array(["4127", ""]), column, how) is None) is (mode == "NULLABLE")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["last_name", "street"])
def test_names_of_people_are_taken(folder: Path, name: str, column: str) -> None:
    prepared(folder, {"id": "2", column: name})
    assert name in (folder / "out.csv").read_text()


@pytest.mark.parametrize(
    "odd", ["a\x07b", "\x1b[2J", "a\x9fb", "a\x7f", "a\u202eb", "\u200fa", "a\u2066b", "4" * 4_001]
)
def test_no_text_steers_a_terminal_or_turns_around_or_has_no_end(folder: Path, odd: str) -> None:
    assert "line 3, column street" in refusal(folder, {"id": "2", "street": odd}).found


@pytest.mark.parametrize("text", ["", " ", "two\nlines", "a\tb", "NULL", "a\u00a0b", "4" * 4_000])
def test_other_text_may_be_odd(folder: Path, text: str) -> None:
    prepared(folder, {"id": "2", "street": text})


def test_the_place_is_told_and_not_the_value(folder: Path) -> None:
    assert refusal(folder, {"id": "41\u200b27"}).found.endswith("not seen (U+200B, character 3 of 5)")
    joined = refusal(folder, {"id": "2", "last_name": "Zoe\u200dy"}).found
    assert joined.endswith("(U+200D, character 4 of 5)")


@pytest.mark.parametrize(("limit", "passes"), [(7, True), (6, False)])
def test_a_length_is_the_columns_own(folder: Path, limit: int, *, passes: bool) -> None:
    terms = Contract((ID, NEEDED, Column("street", max_length=limit)), key=("id",))
    if passes:
        prepared(folder, {"id": "2", "street": "Núñez 7"}, terms)
    else:
        assert "7 characters" in refusal(folder, {"id": "2", "street": "Núñez 7"}, terms).found


# ------------------------------------------------------------------------------------------------------------ trimmed


def trimming(*columns: str) -> Contract:
    return Contract((ID, NEEDED, TEXT), key=("id",), trimmed=columns)


@pytest.mark.parametrize(
    "odd",
    [
        "0004127   ",
        "\u00a00004127",
        "000\u200b4127",
        "\ufeff0004127\t",
        "0004127\u200f",
        "000\u200d4127",
        "000\x074127",
    ],
)
def test_what_is_not_seen_is_taken_out_where_the_row_says_so_and_told(folder: Path, odd: str) -> None:
    done = prepared(folder, {"id": odd}, trimming("id"))
    assert (folder / "out.csv").read_text().splitlines()[2] == "0004127,Bo,a"
    assert done.told == ["RSD: 1 values of id trimmed"]


def test_a_joiner_takes_no_letter_with_it(folder: Path) -> None:
    prepared(folder, {"id": "2", "last_name": "\u200dZo\u200dey\u200c"}, trimming("last_name"))
    assert (folder / "out.csv").read_text().splitlines()[2] == "2,Zoey,a"


def test_nothing_is_told_where_nothing_was_trimmed(folder: Path) -> None:
    assert prepared(folder, {"id": "2"}, trimming("id", "last_name", "street")).told == []


def test_only_the_columns_that_the_row_names_are_trimmed(folder: Path) -> None:
    assert "column id" in refusal(folder, {"id": "2 ", "last_name": "Lee "}, trimming("last_name")).found


def test_two_ids_that_are_one_when_trimmed_are_one(folder: Path) -> None:
    assert "the key of line 2 (RSD) again" in refusal(folder, {"id": "1 "}, trimming("id")).found


# -------------------------------------------------------------------------------------------------- one definition

letters = st.characters(exclude_categories=["Cs"], exclude_characters='\0"')
parts = st.sampled_from([" ", "\u00a0", "\u200b", "\u200d", "\ufeff", "\n", "NULL", "None", "a", "é", "ष", "7", "\x07"])
texts = st.lists(parts | st.text(letters, max_size=3), max_size=4).map("".join)


@given(column=st.sampled_from(["id", "last_name", "street"]), text=texts)
@example("last_name", "a\u200d")
@example("id", "")
def test_fast_and_slow_reading_agree(folder: Path, column: str, text: str) -> None:
    """The column of many values and the value alone are judged alike, and whatever is refused has a reason."""
    by_name = {"id": ID, "last_name": NEEDED, "street": TEXT}[column]
    many = values.faulty(pa.array(["1", text, "2"]), by_name, STRICT[column])
    alone = values.faulty(pa.array([text]), by_name, STRICT[column])
    assert (many is not None) == (alone is not None)
    assert many is None or many.to_pylist() == [False, True, False]
    if text not in ("1", "\r") and "\r" not in text:
        try:
            prepared(folder, {"id": "2"} | {column: text})
        except ContractBroken as refused:
            assert many is not None
            assert f"line 3, column {column}: " in refused.found
        else:
            assert many is None


@given(letter=letters)
def test_an_id_holds_no_character_that_unicode_calls_space_format_or_control(letter: str) -> None:
    if unicodedata.category(letter) in ("Zs", "Zl", "Zp", "Cf", "Cc", "Co"):
        for text in (f"4{letter}", f"{letter}4", f"4{letter}4"):
            assert values.faulty(pa.array([text]), ID, "id") is not None
    elif letter.isalnum() and letter.isprintable() and letter not in "\u115f\u1160\u3164\uffa0":
        assert values.faulty(pa.array([f"4{letter}4"]), ID, "id") is None


# ------------------------------------------------------------------------- what the bytes of a column tell at once

some = st.sampled_from(
    ["", "4127", "O'Brien", "Núñez", "Nu\u00a0ez", "41\x0727", "41\u202e27", " a", "null", "nil", "N/A", "李"]
)


@given(st.lists(some | st.text(max_size=5), max_size=12), st.sampled_from(["id", "present", "text"]))
def test_among_others_a_value_is_as_faulty_as_alone(texts: list[str], how: values.Strictness) -> None:
    column = NEEDED if how == "present" else TEXT
    mask = values.faulty(pa.array(texts, pa.string()), column, how)
    alone = [values.faulty(pa.array([text]), column, how) is not None for text in texts]
    assert (mask.to_pylist() if mask is not None else [False] * len(texts)) == alone


@pytest.mark.parametrize("word", [r"\N", "#N/A", "N/A", "NULL", "(null)", "None", "NaN", "nil", "nan", "undefined"])
def test_a_word_for_nothing_is_found_by_its_one_letter(word: str) -> None:
    for text in (word, word.lower(), word.upper()):
        mask = values.faulty(pa.array(["4127", text]), TEXT, "id")
        assert mask is not None
        assert mask.to_pylist() == [False, True]


numbers = st.sampled_from(["", "0", "0004127", "-1", "1_000", "+1", "1.0", " 1", "9" * 18, "9" * 19, "9" * 30, "٣"])


@given(st.lists(numbers | st.text("0123456789", max_size=20), max_size=6), st.sampled_from(["INTEGER", "NUMERIC"]))
def test_among_others_a_number_is_as_readable_as_alone(texts: list[str], kind: str) -> None:
    alone = [reading.readable(pa.array([text]), kind) for text in texts]
    assert reading.readable(pa.array(texts, pa.string()), kind) == all(alone)
