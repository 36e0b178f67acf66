"""One measurement's world: the sandbox's servers, luigid and OpenSSH's sshd on free ports, over a folder of its own."""

import configparser
import datetime as dt
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import workload
from pipeline.ground import settings
from pipeline.sandbox.activity import read
from pipeline.sandbox.places import Places

PROGRAMS = Path(sys.executable).parent


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Stand:
    """The folder of one measurement, its configuration file, and the environment of whatever runs in it."""

    folder: Path
    environment: dict[str, str]

    @property
    def outbox(self) -> Path:
        """What the taking vendor has."""
        return self.folder / "sandbox" / "sftp" / workload.TAKER / workload.TAKES.lstrip("/")

    def lines(self) -> int:
        """Of all the files that the taking vendor has."""
        return sum(file.read_bytes().count(b"\n") for file in self.outbox.glob("*.csv"))

    def calls(self) -> int:
        """What the servers were asked until now: HTTP requests, SFTP connections and commands, luigid's RPCs."""
        logs = [*(self.folder / "sandbox" / "log").glob("*.log")]
        kinds = ("connect", "login", "list", "read", "write", "rename", "remove", "mkdir")
        asked = [event for log in logs if log.name != "sandbox.log" for event in read(log)]
        counted = [event for event in asked if "server" in event or event.get("event") in kinds]
        return len(counted) + (self.folder / "luigi-server.log").read_text().count("POST /api/")


def configure(folder: Path) -> Stand:
    """The repository's luigi.cfg with every port and every path replaced."""
    config = configparser.ConfigParser(interpolation=None)
    config.read("luigi.cfg")
    told = {
        "district": {"landing": "landing", "drop": "sandbox/sftp/district", "logs": "log", "catalogue": "catalogue"},
        "secrets": {"folder": "sandbox/secrets"},
        "sftp": {"known_hosts": "sandbox/known_hosts"},
        "sandbox": {"data": "sandbox"},
        "scheduler": {"state_path": "luigid.pickle"},
    }
    for section, paths in told.items():
        for key, path in paths.items():
            config[section][key] = str(folder / path)
    # The workload has no feed that says the school days: each run would remark that, and none be idle.
    config.remove_option("district", "calendar")
    for section in [section for section in config.sections() if section.startswith(("sftp:", "portal:"))]:
        if section in (f"sftp:{workload.GIVER}", f"sftp:{workload.TAKER}"):
            config[section]["port"] = str(free_port())
        else:
            config.remove_section(section)
    config["core"]["scheduler_port"] = str(free_port())
    for service in ("storage", "bigquery"):
        config["cloud"][f"{service}_endpoint"] = f"http://127.0.0.1:{free_port()}"
    with (folder / "luigi.cfg").open("w") as file:
        config.write(file)
    config["core"]["no_configure_logging"] = "false"  # luigid then notes every request
    with (folder / "luigid.cfg").open("w") as file:
        config.write(file)
    return Stand(folder, {**os.environ, "LUIGI_CONFIG_PATH": str(folder / "luigi.cfg")})


def configured(stand: Stand) -> settings.Settings:
    """The settings as a process of the stand reads them."""
    os.environ["LUIGI_CONFIG_PATH"] = stand.environment["LUIGI_CONFIG_PATH"]
    settings.load.cache_clear()
    return settings.load()


@contextmanager
def stand(folder: Path, feeds: Path) -> Iterator[Stand]:
    """Empty servers, with the feeds at the giving vendor; all of it ends, and the folder goes, with the block."""
    folder.mkdir(mode=0o700, parents=True)
    made = configure(folder)
    told = configured(made)
    workload.describe(folder / "catalogue")
    servers = [
        started(made, [sys.executable, "-m", "pipeline.sandbox", "serve"], "sandbox.log"),
        started(made, _luigid(told, folder), "luigid.log", LUIGI_CONFIG_PATH=str(folder / "luigid.cfg")),
    ]
    try:
        places = Places(told)
        ports = [told.core.scheduler_port, places.storage_port, places.bigquery_port]
        wait([*ports, *(account.port for account in told.accounts.values())], servers)
        _give(told, places, feeds)
        yield made
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(20)
        shutil.rmtree(folder)


def _luigid(told: settings.Settings, folder: Path) -> list[str]:
    core = told.core
    address = ["--address", core.scheduler_host, "--port", str(core.scheduler_port)]
    return [str(PROGRAMS / "luigid"), *address, "--logdir", str(folder)]


def started(stand: Stand, words: list[str], log: str, **environment: str) -> subprocess.Popen[bytes]:
    with (stand.folder / log).open("ab") as out:
        return subprocess.Popen(words, env={**stand.environment, **environment}, stdout=out, stderr=out)


def wait(ports: list[int], servers: list[subprocess.Popen[bytes]]) -> None:
    """Until every port answers."""
    until = time.monotonic() + 30
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > until or any(server.poll() is not None for server in servers):
                    raise
                time.sleep(0.02)


def _give(told: settings.Settings, places: Places, feeds: Path) -> None:
    """The feeds, changed at midnight: fresh for today, and long settled."""
    folder = places.sftp / workload.GIVER / workload.GIVES.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    midnight = dt.datetime.combine(told.today(), dt.time(), told.district.zone).timestamp()
    for feed in workload.FEEDS:
        file = folder / feed.file
        shutil.copyfile(feeds / feed.file, file)
        os.utime(file, (midnight, midnight))


@contextmanager
def sshd(stand: Stand) -> Iterator[str]:
    """OpenSSH's own server, for this user and by key; the block gets the words that begin an `sftp` batch."""
    folder, port = stand.folder / "sshd", free_port()
    folder.mkdir()
    for name in ("host", "own"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    key = (folder / "host.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}")
    told = {
        "Port": str(port),
        "ListenAddress": "127.0.0.1",
        "HostKey": str(folder / "host"),
        "PidFile": str(folder / "pid"),
        "AuthorizedKeysFile": str(folder / "own.pub"),
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "prohibit-password",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd separates privileges
    server = started(stand, [str(shutil.which("sshd")), "-D", "-e", "-f", str(folder / "config")], "sshd.log")
    try:
        wait([port], [server])
        options = f"-i {folder / 'own'} -o UserKnownHostsFile={folder / 'known_hosts'} -P {port}"
        yield f"sftp -q -b - {options} {getpass.getuser()}@127.0.0.1"
    finally:
        server.terminate()
        server.wait(20)
