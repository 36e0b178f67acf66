"""The host keys of the vendors' servers: made once, pinned for us, and shown as each vendor's server would."""

from functools import cache
from pathlib import Path

import asyncssh

from pipeline.sandbox.places import Account


def make(path: Path, kind: str) -> bool:
    """Make a host key unless there is one; whether a new one was made."""
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    key = asyncssh.generate_private_key(kind)  # an ssh-rsa one has 2048 bits
    path.write_bytes(key.export_private_key())
    return True


def pin(account: Account, known_hosts: Path, *, instead: bool) -> None:
    """Add the line of the account's key if there is none; a new key takes the place of the one before."""
    host = f"[127.0.0.1]:{account.port}"
    key = asyncssh.read_private_key(account.host_key).export_public_key().decode().split()
    line = f"{host} {key[0]} {key[1]}\n"
    lines = known_hosts.read_text().splitlines(keepends=True) if known_hosts.exists() else []
    if line not in lines:
        kept = [other for other in lines if not (instead and other.startswith(f"{host} "))]
        known_hosts.parent.mkdir(parents=True, exist_ok=True)
        known_hosts.write_text("".join([*kept, line]))


def shown(key: Path) -> list[asyncssh.SSHKeyPair]:
    """The host key, to be proved by the signature that has the name of its type: an RSA key by SHA-1 alone."""
    pairs = list(asyncssh.load_keypairs(_read(key.read_bytes())))
    for pair in pairs:
        pair.host_key_algorithms = [pair.algorithm]
    return pairs


@cache
def _read(content: bytes) -> asyncssh.SSHKey:
    """To read a key, and to find that it is sound, takes longer than to log in with it."""
    return asyncssh.import_private_key(content)
