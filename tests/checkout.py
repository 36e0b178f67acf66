"""No test writes into the checkout: what it makes lies in a folder of its own, and its servers on ports of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.sandbox import elsewhere

ROOT = Path(__file__).parents[1]
# Each of pytest's workers has ports of its own: a district whose servers are down just now would lose its to another's.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
elsewhere.PORTS = elsewhere.PORTS[_WORKER :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]


def written() -> dict[str, tuple[int, int]]:
    """What lies in the checkout beside tools and their caches: time and size of each file."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    kept = [*told.split("\0")[:-1], *(str(path.relative_to(ROOT)) for path in (ROOT / "var").rglob("*"))]
    new = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    files = [ROOT / name for name in {*kept, *new.split("\0")[:-1]}]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file()}


@pytest.fixture(scope="session", autouse=True)
def nothing_is_written_into_the_checkout() -> Iterator[None]:
    before = written()
    yield
    after = written()
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    assert changed == [], "tests have written into the checkout"
