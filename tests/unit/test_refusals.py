"""A password that was not taken is not typed again: by this run, a later one, another machine, or without a disk."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.ground import cloud, manifests, settings
from pipeline.ground.errors import LoginRefused
from pipeline.outside import refusals
from pipeline.outside.cloud import documents, storage
from pipeline.outside.refusals import UNANSWERED, Key

from .conftest import Configure

KEY = Key("clever", "riverbend at 127.0.0.1:22", "invented-and-wrong", "the secret clever_password")
# A run that is killed while it waits for the answer.
KILLED = """
import os, signal
from pipeline.outside.refusals import Key
with Key("clever", "riverbend at 127.0.0.1:22", "invented-and-wrong", "the secret clever_password").knocking():
    os.kill(os.getpid(), signal.SIGKILL)
"""
OTHER = Key("clever", "riverbend at 127.0.0.1:22", "invented-and-renewed", "the secret clever_password")


@pytest.fixture
def on(configure: Configure, own_folder: Path) -> Callable[[str], None]:
    """Makes this process a run on the machine of that name."""

    def be(name: str) -> None:
        configure(district={"landing": f"{own_folder}/{name}"})
        storage.forget()

    be("one")
    return be


def refused(key: Key = KEY) -> None:
    with suppress(LoginRefused), key.knocking():
        key.refused("does not let riverbend in")


def unanswered(key: Key = KEY) -> None:
    with suppress(EOFError), key.knocking():
        raise EOFError


def may_knock(key: Key = KEY) -> bool:
    try:
        key.refuse_to_knock()
    except LoginRefused:
        return False
    return True


def record() -> Path:
    return refusals._record("clever")


def test_what_one_machine_was_refused_no_other_one_sends(on: Callable[[str], None]) -> None:
    refused()
    for machine in ("one", "two"):
        on(machine)
        assert not may_knock()
        assert may_knock(OTHER)  # a renewed one is sent at once


def test_the_tries_without_an_answer_are_counted_over_all_machines(on: Callable[[str], None]) -> None:
    for machine in ("one", "two", "three", "four")[:UNANSWERED]:
        on(machine)
        assert may_knock()
        unanswered()
    on("five")
    assert not may_knock()


def test_two_machines_that_take_turns_send_it_no_more_often(on: Callable[[str], None]) -> None:
    sent = 0
    for turn in range(8):
        on(("one", "two")[turn % 2])
        if may_knock():
            unanswered()
            sent += 1
    assert sent == UNANSWERED


def test_a_refusal_that_the_bucket_did_not_take_is_told_when_it_answers_again(
    on: Callable[[str], None], configure: Configure, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as silent:
        silent.setattr(cloud.STORAGE, "silent", "Cloud Storage has not answered")
        refused()
    on("one")
    assert not may_knock()
    on("two")
    assert not may_knock()


def test_a_disk_that_is_lost_forgets_no_refusal(on: Callable[[str], None]) -> None:
    refused()
    unanswered_other = record().read_text()
    shutil.rmtree(settings.load().district.landing)
    storage.forget()
    assert not may_knock()
    refused(OTHER)
    shutil.rmtree(settings.load().district.landing)
    storage.forget()
    assert not may_knock()
    assert not may_knock(OTHER)
    assert "invented" not in unanswered_other


def test_what_a_kill_leaves_counts_for_whatever_is_sent_next(on: Callable[[str], None]) -> None:
    for sent in range(1, UNANSWERED + 1):
        assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == -9
        assert (KEY.sent(), OTHER.sent()) == (sent, sent)
    for each in (KEY, OTHER):
        with pytest.raises(LoginRefused, match="sent 3 times and not answered"):
            each.refuse_to_knock()
    assert "invented" not in record().read_text()
    assert refusals.forget("clever")
    assert may_knock()


def test_what_a_kill_left_goes_on_to_count_for_what_was_sent_next_and_got_no_answer(on: Callable[[str], None]) -> None:
    subprocess.run([sys.executable, "-c", KILLED], check=False)
    unanswered(OTHER)
    for machine in ("one", "two"):
        on(machine)
        assert (KEY.sent(), OTHER.sent()) == (0, 2)


def test_what_got_no_answer_counts_for_itself_alone(on: Callable[[str], None]) -> None:
    for _ in range(UNANSWERED):
        unanswered()
    assert (KEY.sent(), OTHER.sent()) == (UNANSWERED, 0)
    with pytest.raises(LoginRefused, match="sent 3 times and not answered"), KEY.knocking():
        pytest.fail("it was sent once more")
    with OTHER.knocking():
        assert OTHER.sent() == 1
        OTHER.let_in()


def test_a_login_that_is_let_in_costs_no_slow_digest(on: Callable[[str], None]) -> None:
    refusals._digest.cache_clear()
    with KEY.knocking():
        assert KEY.sent() == 1
        assert record().exists()
        KEY.let_in()
    assert not record().exists()
    assert refusals._digest.cache_info().misses == 0


def test_who_is_let_in_leaves_nothing_behind(on: Callable[[str], None]) -> None:
    unanswered()
    on("two")
    with KEY.knocking():
        KEY.let_in()
    assert documents.load(record()) is None
    assert storage.list_objects("landing") == {}
    on("one")
    assert KEY.sent() == 0


def test_who_is_let_in_by_other_credentials_forgets_no_refusal(on: Callable[[str], None]) -> None:
    refused()
    on("two")
    with OTHER.knocking():
        OTHER.let_in()
    for machine in ("one", "three"):
        on(machine)
        assert not may_knock()
        assert may_knock(OTHER)
        assert OTHER.sent() == 0


def test_a_person_lets_all_machines_try_again(on: Callable[[str], None]) -> None:
    refused()
    on("two")
    assert refusals.forget("clever")
    assert not refusals.forget("clever")
    on("one")
    assert may_knock()  # although its disk still says otherwise
    refused()
    on("two")
    assert not may_knock()


def test_a_bucket_that_does_not_answer_changes_nothing_for_this_machine(
    configure: Configure, no_bucket: dict[str, str]
) -> None:
    configure(cloud=no_bucket)
    refused()
    assert not may_knock()
    assert manifests.load(record())


def test_the_record_goes_a_day_later(on: Callable[[str], None]) -> None:
    refused()
    (stored,) = storage.list_objects("landing").values()
    assert documents.days_of(stored, 30, 30) == 1
