"""Servers of SFTP that Debian packages, each on a port of loopback, and what each was seen to do.

They stand for what vendors run: OpenSSH as it was before it knew posix-rename, ProFTPD as it comes and as it is set up
mostly, the library behind Go's servers, and one that is written by the protocol's text alone.
"""

import contextlib
import getpass
import grp
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sshd
from pipeline.outside.sftp.pushing import Push, overwritten, replaced, swapped_in
from sshd import Sshd

USER = "anybody"
Start = Callable[[Path], AbstractContextManager[Sshd]]


@dataclass(frozen=True)
class Seen:
    """What a server does: a row of the table in docs/servers.md, and what its tests expect.

    `onto` is what becomes of a plain rename onto a file that is there, `over` of opening one to write over it, `alone`
    of opening it when it must be new; `posix`, `statvfs`, `limits` are three extensions; `read` are the bytes of the
    first answer to our longest request; `told` are the attributes in a listing.
    """

    onto: str
    posix: str
    over: str
    alone: str
    statvfs: str
    limits: str
    read: int
    told: str


@dataclass(frozen=True)
class Other:
    """A server, by the name that docs/servers.md gives it.

    `takes` are the words of a vendor's row that fit it, the one to write first. `rooted`: the folder that it serves is
    its `/`; `asks`: it is set up here to ask for new session keys by itself.
    """

    name: str
    start: Start
    seen: Seen
    takes: tuple[Push, ...]
    rooted: bool = False
    asks: bool = False


def account(folder: Path) -> Path:
    """A password file with the one account, which is ours under another name; its home is in `folder`."""
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True, exist_ok=True)
    (home / ".ssh" / "authorized_keys").write_text((folder / "keys" / "authorized").read_text())
    words = (USER, "x", os.geteuid(), os.getegid(), "invented", home, "/bin/sh")
    (folder / "passwd").write_text(":".join(map(str, words)) + "\n")
    (folder / "group").write_text(f"{USER}:x:{os.getegid()}:\n")
    for each in (home, home / ".ssh", home / ".ssh" / "authorized_keys", folder / "passwd", folder / "group"):
        each.chmod(0o700 if each.is_dir() else 0o600)
    return folder / "passwd"


@contextlib.contextmanager
def dropbear(folder: Path, serves: tuple[str, str], *words: str) -> Iterator[Sshd]:
    """Dropbear, which has no SFTP of its own: `serves` is the program for it and its package, `words` its options."""
    keys, files = sshd.folders(folder)
    account(folder)
    own, converter = keys / "host.dropbear", sshd.program("dropbearconvert", "dropbear-bin")
    sshd.quietly(converter, "openssh", "dropbear", keys / "host_ed25519", own)
    port = sshd.free_port()
    command = " ".join((sshd.program(*serves), *words))
    options = ["-F", "-E", "-s", "-p", f"127.0.0.1:{port}", "-P", str(folder / "pid"), "-r", str(own), "-c", command]
    env = {
        **os.environ,
        "LD_PRELOAD": "libnss_wrapper.so",  # so that the account is ours, and its home a folder of the test
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    program, server = sshd.program("dropbear", "dropbear-bin"), Sshd(keys, files, port, USER)
    with sshd.started([program, *options], server, "Not backgrounding", env):
        yield server


PROFTPD = """
ServerName invented
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
UseReverseDNS off
Port {port}
User {user}
Group {group}
ModulePath /usr/lib/proftpd
LoadModule mod_sftp.c
SFTPEngine on
SFTPHostKey {folder}/keys/host_ed25519
SFTPAuthMethods publickey
SFTPAuthorizedUserKeys file:{folder}/keys/login.rfc4716
SFTPRekey required 3600 1
AuthUserFile {folder}/passwd
AuthGroupFile {folder}/group
AuthOrder mod_auth_file.c
RequireValidShell off
RootLogin on
WtmpLog off
ScoreboardFile {folder}/scoreboard
PidFile {folder}/pid
TransferLog none
"""


@contextlib.contextmanager
def proftpd(folder: Path, *more: str) -> Iterator[Sshd]:
    """ProFTPD's mod_sftp; `more` are lines of its configuration."""
    keys, files = sshd.folders(folder)
    account(folder)
    (keys / "login.rfc4716").write_text(sshd.quietly("ssh-keygen", "-e", "-f", keys / "login.pub"))
    port, group = sshd.free_port(), grp.getgrgid(os.getegid()).gr_name
    config = folder / "proftpd.conf"
    text = PROFTPD.format(port=port, user=getpass.getuser(), group=group, folder=folder)
    config.write_text(text + "\n".join(more) + "\n")
    words = [sshd.program("proftpd", "proftpd-core"), "-n", "-c", str(config)]
    with sshd.started(words, Sshd(keys, files, port, USER), "STARTUP") as server:
        yield server


@contextlib.contextmanager
def rclone(folder: Path) -> Iterator[Sshd]:
    """The server in rclone, by Go's packages ssh and sftp, as SFTPGo and many a vendor's own."""
    keys, files = sshd.folders(folder)
    port = sshd.free_port()
    options = ["--config", "/dev/null", "--dir-cache-time", "0", "--addr", f"127.0.0.1:{port}"]
    ours = ["--authorized-keys", str(keys / "authorized"), "--key", str(keys / "host_ed25519")]
    words = [sshd.program("rclone", "rclone"), "serve", "sftp", str(files), *options, *ours]
    with sshd.started(words, Sshd(keys, files, port, USER), "listening on") as server:
        yield server


# An OpenSSH of long ago (posix-rename came in 4.8, statvfs in 5.1, limits in 8.5) is one of today that is told so.
SINCE_THEN = "posix-rename,statvfs,fstatvfs,limits,fsync,hardlink,lsetstat,expand-path,copy-data"
OPENSSH = ("sftp-server", "openssh-sftp-server")
OVERWRITES = ("<Directory /*>", "AllowOverwrite on", "</Directory>")
ALL = "type, size, time"
ANY = (swapped_in, replaced, overwritten)

OTHERS = (
    Other(
        "OpenSSH",
        partial(sshd.running, more=("RekeyLimit 1M",)),
        Seen("refused", "yes", "yes", "refused", "yes", "yes", 261_120, ALL),
        ANY,
        asks=True,
    ),
    Other(
        "OpenSSH's sftp-server without its extensions, behind Dropbear",
        lambda folder: dropbear(folder, OPENSSH, "-P", SINCE_THEN),
        Seen("refused", "no", "yes", "refused", "no", "no", 261_120, ALL),
        (replaced, overwritten),
    ),
    Other(
        "Green End's gesftpserver, behind Dropbear",
        lambda folder: dropbear(folder, ("gesftpserver", "gesftpserver")),
        Seen("refused", "yes", "yes", "refused", "yes", "no", 261_120, ALL),
        ANY,
    ),
    Other(
        "ProFTPD's mod_sftp as it comes",
        proftpd,
        Seen("refused", "yes", "refused", "refused", "yes", "no", 261_120, ALL),
        (swapped_in, replaced),
        asks=True,
    ),
    Other(
        "ProFTPD's mod_sftp with `AllowOverwrite on`",
        lambda folder: proftpd(folder, *OVERWRITES),
        Seen("refused", "yes", "yes", "refused", "yes", "no", 261_120, ALL),
        ANY,
        asks=True,
    ),
    Other(
        "ProFTPD's mod_sftp with it and a `PathDenyFilter` against names that begin with a dot",
        lambda folder: proftpd(folder, *OVERWRITES, 'PathDenyFilter "(^|/)[.][^/]*$"'),
        Seen("refused", "yes", "yes", "refused", "yes", "no", 261_120, ALL),
        (overwritten,),
        asks=True,
    ),
    Other(
        "rclone's, of Go's packages",
        rclone,
        Seen("replaces it", "yes", "yes", "empties it", "no", "no", 32_768, ALL),
        ANY,
        rooted=True,
    ),
)
