"""The words of the command: what each is called, what may be said to it. What a command does stands beside this."""

import argparse
import datetime as dt
import os
import shutil
from functools import partial
from pathlib import Path
from typing import NoReturn

from pipeline import VERSION
from pipeline.commands import asking, changing, deciding, running
from pipeline.commands.answers import EXITS, Command, wrong

# Seconds for which a person who only asks or decides waits for an answer of each of Google's services.
PATIENCE = 10
# Where ./morning was called.
CALLERS_FOLDER = "MORNING_CALLED_IN"
# As argparse has it; it would ask the terminal anew for each argument that is added.
_WIDTH = shutil.get_terminal_size().columns - 2


class _Parser(argparse.ArgumentParser):
    """Argparse's, with the exit codes below each help; a program that asked for JSON is told in it what is wrong."""

    for_programs = False

    def __init__(self, **words: object) -> None:
        form = partial(argparse.RawDescriptionHelpFormatter, width=_WIDTH)
        super().__init__(**words, epilog=EXITS, formatter_class=form)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        if self.for_programs:
            wrong(message, self.format_usage().strip())
            self.exit(2)
        super().error(message)


class _ForPrograms(_Parser):
    for_programs = True


def parser(description: str, *, for_programs: bool) -> argparse.ArgumentParser:
    """What reads the command's words; with `for_programs`, it tells what is wrong with them as JSON."""
    made = (_ForPrograms if for_programs else _Parser)(prog="morning", description=description)
    made.add_argument("--version", action="version", version=f"morning {VERSION}")
    commands = made.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(command=command, words=commands.choices, patience=None)
        sub.add_argument("--date", type=dt.date.fromisoformat, help="YYYY-MM-DD; default: today in the district")
        sub.add_argument("--json", action="store_true", help="for programs: one JSON document, errors too")
        return sub

    add("today", asking.today, "print today's date in the district's time zone")
    run = add(
        "run", running.run, "make one feed or delivery with all that it needs; or what the shell wrappers ask for"
    )
    run.add_argument("name", help="a feed or delivery; Morning and Week are the wrappers' (-- … goes to luigi)")
    run.add_argument("--workers", type=int)
    run.add_argument("--only", default="", help=argparse.SUPPRESS)
    run.add_argument("--quiet", action="store_true", help="print the end alone, and that only when it is news")
    run.add_argument(
        "--tell", action="store_true", help="tell the receivers of [notify], though the date is another one"
    )
    run.add_argument("--send-nothing", action="store_true", help="make and check everything, and give nobody anything")
    run.add_argument(
        "--help-along", action="store_true", help="where another machine is at work on just this, do a share of it"
    )
    status = add("status", running.status, "where every flow stands")
    status.add_argument(
        "--all", action="store_true", help="each flow, also those that are done; lines as long as they are"
    )
    page = add(
        "page", running.page, "make the page of the date anew, publish it where [report] says, and print where it lies"
    )
    watch = add(
        "watch",
        running.watch,
        "tell the receivers of [notify] when the morning is not done, or nobody made it (for cron)",
    )
    watch.add_argument("--by", type=_time, metavar="HH:MM", help="usual: [notify] done_by, or 09:00")
    watch.add_argument("--quiet", action="store_true", help="print it once a day")
    release = add("release", deciding.release, "let a delivery go that is on hold, exactly as it was looked at")
    discard = add("discard", deciding.discard, "end a day's delivery: it is neither sent nor asked about again")
    diff = add(
        "diff", deciding.diff, "what a checked delivery would change at its vendor, against the last accepted one"
    )
    again = add("send-again", deciding.send_again, "send a day's set once more, though it was given: at the next run")
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
        "preview",
        deciding.preview,
        "whom a delivery would add, drop and change by the SQL of now, before it is deployed",
    )
    preview.add_argument("delivery", help="its name, or that of a vendor who gets only one")
    preview.add_argument("--rows", action="store_true", help="the keys too: personal data")
    sent = add("sent", deciding.sent, "what exactly a vendor was sent on a day; with --to, the bytes: personal data")
    sent.add_argument("delivery", help="its name, or that of a vendor who gets only one")
    sent.add_argument("--file", default="", metavar="NAME", help="only this one of its files")
    sent.add_argument("--to", type=_path, metavar="DIR", help="write the files, as they were sent, into that folder")
    sent.add_argument("--push", type=int, metavar="N", help="of several pushes of the day; usual: the last")
    ledger = add(
        "ledger", asking.ledger, "complete the ledger of disclosures; with --student, what it says of one student"
    )
    ledger.add_argument("--student", metavar="NUMBER", help="student_number, with its leading zeros")
    history = add(
        "history", asking.history, "the days on which a feed was loaded, or a delivery given, and what is usual"
    )
    history.add_argument("name", help='a feed, its table, a part ("students RSD"), a delivery, or a file of one')
    history.add_argument("--days", type=int, default=30, metavar="N", help="so many days to --date; usual: 30")
    explain = add(
        "explain",
        asking.explain,
        "what a feed, table, view, delivery, file or column is made of, and what waits for it",
    )
    explain.add_argument(
        "name", help="students, roster_files.Clever_students, clever_rosters/students.csv, Student_id …"
    )
    explain.add_argument("--mermaid", action="store_true", help="the way from place to place, as Mermaid's text")
    dictionary = add("dictionary", asking.dictionary, "every table, column and delivered file, in Markdown")
    dictionary.add_argument("--to", type=_path, metavar="DIR", help="write flows.md and tables.md into that folder")
    anew = add("again", changing.again, "take a feed's file anew from its vendor, on purpose: at the next run")
    anew.add_argument("feed")
    retry = add(
        "retry-login", changing.retry_login, "let credentials that were refused today be sent again at the next run"
    )
    retry.add_argument("name", help="a vendor, or portal-<login>")
    check = add(
        "check", running.check, "whether the catalogue of the configuration in force fits together; asks no network"
    )
    check.add_argument("--cases", action="store_true", help="evaluate the views' cases too (needs the tests' packages)")
    doctor = add(
        "doctor", running.doctor, "whether the first morning will work; changes nothing at vendors or at Google"
    )
    doctor.add_argument("--write", action="store_true", help="put a scratch file into each folder of a delivery, too")
    doctor.add_argument("--cloud", action="store_true", help="try a scratch dataset and scratch objects, too")
    doctor.add_argument("--notify", action="store_true", help="send a trial message to each receiver of [notify], too")
    new = add(
        "new-district",
        changing.new_district,
        "write a district's own repository, with a question for each value of its own",
    )
    new.add_argument("folder", type=_path, metavar="DIR")
    new.add_argument(
        "--with", dest="vendors", default="", metavar="A,B", help="clever,savvas,otus,ellevation,powerschool,eis"
    )
    new.add_argument("--servers", default="SIS", metavar="A,B", help="tags of the student information system's servers")
    install = add(
        "install", changing.install, "set this server up for the mornings of the configuration in force (as root)"
    )
    by = install.add_mutually_exclusive_group(required=True)
    by.add_argument("--systemd", dest="by", action="store_const", const="systemd", help="units and timers")
    by.add_argument("--cron", dest="by", action="store_const", const="cron", help="a table in /etc/cron.d")
    install.add_argument("--print", dest="shows", action="store_true", help="show the script that it runs; do nothing")
    install.add_argument("--user", default="morning", help="the service user (usual: morning)")
    install.add_argument("--mailto", default="root", help="who gets cron's mail (usual: root)")
    add("words", asking.words, "the commands, as the completion of a shell wants them")
    add("flows", asking.flows, "every flow of the catalogue, in Markdown, as docs/extend.md shows it")
    add(
        "purge",
        running.purge,
        "remove copies that are landing_days old (luigi.cfg); those with passwords are that at a day",
    )
    for asks in (status, page, watch, release, discard, history, explain):
        asks.set_defaults(patience=PATIENCE)
    return made


def _path(text: str) -> Path:
    """A path as it was typed, relative to where the caller stands: the command itself runs in the code's folder."""
    return Path(os.environ.get(CALLERS_FOLDER, "."), text)


def _time(text: str) -> dt.time:
    """A time of the day as 09:00. Raises ValueError."""
    return dt.datetime.strptime(text, "%H:%M").time()
