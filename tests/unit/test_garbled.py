# ruff: noqa: RUF001  (odd characters are what it is about)
"""Text that was decoded wrongly is known by its look, and no name of a person looks like it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.outbound import garbled
from pipeline.sandbox import names

LETTERS = "áéíóúüñçàèìòùâêîôûäëïöøåæßÁÉÍÓÚÑÇÜÖÄøðþÿšžłńśźżčřěů\u2019\u201c\u201d\u2013€"


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("as_if", ["cp1252", "latin-1"])
@pytest.mark.parametrize("again", [1, 2])
def test_utf_8_that_was_read_as_another_is_seen(letter: str, as_if: str, again: int) -> None:
    text = f"Mu{letter}oz"
    try:
        for _ in range(again):
            text = text.encode().decode(as_if)
    except UnicodeDecodeError:
        text = text.encode().decode("latin-1")
    assert garbled.FOUND.search(text), text


@pytest.mark.parametrize("text", ["Mu\ufffdoz", "ï»¿id", "Jos√©", "Mu√±oz", "zoã«@riverbend.example.org"])
def test_other_signs_of_it_are_seen(text: str) -> None:
    assert garbled.FOUND.search(text)


GOOD = [
    *("Ângela Ãlvares", "João", "SÃO PAULO", "CONCEIÇÃO", "ÂNGELA", "Åsa Ängström", "ÅSA", "Château", "voilâ »"),
    *("Łódź", "√2", "5 °C", "Nguyễn Thị Ánh", "D\u2019Angelo", "Zoë", "AMANHÃ.", "IRMÃ-LOBO", "ÄÖÜ"),
]


@pytest.mark.parametrize("text", GOOD)
def test_names_are_not(text: str) -> None:
    assert not garbled.FOUND.search(text)


def test_nobody_of_the_pretend_district_is_called_like_that() -> None:
    assert not garbled.FOUND.search(Path(names.__file__).read_text())


@pytest.mark.parametrize(("text", "found"), [("1,Muñoz\n", 0), ("1,MuÃ±oz\n2,x\n3,JosÃ©\n", 2)])
def test_lines_of_a_copy_are_counted(tmp_path: Path, text: str, found: int) -> None:
    (tmp_path / "scores.csv").write_text("id,name\n" + text)
    assert garbled.lines_in(tmp_path / "scores.csv") == found


# ----------------------------------------------------------------------------------- other alphabets, other machines


def seen(text: str) -> bool:
    """By both who read the pattern: Python, and RE2, which is the warehouse's."""
    by_re2 = bool(pc.match_substring_regex(pa.array([text]), garbled.FOUND.pattern)[0].as_py())
    assert by_re2 == bool(garbled.FOUND.search(text))
    return by_re2


HONEST = [
    *("Zoë", "Núñez", "Díaz", "Åsa", "Ängström", "Çelik", "Œuvre", "Þór", "Strauß", "Ørsted", "Ü", "Ã", "Â"),
    *("JOÃO", "MAGALHÃES", "CONCEIÇÃO", "VÝŠKOVÁ", "KÍŠ", "Dvořák", "Łukasz", "Nguyễn", "Nguyen Thị", "O’Brien"),
    *("« voilà »", "« voilà\u00a0»", "Spaß»", "É’", "ÉTÉ – HIVER", "Mª José", "Nº 3", "25 °C", "½ day", "10 €", "№"),
    *("Žižek", "Ægir", "Иван", "王芳", "محمد", "דוד", "ねこ", "é”", "ÀÉÎ", "naïve", "Crème brûlée…", "100 ×", "√2", ""),
]


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_is_none(text: str) -> None:
    assert not seen(text)
    assert not seen(text.upper())
    assert not seen(f"{text}\n{text}")


LATIN = ["Zoë", "Núñez", "Díaz", "Åsa", "Ängström", "Çelik", "Strauß", "Ørsted", "Łukasz", "Dvořák", "25 °C"]


@pytest.mark.parametrize("text", [*LATIN, "O’Brien", "Иван", "Nguyễn", "10 €", "a – b", "“so”"])
@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
def test_utf_8_that_was_read_as_one_byte_a_character_is_seen(text: str, codec: str) -> None:
    once = text.encode().decode(codec, "replace")
    assert seen(once)
    assert seen(f"Lee {once} Moss")
    assert seen(once.encode().decode(codec, "replace")), "and once more"


@pytest.mark.parametrize("text", ["Zoë", "Núñez", "Díaz", "Çelik"])
@pytest.mark.parametrize("codec", ["cp437", "cp850", "mac_roman"])
def test_other_machines_code_pages_are_seen(text: str, codec: str) -> None:
    assert seen(text.encode().decode(codec))


@pytest.mark.parametrize("text", ["Zo\ufffd", "O\x92Brien", "ï»¿id", "ï¿½"])
def test_what_a_decoder_leaves_is_seen(text: str) -> None:
    assert seen(text)
