"""The page of the faults names every one of them, and tests that there are."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (TESTS / "faults" / "README.md").read_text().splitlines()
    if re.match(r"\| (F\d+|-) \|", line)
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`([\w/]+\.py(?:::\w+)?)`", row[-1])})


def test_every_fault_has_its_row() -> None:
    numbers = [row[0] for row in ROWS if row[0] != "-"]
    assert len(numbers) >= 46
    assert numbers == [f"F{number}" for number in range(1, len(numbers) + 1)]
    assert all("`" in row[-1] and all(row) for row in ROWS)


@pytest.mark.parametrize("named", NAMED)
def test_what_shows_it_is_a_test(named: str) -> None:
    file, _, name = named.partition("::")
    tests = {each.name for each in ast.parse((TESTS / file).read_text()).body if isinstance(each, ast.FunctionDef)}
    assert not name or name in tests
    assert any(each.startswith("test_") for each in tests)
