"""The beginning of a connection: what both sides can, and whether the server is the one that we believe."""

from collections.abc import Collection
from typing import Any

import paramiko
from paramiko.message import Message
from paramiko.ssh_exception import IncompatiblePeer

from pipeline.ground import border, settings
from pipeline.ground.errors import HostKeyRefused, VendorError
from pipeline.ground.patience import Watch
from pipeline.outside.sftp.vendor import Vendor

# AES-GCM is in hardware on any server; the default order would take AES-CTR with an HMAC, at half the speed.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
# What paramiko says is not shared, what we call it, and under which names the server's list of it comes.
_NOT_SHARED = {
    "kex": ("key exchange", "kex_algo_list", "kex"),
    "ciphers": ("cipher", "client_encrypt_algo_list", "ciphers"),
    "macs": ("MAC", "client_mac_algo_list", "digests"),
    "compression": ("compression", "client_compress_algo_list", "compression"),
}


class Transport(paramiko.Transport):
    """paramiko's, which remembers what the server offers."""

    offers: dict[str, Any] = {}  # noqa: RUF012  (one of its own from the server's first words on)

    def _really_parse_kex_init(self, m: Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:  # it is the other side's
            self.offers = {name: list(value) if isinstance(value, list) else value for name, value in parsed.items()}
        return parsed


def shake_hands(transport: paramiko.Transport, vendor: Vendor, pinned: list[paramiko.PKey], watch: Watch) -> None:
    """Set up the line to a server that shows a pinned key. Raises HostKeyRefused, VendorError."""
    shown = show(transport, vendor, {key.get_name() for key in pinned}, watch)
    if shown not in pinned:
        raise HostKeyRefused(
            f"{where(vendor)} shows the host key {told(shown)}",
            expected=f"a pinned one: {', '.join(told(key) for key in pinned)}",
            next_step=f"nothing was sent. Ask {vendor.name} by telephone whether the key was changed; if so, add its "
            f"line to {settings.load().sftp.known_hosts} and keep the old one until the next day",
        )


def show(transport: paramiko.Transport, vendor: Vendor, kinds: Collection[str], watch: Watch) -> paramiko.PKey:
    """Set up the line; the host key that the server shows, of one of these types if it has one. Raises VendorError."""
    options = transport.get_security_options()
    options.ciphers = [*CIPHERS, *(cipher for cipher in options.ciphers if cipher not in CIPHERS)]
    wanted = [kind for kind in options.key_types if kind in kinds or ("ssh-rsa" in kinds and kind.startswith("rsa-"))]
    # The pinned key's type first, or a server with several keys would show another one; the others stay in the
    # list, so that a rotation to another type is told as what it is.
    options.key_types = [*wanted, *(kind for kind in options.key_types if kind not in wanted)]
    _agree(transport, vendor, watch)
    return transport.get_remote_server_key()


def _agree(transport: paramiko.Transport, vendor: Vendor, watch: Watch) -> None:
    """Agree on the ciphers and all else; a server that has none of ours will have none tomorrow."""
    try:
        with watch.waiting("the greetings"):
            transport.start_client()
    except IncompatiblePeer as error:
        raise _no_common(transport, vendor, error) from None


def _no_common(transport: paramiko.Transport, vendor: Vendor, error: IncompatiblePeer) -> VendorError:
    if "host key" in str(error):
        return HostKeyRefused(
            f"{where(vendor)} proves its host key in no way that we take",
            expected=f"one of {', '.join(transport.get_security_options().key_types)}",
            next_step=f"nothing was sent. Ask {vendor.name} for an ed25519 key, or for rsa-sha2 signatures by its RSA "
            "key. As a last resort, if its server knows ssh-rsa (SHA-1) and nothing better, give its row in "
            'vendors.py of the catalogue host_key_algorithms=("ssh-rsa",)',
        )
    ours = transport.get_security_options()
    for word, (what, offered, own) in _NOT_SHARED.items():
        if f"acceptable {word}" in str(error):
            theirs = border.printable(", ".join(getattr(transport, "offers", {}).get(offered, [])))
            return VendorError(
                f"{where(vendor)} has no {what} in common with us: the server offers {theirs or 'nothing'}",
                expected=f"one of {', '.join(getattr(ours, own))}",
                next_step=f"nothing was sent. Ask {vendor.name} to switch on a {what} of today",
            )
    return VendorError(
        f"{where(vendor)}: {border.words(error)}",
        expected="a server of SSH 2.0",
        next_step=f"nothing was sent. Ask {vendor.name} which server answers at this address",
    )


def where(vendor: Vendor) -> str:
    """The vendor and its address."""
    account = settings.load().account(vendor.name)
    return f"{vendor.name} ({account.host}:{account.port})"


def told(key: paramiko.PKey) -> str:
    """A host key as people compare it: its type and fingerprint."""
    return f"{key.get_name()} {key.fingerprint}"
