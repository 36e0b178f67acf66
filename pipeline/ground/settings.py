"""What luigi.cfg says, typed and checked once.

Luigi's own files are read in Luigi's own order (/etc/luigi/luigi.cfg, ./luigi.cfg, $LUIGI_CONFIG_PATH; the
later one wins), but by the standard library: the operator's commands must answer without importing Luigi.
"""

import configparser
import datetime as dt
import os
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.ground import masking
from pipeline.ground.errors import ConfigurationError, did_you_mean


@dataclass(frozen=True)
class District:
    name: str
    timezone: str
    project: str
    location: str
    bucket: str
    landing: Path
    landing_days: int
    drop: Path
    logs: Path
    log_days: int
    catalogue: Path
    off: tuple[str, ...] = ()
    grace_hours: int = 0
    longest_hours: int = 4

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


@dataclass(frozen=True)
class Cloud:
    storage_endpoint: str
    bigquery_endpoint: str
    timeout: int


@dataclass(frozen=True)
class Secrets:
    folder: Path
    secret_manager_project: str


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
    """The state's portal."""

    address: str
    patience: int
    day: str = ""


@dataclass(frozen=True)
class PortalLogin:
    """One login's section, `[portal:<login>]`."""

    user: str


@dataclass(frozen=True)
class Sandbox:
    enabled: bool
    data: Path
    students: int
    seed: int


@dataclass(frozen=True)
class Scheduler:
    """Luigi's own `[core]`: only the central scheduler's address is ours to know."""

    scheduler_host: str
    scheduler_port: int


@dataclass(frozen=True)
class Settings:
    district: District
    cloud: Cloud
    secrets: Secrets
    sftp: Sftp
    portal: Portal
    sandbox: Sandbox
    core: Scheduler
    accounts: dict[str, SftpAccount]
    logins: dict[str, PortalLogin]

    def account(self, vendor: str) -> SftpAccount:
        if vendor not in self.accounts:
            raise ConfigurationError(
                f"no section [sftp:{vendor}]",
                expected=f"host, port and user of {vendor}'s SFTP server in luigi.cfg",
                next_step=f"add [sftp:{vendor}] to luigi.cfg or to the file that LUIGI_CONFIG_PATH names",
            )
        return self.accounts[vendor]

    def login(self, name: str) -> PortalLogin:
        if name not in self.logins:
            raise ConfigurationError(
                f"no section [portal:{name}]",
                expected=f"the user of {name}'s login at the portal in luigi.cfg",
                next_step=f"add [portal:{name}] to luigi.cfg or to the file that LUIGI_CONFIG_PATH names",
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


def _boolean(text: str) -> bool:
    return configparser.ConfigParser.BOOLEAN_STATES[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


T = TypeVar("T")
_LUIGIS_OWN = {"core"}
_WHERE = "luigi.cfg or in the file that LUIGI_CONFIG_PATH names"
LUIGIS_SECTIONS = {"core", "worker", "scheduler", "resources", "retcode", "email", "batch_email", "smtp"}
_CONVERT: dict[Any, Callable[[str], Any]] = {bool: _boolean, int: int, Path: Path, str: str, tuple[str, ...]: _names}


def _environment(text: str, where: str) -> str:
    """Replace ${NAME} by the environment's value, as Luigi does in its own sections."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ConfigurationError(
                f"{where} names ${{{match[1]}}}, which is not set",
                expected="an environment variable of that name",
                next_step=f"export {match[1]} before the run, or write the value into the file",
            )
        return os.environ[match[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)


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
            if field.default is MISSING:
                raise ConfigurationError(
                    f"[{name}] has no {key}",
                    expected=f"a value for {key}",
                    next_step="see luigi.cfg, which explains it",
                )
            continue
        text = _environment(found[key], f"[{name}] {key}")
        try:
            values[key] = _CONVERT[field.type](text)
        except (ValueError, KeyError):
            raise ConfigurationError(
                f"[{name}] {key} = {text}",
                expected=f"a value of type {getattr(field.type, '__name__', field.type)}",
                next_step=f"correct it in {_WHERE}",
            ) from None
    return kind(**values)


def _named(parser: configparser.ConfigParser, prefix: str, kind: type[T]) -> dict[str, T]:
    """The sections whose names begin with `prefix`, by what follows it."""
    names = [name for name in parser.sections() if name.startswith(prefix)]
    return {name.removeprefix(prefix): _section(parser, name, kind) for name in names}


def files() -> list[Path]:
    """The configuration files in the order in which they are read."""
    own = os.environ.get("LUIGI_CONFIG_PATH")
    return [Path("/etc/luigi/luigi.cfg"), Path("luigi.cfg"), *([Path(own)] if own else [])]


def in_force() -> str:
    """The files that the settings are from, the stronger one first; and whether they are a pretend district's."""
    read = [f"{file.absolute()}" for file in reversed(files()) if file.is_file()]
    return f"{'PRETEND DISTRICT, ' if load().sandbox.enabled else ''}configured by {' over '.join(read)}"


def _refuse_unknown_sections(parser: configparser.ConfigParser) -> None:
    """Luigi passes over a misspelt section in silence. One with a capital letter is a task family's."""
    known = {field.name for field in fields(Settings)} | LUIGIS_SECTIONS
    unknown = [name for name in parser.sections() if name not in known and name[:1].islower()]
    if unknown := [name for name in unknown if not name.startswith(("sftp:", "portal:"))]:
        known -= {"accounts", "logins"}
        raise ConfigurationError(
            f"the section [{unknown[0]}]",
            expected=f"one of {', '.join(sorted(known))}, sftp:<vendor> or portal:<login>",
            next_step=did_you_mean(unknown[0], known, f"correct the spelling in {_WHERE}"),
        )


def _from_here(parser: configparser.ConfigParser, section: str, key: str, file: Path) -> None:
    """Make the path that `file` said there, if it was this one, absolute: it is relative to the file."""
    said = parser.get(section, key, fallback="")
    if said and not Path(said).is_absolute():
        parser.set(section, key, str(file.absolute().parent / said))


@cache
def load() -> Settings:
    """The settings of this process. Raises ConfigurationError."""
    if (own := os.environ.get("LUIGI_CONFIG_PATH")) and not Path(own).is_file():
        raise ConfigurationError(
            f"LUIGI_CONFIG_PATH names {own}",
            expected="a file",
            next_step="correct the path, or unset it for the sandbox",
        )
    parser = configparser.ConfigParser(interpolation=None)
    try:
        for file in files():
            parser.read(file)
            _from_here(parser, "district", "catalogue", file)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"a configuration file that cannot be read: {str(error).splitlines()[0]}",
            expected="sections, and lines of `name = value`",
            next_step="correct luigi.cfg or the file that LUIGI_CONFIG_PATH names",
        ) from None
    _refuse_unknown_sections(parser)
    # What stands in the configuration is no data: sections, names, hosts, users, folders.
    masking.name(word for name in parser.sections() for word in (name, *parser[name], *parser[name].values()))
    return Settings(
        district=_section(parser, "district", District),
        cloud=_section(parser, "cloud", Cloud),
        secrets=_section(parser, "secrets", Secrets),
        sftp=_section(parser, "sftp", Sftp),
        portal=_section(parser, "portal", Portal),
        sandbox=_section(parser, "sandbox", Sandbox),
        core=_section(parser, "core", Scheduler),
        accounts=_named(parser, "sftp:", SftpAccount),
        logins=_named(parser, "portal:", PortalLogin),
    )
