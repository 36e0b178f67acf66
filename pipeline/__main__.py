"""The operator's commands: python -m pipeline <command>. Exit codes as those of a run (pipeline.runner)."""

import argparse
import datetime as dt
import json
import sys
from dataclasses import asdict

from pipeline import settings
from pipeline.errors import PipelineError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if "--" in words:
        words, for_luigi = words[: words.index("--")], words[words.index("--") + 1 :]
    else:
        for_luigi = []
    asked = _parser().parse_args(words)
    try:
        asked.date = asked.date or settings.load().today()
        return int(asked.command(asked, for_luigi))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 30


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: object, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(command=command)
        sub.add_argument("--date", type=dt.date.fromisoformat, help="YYYY-MM-DD; default: today in the district")
        return sub

    add("today", _today, "print today's date in the district's time zone")
    run = add("run", _run, "run a wrapper task (the shell wrappers call this; what follows -- goes to luigi)")
    run.add_argument("name", choices=["Morning", "Week"])
    run.add_argument("--workers", type=int, default=1)
    status = add("status", _status, "where every flow stands")
    status.add_argument("--json", action="store_true")
    release = add("release", _release, "let a delivery go that is on hold, exactly as it was looked at")
    release.add_argument("delivery")
    release.add_argument("--reason", required=True, help="why it is right; kept with the verdict")
    add("flows", _flows, "every flow of the catalogue, in Markdown, as the README shows it")
    add("purge", _purge, "remove copies older than landing_days of luigi.cfg, and those with passwords after a day")
    return parser


def _today(asked: argparse.Namespace, _: list[str]) -> int:
    print(asked.date)
    return 0


def _run(asked: argparse.Namespace, for_luigi: list[str]) -> int:
    from pipeline import runner

    return runner.main(asked.name, asked.date, asked.workers, for_luigi)


def _status(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import status

    found = status.flows(asked.date)
    if asked.json:
        print(json.dumps([asdict(flow) for flow in found], indent=1, ensure_ascii=False))
    else:
        print(f"{settings.load().district.name}, {asked.date}\n\n{status.table(found)}")
        for file in status.unclaimed(asked.date):
            print(f"\n{file} is no feed's; it was not loaded")
    states = {flow.state for flow in found}
    return 30 if "broken" in states else 40 if "on hold" in states else 20 if "late" in states else 0


def _release(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import outbound
    from pipeline.deliveries import DELIVERIES
    from pipeline.errors import ConfigurationError

    if asked.delivery not in DELIVERIES:
        raise ConfigurationError(
            f"no delivery {asked.delivery}", expected=f"one of {', '.join(DELIVERIES)}", next_step="correct the name"
        )
    for looked_at in outbound.release(DELIVERIES[asked.delivery], asked.date, asked.reason):
        print(f"accepted: {looked_at}")
    print(f"released: the next run delivers {asked.delivery} (./run_daily.sh --date {asked.date})")
    return 0


def _flows(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import catalogue

    print(catalogue.table())
    return 0


def _purge(asked: argparse.Namespace, _: list[str]) -> int:
    from pipeline import purge

    for folder in purge.old_copies(asked.date):
        print(f"removed {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
