"""One version: of the package, of the page of changes, of what the command says."""

import re
import tomllib
from pathlib import Path

import pytest

from pipeline import VERSION
from pipeline import __main__ as commands

ROOT = Path(__file__).parents[2]


def test_the_newest_entry_of_the_changes_is_the_version() -> None:
    entries = re.findall(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)
    assert entries[0] == VERSION
    assert entries == sorted(entries, key=lambda entry: [int(part) for part in entry.split(".")], reverse=True)
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_command_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"morning {VERSION}\n")
