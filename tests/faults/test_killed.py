"""A run that is killed at any instant leaves nothing that the next run does not put right.

Four mornings are run undisturbed, then the same four again, each killed five times on its way; at the end of each
all must be as it was the first time, also where all that the killed runs had on their disk was lost with them. A vendor
who looks all the time must never see a file that is not whole.

An instant is told by what the servers were asked until then, so that they lie all over the morning on any machine. The
last one of each morning lies between two renames of one set, at a vendor that takes its time for each.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from e2e.district import MONDAY, District
from e2e.mornings import Monday, restored
from faults.killing import DAYS, Watcher, asked, difference, digest, kill, ledger, state, undisturbed, without_copies
from faults.leaks import leaks

# So many kills a morning at any instant; one more comes between two renames.
KILLS = 4
RENAMED = "ellevation"


def killed_when(district: District, due: Callable[[], bool], *words: str) -> bool:
    """Whether a run was killed, when it was due, before it ended."""
    with district.start(*words) as run:
        while run.poll() is None and not due():
            time.sleep(0.003)  # the servers write their logs, and tell nobody
        if run.poll() is None:
            kill(run)
            run.communicate(timeout=20)
            return True
        out, _ = run.communicate()
    assert run.returncode == 0, out
    return False


def renames(district: District) -> int:
    return district.vendor_events(0, RENAMED).count("rename")


def killed_all_over(district: District, day: date, morning: int, idle: int, chance: random.Random) -> int:
    """Kill runs of that day, each at some later instant of the morning than the one before; how many did not end."""
    killed = 0
    for number in range(KILLS):
        begun = asked(district)
        share = chance.random() / (KILLS + 1)  # what the runs before have done is not done again
        until = begun + idle * chance.random() + (morning - idle) * share
        words = ("./run_daily.sh", "--date", f"{day}", "--workers", f"{1 + 3 * (number % 2)}")
        killed += killed_when(district, lambda until=until: asked(district) > until, *words)  # type: ignore[misc]
    return killed


def killed_between_renames(district: District, day: date) -> None:
    before, trail = renames(district), district.landing / "outbox" / "ellevation_rosters.json"
    district.sandbox("fault", "slow", RENAMED, "--rate", "1000000000", "--rename", "0.5")
    words = ("./run_daily.sh", "--date", f"{day}", "--workers", "4")
    assert killed_when(district, lambda: renames(district) > before, *words)
    assert 0 < renames(district) - before < 3
    assert trail.exists()
    district.sandbox("heal")


@dataclass
class Mornings:
    """What four undisturbed mornings leave, and a district that goes through the same ones once more.

    `files` are the vendors' before; `morning` and `idle` what the servers are asked in a whole morning and in a run
    with nothing to do.
    """

    district: District
    files: dict[str, bytes]
    expected: list[dict[str, Any]]
    morning: int
    idle: int
    watcher: Watcher
    servers: list[int]
    seed: int
    chance: random.Random


@pytest.fixture(scope="module")
def mornings(monday: Monday) -> Iterator[Mornings]:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    for district in restored(monday):
        files = district.delivered_files()
        expected, morning, idle = undisturbed(district)
        district.stop()
        district.restore(monday.copy)
        assert district.run_daily(MONDAY).code == 0  # luigid is up
        servers = [process.pid for process in district.servers()]
        watcher = Watcher(district)
        with watcher.at_work():
            yield Mornings(district, files, expected, morning, idle, watcher, servers, seed, random.Random(seed))
        assert leaks(district) == []


@pytest.mark.parametrize("number", range(len(DAYS)))
def test_a_morning_of_five_kills_leaves_what_an_undisturbed_one_does(mornings: Mornings, number: int) -> None:
    """The four mornings follow each other: each begins with what the one before has left."""
    district, day, seed = mornings.district, DAYS[number], f"KILL_SEED={mornings.seed}"
    killed = killed_all_over(district, day, mornings.morning, mornings.idle, mornings.chance)
    assert killed == KILLS, (seed, mornings.morning, mornings.idle)
    killed_between_renames(district, day)
    lost = number == len(DAYS) - 1
    if lost:
        district.lose_the_disk()
    run = district.run_daily(day, workers=1 + 3 * (number % 2))
    assert run.code == 0, f"{seed}: {run.out}"
    assert "at work" not in run.out
    assert f"Morning of {day}" in run.out
    left, expected = state(district), mornings.expected[number]
    if lost:  # what is not needed is not brought
        left, expected = without_copies(left), without_copies(expected)
    assert difference(left, expected) == {}, seed
    kept = [name for name in district.objects() if name.startswith("receipts/")]
    assert ledger(district) == sorted(name.split("/")[-1].removesuffix(".json") for name in kept), seed


def test_through_all_kills_no_vendor_saw_half_a_file_and_no_server_ended(mornings: Mornings) -> None:
    district, seen = mornings.district, mornings.watcher.seen
    assert [process.pid for process in district.servers()] == mornings.servers
    whole = [{name: digest(content) for name, content in mornings.files.items()}, *mornings.expected]
    for name, digests in seen.items():
        assert digests <= {left.get(name) for left in whole}, f"KILL_SEED={mornings.seed}: {name}"
    assert len(seen) == 5
    assert len(seen["otus:/home/incoming/savvas_standards_scores.csv"]) > 2  # it did look while they changed
    assert not district.run_daily(DAYS[-1]).tasks("done")
