"""The commands that answer a question."""

import argparse
import json

from pipeline.commands.answers import Answer
from pipeline.ground.console import say


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


def words(asked: argparse.Namespace, _: list[str]) -> int:
    say(" ".join(asked.words))
    return 0


def flows(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue import flows

    say(flows.table())
    return 0
