"""A server that proves its host key by ssh-rsa alone: Debian's sshd and the sandbox's EasyIEP, asked by two vendors.

`old` has the word in its row, `other` has not; both look at the same server, in one process.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import paramiko
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import sshd
from brokenline import BrokenLine, line_to
from pipeline import catalogue
from pipeline.ground import settings
from pipeline.ground.errors import HostKeyRefused, VendorUnreachable
from pipeline.outside.sftp import connections, sftp
from pipeline.outside.sftp.ssh_rsa import Sha1Key
from pipeline.outside.sftp.vendor import Vendor
from riverbend import ROOT, Sandbox

OLD = Vendor("old", timeout=10, host_key_algorithms=("ssh-rsa",))
OTHER = Vendor("other", timeout=10)
SHA1_ONLY = ("HostKeyAlgorithms ssh-rsa,ssh-rsa-cert-v01@openssh.com",)
BIG = os.urandom(300_000)

Configure = Callable[..., None]


@dataclass
class Place:
    """A server behind a line, its host key (type and base64), and its folder there and here."""

    line: BrokenLine
    key: str
    folder: str
    root: Path


@pytest.fixture
def configure(tmp_path: Path, own_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Write a configuration in which both vendors are at `port`, with `keys` pinned. Connections end with the test."""

    def write(port: int, *keys: str, user: str = "anybody", login_key: Path | str = "") -> None:
        known_hosts, config = tmp_path / "known_hosts", tmp_path / "both.cfg"
        known_hosts.write_text("".join(f"[127.0.0.1]:{port} {key}\n" for key in keys))
        words = f"host = 127.0.0.1\nport = {port}\nuser = {user}\nkey = {login_key}\n"
        sections = "".join(f"[sftp:{vendor.name}]\n{words}" for vendor in (OLD, OTHER))
        config.write_text(
            f"[sandbox]\nenabled = true\n[district]\nlanding = {tmp_path}/landing\n"
            f"{own_bucket}[sftp]\nknown_hosts = {known_hosts}\n{sections}"
        )
        monkeypatch.setenv("LUIGI_CONFIG_PATH", str(config))
        settings.load.cache_clear()

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(connections, "PAUSE", 0.01)
    connections._refusals.clear()
    yield write
    connections.close_all()
    connections._refusals.clear()
    settings.load.cache_clear()


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("old-sshd"), kinds=("rsa",), more=SHA1_ONLY) as server:
        yield server


@pytest.fixture
def on_sshd(debian: sshd.Sshd, configure: Configure) -> Iterator[Place]:
    key = debian.pin("rsa").partition(" ")[2]
    with line_to(debian.port) as line:
        configure(line.port, key, user=debian.user, login_key=debian.login_key)
        yield Place(line, key, str(debian.files), debian.files)


@pytest.fixture
def on_sandbox(running: Sandbox, configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for vendor in (OLD, OTHER):
        monkeypatch.setenv(f"PIPELINE_SECRET_{vendor.name.upper()}_PASSWORD", running.password("easyiep"))
    key = pinned(running, "easyiep")
    with line_to(running.ports["easyiep"]) as line:
        configure(line.port, key, user="riverbend-easyiep")
        yield Place(line, key, "/Reports", running.folder / "sftp" / "easyiep" / "Reports")


@pytest.fixture(params=["on_sshd", "on_sandbox"])
def place(request: pytest.FixtureRequest) -> Place:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Place)
    return found


def pinned(sandbox: Sandbox, vendor: str) -> str:
    lines = (sandbox.folder / "known_hosts").read_text().splitlines()
    return next(line.partition(" ")[2] for line in lines if f":{sandbox.ports[vendor]} " in line)


def other_key(tmp_path: Path) -> str:
    return " ".join(sshd.make_key(tmp_path / "other", "rsa").with_suffix(".pub").read_text().split()[:2])


def agreed(vendor: Vendor) -> str:
    """The signature by which the server proved its key on the vendor's connection."""
    transport = connections._client(vendor).get_channel().get_transport()  # type: ignore[union-attr]
    return str(transport.host_key_type)


def test_with_the_word_files_go_and_come(place: Place, tmp_path: Path) -> None:
    (tmp_path / "ours.csv").write_bytes(BIG)
    given = sftp.push(OLD, place.folder, {"there.csv": tmp_path / "ours.csv"})
    assert (place.root / "there.csv").read_bytes() == BIG
    sftp.download(OLD, place.folder, sftp.listing(OLD, place.folder)["there.csv"], tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_bytes() == BIG
    assert given.host_key.startswith("ssh-rsa SHA256:")
    assert agreed(OLD) == "ssh-rsa"
    assert place.line.connections == 1


def test_without_the_word_it_is_refused_once_and_told_what_to_do(place: Place) -> None:
    for _ in range(2):
        with pytest.raises(HostKeyRefused, match="proves its host key in no way that we take") as refused:
            sftp.listing(OTHER, place.folder)
    assert "rsa-sha2-256" in refused.value.expected
    assert "ssh-rsa" not in refused.value.expected
    assert 'host_key_algorithms=("ssh-rsa",)' in refused.value.next_step
    assert place.line.connections == 1


def test_the_word_of_one_vendor_is_no_other_vendors(place: Place) -> None:
    sftp.listing(OLD, place.folder)
    with pytest.raises(HostKeyRefused):
        sftp.listing(OTHER, place.folder)
    sftp.listing(OLD, place.folder)
    assert place.line.connections == 2
    assert "ssh-rsa" not in {*paramiko.Transport._key_info, *paramiko.Transport._preferred_keys}  # type: ignore[attr-defined]
    assert "ssh-rsa" not in paramiko.RSAKey.HASHES


def test_another_key_of_the_same_type_is_refused(place: Place, configure: Configure, tmp_path: Path) -> None:
    configure(place.line.port, other_key(tmp_path))
    shown = paramiko.hostkeys.HostKeyEntry.from_line(f"x {place.key}")
    assert shown is not None
    with pytest.raises(HostKeyRefused) as refused:
        sftp.listing(OLD, place.folder)
    assert f"shows the host key ssh-rsa {shown.key.fingerprint}" in refused.value.found


def test_a_signature_of_today_is_preferred(tmp_path: Path, configure: Configure) -> None:
    more = ("HostKeyAlgorithms ssh-rsa,rsa-sha2-256",)
    with sshd.running(tmp_path / "both", kinds=("rsa",), more=more) as server:
        key = server.pin("rsa").partition(" ")[2]
        configure(server.port, key, user=server.user, login_key=server.login_key)
        assert [agreed(vendor) for vendor in (OLD, OTHER)] == ["rsa-sha2-256", "rsa-sha2-256"]
        connections.close_all()


def test_a_server_that_was_renewed_is_told_as_a_rotation(tmp_path: Path, configure: Configure) -> None:
    with sshd.running(tmp_path / "renewed", kinds=("ed25519",)) as server:
        configure(server.port, other_key(tmp_path))
        with pytest.raises(HostKeyRefused, match="shows the host key ssh-ed25519 SHA256"):
            sftp.listing(OLD, "/")


# ------------------------------------------------------------------------------------------------ who only pretends


@contextlib.contextmanager
def impostor(claimed: str) -> Iterator[int]:
    """A server that shows the claimed key and signs with another one; its port."""
    pair = asyncssh.load_keypairs([asyncssh.generate_private_key("ssh-rsa")])[0]
    pair.public_data = asyncssh.import_public_key(claimed).public_data
    pair.host_key_algorithms = [b"ssh-rsa"]
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncssh.listen("127.0.0.1", 0, server_host_keys=[pair]))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.get_port()
    asyncio.run_coroutine_threadsafe(ended(server), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


async def ended(server: asyncssh.SSHAcceptor) -> None:
    server.close()
    await server.wait_closed()


def test_who_shows_the_pinned_key_and_does_not_have_it(configure: Configure, running: Sandbox) -> None:
    key = pinned(running, "easyiep")
    with impostor(key) as port:
        configure(port, key)
        with pytest.raises(VendorUnreachable, match=r"Signature verification \(ssh-rsa\) failed"):
            sftp.listing(OLD, "/")


def signed(key: rsa.RSAPrivateKey, data: bytes, name: str, digest: hashes.HashAlgorithm) -> paramiko.Message:
    message = paramiko.Message()
    message.add_string(name)
    message.add_string(key.sign(data, padding.PKCS1v15(), digest))
    return paramiko.Message(message.asbytes())


def test_a_signature_is_right_under_its_own_name_only() -> None:
    private = rsa.generate_private_key(65537, 2048)
    shown = Sha1Key(data=paramiko.RSAKey(key=private).asbytes())
    other = rsa.generate_private_key(65537, 2048)
    sha1 = hashes.SHA1()  # noqa: S303
    assert shown.verify_ssh_sig(b"data", signed(private, b"data", "ssh-rsa", sha1))
    assert not shown.verify_ssh_sig(b"dato", signed(private, b"data", "ssh-rsa", sha1))
    assert not shown.verify_ssh_sig(b"data", signed(other, b"data", "ssh-rsa", sha1))
    assert not shown.verify_ssh_sig(b"data", signed(private, b"data", "ssh-rsa", hashes.SHA256()))
    assert not shown.verify_ssh_sig(b"data", signed(private, b"data", "rsa-sha2-256", hashes.SHA256()))
    plain = paramiko.RSAKey(key=private)
    assert not plain.verify_ssh_sig(b"data", signed(private, b"data", "ssh-rsa", sha1))


# ----------------------------------------------------------------------------------------------------- the catalogue


@pytest.mark.parametrize(
    ("vendor", "folder"),
    [
        ("easyiep", "/Reports"),
        ("clever", "/home/{user}"),
        ("clever_reports", "/idm-sensitive-exports"),
        ("district", "/PS_imports"),
    ],
)
def test_the_vendors_of_the_catalogue(
    vendor: str, folder: str, running: Sandbox, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(running.config))
    settings.load.cache_clear()
    sftp.listing(catalogue.vendors()[vendor], folder)
    assert agreed(catalogue.vendors()[vendor]) == ("ssh-rsa" if vendor == "easyiep" else "ssh-ed25519")
    assert [name for name, row in catalogue.vendors().items() if row.host_key_algorithms] == ["easyiep"]
