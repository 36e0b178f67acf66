"""The vendors whose SFTP servers we talk to: how to behave towards each. Addresses and accounts are in luigi.cfg."""

import math
from dataclasses import dataclass
from typing import Literal

from pipeline.outside.sftp.pushing import Push, swapped_in


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
    what it may get: see agreements; a vendor without one gets nothing. `called` is what people call it, where that is
    not its name with a capital letter.
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
    called: str = ""
