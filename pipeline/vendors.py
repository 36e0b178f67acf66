"""The vendors whose SFTP servers we talk to: how to behave towards each. Addresses and accounts are in luigi.cfg."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vendor:
    """One vendor's manners.

    `timeout` is the longest silence, in seconds, that its server may keep (on the socket and on the channel);
    `attempts` how often something transient is tried; `settle` how many seconds a file's size and time must have
    stood still before it is believed to be whole.
    """

    name: str
    timeout: float = 30
    attempts: int = 3
    settle: float = 5


VENDORS = {
    vendor.name: vendor
    for vendor in (
        # EasyBridge writes the score files over some minutes.
        Vendor("savvas", timeout=30, settle=5),
        Vendor("otus"),
        Vendor("ellevation"),
    )
}
