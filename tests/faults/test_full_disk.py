"""The disk of the landing area is full: it is said in three sentences, nothing is half, and space is all it takes."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from e2e.district import TUESDAY, District
from faults.screens import screen, shown

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")


@pytest.fixture
def small_disk(district: District) -> Iterator[District]:
    """The landing area lies on a file system of its own, with as much space as it needs and 64 kB more."""
    kept = district.landing.with_name("landing-kept")
    district.landing.rename(kept)
    district.landing.mkdir(mode=0o700)
    size = sum(-(-path.stat().st_size // 4096) + 1 for path in kept.rglob("*")) * 4096 + 65_536
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(district.landing)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(district.landing)], check=True)
        yield district
    finally:
        subprocess.run(["umount", "--lazy", str(district.landing)], check=True)


@needs_root
def test_a_full_disk_is_said_and_nothing_is_half(small_disk: District) -> None:
    before = small_disk.delivered_files()
    small_disk.sandbox("new-day", "--date", f"{TUESDAY}")
    run = small_disk.run_daily(TUESDAY, workers=2)
    assert run.code == 30, run.out
    assert f"no space is left on the disk of {small_disk.landing}" in run.out
    assert "next: make room there" in run.out
    assert len(re.findall(r"^broken", run.out, re.M)) == 1, run.out  # one cause, however many tasks met it
    assert re.search(rf"^Morning {TUESDAY}: \d of 2 delivered · 1 broken", run.out, re.M)
    assert "Traceback" not in run.out
    shown("the disk is full", "\n\n".join(screen(run)), small_disk)
    assert small_disk.delivered_files() == before
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk.landing)], check=True)
    then = small_disk.run_daily(TUESDAY, workers=2)
    assert then.code == 0, then.out
    assert {f"{TUESDAY}/ellevation_rosters", f"{TUESDAY}/otus_scores"} <= small_disk.receipts().keys()
