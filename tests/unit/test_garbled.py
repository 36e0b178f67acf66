"""Text that was decoded wrongly is known by its look, and no name of a person looks like it."""

from pathlib import Path

import pytest

from pipeline import garbled
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
    check = garbled.check_copy("scores.csv", tmp_path / "scores.csv")
    assert (check.found, check.passed) == (found, not found)
