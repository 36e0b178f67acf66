"""The run itself in the history: written down when it begins, so that one which is killed is known to have been.

A run that made nothing and ended as the one before it is not entered: twenty of a morning's runs only look, and none of
them would cost a query. So the last row of a date tells how that date ended.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from pipeline import VERSION
from pipeline.chain.tasks import DeliveredSet, LoadedTable
from pipeline.ground import border, journal, manifests, secrets
from pipeline.ground.errors import PipelineError
from pipeline.ground.progress import Event
from pipeline.outbound import happened
from pipeline.run.outcome import Outcome


def _name() -> str:
    """Each run's own: what one says takes no other's place."""
    return f"run-{manifests.fingerprint(journal.run())[:12]}"


def begin(name: str, date: dt.date) -> dict[str, Any]:
    """Write down that the run has begun; returns what is known of it."""
    told = {"kind": "run", "wrapper": name, "date": date.isoformat(), "began": manifests.now(), "version": VERSION}
    journal.write(_name(), told)
    return told


def forget() -> None:
    """It was no run after all."""
    journal.forget(_name())


def end(begun: dict[str, Any], outcome: Outcome, events: Iterable[Event], *, news: bool) -> list[str]:
    """Enter what this run did, and what earlier ones left; in a sentence, what kept it from being entered.

    That is a remark: no morning is worse for it, and the next run goes on with it.
    """
    done = [event for event in events if event.kind == "done"]
    if news or done:
        told = {**begun, "ended": manifests.now(), "exit_code": outcome.code, **_counts(outcome, done)}
        journal.write(_name(), told)
    else:
        forget()
    try:
        with border.around("the history", "entering what happened"):
            happened.record()
    except PipelineError as error:
        return [f"the history was not completed, the next run goes on with it: {secrets.redact(error.found)}"]
    return []


def _counts(outcome: Outcome, done: list[Event]) -> dict[str, int]:
    return {
        "loaded": len({event.flow for event in done if event.task == LoadedTable.__name__}),
        "delivered": len({event.flow for event in done if event.task == DeliveredSet.__name__}),
        "on_hold": len({failure.flow for failure in outcome.of("on hold")}),
        "broken": len({failure.flow for failure in outcome.of("broken")}),
        "late": len(outcome.of("late")),
    }
