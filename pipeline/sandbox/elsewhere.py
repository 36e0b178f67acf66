"""A second pretend district beside the first: a configuration with a folder and ports of its own.

./morning sandbox elsewhere FOLDER --students 400
LUIGI_CONFIG_PATH=FOLDER/luigi.cfg ./run_daily.sh
"""

import configparser
import contextlib
import random
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.ground import settings

# Ports that the kernel gives to clients begin above; one of ours could otherwise be taken while nothing listens on it.
PORTS = range(15_000, 32_000)
# Those of the districts that this process has made: their servers may be down just now.
_given: set[int] = set()


def write(folder: Path, students: int, off: Iterable[str] = ()) -> Path:
    """Write FOLDER/luigi.cfg, to be laid over the repository's; returns it. `off` are flows to leave out."""
    folder.mkdir(parents=True, exist_ok=True)
    free = free_ports()
    sections: dict[str, dict[str, object]] = {
        "district": {
            "landing": folder / "landing",
            "drop": folder / "sandbox/sftp/district",
            "logs": folder / "log",
            "off": " ".join(off),
            "grace_hours": 1_000_000,  # its mornings may be of any day; what is late there is not broken
        },
        "cloud": {
            "storage_endpoint": f"http://127.0.0.1:{next(free)}",
            "bigquery_endpoint": f"http://127.0.0.1:{next(free)}",
        },
        "secrets": {"folder": folder / "sandbox/secrets"},
        "sftp": {"known_hosts": folder / "sandbox/known_hosts"},
        **{f"sftp:{vendor}": {"port": next(free)} for vendor in settings.load().accounts},
        "portal": {"address": f"http://127.0.0.1:{next(free)}"},
        "sandbox": {"enabled": True, "data": folder / "sandbox", "students": students},
        "core": {"scheduler_port": next(free)},
        "scheduler": {"state_path": folder / "luigid/state.pickle"},
    }
    config = folder / "luigi.cfg"
    config.write_text("".join(f"[{name}]\n{_lines(entries)}" for name, entries in sections.items()))
    return config


def _lines(entries: dict[str, object]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in entries.items())


def free_ports() -> Iterator[int]:
    """Ports of the loopback on which nothing listens, each once in a process."""
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError):
            if port in _given:
                continue
            socket.create_server(("127.0.0.1", port)).close()
            _given.add(port)
            yield port


def ports(config: Path) -> dict[str, int]:
    """The ports that a configuration gives, by the vendor's name, or storage, bigquery, portal and luigid."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config)
    vendors = {name.removeprefix("sftp:"): int(parser[name]["port"]) for name in parser if name.startswith("sftp:")}
    addresses = {name: parser["cloud"][f"{name}_endpoint"] for name in ("storage", "bigquery")}
    addresses["portal"] = parser["portal"]["address"]
    others = {name: int(address.rpartition(":")[2]) for name, address in addresses.items()}
    return vendors | others | {"luigid": int(parser["core"]["scheduler_port"])}
