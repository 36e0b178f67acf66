"""Two machines make one morning: each its share, whatever becomes of either, of luigid, or of the line between them."""

from pathlib import Path

import pytest

from e2e.containers import Containers
from e2e.district import MONDAY, TUESDAY, District


@pytest.fixture
def other(district: District, tmp_path: Path) -> Containers:
    """A second machine, which asks the first one's central scheduler."""
    return Containers(district, tmp_path / "other", keeps=True, asks=True)


def test_both_make_a_share_of_one_morning(district: District, other: Containers) -> None:
    district.run_daily(MONDAY)  # so that luigid is there
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    words = ("--date", f"{TUESDAY}", "--workers", "2", "--help-along")
    with other.line(), other.start(*words) as second, district.start("./run_daily.sh", *words) as first:
        out, _ = first.communicate(timeout=300)
        out2, _ = second.communicate(timeout=300)
    print(out)
    print(out2)
    assert first.returncode == 0, out
    assert second.returncode == 0, out2
