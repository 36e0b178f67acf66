"""The benchmark's longest path: of what the tasks took, without what they waited for a worker."""

import luigi
import pytest

from bench import critical

LINE = "2026-11-23 07:00:0{},{} 17 INFO luigi-interface: [pid 17] Worker morning-host {} {}"
# Begins, ends, in tenths of a second: `last` needs `slow` and `quick`, which need `first`.
TIMES = {"first": (0, 10), "quick": (10, 15), "slow": (20, 50), "last": (52, 60)}
NEEDS = {"first": (), "quick": ("first",), "slow": ("first",), "last": ("quick", "slow")}


class Task(luigi.Task):
    """A task by its name."""

    name: luigi.Parameter[str] = luigi.Parameter()

    def requires(self) -> list[luigi.Task]:
        return [Task(name=need) for need in NEEDS[self.name]]


@pytest.fixture
def log() -> str:
    lines = [
        LINE.format(tenths // 10, f"{tenths % 10}00", what, Task(name=name))
        for name, moments in TIMES.items()
        for what, tenths in zip(("running  ", "done     "), moments, strict=True)
    ]
    return "\n".join(["something else", *lines, ""])


def test_the_longest_path_leaves_out_what_waited_for_a_worker(log: str) -> None:
    path = critical.path(critical.ran(log), Task(name="last"))
    assert [step.task for step in path.steps] == [f"Task(name={name})" for name in ("first", "slow", "last")]
    assert path.seconds == pytest.approx(1.0 + 3.0 + 0.8)
    assert [step.waited for step in path.steps] == pytest.approx([0, 1.0, 0.2])
    assert (path.last - path.first).total_seconds() == pytest.approx(6.0)


def test_what_was_complete_before_takes_no_time(log: str) -> None:
    there = "\n".join(line for line in log.splitlines() if "first" not in line)
    path = critical.path(critical.ran(there), Task(name="last"))
    assert [step.task for step in path.steps] == ["Task(name=slow)", "Task(name=last)"]
