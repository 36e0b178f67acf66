"""A morning that is not done by its time, as a second call of cron or another machine sees it: by the note of a run,
and by the receipts in the bucket."""

import datetime as dt
import fcntl
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import receiving
from clouds import Cloud, set_up
from pipeline.__main__ import main
from pipeline.catalogue import flows
from pipeline.ground import cloud as google
from pipeline.ground import manifests, settings
from pipeline.inbound import calendar
from pipeline.outbound import evidence
from pipeline.outside.cloud import storage
from pipeline.run import notes
from pipeline.run.notify import watch
from receiving import Hooks
from riverbend import Sandbox

MONDAY = dt.date(2025, 11, 17)
NINE = dt.time(9)
ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with receiving.hooks() as found:
        yield found


@pytest.fixture
def district(
    running: Sandbox, bucket: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hooks: Hooks
) -> Iterator[Cloud]:
    """A district whose bucket is empty, on a machine that has made no morning yet."""
    with set_up(running, tmp_path, monkeypatch) as made:
        config = tmp_path / "cloud.cfg"
        text = config.read_text().replace("[district]\n", f"[district]\nlanding = {tmp_path}/landing\n")
        config.write_text(f"{text}[notify:on call]\nsecret = hook\n[notify:office]\nsecret = hook\nstates = on hold\n")
        monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
        settings.load.cache_clear()
        calendar.forget()
        yield made
        calendar.forget()


def at(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(MONDAY, dt.time(hour, minute), ZONE)


def give(*names: str) -> None:
    """The sets have receipts of that Monday."""
    for name in [evidence.receipt_name(each, MONDAY) for each in names]:
        storage.store_json(name, {}, {"period": f"{MONDAY}"}, over=storage.Stored(name))
    storage.forget()


def sets() -> list[str]:
    return [delivery.name for delivery in flows.deliveries("daily")]


def mornings_machine() -> Path:
    """What the wrapper makes at its first call."""
    return manifests.folder(settings.load().district.landing / "locks")


def test_another_machine_sees_the_receipts(district: Cloud, hooks: Hooks) -> None:
    first, *rest = sets()
    give(*rest)
    words = watch.found(MONDAY, NINE, at(9))
    assert words == f"not done by 09:00; not given: {first}"
    give(first)
    assert watch.found(MONDAY, NINE, at(9)) == ""


def test_a_discarded_set_is_nothing_to_wait_for(district: Cloud) -> None:
    first, *rest = sets()
    give(*rest)
    discarded = {"may_go": "discarded"}
    name = f"deliveries/{MONDAY}/{first}/verdict.json"
    storage.store_json(name, {}, discarded, over=storage.Stored(name))
    storage.forget()
    assert watch.found(MONDAY, NINE, at(9)) == ""


def test_before_its_time_nothing_is_told(district: Cloud) -> None:
    assert watch.found(MONDAY, NINE, at(8, 59)) == ""
    assert watch.found(MONDAY, NINE, at(9))


def test_no_run_took_place(district: Cloud) -> None:
    mornings_machine()
    give(*sets()[1:])
    assert watch.found(MONDAY, NINE, at(9)) == f"not done by 09:00: no run took place; not given: {sets()[0]}"


def test_a_run_that_is_at_work_is_told_with_its_begin(district: Cloud) -> None:
    with (mornings_machine() / "daily.lock").open("w+") as lock:
        lock.write(f"daily of {MONDAY}, pid 4711, since 05:00:01\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        give(*sets())
        assert "one is at work (daily of 2025-11-17, pid 4711, since 05:00:01)" in watch.found(MONDAY, NINE, at(9))
    assert "no run took place" in watch.found(MONDAY, NINE, at(9))


def test_on_a_day_without_school_nothing_is_told(district: Cloud, tmp_path: Path) -> None:
    mornings_machine()
    (tmp_path / "days").write_text("covers 2025-11-01 to 2025-11-30\noff 2025-11-17 fog\n")
    config = tmp_path / "cloud.cfg"
    config.write_text(config.read_text().replace("[district]\n", f"[district]\ncalendar = {tmp_path}/days\n"))
    settings.load.cache_clear()
    calendar.forget()
    assert watch.found(MONDAY, NINE, at(9)) == ""
    (tmp_path / "days").write_text("covers 2025-11-01 to 2025-11-30\n")
    calendar.forget()
    assert watch.found(MONDAY, NINE, at(9))


@pytest.mark.parametrize(("code", "end"), [(20, "late"), (30, "broken"), (40, "with a set on hold")])
def test_the_note_of_the_last_run_counts(district: Cloud, code: int, end: str) -> None:
    mornings_machine()
    give(*sets())
    notes.keep("Morning", MONDAY, {"exit": code})
    assert watch.found(MONDAY, NINE, at(9)) == f"not done by 09:00: the last run ended {end}"
    notes.keep("Morning", MONDAY, {"exit": 0})
    assert watch.found(MONDAY, NINE, at(9)) == ""


def test_a_bucket_that_cannot_be_seen_is_told(district: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google.STORAGE, "silent", "it does not answer")
    assert "whether the morning is done by 09:00 cannot be seen" in watch.found(MONDAY, NINE, at(9))


def test_the_command_tells_each_receiver_that_asked_once_and_prints_it_once(
    district: Cloud, hooks: Hooks, capfd: pytest.CaptureFixture[str]
) -> None:
    mornings_machine()
    call = ["watch", "--by", "09:00", "--date", f"{MONDAY}"]
    assert main([*call, "--quiet"]) == 30
    assert "Morning 2025-11-17: not done by 09:00: no run took place; not given: " in capfd.readouterr().out
    assert [("not done by 09:00" in each.body, each.path) for each in hooks.posted] == [(True, "/hook-4f3c9a7711")]
    assert main([*call, "--quiet"]) == 30
    assert capfd.readouterr() == ("", "")
    assert main(call) == 30
    assert "no run took place" in capfd.readouterr().out
    assert len(hooks.posted) == 1
    notes.keep("Morning", MONDAY, {"exit": 0})
    assert main(call) == 0
    assert capfd.readouterr() == ("", "")


def test_a_word_that_is_no_time_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["watch", "--by", "nine"])
    assert left.value.code == 2
