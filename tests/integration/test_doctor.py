"""The doctor at vendors' servers: what each line says of a server at which it is so."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from paramiko.sftp import CMD_READ, CMD_REMOVE

import oddserver
import sshd
from doctoring import Doctor, doctoring, states
from oddserver import Odd
from pipeline.outside.sftp import abilities
from pipeline.outside.sftp.abilities import RENAME_ONTO
from pipeline.outside.sftp.pushing import overwritten, swapped_in
from pipeline.run.doctor import vendors
from pipeline.run.doctor.checks import CHECKS
from pipeline.run.doctor.examining import Asked, examine
from riverbend import Sandbox

PASSWORD = "PIPELINE_SECRET_OTUS_PASSWORD"


@pytest.fixture
def doctor(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    with doctoring(sandbox, tmp_path, monkeypatch) as made:
        yield made


# ------------------------------------------------------------------------------------------------------- host keys


def test_a_key_that_is_not_pinned_is_told_with_the_line_to_add(doctor: Doctor, tmp_path: Path) -> None:
    pinned = doctor.sandbox.folder / "known_hosts"
    port = doctor.sandbox.ports["otus"]
    (own,) = (line for line in pinned.read_text().splitlines() if f":{port} " in line)
    (tmp_path / "known_hosts").write_text("")
    doctor.configure(sftp={"known_hosts": f"{tmp_path}/known_hosts"})
    (line,) = doctor.ask("host key", "otus")
    assert (line.state, line.of) == ("wrong", "otus")
    assert "no host key of otus" in line.found
    fingerprint = sshd.fingerprint(doctor.sandbox.folder / "keys/otus")
    assert fingerprint in line.remedy
    added = line.remedy.splitlines()[-1].strip()
    assert added == " ".join(own.split()[:3])
    (tmp_path / "known_hosts").write_text(f"{added}\n")
    (line,) = doctor.ask("host key", "otus")
    assert line.state == "good"
    assert fingerprint in line.found
    assert doctor.sandbox.events("sftp-otus")[-1]["event"] != "login"


def test_another_key_than_the_pinned_one(doctor: Doctor) -> None:
    doctor.fault("host-key", "otus")
    (line,) = doctor.ask("host key", "otus")
    assert line.state == "wrong"
    keys = doctor.sandbox.folder / "keys"
    shown, pinned = (sshd.fingerprint(keys / name) for name in ("otus.other", "otus"))
    assert f"shows ssh-ed25519 {shown}; pinned is ssh-ed25519 {pinned}" in line.found
    assert shown in line.remedy
    assert pinned not in line.remedy


def test_nobody_answers(doctor: Doctor) -> None:
    doctor.configure(sftp__otus={"port": str(sshd.free_port())})
    (line,) = doctor.ask("host key", "otus")
    assert line.state == "wrong"
    assert "compare host and port of [sftp:otus]" in line.remedy


# ---------------------------------------------------------------------------------------------------------- logins


def test_a_refused_password_is_sent_once(doctor: Doctor) -> None:
    doctor.fault("login", "otus")
    before = len(doctor.sandbox.events("sftp-otus"))
    first, second = (doctor.ask("login", "otus") for _ in range(2))
    assert states(first) == states(second) == ["wrong"]
    assert "does not let riverbend-otus in" in first[0].found
    assert "not sent again today" in second[0].found
    assert "retry-login otus" in second[0].remedy
    said = [event["event"] for event in doctor.sandbox.events("sftp-otus")[before:]]
    assert said.count("login-refused") == 1


def test_what_needs_a_login_is_left_out_and_all_else_is_told(doctor: Doctor) -> None:
    """One vendor says nothing at all; the others are not kept from being looked at."""
    doctor.configure(sftp={"patience": "2"})
    doctor.fault("login", "otus")
    doctor.fault("hang", "savvas")
    begun = time.monotonic()
    told = list(examine([check for check in CHECKS if check.parties == vendors.names], Asked()))
    assert time.monotonic() - begun < 10
    by = {name: [line.state for line in told if line.of == name] for name in vendors.names()}
    assert by.pop("otus") == ["good", "wrong", "left out", "left out", "left out"]
    hanging = [line for line in told if line.of == "savvas"]
    (silent,) = (line for line in hanging if line.state == "wrong")
    assert "TimeoutError" in silent.found
    assert set(by.pop("savvas")) == {"good", "wrong", "left out"}
    assert {state for of in by.values() for state in of} == {"good"}
    assert {"clever", "ellevation", "district"} <= by.keys()


# --------------------------------------------------------------------------------------------------------- folders


def test_folders_that_are_not_there_or_empty_and_times_ahead(doctor: Doctor) -> None:
    scores, sis = doctor.root("savvas") / "scores", doctor.root("savvas") / "SIS"
    (standards,) = scores.glob("SAVVAS_Realize_Standards_Scores*")
    kept = standards.stat()
    try:
        os.utime(standards, (time.time() + 6 * 3600,) * 2)
        sis.rename(sis.with_name("elsewhere"))
        ahead, missing = doctor.ask("folders", "savvas")
        assert states([ahead, missing]) == ["warning", "wrong"]
        assert "360 minutes ahead" in ahead.found
        assert "no folder /SIS" in missing.found
        assert "deliveries.py" in missing.remedy
        standards.rename(scores / "another.csv")
        without, _ = doctor.ask("folders", "savvas")
        assert without.state == "warning"
        assert "none is called SAVVAS_Realize_Standards_Scores*.csv (savvas_standards_scores)" in without.found
    finally:
        if (scores / "another.csv").exists():
            (scores / "another.csv").rename(standards)
        os.utime(standards, (kept.st_atime, kept.st_mtime))
        sis.with_name("elsewhere").rename(sis)
    assert states(doctor.ask("folders", "savvas")) == ["good", "good"]


def test_a_drop_folder_that_is_not_there(doctor: Doctor, tmp_path: Path) -> None:
    assert states(doctor.ask("drop folder", "powerschool_rsd")) == ["good"]
    doctor.configure(district={"drop": f"{tmp_path}/nowhere"})
    (line,) = doctor.ask("drop folder", "powerschool_rsd")
    assert line.state == "wrong"
    assert f"no folder {tmp_path}/nowhere/powerschool_rsd" in line.found
    assert "mount the share" in line.remedy


# ------------------------------------------------------------------------------------------ what the server can, push

NOTHING_WRITTEN = "ask ellevation for the right to write into /data"


@pytest.mark.parametrize(
    ("fault", "state", "remedy"),
    [
        ({}, "good", ""),
        ({"name": "no-rename", "onto_existing": True}, "wrong", "write push=replaced into the row of ellevation"),
        ({"name": "no-rename", "onto_existing": False}, "wrong", "write push=overwritten into the row of ellevation"),
        ({"name": "no-temporary"}, "wrong", "write push=overwritten into the row of ellevation"),
        ({"name": "read-only"}, "wrong", NOTHING_WRITTEN),
        ({"name": "full", "quota": 10}, "wrong", NOTHING_WRITTEN),
    ],
    ids=lambda value: value.get("name", "none") if isinstance(value, dict) else None,
)
def test_which_push_fits(doctor: Doctor, fault: dict[str, object], state: str, remedy: str) -> None:
    if fault:
        doctor.fault(str(fault["name"]), "ellevation", **{key: fault[key] for key in fault if key != "name"})
    before = sorted(doctor.root("ellevation").rglob("*"))
    (line,) = doctor.ask("push", "ellevation", writes=True)
    assert (line.state, line.of) == (state, "ellevation")
    assert remedy in line.remedy
    assert "swapped_in" in line.found or remedy == NOTHING_WRITTEN
    assert sorted(doctor.root("ellevation").rglob("*")) == before


def test_without_the_word_nothing_is_written(doctor: Doctor) -> None:
    before = len(doctor.sandbox.events("sftp-ellevation"))
    for check in ("login", "folders", "server", "push"):
        doctor.ask(check, "ellevation")
    assert {"connect", "login", "list"} <= {each["event"] for each in doctor.sandbox.events("sftp-ellevation")[before:]}
    assert not {"write", "rename", "remove"} & {
        each["event"] for each in doctor.sandbox.events("sftp-ellevation")[before:]
    }


@pytest.fixture
def odd(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Odd]:
    """A server in the place of otus's, without extensions, and which says no to a plain rename."""
    monkeypatch.setenv(PASSWORD, oddserver.PASSWORD)
    with oddserver.running(tmp_path / "odd") as odd:
        (odd.root / "home/incoming").mkdir(parents=True)
        (tmp_path / "known_hosts").write_text(odd.pin)
        doctor.configure(
            sftp={"known_hosts": f"{tmp_path}/known_hosts"},
            sftp__otus={"port": str(odd.port), "user": oddserver.USER},
        )
        yield odd


def test_what_a_server_says_of_itself(doctor: Doctor, odd: Odd) -> None:
    said, advice = doctor.ask("server", "otus")
    assert states([said, advice]) == ["good", "warning"]
    assert said.found == "knows no extension that we use"
    assert "does not say that it knows posix-rename@openssh.com" in advice.found
    assert "doctor --write" in advice.remedy
    odd.limits, odd.free = (34_000, 32_768, 16_384, 4), 50_000_000
    told = {line.found: line.state for line in doctor.ask("server", "otus")[2:]}
    assert told == {
        "takes 16384 bytes in one write, and we send 32000": "wrong",
        "lets 4 files be open at once, and we open up to 16": "warning",
        "only 50.0 MB are free there": "warning",
    }
    odd.limits, odd.free = (0, 0, 0, 0), 5_000_000_000  # no limit at all
    assert states(doctor.ask("server", "otus")) == ["good", "warning"]


def test_clocks(doctor: Doctor, odd: Odd) -> None:
    odd.ahead = -5 * 3600
    fits, clock = doctor.ask("push", "otus", writes=True)
    assert states([fits, clock]) == ["good", "warning"]
    assert "5.0 hours behind our clock: it seems to tell local times" in clock.found
    odd.ahead = 100
    fits, clock = doctor.ask("push", "otus", writes=True)
    assert re.search(r" (99|100) s ahead of our clock$", clock.found)


def test_servers_that_take_away_keep_or_hide_what_is_written(
    doctor: Doctor, odd: Odd, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = odd.root / "home/incoming"
    odd.swallows = True
    (line,) = doctor.ask("push", "otus", writes=True)
    assert "taken away as soon as they are written" in line.found
    assert "write push=overwritten" in line.remedy
    odd.swallows, odd.refused = False, (CMD_REMOVE,)
    fits, kept = doctor.ask("push", "otus", writes=True)
    assert states([fits, kept]) == ["good", "warning"]
    assert "the scratch file /home/incoming/morning-doctor.txt could not be removed again" in kept.found
    assert [each.name for each in incoming.iterdir()] == ["morning-doctor.txt"]
    odd.refused = (CMD_READ,)
    (line,) = doctor.ask("push", "otus", writes=True)
    assert (line.state, "read back (Failure)" in line.found) == ("wrong", True)
    odd.refused = ()
    row = replace(vendors.called("otus"), push=overwritten)
    monkeypatch.setattr(vendors, "called", lambda name: row)
    (line,) = doctor.ask("push", "otus", writes=True)
    assert (line.state, "push=overwritten works; push=swapped_in would, too" in line.found) == ("good", True)
    assert not [*incoming.iterdir()]  # also what the one before could not remove


def test_debians_sshd(doctor: Doctor, tmp_path: Path) -> None:
    """The way of most vendors: by a key, on OpenSSH; and one that only gives."""
    for options, fits in (("", swapped_in), ("-R", None)):
        with sshd.running(tmp_path / f"sshd{options}", options=options) as server, ExitStack() as after:
            after.callback(doctor.forget)  # or the server waits for us at its end
            (server.files / "idm-sensitive-exports").mkdir()
            (tmp_path / "known_hosts").write_text(f"{server.pin()}\n")
            doctor.configure(
                sftp={"known_hosts": f"{tmp_path}/known_hosts"},
                sftp__clever_reports={"port": f"{server.port}", "user": server.user, "key": f"{server.login_key}"},
            )
            assert states(doctor.ask("host key", "clever_reports")) == ["good"]
            (line,) = doctor.ask("login", "clever_reports")
            assert "is let in by the key ssh-ed25519 SHA256:" in line.found
            (empty,) = doctor.ask("folders", "clever_reports")
            assert empty.found.startswith("idm-sensitive-exports: 0 files, and none is called google-")
            (said,) = doctor.ask("server", "clever_reports")
            assert said.found.startswith(f"knows {'posix-rename, ' if fits else ''}limits, statvfs; ")
            tried = abilities.tried(vendors.called("clever_reports"), "idm-sensitive-exports")
            assert tried.fits is fits
            assert RENAME_ONTO in tried.refused if fits else not tried.did
            assert abs(tried.ahead or 0) < 5
            assert list((server.files / "idm-sensitive-exports").iterdir()) == []
