"""What nobody foresaw, at every border: that party's error in three sentences; the rest goes on, the page is told."""

import itertools
import re
from collections.abc import Iterator

import pytest

from e2e.district import MONDAY, District
from faults.leaks import leaks
from faults.unforeseen import BESIDE, BORDERS, IN, ON
from pipeline import catalogue

FLOWS = {"courses", "easyiep", "savvas_assessment_scores", "savvas_standards_scores", "otus_scores"}
# Each border of each kind, in as few runs as show all.
RUNS = list(itertools.islice(zip(itertools.cycle(IN), ON, itertools.cycle(BESIDE), strict=False), len(ON)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """A district of two folders, two vendors and no view, whose Monday is done."""
    off = {*catalogue.feeds(), *catalogue.deliveries()} - FLOWS
    district = District(tmp_path_factory.mktemp("small"), sorted(off))
    try:
        first = district.run_daily(MONDAY, workers=4)
        assert first.code == 0, first.out
        yield district
    finally:
        district.stop()


def correct_all(district: District) -> None:
    """Every vendor sends its files once more, a row shorter."""
    for pattern in ("district/powerschool_*/courses.csv", "district/powerschool_rsd/easyiep.csv", "savvas/scores/*"):
        for path in sorted(district.sftp.glob(pattern)):
            district.send(MONDAY, path, b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize("names", RUNS, ids=", ".join)
def test_what_nobody_foresaw_is_the_partys_error_and_stops_nobody_else(small: District, names: tuple[str, ...]) -> None:
    correct_all(small)
    left = small.landing / "outbox" / "otus_scores.json"
    left.parent.mkdir(exist_ok=True)
    left.write_text(left.read_text() if left.exists() else "{}")  # something may have been interrupted
    download = small.landing / "downloads" / "EisSchoolErrorReports-RSD" / "Sch0105AllErr.csv"
    download.parent.mkdir(parents=True, exist_ok=True)
    download.write_text("123-45-6789")

    words = ("run", "Morning", "--date", f"{MONDAY}", "--workers", "4", "--", "--local-scheduler")
    run = small.call(".venv/bin/python", "tests/faults/unforeseen.py", ", ".join(names), *words)

    assert run.code == 30, run.out
    for border in (BORDERS[name] for name in names if BORDERS[name].party):
        found = rf"found: [^\n]*{border.party}[^\n]*{border.error.__name__}[^\n]*\n +expected: \S[^\n]*\n +next: \S"
        assert re.search(found, run.out), (border, run.out)
    assert "print a line" in names or "LoadedTable easyiep" in run.tasks("done")
    assert small.tables("powerschool_combined")["easyiep"].size == rows(small)
    assert re.search(r"^Riverbend Schools: Morning of 2025-11-17", run.out, re.M)
    assert re.search(r"\n\nMorning 2025-11-1\d: .* broken · last run [\d: -]+$", run.out)
    assert "Traceback" not in run.out
    assert download.exists() == ("remove what was left" in names)
    assert leaks(small) == []


def rows(district: District) -> int:
    return len((district.sftp / "district/powerschool_rsd/easyiep.csv").read_bytes().splitlines()) - 1


def test_what_was_broken_off_is_made_good_by_the_next_run(small: District) -> None:
    then = small.run_daily(MONDAY, workers=4)
    assert then.code == 0, then.out
    assert not list((small.landing / "outbox").glob("*.json"))
    sent = sorted((small.sftp / "savvas/scores").glob("*_Scores_20251117.csv"))
    came = small.vendor_files("otus")
    assert [came[f"/home/incoming/savvas_{kind}_scores.csv"] for kind in ("assessment", "standards")] == [
        path.read_bytes() for path in sent
    ]
