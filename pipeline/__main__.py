"""The operator's commands: morning <command>. Exit codes as those of a run (pipeline.run.runner)."""

import argparse
import datetime as dt
import json
import os
import sys
from pathlib import Path

from pipeline import VERSION
from pipeline.ground import configuration, secrets, settings
from pipeline.ground.console import leave, say
from pipeline.ground.errors import ConfigurationError, PipelineError, nearest

# Seconds for which `status` waits for an answer of Google's: what our own disk knows is shown without.
_LOOKS = 10
# Where ./morning was called.
CALLERS_FOLDER = "MORNING_CALLED_IN"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if "--" in words:
        words, for_luigi = words[: words.index("--")], words[words.index("--") + 1 :]
    else:
        for_luigi = []
    asked = _parser().parse_args(words)
    try:
        if asked.command in (_new_district, _words, _doctor):  # of no configuration, or one that it looks at itself
            return int(asked.command(asked, for_luigi))
        asked.date = asked.date or settings.load().today()
        if asked.command not in _WITHOUT_HEAD and not getattr(asked, "json", False):
            say(settings.in_force(), error=True)
        return int(asked.command(asked, for_luigi))
    except PipelineError as error:
        say(secrets.told(error), error=True)
        return 30


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="morning", description=__doc__)
    parser.add_argument("--version", action="version", version=f"morning {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: object, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(command=command, words=commands.choices)
        sub.add_argument("--date", type=dt.date.fromisoformat, help="YYYY-MM-DD; default: today in the district")
        return sub

    add("today", _today, "print today's date in the district's time zone")
    run = add("run", _run, "run a wrapper task (the shell wrappers call this; what follows -- goes to luigi)")
    run.add_argument("name", choices=["Morning", "Week"])
    run.add_argument("--workers", type=int, default=1)
    run.add_argument("--quiet", action="store_true", help="print the end alone, and that only when it is news")
    run.add_argument(
        "--tell", action="store_true", help="tell the receivers of [notify], though the date is another one"
    )
    run.add_argument("--send-nothing", action="store_true", help="make and check everything, and give nobody anything")
    status = add("status", _status, "where every flow stands")
    status.add_argument("--json", action="store_true")
    status.add_argument(
        "--all", action="store_true", help="each flow, also those that are done; lines as long as they are"
    )
    watch = add(
        "watch", _watch, "tell the receivers of [notify] when the morning is not done, or nobody made it (for cron)"
    )
    watch.add_argument("--by", type=_time, metavar="HH:MM", help="usual: [notify] done_by, or 09:00")
    watch.add_argument("--quiet", action="store_true", help="print it once a day")
    release = add("release", _release, "let a delivery go that is on hold, exactly as it was looked at")
    discard = add("discard", _discard, "end a day's delivery: it is neither sent nor asked about again")
    diff = add("diff", _diff, "what a checked delivery would change at its vendor, against the last accepted one")
    again = add("send-again", _send_again, "send a day's set once more, though it was given: at the next run")
    for command in (discard, diff, again):
        command.add_argument("delivery", help="its name, or that of a vendor who gets only one")
    release.add_argument("deliveries", nargs="*", help="their names, or those of vendors who get only one")
    release.add_argument(
        "--cause", default="", metavar="NAME", help="all that are on hold for it, as `status` names it"
    )
    for command in (release, discard, again):
        command.add_argument("--reason", required=True, help="why; kept with the verdict or the receipt")
    diff.add_argument("--rows", action="store_true", help="the keys too: personal data")
    preview = add(
        "preview", _preview, "whom a delivery would add, drop and change by the SQL of now, before it is deployed"
    )
    preview.add_argument("delivery", help="its name, or that of a vendor who gets only one")
    preview.add_argument("--rows", action="store_true", help="the keys too: personal data")
    sent = add("sent", _sent, "what exactly a vendor was sent on a day; with --to, the bytes: personal data")
    sent.add_argument("delivery", help="its name, or that of a vendor who gets only one")
    sent.add_argument("--file", default="", metavar="NAME", help="only this one of its files")
    sent.add_argument("--to", type=_path, metavar="DIR", help="write the files, as they were sent, into that folder")
    sent.add_argument("--push", type=int, metavar="N", help="of several pushes of the day; usual: the last")
    ledger = add("ledger", _ledger, "complete the ledger of disclosures; with --student, what it says of one student")
    ledger.add_argument("--student", metavar="NUMBER", help="student_number, with its leading zeros")
    ledger.add_argument("--json", action="store_true")
    history = add("history", _history, "the days on which a feed was loaded, or a delivery given, and what is usual")
    history.add_argument("name", help='a feed, its table, a part ("students RSD"), a delivery, or a file of one')
    history.add_argument("--days", type=int, default=30, metavar="N", help="so many days to --date; usual: 30")
    history.add_argument("--json", action="store_true")
    anew = add("again", _again, "take a feed's file anew from its vendor, on purpose: at the next run")
    anew.add_argument("feed")
    retry = add("retry-login", _retry_login, "let credentials that were refused today be sent again at the next run")
    retry.add_argument("name", help="a vendor, or portal-<login>")
    check = add("check", _check, "whether the catalogue of the configuration in force fits together; asks no network")
    check.add_argument("--cases", action="store_true", help="evaluate the views' cases too (needs the tests' packages)")
    doctor = add("doctor", _doctor, "whether the first morning will work; changes nothing at vendors or at Google")
    doctor.add_argument("--write", action="store_true", help="put a scratch file into each folder of a delivery, too")
    doctor.add_argument("--cloud", action="store_true", help="try a scratch dataset and scratch objects, too")
    doctor.add_argument("--notify", action="store_true", help="send a trial message to each receiver of [notify], too")
    doctor.add_argument("--json", action="store_true")
    new = add(
        "new-district", _new_district, "write a district's own repository, with a question for each value of its own"
    )
    new.add_argument("folder", type=_path, metavar="DIR")
    new.add_argument(
        "--with", dest="vendors", default="", metavar="A,B", help="clever,savvas,otus,ellevation,powerschool,eis"
    )
    new.add_argument("--servers", default="SIS", metavar="A,B", help="tags of the student information system's servers")
    install = add("install", _install, "set this server up for the mornings of the configuration in force (as root)")
    by = install.add_mutually_exclusive_group(required=True)
    by.add_argument("--systemd", dest="by", action="store_const", const="systemd", help="units and timers")
    by.add_argument("--cron", dest="by", action="store_const", const="cron", help="a table in /etc/cron.d")
    install.add_argument("--print", dest="shows", action="store_true", help="show the script that it runs; do nothing")
    install.add_argument("--user", default="morning", help="the service user (usual: morning)")
    install.add_argument("--mailto", default="root", help="who gets cron's mail (usual: root)")
    add("words", _words, "the commands, as the completion of a shell wants them")
    add("flows", _flows, "every flow of the catalogue, in Markdown, as docs/extend.md shows it")
    add(
        "purge",
        _purge,
        "remove copies that are landing_days old (luigi.cfg); those with passwords are that at a day",
    )
    return parser


def _path(text: str) -> Path:
    """A path as it was typed, relative to where the caller stands: the command itself runs in the code's folder."""
    return Path(os.environ.get(CALLERS_FOLDER, "."), text)


def _time(text: str) -> dt.time:
    """A time of the day as 09:00. Raises ValueError."""
    return dt.datetime.strptime(text, "%H:%M").time()


def _today(asked: argparse.Namespace, _: list[str]) -> int:
    say(asked.date)
    return 0


def _run(asked: argparse.Namespace, for_luigi: list[str]) -> int:
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


def _status(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.ground import cloud, logs
    from pipeline.run import report, screen

    logs.nowhere()
    cloud.hurry(_LOOKS)
    found = report.of("Morning", asked.date)
    if asked.json:
        say(json.dumps(found.as_json(), indent=1, ensure_ascii=False))
        return found.code
    week = report.of("Week", asked.date)
    say("\n".join(screen.status(found, week, 0 if asked.all else screen.width())))
    return found.code


def _watch(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run.notify import watch

    return watch.main(asked.date, asked.by, quiet=asked.quiet)


def _release(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import releasing

    code = 0
    for name in releasing.named(asked.deliveries, asked.cause, asked.date):
        try:
            for line in releasing.release(name, asked.date, asked.reason):
                say(line)
        except PipelineError as error:  # what is another's hold is released all the same
            say(f"{name}: {secrets.told(error)}", error=True)
            code = 30
    return code


def _discard(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import verdicts

    delivery = named(asked.delivery)
    verdicts.discard(delivery, asked.date, asked.reason)
    say(f"discarded: {delivery.name} is not sent for {delivery.period(asked.date)}; the next day's is looked at anew")
    return 0


def _send_again(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import giving, verdicts

    delivery = named(asked.delivery)
    giving.send_again(delivery, asked.date, asked.reason)
    say(f"the next run sends {delivery.name} once more ({verdicts.wrapper(delivery)} --date {asked.date})")
    return 0


def _diff(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import diff

    for line in diff.lines(named(asked.delivery), asked.date, rows=asked.rows):
        say(line)
    return 0


def _preview(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import preview

    with preview.made(named(asked.delivery), asked.date) as found:
        for line in preview.lines(found, rows=asked.rows):
            say(line)
    return 40 if found.failed else 0


def _sent(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue.flows import named
    from pipeline.outbound import sent

    delivery = named(asked.delivery)
    for line in sent.lines(delivery, asked.date, asked.file):
        say(line)
    if asked.to:
        for path in sent.write(delivery, asked.date, asked.to, asked.file, asked.push):
            say(f"written: {path}")
    return 0


def _ledger(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.outbound import disclosed, ledger

    done = ledger.record()  # so that an answer is of now
    if asked.student:
        say(disclosed.as_json(asked.student) if asked.json else disclosed.text(asked.student))
    elif asked.json:
        say(json.dumps({"entered": done.deliveries}, indent=1))
    else:
        say("\n".join(f"entered: {name}" for name in done.deliveries) or "nothing to enter")
    for trouble in (*done.trouble, *done.waiting):
        say(f"{trouble}", error=True)
    return 30 if done.trouble else 20 if done.waiting else 0


def _history(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.outbound import timeline

    if asked.json:
        say(json.dumps(timeline.as_json(asked.name, asked.date, asked.days), indent=1, ensure_ascii=False))
    else:
        say("\n".join(timeline.lines(asked.name, asked.date, asked.days)).rstrip())
    return 0


def _again(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import catalogue
    from pipeline.inbound import steps

    copies = steps.again(nearest(catalogue.feeds(), asked.feed, "feed"), asked.date)
    say(f"{copies} copies of {asked.feed} forgotten; the next run takes them anew: ./run_daily.sh --date {asked.date}")
    return 0


def _retry_login(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import catalogue
    from pipeline.ground import refusals

    known = [*catalogue.vendors(), *(f"portal-{login}" for login in settings.load().logins)]
    forgotten = refusals.forget(nearest({name: name for name in known}, asked.name, "login"))
    say(f"the next run tries {asked.name} again" if forgotten else f"{asked.name} was not refused today")
    return 0


def _words(asked: argparse.Namespace, _: list[str]) -> int:
    say(" ".join(asked.words))
    return 0


def _flows(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue import flows

    say(flows.table())
    return 0


def _check(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.catalogue import checking
    from pipeline.outside import googlesql

    if asked.cases and not googlesql.installed():
        raise ConfigurationError(
            "GoogleSQL is not installed", expected="the tests' packages", next_step="./setup.sh --tests"
        )
    wrong = checking.wrong(evaluated=asked.cases)
    for error in wrong:
        say(f"{secrets.told(error)}\n", error=True)
    say(checking.summary(wrong))
    return 30 if wrong else 0


def _doctor(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import doctor

    return doctor.main(writes=asked.write, cloud=asked.cloud, tells=asked.notify, as_json=asked.json)


def _new_district(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import scaffold

    vendors, servers = (words.replace(",", " ").split() for words in (asked.vendors, asked.servers))
    scaffold.write(asked.folder, vendors, servers)
    say(f"{asked.folder}: answer the questions of its luigi.cfg; its README.md says the rest")
    return 0


def _install(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.scaffold import installing

    if asked.shows:
        say(installing.script(asked.by, asked.user, asked.mailto))
        return 0
    return installing.install(asked.by, asked.user, asked.mailto)


def _purge(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.run import purge

    for folder in purge.old_copies(asked.date):
        say(f"removed {folder}")
    return 0


# What a program reads, and what prints a head of its own.
_WITHOUT_HEAD = (_today, _flows, _run, _status, _watch, _install)


if __name__ == "__main__":
    secrets.guard()
    leave(main())
