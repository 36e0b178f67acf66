"""The morning as a model: the graph and the waits of the table of latencies, and nothing that computes.

It is what a morning would take if neither our own work nor the stand-ins' took any time: what a measured one takes
beyond it is computing, and waits that nobody foresaw. Each task waits as the engine has it today; draws are seeded.
"""

import random
import statistics
from collections.abc import Iterable

import luigi

from bench import orders
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import SftpFolder
from pipeline.chain.tasks import CheckedSet, DeliveredSet, ExportedFile, FeedTask, LandedFile, Snapshot
from pipeline.outbound import snapshots
from pipeline.sandbox.latency import TABLE

# Mornings that are drawn; their median counts.
DRAWN = 25
# What is asked of a vendor in a row: to land a file; to give a set (its folder, each file beside its place, its size
# read back, its name).
LANDING, GIVING = 5, 10


class Dice:
    """Seconds of one morning's waits, drawn anew with each question."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"model {seed}")

    def of(self, kind: str, times: int = 1) -> float:
        """So many in a row."""
        span = TABLE[kind]
        return sum(self._random.uniform(span.low, span.high) for _ in range(times))

    def longest(self, many: int, kind: str) -> float:
        """So many beside each other."""
        return max((self.of(kind) for _ in range(many)), default=0.0)

    def job(self, kind: str) -> float:
        """A job of BigQuery's: it is begun, lasts, and is asked once more when it is over."""
        return self.of("call", 2) + self.of(kind)


def morning(root: luigi.Task, workers: int) -> float:
    """The seconds of the whole, from the first look at a vendor to the last row of the history: the median of some."""
    graph = orders.graph(root)
    return statistics.median(_once(graph, workers, Dice(seed)) for seed in range(DRAWN))


def nothing_to_do(root: luigi.Task) -> float:
    """The seconds of a run that finds all made: it waits for the vendor whose look takes the longest."""
    vendors = _vendors(orders.graph(root))
    return statistics.median(_looks(vendors, Dice(seed)) for seed in range(DRAWN))


def _once(graph: orders.Graph, workers: int, dice: Dice) -> float:
    vendors = _vendors(graph)
    looks = _looks(vendors, dice)
    extracts = {str(task): dice.job("extract") for task in graph if isinstance(task, ExportedFile)}
    checks = {task.delivery: _checked(task, dice) for task in graph if isinstance(task, CheckedSet)}
    took = {}
    for task in graph:
        if isinstance(task, CheckedSet):
            took[str(task)] = checks[task.delivery]
        elif isinstance(task, ExportedFile):  # it came out of the warehouse while the set was checked
            took[str(task)] = (
                max(0.0, extracts[str(task)] - checks[task.delivery]) + dice.of("object", 3) + dice.of("call")
            )
        else:
            took[str(task)] = _waits(task, vendors, dice)
    given, done = orders.play(graph, took, orders.longest_way, workers)
    # The last set's students, then its files beside its row; before them a listing and its receipt.
    ledger = (
        dice.of("object", 2) + dice.of("call", 2) + dice.job("query") + dice.longest(2, "query") + dice.of("call", 2)
    )
    return looks + max(done, given + ledger) + dice.job("query")


def _waits(task: luigi.Task, vendors: set[str], dice: Dice) -> float:
    """Of one task by itself."""
    if isinstance(task, LandedFile):
        return dice.of("round trip", LANDING * bool(_vendor(task.feed, task.part))) + dice.of("object", 2)
    if isinstance(task, Snapshot):
        file = next(each for each in task.delivery.view_files if each.name == task.file)
        return max(dice.job("query") for _ in range(1 + snapshots.restricted(file))) + dice.of("call")
    if isinstance(task, DeliveredSet):
        login = 0.0 if task.delivery.vendor in vendors else dice.of("login")
        return login + dice.of("round trip", GIVING) + dice.of("object", 8)
    families = {
        "PreparedFile": lambda: dice.of("object"),
        "StoredObject": lambda: dice.of("object"),
        "LoadedTable": lambda: dice.of("call") + dice.job("load") + dice.of("call"),
    }
    return families.get(task.task_family, float)()


def _checked(task: CheckedSet, dice: Dice) -> float:
    """The columns of all files, then one question of each and one of references, then what is found is kept."""
    files = len(task.delivery.view_files)
    return dice.longest(files, "call") + max(dice.job("query") for _ in range(files + 1)) + dice.of("object", 3)


def _vendors(graph: orders.Graph) -> set[str]:
    return {vendor for feed in _feeds(graph) for source in feed.sources if (vendor := _vendor(feed, source.name))}


def _looks(vendors: set[str], dice: Dice) -> float:
    return max((dice.of("login") + dice.of("round trip", 3) for _ in vendors), default=0.0)


def _feeds(graph: Iterable[luigi.Task]) -> set[Feed]:
    return {task.feed for task in graph if isinstance(task, FeedTask)}


def _vendor(feed: Feed, part: str) -> str:
    """On whose server the part's file is; '' where it is our own."""
    place = feed.source(part).place
    return place.vendor if isinstance(place, SftpFolder) else ""
