"""`morning install`: root runs its script in a mount namespace of its own, and systemd takes what it wrote.

The code is a copy whose setup.sh has nothing to build; systemctl is a stand-in that writes down what it is asked.
"""

import configparser
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from luigi.rpc import RemoteScheduler

from e2e.test_setup import OWN, PRETEND, ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root alone sets a server up")
# Folders of the machine that the script writes into: empty ones of the test's own, which are copied out at the end.
ETC = ("systemd/system", "cron.d", "logrotate.d", "bash_completion.d", "default")
IN_A_NAMESPACE = """
set -e
for each in {etc}; do mkdir -p "/etc/$each"; mount -t tmpfs tmpfs "/etc/$each"; done
mount -t tmpfs tmpfs /usr/local/bin
code=0; {command} || code=$?
for each in {etc}; do mkdir -p "{to}/$each"; cp -a "/etc/$each/." "{to}/$each"; done
cp -a /usr/local/bin "{to}/bin"
exit "$code"
"""


@pytest.fixture
def server() -> Iterator[Path]:
    """A folder that others may enter, with the code and a district's configuration in it."""
    before = os.umask(0o022)
    place = Path(tempfile.mkdtemp(prefix="server-"))
    place.chmod(0o755)
    try:
        code = place / "code"
        shutil.copytree(ROOT / "pipeline", code / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("morning", "luigi.cfg", "run_daily.sh", "run_weekly.sh"):
            shutil.copy(ROOT / name, code)
        (code / "setup.sh").write_text('#!/bin/sh\necho "set up for $LUIGI_CONFIG_PATH"\n')
        (code / "setup.sh").chmod(0o755)
        (code / ".venv").symlink_to(sys.prefix)
        (place / "fake").mkdir()
        (place / "fake/systemctl").write_text(f'#!/bin/sh\necho "$@" >>{place}/asked\n')
        (place / "fake/systemctl").chmod(0o755)
        for name in ("landing", "log", "drop", "known_hosts", "secrets"):
            own = own_of(place).replace(f"var/{name}", f"{place}/state/{name}")
            (place / "luigi.cfg").write_text(own)
        yield place
    finally:
        os.umask(before)
        shutil.rmtree(place)


def own_of(place: Path) -> str:
    """The district's file, as far as it is written."""
    own = place / "luigi.cfg"
    text = own.read_text() if own.exists() else OWN.format(zone="America/New_York")
    return text if "state_path" in text else f"{text}[scheduler]\nstate_path = {place}/state/luigid/state.pickle\n"


def install(server: Path, *words: str, code: str = "morning") -> subprocess.CompletedProcess[str]:
    module = f"cd {server}/code && .venv/bin/python -m pipeline"
    command = " ".join([f"{server}/code/morning" if code == "morning" else module, "install", *words])
    script = IN_A_NAMESPACE.format(etc=" ".join(ETC), command=command, to=server / "etc")
    environment = os.environ | {
        "LUIGI_CONFIG_PATH": f"{server}/luigi.cfg",
        "PATH": f"{server}/fake:{os.environ['PATH']}",
    }
    return subprocess.run(
        ["unshare", "--mount", "bash", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
    )


def test_systemd_takes_what_is_written_and_the_service_user_has_its_folders(server: Path) -> None:
    for _ in range(2):  # once more, as after an upgrade
        done = install(server, "--systemd", "--user", "daemon")
        assert done.returncode == 0, done.stderr
    assert f"set up for {server}/luigi.cfg" in done.stdout
    units = sorted((server / "etc/systemd/system").glob("morning-elsewhere-*"))
    assert [path.name.removeprefix("morning-elsewhere-") for path in units] == [
        *("daily.service", "daily.timer", "luigid.service", "watch.service", "watch.timer"),
        *("weekly.service", "weekly.timer"),
    ]
    # The stand-in's folder is the only one in which these units are known.
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units[0].parent}:"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (verified.returncode, "morning-elsewhere" in verified.stderr) == (0, False), verified.stderr
    asked = (server / "asked").read_text()
    assert "enable --now morning-elsewhere-luigid.service morning-elsewhere-daily.timer" in asked
    assert asked.count("restart morning-elsewhere-luigid.service") == 2
    user = pwd.getpwnam("daemon").pw_uid
    for name in ("landing", "log", "luigid", "secrets"):
        found = (server / "state" / name).stat()
        assert (found.st_uid, found.st_mode & 0o777) == (user, 0o700), name
    daily = (server / "etc/systemd/system/morning-elsewhere-daily.service").read_text()
    assert f"ExecStart={server}/code/run_daily.sh --quiet\n" in daily
    command = "MORNING_COMMAND=/usr/local/bin/morning-elsewhere"
    assert f"Environment=LUIGI_CONFIG_PATH={server}/luigi.cfg {command}\n" in daily
    assert "EnvironmentFile=-/etc/default/morning-elsewhere\n" in daily
    assert "User=daemon\n" in daily
    completion = server / "etc/bash_completion.d/morning-elsewhere"
    assert "complete -W" in completion.read_text()
    assert completion.stat().st_mode & 0o777 == 0o644


def test_under_systemd_pages_may_be_laid_into_the_folder_that_is_named(server: Path) -> None:
    with (server / "luigi.cfg").open("a") as own:
        own.write("[report]\npublish = /srv/pages\n")
    assert install(server, "--systemd", "--user", "daemon").returncode == 0
    for name in ("daily", "weekly", "watch"):
        unit = (server / f"etc/systemd/system/morning-elsewhere-{name}.service").read_text()
        (paths,) = [line for line in unit.splitlines() if line.startswith("ReadWritePaths=")]
        assert paths.endswith(" -/srv/pages")  # and where it is not mounted, the run begins all the same


def test_the_timers_calendars_are_those_that_the_page_says(server: Path) -> None:
    assert install(server, "--systemd", "--user", "daemon").returncode == 0
    for name, first in (("daily", "05:00:00"), ("weekly", "10:00:00"), ("watch", "00:05:00")):
        text = (server / f"etc/systemd/system/morning-elsewhere-{name}.timer").read_text()
        (calendar,) = [line.removeprefix("OnCalendar=") for line in text.splitlines() if line.startswith("OnCalendar=")]
        told = subprocess.run(
            ["systemd-analyze", "calendar", "--base-time=2026-11-23 00:00:00", calendar],
            env=os.environ | {"TZ": "America/New_York"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert f"Next elapse: Mon 2026-11-23 {first}" in told.stdout, told.stdout + told.stderr


def test_cron_s_table_names_user_configuration_and_who_gets_the_mail(server: Path) -> None:
    done = install(server, "--cron", "--user", "daemon", "--mailto", "data@elsewhere.example")
    assert done.returncode == 0, done.stderr
    lines = (server / "etc/cron.d/morning-elsewhere").read_text().splitlines()
    assert "MAILTO=data@elsewhere.example" in lines
    assert f"LUIGI_CONFIG_PATH={server}/luigi.cfg" in lines
    calls = [line for line in lines if line.startswith("*/15 5-9 * * * daemon ")]
    command = "/usr/local/bin/morning-elsewhere"  # which reads what this server alone knows
    assert [call.removeprefix("*/15 5-9 * * * daemon ") for call in calls] == [f"{command} run Morning --quiet"]
    assert any(line.endswith(f" daemon {command} run Week --quiet") for line in lines)
    (watch,) = (line for line in lines if line.startswith("5 * * * * daemon "))
    assert watch.endswith(f" daemon {command} watch --quiet")  # by the time that the configuration says then
    assert f"{server}/state/log/luigid.log {{" in (server / "etc/logrotate.d/morning-elsewhere").read_text()
    assert not (server / "asked").exists()


def test_the_district_s_command_acts_on_the_district_as_the_service_user(server: Path) -> None:
    """And says itself in its messages; what the server alone knows is in its environment."""
    script = server / "code/morning"
    script.write_text('#!/bin/sh\necho "$(id -un) $LUIGI_CONFIG_PATH $MORNING_COMMAND $OWN $TWO $OLD $*"\n')
    assert install(server, "--cron", "--user", "daemon", code="pipeline").returncode == 0
    default = server / "etc/default/morning-elsewhere"
    assert default.stat().st_mode & 0o777 == 0o640
    command = (server / "etc/bin/morning-elsewhere").read_text().replace("/etc/default/", f"{server}/etc/default/")
    (server / "own").write_text(command)
    (server / "own").chmod(0o755)
    default.write_text("# a b\nexport OLD=1\nA.B=c\nOWN=pa$5word&x 'it`s\nTWO=two words")  # a password is no program
    default.chmod(0o644)
    (server / "etc").chmod(0o755)
    done = subprocess.run([server / "own", "status"], capture_output=True, text=True, timeout=60, check=True)
    expected = f"daemon {server}/luigi.cfg /usr/local/bin/morning-elsewhere pa$5word&x 'it`s two words  status\n"
    assert done.stdout == expected


def test_the_service_s_luigid_is_one_of_the_engine_s_sections(server: Path) -> None:
    """Nobody pauses a morning from its pages."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with (server / "luigi.cfg").open("a") as own:
        own.write(f"[core]\nscheduler_port = {port}\n")
    assert install(server, "--systemd", "--user", "daemon").returncode == 0
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(server / "etc/systemd/system/morning-elsewhere-luigid.service")
    told = unit["Service"]
    environment = dict([told["Environment"].split("=", 1)])
    words = told["ExecStart"].split()
    started = subprocess.Popen(words, cwd=told["WorkingDirectory"], env=os.environ | environment)
    try:
        scheduler = RemoteScheduler(f"http://127.0.0.1:{port}")  # type: ignore[no-untyped-call]
        assert scheduler.is_pause_enabled() == {"enabled": False}  # type: ignore[attr-defined]
    finally:
        started.terminate()
        started.wait()


def test_what_belongs_to_others_is_left_to_them(server: Path) -> None:
    """Everybody's logs, or a folder with the code in it."""
    (server / "state").mkdir()
    (server / "state/log").mkdir(mode=0o755)
    done = install(server, "--systemd", "--user", "daemon")
    assert done.returncode == 30
    assert f"{server}/state/log belongs to root" in done.stderr
    assert (server / "state/log").stat().st_mode & 0o777 == 0o755
    assert not any((server / "etc/systemd/system").iterdir())


def test_a_secret_that_the_service_user_cannot_read_is_told(server: Path) -> None:
    secrets = server / "state/secrets"
    secrets.mkdir(parents=True)
    os.chown(secrets, pwd.getpwnam("daemon").pw_uid, -1)
    (secrets / "otus_password").touch(mode=0o600)
    done = install(server, "--cron", "--user", "daemon")
    assert f"daemon cannot read the secret {secrets}/otus_password" in done.stderr


def test_what_the_service_user_cannot_read_is_told(server: Path) -> None:
    closed = server / "state/known_hosts"
    closed.parent.mkdir()
    closed.touch(mode=0o600)
    done = install(server, "--cron", "--user", "daemon")
    assert f"daemon cannot read {closed}" in done.stderr
    assert f"daemon cannot read {server}/luigi.cfg" not in done.stderr


def test_a_district_may_be_called_as_people_call_it(server: Path) -> None:
    config = server / "luigi.cfg"
    config.write_text(config.read_text().replace("name = Elsewhere", 'name = St. Mary\'s & "All" 100% $chools'))
    assert install(server, "--systemd", "--user", "daemon").returncode == 0
    (unit,) = (server / "etc/systemd/system").glob("morning-st-mary-s-all-100-chools-luigid.service")
    assert 'St. Mary\'s & "All" 100%% $chools\n' in unit.read_text()
    assert install(server, "--cron", "--user", "daemon").returncode == 0


@pytest.mark.parametrize("by", ["--systemd", "--cron"])
def test_what_is_printed_is_what_is_run_and_nothing_is_done(server: Path, by: str) -> None:
    done = install(server, by, "--user", "daemon", "--print")
    assert done.returncode == 0
    assert done.stdout.startswith("#!/usr/bin/env bash\n")
    assert not any((server / "etc/systemd/system").iterdir())
    assert not (server / "state").exists()
    subprocess.run(["shellcheck", "-"], input=done.stdout, text=True, check=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("name = Elsewhere", "name = Else\n  where"), "district is"),
        (("landing = ", "landing = /srv/the landing"), "landing is"),
        ((OWN[:12], PRETEND + OWN[:12]), "the pretend district, which needs no server"),
    ],
)
def test_what_a_unit_cannot_say_is_refused(server: Path, change: tuple[str, str], told: str) -> None:
    config = server / "luigi.cfg"
    config.write_text(config.read_text().replace(*change))
    done = install(server, "--systemd")
    assert done.returncode == 30
    assert told in done.stderr
    assert not any((server / "etc/systemd/system").iterdir())
