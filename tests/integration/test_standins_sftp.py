"""The vendors' SFTP servers, whole and broken, through paramiko as the pipeline uses it."""

import io
import time

import paramiko
import pytest

from pipeline import catalogue
from riverbend import Sandbox

BROKEN_OFF = (OSError, EOFError, paramiko.SSHException)


def put(sftp: paramiko.SFTPClient, path: str, size: int = 200_000) -> None:
    sftp.putfo(io.BytesIO(b"x" * size), path)


# What the catalogue's rows come to.
FOLDERS = {
    "district": ("powerschool_rsd", "powerschool_blf", "PS_imports"),
    "savvas": ("scores", "SIS"),
    "otus": ("home/incoming",),
    "ellevation": ("data",),
    "clever": ("home/riverbend-clever",),
    "clever_reports": ("idm-sensitive-exports",),
    "easyiep": ("Reports",),
}


@pytest.mark.parametrize("vendor", catalogue.vendors())
def test_each_vendor_has_its_own_root_key_and_password(sandbox: Sandbox, vendor: str) -> None:
    with sandbox.login(vendor) as sftp:
        assert [sftp.stat(f"/{folder}").st_size for folder in FOLDERS[vendor]]
        with pytest.raises(FileNotFoundError):
            sftp.stat("/etc/passwd")
    pinned = (sandbox.folder / "known_hosts").read_text().splitlines()
    assert len({line.split()[2] for line in pinned}) == len(catalogue.vendors())
    assert len({sandbox.password(name) for name in catalogue.vendors()}) == len(catalogue.vendors())


def test_what_is_moved_is_written_down_once_a_file(sandbox: Sandbox) -> None:
    before = len(sandbox.events("sftp-otus"))
    with sandbox.login("otus") as sftp:
        put(sftp, "/home/incoming/a.part", 300_000)
        sftp.posix_rename("/home/incoming/a.part", "/home/incoming/a.csv")
        put(sftp, "/home/incoming/b.part")
        with pytest.raises(OSError, match="exists"):
            sftp.rename("/home/incoming/b.part", "/home/incoming/a.csv")
        with sftp.open("/home/incoming/a.csv") as file:
            assert file.read() == b"x" * 300_000
        assert {"a.csv", "b.part"} <= set(sftp.listdir("/home/incoming"))
        sftp.remove("/home/incoming/b.part")
    events = [{key: value for key, value in event.items() if key != "time"} for event in sandbox.events("sftp-otus")]
    assert (
        events[before : before + 6]
        == [
            {"event": "connect"},
            {"event": "login"},
            {"event": "write", "path": "/home/incoming/a.part", "bytes": 300_000},
            {"event": "rename", "path": "/home/incoming/a.part", "to": "/home/incoming/a.csv"},
            {"event": "write", "path": "/home/incoming/b.part", "bytes": 200_000},
            {"event": "list", "path": "/home/incoming"},
        ]
        or events[before + 5]["event"] == "read"
    )


def test_a_wrong_password_and_a_refused_login(sandbox: Sandbox) -> None:
    sandbox.run("fault", "login", "savvas")
    with pytest.raises(paramiko.AuthenticationException), sandbox.login("savvas"):
        pass
    assert sandbox.events("sftp-savvas")[-1]["event"] == "login-refused"
    with sandbox.login("otus"):
        pass
    sandbox.run("heal")
    with sandbox.login("savvas"):
        pass


@pytest.mark.parametrize("vendor", ["savvas", "easyiep"])
def test_another_host_key_and_back(sandbox: Sandbox, vendor: str) -> None:
    pinned = (sandbox.folder / "known_hosts").read_text()
    sandbox.run("fault", "host-key", vendor)
    with pytest.raises(paramiko.BadHostKeyException) as shown, sandbox.login(vendor):
        pass
    assert shown.value.key.get_name() == shown.value.expected_key.get_name()
    sandbox.run("heal")
    with sandbox.login(vendor):
        pass
    assert (sandbox.folder / "known_hosts").read_text() == pinned


def test_a_connection_is_cut_so_often(sandbox: Sandbox) -> None:
    sandbox.run("fault", "cut", "ellevation", "--after", "100000", "--times", "2")
    for _ in range(2):
        with pytest.raises(BROKEN_OFF), sandbox.login("ellevation") as sftp:
            put(sftp, "/data/cut.csv")
    with sandbox.login("ellevation") as sftp:
        put(sftp, "/data/cut.csv")
        assert sftp.stat("/data/cut.csv").st_size == 200_000


def test_a_slow_vendor_takes_its_time(sandbox: Sandbox) -> None:
    sandbox.run("fault", "slow", "ellevation", "--rate", "100000")
    with sandbox.login("ellevation") as sftp:
        started = time.monotonic()
        put(sftp, "/data/slow.csv", 50_000)
        assert time.monotonic() - started > 0.4
        assert sftp.stat("/data/slow.csv").st_size == 50_000  # slow, and whole


def test_a_hanging_vendor_answers_nothing(sandbox: Sandbox) -> None:
    sandbox.run("fault", "hang", "ellevation")
    with sandbox.login("ellevation") as sftp:
        channel = sftp.get_channel()
        assert channel is not None
        channel.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sftp.listdir("/data")


def test_a_full_vendor_keeps_half_a_file(sandbox: Sandbox) -> None:
    """Not by `put`: paramiko reads no answer there, and a small last write, for which there is room, hides the rest."""
    there = sum(path.stat().st_size for path in (sandbox.folder / "sftp" / "otus").rglob("*") if path.is_file())
    sandbox.run("fault", "full", "otus", "--quota", str(there + 400_000))
    with sandbox.login("otus") as sftp:
        with pytest.raises(OSError, match="No space left"), sftp.open("/home/incoming/full.csv", "wb") as file:
            file.write(b"x" * 800_000)
        assert 0 < (sftp.stat("/home/incoming/full.csv").st_size or 0) < 400_000


def test_a_vendor_with_rules_of_its_own(sandbox: Sandbox) -> None:
    with sandbox.login("ellevation") as sftp:
        put(sftp, "/data/a.csv")
        sandbox.run("fault", "no-rename", "ellevation", "--onto-existing")
        put(sftp, "/data/b.csv")
        with pytest.raises(OSError, match="not allowed"):
            sftp.posix_rename("/data/b.csv", "/data/a.csv")
        sftp.posix_rename("/data/b.csv", "/data/c.csv")
        sandbox.run("fault", "no-temporary", "ellevation")
        for name in (".a.csv", "a.csv.tmp", "a.part"):
            with pytest.raises(PermissionError):
                put(sftp, f"/data/{name}")
        sandbox.run("fault", "read-only", "ellevation")
        with pytest.raises(PermissionError):
            put(sftp, "/data/d.csv")
        assert sftp.open("/data/a.csv").read(3) == b"xxx"


def test_the_vendor_takes_what_we_delivered_and_leaves_its_own(sandbox: Sandbox) -> None:
    with sandbox.login("savvas") as sftp:
        own = sftp.listdir("/scores")
        put(sftp, "/SIS/STUDENT.txt")
        sandbox.run("fault", "taken", "savvas")
        assert sftp.listdir("/SIS") == []
        assert sftp.listdir("/scores") == own
