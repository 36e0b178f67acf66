"""What the district's configuration says, typed and checked once.

The files lie in configuration.py; the engine's defaults are the dataclasses here. A value without one is a question.
"""

import configparser
import datetime as dt
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline import VERSION
from pipeline.ground import configuration, masking, publishing, receivers
from pipeline.ground.errors import ConfigurationError, did_you_mean
from pipeline.ground.publishing import Pages
from pipeline.ground.receivers import Notify, Receiver, SecretName, States


@dataclass(frozen=True)
class District:
    name: str
    timezone: str
    project: str
    location: str
    bucket: str
    landing: Path
    drop: Path
    logs: Path
    catalogue: Path
    calendar: str = ""
    landing_days: int = 30
    landing_gigabytes: int = 20  # what earlier days' copies may take of the disk: the bucket has them as well
    log_days: int = 30
    sent_days: int = 30
    off: tuple[str, ...] = ()
    grace_hours: int = 0
    longest_hours: int = 4
    schedule: str = "*/15 5-9 * * *"  # when the daily wrapper is called, as a crontab has it; blank: nobody says
    weekly_schedule: str = "0 10 * * 1"

    def local(self, moment: str) -> str:
        """A moment of a manifest (ISO, UTC) as people of the district say it: `11-28 07:31`."""
        return dt.datetime.fromisoformat(moment).astimezone(self.zone).strftime("%m-%d %H:%M")

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigurationError(
                f"[district] timezone = {self.timezone}",
                expected="a zone of the IANA database, like America/Chicago",
                next_step=f"correct it in {_WHERE}",
            ) from None

    def moment(self, date: dt.date, clock: dt.time) -> dt.datetime:
        """When the district's clock shows that time on that day, in UTC, so that hours can be added and compared.

        Of a time that the clock shows twice, the first one; one that it leaves out is as long after midnight as it
        would be without the change: 02:30 on the day on which 02:00 becomes 03:00 is 03:30.
        """
        return dt.datetime.combine(date, clock, self.zone).astimezone(dt.UTC)


@dataclass(frozen=True)
class Cloud:
    storage_endpoint: str = ""
    bigquery_endpoint: str = ""
    timeout: int = 60  # of one call, with all its tries, in seconds
    job_timeout: int = 1800  # of one job of BigQuery's: a load of a gigabyte takes some minutes


@dataclass(frozen=True)
class Secrets:
    folder: Path
    secret_manager_project: str = ""


@dataclass(frozen=True)
class Sftp:
    known_hosts: Path
    patience: int = 60


@dataclass(frozen=True)
class SftpAccount:
    """One vendor's section, `[sftp:<vendor>]`."""

    host: str
    port: int
    user: str
    key: str = ""


@dataclass(frozen=True)
class Portal:
    """The state's portal; a district without one leaves its address out."""

    address: str = ""
    patience: int = 300
    day: str = ""


@dataclass(frozen=True)
class PortalLogin:
    """One login's section, `[portal:<login>]`."""

    user: str


@dataclass(frozen=True)
class Sandbox:
    """The pretend district: whether this is one, and what it is made of."""

    enabled: bool = False
    data: Path = Path("var/sandbox")
    students: int = 4000
    seed: int = 20261123


@dataclass(frozen=True)
class Scheduler:
    """Luigi's own `[core]`: only the central scheduler's address is ours to know."""

    scheduler_host: str = "127.0.0.1"
    scheduler_port: int = 8082


@dataclass(frozen=True)
class Settings:
    district: District
    cloud: Cloud
    secrets: Secrets
    sftp: Sftp
    portal: Portal
    notify: Notify
    report: Pages
    sandbox: Sandbox
    core: Scheduler
    accounts: dict[str, SftpAccount]
    logins: dict[str, PortalLogin]
    receivers: dict[str, Receiver]

    def account(self, vendor: str) -> SftpAccount:
        if vendor not in self.accounts:
            raise ConfigurationError(
                f"no section [sftp:{vendor}]",
                expected=f"host, port and user of {vendor}'s SFTP server in luigi.cfg",
                next_step=f"add [sftp:{vendor}] to {_WHERE}",
            )
        return self.accounts[vendor]

    def login(self, name: str) -> PortalLogin:
        if name not in self.logins:
            raise ConfigurationError(
                f"no section [portal:{name}]",
                expected=f"the user of {name}'s login at the portal in luigi.cfg",
                next_step=f"add [portal:{name}] to {_WHERE}",
            )
        return self.logins[name]

    def portal_day(self) -> dt.date:
        """The day whose reports the portal shows."""
        try:
            return dt.date.fromisoformat(self.portal.day) if self.portal.day else self.today()
        except ValueError:
            raise ConfigurationError(
                f"[portal] day = {self.portal.day}",
                expected="a date as 2026-11-23, or nothing for today",
                next_step=f"correct it in {_WHERE}",
            ) from None

    def today(self) -> dt.date:
        """The date in the district's own time zone, where a morning begins."""
        return dt.datetime.now(self.district.zone).date()

    def refuse_to_come(self, date: dt.date) -> None:
        """Raise ConfigurationError for a date whose morning has not begun."""
        if date > (today := self.today()):
            raise ConfigurationError(
                f"{date} is still to come (today is {today})",
                expected="the date of a morning that has begun",
                next_step="correct --date, or leave it out",
            )


def _boolean(text: str) -> bool:
    return configparser.ConfigParser.BOOLEAN_STATES[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


T = TypeVar("T")
_LUIGIS_OWN = {"core"}
_WHERE = "the district's luigi.cfg (the head of each output names it)"
LUIGIS_SECTIONS = {"core", "worker", "scheduler", "resources", "retcode", "email", "batch_email", "smtp"}
_CONVERT: dict[Any, Callable[[str], Any]] = {
    **{bool: _boolean, int: int, Path: Path, str: str, tuple[str, ...]: _names},
    **{SecretName: receivers.secret_name, dt.time | None: receivers.time, States: receivers.states},
    publishing.Place: publishing.place,
}
_EXPECTED = receivers.EXPECTED | publishing.EXPECTED


def _section(parser: configparser.ConfigParser, name: str, kind: type[T]) -> T:
    """Section `name` as a `kind`; an unknown, missing or unreadable entry is an error that says where."""
    found = dict(parser[name]) if parser.has_section(name) else {}
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if name not in _LUIGIS_OWN and (unknown := sorted(set(found) - set(known))):
        raise ConfigurationError(
            f"[{name}] has {', '.join(unknown)}",
            expected=f"only {', '.join(known)}",
            next_step=did_you_mean(unknown[0], known, f"correct the spelling in {_WHERE}"),
        )
    values: dict[str, Any] = {}
    for key, field in known.items():
        if key not in found:
            continue
        text = configuration.environment(found[key], f"[{name}] {key}")
        try:
            values[key] = _CONVERT[field.type](text)
        except (ValueError, KeyError):
            shown = "(not shown)" if field.type is SecretName else text  # it may be the secret itself
            raise ConfigurationError(
                f"[{name}] {key} = {shown}",
                expected=_EXPECTED.get(field.type) or f"a value of type {getattr(field.type, '__name__', field.type)}",
                next_step=f"correct it in {_WHERE}",
            ) from None
    return kind(**values)


def _named(parser: configparser.ConfigParser, prefix: str, kind: type[T]) -> dict[str, T]:
    """The sections whose names begin with `prefix`, by what follows it."""
    names = [name for name in parser.sections() if name.startswith(prefix)]
    return {name.removeprefix(prefix): _section(parser, name, kind) for name in names}


def state_path() -> Path:
    """The file in which the central scheduler keeps what it knows: below the logs, where nothing is said of it."""
    said = configuration.scheduler_state()
    return Path(said) if said else load().district.logs / "luigid/state.pickle"


def in_force() -> str:
    """The engine's version, and the files that the settings are from, the stronger one first; and whether they are a
    pretend district's."""
    read = [f"{file.absolute()}" for file in reversed(configuration.files())]
    pretends = "PRETEND DISTRICT, " if load().sandbox.enabled else ""
    return f"{pretends}morning {VERSION}, configured by {' over '.join(read)}"


def _refuse_unknown_sections(parser: configparser.ConfigParser) -> None:
    """Luigi passes over a misspelt section in silence. One with a capital letter is a task family's."""
    known = {field.name for field in fields(Settings)} | LUIGIS_SECTIONS
    unknown = [name for name in parser.sections() if name not in known and name[:1].islower()]
    if unknown := [name for name in unknown if not name.startswith(("sftp:", "portal:", "notify:"))]:
        known -= {"accounts", "logins", "receivers"}
        raise ConfigurationError(
            f"the section [{unknown[0]}]",
            expected=f"one of {', '.join(sorted(known))}, sftp:<vendor>, portal:<login> or notify:<receiver>",
            next_step=did_you_mean(unknown[0], known, f"correct the spelling in {_WHERE}"),
        )


@cache
def load() -> Settings:
    """The settings of this process. Raises ConfigurationError."""
    if (named := os.environ.get("LUIGI_CONFIG_PATH")) and not Path(named).is_file():
        raise ConfigurationError(
            f"LUIGI_CONFIG_PATH names {named}",
            expected="a file",
            next_step="correct the path, or unset it for the sandbox",
        )
    parser = configuration.parsed(*configuration.files())
    _refuse_unknown_sections(parser)
    _refuse_questions(parser)
    # What stands in the configuration is no data: sections, names, hosts, users, folders.
    masking.name(word for name in parser.sections() for word in (name, *parser[name], *parser[name].values()))
    found = Settings(
        **{name: _section(parser, name, kind) for name, kind in _SECTIONS.items()},
        core=_section(configuration.parsed(*configuration.luigis_files()), "core", Scheduler),
        accounts=_named(parser, "sftp:", SftpAccount),
        logins=_named(parser, "portal:", PortalLogin),
        receivers=_named(parser, "notify:", Receiver),
    )
    _ = found.district.zone  # one that there is not is told now, and not when a clock is asked
    return found


_SECTIONS: dict[str, type[Any]] = {
    "district": District,
    "cloud": Cloud,
    "secrets": Secrets,
    "sftp": Sftp,
    "portal": Portal,
    "notify": Notify,
    "report": Pages,
    "sandbox": Sandbox,
}


def _refuse_questions(parser: configparser.ConfigParser) -> None:
    """What only the district can answer, and has not: all of it at once."""
    kinds: list[tuple[str, type[Any]]] = [*_SECTIONS.items()]
    kinds += [(name, SftpAccount) for name in parser.sections() if name.startswith("sftp:")]
    kinds += [(name, PortalLogin) for name in parser.sections() if name.startswith("portal:")]
    kinds += [(name, Receiver) for name in parser.sections() if name.startswith("notify:")]
    told = {name: dict(parser[name]) if parser.has_section(name) else {} for name, _ in kinds}
    asked = [
        f"[{name}] has no {field.name}"
        for name, kind in kinds
        for field in fields(kind)
        if field.default is MISSING and not told[name].get(field.name, "").strip()
    ]
    if asked:
        raise ConfigurationError(
            "; ".join(asked),
            expected="a value for each: only the district knows it",
            next_step=f"write {'them' if asked[1:] else 'it'} into {configuration.files()[-1]}; "
            f"{configuration.PRETEND} explains each",
        )
