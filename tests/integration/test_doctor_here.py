"""The doctor about this machine and about Google: what each line says where it is so."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

import receiving
import sshd
from answering import answering
from doctoring import Doctor, doctoring, states
from pipeline.outside.browser import chromium
from pipeline.run import doctor as command
from pipeline.run.doctor import checks
from riverbend import Sandbox

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")


@pytest.fixture
def doctor(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    with doctoring(sandbox, tmp_path, monkeypatch) as made:
        yield made


# ------------------------------------------------------------------------------------------------ the whole command


def test_all_that_is_wrong_at_once(doctor: Doctor, tmp_path: Path) -> None:
    """A broken view, another program on luigid's port, three vendors with three faults: each is told, nothing else is
    wrong, and no secret stands there."""
    catalogue = tmp_path / "catalogue"
    subprocess.run(["cp", "-r", "pipeline/riverbend", str(catalogue)], check=True)
    view = catalogue / "sql/roster_files/current_students.sql"
    view.write_text(f"{view.read_text().rstrip()}\nWHERE nobody = 'knows this column'\n")
    doctor.fault("host-key", "otus")
    doctor.fault("login", "savvas")
    doctor.fault("read-only", "district")
    with answering(lambda path: (200, {})) as other:
        doctor.configure(district={"catalogue": f"{catalogue}"}, core={"scheduler_port": other.rpartition(":")[2]})
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "doctor", "--write", "--cloud", "--json"],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 30, done.stdout + done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    wrong = {(line["of"], line["check"]) for line in told if line["state"] == "wrong"}
    assert wrong == {
        ("", "configuration"),
        ("", "scheduler"),
        ("otus", "host key"),
        ("savvas", "login"),
        ("district", "push"),
        ("Google", "views"),
    }, done.stdout
    assert all(line["remedy"] for line in told if line["state"] in ("wrong", "warning"))
    (refused,) = (line for line in told if (line["of"], line["check"]) == ("Google", "views"))
    assert "current_students" in refused["found"]
    assert refused["remedy"] == f"correct {view}"
    assert not [line for line in told if line["state"] == "warning"], done.stdout
    kept = [each.read_text() for each in (doctor.sandbox.folder / "secrets").iterdir()]
    assert not [secret for secret in kept if secret in done.stdout]


def test_where_nothing_is_wrong(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What takes seconds is the test's above."""
    seconds = ("configuration", "views", "browser", "scratch dataset")
    monkeypatch.setattr(checks, "CHECKS", tuple(each for each in checks.CHECKS if each.name not in seconds))
    assert command.main(writes=True, cloud=False, as_json=False) == 0
    out = capsys.readouterr().out
    assert "Nothing keeps the first morning from working: " in out
    assert "WRONG" not in out
    assert "next:" not in out


def test_a_question_without_an_answer(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.configure(district={"bucket": ""})
    assert command.main(writes=False, cloud=False, as_json=True) == 30
    (line,) = json.loads(capsys.readouterr().out)
    assert (line["check"], line["state"], line["found"]) == ("configuration", "wrong", "[district] has no bucket")
    assert f"write it into {doctor.config}" in line["remedy"]
    doctor.configure(district={"bucket": "riverbend-morning"})


@needs_root
def test_root_leaves_nothing_behind_in_somebodys_folder(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    landing = Path(doctor.whole["district"]["landing"])
    landing.mkdir()
    os.chown(landing, 65534, -1)
    assert command.main(writes=False, cloud=False, as_json=False) == 30
    assert "this is root" in capsys.readouterr().out
    assert not list(landing.iterdir())


# ---------------------------------------------------------------------------------------------------- secrets, disk


def test_secrets(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = doctor.ask("secrets")
    assert line.state == "good"
    kept = tmp_path / "secrets"
    subprocess.run(["cp", "-rp", str(doctor.sandbox.folder / "secrets"), str(kept)], check=True)
    key = sshd.make_key(tmp_path / "key")
    key.chmod(0o640)
    (kept / "otus_password").unlink()
    (kept / "savvas_password").chmod(0o644)
    (kept / "eis_rsd_password").write_text("invented \n")
    monkeypatch.setenv("PIPELINE_SECRET_CLEVER_PASSWORD", "invented too\n")
    doctor.configure(secrets={"folder": f"{kept}"}, sftp__ellevation={"key": f"{key}"})
    told = {line.found: line for line in doctor.ask("secrets")}
    assert {found: line.state for found, line in told.items()} == {
        f"{kept}/savvas_password has mode 0644": "wrong",
        "the secret clever_password begins or ends with a blank or a line end": "warning",
        f"{key} has mode 0640": "warning",
        "no secret otus_password": "wrong",
        "the secret eis_rsd_password begins or ends with a blank or a line end": "warning",
    }
    assert f"chmod 600 {key}" in told[f"{key} has mode 0640"].remedy
    assert not [line for line in told.values() if "invented" in f"{line}"]


@needs_root
# ------------------------------------------------------------------------------------------------------ who is told


def test_who_is_told_is_looked_at_without_the_network(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.ask("who is told") == []
    doctor.configure(
        notify={"heartbeat": "beat"},
        notify__office={"secret": "office", "states": "done, on hold"},
        **{"notify__on call": {"secret": "on_call"}},
    )
    monkeypatch.setenv(
        "PIPELINE_SECRET_OFFICE", "mailtos://m:hunter2@mail.nowhere.example?to=a@nowhere.example\nfoo://x"
    )
    lines = doctor.ask("who is told")
    assert states(lines) == ["good", "wrong", "wrong", "wrong"]
    assert lines[0].found == "office (line 1 of the secret office) is told of on hold, done, by E-Mail"
    assert "does not understand the address of office (line 2 of the secret office)" in lines[1].found
    assert [line.found for line in lines[2:]] == ["no secret on_call", "no secret beat"]
    assert "hunter2" not in f"{lines}"


def test_a_trial_is_sent_to_each_receiver(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor.configure(notify={"heartbeat": "beat"}, notify__office={"secret": "office"})
    with receiving.mails() as mails, receiving.hooks() as hooks:
        both = f"{mails.address()}\n{hooks.address()}\njson://127.0.0.1:9/gone"
        monkeypatch.setenv("PIPELINE_SECRET_OFFICE", both)
        monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"{hooks.url}/beat")
        lines = doctor.ask("who is told", tells=True)
        assert states(lines) == ["good", "good", "wrong", "good"]
        assert "a trial was sent" in lines[0].found
        assert "was not sent" in lines[2].found
        assert "nothing is to be done" in mails.said()
        assert hooks.paths() == ["/hook-4f3c9a7711", "/beat"]


def test_a_disk_that_is_small_or_cannot_be_written(doctor: Doctor, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True)
    try:
        doctor.configure(district={"landing": f"{small}/landing"})
        (line,) = doctor.ask("disk")
        assert (line.state, "make room there" in line.remedy) == ("wrong", True)
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        assert f"nothing can be written into {small}, where `landing` is to be" in doctor.ask("disk")[0].found
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
    (tmp_path / "file").touch()
    doctor.configure(district={"landing": f"{tmp_path}/landing", "logs": f"{tmp_path}/file/logs"})
    assert doctor.ask("disk")[0].found == f"{tmp_path}/file is no folder"


def test_a_clock_that_is_wrong(doctor: Doctor) -> None:
    assert states(doctor.ask("clock")) == ["good"]
    with answering(lambda path: (200, {}), formatdate(time.time() - 600, usegmt=True)) as google:
        doctor.configure(cloud={"storage_endpoint": google})
        (line,) = doctor.ask("clock")
    assert line.state == "warning"
    ahead = re.fullmatch(rf"this machine's clock is (\d+) s ahead of {google}", line.found)
    assert ahead and 600 <= int(ahead[1]) < 660, line.found
    assert "timedatectl set-ntp true" in line.remedy
    (line,) = doctor.ask("clock")  # nobody is there any more
    assert (line.state, f"curl -I {google}" in line.remedy) == ("wrong", True)


# ------------------------------------------------------------------------------------------------ luigid, the browser


def test_luigid_of_another_version_and_on_another_machine(doctor: Doctor, tmp_path: Path) -> None:
    port, beside = sshd.free_port(), tmp_path / "luigid"
    beside.mkdir()
    doctor.configure(core={"scheduler_port": str(port)}, scheduler={"state_path": f"{beside}/state.pickle"})
    (line,) = doctor.ask("scheduler")
    assert (line.state, "the first run starts luigid there" in line.found) == ("good", True)
    luigid = Path(sys.executable).with_name("luigid")
    words = [str(luigid), "--address", "127.0.0.1", "--port", str(port), "--state-path", f"{beside}/state.pickle"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            until = time.monotonic() + 20
            while "luigid answers" not in doctor.ask("scheduler")[0].found and time.monotonic() < until:
                time.sleep(0.1)
            assert states(doctor.ask("scheduler")) == ["good"]
            (beside / "luigid.version").write_text("0.1.0\n")
            (line,) = doctor.ask("scheduler")
            assert line.state == "warning"
            assert "started by version 0.1.0" in line.found
        finally:
            running.terminate()
    doctor.configure(core={"scheduler_host": "192.0.2.1"})  # of nobody
    (line,) = doctor.ask("scheduler")
    assert (line.state, "start luigid there" in line.remedy) == ("wrong", True)


def test_a_driver_of_another_version_than_the_browser(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "chromedriver"
    other.write_text("#!/bin/sh\necho ChromeDriver 99.0.1\n")
    other.chmod(0o755)
    monkeypatch.setattr(chromium, "CHROMEDRIVER", str(other))
    (line,) = doctor.ask("browser")
    assert line.state == "wrong"
    assert "and ChromeDriver 99.0.1)" in line.found
    assert line.remedy == "apt-get install chromium chromium-driver"
    monkeypatch.setattr(chromium, "CHROMEDRIVER", str(tmp_path / "nothing"))
    assert states(doctor.ask("browser")) == ["wrong"]
    doctor.configure(district={"off": "ADMAudit_stack StudentMembership_stack AllErr_stack"})
    assert doctor.ask("browser") == []
