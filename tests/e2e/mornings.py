"""Pretend districts for the tests from outside: one in which nothing has run, and one whose Monday is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.district import MONDAY, District, Result


@dataclass(frozen=True)
class Monday:
    """A district whose first morning went well, what its run said, and a copy of all that it left."""

    district: District
    run: Result
    copy: Path


# One a process, for the tests of every folder.
_made: list[Monday] = []


@pytest.fixture(scope="session")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monday]:
    """The first morning, from nothing, as cron would run it."""
    if not _made:
        district = District(tmp_path_factory.mktemp("monday"))
        try:
            run = district.run_daily(MONDAY, workers=4)
            district.keep(copy := district.folder.with_name("monday-done"))
        finally:
            district.stop()
        _made.append(Monday(district, run, copy))
    yield _made[0]
    _made[0].district.stop()


@pytest.fixture
def district(monday: Monday) -> Iterator[District]:
    """A district whose Monday is done."""
    yield from restored(monday)


@pytest.fixture(scope="module")
def same_district(monday: Monday) -> Iterator[District]:
    """The same, for all tests of a module that leave it as they found it."""
    yield from restored(monday)


def restored(monday: Monday) -> Iterator[District]:
    monday.district.stop()
    try:
        monday.district.restore(monday.copy)
        yield monday.district
    finally:
        monday.district.stop()


@pytest.fixture
def new_district(tmp_path: Path) -> Iterator[District]:
    """A district in which nothing has run."""
    district = District(tmp_path)
    try:
        yield district
    finally:
        district.stop()
