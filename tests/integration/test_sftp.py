"""The SFTP adapter against Debian's sshd (login by key) and the sandbox's server (by password)."""

import multiprocessing
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

import bucketing
import receiving
import sshd
from brokenline import BrokenLine, line_to
from pipeline.ground import settings
from pipeline.ground.errors import (
    ConfigurationError,
    HostKeyRefused,
    LoginRefused,
    TransferIncomplete,
    VendorError,
    VendorUnreachable,
)
from pipeline.outside import refusals
from pipeline.outside.sftp import connections, sftp
from pipeline.outside.sftp.vendor import Vendor
from pipeline.sandbox.faults import FaultFile
from riverbend import ROOT, Sandbox

THERE = Vendor("there", timeout=10)
IMPATIENT = Vendor("there", timeout=0.4, attempts=2)
PASSWORD = "PIPELINE_SECRET_THERE_PASSWORD"
PASSPHRASE = "PIPELINE_SECRET_THERE_PASSPHRASE"
BIG = os.urandom(1_000_000)


@dataclass
class Place:
    """A server behind a line: `folder` as it is called there, `root` where it is on this machine."""

    line: BrokenLine
    known_hosts: Path
    key: str
    """The server's host key: type and base64."""
    folder: str
    root: Path
    logins: Callable[[], list[bool]]
    """What the server's log says of every login so far."""

    def pin(self, *keys: str) -> None:
        self.known_hosts.write_text("".join(f"[127.0.0.1]:{self.line.port} {key}\n" for key in keys))

    def listing(self, vendor: Vendor = THERE) -> sftp.Listing:
        return sftp.listing(vendor, self.folder)

    def get(self, name: str, to: Path, vendor: Vendor = THERE) -> None:
        sftp.download(vendor, self.folder, self.listing(vendor)[name], to)

    def put(self, files: dict[str, Path], vendor: Vendor = THERE) -> sftp.Delivered:
        return sftp.push(vendor, self.folder, files)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def configure(
    tmp_path: Path, own_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int, str, str], Path]]:
    """Write a configuration with the vendor `there`; returns its known_hosts. Connections end with the test."""

    def write(port: int, user: str, key: str) -> Path:
        known_hosts, config = tmp_path / "known_hosts", tmp_path / "there.cfg"
        words = f"host = 127.0.0.1\nport = {port}\nuser = {user}\nkey = {key}\n"
        config.write_text(
            f"[sandbox]\nenabled = true\n[district]\nlanding = {tmp_path}/landing\n"
            f"{own_bucket}[sftp]\nknown_hosts = {known_hosts}\n[sftp:there]\n{words}"
        )
        monkeypatch.setenv("LUIGI_CONFIG_PATH", str(config))
        settings.load.cache_clear()
        return known_hosts

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(connections, "PAUSE", 0.01)
    connections._refusals.clear()
    yield write
    connections.close_all()
    connections._refusals.clear()
    settings.load.cache_clear()


@pytest.fixture
def on_sshd(debian: sshd.Sshd, configure: Callable[[int, str, str], Path], tmp_path: Path) -> Iterator[Place]:
    root = debian.files / tmp_path.name
    root.mkdir()
    before = len(debian.log())

    def logins() -> list[bool]:
        said = [line.split()[0] for line in debian.log()[before:] if "for" in line.split() and "ssh2" in line]
        return [word == "Accepted" for word in said if word in ("Accepted", "Failed")]

    with line_to(debian.port) as line:
        known_hosts = configure(line.port, debian.user, str(debian.login_key))
        place = Place(line, known_hosts, debian.pin().partition(" ")[2], str(root), root, logins)
        place.pin(place.key)
        yield place


@pytest.fixture
def on_sandbox(
    running: Sandbox,
    configure: Callable[[int, str, str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    root = running.folder / "sftp" / "ellevation" / tmp_path.name
    root.mkdir()
    before = len(running.events("sftp-ellevation"))

    def logins() -> list[bool]:
        said = [event["event"] for event in running.events("sftp-ellevation")[before:]]
        return [word == "login" for word in said if word.startswith("login")]

    port = running.ports["ellevation"]
    pinned = (running.folder / "known_hosts").read_text().splitlines()
    key = next(line.partition(" ")[2] for line in pinned if line.startswith(f"[127.0.0.1]:{port} "))
    monkeypatch.setenv(PASSWORD, running.password("ellevation"))
    with line_to(port) as line:
        known_hosts = configure(line.port, "riverbend-ellevation", "")
        place = Place(line, known_hosts, key, f"/{root.name}", root, logins)
        place.pin(key)
        yield place


@pytest.fixture(params=["on_sshd", "on_sandbox"])
def place(request: pytest.FixtureRequest) -> Place:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Place)
    return found


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Three files of ours: one of many requests, one of one, one of none."""
    contents = {"big.csv": BIG, "small.csv": b"id,name\n0004127,O'Brien\n", "empty.csv": b""}
    for name, content in contents.items():
        (tmp_path / "ours" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "ours" / name).write_bytes(content)
    return {name: tmp_path / "ours" / name for name in contents}


def other_key(tmp_path: Path, kind: str = "ed25519") -> str:
    path = sshd.make_key(tmp_path / f"other_{kind}", kind)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


# ------------------------------------------------------------------------------------------------ whom we believe


def test_a_server_that_nobody_pinned_is_not_even_called(place: Place) -> None:
    place.pin()
    with pytest.raises(ConfigurationError, match=r"no host key of there .* is pinned"):
        place.listing()
    assert place.line.connections == 0


def test_a_changed_host_key_stops_us_before_the_login_and_is_asked_once(place: Place, tmp_path: Path) -> None:
    place.pin(other_key(tmp_path))
    for _ in range(2):
        with pytest.raises(HostKeyRefused) as refused:
            place.listing()
    shown = paramiko.hostkeys.HostKeyEntry.from_line(f"x {place.key}")
    assert shown is not None
    assert shown.key.fingerprint in refused.value.found
    assert place.line.connections == 1
    assert place.line.wait_until_idle()
    assert place.logins() == []


def test_the_current_and_the_next_key_are_both_believed(place: Place, tmp_path: Path) -> None:
    place.pin(other_key(tmp_path), place.key)
    assert place.listing() == {}


def test_a_rotation_to_another_type_of_key_is_told_as_one(place: Place, tmp_path: Path) -> None:
    place.pin(other_key(tmp_path, "ecdsa"))
    with pytest.raises(HostKeyRefused, match="shows the host key ssh-ed25519 SHA256"):
        place.listing()


def test_hashed_lines_comments_and_lines_of_others(place: Place) -> None:
    hashed = paramiko.HostKeys.hash_host(f"[127.0.0.1]:{place.line.port}")
    others = f"# ours\n\nsftp.example.org {place.key}\n"
    place.known_hosts.write_text(f"{others}{hashed} {place.key}\n")
    assert place.listing() == {}


def test_of_several_host_keys_the_pinned_type_is_asked_for(
    tmp_path: Path, configure: Callable[[int, str, str], Path]
) -> None:
    with sshd.running(tmp_path / "several", kinds=("ed25519", "ecdsa", "rsa")) as server:
        configure(server.port, server.user, str(server.login_key)).write_text(server.pin("rsa"))
        given = sftp.push(THERE, str(server.files), {})
        assert given.host_key.startswith("ssh-rsa SHA256:")
        connections.close_all()


# ------------------------------------------------------------------------------------------------------- the login


def test_a_wrong_password_is_tried_once_a_process(
    place: Place, monkeypatch: pytest.MonkeyPatch, configure: Callable[[int, str, str], Path]
) -> None:
    configure(place.line.port, settings.load().account("there").user, "")
    monkeypatch.setenv(PASSWORD, "invented-and-wrong")
    for _ in range(3):
        with pytest.raises(LoginRefused, match="does not let") as refused:
            place.listing()
    assert place.line.wait_until_idle()
    assert place.logins() == [False]
    assert "invented-and-wrong" not in str(refused.value)


def test_a_refused_password_is_not_sent_again_that_day_and_another_one_at_once(
    on_sandbox: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By other runs either, until a person says so; the records hold neither."""
    right = os.environ[PASSWORD]
    for wrong, logins in (("invented-and-wrong", 1), ("invented-and-wrong", 1), ("invented-too", 2)):
        monkeypatch.setenv(PASSWORD, wrong)
        with pytest.raises(LoginRefused):
            on_sandbox.listing()
        another_run()
        assert on_sandbox.line.wait_until_idle()
        assert on_sandbox.logins() == [False] * logins
    (record,) = (settings.load().district.landing / "refused").glob("*/there.json")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert "invented" not in record.read_text()
    with pytest.raises(LoginRefused, match=r"was refused at \d\d-\d\d \d\d:\d\d.* are not sent again today"):
        on_sandbox.listing()
    another_run()
    monkeypatch.setenv(PASSWORD, right)
    assert on_sandbox.listing() is not None
    another_run()
    monkeypatch.setenv(PASSWORD, "invented-too")
    assert refusals.forget("there")
    with pytest.raises(LoginRefused, match="does not let"):
        on_sandbox.listing()
    assert on_sandbox.line.wait_until_idle()
    assert on_sandbox.logins() == [False, False, True, False]


def test_a_bucket_that_says_nothing_takes_none_of_a_vendors_time_and_counts_no_try(
    on_sandbox: Place, running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused is asked of the bucket, which takes longer here than the vendor may: nobody is called before."""
    config = Path(os.environ["LUIGI_CONFIG_PATH"])
    with receiving.silent() as port:
        text = re.sub(
            r"storage_endpoint = .*", f"storage_endpoint = http://127.0.0.1:{port}\ntimeout = 6", config.read_text()
        )
        config.write_text(text)
        settings.load.cache_clear()
        bucketing.nobody_asked_yet(monkeypatch)
        begun = time.time()
        assert on_sandbox.listing(Vendor("there", timeout=10, patience=5)) == {}
    called = [event["time"] for event in running.events("sftp-ellevation") if event["event"] == "connect"]
    assert called[-1] > begun + 5
    assert on_sandbox.logins() == [True]


def another_run() -> None:
    """As if this process had ended, and another one begun."""
    connections.close_all()
    connections._refusals.clear()


def test_a_key_with_a_passphrase(
    on_sshd: Place,
    debian: sshd.Sshd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    configure: Callable[[int, str, str], Path],
) -> None:
    key = sshd.make_key(tmp_path / "locked", passphrase="invented words")
    with (debian.keys / "authorized").open("a") as authorized:
        authorized.write(key.with_suffix(".pub").read_text())
    configure(on_sshd.line.port, debian.user, str(key))
    monkeypatch.setenv(PASSPHRASE, "invented words")
    assert on_sshd.listing() == {}
    assert on_sshd.logins() == [True]


def test_a_wrong_passphrase_knocks_at_no_door(
    on_sshd: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configure: Callable[[int, str, str], Path]
) -> None:
    key = sshd.make_key(tmp_path / "locked", passphrase="invented words")
    configure(on_sshd.line.port, "nobody", str(key))
    monkeypatch.setenv(PASSPHRASE, "other words")
    with pytest.raises(ConfigurationError) as wrong:
        on_sshd.listing()
    assert "other words" not in str(wrong.value)
    assert on_sshd.logins() == []


# -------------------------------------------------------------------------------------------------- what is there


def test_what_is_no_file_is_told_as_what_it_is_and_a_link_is_what_it_leads_to(place: Place) -> None:
    (place.root / "a.csv").write_bytes(b"12345")
    os.utime(place.root / "a.csv", (1_790_000_000, 1_790_000_000))
    (place.root / "folder").mkdir()
    for name, to in {"latest.csv": "a.csv", "gone.csv": "nothing", "there.csv": "folder"}.items():
        (place.root / name).symlink_to(to)
    os.mkfifo(place.root / "pipe.csv")
    listed = place.listing()
    assert {name: (file.size, file.mtime) for name, file in listed.items()} == dict.fromkeys(
        ("a.csv", "latest.csv"), (5, 1_790_000_000)
    )
    assert listed.odd == {
        **dict.fromkeys(("folder", "there.csv"), "a folder"),
        "gone.csv": "a link to what is not there",
        "pipe.csv": "no plain file",
    }


def test_a_listing_has_files_only(place: Place) -> None:
    (place.root / "a.csv").write_bytes(b"12345")
    (place.root / "folder").mkdir()
    (place.root / "folder" / "b.csv").touch()
    os.utime(place.root / "a.csv", (1_790_000_000, 1_790_000_000))
    assert place.listing() == {"a.csv": sftp.RemoteFile("a.csv", 5, 1_790_000_000)}


def test_a_folder_that_is_not_there(place: Place) -> None:
    with pytest.raises(VendorUnreachable, match="has no folder"):
        sftp.listing(THERE, f"{place.folder}/none")


def test_calls_share_one_connection_until_all_are_closed(place: Place, files: dict[str, Path]) -> None:
    place.put(files)
    place.listing()
    assert place.line.connections == 1
    connections.close_all()
    assert place.line.wait_until_idle()
    place.listing()
    assert place.line.connections == 2


def test_a_child_makes_its_own_connection_and_leaves_ours(place: Place) -> None:
    def child() -> None:
        place.listing()
        connections.close_all()

    place.listing()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(20)
    assert process.exitcode == 0
    assert place.line.connections == 2
    place.listing()
    assert place.line.connections == 2


def test_a_process_that_ends_hangs_up(place: Place) -> None:
    program = (
        "from pipeline.outside.sftp import sftp; from pipeline.outside.sftp.vendor import Vendor;"
        f"print(sorted(sftp.listing(Vendor('there'), {place.folder!r})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert place.line.wait_until_idle()


# ------------------------------------------------------------------------------------------------------ what comes


def test_a_download_is_the_same_bytes(place: Place, files: dict[str, Path], tmp_path: Path) -> None:
    for name, file in files.items():
        (place.root / name).write_bytes(file.read_bytes())
    told: list[tuple[int, int]] = []
    for name, file in files.items():
        sftp.download(THERE, place.folder, place.listing()[name], tmp_path / "in" / name, lambda *now: told.append(now))
        assert (tmp_path / "in" / name).read_bytes() == file.read_bytes()
    assert (len(BIG), len(BIG)) in told
    assert oct((tmp_path / "in" / "big.csv").stat().st_mode)[-3:] == "600"


def test_many_files_come_at_once(place: Place, tmp_path: Path) -> None:
    contents = {f"{n}.csv": os.urandom(n * 3000) for n in range(60)}
    for name, content in contents.items():
        (place.root / name).write_bytes(content)
    sftp.download_all(THERE, place.folder, list(place.listing().values()), tmp_path / "in")
    assert {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()} == contents


@pytest.mark.parametrize("change", ["grew", "shrank", "touched"])
def test_a_file_that_changed_since_it_was_listed(place: Place, tmp_path: Path, change: str) -> None:
    file = place.root / "a.csv"
    file.write_bytes(b"12345")
    os.utime(file, (1_790_000_000, 1_790_000_000))
    listed = place.listing()["a.csv"]
    file.write_bytes({"grew": b"123456", "shrank": b"1234", "touched": b"54321"}[change])
    with pytest.raises(TransferIncomplete, match="that were listed"):
        sftp.download(THERE, place.folder, listed, tmp_path / "in" / "a.csv")
    assert not (tmp_path / "in" / "a.csv").exists()


def test_a_file_that_the_vendor_took_away(place: Place, tmp_path: Path) -> None:
    with pytest.raises(VendorError, match="refuses: FileNotFoundError"):
        sftp.download(THERE, place.folder, sftp.RemoteFile("gone.csv", 5, 0), tmp_path / "gone.csv")


def test_a_line_that_breaks_while_it_brings_is_tried_anew(place: Place, tmp_path: Path) -> None:
    (place.root / "big.csv").write_bytes(BIG)
    listed = place.listing()["big.csv"]
    connections.close_all()
    place.line.breaks(lambda moved: moved > 300_000, times=2)
    before = place.line.connections
    sftp.download(THERE, place.folder, listed, tmp_path / "in" / "big.csv")
    assert (tmp_path / "in" / "big.csv").read_bytes() == BIG
    assert place.line.connections - before == 3


def test_a_line_that_always_breaks_is_given_up_and_leaves_nothing(place: Place, tmp_path: Path) -> None:
    (place.root / "big.csv").write_bytes(BIG)
    listed = place.listing()["big.csv"]
    connections.close_all()
    place.line.breaks(lambda moved: moved > 300_000, times=99)
    before = place.line.connections
    with pytest.raises(VendorUnreachable, match="in one of 3 tries"):
        sftp.download(THERE, place.folder, listed, tmp_path / "in" / "big.csv")
    assert place.line.connections - before == 3
    assert [path.name for path in (tmp_path / "in").iterdir() if not path.name.startswith(".")] == []


@pytest.mark.parametrize("after", [0, 2000, 300_000], ids=["the greeting", "the handshake", "a part of the file"])
def test_a_server_that_falls_silent(place: Place, tmp_path: Path, after: int) -> None:
    (place.root / "big.csv").write_bytes(BIG)
    listed = place.listing()["big.csv"]
    connections.close_all()
    place.line.hush = lambda moved: moved > after
    with pytest.raises(VendorUnreachable, match=r"an answer within 0\.4 s, in one of 2 tries"):
        sftp.download(IMPATIENT, place.folder, listed, tmp_path / "in" / "big.csv")
    assert not (tmp_path / "in" / "big.csv").exists()


def test_a_server_that_lets_us_in_and_hangs(on_sandbox: Place, sandbox: Sandbox) -> None:
    FaultFile(sandbox.folder / "faults.json").switch_on("hang", "ellevation", {})
    with pytest.raises(VendorUnreachable):
        on_sandbox.listing(IMPATIENT)


def test_nobody_listens(configure: Callable[[int, str, str], Path], tmp_path: Path) -> None:
    port = sshd.free_port()
    configure(port, "anybody", "").write_text(f"[127.0.0.1]:{port} {other_key(tmp_path)}")
    with pytest.raises(VendorUnreachable, match="ConnectionRefusedError"):
        sftp.listing(IMPATIENT, "/")


# -------------------------------------------------------------------------------------------------------- what goes


def test_a_set_is_there_under_its_names_and_replaces_the_one_before(place: Place, files: dict[str, Path]) -> None:
    for name in files:
        (place.root / name).write_bytes(b"yesterday's")
    told = place.put(files)
    assert told.sizes == {name: file.stat().st_size for name, file in files.items()}
    assert told.host_key.startswith("ssh-ed25519 SHA256:")
    assert {name: (place.root / name).read_bytes() for name in place.names()} == {
        name: file.read_bytes() for name, file in files.items()
    }


def test_a_folder_may_have_the_accounts_name_in_it(place: Place, files: dict[str, Path], tmp_path: Path) -> None:
    own = place.root / settings.load().account("there").user
    own.mkdir()
    named = f"{place.folder}/{{user}}"
    sftp.push(THERE, named, files)
    assert sorted(path.name for path in own.iterdir()) == sorted(files)
    listed = sftp.listing(THERE, named)
    sftp.download(THERE, named, listed["small.csv"], tmp_path / "in" / "small.csv")
    sftp.download_all(THERE, named, [listed["big.csv"]], tmp_path / "in")
    assert (tmp_path / "in" / "small.csv").read_bytes() == files["small.csv"].read_bytes()
    assert (tmp_path / "in" / "big.csv").read_bytes() == BIG


def test_nothing_is_renamed_before_all_is_there(place: Place, files: dict[str, Path]) -> None:
    seen: list[list[str]] = []

    def progress(done: int, total: int) -> None:
        seen.append(place.names())

    sftp.push(THERE, place.folder, files, progress)
    assert all(name.startswith(".") and name.endswith(".part") for names in seen for name in names)
    assert place.names() == sorted(files)


def test_a_line_that_breaks_while_it_takes_is_tried_anew(place: Place, files: dict[str, Path]) -> None:
    place.line.breaks(lambda moved: moved > 300_000, times=2)
    place.put(files)
    assert place.line.connections == 3
    assert place.names() == sorted(files)
    assert (place.root / "big.csv").read_bytes() == BIG


def test_a_line_that_always_breaks_leaves_nothing_under_a_final_name(place: Place, files: dict[str, Path]) -> None:
    place.line.breaks(lambda moved: moved > 300_000, times=99)
    with pytest.raises(VendorUnreachable):
        place.put(files)
    assert place.line.connections == 3
    assert set(place.names()).isdisjoint(files)
    place.line.cuts_left = 0
    place.put(files)
    assert place.names() == sorted(files)


def test_a_line_that_breaks_before_the_answer_to_a_rename(place: Place, files: dict[str, Path]) -> None:
    place.line.breaks(lambda moved: (place.root / "small.csv").exists())
    place.put(files)
    assert place.line.connections == 2
    assert place.names() == sorted(files)


def test_a_server_without_space(on_sshd: Place, files: dict[str, Path]) -> None:
    (on_sshd.root / ".big.csv.part").symlink_to("/dev/full")
    with pytest.raises(VendorError, match=r"refuses: Refused Failure(.|\n)*space"):
        on_sshd.put(files)
    assert set(on_sshd.names()).isdisjoint(files)


def test_a_quota_is_told_as_a_refusal(on_sandbox: Place, sandbox: Sandbox, files: dict[str, Path]) -> None:
    FaultFile(sandbox.folder / "faults.json").switch_on("full", "ellevation", {"quota": 100_000})
    with pytest.raises(VendorError, match="refuses: Refused No space left on device"):
        on_sandbox.put(files)
    assert set(on_sandbox.names()).isdisjoint(files)


def test_a_read_only_folder_is_tried_once(
    tmp_path: Path, configure: Callable[[int, str, str], Path], files: dict[str, Path]
) -> None:
    with sshd.running(tmp_path / "read-only", options="-R") as server, line_to(server.port) as line:
        known_hosts = configure(line.port, server.user, str(server.login_key))
        known_hosts.write_text(server.pin(port=line.port))
        with pytest.raises(VendorError, match="refuses: PermissionError"):
            sftp.push(THERE, str(server.files), files)
        assert line.connections == 1
        assert list(server.files.iterdir()) == []
        connections.close_all()


def test_rules_of_the_vendor_against_us(on_sandbox: Place, sandbox: Sandbox, files: dict[str, Path]) -> None:
    faults = FaultFile(sandbox.folder / "faults.json")
    faults.switch_on("no-temporary", "ellevation", {})
    with pytest.raises(VendorError, match="refuses: PermissionError"):
        on_sandbox.put(files)
    sandbox.run("heal")
    faults.switch_on("no-rename", "ellevation", {"onto_existing": False})
    with pytest.raises(VendorError, match="refuses: Refused Rename is not allowed"):
        on_sandbox.put(files)
    assert set(on_sandbox.names()).isdisjoint(files)


def test_a_folder_of_the_vendor_that_is_gone(place: Place, files: dict[str, Path]) -> None:
    place.root.rmdir()
    with pytest.raises(VendorError, match="has no folder /"):
        place.put(files)


def test_what_is_wrong_here_is_not_the_vendors(place: Place, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        place.put({"absent.csv": tmp_path / "absent.csv"})
    (tmp_path / "in").touch()
    (place.root / "a.csv").touch()
    with pytest.raises(FileExistsError):
        place.get("a.csv", tmp_path / "in" / "a.csv")
