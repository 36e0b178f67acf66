"""Which holds a person lets go: by the names of the deliveries, or by the cause that a report tells of them."""

import datetime as dt
from collections.abc import Iterable, Iterator

from pipeline.catalogue.flows import named as delivery_named
from pipeline.ground.command import MORNING
from pipeline.ground.errors import ConfigurationError
from pipeline.outbound import verdicts
from pipeline.run import report


def named(names: Iterable[str], cause: str, date: dt.date) -> list[str]:
    """The deliveries of these names, and those that are on hold for the cause. Raises ConfigurationError."""
    found = [delivery_named(name).name for name in names]
    if cause:
        found += _held_for(cause, date)
    if not found:
        raise ConfigurationError(
            "neither a delivery nor a cause was named",
            expected="what shall be released",
            next_step=f"look at `{MORNING} status --date {date}`, which names both",
        )
    return list(dict.fromkeys(found))


def _held_for(name: str, date: dt.date) -> list[str]:
    """The deliveries that are on hold for that cause, the weekly ones too."""
    held: dict[str, list[str]] = {}
    for cause in report.of_day(date).causes:
        if cause.harm == "on hold":
            held.setdefault(cause.name, []).extend(cause.flows)
    if name not in held:
        raise ConfigurationError(
            f"nothing is on hold for {name} on {date}",
            expected=f"one of {', '.join(held)}" if held else "a delivery on hold (exit code 40)",
            next_step=f"look at `{MORNING} status --date {date}`",
        )
    return held[name]


def release(name: str, date: dt.date, reason: str) -> Iterator[str]:
    """Let the held delivery go, as `verdicts.release` does; yields what was looked away from. Raises PipelineError."""
    delivery = delivery_named(name)
    yield from (f"accepted: {looked_at}" for looked_at in verdicts.release(delivery, date, reason))
    yield f"released: the next run delivers {name} ({verdicts.wrapper(delivery)} --date {date})"
