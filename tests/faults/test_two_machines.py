"""Two machines make one morning, each a share of it; it holds, whatever becomes of either, of luigid, or of the line.

Some mornings are made undisturbed by one machine, then the same ones by two: the district's own, and one with a disk
and a network of its own, which reaches the servers by a line. They have one central scheduler, or one each. At places
that the servers' logs tell, one machine is killed, or both, or the central scheduler, or the line is cut; then what has
ended is begun again, as cron would. At the end of each morning all must be as it was the first time, and no vendor who
looks all the time may see half a file.
"""

import math
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from e2e.containers import Containers, Line
from e2e.district import MONDAY, TUESDAY, District, Result
from e2e.mornings import Monday, restored
from faults.killing import (
    LANDING,
    PLACES,
    RECEIPT,
    RENAMES,
    SCHEDULING,
    SETS,
    Told,
    Watcher,
    difference,
    digest,
    kill,
    ledger,
    place_of,
    signalled,
    state,
    undisturbed,
    without_copies,
)
from faults.leaks import leaks
from pipeline.run.worker import HELPS
from pipeline.sandbox.faults import FaultFile
from pipeline.sandbox.school_year import SchoolYear

# So many mornings, and so many kills in each; `KILLS_OF_TWO=4x25` for a hundred of them. A morning has each place once:
# where more kills are asked for than it has places, there are more mornings instead.
MORNINGS, KILLS = map(int, os.environ.get("KILLS_OF_TWO", "2x4").split("x"))
MORNINGS, KILLS = MORNINGS * (parts := math.ceil(KILLS / len(PLACES))), math.ceil(KILLS / parts)
# The first of them is not disturbed.
DAYS = [day for day in SchoolYear(MONDAY.year).sessions if day > MONDAY][: 1 + MORNINGS]
KINDS = ("the first", "the second", "both", "luigid", "the line")
# So many requests come before the first file is landed, in any case.
EARLY = 20


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
    assert {("landing_restricted/",), ("deliveries_restricted/",), ("landing/2",)} <= prefixes
    again = district.run_daily(TUESDAY)
    assert not again.tasks("done"), again.out


def test_a_machine_that_stood_still_leaves_the_morning_to_the_one_that_took_over(
    district: District, other: Containers
) -> None:
    """A paused one, say: it goes on when all is done, and says nothing of the morning that is not so any more."""
    with stopped(district) as first:
        second = other.run_daily("--date", f"{TUESDAY}", "--workers", "2")
        assert second.code == 0, second.out
        assert "another machine may be at work" in second.out
        told, since = district.pipeline("status", "--date", f"{TUESDAY}").out, time.time()
    run = district.results[-1]
    assert run.code == first.returncode == 0, run.out
    assert "another machine has taken over this run, and ended it: this machine has helped" in run.out
    assert district.writes(since) == []
    assert district.pipeline("status", "--date", f"{TUESDAY}").out == told
    query = "SELECT wrapper, exit_code FROM `operations.runs` WHERE date = '2025-11-18' ORDER BY wrapper"
    rows = [(row["wrapper"], row["exit_code"]) for row in district.warehouse.query_and_wait(query)]
    assert rows == [("Morning", 0), ("MorningHelp", 0)]


def test_a_machine_whose_lease_another_run_has_taken_tells_of_its_own(district: District, other: Containers) -> None:
    """That other one makes something else, and answers for nothing of this."""
    with stopped(district):
        second = other.run_daily("--date", f"{TUESDAY}", "--workers", "2", "--only", "courses")
        assert second.code == 0, second.out
    run = district.results[-1]
    assert run.code == 30, run.out
    assert "has helped" not in run.out
    assert district.pipeline("status", "--date", f"{TUESDAY}").code == 30
    then = district.run_daily(TUESDAY)
    assert then.code == 0, then.out


@contextmanager
def stopped(district: District) -> Iterator[subprocess.Popen[str]]:
    """A run of Tuesday that has begun, and stands still in the block; then it goes on to its end, which is the last of
    the district's results."""
    district.run_daily(MONDAY)
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    with district.start("./run_daily.sh", "--date", f"{TUESDAY}", "--workers", "2") as first:
        until = time.monotonic() + 60
        while len(landed(district)) < 3 and time.monotonic() < until:
            time.sleep(0.05)  # the bucket tells nobody
        assert signalled(first, signal.SIGSTOP)
        try:
            yield first
        finally:
            assert signalled(first, signal.SIGCONT)
        out, _ = first.communicate(timeout=120)
    district.results.append(Result(first.returncode, out))


def landed(district: District) -> list[str]:
    """What the bucket has of Tuesday's files."""
    return [name for name in district.objects() if name.startswith(f"landing/{TUESDAY}/")]


def _rules(district: District) -> list[Any]:
    """By which the bucket removes what must not stay."""
    bucket = district.bucket
    bucket.reload()
    return list(bucket.lifecycle_rules)


def made(*runs: Result) -> set[str]:
    return set[str]().union(*(run.tasks("done") for run in runs))


# ------------------------------------------------------------------------------------------------------------- kills


@dataclass
class Morning:
    """The places of one morning at which something is to happen: each when a server was asked for so much that belongs
    to it. One set is struck `between` its renames, the other `before` its receipt. The vendor of either takes its time
    for each rename. From the last rename but one of the second set on the bucket takes its time as well, until
    something has happened."""

    day: date
    due: dict[str, int]
    between: str
    before: str
    faults: FaultFile
    told: Told
    received: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)
    renamed: Counter[str] = field(default_factory=Counter)

    def begins(self) -> None:
        for place, vendor in ((RENAMES, self.between), (RECEIPT, self.before)):
            if place in self.due:
                self.faults.switch_on("slow", vendor, {"rate": 1_000_000_000, "rename": 0.5})

    def comes_to(self) -> str:
        """The place that was come to since this was asked last; "" for none."""
        now = [self._place(event) for event in self.told.new()]
        counted = [place for place in now if place in self.due and self.seen[place] >= self.due[place]]
        if RENAMES in self.due and 0 < self.renamed[self.between] < SETS[self.between]:
            counted.append(RENAMES)
        missing = SETS[self.before] - self.renamed[self.before]
        if RECEIPT in self.due and self.before not in self.received and missing <= 1:
            if not self.faults.find("google"):
                self.faults.switch_on("google", "", {"how": "slow", "seconds": 1.0, "times": 0})
            if missing <= 0:
                counted.append(RECEIPT)
        return min(counted, key=PLACES.index, default="")

    def _place(self, event: dict[str, Any]) -> str:
        """Where that was; it is counted."""
        if int(event.get("status", 200)) >= 400:  # it was asked for, and not done
            return ""
        place, stored = place_of(event), str(event.get("object", ""))
        if stored.startswith("receipts/"):
            self.received.add(stored.split("/")[2].split("_")[0])
        if place == RENAMES:
            self.renamed[event["vendor"]] += 1
            return ""
        place = place or ("" if self.seen[LANDING] else SCHEDULING)
        self.seen[place] += 1
        return place

    def where(self, place: str) -> str:
        """The place as it is now, in words."""
        vendor = {RENAMES: self.between, RECEIPT: self.before}.get(place)
        return f"{place} at {vendor}" if vendor else f"{place} ({self.seen[place]})"

    def goes_on(self, place: str, story: str) -> None:
        """Something has happened there, and nothing is to happen there again."""
        del self.due[place]
        for event in self.told.new():
            self._place(event)
        assert place != RECEIPT or self.before not in self.received, f"the receipt was there before: {story}"
        with self.faults.change() as faults:
            faults[:] = [fault for fault in faults if fault.name != "google"]

    def ends(self) -> None:
        with self.faults.change() as faults:
            faults.clear()


@dataclass
class Two:
    """Both machines, and what undisturbed mornings leave. Of each other morning they have a central scheduler each.

    Something happens at one of the first requests of each place; `drawn_of` says of how many.
    """

    district: District
    others: list[Containers]
    lines: list[Line]
    files: dict[str, bytes]
    expected: list[dict[str, Any]]
    drawn_of: dict[str, int]
    watcher: Watcher
    chance: random.Random
    happened: list[str]
    plan: list[list[str]]
    number: int = 0
    runs: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    luigids: list[subprocess.Popen[bytes]] = field(default_factory=list)
    mends: float = float("inf")
    kinds: list[str] = field(default_factory=list)

    @property
    def story(self) -> str:
        """The seed, and what has happened at which place of which morning, for who reads of a failure."""
        return "\n".join(self.happened)

    @property
    def other(self) -> Containers:
        return self.others[self.number % 2]

    @property
    def line(self) -> Line:
        return self.lines[self.number % 2]

    def morning(self, number: int) -> Morning:
        """One with places of its own, each at an instant that is drawn, before much of what belongs to it is done."""
        self.number, places = number, self.plan[number - 1]
        between, before = self.chance.sample(sorted(SETS), 2)
        due = {place: 1 + self.chance.randrange(self.drawn_of[place]) for place in places}
        faults = FaultFile(self.district.folder / "sandbox" / "faults.json")
        self.happened.append(f"{DAYS[number]}, {'a scheduler each' if number % 2 else 'one scheduler'}")
        return Morning(DAYS[number], due, between, before, faults, Told(self.district))

    def at_work(self, day: date) -> None:
        """Both are: whoever has ended is begun again."""
        self._forget_the_ended()
        until = time.monotonic() + 60
        while len(self.runs) < 2 and time.monotonic() < until:
            self._begin(day)
            time.sleep(0.05)

    def until(self, morning: Morning) -> str:
        """The place that the morning comes to next; whoever does not end well until then is begun again."""
        until = time.monotonic() + 180
        self._forget_the_ended()
        while time.monotonic() < until:
            self._begin(morning.day)
            if place := morning.comes_to():
                return place
            if time.monotonic() > self.mends:
                self._mend()
            if len(self.runs) == 2 and all(run.poll() == 0 for run in self.runs.values()):
                break
            time.sleep(0.003)  # the servers write their logs, and tell nobody
        raise AssertionError(f"{sorted(morning.due)} did not come: {self.story}")

    def _forget_the_ended(self) -> None:
        self.runs = {name: run for name, run in self.runs.items() if run.poll() is None}

    def _begin(self, day: date) -> None:
        ended = {name: code for name, run in self.runs.items() if (code := run.poll())}
        self.happened += [f"{name} had ended with {code}" for name, code in ended.items()]
        self.runs = {name: run for name, run in self.runs.items() if name not in ended}
        for name in ("first", "second"):
            if name not in self.runs and (name == "first" or self.number % 2 or self._luigid_answers()):
                with (self.other.disk.parent / f"{name}.out").open("a") as out:
                    if name == "first":
                        self.runs[name] = self.district.start("./run_daily.sh", *words(day), out=out)
                    else:
                        self.runs[name] = self.other.start(*words(day), out=out)

    def _luigid_answers(self) -> bool:
        with suppress(OSError):
            self.district.visualiser("is_pause_enabled")
            return True
        return False

    def happens(self, where: str) -> None:
        """One of the five, to whoever is there, at this moment."""
        self.kinds = self.kinds or self.chance.sample(KINDS, len(KINDS))
        what = self.kinds.pop()
        self.happened.append(f"{what}: {where}")
        if what in ("the first", "both") and "first" in self.runs:
            kill(self.runs["first"])
        if what in ("the second", "both") and "second" in self.runs:
            self.runs["second"].kill()
            self.runs["second"].wait()
        if what == "luigid":
            self._killed_luigid(self.chance.random() < 0.5)
        if what == "the line":
            self.line.cut()
            self.mends = time.monotonic() + 3 * self.chance.random()

    def _mend(self) -> None:
        self.line.mend()
        self.mends = float("inf")

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
        self._mend()
        for run in self.runs.values():
            run.wait(300)
        self.runs.clear()


def planned(chance: random.Random) -> list[list[str]]:
    """Of each morning so many different places as there are kills; of all mornings each place equally often."""
    used, found = Counter[str](), list[list[str]]()
    for _ in range(MORNINGS):
        found.append(sorted(PLACES, key=lambda place: (used[place], chance.random()))[:KILLS])
        used.update(found[-1])
    return found


@pytest.fixture(scope="module")
def two(monday: Monday, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    for district in restored(monday):
        files, told = district.delivered_files(), Told(district)
        expected, _, _ = undisturbed(district, DAYS)
        usual = Counter(map(place_of, told.new()))
        drawn_of = {SCHEDULING: EARLY} | {place: max(1, usual[place] // len(DAYS) // 4) for place in PLACES[1:]}
        district.stop()
        district.restore(monday.copy)
        assert district.run_daily(MONDAY).code == 0  # luigid is up
        folder, watcher = tmp_path_factory.mktemp("two"), Watcher(district)
        others = [Containers(district, folder / f"asks-{asks}", keeps=True, asks=asks) for asks in (True, False)]
        with others[0].line() as line, others[1].line() as other_line, watcher.at_work():
            lines, chance, happened = [line, other_line], random.Random(seed), [f"KILL_SEED={seed}"]
            made = Two(district, others, lines, files, expected, drawn_of, watcher, chance, happened, planned(chance))
            yield made
            made.ends()
        district.stop()
        for luigid in made.luigids:
            luigid.kill()  # two may have come at once, and the pid is one's
            luigid.wait(20)
        assert leaks(district) == []


def test_a_morning_of_two_machines_with_a_scheduler_each_is_as_any_other(two: Two) -> None:
    """Neither scheduler knows of the other, and each gives out all tasks."""
    district, two.number = two.district, 1
    district.sandbox("new-day", "--date", f"{DAYS[0]}")
    old = [landing / "misc_imports" / "2020-01-01" for landing in (district.landing, two.other.disk / "landing")]
    for folder in old:
        folder.mkdir(parents=True)
    since, here = time.time(), ("./run_daily.sh", *words(DAYS[0]))
    with two.other.start(*words(DAYS[0])) as second, district.start(*here) as first:
        runs = [Result(run.wait(300), run.communicate()[0]) for run in (first, second)]
    for run in runs:
        assert run.code == 0, run.out
        assert len(run.tasks("done") | run.tasks("unchanged")) > 5, run.out
    assert [sum(word in run.out for run in runs) for word in ("this machine has helped", ", exit 0;")] == [1, 1]
    assert not any(folder.exists() for folder in old)  # nor does who helps keep anybody's data for longer
    helpers = [worker["name"] for worker in district.visualiser("worker_list") if HELPS in worker["name"]]
    assert bool(helpers) == ("this machine has helped" in runs[0].out), "the other one's is not known there"
    renamed = [write for write in district.writes(since) if " rename " in write]
    assert len(renamed) == len(set(renamed)) == sum(SETS.values())
    _is_as_an_undisturbed_one(two, 0)
    again = district.run_daily(DAYS[0])
    assert not again.tasks("done"), again.out


def _is_as_an_undisturbed_one(two: Two, number: int) -> None:
    left, expected = (_compared(each) for each in (state(two.district), two.expected[number]))
    assert difference(left, expected) == {}, two.story
    kept = [name for name in two.district.objects() if name.startswith("receipts/")]
    assert ledger(two.district) == sorted(name.split("/")[-1].removesuffix(".json") for name in kept), two.story


def _compared(left: dict[str, Any]) -> dict[str, Any]:
    """Without extracts: what a killed machine leaves there goes the next day, and is read by nobody else."""
    return {name: what for name, what in without_copies(left).items() if " extracts/" not in name}


@pytest.mark.parametrize("number", range(1, 1 + MORNINGS))
def test_a_morning_of_two_machines_holds_whatever_is_killed(two: Two, number: int) -> None:
    day = DAYS[number]
    two.district.sandbox("new-day", "--date", f"{day}")
    morning = two.morning(number)
    morning.begins()
    for _ in range(KILLS):
        place = two.until(morning)
        two.happens(morning.where(place))
        morning.goes_on(place, two.story)
    morning.ends()
    two.at_work(day)  # or the one that is left waits a minute for one that was killed
    two.ends()
    run = two.district.run_daily(day)
    assert run.code == 0, f"{two.story}\n{run.out}"
    _is_as_an_undisturbed_one(two, number)


def test_through_all_of_it_no_vendor_saw_half_a_file(two: Two) -> None:
    whole = [{name: digest(content) for name, content in two.files.items()}, *two.expected]
    for name, digests in two.watcher.seen.items():
        assert digests <= {left.get(name) for left in whole}, f"{two.story}\n{name}"
    assert len(two.watcher.seen) == sum(SETS.values())
    assert not two.district.run_daily(DAYS[-1]).tasks("done")
