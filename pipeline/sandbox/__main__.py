"""The sandbox's commands: up, down, status, new-day, elsewhere, fault, heal, latency.

Exit codes: 0 done, 1 it could not be done (status: not all is well), 2 the command line is not understood.
"""

import argparse
import datetime as dt
import os
from pathlib import Path

from pipeline.ground import settings
from pipeline.ground.console import leave, say
from pipeline.ground.errors import ConfigurationError
from pipeline.sandbox import damage, elsewhere, supervisor
from pipeline.sandbox.days import last_made, new_day, night
from pipeline.sandbox.faults import KINDS, FaultFile
from pipeline.sandbox.latency import REAL, Latency
from pipeline.sandbox.places import Places


def main(words: list[str] | None = None) -> int:
    """Do one command; what it says goes to standard output, what went wrong to standard error."""
    asked = _parser().parse_args(words)
    os.umask(0o077)
    try:
        configured = settings.load()
        if not configured.sandbox.enabled:
            say("[sandbox] enabled = false: there is nothing to start")
            return 0
        done: int = asked.do(Places(configured), asked)
    except (supervisor.SandboxError, ConfigurationError, LookupError, ValueError, OSError) as error:
        say(str(error.args[0] if isinstance(error, KeyError) else error), error=True)
        return 1
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="morning sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the stand-ins unless they run, and make the day's files")
    up.add_argument("--date", type=dt.date.fromisoformat, help="the school day (today)")
    up.set_defaults(do=_up)
    commands.add_parser("down", help="end them").set_defaults(do=_down)
    commands.add_parser("status", help="what runs, and which faults are on").set_defaults(do=_status)
    commands.add_parser("serve", help="run them in the foreground (what `up` starts)").set_defaults(do=_serve)
    day = commands.add_parser("new-day", help="make a school day's files")
    day.add_argument("--date", type=dt.date.fromisoformat, required=True)
    day.add_argument("--force", action="store_true", help="even if that day or a later one was made")
    day.set_defaults(do=_new_day)
    other = commands.add_parser("elsewhere", help="write a configuration for a second pretend district")
    other.add_argument("folder", type=lambda text: Path(text).absolute())
    other.add_argument("--students", type=int, default=400)
    other.set_defaults(do=_elsewhere)
    commands.add_parser("heal", help="undo every fault that can be undone").set_defaults(do=_heal)
    fault = commands.add_parser("fault", help="make something go wrong; without a name, lists what can")
    fault.set_defaults(do=_list_faults)
    _add_faults(fault)
    latency = commands.add_parser("latency", help="let the servers take as long as the real services, or no longer")
    latency.add_argument("to", choices=(REAL, "off"))
    latency.set_defaults(do=_latency)
    return parser


def _add_faults(parser: argparse.ArgumentParser) -> None:
    names = parser.add_subparsers(metavar="NAME")
    for kind in KINDS:
        one = names.add_parser(kind.name, help=kind.what, description=f"{kind.what} ({kind.rows})")
        if kind.target == "file":
            one.add_argument("target", metavar="PATH", help="pattern under the sandbox's sftp folder; the newest match")
        elif kind.target == "vendor":
            one.add_argument("target", metavar="VENDOR")
        for option in kind.options:
            if option.kind is bool:
                one.add_argument(option.flag, action="store_true", help=option.what)
            elif not option.flag.startswith("--"):
                one.add_argument(option.flag, type=option.kind, choices=option.choices, help=option.what)
            else:
                one.add_argument(option.flag, type=option.kind, default=option.default, help=option.what)
        one.set_defaults(do=_fault, kind=kind)


def _up(places: Places, asked: argparse.Namespace) -> int:
    said = supervisor.up(places)
    say(f"{said}; {night(places, asked.date or places.settings.today())}")
    return 0


def _down(places: Places, asked: argparse.Namespace) -> int:
    say(supervisor.down(places))
    return 0


def _status(places: Places, asked: argparse.Namespace) -> int:
    line, well = supervisor.status(places)
    say(f"{line}; last day made: {last_made(places) or 'none'}")
    if _switch(places).on:
        say(f"  latency {REAL}")
    for fault in FaultFile(places.faults).active():
        say(f"  fault {fault.name} {fault.path or fault.target}".rstrip())
    return 0 if well else 1


def _serve(places: Places, asked: argparse.Namespace) -> int:
    from pipeline.sandbox.process import serve

    serve(places)


def _new_day(places: Places, asked: argparse.Namespace) -> int:
    say(new_day(places, asked.date, force=asked.force))
    return 0


def _elsewhere(places: Places, asked: argparse.Namespace) -> int:
    config = elsewhere.write(asked.folder, asked.students)
    say(f"LUIGI_CONFIG_PATH={config} ./run_daily.sh")
    return 0


def _heal(places: Places, asked: argparse.Namespace) -> int:
    say("\n".join(damage.heal(places)) or "no fault is on")
    return 0


def _latency(places: Places, asked: argparse.Namespace) -> int:
    _switch(places).turn(asked.to)
    say(f"latency: {asked.to}")
    return 0


def _switch(places: Places) -> Latency:
    return Latency(places.latency, places.settings.sandbox.seed)


def _list_faults(places: Places, asked: argparse.Namespace) -> int:
    for kind in KINDS:
        options = " ".join(f"{option.flag}" for option in kind.options)
        what = {"file": " PATH", "vendor": " VENDOR"}.get(kind.target, "")
        say(f"{kind.name + what:<21} {kind.rows:<8} {kind.what}{f' ({options})' if options else ''}")
    return 0


def _fault(places: Places, asked: argparse.Namespace) -> int:
    name, target = asked.kind.name, getattr(asked, "target", "")
    options = {
        key: getattr(asked, key) for key in (option.flag.lstrip("-").replace("-", "_") for option in asked.kind.options)
    }
    if asked.kind.target == "file":
        say(damage.damage(places, name, target, options))
    elif name == "arrives":
        say("\n".join(damage.heal(places, "late")) or "nothing is late")
    elif name == "taken":
        say(damage.take_delivered(places, target))
    else:
        if asked.kind.target == "vendor":
            places.account(target)
        FaultFile(places.faults).switch_on(name, target, options)
        say(f"{name} {target}".strip() + ": on")
    return 0


if __name__ == "__main__":
    leave(main())
