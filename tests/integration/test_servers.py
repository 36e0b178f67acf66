"""Servers as they are: silent ones, logins that are neither yes nor no, listings that tell little, odd answers."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest

import oddserver
import sshd
from oddserver import Odd
from pipeline.ground import settings
from pipeline.ground.errors import (
    HostKeyRefused,
    LoginRefused,
    PipelineError,
    TransferIncomplete,
    VendorError,
    VendorUnreachable,
)
from pipeline.ground.patience import Watch
from pipeline.outside import refusals
from pipeline.outside.sftp import connections, sftp
from pipeline.outside.sftp.pushing import Push, overwritten, replaced, swapped_in
from pipeline.outside.sftp.vendor import Vendor
from riverbend import ROOT

THERE = Vendor("there", timeout=10)
MINUTE = 1_790_000_000
NAME = "PIPELINE_SECRET_THERE_PASSWORD"


def three_sentences(error: PipelineError) -> bool:
    return [line.partition(":")[0] for line in str(error).splitlines()] == ["found", "expected", "next"]


@pytest.fixture
def configure(tmp_path: Path, own_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def write(port: int, pins: str, user: str = oddserver.USER, key: Path | str = "") -> None:
        (tmp_path / "known_hosts").write_text(pins)
        (tmp_path / "there.cfg").write_text(
            f"[sandbox]\nenabled = true\n[district]\n"
            f"landing = {tmp_path}/landing\n{own_bucket}[sftp]\nknown_hosts = {tmp_path}/known_hosts\n"
            f"[sftp:there]\nhost = 127.0.0.1\nport = {port}\nuser = {user}\nkey = {key}\n"
        )
        monkeypatch.setenv("LUIGI_CONFIG_PATH", str(tmp_path / "there.cfg"))
        settings.load.cache_clear()

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(connections, "PAUSE", 0.01)
    monkeypatch.setenv(NAME, oddserver.PASSWORD)
    connections._refusals.clear()
    yield write
    another_run()
    settings.load.cache_clear()


@pytest.fixture
def odd(tmp_path: Path, configure: Callable[..., None]) -> Iterator[Odd]:
    with oddserver.running(tmp_path / "odd") as server:
        configure(server.port, server.pin)
        yield server


def another_run() -> None:
    """As if this process had ended, and another one begun."""
    connections.close_all()
    connections._refusals.clear()


def put(odd: Odd, name: str, text: str = "id\n1\n") -> Path:
    (odd.root / name).write_text(text)
    os.utime(odd.root / name, (MINUTE, MINUTE))
    return odd.root / name


# --------------------------------------------------------------------------------------------------------- silence

STAGES = ("greeting", "login", "channel", "subsystem", "version", "listing")


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """The bound, in seconds, of each wait that our clock ended, and of each channel's own."""
    met: list[float | None] = []

    class Noted(Watch):
        def __init__(self, seconds: float, end: Callable[[], None]) -> None:
            def ends() -> None:
                since = self._since or time.monotonic()
                met.append(self._ends(since) - since)
                end()

            super().__init__(seconds, ends)

    whole = paramiko.Channel.settimeout

    def settimeout(channel: paramiko.Channel, seconds: float | None) -> None:
        met.append(seconds)
        whole(channel, seconds)

    monkeypatch.setattr(connections, "Watch", Noted)
    monkeypatch.setattr(paramiko.Channel, "settimeout", settimeout)
    return met


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_says_nothing_any_more_costs_the_rows_bound_once(
    odd: Odd, stage: str, bounds: list[float | None]
) -> None:
    odd.silent = stage
    for _ in range(3):
        with pytest.raises(LoginRefused if stage == "login" else VendorUnreachable) as silent:
            sftp.listing(Vendor("there", timeout=1, patience=1.5), "/")  # a login's own work takes some of it
    assert bounds  # paramiko's own are 15 s, 30 s, an hour, and none
    assert [bound for bound in bounds if bound is None or bound > 1.01] == []
    assert odd.connections <= 2
    assert three_sentences(silent.value)


@pytest.mark.parametrize("stage", ["channel", "version"])
def test_who_pushes_to_a_silent_server_does_not_wait_either(odd: Odd, stage: str, tmp_path: Path) -> None:
    odd.silent = stage
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(VendorUnreachable, match=r"an answer within 0\.3 s, in one of 2 tries"):
        sftp.push(Vendor("there", timeout=0.3, attempts=2), "/", {"a.csv": tmp_path / "a.csv"})


def test_a_resolver_that_does_not_answer_is_given_up(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver waits for its own servers, for as long as /etc/resolv.conf says: the name is not looked up by us."""
    over, whole = threading.Event(), socket.getaddrinfo
    asked, answered = [], []

    def hangs(*about: Any, **more: Any) -> Any:
        asked.append(about)
        answered.append(over.wait(60))
        return whole(*about, **more)

    refusals.look()  # the bucket's name is resolved by then
    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    for _ in range(2):
        with pytest.raises(VendorUnreachable, match=r"no end of resolving 127\.0\.0\.1") as told:
            sftp.listing(Vendor("there", timeout=1, patience=1), "/")
    assert (len(asked), answered) == (1, [])  # nobody waited for it to the end, and it was asked once
    assert three_sentences(told.value)
    over.set()
    another_run()
    assert sftp.listing(THERE, "/") == {}


def test_a_listing_without_an_end_has_one(odd: Odd) -> None:
    odd.endless = True
    with pytest.raises(VendorUnreachable, match=r"0\.5 s as a whole"):
        sftp.listing(Vendor("there", timeout=0.3, patience=0.5), "/")


def test_the_greeting_may_take_as_long_as_the_row_says(odd: Odd) -> None:
    """Longer than paramiko's own 15 s, too: its bounds stand aside."""
    odd.silent = "greeting"
    timer = threading.Timer(0.5, odd.over.set)
    timer.start()
    transport = connections._client(Vendor("there", timeout=20)).get_channel().get_transport()  # type: ignore[union-attr]
    assert transport is not None
    assert min(transport.banner_timeout, transport.handshake_timeout, transport.auth_timeout) >= 20
    timer.join()


# ------------------------------------------------------------------------------------------------------ the login


@pytest.mark.parametrize(
    ("login", "words", "sent"),
    [
        ("expired", "the password has expired and must be changed", [oddserver.PASSWORD]),
        ("partial", "takes the password, and wants also: publickey", [oddserver.PASSWORD]),
        ("keys", "takes no password, only: publickey", []),
        ("wrong", "does not let anybody in", [oddserver.PASSWORD]),
        ("question Verification code: ", "asks for a code (Verification code:)", []),
        ("question Password: ; Enter token: ", "asks for a code (Enter token:)", [oddserver.PASSWORD]),
        ("question Password: |Mother's name: ", "asks for more than the password", []),
        ("question (current) UNIX password: ", "has expired", []),
        ("question Password: ; New password: ", "has expired", [oddserver.PASSWORD]),
    ],
)
def test_an_answer_that_is_no_welcome_is_told_as_what_it_is_and_not_asked_for_again(
    odd: Odd, login: str, words: str, sent: list[str]
) -> None:
    odd.login = login
    for _ in range(2):  # by this run, and by the next ones of the day
        for _ in range(3):
            with pytest.raises(LoginRefused) as refused:
                sftp.listing(THERE, "/")
            assert words in refused.value.found
            assert three_sentences(refused.value)
            assert oddserver.PASSWORD not in str(refused.value)
        another_run()
    assert odd.sent == sent
    assert odd.connections <= 2  # the second run knows before it asks


def test_a_server_that_only_asks_questions_is_answered_one(odd: Odd) -> None:
    put(odd, "a.csv")
    odd.login = "question Password for anybody: "
    assert list(sftp.listing(THERE, "/")) == ["a.csv"]
    assert odd.sent == [oddserver.PASSWORD]
    assert not list(settings.load().district.landing.glob("refused/*/*.json"))


@pytest.mark.parametrize("how", ["closes", "silent"])
def test_a_password_without_an_answer_is_sent_three_times_a_day(odd: Odd, how: str) -> None:
    odd.login, odd.silent = ("closes", "") if how == "closes" else ("", "login")
    for run in range(1, 6):
        for _ in range(2):
            with pytest.raises(LoginRefused) as refused:
                sftp.listing(Vendor("there", timeout=0.3), "/")
        another_run()
        assert odd.connections == min(run, 3) + max(0, run - 3)
        assert ("neither yes nor no" if run <= 3 else "sent 3 times and not answered") in refused.value.found
    if how == "closes":
        assert len(odd.sent) == 3


def test_a_login_clears_the_count(odd: Odd) -> None:
    for _ in range(3):
        for login in ("closes", "closes", ""):
            odd.login = login
            try:
                sftp.listing(THERE, "/")
                assert not login
            except LoginRefused:
                assert login
            another_run()
    assert len(odd.sent) == 9


def test_a_count_is_kept_before_the_password_is_sent(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """A kill while the password is on its way."""

    def killed(*_: object, **__: object) -> list[str]:
        raise Killed

    monkeypatch.setattr("pipeline.outside.sftp.logins._knocked", killed)
    with pytest.raises(Killed):
        sftp.listing(THERE, "/")
    (record,) = settings.load().district.landing.glob("refused/*/there.json")
    assert [each["sent"] for each in json.loads(record.read_text())["known"].values()] == [1]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ("KexAlgorithms diffie-hellman-group18-sha512",),
            "no key exchange in common with us: the server offers diffie",
        ),
        (
            ("Ciphers chacha20-poly1305@openssh.com",),
            "no cipher in common with us: the server offers chacha20-poly1305",
        ),
        (("Ciphers aes128-ctr", "MACs umac-64@openssh.com"), "no MAC in common with us: the server offers umac-64"),
        (("AuthenticationMethods publickey,password",), "takes the key, and wants also: password"),
        (("AuthenticationMethods password",), "takes no key, only: password"),
    ],
)
def test_an_old_or_a_strict_sshd(
    tmp_path: Path, configure: Callable[..., None], lines: tuple[str, ...], words: str
) -> None:
    with sshd.running(tmp_path / "sshd", more=lines) as server:
        ours = sshd.make_key(tmp_path / "rsa", "rsa")
        (server.keys / "authorized").write_text(ours.with_suffix(".pub").read_text())
        configure(server.port, server.pin(), server.user, ours)
        for _ in range(2):
            with pytest.raises(VendorError) as refused:
                sftp.listing(THERE, str(server.files))
        assert words in refused.value.found
        assert type(refused.value) is not VendorUnreachable
        assert sum("Connection from" in line for line in server.log()) == 1


@contextlib.contextmanager
def knows_only_sha1(host_key: Path, ours: Path) -> Iterator[int]:
    """A server that takes our RSA key by ssh-rsa signatures alone, and says so; its port."""
    loop, ports, listening = asyncio.new_event_loop(), list[int](), threading.Event()

    async def serve() -> None:
        async with await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(host_key)],
            authorized_client_keys=str(ours.with_suffix(".pub")),
            signature_algs=["ssh-rsa"],
        ) as server:
            ports.append(server.get_port())
            listening.set()
            await ends.wait()

    ends = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert listening.wait(10)
    yield ports[0]
    loop.call_soon_threadsafe(ends.set)
    thread.join(5)
    loop.close()


def test_a_server_that_knows_only_sha1_signatures_of_our_key(tmp_path: Path, configure: Callable[..., None]) -> None:
    host, ours = sshd.make_key(tmp_path / "host"), sshd.make_key(tmp_path / "rsa", "rsa")
    with knows_only_sha1(host, ours) as port:
        configure(port, f"[127.0.0.1]:{port} {host.with_suffix('.pub').read_text()}", key=ours)
        with pytest.raises(LoginRefused, match="does not know the signatures of today of our ssh-rsa key") as refused:
            sftp.listing(THERE, "/")
        assert "ed25519" in refused.value.next_step
        another_run()


# ----------------------------------------------------------------------------------------------- whom we believe


def test_lines_of_others_and_odd_bytes_in_known_hosts_are_not_ours(odd: Odd, tmp_path: Path) -> None:
    put(odd, "a.csv")
    cut = "sftp.example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\n|1|cut ssh-rsa AAAA\nsftp.example.org\n"
    text = f"\ufeff# Müller\n{cut}".encode() + b"# M\xfcller\n\r\n  " + odd.pin.encode()
    (tmp_path / "known_hosts").write_bytes(text)
    assert list(sftp.listing(THERE, "/")) == ["a.csv"]


def test_a_cut_line_about_the_vendor_is_told_with_its_number(odd: Odd, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(f"# ours\n{odd.pin[:-20]}\n")
    with pytest.raises(PipelineError, match="line 2 about it cannot be read"):
        sftp.listing(THERE, "/")


def test_known_hosts_that_cannot_be_read(odd: Odd, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").unlink()
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(PipelineError, match="known_hosts cannot be read") as broken:
        sftp.listing(THERE, "/")
    assert three_sentences(broken.value)
    assert not isinstance(broken.value, HostKeyRefused)


# ------------------------------------------------------------------------------------------------------ what is there


def _typeless(entry: paramiko.SFTPAttributes) -> None:
    entry.st_mode = 0


def _modeless(entry: paramiko.SFTPAttributes) -> None:
    entry.st_mode = None


def _rights_only(entry: paramiko.SFTPAttributes) -> None:
    entry.st_mode = 0o644
    entry.words = ""  # type: ignore[attr-defined]


def _wordless(entry: paramiko.SFTPAttributes) -> None:
    _modeless(entry)
    entry.words = "01-02-26 05:00AM <DIR> odd"  # type: ignore[attr-defined]


def _sizeless(entry: paramiko.SFTPAttributes) -> None:
    entry.st_size = None


def _timeless(entry: paramiko.SFTPAttributes) -> None:
    entry.st_atime = entry.st_mtime = None


def _bare(entry: paramiko.SFTPAttributes) -> None:
    for fact in ("st_size", "st_mode", "st_atime", "st_mtime"):
        setattr(entry, fact, None)
    entry.words = ""  # type: ignore[attr-defined]


CHANGES = (_typeless, _modeless, _rights_only, _wordless, _sizeless, _timeless, _bare)


@pytest.mark.parametrize("change", CHANGES)
def test_a_listing_that_leaves_something_out(odd: Odd, change: oddserver.Change, tmp_path: Path) -> None:
    put(odd, "a.csv")
    (odd.root / "folder").mkdir()
    odd.listed = change
    listed = sftp.listing(THERE, "/")
    assert listed == {"a.csv": sftp.RemoteFile("a.csv", 5, MINUTE)}
    sftp.download(THERE, "/", listed["a.csv"], tmp_path / "in" / "a.csv")
    assert (tmp_path / "in" / "a.csv").read_text() == "id\n1\n"


@pytest.mark.parametrize(("change", "what"), [(_sizeless, "size"), (_timeless, "time")])
def test_a_file_of_which_nobody_tells_the_size_or_the_time(odd: Odd, change: oddserver.Change, what: str) -> None:
    put(odd, "a.csv")
    odd.listed, odd.refused = change, oddserver.REFUSES_STAT
    listed = sftp.listing(THERE, "/")
    assert (dict(listed), listed.odd) == ({}, {"a.csv": f"a file of which the server tells no {what}"})
    with pytest.raises(VendorError, match=f"tells no {what} of a.csv") as told:
        raise listed.untold["a.csv"]
    assert three_sentences(told.value)


def test_a_type_that_nobody_tells_is_taken_for_a_file(odd: Odd) -> None:
    put(odd, "a.csv")
    odd.listed, odd.refused = _rights_only, oddserver.REFUSES_STAT
    assert list(sftp.listing(THERE, "/")) == ["a.csv"]


def test_names_that_are_no_utf8_and_names_that_lead_elsewhere(odd: Odd, tmp_path: Path) -> None:
    put(odd, "a.csv")
    odd.names = [b"M\xfcller.csv", b"../a.csv", b"/etc/a.csv", b"..", b"."]
    listed = sftp.listing(THERE, "/")
    assert list(listed) == ["a.csv", "M\udcfcller.csv"]
    (odd.root / os.fsdecode(b"M\xfcller.csv")).write_bytes((odd.host_key).read_bytes())
    with pytest.raises(PipelineError) as told:  # paramiko's own server knows UTF-8 only, and breaks the line
        sftp.download(THERE, "/", listed["M\udcfcller.csv"], tmp_path / "in" / "x.csv")
    assert three_sentences(told.value)


def test_a_name_that_is_no_utf8_is_fetched_from_debians_sshd(tmp_path: Path, configure: Callable[..., None]) -> None:
    with sshd.running(tmp_path / "sshd") as server:
        configure(server.port, server.pin(), server.user, server.login_key)
        (server.files / os.fsdecode(b"M\xfcller.csv")).write_text("1\n")
        (listed,) = sftp.listing(THERE, str(server.files)).values()
        sftp.download(THERE, str(server.files), listed, tmp_path / "in" / listed.name)
        assert (tmp_path / "in" / os.fsdecode(b"M\xfcller.csv")).read_text() == "1\n"
        connections.close_all()


# ------------------------------------------------------------------------------------------- transfers that tell little


@pytest.mark.parametrize("refused", ["fstat", "stat,lstat", "fstat,stat,lstat"])
@pytest.mark.parametrize("way", [swapped_in, replaced, overwritten])
def test_a_server_that_refuses_to_tell_takes_and_gives_whole_files(
    tmp_path: Path, configure: Callable[..., None], refused: str, way: Push
) -> None:
    with sshd.running(tmp_path / "sshd", options=f"-P {refused}") as server:
        configure(server.port, server.pin(), server.user, server.login_key)
        vendor = Vendor("there", timeout=10, push=way)
        ours = {name: tmp_path / name for name in ("big.csv", "empty.csv")}
        ours["big.csv"].write_bytes(os.urandom(600_000))
        ours["empty.csv"].touch()
        for _ in range(2):  # the second set replaces the first
            sftp.push(vendor, str(server.files), ours)
            assert {path.name: path.read_bytes() for path in server.files.iterdir()} == {
                name: file.read_bytes() for name, file in ours.items()
            }
        listed = sftp.listing(vendor, str(server.files))
        sftp.download_all(vendor, str(server.files), list(listed.values()), tmp_path / "in")
        assert (tmp_path / "in" / "big.csv").read_bytes() == ours["big.csv"].read_bytes()
        (server.files / "big.csv").write_bytes(os.urandom(600_001))
        with pytest.raises(TransferIncomplete, match="600001 bytes now"):
            sftp.download(vendor, str(server.files), listed["big.csv"], tmp_path / "in" / "grown.csv")
        connections.close_all()


def test_a_refusal_at_the_close_is_one(odd: Odd, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    odd.refused, odd.says = oddserver.REFUSES_CLOSE, "Quota exceeded"
    with pytest.raises(VendorError, match="refuses: Refused Quota exceeded"):
        sftp.push(THERE, "/", {"a.csv": tmp_path / "a.csv"})
    assert not (odd.root / "a.csv").exists()


@pytest.mark.parametrize("way", [swapped_in, replaced])
def test_a_vendor_who_takes_the_temporary_file_at_once(odd: Odd, tmp_path: Path, way: Push) -> None:
    (tmp_path / "a.csv").write_text("1")
    odd.swallows = True
    with pytest.raises(VendorError, match=r"takes a\.csv away") as told:
        sftp.push(Vendor("there", push=way), "/", {"a.csv": tmp_path / "a.csv"})
    assert "push=overwritten" in told.value.next_step
    assert "space" not in str(told.value)
    assert odd.connections == 1


def test_what_a_server_says_is_told_without_secrets_and_without_what_a_terminal_obeys(odd: Odd, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    odd.refused, odd.says = oddserver.REFUSES_CLOSE, f"\x1b[2J{oddserver.PASSWORD}\r\n{'x' * 5000}"
    with pytest.raises(VendorError) as told:
        sftp.push(THERE, "/", {"a.csv": tmp_path / "a.csv"})
    assert oddserver.PASSWORD not in str(told.value)
    assert "\x1b" not in str(told.value)
    assert len(str(told.value)) < 1500


# ---------------------------------------------------------------------------------------------- what nobody foresaw


class Unforeseen(Exception):
    """What no code expects."""


@pytest.mark.parametrize("where", ["folders.names", "folders._tell", "known_hosts.pinned", "logins.stored"])
def test_what_nobody_foresaw_while_looking_is_the_vendors_error(
    odd: Odd, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    put(odd, "a.csv")

    def breaks(*_: object) -> None:
        raise Unforeseen

    monkeypatch.setattr(f"pipeline.outside.sftp.{where}", breaks)
    with pytest.raises(VendorError, match="Unforeseen") as told:
        sftp.listing(THERE, "/")
    assert three_sentences(told.value)
    assert "there (127.0.0.1" in told.value.found


@pytest.mark.parametrize("what", ["get", "push"])
def test_what_nobody_foresaw_while_files_move_is_the_vendors_error(
    odd: Odd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    put(odd, "a.csv")
    listed = sftp.listing(THERE, "/")["a.csv"]

    def breaks(*_: object) -> None:
        raise Unforeseen

    monkeypatch.setattr(
        "pipeline.outside.sftp.inflight._read" if what == "get" else "pipeline.outside.sftp.inflight._write", breaks
    )
    with pytest.raises(VendorError, match="Unforeseen") as told:
        if what == "get":
            sftp.download(THERE, "/", listed, tmp_path / "in" / "a.csv")
        else:
            sftp.push(THERE, "/", {"b.csv": odd.host_key})
    assert three_sentences(told.value)


def test_a_day_is_over_and_a_refused_password_is_tried_anew(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.login = "wrong"
    day = dt.date(2026, 11, 23)
    for n in range(2):
        monkeypatch.setattr(settings.Settings, "today", lambda _, n=n: day + dt.timedelta(days=n))
        with pytest.raises(LoginRefused):
            sftp.listing(THERE, "/")
        another_run()
    assert len(odd.sent) == 2
