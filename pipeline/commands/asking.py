"""The commands that answer a question."""

import argparse
import datetime as dt
import json

from pipeline.commands.answers import Answer
from pipeline.ground import border
from pipeline.ground.console import say
from pipeline.ground.errors import PipelineError

# Seconds for which `explain` waits for an answer of Google's: what the catalogue knows is told without.
_LOOKS = 5


def today(asked: argparse.Namespace, _: list[str]) -> Answer:
    return Answer(lambda: f"{asked.date}", lambda: {"date": f"{asked.date}"})


def ledger(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.outbound import disclosed, ledger

    done = ledger.record()  # so that an answer is of now
    for trouble in (*done.trouble, *done.waiting):
        say(f"{trouble}", error=True)
    code = 30 if done.trouble else 20 if done.waiting else 0
    if asked.student:
        return Answer(lambda: disclosed.text(asked.student), lambda: json.loads(disclosed.as_json(asked.student)), code)
    entered = "\n".join(f"entered: {name}" for name in done.deliveries)
    return Answer(lambda: entered or "nothing to enter", lambda: {"entered": done.deliveries}, code)


def history(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.outbound import timeline

    about = (asked.name, asked.date, asked.days)
    return Answer(lambda: "\n".join(timeline.lines(*about)).rstrip(), lambda: timeline.as_json(*about))


def explain(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.catalogue import lineage
    from pipeline.catalogue.explaining import explained

    things = lineage.named(asked.name)
    if asked.mermaid:
        found = lineage.edges()
        way = [edge for thing in things for edge in (*lineage.before(thing, found), *lineage.after(thing, found))]
        picture = lineage.mermaid(way)
        return Answer(lambda: picture, lambda: {"mermaid": picture})
    last = _last_good()
    told = [explained(thing, last) for thing in things]
    return Answer(lambda: "\n\n".join(each.text() for each in told), lambda: [each.as_json() for each in told])


def _last_good() -> dict[str, dt.date] | None:
    """None when nobody answers, which is no error here."""
    from pipeline.ground import cloud, logs
    from pipeline.outbound import history

    logs.nowhere()
    cloud.hurry(_LOOKS)
    try:
        with border.around("the history", "asking for the last good dates"):
            return history.last_good()
    except PipelineError:
        return None


def dictionary(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.catalogue.dictionary import pages

    found = pages()
    if asked.to:
        asked.to.mkdir(parents=True, exist_ok=True)
        for name, page in found.items():
            (asked.to / name).write_text(page)
        written = [f"{asked.to / name}" for name in found]
        return Answer(lambda: "\n".join(f"written: {name}" for name in written), lambda: {"written": written})
    return Answer(lambda: "\n".join(found.values()).rstrip(), lambda: found)


def words(asked: argparse.Namespace, _: list[str]) -> int:
    say(" ".join(asked.words))
    return 0


def flows(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue import flows

    say(flows.table())
    return 0
