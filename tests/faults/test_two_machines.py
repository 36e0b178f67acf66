"""Two machines make one morning, each a share of it; it holds, whatever becomes of either, of luigid, or of the line.

Some mornings are made undisturbed by one machine, then the same ones by two: the district's own, and one with a disk
and a network of its own, which reaches the servers by a line. At instants that lie all over the morning one of them is
killed, or both, or the central scheduler, or the line is cut; then what has ended is begun again, as cron would. At the
end of each morning all must be as it was the first time, and no vendor who looks all the time may see half a file.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from e2e.containers import Containers, Line
from e2e.district import MONDAY, TUESDAY, District, Result
from e2e.mornings import Monday, restored
from faults.killing import DAYS, Watcher, asked, difference, digest, kill, ledger, state, undisturbed, without_copies
from faults.leaks import leaks

# So many mornings, and so many kills in each; `KILLS_OF_TWO=4x25` for a hundred of them.
MORNINGS, KILLS = map(int, os.environ.get("KILLS_OF_TWO", "2x4").split("x"))


@pytest.fixture
def other(district: District, tmp_path: Path) -> Containers:
    """A second machine, which asks the first one's central scheduler."""
    return Containers(district, tmp_path / "other", keeps=True, asks=True)


def words(day: date, workers: int = 2) -> tuple[str, ...]:
    return "--date", f"{day}", "--workers", f"{workers}", "--help-along"


def test_both_make_a_share_of_one_morning(district: District, other: Containers) -> None:
    """None of it twice; one of them answers for it, and the other says so."""
    district.run_daily(MONDAY)  # so that luigid is there
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    asked_for = words(TUESDAY, workers=1)
    since, here = time.time(), ("./run_daily.sh", *asked_for)
    with other.line(), other.start(*asked_for) as second, district.start(*here) as first:
        runs = [Result(run.wait(300), run.communicate()[0]) for run in (first, second)]
    district.results += runs
    for run in runs:
        assert run.code == 0, run.out
        assert len(run.tasks("done")) > 5, run.out
        assert not run.tasks("FAILED")
    assert not runs[0].tasks("done") & runs[1].tasks("done")
    assert {f"LandedFile {name}" for name in ("students RSD", "cc BLF", "terms RSD")} <= made(*runs)
    assert [sum(word in run.out for run in runs) for word in ("this machine has helped, and made", ", exit 0;")] == [
        1,
        1,
    ]
    renamed = [write for write in district.writes(since) if " rename " in write]
    assert len(renamed) == len(set(renamed)) == 5
    prefixes = {tuple(rule["condition"]["matchesPrefix"]) for rule in _rules(district)}
    assert {("landing_restricted/",), ("deliveries_restricted/",), ("landing/",)} <= prefixes
    again = district.run_daily(TUESDAY)
    assert not again.tasks("done"), again.out


def _rules(district: District) -> list[Any]:
    """By which the bucket removes what must not stay."""
    bucket = district.bucket
    bucket.reload()
    return list(bucket.lifecycle_rules)


def made(*runs: Result) -> set[str]:
    return set[str]().union(*(run.tasks("done") for run in runs))


# ------------------------------------------------------------------------------------------------------------- kills


@dataclass
class Two:
    """Both machines, what undisturbed mornings leave, and what the servers are asked in one and in an idle run."""

    district: District
    other: Containers
    line: Line
    files: dict[str, bytes]
    expected: list[dict[str, Any]]
    morning: int
    idle: int
    watcher: Watcher
    chance: random.Random
    runs: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    luigids: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def at_work(self, day: date) -> None:
        """Both are: whoever has ended is begun again."""
        for name in ("first", "second"):
            if name not in self.runs or self.runs[name].poll() is not None:
                self._ended(name)
                with (self.other.disk.parent / f"{name}.out").open("a") as out:
                    if name == "first":
                        self.runs[name] = self.district.start("./run_daily.sh", *words(day), out=out)
                        self._wait_for_luigid()
                    else:
                        self.runs[name] = self.other.start(*words(day), out=out)

    def _ended(self, name: str) -> None:
        if run := self.runs.pop(name, None):
            run.wait()

    def _wait_for_luigid(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and self.runs["first"].poll() is None:
            with suppress(OSError):
                self.district.visualiser("is_pause_enabled")
                return
            time.sleep(0.05)

    def happens(self, what: str) -> None:
        """At this moment."""
        self.happened.append(what)
        if what in ("the first", "both"):
            kill(self.runs["first"])
        if what in ("the second", "both"):
            self.runs["second"].kill()
        if what == "luigid":
            self._killed_luigid(self.chance.random() < 0.5)
        if what == "the line":
            self.line.cut()
            time.sleep(3 * self.chance.random())
            self.line.mend()

    def _killed_luigid(self, comes_back: bool) -> None:
        for process in self.district.servers():
            if "luigid" in " ".join(words := process.cmdline()):
                folder, environment = process.cwd(), process.environ()
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                if comes_back:
                    back = subprocess.Popen(words, cwd=folder, env=environment, start_new_session=True)
                    self.luigids.append(back)
                    (self.district.folder / "luigid" / "luigid.pid").write_text(f"{back.pid}\n")

    def ends(self) -> None:
        for name in [*self.runs]:
            with suppress(subprocess.TimeoutExpired):
                self.runs[name].wait(300)
            self._ended(name)


@pytest.fixture(scope="module")
def two(monday: Monday, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    for district in restored(monday):
        files = district.delivered_files()
        expected, morning, idle = undisturbed(district, DAYS[:MORNINGS])
        district.stop()
        district.restore(monday.copy)
        assert district.run_daily(MONDAY).code == 0  # luigid is up
        other = Containers(district, tmp_path_factory.mktemp("two") / "other", keeps=True, asks=True)
        watcher = Watcher(district)
        with other.line() as line, watcher.at_work():
            made = Two(district, other, line, files, expected, morning, idle, watcher, random.Random(seed))
            made.happened.append(f"KILL_SEED={seed}")
            yield made
            made.ends()
        district.stop()
        for luigid in made.luigids:
            luigid.wait(20)
        assert leaks(district) == []


@pytest.mark.parametrize("number", range(MORNINGS))
def test_a_morning_of_two_machines_holds_whatever_is_killed(two: Two, number: int) -> None:
    day = DAYS[number]
    two.district.sandbox("new-day", "--date", f"{day}")
    kinds = ["the first", "the second", "both", "luigid", "the line"]
    for _ in range(KILLS):
        two.at_work(day)
        begun = asked(two.district)
        share = two.chance.random() / (KILLS + 1)
        until = begun + 2 * two.idle * two.chance.random() + (two.morning - two.idle) * share
        while asked(two.district) < until and any(run.poll() is None for run in two.runs.values()):
            time.sleep(0.003)
        two.happens(two.chance.choice(kinds))
    two.at_work(day)  # or the one that is left waits a minute for one that was killed
    two.ends()
    run = two.district.run_daily(day)
    assert run.code == 0, (two.happened, run.out)
    left, expected = (_compared(each) for each in (state(two.district), two.expected[number]))
    assert difference(left, expected) == {}, two.happened
    kept = [name for name in two.district.objects() if name.startswith("receipts/")]
    assert ledger(two.district) == sorted(name.split("/")[-1].removesuffix(".json") for name in kept), two.happened


def _compared(left: dict[str, Any]) -> dict[str, Any]:
    """Without extracts: what a killed machine leaves there goes the next day, and is read by nobody else."""
    return {name: what for name, what in without_copies(left).items() if " extracts/" not in name}


def test_through_all_of_it_no_vendor_saw_half_a_file(two: Two) -> None:
    whole = [{name: digest(content) for name, content in two.files.items()}, *two.expected]
    for name, digests in two.watcher.seen.items():
        assert digests <= {left.get(name) for left in whole}, (two.happened, name)
    assert len(two.watcher.seen) == 5
    assert not two.district.run_daily(DAYS[MORNINGS - 1]).tasks("done")
