"""The commands by which a person decides about a delivery, and looks before that."""

import argparse

from pipeline.commands.answers import Answer, sentences
from pipeline.ground import secrets
from pipeline.ground.console import say
from pipeline.ground.errors import PipelineError


def release(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.run import releasing

    said: list[str] = []
    wrong: dict[str, PipelineError] = {}
    for name in releasing.named(asked.deliveries, asked.cause, asked.date):
        try:
            said += releasing.release(name, asked.date, asked.reason)
        except PipelineError as error:  # what is another's hold is released all the same
            wrong[name] = error
    code = 30 if wrong else 0

    def text() -> str:
        for name, error in wrong.items():
            say(f"{name}: {secrets.told(error)}", error=True)
        return "\n".join(said)

    told = {name: sentences(error) for name, error in wrong.items()}
    return Answer(text, lambda: {"exit": code, "said": said, "wrong": told}, code)


def discard(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import verdicts

    delivery = named(asked.delivery)
    verdicts.discard(delivery, asked.date, asked.reason)
    say(f"discarded: {delivery.name} is not sent for {delivery.period(asked.date)}; the next day's is looked at anew")
    return 0


def send_again(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import giving, verdicts

    delivery = named(asked.delivery)
    giving.send_again(delivery, asked.date, asked.reason)
    say(f"the next run sends {delivery.name} once more ({verdicts.wrapper(delivery)} --date {asked.date})")
    return 0


def diff(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import diff

    for line in diff.lines(named(asked.delivery), asked.date, rows=asked.rows):
        say(line)
    return 0


def preview(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import preview

    with preview.made(named(asked.delivery), asked.date) as found:
        for line in preview.lines(found, rows=asked.rows):
            say(line)
    return 40 if found.failed else 0


def sent(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import sent

    delivery = named(asked.delivery)
    for line in sent.lines(delivery, asked.date, asked.file):
        say(line)
    if asked.to:
        for path in sent.write(delivery, asked.date, asked.to, asked.file, asked.push):
            say(f"written: {path}")
    return 0
