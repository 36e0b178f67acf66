"""The folders of the vendors' servers, as the catalogue has them: those that a vendor fills, and those that we fill.

`up`, which comes before every run, does without this module: a catalogue takes a second to be read.
"""

from collections.abc import Iterator

from pipeline import catalogue
from pipeline.catalogue.place import DropFolder, SftpFolder
from pipeline.sandbox.places import Account, Places


def own(places: Places, vendor: str) -> tuple[str, ...]:
    """The folders into which the vendor itself writes, relative to its root: what lies elsewhere was delivered by us.

    Raises ConfigurationError when the catalogue cannot be read.
    """
    return tuple(dict.fromkeys(_own(places, vendor)))


def _own(places: Places, vendor: str) -> Iterator[str]:
    root, drop = places.sftp / vendor, places.settings.district.drop.absolute()
    for place in (source.place for feed in catalogue.feeds().values() for source in feed.sources):
        if isinstance(place, SftpFolder) and place.vendor == vendor:
            yield place.folder.strip("/")
        if isinstance(place, DropFolder) and (drop / place.folder).is_relative_to(root):
            yield str((drop / place.folder).relative_to(root))


def every(places: Places, account: Account) -> tuple[str, ...]:
    """These, and the folders into which we deliver. Raises ConfigurationError."""
    ours = [
        delivery.folder.replace("{user}", account.user).strip("/")
        for delivery in catalogue.deliveries().values()
        if delivery.vendor == account.name
    ]
    return tuple(dict.fromkeys([*own(places, account.name), *ours]))


def host_key_type(account: Account) -> str:
    """An old server has a key that is proved by SHA-1 signatures alone. Raises ConfigurationError."""
    vendor = catalogue.vendors().get(account.name)
    return "ssh-rsa" if vendor and "ssh-rsa" in vendor.host_key_algorithms else "ssh-ed25519"
