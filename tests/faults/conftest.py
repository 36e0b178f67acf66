"""A district as for the other tests from outside; here, nothing that was said may tell a secret or a person."""

from collections.abc import Iterator

import pytest

from e2e.district import District
from e2e.mornings import Monday, monday, restored
from faults.leaks import leaks

__all__ = ["district", "monday"]


@pytest.fixture
def district(monday: Monday) -> Iterator[District]:
    """A district whose Monday is done. Whatever the test did to it, nothing has leaked."""
    for found in restored(monday):
        yield found
        assert leaks(found) == []
