"""The host keys that we believe: the lines of our known_hosts about a vendor. Others' lines are not our concern."""

from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys

from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError
from pipeline.outside.sftp.vendor import Vendor


class NotPinned(ConfigurationError):
    """No line of it that can be read is about the vendor."""


def pinned(vendor: Vendor) -> list[paramiko.PKey]:
    """The vendor's keys. Raises NotPinned when there is none that can be used; ConfigurationError for the file."""
    wanted, file = _host(vendor), settings.load().sftp.known_hosts
    found, broken = list[paramiko.PKey](), list[str]()
    for number, line in enumerate(_lines(file), 1):
        if _is_about(line, wanted):
            key = _key(line)
            found += [key] if key else []
            broken += [] if key else [str(number)]
    if found:
        return found
    what = f"; line {', '.join(broken)} about it cannot be read" if broken else ""
    raise NotPinned(
        f"no host key of {vendor.name} ({wanted}) is pinned in {file}{what}",
        expected="the key that the vendor has told you by another way than this connection",
        next_step=f"{'write' if broken else 'add'} a line `{wanted} <type> <key>` to {file}",
    )


def line(vendor: Vendor, key: paramiko.PKey) -> str:
    """The line that pins the key: for a person to add who has compared it with what the vendor said."""
    return f"{_host(vendor)} {key.get_name()} {key.get_base64()}"


def _host(vendor: Vendor) -> str:
    """As OpenSSH names it there."""
    account = settings.load().account(vendor.name)
    return account.host if account.port == 22 else f"[{account.host}]:{account.port}"


def _lines(file: Path) -> list[str]:
    """What is no UTF-8 in it (somebody's comment) is carried along; a missing file has no lines."""
    try:
        return file.read_bytes().decode("utf-8-sig", "surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read ({error.strerror})",
            expected="the pinned host keys, readable for the pipeline's user",
            next_step=f"correct the rights of {file}, or `known_hosts` of [sftp] in luigi.cfg",
        ) from None


def _is_about(line: str, host: str) -> bool:
    """Whether it is about `host`, in clear or hashed. A hash that is cut short is nobody's."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return False
    try:
        return any(
            name == host or (name[:1] == "|" and HostKeys.hash_host(host, name) == name) for name in words[0].split(",")
        )
    except Exception:  # noqa: BLE001  (whatever the line's hash makes paramiko say)
        return False


def _key(line: str) -> paramiko.PKey | None:
    """The key of a line; None when it is cut, or of a type that is not known here."""
    try:
        entry = HostKeyEntry.from_line(" ".join(line.split()))
    except Exception:  # noqa: BLE001  (its errors for a damaged key are of many types)
        return None
    return entry.key if entry and entry.key else None
