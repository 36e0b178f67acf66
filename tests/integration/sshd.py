"""Debian's sshd on a free port of loopback, for whoever runs the tests: one account, by key, in one folder."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
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
    process: subprocess.Popen[str]
    user: str = field(default_factory=getpass.getuser)
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
    words = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "invented", "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    return path


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    folder: Path, kinds: tuple[str, ...] = ("ed25519",), options: str = "", more: tuple[str, ...] = ()
) -> Iterator[Sshd]:
    """sshd with host keys of these kinds, listening; `options` are the SFTP server's (-R: read-only), `more` lines of
    its configuration.

    In `folder` it keeps `keys` and serves `files`; keys that are there already are kept.
    """
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "these tests need Debian's openssh-server"
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd separates privileges
    keys, files = folder / "keys", folder / "files"
    for each in (keys, files):
        each.mkdir(parents=True, exist_ok=True)
    for name, kind in (("login", "ed25519"), *((f"host_{kind}", kind) for kind in kinds)):
        if not (keys / name).exists():
            make_key(keys / name, kind)
    (keys / "authorized").write_text((keys / "login.pub").read_text())
    port = free_port()
    config = folder / "sshd_config"
    lines = [*(f"HostKey {keys}/host_{kind}" for kind in kinds), *more]
    config.write_text(CONFIG.format(port=port, keys=keys, files=files, options=options) + "\n".join(lines))
    with subprocess.Popen([program, "-D", "-e", "-f", str(config)], stderr=subprocess.PIPE, text=True) as process:
        server = Sshd(keys, files, port, process)
        listener = threading.Thread(target=server.listen_to, daemon=True)
        listener.start()
        try:
            server.wait_for("Server listening")
            yield server
        finally:
            process.terminate()
            process.wait(10)
