"""The commands about a morning: run it, ask how it stands, see whether the next one will work."""

import argparse
import os
import subprocess
from pathlib import Path

from pipeline.commands.answers import Answer, sentences
from pipeline.ground import configuration, secrets, settings
from pipeline.ground.command import MORNING
from pipeline.ground.console import say
from pipeline.ground.errors import ConfigurationError
from pipeline.ground.unused import uncollected

# What is not looked at where the package of GoogleSQL is missing.
_UNREAD = (
    f"not looked at: whether BigQuery takes the views, and whether what goes out is text (`{MORNING} doctor` asks "
    "BigQuery itself; `./setup.sh --tests` brings what tells it here)"
)

# What makes a feed or delivery alone: it holds the locks, and sees to the scheduler, as every run's wrapper does.
_WRAPPER = Path(__file__).resolve().parents[2] / "run_daily.sh"


def run(asked: argparse.Namespace, for_luigi: list[str]) -> int:
    if asked.name not in ("Morning", "Week"):
        return _only(asked, for_luigi)
    if file := configuration.own():
        os.environ["LUIGI_CONFIG_PATH"] = str(file)  # Luigi, which is imported now, knows no machine's file
    with uncollected():
        from pipeline.catalogue import flows
        from pipeline.run import early

        flows.refuse_questions()
        if asked.name == "Morning" and not asked.only and not asked.send_nothing:
            early.begin(asked.name, asked.date)
        from pipeline.run import runner
    only = named(asked.only) if asked.only else ""
    return runner.main(
        *(asked.name, asked.date, asked.workers or 1, for_luigi),
        quiet=asked.quiet,
        sends=not asked.send_nothing,
        tells=asked.tell,
        only=only,
        helps=asked.help_along,
    )


def _only(asked: argparse.Namespace, for_luigi: list[str]) -> int:
    """Hand over to the daily wrapper; a program gets what that says when it has ended."""
    words = ["--only", named(asked.name), "--date", f"{asked.date}"]
    words += ["--workers", f"{asked.workers}"] if asked.workers else []
    words += ["--quiet"] if asked.quiet else []
    words += ["--send-nothing"] if asked.send_nothing else []
    words += ["--help-along"] if asked.help_along else []
    words += ["--", *for_luigi] if for_luigi else []
    if not asked.json:
        os.execv(_WRAPPER, [f"{_WRAPPER}", *words])  # noqa: S606  (our own script, and no shell)
    done = subprocess.run([_WRAPPER, *words], stdout=subprocess.PIPE, text=True, check=False)
    say(done.stdout.rstrip())
    return done.returncode


def named(name: str) -> str:
    """The feed or delivery of this district that is called so, by itself or its table or vendor. Raises
    ConfigurationError."""
    from pipeline.catalogue import flows, lineage

    things = lineage.named(name)
    whole = [thing.name.partition(".")[2] if thing.kind == "feed" else thing.name for thing in things]
    here = {*(feed.name for feed in flows.feeds()), *(delivery.name for delivery in flows.deliveries())}
    if len(whole) == 1 and whole[0] in here:
        return whole[0]
    off = [each for each in whole if each in settings.load().district.off]
    raise ConfigurationError(
        f"{', '.join(off)} is switched off"
        if off
        else f"{name} is {', '.join(f'the {t.kind} {t.name}' for t in things)}",
        expected="one feed, table or delivery",
        next_step="take it out of `off` of [district]" if off else f"`morning explain {name}` says what it is made of",
    )


def status(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.run import report, screen

    found = report.of_day(asked.date)

    def text() -> str:
        return "\n".join(screen.status(found, screen.width(), whole=True if asked.all else None))

    return Answer(text, found.as_json, found.code)


def page(asked: argparse.Namespace, _: list[str]) -> Answer:
    from pipeline.run.page import making

    page, remarks = making.by_hand(asked.date)
    code = 30 if remarks else 0
    return Answer(
        lambda: "\n".join([f"{page}", *remarks]), lambda: {"exit": code, "page": f"{page}", "remarks": remarks}, code
    )


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
    unread = "" if googlesql.installed() else _UNREAD

    def text() -> str:
        for error in wrong:
            say(f"{secrets.told(error)}\n", error=True)
        return f"{summary}\n{unread}".rstrip()

    code = 30 if wrong else 0
    told = {"exit": code, "wrong": list(map(sentences, wrong)), "summary": summary, "unread": unread}
    return Answer(text, lambda: told, code)


def doctor(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import doctor

    return doctor.main(writes=asked.write, cloud=asked.cloud, tells=asked.notify, as_json=asked.json)


def purge(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import purge

    settings.load().refuse_to_come(asked.date)  # all that there is would go
    for folder in purge.old_copies(asked.date):
        say(f"removed {folder}")
    return 0
