"""Plays a morning that was measured once more, with its tasks in other orders: what the priorities are good for.

    LUIGI_CONFIG_PATH=FOLDER/luigi.cfg python -m bench.orders DATE [--workers 2 4 8 32]

FOLDER is what `python -m bench.latency --keep FOLDER` left. Each task takes the seconds that it took in the first run
of its log; nothing is run. Printed are the seconds until the last set was given, and until all was done.
"""

import argparse
import datetime as dt
import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable

import luigi

from bench import critical
from pipeline.catalogue import flows
from pipeline.chain import paths
from pipeline.chain.tasks import DeliveredSet, DeliveryTask, DeployedView, FeedTask
from pipeline.ground import manifests, settings
from pipeline.inbound import sources
from pipeline.inbound.evidence import LandedTarget
from pipeline.morning import Morning

Order = Callable[[luigi.Task], int]
# What each task needs, in the order in which Luigi schedules them.
Graph = dict[luigi.Task, list[luigi.Task]]


def main() -> None:
    """Play each order with each number of workers, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.orders", description=__doc__)
    parser.add_argument("date", type=dt.date.fromisoformat)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8, 32])
    asked = parser.parse_args()
    log = (settings.load().district.logs / f"morning-{asked.date}.log").read_text()
    took = {task: (end - begin).total_seconds() for task, (begin, end) in critical.ran(_first_run(log)).items()}
    sizes = {feed.name: _size(feed.name, asked.date) for feed in flows.feeds()}
    orders: dict[str, Order] = {
        "as they were scheduled": lambda _: 0,
        "what is sent, then the larger file": lambda task: (
            bool(longest_way(task) >= paths.SENT) << 40 | _bytes(task, sizes)
        ),
        "the longest way": lambda task: longest_way(task, _bytes(task, sizes)),
    }
    needs = graph(Morning(date=asked.date))
    print("| workers |", " | ".join(orders), "|\n|---|", "---|" * len(orders), sep="")
    for workers in asked.workers:
        ends = [play(needs, took, order, workers) for order in orders.values()]
        print(f"| {workers} |", " | ".join(f"{given:.0f}, {all_:.0f}" for given, all_ in ends), "|")


def _first_run(log: str) -> str:
    """Until the root was done."""
    end = log.find("done      Morning(")
    return log if end < 0 else log[: log.find("\n", end) + 1]


def _size(feed: str, date: dt.date) -> int:
    found = next(each for each in flows.feeds() if each.name == feed)
    landed = [manifests.load(LandedTarget(found, source.name, date).manifest_path) for source in found.sources]
    return sum(each["size"] for each in landed if each)


def _bytes(task: luigi.Task, sizes: dict[str, int]) -> int:
    return sizes[task.feed.name] if isinstance(task, FeedTask) else 0


def longest_way(task: luigi.Task, size: int = 0) -> int:
    """The order of the engine."""
    if isinstance(task, DeliveryTask):
        return paths.priority(task.task_family)
    if isinstance(task, FeedTask | DeployedView):
        return paths.priority(task.task_family, task.view if isinstance(task, DeployedView) else task.feed.name, size)
    return 0


def graph(root: luigi.Task) -> Graph:
    """The graph below the root."""
    found: Graph = {}
    left = deque([root])
    with sources.scheduling():
        while left:
            if (task := left.popleft()) not in found:
                found[task] = task.deps()  # type: ignore[no-untyped-call]
                left += found[task]
    return found


def play(graph: Graph, took: dict[str, float], order: Order, workers: int) -> tuple[float, float]:
    """The seconds until the last set was given, and until all was done. What a task needs comes before it, as Luigi has
    it."""
    places = {task: place for place, task in enumerate(graph)}
    ranks = {task: order(task) for task in graph}
    again = deque(graph)
    while again:
        task = again.popleft()
        for need in graph[task]:
            if ranks[need] < ranks[task]:
                ranks[need] = ranks[task]
                again.append(need)
    above = defaultdict(list)
    for task, needs in graph.items():
        for need in needs:
            above[need].append(task)
    left = Counter({task: len(needs) for task, needs in graph.items()})
    by_place = list(graph)
    ready = [(-ranks[task], places[task]) for task in graph if not graph[task]]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = given = 0.0
    while ready or running:
        while ready and len(running) < workers:
            _, place = heapq.heappop(ready)
            heapq.heappush(running, (now + took.get(str(by_place[place]), 0.0), place))
        now, place = heapq.heappop(running)
        given = now if isinstance(by_place[place], DeliveredSet) else given
        for task in above[by_place[place]]:
            left[task] -= 1
            if not left[task]:
                heapq.heappush(ready, (-ranks[task], places[task]))
    return given, now


if __name__ == "__main__":
    main()
