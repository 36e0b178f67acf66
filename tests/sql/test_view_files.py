"""What holds of every view's file, without running it."""

import re
from pathlib import Path

import pytest

from pipeline.catalogue import sql

SQL = sql.folder()
FILES = sorted(SQL.glob("**/*.sql"))
HEAD = ("grain", "owner", "reader", "layout")

pytestmark = pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SQL).as_posix())


def comment(file: Path) -> list[str]:
    """The lines of the head comment, without their dashes."""
    lines = file.read_text().splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return [line.removeprefix("--").strip() for line in lines[:end]]


def statement(file: Path) -> str:
    """The text without comments and literals."""
    text = re.sub(r"--.*", "", file.read_text())
    return re.sub(r"r?'(?:[^'\\\n]|\\.)*'", "''", text)


def test_path_is_dataset_and_view(file: Path) -> None:
    assert len(file.relative_to(SQL).parts) == 2


def test_head_comment_says_what_a_reader_needs(file: Path) -> None:
    said = {line.partition(":")[0] for line in comment(file) if re.match(r"\w+: \S", line)}
    assert set(HEAD) <= said
    assert re.search(r"known|modelled|ours", " ".join(comment(file))), "whose is the layout?"


def test_text_is_one_select(file: Path) -> None:
    assert re.match(r"\s*(WITH|SELECT)\b", statement(file))
    assert ";" not in statement(file)


def test_every_column_is_named(file: Path) -> None:
    assert not re.search(r"\bSELECT\s+(?:DISTINCT\s+)?(?:\w+\s*\.\s*)?\*|,\s*(?:\w+\s*\.\s*)?\*", statement(file))


def test_same_tables_give_the_same_rows(file: Path) -> None:
    """A re-run of an old date must find nothing new; neither the clock nor chance is an input."""
    moving = r"\b(?:CURRENT_(?:DATE|TIME|DATETIME|TIMESTAMP)|RAND|GENERATE_UUID|ANY_VALUE|SESSION_USER)\b"
    assert re.findall(moving, statement(file), re.IGNORECASE) == []


def test_tables_are_named_by_dataset_in_backticks(file: Path) -> None:
    """No project: the view belongs to the project that it is deployed to."""
    named = re.findall(r"`([^`]*)`", statement(file))
    assert named
    assert [name for name in named if not re.fullmatch(r"\w+\.[^`.]+", name)] == []
    bare = re.findall(r"\b(?:FROM|JOIN)\s+(\w+\.[\w-]+)", statement(file))
    assert bare == []
