# ruff: noqa: S608  (the names in these queries are the tests' own)
"""From receipts to rows of `operations`, once each, through Google's clients; and what is said of one student."""

import datetime as dt
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from clouds import Cloud, in_a_fork, set_up
from pipeline import __main__, catalogue
from pipeline.ground import manifests, settings
from pipeline.ground.errors import WarehouseError
from pipeline.inbound import steps
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import disclosed, entries, ledger, receipts
from pipeline.outbound.disclosed import Given
from pipeline.outside.cloud import jobs, storage, warehouse
from pipeline.sandbox.faults import FaultFile
from riverbend import PROJECT, Sandbox

MONDAY = dt.date(2026, 11, 23)
COPY: dict[str, Any] = {"table": "misc_imports.scores", "labels": {"as_of": "2026-11-23", "sha": "0123"}}
COLUMNS = ["School_id", "Student_id", "Contact_name"]
IN_WORK = dict.fromkeys(COPY["labels"], warehouse.IN_WORK)  # a load that was killed


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        yield made
        for dataset in ("operations", "deliveries", "misc_imports"):
            warehouse._client().delete_dataset(f"{PROJECT}.{dataset}", delete_contents=True, not_found_ok=True)


def rows_of(
    table: str, students: int = 10, rows: int = 20, first: int = 4127, labels: dict[str, str] = COPY["labels"]
) -> None:
    """Frozen rows: `rows` of them, of so many students."""
    dataset, name = table.split(".")
    query = f"""
        SELECT '0105' AS School_id, FORMAT('%07d', {first} + MOD(number, {students})) AS Student_id, 'x' AS Contact_name
        FROM UNNEST(GENERATE_ARRAY(0, {rows - 1})) AS number
    """
    warehouse.freeze(query, dataset, name, labels, days=14)
    warehouse.forget()


def held(students: int = 10, table: str = "deliveries.students", **changes: Any) -> dict[str, Any]:
    """What a receipt says of the contents of a file with students."""
    told = {"columns": COLUMNS, "students": students, "student": "Student_id", "table": table, "labels": {}}
    return {**told, **changes}


SCHOOLS = held(0, "deliveries.schools", student="")


def given(at: str = "2026-11-23T12:00:00+00:00", digest: str = "a", rows: int = 20, **changes: Any) -> dict[str, Any]:
    """A receipt; without another word of two files, one of them with students."""
    contents = changes.pop("contents", {"schools.csv": SCHOOLS, "students.csv": held()})
    return {
        "delivery": "clever_rosters",
        "vendor": "clever",
        "folder": "/home/riverbend-clever",
        "period": at[:10],
        "as_of": at[:10],
        "files": {name: {"rows": rows, "bytes": 999, "sha256": digest * 64} for name in contents},
        "contents": contents,
        "host_key": "ssh-ed25519 SHA256:abc",
        "sent_at": at,
        "run": "morning 2026-11-23T11:55:00+00:00",
        "released": None,
        "agreement": "an agreement",
        "basis": "a law",
        **changes,
    }


def entered() -> list[str]:
    """What a run's end enters; nothing may be wrong."""
    storage.forget()
    warehouse.forget()
    done = ledger.record()
    assert done.trouble == []
    return done.deliveries


def table(name: str, columns: str = "*", order: str = "1") -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM `{PROJECT}.operations.{name}` ORDER BY {order}"
    return [row.values() for row in warehouse._client().query_and_wait(query)]


def counts() -> tuple[int, ...]:
    """Rows of deliveries, disclosures and disclosed_students."""
    return tuple(table(name, "COUNT(*)")[0][0] for name in ("deliveries", "disclosures", "disclosed_students"))


ONE = (1, 2, 10)


# ------------------------------------------------------------------------------------------------- rows, once each


def test_without_receipts_there_is_no_ledger(there: Cloud) -> None:
    assert entered() == []
    assert there.asked("bigquery", "POST", "/datasets") == []
    assert disclosed.of_student("0004127") == []
    assert disclosed.not_known() == []


def test_most_runs_list_the_last_months_alone_and_what_they_kept(there: Cloud) -> None:
    """A receipt of an old date that a killed run left is entered by who lists all."""
    rows_of("deliveries.students")
    today = settings.load().today()
    last, old = (today.replace(day=1) - dt.timedelta(days=days) for days in (1, 63))
    names: dict[dt.date, str] = {}
    for day in (today, last, old):
        receipts.keep(receipt := given(f"{day}T12:00:00+00:00"))
        names[day] = f"receipts/{day}/clever_rosters/{receipts.identity(receipt)}.json"
    assert list(receipts.kept(lately=True).values()) == [names[old], names[last], names[today]]
    receipts._own_months.clear()  # as in another process
    assert ledger.enter(lately=True).deliveries == [names[last], names[today]]
    assert entered() == [names[old]]
    assert counts()[0] == 3


def test_a_receipt_becomes_rows_once(there: Cloud) -> None:
    rows_of("deliveries.students")
    receipt = given(released={"by": "ada", "at": "2026-11-23T11:59:00+00:00", "reason": "they moved"})
    receipts.keep(receipt)
    receipts.keep(receipt)
    name = f"receipts/2026-11-23/clever_rosters/{receipts.identity(receipt)}.json"
    assert entered() == [name]
    there.from_now_on()
    assert entered() == []
    assert there.asked("bigquery", "POST", "/jobs") + there.asked("bigquery", "POST", "/queries") == []
    assert counts() == ONE
    sent_at = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    assert table("deliveries", "* EXCEPT (receipt)") == [
        (
            *("clever_rosters", "clever", MONDAY, sent_at, "/home/riverbend-clever", 2, 40, 1998),
            *("ssh-ed25519 SHA256:abc", "morning 2026-11-23T11:55:00+00:00"),
            *("ada", "2026-11-23T11:59:00+00:00", "they moved"),
        )
    ]
    told = "file, remote, columns, row_count, byte_count, sha256, students, students_named, agreement, legal_basis"
    assert table("disclosures", told) == [
        (
            name,
            f"/home/riverbend-clever/{name}",
            COLUMNS,
            20,
            999,
            "a" * 64,
            students,
            students,
            "an agreement",
            "a law",
        )
        for name, students in (("schools.csv", 0), ("students.csv", 10))
    ]
    assert table("disclosed_students", "* EXCEPT (receipt)")[0] == (
        *("0004127", "clever_rosters", "students.csv", MONDAY, MONDAY),
    )


def test_the_files_and_the_set_are_entered_beside_each_other_and_nothing_is_asked(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That all students are named is known by how many rows were inserted."""
    rows_of("deliveries.students")
    receipts.keep(receipt := given("2026-11-23T14:01:00+00:00"))  # no other test's, whose jobs the stand-in knows
    both, enter = threading.Barrier(2, timeout=30), entries.enter

    def together(statement: str, job: str, doing: str, **about: Any) -> int:
        if job.endswith(("-files", "-set")):
            both.wait()
        return enter(statement, job, doing, **about)

    monkeypatch.setattr(entries, "enter", together)
    there.from_now_on()
    assert len(entered()) == 1
    job = f"ledger-{receipts.identity(receipt)}"
    first, *others = [event["job_id"] for event in there.asked("bigquery", "POST", "/jobs")]
    assert (first, {*others}) == (f"{job}_1", {f"{job}-files_1", f"{job}-set_1"})
    assert there.asked("bigquery", "POST", "/queries") == []
    assert counts() == ONE


def test_a_set_that_names_nobody_is_entered_by_two_jobs(there: Cloud) -> None:
    receipts.keep(receipt := given("2026-11-23T14:02:00+00:00", contents={"schools.csv": SCHOOLS}))
    there.from_now_on()
    assert len(entered()) == 1
    job = f"ledger-{receipts.identity(receipt)}"
    assert {event["job_id"] for event in there.asked("bigquery", "POST", "/jobs")} == {f"{job}-files_1", f"{job}-set_1"}
    assert there.asked("bigquery", "POST", "/queries") == []
    assert counts() == (1, 1, 0)


def test_a_set_without_files_is_entered_once(there: Cloud) -> None:
    receipts.keep(given(contents={}))
    assert len(entered()) == 1
    assert entered() == []
    assert counts() == (1, 0, 0)


def test_a_corrected_set_of_the_same_day_is_a_second_delivery(there: Cloud) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    entered()
    rows_of("deliveries.corrected", students=7)
    contents = {"students.csv": held(7, "deliveries.corrected")}
    receipts.keep(given("2026-11-23T13:00:00+00:00", "b", contents=contents))
    assert len(entered()) == 1
    assert counts() == (2, 3, 17)
    assert table("deliveries", "released_by, reason") == [("", ""), ("", "")]


def test_the_large_table_lies_by_month_and_student(there: Cloud) -> None:
    receipts.keep(given(contents={}))
    entered()
    made = warehouse._client().get_table(f"{PROJECT}.operations.disclosed_students")
    assert made.time_partitioning.field == "sent_on"
    assert made.time_partitioning.type_ == "MONTH"
    assert made.clustering_fields == ["student_number"]
    assert made.expires is None


# --------------------------------------------------------------------------------------------------- whose rows


def copied() -> dict[str, Any]:
    return given(contents={"scores.csv": held(**COPY)})


def test_a_copy_is_entered_from_the_table_of_its_feed(there: Cloud) -> None:
    rows_of("misc_imports.scores")
    receipts.keep(copied())
    entered()
    assert counts() == (1, 1, 10)


def test_a_copy_waits_for_its_table(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Its load failed in the run that sent it: no table yet, one of the day before, the first file of this day."""
    receipt = copied() | {"sent_at": manifests.now()}
    receipts.keep(receipt)
    receipts.keep(given("2026-11-23T13:00:00+00:00", contents={"schools.csv": SCHOOLS}))
    assert len(entered()) == 1  # the others do not wait with it
    for labels in ({"as_of": "2026-11-20", "sha": "0123"}, {"as_of": "2026-11-23", "sha": "4567"}, IN_WORK):
        rows_of("misc_imports.scores", labels=labels)
        done = ledger.record()
        assert (done.deliveries, done.trouble) == ([], [])
        (told,) = done.waiting
        assert told.endswith(
            "waits for scores.csv to be loaded into misc_imports.scores, which then tells whose rows it held"
        )
    assert __main__.main(["ledger", "--student", "0004127"]) == 20
    assert "waits for scores.csv" in capsys.readouterr().err
    rows_of("misc_imports.scores")
    assert len(entered()) == 1
    assert counts() == (2, 2, 10)


@pytest.mark.parametrize(
    ("hours", "labels"),
    [(0, {"as_of": "2026-11-24", "sha": "89"}), (49, {}), (49, {"as_of": "2026-11-23", "sha": "4"})],
)
def test_a_copy_whose_rows_will_not_come_waits_no_longer(there: Cloud, hours: int, labels: dict[str, str]) -> None:
    rows_of("misc_imports.scores", labels=labels)
    sent = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    receipts.keep(copied() | {"sent_at": sent.isoformat(timespec="seconds")})
    done = ledger.record()
    assert (len(done.deliveries), done.waiting) == (1, [])
    assert "the ledger does not say which 10 students were in scores.csv" in done.trouble[0].found


SCORES = catalogue.feeds()["savvas_assessment_scores"]
SCORES_TABLE = "misc_imports.savvas_assessment_scores"


def scores(students: int = 10, rows: int = 20) -> tuple[Path, dict[str, Any]]:
    """A prepared file of Monday and its manifest, which are not written yet."""
    names = [column.name for column in SCORES.contract.columns]
    others = {column.name: "x" if column.mode == "REQUIRED" else "" for column in SCORES.contract.columns}
    wanted = [",".join((others | {"student_id": f"{4127 + row % students:07}"}).values()) for row in range(rows)]
    path = PreparedTarget(SCORES, MONDAY).path
    manifests.folder(path.parent).joinpath(path.name).write_text("\n".join([",".join(names), *wanted]) + "\n")
    facts = {"rows": rows, "size": path.stat().st_size, "sha256": manifests.sha256(path)}
    parts = PreparedTarget(SCORES, MONDAY).parts()
    return path, {**facts, "contract": SCORES.contract.fingerprint, "parts": parts}


@pytest.mark.parametrize("kept", ["in the bucket", "on disk", "of another file", "nowhere"])
def test_a_copy_whose_table_went_on_to_the_next_day_is_entered_from_the_file(
    there: Cloud, tmp_path: Path, kept: str
) -> None:
    """The warehouse was down on the day itself, and the next morning loaded its own file."""
    config = Path(os.environ["LUIGI_CONFIG_PATH"])
    config.write_text(config.read_text().replace("[district]\n", f"[district]\nlanding = {tmp_path}/landing\n"))
    settings.load.cache_clear()
    path, facts = scores()
    print_ = manifests.fingerprint(facts["sha256"], facts["contract"])
    if kept == "on disk":
        manifests.save(PreparedTarget(SCORES, MONDAY).manifest_path, facts)
    if kept in ("in the bucket", "of another file"):
        if kept == "of another file":
            path, facts = scores(rows=30)
        told = {"sha256": facts["sha256"], "rows": f"{facts['rows']}", "contract": facts["contract"]}
        name = steps.stored_target(SCORES, MONDAY).name
        storage.store_file(path, name, told, over=storage.find(name))
    rows_of(SCORES_TABLE, first=9000, labels={"as_of": "2026-11-24", "sha": "89"})
    labels = {"as_of": MONDAY.isoformat(), "sha": print_}
    contents = {"scores.csv": held(student="student_id", table=SCORES_TABLE, labels=labels)}
    receipts.keep(given(contents=contents) | {"sent_at": manifests.now()})
    named = kept in ("in the bucket", "on disk")
    storage.forget()
    done = ledger.record()
    assert (len(done.deliveries), done.waiting, not done.trouble) == (1, [], named)
    assert counts() == (1, 1, 10 if named else 0)
    if named:
        assert table("disclosed_students", "student_number", "student_number")[0] == ("0004127",)
        (own,) = warehouse._client().list_tables(f"{PROJECT}.deliveries")
        assert own.expires is not None


def test_rows_that_are_gone_are_told_once_and_stay_known_as_unknown(there: Cloud) -> None:
    """Of another day, of no table, expired, and with others than were sent."""
    rows_of("misc_imports.scores")
    contents = {
        "of_friday.csv": held(**{**COPY, "labels": {"as_of": "2026-11-20", "sha": "0123"}}),
        "of_no_table.csv": held(**{**COPY, "table": "misc_imports.none"}),
        "expired.csv": held(),
        "others.csv": held(11, **COPY),
    }
    receipts.keep(given(contents=contents))
    receipts.keep(given("2026-11-23T13:00:00+00:00", rows=21, contents={"more.csv": held(**COPY)}))
    there.from_now_on()
    done = ledger.record()
    assert len(there.asked("bigquery", "POST", "/queries")) == 1
    assert len(done.deliveries) == 2
    assert sorted(told.found.partition(" students were in ")[2].partition(" ")[0] for told in done.trouble) == sorted(
        [*contents, "more.csv"]
    )
    assert [
        "the ledger does not say which 11 students were in others.csv of clever_rosters for 2026-11-23: " in told.found
        for told in done.trouble
    ].count(True) == 1
    assert counts() == (2, 5, 0)
    assert entered() == []
    assert [each.split(" ")[1] for each in disclosed.not_known()] == ["more.csv", *sorted(contents)]
    assert "it is not known whose rows they held: clever more.csv of 2026-11-23; clever exp" in disclosed.text(
        "0004127"
    )


# ------------------------------------------------------------------------------------------- what breaks in between


JOBS = {"": "whose rows", "-files": "what of each file", "-set": "that it is all"}


@pytest.mark.parametrize("of", JOBS, ids=JOBS.values())
def test_a_job_that_breaks_off_is_gone_on_with(there: Cloud, monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    """Whichever it is, the others are done or left as they are, and nobody takes the receipt for entered."""
    rows_of("deliveries.students")
    receipts.keep(receipt := given())
    name, enter = f"ledger-{receipts.identity(receipt)}{of}", entries.enter

    def break_off(statement: str, job: str, doing: str, **about: Any) -> int:
        return enter("SELECT CAST('x' AS INT64)" if job == name else statement, job, doing, **about)

    with monkeypatch.context() as patch:
        patch.setattr(entries, "enter", break_off)
        (told,) = [trouble.found for trouble in ledger.record().trouble]
    assert "was not entered in the ledger of disclosures, the next run goes on with it: entering receipts/" in told
    assert counts() == {"": (0, 0, 0), "-files": (1, 0, 10), "-set": (0, 2, 10)}[of]
    assert len(entered()) == 1
    assert counts() == ONE
    assert entered() == []


@pytest.mark.parametrize(
    ("of", "left"), [("", (0, 0, 10)), ("-files", (0, 2, 10)), ("-set", (1, 0, 10))], ids=[*JOBS.values()]
)
def test_a_run_that_is_killed_after_a_job_leaves_the_rest_to_the_next(
    there: Cloud, monkeypatch: pytest.MonkeyPatch, of: str, left: tuple[int, ...]
) -> None:
    """The other one of the two that go beside each other has not begun by then."""
    rows_of("deliveries.students")
    receipts.keep(receipt := given())
    first, enter = f"ledger-{receipts.identity(receipt)}", entries.enter

    def then_killed(statement: str, job: str, doing: str, **about: Any) -> int:
        if job not in (first, f"{first}{of}"):
            threading.Event().wait()
        inserted = enter(statement, job, doing, **about)
        if job == f"{first}{of}":
            os._exit(9)
        return inserted

    with monkeypatch.context() as patch:
        patch.setattr(entries, "enter", then_killed)
        assert in_a_fork(ledger.record) == 9
    assert counts() == left
    assert len(entered()) == 1
    assert entered() == []
    assert counts() == ONE
    assert table("disclosures", "file, students_named") == [("schools.csv", 0), ("students.csv", 10)]


def end(*ignored: Any, **named: Any) -> Any:
    os._exit(9)


def then_end(work: Callable[..., Any]) -> Callable[..., Any]:
    def doing(*given_to: Any, **named: Any) -> Any:
        work(*given_to, **named)
        os._exit(9)

    return doing


@pytest.mark.parametrize(
    ("module", "name", "killed"),
    [
        (entries, "prepare", end),
        (entries, "_create", then_end(entries._create)),
        (entries, "enter", end),
        (jobs, "_begun", then_end(jobs._begun)),  # the job has begun, nobody waits for it
        (entries, "enter", then_end(entries.enter)),
    ],
)
def test_a_run_that_is_killed_leaves_the_rest_to_the_next(
    there: Cloud, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, killed: Callable[..., Any]
) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        assert in_a_fork(ledger.record) == 9
    entered()
    entered()
    assert counts() == ONE


def missed_by(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked, and miss the same four receipts."""
    receipts.keep(given(contents={}))
    entered()
    rows_of("deliveries.students")
    for minute in range(1, 5):
        receipts.keep(given(f"2026-11-23T12:0{minute}:00+00:00"))
    storage.forget()
    missing = ledger._missing

    def together(*, lately: bool) -> list[str]:
        found = missing(lately=lately)
        both.wait()
        return found

    monkeypatch.setattr(ledger, "_missing", together)


def well() -> None:
    assert ledger.record().trouble == []


def test_two_at_once_enter_once(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, as of two machines."""
    fork = multiprocessing.get_context("fork")
    missed_by(fork.Barrier(2, timeout=30), monkeypatch)
    processes = [fork.Process(target=well) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert counts() == (5, 8, 40)


def in_two_threads() -> list[ledger.Recorded]:
    with ThreadPoolExecutor(2) as pool:
        return [each.result() for each in [pool.submit(ledger.record) for _ in range(2)]]


def test_a_process_begins_no_job_twice(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run looks whenever a set was given, and may miss what it is entering."""
    missed_by(threading.Barrier(2, timeout=30), monkeypatch)
    there.from_now_on()
    one, other = in_two_threads()
    assert (one.trouble, one.unsure, len(one.deliveries)) == (other.trouble, other.unsure, len(other.deliveries))
    assert (one.trouble, one.unsure, len(one.deliveries)) == ([], [], 4)
    posted = [event["job_id"] for event in there.asked("bigquery", "POST", "/jobs") if event["status"] == 200]
    assert len(posted) == len({job.rpartition("_")[0] for job in posted}) == 3 * 4
    assert counts() == (5, 8, 40)


def test_what_fails_in_one_thread_is_tried_by_the_other(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    missed_by(threading.Barrier(2, timeout=30), monkeypatch)
    enter, failed = entries.enter, set[str]()

    def fails_once(statement: str, job: str, doing: str, **about: Any) -> int:
        if not job.endswith(("-files", "-set")) and job not in failed:
            failed.add(job)
            raise WarehouseError("503", expected="200", next_step="run again")
        return enter(statement, job, doing, **about)

    monkeypatch.setattr(entries, "enter", fails_once)
    done = in_two_threads()
    assert sum(len(each.trouble) for each in done) == len(failed) == 4
    assert len({name for each in done for name in each.deliveries}) == 4
    assert counts() == (5, 8, 40)


def test_who_comes_when_all_is_done_enters_nothing(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """It had looked before."""
    rows_of("deliveries.students")
    receipts.keep(given())
    missing = ledger._missing(lately=False)
    entered()
    monkeypatch.setattr(ledger, "_missing", lambda **_: missing)
    ledger.record()
    assert counts() == ONE


def test_a_ledger_that_was_deleted_is_made_again(there: Cloud) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    entered()
    for name in ("deliveries", "disclosures", "disclosed_students"):
        warehouse._client().delete_table(f"{PROJECT}.operations.{name}")
    entered()
    assert counts() == ONE


def test_an_outage_is_told_in_a_sentence_and_the_next_run_goes_on(
    running: Sandbox, sandbox: Sandbox, tmp_path: Path, there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    faults = FaultFile(sandbox.folder / "faults.json")
    faults.switch_on("bigquery", "", {"status": 503, "times": 0})
    hasty = tmp_path / "hasty" / tmp_path.name  # whose last part names the bucket
    hasty.mkdir(parents=True)
    with monkeypatch.context() as patch, set_up(running, hasty, patch, timeout=1):
        (told,) = [trouble.found for trouble in ledger.record().trouble]
        assert "receipts were not entered in the ledger of disclosures, the next run goes on with it: " in told
        assert "\n" not in told
    sandbox.run("heal")
    faults.switch_on("bigquery", "", {"status": 503, "times": 1})  # of a moment: nobody notices
    entered()
    assert counts() == ONE


@pytest.mark.parametrize("spoilt", [{}, {**given(), "files": None}, given(sent_at="2026-11-22T12:00:00+00:00")])
def test_an_object_that_is_no_receipt_stops_no_other(there: Cloud, spoilt: dict[str, Any]) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    name = "receipts/2026-11-22/clever_rosters/0123456789.json"
    storage.store_json(name, spoilt, {}, over=storage.find(name))
    done = ledger.record()
    assert [f"{storage.uri(name)} is no receipt any more" in told.found for told in done.trouble] == [True]
    assert counts() == ONE


@pytest.mark.parametrize("lacks", ["agreement", "what its files held"])
def test_a_receipt_that_lacks_something_is_told(there: Cloud, lacks: str) -> None:
    receipt = given()
    if lacks in receipt:
        del receipt[lacks]
    else:
        receipt["contents"] = dict.fromkeys(receipt["contents"])
    receipts.keep(receipt)
    (told,) = [trouble.found for trouble in ledger.record().trouble]
    assert "is no receipt any more" in told
    assert counts() == (0, 0, 0)


def test_a_receipt_that_goes_while_it_is_read(there: Cloud) -> None:
    with pytest.raises(WarehouseError, match="is no receipt any more"):
        receipts.read("receipts/2026-11-22/clever_rosters/0123456789.json")


# --------------------------------------------------------------------------------------------------- one student


def week(there: Cloud) -> None:
    """Students 1 to 4 every day; student 5 from Wednesday on; on Friday a column more; a copy on Monday."""
    for day in range(23, 28):
        students, name = (4 if day < 25 else 5), f"deliveries.of_{day}"
        rows_of(name, students=students, first=1)
        columns = [*COLUMNS, "Grade"] if day == 27 else COLUMNS
        contents = {"students.csv": held(students, name, columns=columns)}
        receipts.keep(given(f"2026-11-{day}T12:00:00+00:00", contents=contents))
    rows_of("misc_imports.scores", first=5)
    receipts.keep(copied() | {"vendor": "otus", "delivery": "otus_scores"})
    entered()


def test_days_in_a_row_are_a_span_and_the_newest_is_first(there: Cloud) -> None:
    week(there)

    def spans(student: str) -> list[tuple[int, int, int, str, int]]:
        found = disclosed.of_student(student)
        return [(s.first.day, s.last.day, s.deliveries, s.vendor, len(s.columns)) for s in found]

    assert spans("0000001") == [(27, 27, 1, "clever", 4), (23, 26, 4, "clever", 3)]
    assert spans("0000005") == [(27, 27, 1, "clever", 4), (25, 26, 2, "clever", 3), (23, 23, 1, "otus", 3)]
    assert spans("5") == []


def test_a_delivery_without_the_student_ends_a_span(there: Cloud) -> None:
    for day, students in ((23, 5), (24, 4), (25, 5)):
        rows_of(f"deliveries.of_{day}", students=students, first=1)
        contents = {"students.csv": held(students, f"deliveries.of_{day}")}
        receipts.keep(given(f"2026-11-{day}T12:00:00+00:00", contents=contents))
    entered()
    assert [(span.first.day, span.last.day) for span in disclosed.of_student("0000005")] == [(25, 25), (23, 23)]
    assert [(span.first.day, span.last.day) for span in disclosed.of_student("0000001")] == [(23, 25)]


def test_each_vendors_week_is_counted_and_each_student_once(there: Cloud) -> None:
    assert disclosed.by_vendor(dt.date(2026, 11, 23), dt.date(2026, 11, 27)) == []
    week(there)

    def told(first: int, last: int) -> list[Given]:
        return disclosed.by_vendor(dt.date(2026, 11, first), dt.date(2026, 11, last))

    assert told(23, 27) == [Given("clever", 5, 5, 100, 5, 0), Given("otus", 1, 1, 20, 10, 0)]
    assert told(24, 24) == [Given("clever", 1, 1, 20, 4, 0)]
    assert told(28, 29) == []


def test_a_file_whose_students_are_not_known_is_counted_as_such(there: Cloud) -> None:
    receipts.keep(given(contents={"students.csv": held()}))
    storage.forget()
    warehouse.forget()
    ledger.record()
    assert disclosed.by_vendor(MONDAY, MONDAY) == [Given("clever", 1, 1, 20, 0, 1)]


def test_the_command_answers_a_parent(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    week(there)
    assert __main__.main(["ledger", "--student", "0000001"]) == 0
    head, newest, before = capsys.readouterr().out.strip().split("\n\n")
    assert "FERPA 34 CFR 99.32" in head
    assert "\n" not in head
    assert newest.startswith("2026-11-27  once  to clever: students.csv\n")
    assert before.split("\n") == [
        "2026-11-23 to 2026-11-26  4 deliveries  to clever: students.csv",
        "  an agreement (a law)",
        "    School_id, Student_id, Contact_name",
    ]
    assert __main__.main(["ledger", "--student", "0000001", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [span["first"] for span in told["disclosed"]] == ["2026-11-27", "2026-11-23"]
    assert told["not_known"] == []


def test_the_command_completes_the_ledger_first(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    assert __main__.main(["ledger", "--student", "0004127"]) == 0
    assert "to clever: students.csv" in capsys.readouterr().out
    assert __main__.main(["ledger"]) == 0
    assert capsys.readouterr().out == "nothing to enter\n"


def test_a_number_that_no_file_held_is_an_answer(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    assert __main__.main(["ledger", "--student", "4127' OR 'a' = 'a"]) == 0
    out = capsys.readouterr().out
    assert "No file that the ledger knows held a row of student 4127' OR 'a' = 'a. (Student numbers have their" in out


def test_a_ledger_that_is_not_complete_answers_and_says_so(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    rows_of("deliveries.students")
    receipts.keep(given())
    name = "receipts/2026-11-22/clever_rosters/0123456789.json"
    storage.store_json(name, {}, {}, over=storage.find(name))
    assert __main__.main(["ledger", "--student", "0004127", "--json"]) == 30
    told = capsys.readouterr()
    assert len(json.loads(told.out)["disclosed"]) == 1
    assert "is no receipt any more" in told.err


def test_the_stand_in_takes_a_job_id_once(there: Cloud) -> None:
    """What all of this stands on."""
    for _ in range(2):
        entries.enter("SELECT 1", f"twice-{there.bucket}", "asking")
    posted = [event for event in there.asked("bigquery", "POST", "/jobs") if event.get("job") == "query"]
    assert [event["status"] for event in posted] == [200, 409, 200]
    assert isinstance(warehouse._client().get_job(f"twice-{there.bucket}_2"), bigquery.QueryJob)
