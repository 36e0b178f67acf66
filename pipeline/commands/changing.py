"""The commands that change what the next run does, or set a district or a server up."""

import argparse

from pipeline.ground import settings
from pipeline.ground.console import say
from pipeline.ground.errors import nearest


def again(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import catalogue
    from pipeline.inbound import steps

    copies = steps.again(nearest(catalogue.feeds(), asked.feed, "feed"), asked.date)
    say(f"{copies} copies of {asked.feed} forgotten; the next run takes them anew: ./run_daily.sh --date {asked.date}")
    return 0


def retry_login(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import catalogue
    from pipeline.outside import refusals

    known = [*catalogue.vendors(), *(f"portal-{login}" for login in settings.load().logins)]
    forgotten = refusals.forget(nearest({name: name for name in known}, asked.name, "login"))
    say(f"the next run tries {asked.name} again" if forgotten else f"{asked.name} was not refused today")
    return 0


def new_district(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import scaffold

    vendors, servers = (words.replace(",", " ").split() for words in (asked.vendors, asked.servers))
    scaffold.write(asked.folder, vendors, servers)
    say(f"{asked.folder}: answer the questions of its luigi.cfg; its README.md says the rest")
    return 0


def install(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline.scaffold import installing

    if asked.shows:
        say(installing.script(asked.by, asked.user, asked.mailto))
        return 0
    return installing.install(asked.by, asked.user, asked.mailto)
