"""The commands about a morning: run it, ask how it stands, see whether the next one will work."""

import argparse
import os

from pipeline.commands.answers import Answer, sentences
from pipeline.ground import configuration, secrets
from pipeline.ground.console import say
from pipeline.ground.errors import ConfigurationError

# Seconds for which `status` waits for an answer of Google's: what our own disk knows is shown without.
_LOOKS = 10


def run(asked: argparse.Namespace, for_luigi: list[str]) -> int:
    if file := configuration.own():
        os.environ["LUIGI_CONFIG_PATH"] = str(file)  # Luigi, which is imported now, knows no machine's file
    from pipeline.catalogue import flows
    from pipeline.run import runner

    flows.refuse_questions()
    return runner.main(
        *(asked.name, asked.date, asked.workers, for_luigi),
        quiet=asked.quiet,
        sends=not asked.send_nothing,
        tells=asked.tell,
    )


def status(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.ground import cloud, logs
    from pipeline.run import report, screen

    logs.nowhere()
    cloud.hurry(_LOOKS)
    found = report.of("Morning", asked.date)

    def text() -> str:
        week = report.of("Week", asked.date)
        return "\n".join(screen.status(found, week, 0 if asked.all else screen.width()))

    return Answer(text, found.as_json, found.code)


def watch(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run.notify import watch

    return watch.main(asked.date, asked.by, quiet=asked.quiet)


def check(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.catalogue import checking
    from pipeline.outside import googlesql

    if asked.cases and not googlesql.installed():
        raise ConfigurationError(
            "GoogleSQL is not installed", expected="the tests' packages", next_step="./setup.sh --tests"
        )
    wrong = checking.wrong(evaluated=asked.cases)
    summary = checking.summary(wrong)

    def text() -> str:
        for error in wrong:
            say(f"{secrets.told(error)}\n", error=True)
        return summary

    code = 30 if wrong else 0
    return Answer(text, lambda: {"exit": code, "wrong": list(map(sentences, wrong)), "summary": summary}, code)


def doctor(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import doctor

    return doctor.main(writes=asked.write, cloud=asked.cloud, tells=asked.notify, as_json=asked.json)


def purge(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import purge

    for folder in purge.old_copies(asked.date):
        say(f"removed {folder}")
    return 0
