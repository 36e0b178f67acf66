"""A sandbox for tests: the real command line, on free ports, with its data in a temporary folder."""

import configparser
import contextlib
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

from pipeline.ground import configuration
from pipeline.outside.sftp.ssh_rsa import SshRsaTransport
from pipeline.sandbox import activity, elsewhere

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 11, 23)
PROJECT = "riverbend-sandbox"


@dataclass(frozen=True)
class Sandbox:
    """A sandbox of its own: the folder of its data, its configuration file, its ports by name."""

    folder: Path
    config: Path
    ports: dict[str, int]

    def run(self, *words: str, returns: int = 0, inherited: tuple[int, ...] = ()) -> str:
        """What `python -m pipeline.sandbox ...` says."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.sandbox", *words],
            cwd=ROOT,
            env={**os.environ, "LUIGI_CONFIG_PATH": str(self.config), "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=60,
            pass_fds=inherited,
        )
        assert done.returncode == returns, done.stdout + done.stderr
        return done.stdout + done.stderr

    def password(self, vendor: str) -> str:
        return (self.folder / "secrets" / f"{vendor}_password").read_text()

    @contextlib.contextmanager
    def login(self, vendor: str) -> Iterator[paramiko.SFTPClient]:
        """A paramiko session that believes the pinned host keys and no other."""
        user = "district" if vendor == "district" else f"riverbend-{vendor.replace('_', '-')}"
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(self.folder / "known_hosts"))
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            client.connect(
                "127.0.0.1",
                self.ports[vendor],
                user,
                self.password(vendor),
                look_for_keys=False,
                allow_agent=False,
                timeout=10,
                transport_factory=SshRsaTransport if vendor == "easyiep" else None,  # type: ignore[arg-type]
            )
            with client.open_sftp() as sftp:
                yield sftp

    def events(self, log: str) -> list[dict[str, Any]]:
        return list(activity.read(self.folder / "log" / f"{log}.log"))


def new_sandbox(folder: Path, *, enabled: bool = True) -> Sandbox:
    """Its configuration, with ports that were free a moment ago; nothing is started."""
    config = elsewhere.write(folder, students=60)
    if not enabled:
        whole = configparser.ConfigParser(interpolation=None)
        whole.read([configuration.PRETEND, config])
        whole["sandbox"]["enabled"], whole["district"]["catalogue"] = "false", f"{ROOT}/pipeline/riverbend"
        with config.open("w") as file:
            whole.write(file)
    return Sandbox(folder / "sandbox", config, elsewhere.ports(config))
