"""Where the pretend district's things are: every path and port, from luigi.cfg."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.ground import configuration, settings

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Account:
    """One SFTP server of the sandbox: one port, one host key, one root, one login."""

    name: str
    port: int
    user: str
    root: Path
    host_key: Path
    other_key: Path
    """Shown instead of `host_key` while the fault `host-key` is on; of the same type."""
    password: Path
    log: Path


@dataclass(frozen=True)
class Places:
    settings: settings.Settings

    @property
    def generated(self) -> bool:
        """Whether the sandbox makes the files of a day: for the repository's own catalogue."""
        return self.settings.district.catalogue.resolve() == configuration.PRETEND.parent / "pipeline/riverbend"

    @property
    def data(self) -> Path:
        return self.settings.sandbox.data.absolute()

    @property
    def pid(self) -> Path:
        """Holds {"pid", "ready"}; locked (flock) by the running process for as long as it lives."""
        return self.data / "sandbox.pid"

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def sftp(self) -> Path:
        return self.data / "sftp"

    @property
    def faults(self) -> Path:
        return self.data / "faults.json"

    @property
    def latency(self) -> Path:
        """Is there while the stand-ins take as long as the real services."""
        return self.data / "latency"

    @property
    def aside(self) -> Path:
        """What a fault took away or overwrote, until `heal` puts it back."""
        return self.data / "aside"

    @property
    def last_day(self) -> Path:
        return self.data / "last_day"

    @property
    def storage_port(self) -> int:
        return _port(self.settings.cloud.storage_endpoint)

    @property
    def bigquery_port(self) -> int:
        return _port(self.settings.cloud.bigquery_endpoint)

    @property
    def portal_port(self) -> int:
        return _port(self.settings.portal.address)

    def accounts(self) -> list[Account]:
        """Every [sftp:<vendor>] whose host is this machine; the district's own server is one of them."""
        return [
            self._account(name, account.port, account.user)
            for name, account in self.settings.accounts.items()
            if account.host in LOOPBACK
        ]

    def account(self, name: str) -> Account:
        """Raises KeyError with the names that there are."""
        found = {account.name: account for account in self.accounts()}
        if name not in found:
            raise KeyError(f"no SFTP server {name}; there are {', '.join(found)}")
        return found[name]

    def _account(self, name: str, port: int, user: str) -> Account:
        return Account(
            name,
            port,
            user,
            root=self.sftp / name,
            host_key=self.data / "keys" / name,
            other_key=self.data / "keys" / f"{name}.other",
            password=self.settings.secrets.folder.absolute() / f"{name}_password",
            log=self.log / f"sftp-{name}.log",
        )


def _port(endpoint: str) -> int:
    """The port of a stand-in's address; 0 (not served) when the address is blank or another machine's."""
    parts = urlsplit(endpoint)
    return parts.port or 0 if parts.hostname in LOOPBACK else 0
