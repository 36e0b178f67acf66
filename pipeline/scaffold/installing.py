"""What a server needs for a district's mornings, as one shell script: `morning install` runs it, or shows it.

The script says everything: the user, folders with their rights, units and timers (or a cron table), the rotation of
luigid's log. `units/` holds its parts, with `@name@` for what the configuration says.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pipeline.ground import configuration, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.run import calls
from pipeline.scaffold import ENGINE

UNITS = Path(__file__).with_name("units")
By = Literal["systemd", "cron"]
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _calls() -> dict[str, tuple[str, str]]:
    """What is called, and when, as a crontab has it. Raises ConfigurationError."""
    told = settings.load().district
    lines = {"schedule": told.schedule, "weekly_schedule": told.weekly_schedule}
    for name, line in lines.items():
        if not line:
            raise ConfigurationError(
                f"[district] {name} is blank",
                expected="when the wrapper is called, as */15 5-9 * * *",
                next_step="write it, or leave the line out, which is that",
            )
        calls.checked(line)
    return {
        "daily": ("The daily run", told.schedule),
        "weekly": ("The weekly run", told.weekly_schedule),
        "watch": ("The watch", "5 * * * *"),
    }


def on_calendar(line: str) -> str:
    """A crontab's five fields as systemd's OnCalendar has them. Raises ConfigurationError for what it has not."""
    minute, hour, day, month, weekday = line.split()
    if day != "*" and weekday != "*":
        raise ConfigurationError(
            f"[district] schedule = {line}",
            expected="days of the month or of the week: cron takes either of them, systemd both at once",
            next_step="name the one or the other",
        )
    names = re.sub(r"\d", lambda digit: _DAYS[int(digit[0])], weekday).replace("-", "..")
    date = f"*-{_field(month, '01')}-{_field(day, '01')}"
    return f"{'' if weekday == '*' else f'{names} '}{date} {_field(hour)}:{_field(minute)}:00"


def _field(text: str, first: str = "00") -> str:
    """Numbers have two digits, ranges two points, and a step begins at the first."""
    padded = re.sub(r"(?<!/)\b\d\b", lambda digit: f"0{digit[0]}", text)
    return padded.replace("*/", f"{first}/").replace("-", "..")


def script(by: By, user: str, mailto: str) -> str:
    """The shell script, for the configuration in force. Raises ConfigurationError for the pretend district."""
    told = settings.load()
    if told.sandbox.enabled:
        raise ConfigurationError(
            "the pretend district, which needs no server",
            expected="a real district's configuration",
            next_step="name it with LUIGI_CONFIG_PATH, or put it at /etc/morning/luigi.cfg",
        )
    values = _values(user, mailto)
    for name, value in values.items():
        _refuse_odd(name, value)
    return "\n".join([_filled((UNITS / "install").read_text(), values), *_parts(by, values)])


def install(by: By, user: str, mailto: str) -> int:
    """Run the script; returns its exit code."""
    return subprocess.run(["/bin/bash", "-c", script(by, user, mailto)], check=False).returncode


def _refuse_odd(name: str, value: str) -> None:
    """Raise ConfigurationError for what a shell, systemd or cron would read as something else."""
    people = name in ("district", "words")  # they stand in comments and descriptions alone
    if people and "\n" not in value:
        return
    words = value.split(" ") if name in ("writable", "paths") else [value]
    if people or not all(re.fullmatch(r"[\w./:@+-]+", word) for word in words):
        raise ConfigurationError(
            f"{name} is {value!r}",
            expected="one line" if people else "letters, digits and . / : @ + - _ alone, as a shell and cron read them",
            next_step="give it another name",
        )


def _values(user: str, mailto: str) -> dict[str, str]:
    """What `@name@` stands for."""
    told = settings.load()
    district, state = told.district, settings.state_path()
    folders = {name: f"{getattr(district, name).absolute()}" for name in ("landing", "logs", "drop", "catalogue")}
    own = configuration.own() or configuration.PRETEND
    return {
        **folders,
        "district": district.name,
        "words": district.name.replace("%", "%%"),  # as systemd reads them
        "name": "morning-" + re.sub(r"[^a-z0-9]+", "-", district.name.lower()).strip("-"),
        "user": user,
        "mailto": mailto,
        "config": f"{own.absolute()}",
        "code": f"{ENGINE}",
        "timezone": district.timezone,
        "by": f"{told.notify.by:%H:%M}",
        "longest_hours": f"{district.longest_hours}",
        "host": told.core.scheduler_host,
        "port": f"{told.core.scheduler_port}",
        "state": f"{state.absolute()}",
        "state_folder": f"{state.absolute().parent}",
        "secrets": f"{told.secrets.folder.absolute()}",
        "known_hosts": f"{told.sftp.known_hosts.absolute()}",
        "writable": (own_folders := " ".join([folders["landing"], folders["logs"], f"{state.absolute().parent}"])),
        # One that is not there, or not mounted, keeps no run from its start.
        "paths": f"{own_folders} -{told.report.folder.absolute()}" if told.report.folder else own_folders,
    }


def _parts(by: By, values: dict[str, str]) -> Iterator[str]:
    """The lines that write each file, and let it take effect."""
    name = values["name"]
    if by == "cron":
        values |= {call: line for call, (_, line) in _calls().items()}
        yield _filled((UNITS / "leave_systemd").read_text(), values)
        yield _file(f"/etc/cron.d/{name}", "cron", values)
        yield _file(f"/etc/logrotate.d/{name}", "logrotate", values) + "\n"
        return
    units = Path("/etc/systemd/system")
    yield _file(f"{units}/{name}-luigid.service", "luigid.service", values)
    for call, (what, line) in _calls().items():
        of_it = {**values, "wrapper": call, "what": what, "when": line, "calendar": on_calendar(line)}
        yield _file(f"{units}/{name}-{call}.service", "watch.service" if call == "watch" else "run.service", of_it)
        yield _file(f"{units}/{name}-{call}.timer", "run.timer", of_it)
    yield _filled((UNITS / "take_over").read_text(), values)


def _file(path: str, template: str, values: dict[str, str]) -> str:
    text = _filled((UNITS / template).read_text(), values)
    return f"\ncat >{path} <<'END'\n{text}END\nchmod 0644 {path}"


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"@(\w+)@", lambda match: values[match[1]], text)
