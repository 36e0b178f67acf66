"""The vendors whose SFTP servers we talk to: how to behave towards each. Addresses and accounts are in luigi.cfg."""

import math
from dataclasses import dataclass
from typing import Literal

from pipeline.pushing import Push, swapped_in


@dataclass(frozen=True)
class Vendor:
    """One vendor's manners.

    `timeout` is the longest silence, in seconds, that its server may keep in any wait of a connection; `patience` how
    many seconds a look into its folder may take as a whole, with all tries (None: as luigi.cfg says); `attempts` how
    often something transient is tried; `settle` how many seconds a file's size and time must have stood still before
    it is believed to be whole. `within` are the seconds in which the files of a set must take their places, because the
    vendor begins to read soon after the first: a set that took longer is sent once more. `host_key_algorithms` are
    signatures of its host key that are taken besides today's, because its server knows no better: see ssh_rsa. `push`
    is how a set is put into its folder, by what its server allows: see pushing. `agreement` names the paper that lists
    what it may get: see agreements; a vendor without one gets nothing.
    """

    name: str
    timeout: float = 30
    patience: float | None = None
    attempts: int = 3
    settle: float = 5
    within: float = math.inf
    host_key_algorithms: tuple[Literal["ssh-rsa"], ...] = ()
    push: Push = swapped_in
    agreement: str = ""


VENDORS = {
    vendor.name: vendor
    for vendor in (
        # EasyBridge writes the score files over some minutes.
        Vendor("savvas", timeout=30, settle=5, agreement="Riverbend-SAVVAS data agreement 2025"),
        Vendor("otus", agreement="Riverbend-Otus data agreement 2026"),
        Vendor("ellevation", agreement="Riverbend-Ellevation data agreement 2025"),
        # Its sync begins five minutes after the last activity in the folder: what is put there later is another set.
        Vendor("clever", within=240, agreement="Riverbend-Clever data agreement 2026"),
        # A second server and account of Clever's, which only gives.
        Vendor("clever_reports"),
        # An old server: an RSA key, proved by SHA-1 alone. Ask now and then whether it still is, and drop the word.
        Vendor("easyiep", host_key_algorithms=("ssh-rsa",)),
        # The district's own server, from which the student information systems take what they import.
        Vendor("district", agreement="Riverbend's own records"),
    )
}
