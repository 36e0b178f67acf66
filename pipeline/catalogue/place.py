"""Where a feed's files come from: words of its row. (pipeline/inbound/sources.py looks there, and fetches.)"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pipeline import catalogue
from pipeline.ground.errors import nearest
from pipeline.outside.dropfolder import DropFolder as DropFolder
from pipeline.outside.sftp import sftp
from pipeline.outside.sftp.sftp import Progress, RemoteFile
from pipeline.outside.sftp.vendor import Vendor

Report = Literal["ADMAudit", "StudentMembership", "AllErr"]


class Place(Protocol):
    """A folder of files that is not ours."""

    @property
    def settle(self) -> float:
        """Seconds for which a file must have stood still before it is believed to be whole."""
        ...

    def look(self) -> dict[str, RemoteFile]:
        """The files that are there now, by name. Raises PipelineError."""
        ...

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        """Bring `file` to `to`, whole or not at all. Raises PipelineError."""
        ...


@dataclass(frozen=True)
class SftpFolder:
    """A folder on a vendor's server; `vendor` is a name of its catalogue.

    With `others` (patterns of files there that are known and not wanted), any further file that is no feed's is told.
    """

    vendor: str
    folder: str
    others: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.vendor}:{self.folder}"

    @property
    def settle(self) -> float:
        return self._server.settle

    @property
    def _server(self) -> Vendor:
        return nearest(catalogue.vendors(), self.vendor, "vendor")

    def look(self) -> dict[str, RemoteFile]:
        return sftp.listing(self._server, self.folder)

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        sftp.download(self._server, self.folder, file, to, progress)


@dataclass(frozen=True)
class PortalReport:
    """A report of the state's portal for one school, under a login of luigi.cfg ([portal:<login>]). `role` is what
    stands in the brackets of the school's roles there, `<school> - <authority>`.

    It is made when a browser asks for it (pipeline/portals), so there is nothing to list and nothing to copy.
    """

    login: str
    school: str
    role: str
    report: Report
    settle: float = 0

    def __str__(self) -> str:
        return f"EIS portal as {self.login}"

    def look(self) -> dict[str, RemoteFile]:
        return {}

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        raise NotImplementedError


def secret_of(login: str) -> str:
    """The name of the secret with which a login of the portal is opened."""
    return f"eis_{login.lower()}_password"


@dataclass(frozen=True)
class Source:
    """One part of a feed: which files of which place are it. `name` is the part's name, and the tag of its rows."""

    name: str
    place: Place
    pattern: str
