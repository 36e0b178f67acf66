"""The pipeline's SFTP against other people's servers, and what docs/servers.md says of each."""

import os
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import paramiko
import pytest
from paramiko.packet import Packetizer
from paramiko.sftp import CMD_EXTENDED, CMD_READ, int64

import shops
import sshd
from otherservers import OTHERS, Other, Seen
from pipeline.ground.errors import HostKeyRefused, VendorError
from pipeline.outside.sftp import abilities, connections, sftp
from pipeline.outside.sftp.inflight import READ
from pipeline.outside.sftp.pushing import Push, overwritten
from riverbend import ROOT
from shops import NAMES, SIZES, WAYS, Shop

# Far more than a new session key is asked for after.
BIG = os.urandom(4_000_000)
REKEY = 300_000


@pytest.fixture(scope="module", params=OTHERS, ids=lambda other: other.name)
def other(request: pytest.FixtureRequest) -> Other:
    found: Other = request.param
    return found


@pytest.fixture(scope="module")
def server(other: Other, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with other.start(tmp_path_factory.mktemp("other")) as server:
        yield server


@pytest.fixture
def shop(
    other: Other, server: sshd.Sshd, own_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    with shops.opened(shops.on(server, tmp_path.name, other.rooted), own_bucket, tmp_path, monkeypatch) as shop:
        shop.way = other.takes[0]
        yield shop


# ------------------------------------------------------------------------------------------------------- what each does


def look(client: paramiko.SFTPClient, shop: Shop) -> Seen:
    """Ask for each fact, as any client does, and see on the disk whether it is so."""
    name, file = f"{shop.folder}/{NAMES[2]}", shop.root / NAMES[2]
    before = file.read_bytes()

    def done(act: Callable[[], object], yes: str, no: str = "no") -> str:
        """`yes` when the server says so, and the file is not as it was; `no` when it refuses, and the file is."""
        try:
            act()
        except OSError:
            assert file.read_bytes() == before
            return no
        assert file.read_bytes() != before
        file.write_bytes(before)
        return yes

    def renamed(rename: Callable[[str, str], object]) -> None:
        with client.open(f"{shop.folder}/beside", "w") as new:
            new.write(b"new")
        try:
            rename(f"{shop.folder}/beside", name)
        finally:
            (shop.root / "beside").unlink(missing_ok=True)

    def knows(extension: str, *words: str) -> str:
        try:
            client._request(CMD_EXTENDED, f"{extension}@openssh.com", *words)  # type: ignore[attr-defined]
        except OSError:
            return "no"
        return "yes"

    with client.open(name) as opened:
        _, answer = client._request(CMD_READ, opened.handle, int64(0), READ)  # type: ignore[attr-defined]
    entry = next(each for each in client.listdir_attr(shop.folder) if each.filename == NAMES[2])
    told = {"type": entry.st_mode and entry.st_mode >> 12, "size": entry.st_size, "time": entry.st_mtime}
    return Seen(
        onto=done(lambda: renamed(client.rename), "replaces it", "refused"),
        posix=done(lambda: renamed(client.posix_rename), "yes"),
        over=done(lambda: client.open(name, "w").close(), "yes", "refused"),
        alone=done(lambda: client.open(name, "wx").close(), "empties it", "refused"),
        statvfs=knows("statvfs", shop.folder),
        limits=knows("limits"),
        read=len(answer.get_string()),
        told=", ".join(fact for fact, value in told.items() if value),
    )


def test_it_does_what_the_page_says(other: Other, shop: Shop) -> None:
    assert connections.on(shop.vendor, lambda client: look(client, shop)) == other.seen


def test_the_doctor_sees_the_same_and_names_the_word(other: Other, shop: Shop) -> None:
    before = shop.state(), shop.all()
    found, said = abilities.tried(shop.vendor, shop.folder), abilities.told(shop.vendor, shop.folder)
    assert found.fits is other.takes[0]
    assert (found.left, shop.state(), shop.all()) == ([], *before)
    assert abs(found.ahead or 0) < 30
    assert (said.free is not None, said.write is not None) == (other.seen.statvfs == "yes", other.seen.limits == "yes")
    if abilities.TEMPORARY in found.did:
        assert (abilities.POSIX in found.did) == (other.seen.posix == "yes")
        assert (abilities.RENAME_ONTO in found.did) == (other.seen.onto == "replaces it")
        assert (abilities.OWN in found.did) == (other.seen.over == "yes")


def test_the_page_has_a_row_for_each() -> None:
    lines = (ROOT / "docs" / "servers.md").read_text().splitlines()
    wanted = [[other.name, *map(str, astuple(other.seen)), f"`{WAYS[other.takes[0]]}`"] for other in OTHERS]
    assert [line for line in lines if line.startswith("|")][2:] == [f"| {' | '.join(row)} |" for row in wanted]


# --------------------------------------------------------------------------------------------------------- what we get


def test_what_is_there_is_listed_and_comes_whole(shop: Shop, tmp_path: Path) -> None:
    (shop.root / "empty.csv").touch()
    (shop.root / "Müller, 1 \u2013 2.csv").write_bytes(BIG)
    (shop.root / "folder").mkdir()
    listed = shop.listing()
    facts = {path.name: path.stat() for path in shop.root.iterdir() if path.is_file()}
    assert {name: (file.size, file.mtime) for name, file in listed.items()} == {
        name: (stat.st_size, int(stat.st_mtime)) for name, stat in facts.items()
    }
    assert listed.odd == {"folder": "a folder"}
    (shop.root / "folder").rmdir()
    sftp.download_all(shop.vendor, shop.folder, list(listed.values()), tmp_path / "in")
    assert {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()} == {
        name: (shop.root / name).read_bytes() for name in facts
    }


def test_another_host_key_than_the_pinned_one_stops_us(shop: Shop, server: sshd.Sshd, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    words = known_hosts.read_text().split()
    stranger = sshd.make_key(tmp_path / "stranger").with_suffix(".pub").read_text().split()
    known_hosts.write_text(" ".join((words[0], *stranger[:2])) + "\n")
    before = shop.state()
    for _ in range(2):
        with pytest.raises(HostKeyRefused, match="nothing was sent"):
            shop.push()
    assert shop.line.connections == 1
    assert shop.state() == before


@pytest.fixture
def session_keys(other: Other, monkeypatch: pytest.MonkeyPatch) -> list[paramiko.Transport]:
    """One entry for each set of session keys; where the server does not ask for new ones, we do."""
    agreed: list[paramiko.Transport] = []
    whole = paramiko.Transport._activate_outbound  # type: ignore[attr-defined]

    def noted(transport: paramiko.Transport) -> None:
        agreed.append(transport)
        whole(transport)

    monkeypatch.setattr(paramiko.Transport, "_activate_outbound", noted)
    if not other.asks:
        monkeypatch.setattr(Packetizer, "REKEY_BYTES", REKEY)
    return agreed


def test_session_keys_change_while_files_move(
    shop: Shop, session_keys: list[paramiko.Transport], tmp_path: Path
) -> None:
    (shop.root / "big.csv").write_bytes(BIG)
    sftp.download(shop.vendor, shop.folder, shop.listing()["big.csv"], tmp_path / "in" / "big.csv")
    assert (tmp_path / "in" / "big.csv").read_bytes() == BIG
    down = len(session_keys)
    (shop.ours / NAMES[0]).write_bytes(BIG)
    shop.push()
    assert shop.new() == list(NAMES)
    assert 1 < down < len(session_keys)
    assert len(set(session_keys)) == shop.line.connections == 1


# -------------------------------------------------------------------------------------------------------- what we give


@pytest.mark.parametrize("way", WAYS, ids=WAYS.values())
def test_a_set_goes_by_the_words_that_fit_and_by_no_other(other: Other, shop: Shop, way: Push) -> None:
    shop.way = way
    before = shop.state()
    if way not in other.takes:
        with pytest.raises(VendorError) as refused:
            shop.push()
        assert shop.state() == before
        assert f"push={WAYS[other.takes[0]]}" in refused.value.next_step
        return
    if other.takes != (overwritten,):  # such names can be there
        shop.temporary(NAMES[0]).write_bytes(b"left by a killed run" * 50_000)
    shop.push()
    shop.trail.end()
    shop.make("tomorrow")
    (shop.root / NAMES[1]).unlink()  # the vendor has taken it
    shop.push()
    assert shop.new() == list(NAMES)
    assert shop.all() == sorted(NAMES)
    assert shop.sent == [sum(SIZES)] * 2
    assert shop.line.connections == 1


def the_next_is_half(shop: Shop) -> bool:
    """Two files have come whole, one after the other, and a part of the third."""
    return shop.new() == list(NAMES[:2]) and shops.size(shop.root / NAMES[2]) < SIZES[2]


def test_killed_before_the_first_rename_the_next_push_sends_the_set_again(other: Other, shop: Shop) -> None:
    before = shop.state()
    shop.kill_when(lambda: shops.the_first_is_half(shop))
    assert (shop.state() == before) == (shop.way is not overwritten)
    shop.push()
    assert (shop.new(), shop.all()) == (list(NAMES), sorted(NAMES))
    assert shop.sent == [sum(SIZES)]


@pytest.mark.parametrize("which", [0, -1], ids=["by its word", "by the weakest"])
def test_killed_after_the_first_file_the_next_push_completes_the_set(other: Other, shop: Shop, which: int) -> None:
    """What was renamed, or waits for it, is not sent again; nor are files before the one that is being overwritten."""
    shop.way = other.takes[which]
    overwriting = shop.way is overwritten
    shop.kill_when(lambda: the_next_is_half(shop) if overwriting else shops.the_first_is_swapped_in(shop))
    shop.push()
    assert (shop.new(), shop.all()) == (list(NAMES), sorted(NAMES))
    assert shop.sent == ([sum(SIZES[2:])] if overwriting else [])
