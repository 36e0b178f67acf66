"""Each view against rows, on Google's own reference implementation: as tests/sql/test_views.py wants it."""

import pytest

from pipeline.catalogue import cases
from pipeline.catalogue.cases import BLANKS, Case
from pipeline.catalogue.checking import evaluation


def sortable(row: dict[str, str]) -> list[str]:
    return list(row.values())


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("case", cases.all_of_them(), ids=lambda case: case.name)
def test_view_gives_the_expected_rows(case: Case, blank: str) -> None:
    header, expected = case.expected()
    names, found = evaluation.given(case, BLANKS[blank])
    assert names == header
    assert sorted(found, key=sortable) == sorted(expected, key=sortable)
