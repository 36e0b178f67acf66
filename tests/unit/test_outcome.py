"""The exit code of a run: what is complete, what is late, what broke, and which of several is told."""

import datetime as dt
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import luigi
import pytest

from pipeline import VERSION, catalogue, morning
from pipeline.catalogue.place import SftpFolder
from pipeline.chain.base import ChainTask, Target
from pipeline.chain.tasks import LandedFile
from pipeline.ground import journal, logs, manifests, progress, settings
from pipeline.ground.errors import AtWorkElsewhere, ConfigurationError
from pipeline.ground.progress import Event
from pipeline.inbound import lateness, sources
from pipeline.outbound import interrupted, ledger
from pipeline.outside.cloud import storage, warehouse
from pipeline.outside.cloud.evidence import ObjectTarget, TableTarget
from pipeline.outside.cloud.storage import Stored
from pipeline.outside.cloud.warehouse import Shelved
from pipeline.outside.sftp.sftp import RemoteFile
from pipeline.run import ending, lookahead, notes, purge, report, runner, status, working
from pipeline.run.failures import Failure, Harm, of_words
from pipeline.run.outcome import BROKEN, DONE, HELD, LATE, Outcome, is_news, judge
from pipeline.run.status import Seen
from pipeline.run.worker import Threads
from pipeline.run.working import Work

from .conftest import Configure

MONDAY = dt.date(2026, 11, 23)
BROKE = Event("failed", "PreparedFile", "cc", "cc", message="found: 2 fields", error="ContractBroken")
HOLD = Event("failed", "CheckedSet", "otus_scores", "otus_scores", message="found: on hold", error="OnHold")
ON = Event("moving", "LandedFile", "students RSD")


class Root(luigi.WrapperTask):
    """Asks for the students' files of both servers, which come into folders of this machine."""

    def requires(self) -> list[luigi.Task]:
        return [LandedFile(date=MONDAY, feed=catalogue.feeds()["students"], part=part) for part in ("RSD", "BLF")]


class Unsure(luigi.WrapperTask):
    """Nobody can tell whether it is complete."""

    def complete(self) -> bool:
        raise ConfigurationError("the state is not known", expected="it known", next_step="look")


class Stuck(luigi.Task):
    """Is not complete, for no reason that anybody told."""

    def complete(self) -> bool:
        return False


def judged(wrapper: type[luigi.Task], *events: Event, trouble: tuple[str, ...] = ()) -> Outcome:
    root = wrapper()
    return judge(root, list(events), map(of_words, trouble))


def told(outcome: Outcome, harm: Harm) -> list[str]:
    """What was found of each failure that does this to the morning."""
    return [failure.found for failure in outcome.of(harm)]


def note(name: str, date: dt.date, outcome: Outcome) -> None:
    notes.keep(name, date, outcome.as_json())


@pytest.fixture
def drop() -> Path:
    for part in ("rsd", "blf"):
        (settings.load().district.drop / f"powerschool_{part}").mkdir(parents=True)
    return settings.load().district.drop


def arrive(drop: Path, part: str) -> Path:
    file = drop / f"powerschool_{part.lower()}" / "students.csv"
    file.write_text("ID\n1\n")
    morning = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC).timestamp()
    os.utime(file, (morning, morning))
    return file


def land(drop: Path, part: str) -> None:
    """The part's file, and our copy of it with its manifest."""
    file = arrive(drop, part)
    target = LandedFile(date=MONDAY, feed=catalogue.feeds()["students"], part=part).output()
    manifests.folder(target.folder)
    (target.folder / file.name).write_bytes(file.read_bytes())
    facts = {"name": file.name, "size": file.stat().st_size, "mtime": file.stat().st_mtime}
    manifests.save(target.manifest_path, {**facts, "sha256": manifests.sha256(file)})


def land_both(drop: Path) -> None:
    land(drop, "RSD")
    land(drop, "BLF")


def test_all_there_is_done(drop: Path) -> None:
    land_both(drop)
    outcome = judged(Root, ON)
    assert (outcome.code, outcome.failures) == (DONE, [])


def test_missing_file_is_late_and_named(drop: Path) -> None:
    land(drop, "RSD")
    outcome = judged(Root)
    words = "students BLF: nothing called students.csv is in district:powerschool_blf"
    assert (outcome.code, told(outcome, "late")) == (LATE, [words])


def test_missing_file_is_broken_when_its_deadline_is_over(drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    land(drop, "RSD")
    stale = arrive(drop, "BLF")
    os.utime(stale, (1_763_000_000, 1_763_000_000))
    monkeypatch.setattr(lateness, "overdue", lambda feed, date: True)
    outcome = judged(Root)
    assert (outcome.code, told(outcome, "late")) == (BROKEN, [])
    assert str(outcome.failures[0]).startswith(
        "found: students BLF: the newest, students.csv in district:powerschool_blf, is of 2025-11-12 20:13 at 2"
    )


def test_file_that_is_there_and_was_not_fetched_is_not_late(drop: Path) -> None:
    land(drop, "RSD")
    arrive(drop, "BLF")
    outcome = judged(Root)
    assert (outcome.code, told(outcome, "late")) == (BROKEN, [])
    assert told(outcome, "broken") == ["tasks that were not run, and none that failed"]


def test_folder_that_nobody_could_look_into_is_broken_and_not_late(drop: Path) -> None:
    land(drop, "RSD")
    (drop / "powerschool_blf").rmdir()
    outcome = judged(Root)
    assert (outcome.code, told(outcome, "late")) == (BROKEN, [])
    assert "no folder" in told(outcome, "broken")[0]


def test_what_a_task_has_told_is_not_told_again(drop: Path) -> None:
    (drop / "powerschool_blf").rmdir()
    land(drop, "RSD")
    first = judged(Root)
    event = Event("failed", "LandedFile", "students BLF", message=str(first.failures[0]), error="ConfigurationError")
    assert [failure.task for failure in judged(Root, event).failures] == ["LandedFile"]


@pytest.mark.parametrize(
    ("events", "trouble", "late", "code"),
    [
        ([BROKE], [], False, BROKEN),
        ([HOLD], [], False, DONE),  # it was released while the run went on: all is complete
        ([HOLD], [], True, HELD),
        ([BROKE, HOLD], [], True, BROKEN),
        ([HOLD, BROKE], [], True, BROKEN),
        ([], ["no scheduler"], False, BROKEN),
        ([], ["no scheduler"], True, BROKEN),
        ([HOLD], ["no scheduler"], True, BROKEN),
        ([ON], [], True, LATE),
    ],
)
def test_broken_before_held_before_late(
    drop: Path, events: list[Event], trouble: list[str], late: bool, code: int
) -> None:
    land(drop, "RSD")
    if not late:
        land(drop, "BLF")
    assert judged(Root, *events, trouble=tuple(trouble)).code == code


def test_a_task_that_failed_twice_is_told_once(drop: Path) -> None:
    land_both(drop)
    assert [failure.of for failure in judged(Root, BROKE, BROKE).failures] == ["cc"]


def test_completeness_that_cannot_be_told_is_broken() -> None:
    outcome = judged(Unsure)
    assert outcome.code == BROKEN
    assert told(outcome, "broken") == ["the state is not known"]


def test_not_complete_for_no_reason_is_broken() -> None:
    outcome = judged(Stuck)
    assert outcome.code == BROKEN
    assert told(outcome, "broken")


def test_how_a_run_ended_is_kept(drop: Path) -> None:
    land(drop, "RSD")
    note("Morning", MONDAY, judged(Root, HOLD))
    kept = manifests.load(settings.load().district.landing / "runs" / "morning-2026-11-23.json")
    assert kept
    assert kept["exit"] == 40
    assert [(each["harm"], each["of"]) for each in kept["failures"]] == [
        ("on hold", "otus_scores"),
        ("late", "students BLF"),
    ]


# --------------------------------------------------------------------------------------------- looks of before the run


class Everywhere(Target):
    """An object and a table are there."""

    def exists(self) -> bool:
        table = TableTarget("eis", "students", {"sha": "a"})
        return ObjectTarget(f"eis/{MONDAY}/students.csv", {"sha256": "a"}).exists() and table.exists()


class Held(ChainTask):
    """Complete when something is in each place that a run looks at once, and is known from then on."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return (LandedFile(date=self.date, feed=catalogue.feeds()["students"], part="RSD"),)

    def output(self) -> Target:
        return Everywhere()


@pytest.fixture
def held(drop: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What the bucket's and the warehouse's listings show when they are asked for."""
    name = f"eis/{MONDAY}/students.csv"
    shown: dict[str, dict[str, Any]] = {
        "bucket": {name: Stored(name, 1, 1, {"sha256": "a"})},
        "warehouse": {"students": Shelved(True, {"sha": "a"})},
    }
    monkeypatch.setattr(storage._listings, "_look", lambda _: dict(shown["bucket"]))
    monkeypatch.setattr(warehouse._listings, "_look", lambda _: dict(shown["warehouse"]))
    land(drop, "RSD")
    return shown


@pytest.mark.parametrize("where", ["bucket", "warehouse", "landing"])
@pytest.mark.parametrize("there_after", [True, False])
@pytest.mark.parametrize("kind", ["done", "unchanged", "failed"])
def test_an_outcome_is_of_looks_after_the_run_and_not_before(
    held: dict[str, dict[str, Any]], where: str, there_after: bool, kind: progress.Kind
) -> None:
    """What the run, or anybody else meanwhile, has made is there; what somebody took away is not."""
    copy = LandedFile(date=MONDAY, feed=catalogue.feeds()["students"], part="RSD").output().manifest_path

    def there(now: bool) -> None:
        if where == "landing":
            copy.rename(copy.with_suffix(".away")) if not now else copy.with_suffix(".away").rename(copy)
        else:
            held[where], held["away"] = held.get("away", {}), held[where]

    if there_after:
        there(False)
    root = Held(date=MONDAY)
    assert root.complete() != there_after
    there(there_after)
    assert root.complete() != there_after  # as the run itself goes on to see it
    event = Event(kind, "LoadedTable", "cc", "cc", message="found: nothing", error="OnHold")
    outcome = judge(root, [ON, event], ())
    assert outcome.code == (DONE if there_after else HELD if kind == "failed" else BROKEN)


# ------------------------------------------------------------------------------------------------ a run as a whole


class Own(luigi.WrapperTask):
    """A wrapper of nothing, for a date."""

    date: luigi.DateParameter = luigi.DateParameter()


@pytest.fixture
def works(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run in this process, around a wrapper of the test's own; it changes nothing of the process. Where nobody
    answers for Google, it gives up at once."""
    configure(cloud={"timeout": "1"})
    monkeypatch.setattr(morning, "Own", Own, raising=False)
    monkeypatch.setattr(logs, "start", lambda name, date: Path("own.log"))
    monkeypatch.setattr(logs, "nowhere", lambda: None)
    monkeypatch.setattr(os, "umask", lambda mask: mask)
    monkeypatch.setenv(journal.RUN, "")
    monkeypatch.setattr(lookahead, "of_scheduling", lambda root, date: iter(()))
    monkeypatch.setattr(ledger, "enter", lambda **_: ledger.Recorded())
    monkeypatch.setattr(status, "seen", lambda *_: Seen([], [], set()))
    order: list[str] = []

    def work(_: Work) -> list[Failure]:
        order.append("Luigi")
        return []

    monkeypatch.setattr(Work, "do", work)
    monkeypatch.setattr(purge, "old_copies", lambda date: [])
    return order


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (["otus_scores of 2026-11-20"], ""),
        ([ConfigurationError("half a set", expected="a whole one", next_step="run again")], "found: half a set"),
        (ZeroDivisionError("of Jane"), "found: interrupted pushes, while completing them: ZeroDivisionError"),
    ],
)
def test_sets_that_a_killed_run_left_come_first_and_what_goes_wrong_then_is_told(
    works: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: Any, told: str
) -> None:
    def finish() -> Iterator[object]:
        works.append("interrupted pushes")
        if isinstance(left, Exception):
            raise left
        yield from left

    monkeypatch.setattr(interrupted, "finish", finish)
    assert runner.run("Own", MONDAY, 1, []) == (BROKEN if told else DONE)
    assert works == ["interrupted pushes", "Luigi"]
    shown = capsys.readouterr().out
    (seconds,) = re.findall(r"of 2026-11-23, ([\d.-]+) s", shown)
    assert 0 <= float(seconds) < time.monotonic() / 2  # since the run began, and not since the machine did
    assert told in shown
    kept = manifests.load(settings.load().district.landing / "runs" / "own-2026-11-23.json")
    assert kept
    assert [f"found: {each['found']}".startswith(told) for each in kept["failures"]] == ([True] if told else [])


def test_a_date_that_is_still_to_come_is_refused_before_anything_is_made(works: list[str]) -> None:
    """Its set would pass by all those until then."""
    with pytest.raises(ConfigurationError, match="is still to come"):
        runner.run("Own", settings.load().today() + dt.timedelta(days=1), 1, [])
    assert works == []


def test_who_goes_home_tells_what_went_wrong_with_an_interrupted_push(
    works: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what is known only after the other machine was seen."""
    seen = threading.Event()

    def finish() -> Iterator[object]:
        assert seen.wait(30)
        time.sleep(0.2)
        yield ConfigurationError("half a set", expected="a whole one", next_step="run again")

    def elsewhere(*_: object, **__: object) -> None:
        seen.set()
        raise AtWorkElsewhere("another is at work", expected="one", next_step="wait", about=f"Own of {MONDAY}")

    monkeypatch.setattr(interrupted, "finish", finish)
    monkeypatch.setattr(sources, "GRACE", 0.0)
    monkeypatch.setattr(Work, "do", elsewhere)
    assert runner.run("Own", MONDAY, 1, []) == BROKEN
    assert "found: half a set" in capsys.readouterr().err


def test_what_keeps_luigi_from_working_is_told_and_ends_nothing() -> None:
    """Here, a name that nobody knows, which is read when the tasks are made."""
    arguments = [
        "LandedFile",
        "--module",
        "pipeline.chain.tasks",
        "--date",
        f"{MONDAY}",
        "--part",
        "RSD",
        "--feed",
        "studens",
    ]
    failure = working._luigi([*arguments, "--feed", "studens", "--local-scheduler", "--no-lock"], Threads())
    assert failure
    assert [line.split(":")[0] for line in str(failure).splitlines()] == ["found", "expected", "next"]
    assert "no feed is called studens" in failure.found


# --------------------------------------------------------------------------------- what changes no morning's outcome


def test_files_that_are_nobodys_are_told_and_kept_and_change_nothing(
    drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_both(drop)
    monkeypatch.setattr(SftpFolder, "look", lambda _: {"google-staff.csv": RemoteFile("google-staff.csv", 1, 1)})
    sources.look(SftpFolder("clever_reports", "reports", others=()))
    outcome = judged(Root, ON)
    assert (outcome.code, outcome.unclaimed) == (DONE, ["clever_reports:reports/google-staff.csv"])
    note("Morning", MONDAY, outcome)
    kept = manifests.load(settings.load().district.landing / "runs" / "morning-2026-11-23.json")
    assert kept
    assert kept["unclaimed"] == outcome.unclaimed
    monkeypatch.setattr(status, "seen", lambda *_: Seen([], [], set()))
    (line,) = report.of("Morning", MONDAY).remarks
    assert line.startswith("clever_reports:reports/google-staff.csv is no feed's; it was not loaded: add a row in the")


CC = Failure("broken", "x", error="WarehouseError", task="LoadedTable", of="cc", flow="cc")


def test_what_a_rehearsal_could_not_do_is_no_state_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "seen", lambda *_: Seen([], [], set()))
    outcome = Outcome(BROKEN, [CC], unclaimed=["savvas:/scores/new.csv"])
    note("MorningRehearsal", MONDAY, outcome)
    found = report.of("Morning", MONDAY)
    assert (found.causes, found.remarks) == ((), ())
    note("Morning", MONDAY, outcome)
    found = report.of("Morning", MONDAY)
    assert ([cause.met for cause in found.causes], len(found.remarks)) == ([("cc",)], 1)


FAILED = Outcome(BROKEN, [replace(CC, found="after 3.1 s")])
STUDENTS = Failure("late", "students BLF: nothing called students.csv is there", of="students BLF", flow="students")
HERS = Outcome(LATE, [STUDENTS])


def but(**words: Any) -> Outcome:
    """The run that failed, with another word."""
    return Outcome(BROKEN, [replace(FAILED.failures[0], **words)])


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        (None, Outcome(), False),  # a good morning
        (None, HERS, True),
        (HERS, HERS, False),
        (HERS, Outcome(LATE, [replace(STUDENTS, of="students RSD")]), True),
        (HERS, Outcome(BROKEN, [replace(STUDENTS, harm="broken")]), True),  # its deadline is over
        (HERS, Outcome(), True),  # it came
        (FAILED, but(found="after 2.9 s"), False),
        (FAILED, but(of="terms"), True),
        (FAILED, but(error="ContractBroken"), True),
        (FAILED, but(found="the disk is full"), True),
        (FAILED, Outcome(BROKEN, [*FAILED.failures, of_words("found: no scheduler")]), True),
        (Outcome(), Outcome(unclaimed=["savvas:/scores/new.csv"]), True),
        (Outcome(), Outcome(), False),
    ],
)
def test_what_ended_as_the_last_run_did_is_no_news(before: Outcome | None, now: Outcome, *, news: bool) -> None:
    if before:
        note("Morning", MONDAY, before)
    assert is_news("Morning", MONDAY, now) == news
    assert not is_news("Morning", MONDAY + dt.timedelta(days=1), Outcome())


WELL = {"exit": DONE, "remarks": [], "version": VERSION}


@pytest.mark.parametrize(
    ("before", "now", "events", "idle"),
    [
        (WELL, Outcome(), [], True),
        (WELL, Outcome(unclaimed=["savvas:/scores/new.csv"]), [ON], True),
        (WELL, Outcome(), [HOLD], False),  # and released since
        (WELL, Outcome(), [Event("done", "LandedFile", "students RSD")], False),
        (WELL, Outcome(remarks=["nobody could look at savvas"]), [], False),
        (WELL, HERS, [], False),
        (WELL, Outcome(BROKEN), [], False),
        ({**WELL, "exit": LATE}, Outcome(), [], False),
        ({**WELL, "remarks": ["the bucket lies elsewhere"]}, Outcome(), [], False),
        ({**WELL, "version": "0.1.0"}, Outcome(), [], False),
        (None, Outcome(), [], False),
    ],
)
def test_a_run_that_found_all_made_is_idle(
    before: dict[str, Any] | None, now: Outcome, events: list[Event], *, idle: bool
) -> None:
    if before:
        notes.keep("Morning", MONDAY, before)
    journal.write("run-own", {"kind": "run"})
    assert ending.is_idle("Morning", MONDAY, now, events) == idle


def test_after_a_killed_run_none_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it made is not in the history yet, nor in the ledger."""
    notes.keep("Morning", MONDAY, WELL)
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T11:55:00+00:00")
    journal.write("run-killed", {"kind": "run"})
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T12:10:00+00:00")
    assert not ending.is_idle("Morning", MONDAY, Outcome(), [])
    journal.write("run-own", {"kind": "run"})
    assert not ending.is_idle("Morning", MONDAY, Outcome(), [])


def test_old_copies_that_cannot_go_are_trouble_after_the_mornings_own() -> None:
    (settings.load().district.landing / "outbox" / "otus" / "a_folder").mkdir(parents=True)
    os.utime(settings.load().district.landing / "outbox" / "otus" / "a_folder", (1, 1))
    outcome = Outcome(LATE, [STUDENTS, of_words("no scheduler")])
    ending.remove_old(MONDAY, outcome)
    assert (outcome.code, outcome.failures[:2]) == (BROKEN, [STUDENTS, of_words("no scheduler")])
    told = "found: old copies, while removing them; the next run tries again: IsADirectoryError"
    assert str(outcome.failures[2]).startswith(told)
    assert [line.split(":")[0] for line in str(outcome.failures[2]).splitlines()] == ["found", "expected", "next"]


@pytest.mark.parametrize("helped", [True, False])
def test_who_has_helped_removes_what_is_old_on_its_own_disk_alone(
    helped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = settings.load().district.landing / "misc_imports" / "2020-01-01"
    old.mkdir(parents=True)
    asked: list[dt.date] = []
    monkeypatch.setattr(purge, "in_bucket", lambda today: asked.append(today) or [])  # type: ignore[func-returns-value]
    outcome = Outcome()
    ending.remove_old(MONDAY, outcome, helped=helped)
    assert not old.exists()
    assert asked == ([] if helped else [MONDAY])
    assert outcome == Outcome()


def test_a_run_of_a_date_to_come_takes_nothing_of_today_away(monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings.load().today()
    asked: list[dt.date] = []

    def old_copies(date: dt.date) -> list[str]:
        asked.append(date)
        return []

    monkeypatch.setattr(purge, "old_copies", old_copies)
    for date in (told + dt.timedelta(days=400), told, MONDAY - dt.timedelta(days=400)):
        ending.remove_old(date, Outcome())
    assert asked == [told, told, MONDAY - dt.timedelta(days=400)]
