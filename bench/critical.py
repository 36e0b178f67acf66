"""The longest path through a morning's graph, by what each of its tasks took: no run can be shorter than that."""

import datetime as dt
import re
from dataclasses import dataclass

import luigi

# The log, when a task begins and ends: `2026-11-27 07:24:57,683 … Worker … running   Snapshot(date=…, …)`.
_MOMENT = re.compile(r"^(\S+ \S+) .* Worker \S+ (running|done) +(\w+\(.*\))$", re.M)

Moments = dict[str, tuple[dt.datetime, dt.datetime]]


@dataclass(frozen=True)
class Step:
    """A task of the path: its seconds, and those that passed between the end of what it needs and its beginning."""

    task: str
    seconds: float
    waited: float


@dataclass(frozen=True)
class Path:
    """The steps in their order; when the first task of the run began, and when the last one ended."""

    steps: tuple[Step, ...]
    first: dt.datetime
    last: dt.datetime

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


def ran(log: str) -> Moments:
    """When each task began and ended, by its name with its parameters, from a run's log."""
    begun: dict[str, dt.datetime] = {}
    found: Moments = {}
    for moment, what, task in _MOMENT.findall(log):
        at = dt.datetime.strptime(moment, "%Y-%m-%d %H:%M:%S,%f")
        if what == "running":
            begun.setdefault(task, at)
        else:
            found[task] = (begun[task], at)
    return found


def path(ran: Moments, root: luigi.Task) -> Path:
    """The longest path below `root`. What has no moments of its own (what was complete before, a vendor's file) takes
    none."""
    longest: dict[str, tuple[float, tuple[Step, ...]]] = {}

    def follow(task: luigi.Task) -> tuple[float, tuple[Step, ...]]:
        name = str(task)
        if name not in longest:
            needs = task.deps()  # type: ignore[no-untyped-call]
            before, steps = max(map(follow, needs), key=lambda each: each[0], default=(0.0, ()))
            if name in ran:
                begun, ended = ran[name]
                ready = max((ran[str(each)][1] for each in needs if str(each) in ran), default=begun)
                took = (ended - begun).total_seconds()
                step = Step(name, took, (begun - ready).total_seconds())
                before, steps = before + took, (*steps, step)
            longest[name] = before, steps
        return longest[name]

    _, steps = follow(root)
    moments = [moment for pair in ran.values() for moment in pair]
    return Path(steps, min(moments), max(moments))
