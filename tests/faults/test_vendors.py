"""Vendors who are late, show another host key, refuse the password, take files away, or send bad ones."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from e2e.district import MONDAY, TUESDAY, District, Result
from pipeline.ground.command import MORNING
from sshd import fingerprint

ASSESSMENTS = "savvas/scores/SAVVAS_Realize_Assessment*"
STUDENTS = "district/powerschool_rsd/students.csv"


def test_a_late_vendor_holds_up_only_what_needs_it(district: District) -> None:
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.fault(TUESDAY, "late", ASSESSMENTS)
    run = district.run_daily(TUESDAY)
    assert run.code == 20, run.out
    assert "late: savvas_assessment_scores savvas" in run.out
    assert "DeliveredSet ellevation_rosters" in run.tasks("done")
    assert "LoadedTable savvas_standards_scores" in run.tasks("done")
    assert not run.tasks("FAILED")
    assert "2025-11-18/otus_scores" not in district.receipts()
    district.fault(TUESDAY, "arrives")
    then = district.run_daily(TUESDAY)
    assert then.code == 0, then.out
    assert not {task for task in then.tasks("done") if "scores" not in task}
    sent = district.vendor_files("savvas")["/scores/SAVVAS_Realize_Assessment_Scores_20251118.csv"]
    assert district.vendor_files("otus")["/home/incoming/savvas_assessment_scores.csv"] == sent


def test_a_silent_vendor_holds_up_only_what_needs_it(district: District, patience: Callable[[int], None]) -> None:
    """It takes the login and then says nothing: all else is delivered while it is silent; when it speaks after all, the
    same run goes on with it."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.sandbox("fault", "hang", "savvas")
    patience(300)
    district.portal_shows(TUESDAY)
    with district.start("./run_daily.sh", "--date", f"{TUESDAY}", "--workers", "2") as run:
        said = list[str]()
        for line in run.stdout or ():
            said.append(line)
            if "DeliveredSet  ellevation_rosters" in line:
                assert not [each for each in said if "savvas" in each and "done" in each]
                district.sandbox("heal")
        assert run.wait(300) == 0, "".join(said)
    assert "2025-11-18/otus_scores" in district.receipts()

    district.fault(TUESDAY, "corrected", STUDENTS)
    district.fault(TUESDAY, "corrected", ASSESSMENTS)
    district.sandbox("fault", "hang", "savvas")
    patience(2)
    silent = district.run_daily(TUESDAY, workers=4)
    assert silent.code == 30, silent.out
    assert f"found: savvas (127.0.0.1:{district.ports['savvas']}): TimeoutError" in silent.out
    assert "expected: an answer within 2 s and 2 s as a whole" in silent.out
    assert "next: run again in some minutes" in silent.out
    assert "DeliveredSet ellevation_rosters" in silent.tasks("done")
    assert not [task for task in silent.tasks("done") if "savvas" in task]


def test_what_is_not_ours_and_odd_breaks_nothing_off(district: District) -> None:
    """In one run: a secret in UTF-16, a name that is no UTF-8 in a vendor's folder, a cut line of known_hosts."""
    district.fault(MONDAY, "corrected", ASSESSMENTS)
    district.fault(MONDAY, "corrected", STUDENTS)
    secret = district.folder / "sandbox" / "secrets" / "ellevation_password"
    right, known_hosts = secret.read_bytes(), district.folder / "sandbox" / "known_hosts"
    secret.write_bytes("blaue Fährte".encode("utf-16"))
    (district.sftp / "savvas" / "scores" / os.fsdecode(b"SAVVAS_M\xfcller.csv")).write_text("1")
    known_hosts.write_text(f"sftp.example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\n{known_hosts.read_text()}")
    run = district.run_daily(MONDAY, workers=4)
    secret.write_bytes(right)
    assert run.code == 30, run.out
    assert run.tasks("FAILED") == {"DeliveredSet ellevation_rosters"}
    assert "found: the secret ellevation_password cannot be read (it is no UTF-8 text" in run.out
    assert "DeliveredSet otus_scores" in run.tasks("done")
    assert "Traceback" not in run.out
    assert district.run_daily(MONDAY).code == 0


@pytest.fixture
def patience(district: District) -> Iterator[Callable[[int], None]]:
    """Sets the seconds for which a vendor's server may keep us waiting."""
    before = district.config.read_text()

    def write(seconds: int) -> None:
        district.config.write_text(re.sub(r"(\[sftp\]\n)(patience = .*\n)?", rf"\g<1>patience = {seconds}\n", before))

    yield write
    district.config.write_text(before)


def test_another_host_key_stops_before_the_login_and_says_what_to_do(district: District) -> None:
    district.fault(MONDAY, "corrected", ASSESSMENTS)
    district.fault(MONDAY, "corrected", STUDENTS)
    district.sandbox("fault", "host-key", "otus")
    before, since = district.vendor_files("otus"), time.time()
    run = district.run_daily(MONDAY)
    assert run.code == 30, run.out
    assert run.tasks("FAILED") == {"DeliveredSet otus_scores"}
    keys = district.folder / "sandbox" / "keys"
    for part in (
        f"shows the host key ssh-ed25519 {fingerprint(keys / 'otus.other')}",
        f"a pinned one: ssh-ed25519 {fingerprint(keys / 'otus')}",
        str(district.folder / "sandbox" / "known_hosts"),
        "by telephone",
    ):
        assert part in run.out
    assert set(district.vendor_events(since, "otus")) <= {"connect", "close"}
    assert district.vendor_files("otus") == before
    assert "DeliveredSet ellevation_rosters" in run.tasks("done")

    with (district.folder / "sandbox" / "known_hosts").open("a") as pinned:
        pinned.write(f"[127.0.0.1]:{district.ports['otus']} {public_key(keys / 'otus.other')}\n")
    then = district.run_daily(MONDAY)
    assert then.code == 0, then.out
    assert then.tasks("done") == {"DeliveredSet otus_scores"}
    assert district.receipts()["2025-11-17/otus_scores"]["host_key"].endswith(fingerprint(keys / "otus.other"))


def public_key(private: object) -> str:
    done = subprocess.run(["ssh-keygen", "-y", "-f", str(private)], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()[:2])


def test_what_the_vendor_took_away_is_not_sent_again(district: District) -> None:
    for vendor in ("otus", "ellevation"):
        district.sandbox("fault", "taken", vendor)
    since = time.time()
    run = district.run_daily(MONDAY)
    assert run.code == 0, run.out
    assert not run.tasks("done")
    assert district.writes(since) == []
    assert district.delivered_files() == {}


def test_a_refused_password_is_tried_once_a_day(district: District) -> None:
    """At a vendor whose files we hold already, and at one to whom there is something to send; then a person says that
    it is the right one."""
    district.fault(MONDAY, "corrected", STUDENTS)
    district.sandbox("fault", "login", "savvas")
    district.sandbox("fault", "login", "ellevation")
    since = time.time()
    vendors = ("savvas", "ellevation")
    told = {
        4: [f"{vendor} (127.0.0.1:{district.ports[vendor]}) does not let riverbend-{vendor} in" for vendor in vendors],
        1: [f"found: the login of riverbend-{vendor} at 127.0.0.1:{district.ports[vendor]} " for vendor in vendors],
    }
    for workers, words in told.items():
        run = district.run_daily(MONDAY, workers=workers)
        assert run.code == 30, run.out
        assert [each for each in words if each not in run.out] == []
        for vendor in vendors:
            assert district.vendor_events(since, vendor).count("login-refused") == 1
    district.sandbox("heal")
    for vendor in vendors:
        assert f"{MORNING} retry-login {vendor}" in run.out
        assert f"tries {vendor} again" in district.pipeline("retry-login", vendor).out
    then = district.run_daily(MONDAY)
    assert then.code == 0, then.out
    assert then.tasks("done") == {"DeliveredSet ellevation_rosters"}


def test_a_held_delivery_waits_for_a_person(district: District) -> None:
    before = district.vendor_files("ellevation")
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.fault(TUESDAY, "truncated", STUDENTS, "--keep", "0.6")
    since = time.time()
    run = district.run_daily(TUESDAY)
    assert run.code == 40, run.out
    assert run.tasks("FAILED") == {"CheckedSet ellevation_rosters"}
    release = f"{MORNING} release ellevation_rosters --date {TUESDAY} --reason"
    assert release in run.out
    assert "Ellevation would drop" in run.out
    assert "DeliveredSet otus_scores" in run.tasks("done")
    assert district.vendor_files("ellevation") == before
    assert not [line for line in district.writes(since) if line.startswith("ellevation")]
    assert district.pipeline("status", "--date", f"{TUESDAY}").code == 40
    assert district.run_daily(TUESDAY).code == 40

    released = released_by_hand(district)
    assert "accepted: Student-Demographics.csv" in released.out
    then = district.run_daily(TUESDAY)
    assert then.code == 0, then.out
    assert "DeliveredSet ellevation_rosters" in then.tasks("done")
    assert district.vendor_files("ellevation") != before
    verdict = json.loads(district.content(f"deliveries/{TUESDAY}/ellevation_rosters/verdict.json"))
    assert verdict["released"]["reason"] == "a school closed"


def test_rows_that_expired_since_the_last_delivery_are_a_persons_to_judge(district: District) -> None:
    """After a break of some weeks there is nothing left to compare with; that is no reason to send unlooked-at."""
    for table in district.tables("deliveries"):
        district.warehouse.delete_table(f"riverbend-sandbox.deliveries.{table}")
    run = district.run_daily(TUESDAY)
    assert run.code == 40, run.out
    assert run.tasks("FAILED") == {"CheckedSet ellevation_rosters"}
    assert "the last delivery's rows to compare with" in run.out
    released_by_hand(district)
    then = district.run_daily(TUESDAY)
    assert then.code == 0, then.out
    assert "DeliveredSet ellevation_rosters" in then.tasks("done")


def released_by_hand(district: District) -> Result:
    released = district.pipeline("release", "ellevation_rosters", "--date", f"{TUESDAY}", "--reason", "a school closed")
    assert released.code == 0, released.out
    return released
