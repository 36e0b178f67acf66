"""Debian's sshd on a free port of loopback, for whoever runs the tests: one account, by key, in one folder."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
PidFile none
AuthorizedKeysFile {keys}/authorized
StrictModes no
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin yes
UseDNS no
MaxStartups 100
LogLevel VERBOSE
Subsystem sftp internal-sftp -l INFO
ForceCommand internal-sftp -l INFO -d {files} {options}
"""


@dataclass
class Sshd:
    """A running server: what it serves is `files`; our side's keys and its own host keys are in `keys`."""

    keys: Path
    files: Path
    port: int
    user: str = field(default_factory=getpass.getuser)
    process: subprocess.Popen[str] = field(init=False)
    _lines: list[str] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    @property
    def login_key(self) -> Path:
        return self.keys / "login"

    def pin(self, kind: str = "ed25519", port: int = 0) -> str:
        """The line of known_hosts for the server's host key of that kind."""
        words = (self.keys / f"host_{kind}.pub").read_text().split()
        return f"[127.0.0.1]:{port or self.port} {words[0]} {words[1]}"

    def log(self) -> list[str]:
        """What the server wrote so far."""
        with self._more:
            return list(self._lines)

    def wait_for(self, text: str, times: int = 1, seconds: float = 10) -> None:
        """Until the log has so many lines with `text`."""
        with self._more:
            found = self._more.wait_for(lambda: sum(text in line for line in self._lines) >= times, seconds)
            assert found, f"no {times} x {text!r} in:\n" + "\n".join(self._lines)

    def listen_to(self) -> None:
        assert self.process.stderr is not None
        with contextlib.suppress(ValueError):  # a session that outlives the server may keep the pipe open: it is closed
            for line in self.process.stderr:
                with self._more:
                    self._lines.append(line.rstrip())
                    self._more.notify_all()


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A private key at `path`, its public half beside it."""
    quietly("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "invented", "-f", path)
    return path


def quietly(*words: str | Path) -> str:
    """What the program prints."""
    done = subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout


def fingerprint(private: Path) -> str:
    """The key's, as `SHA256:…`."""
    return quietly("ssh-keygen", "-l", "-f", private).split()[1]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def folders(folder: Path, kinds: tuple[str, ...] = ("ed25519",)) -> tuple[Path, Path]:
    """`keys`, with our login key and host keys of these kinds, and `files`; keys that are there already are kept."""
    keys, files = folder / "keys", folder / "files"
    for each in (keys, files):
        each.mkdir(parents=True, exist_ok=True)
    for name, kind in (("login", "ed25519"), *((f"host_{kind}", kind) for kind in kinds)):
        if not (keys / name).exists():
            make_key(keys / name, kind)
    (keys / "authorized").write_text((keys / "login.pub").read_text())
    return keys, files


def program(name: str, package: str) -> str:
    """Where Debian's package has it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec:/usr/lib/openssh")
    assert found, f"these tests need Debian's {package}"
    return found


@contextlib.contextmanager
def started(words: list[str], server: Sshd, says: str, env: Mapping[str, str] | None = None) -> Iterator[Sshd]:
    """`server`, as the program of these words; it listens once it has written `says`."""
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=env) as server.process:
        listener = threading.Thread(target=server.listen_to, daemon=True)
        listener.start()
        try:
            server.wait_for(says)
            yield server
        finally:
            server.process.terminate()
            server.process.wait(10)


@contextlib.contextmanager
def running(
    folder: Path, kinds: tuple[str, ...] = ("ed25519",), options: str = "", more: tuple[str, ...] = ()
) -> Iterator[Sshd]:
    """sshd with host keys of these kinds, listening; `options` are the SFTP server's (-R: read-only), `more` lines of
    its configuration.

    In `folder` it keeps `keys` and serves `files`; keys that are there already are kept.
    """
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd separates privileges
    keys, files = folders(folder, kinds)
    port = free_port()
    config = folder / "sshd_config"
    lines = [*(f"HostKey {keys}/host_{kind}" for kind in kinds), *more]
    config.write_text(CONFIG.format(port=port, keys=keys, files=files, options=options) + "\n".join(lines))
    words = [program("sshd", "openssh-server"), "-D", "-e", "-f", str(config)]
    with started(words, Sshd(keys, files, port), "Server listening") as server:
        yield server
