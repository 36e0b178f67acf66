"""The adapters on a bad day of Google's: through its own clients, against stand-ins that answer as it does then."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from clouds import Cloud, in_a_fork, set_up
from pipeline.catalogue.schemas import Column
from pipeline.ground import cloud
from pipeline.ground.errors import WarehouseError
from pipeline.outbound import entries
from pipeline.outside.cloud import jobs, storage, texts, warehouse
from pipeline.sandbox.faults import FaultFile
from riverbend import PROJECT, Sandbox

COLUMNS = (Column("id", mode="REQUIRED"), Column("grade", "INT64"))
NAME = "misc/2026-11-23/students.csv"
LABELS = {"as_of": "2026-11-23", "sha": "first", "rows": "2"}
LARGE = 9 * 1024 * 1024  # more than Google's client sends in one piece


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        (tmp_path / "students.csv").write_text("id,grade\n0004127,9\n0004128,10\n")
        stored(there=made)
        loaded(there=made)
        made.from_now_on()
        yield made


@pytest.fixture
def bad_day(sandbox: Sandbox) -> Callable[..., None]:
    """Begin one: how, how often, for how long."""

    def begin(how: str, times: int = 1, seconds: float = 0.2, **more: Any) -> None:
        told = {"how": how, "times": times, "seconds": seconds, "share": 0.1, "seed": 1, **more}
        FaultFile(sandbox.folder / "faults.json").switch_on("google", "", told)

    return begin


@pytest.fixture
def failing(sandbox: Sandbox) -> Callable[..., None]:
    """Let jobs of a kind end badly for a reason, so often."""

    def begin(job: str, reason: str, times: int = 1) -> None:
        told = {"job": job, "reason": reason, "times": times}
        FaultFile(sandbox.folder / "faults.json").switch_on("job-fails", "", told)

    return begin


def file() -> Path:
    return Path(os.environ["LUIGI_CONFIG_PATH"]).with_name("students.csv")


def stored(there: Cloud) -> None:
    kept = storage.store_file(file(), NAME, {"sha256": "a"}, over=storage.find(NAME))
    there.look_again()
    assert storage.find(NAME) == kept


def stored_in_pieces(there: Cloud) -> None:
    big = file().with_name("big.csv")
    big.write_bytes(b"x" * LARGE)
    name = "misc/2026-11-23/big.csv"
    kept = storage.store_file(big, name, {"sha256": "b"}, over=storage.Stored(name))
    assert (kept.size, kept.metadata) == (LARGE, {"sha256": "b"})


def noted(there: Cloud) -> None:
    storage.store_json("notes/a/b.json", {"a": 1}, {}, over=storage.find("notes/a/b.json"))
    assert storage.read_json("notes/a/b.json") == {"a": 1}


def fetched(there: Cloud) -> None:
    storage.fetch(NAME, file().with_name("back.csv"))
    assert file().with_name("back.csv").read_bytes() == file().read_bytes()


def removed(there: Cloud) -> None:
    storage.store_json("notes/a/c.json", {}, {}, over=storage.Stored("notes/a/c.json"))
    storage.remove("notes/a/c.json")
    assert storage.read_json("notes/a/c.json") is None


def loaded(there: Cloud) -> None:
    job = f"load-{there.dataset}"
    assert warehouse.load(storage.uri(NAME), there.dataset, "students", COLUMNS, LABELS, job) == 2
    there.look_again()
    assert warehouse.find(there.dataset, "students").labels == LABELS


def frozen(there: Cloud) -> None:
    query = f"SELECT id FROM `{PROJECT}.{there.dataset}.students`"  # noqa: S608
    assert warehouse.freeze(query, f"{there.dataset}_frozen", "snapshot", {"sql": "1"}, days=14) == 2


def extracted(there: Cloud) -> None:
    [name] = warehouse.extract(there.dataset, "students", "extracts/students")
    assert storage.list_objects("extracts/")[name].size == file().stat().st_size


def asked(there: Cloud) -> None:
    question = f"SELECT COUNT(*) AS n FROM `{PROJECT}.{there.dataset}.students`"  # noqa: S608
    assert warehouse.ask(question, "counting") == [{"n": 2}]


def deployed(there: Cloud) -> None:
    text = f"SELECT id FROM `{PROJECT}.{there.dataset}.students`"  # noqa: S608
    for each in (text, f"{text} WHERE grade > 9"):
        texts.deploy(f"{there.dataset}_views", "roster", each)
        warehouse.forget()
        assert texts.of(f"{there.dataset}_views", "roster") == each


def emptied(there: Cloud) -> None:
    warehouse.empty(there.dataset, "later", COLUMNS, LABELS)
    assert warehouse.columns(there.dataset, "later") == {"id": "STRING", "grade": "INTEGER"}


def entered(there: Cloud) -> None:
    table = entries.GrowingTable(f"{there.dataset}.ledger", (Column("day"),))
    entries.prepare((table,))
    # It would insert twice, if it ran twice.
    script = f"INSERT INTO `{PROJECT}.{table.name}` (day) SELECT @day"
    entries.enter(script, f"enter/{there.dataset}", "entering", day="Monday")
    count = f"SELECT COUNT(*) AS n FROM `{PROJECT}.{table.name}`"  # noqa: S608
    assert warehouse.ask(count, "counting") == [{"n": 1}]


DEEDS = (
    *(stored, stored_in_pieces, noted, fetched, removed),
    *(loaded, frozen, extracted, asked, deployed, emptied, entered),
)


STATUSES = {"rate-limit": {403, 429}, "busy": {429}, "unavailable": {503}, "stored": {412}}
MET = (
    *(
        (how, deed)
        for how in ("rate-limit", "busy", "unavailable", "slow")
        for deed in (stored_in_pieces, noted, loaded, asked)
    ),
    *(("stored", deed) for deed in (stored, stored_in_pieces, noted)),
    *(("lost", deed) for deed in DEEDS),
)


@pytest.mark.parametrize(("how", "deed"), MET, ids=lambda each: getattr(each, "__name__", each))
def test_each_ends_well(there: Cloud, bad_day: Callable[..., None], how: str, deed: Callable[[Cloud], None]) -> None:
    there.look_again()
    bad_day(how, times=1)
    begun = time.monotonic()
    deed(there)
    requests = [event for event in there.since() if event["server"] in ("storage", "bigquery")]
    if how == "lost":  # asked twice in a row, by one who got no answer
        asked = [(event["method"], event["path"]) for event in requests]
        assert any(one == two for one, two in itertools.pairwise(asked))
    elif how == "slow":
        assert time.monotonic() - begun >= 0.2
    else:
        assert {event["status"] for event in requests} & STATUSES[how]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_each_call_of_it_may_meet_a_bad_answer(
    there: Cloud, bad_day: Callable[..., None], deed: Callable[[Cloud], None]
) -> None:
    """Not only the first call: an answer that is lost later is one whose deed is done."""
    there.look_again()
    bad_day("mix", times=0, seconds=0.05, share=0.3, seed=len(deed.__name__))
    deed(there)


@pytest.mark.parametrize("service", [cloud.STORAGE, cloud.BIGQUERY], ids=lambda service: service.name)
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("rate-limit", "(Exceeded rate limits|rate of changes)"),
        ("busy", "Too Many Requests"),
        ("unavailable", "Service Unavailable"),
        ("lost", "has not answered for 1 s"),
        ("slow", "has not answered for 1 s"),
    ],
)
def test_a_day_that_stays_bad_is_told_as_what_it_is(
    running: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bad_day: Callable[..., None],
    service: cloud.Service,
    how: str,
    told: str,
) -> None:
    bad_day(how, times=0, seconds=3)
    monkeypatch.setattr(service, "silent", "")
    with set_up(running, tmp_path, monkeypatch, timeout=1), pytest.raises(WarehouseError, match=told):
        storage.find("eis/2026-11-23/x.csv") if service is cloud.STORAGE else warehouse.find("eis", "x")


# ------------------------------------------------------------------------------------------------------------- jobs


def load_jobs(there: Cloud) -> list[str]:
    """The ids of the load jobs that were begun."""
    posted = there.asked("bigquery", "POST", "/jobs")
    return [event["job_id"] for event in posted if event.get("job") == "load" and event["status"] == 200]


def test_a_job_whose_insertion_was_not_answered_is_ours(there: Cloud, bad_day: Callable[..., None]) -> None:
    """The clock of this machine plays no part in it: the job's own label says whose it is."""
    warehouse.find(there.dataset, "students")
    bad_day("lost", times=2)  # of the label that goes, and of the job
    loaded(there)
    assert len(load_jobs(there)) == 1


def test_a_job_that_waits_for_its_turn_is_waited_for(there: Cloud, bad_day: Callable[..., None]) -> None:
    bad_day("pending", times=0, seconds=0.3)
    for deed in (loaded, frozen, asked, extracted, entered):
        deed(there)


def test_the_job_of_a_killed_run_is_waited_for_and_not_begun_twice(
    there: Cloud, bad_day: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_day("pending", times=1, seconds=2)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "_until_done", lambda job: os._exit(9))
        assert in_a_fork(lambda: loaded(there)) == 9
    there.look_again()
    loaded(there)
    assert len(load_jobs(there)) == 1


@pytest.mark.parametrize("deed", [loaded, frozen, extracted], ids=lambda deed: deed.__name__)
def test_a_job_that_outlasts_its_limit_is_stopped_and_named(
    there: Cloud, bad_day: Callable[..., None], monkeypatch: pytest.MonkeyPatch, deed: Callable[[Cloud], None]
) -> None:
    monkeypatch.setattr(jobs, "_limit", lambda: 1)
    bad_day("pending", times=0, seconds=60)
    before = time.monotonic()
    with pytest.raises(WarehouseError, match="has not ended in 1 s; it was told to stop") as caught:
        deed(there)
    assert time.monotonic() - before < 30  # the limit, and BigQuery's ten seconds of one answer to a query
    assert "look it up in the Cloud console" in caught.value.next_step
    job = warehouse._client().get_job(caught.value.found.split("the job ")[1].split()[0])
    while not job.done():
        time.sleep(0.05)
    assert job.error_result["reason"] == "stopped"


@pytest.mark.parametrize("reason", ["jobRateLimitExceeded", "backendError", "jobInternalError"])
@pytest.mark.parametrize(
    ("kind", "deed"),
    [("load", loaded), ("query", frozen), ("extract", extracted), ("query", entered)],
    ids=["load", "freeze", "extract", "enter"],
)
def test_a_job_that_bigquery_could_not_do_now_is_begun_anew(
    there: Cloud, failing: Callable[..., None], monkeypatch: pytest.MonkeyPatch, reason: str, kind: str, deed: Any
) -> None:
    monkeypatch.setattr(jobs, "_PAUSES", (0.01,) * 4)
    failing(kind, reason, times=2)
    deed(there)


@pytest.mark.parametrize("reason", ["jobRateLimitExceeded", "jobBackendError", "jobInternalError"])
def test_a_short_query_that_bigquery_could_not_do_now_is_asked_anew(
    there: Cloud, failing: Callable[..., None], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    monkeypatch.setattr(jobs, "_PAUSES", (0.01,) * 4)
    failing("query", reason, times=2)
    asked(there)


def test_a_query_that_fails_while_it_is_waited_for_is_begun_anew(
    running: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bad_day: Callable[..., None],
    failing: Callable[..., None],
) -> None:
    """Whoever waits for it is answered with its error, which says of no answer whether it is the job's or its own."""
    monkeypatch.setattr(jobs, "_PAUSES", (0.01,) * 4)
    with set_up(running, tmp_path, monkeypatch, timeout=3) as there:
        bad_day("pending", times=1, seconds=1.5)
        failing("query", "backendError")
        assert warehouse.freeze("SELECT 1 AS id", f"{there.dataset}_frozen", "snapshot", {"sql": "1"}, days=14) == 1


def test_a_job_that_can_never_be_done_is_told_with_its_id(there: Cloud, failing: Callable[..., None]) -> None:
    failing("load", "resourcesExceeded", times=0)
    with pytest.raises(WarehouseError, match="Resources exceeded") as caught:
        loaded(there)
    (job_id,) = load_jobs(there)
    assert job_id in caught.value.next_step


def test_after_some_tries_no_new_one_is_begun(
    there: Cloud, failing: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_PAUSES", (0.01,) * 4)
    failing("load", "backendError", times=0)
    with pytest.raises(WarehouseError, match="fault job-fails"):
        loaded(there)
    assert len(load_jobs(there)) == 5


# --------------------------------------------------------------------------------------------------------- listings


def test_a_listing_that_is_behind_is_not_believed_of_what_this_process_has_changed(
    there: Cloud, bad_day: Callable[..., None]
) -> None:
    """Else the look at the end of a run finds its own last tables and views not done."""
    bad_day("behind", times=0, seconds=60)
    loaded(there)  # with a look of its own at the end
    deployed(there)
    there.look_again()
    assert warehouse.find(f"{there.dataset}_views", "roster").there


def test_of_what_somebody_else_has_just_changed_a_listing_may_be_behind_and_nothing_is_lost(
    there: Cloud, bad_day: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that begins right after another one does some of its work again, and ends as it should."""
    told = {**LABELS, "sha": "second"}
    warehouse._label(there.dataset, "students", told)
    monkeypatch.setattr(warehouse, "_changed", {})
    bad_day("behind", times=0, seconds=60)
    there.look_again()
    assert warehouse.find(there.dataset, "students").labels != told
    warehouse.load(storage.uri(NAME), there.dataset, "students", COLUMNS, told, f"second-{there.dataset}")
    there.look_again()
    assert warehouse.find(there.dataset, "students").labels == told


def test_more_tables_than_a_page_are_all_listed(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    client = warehouse._client()
    for number in range(3):
        client.create_table(bigquery.Table(f"{PROJECT}.{there.dataset}.more_{number}"))
    monkeypatch.setattr(warehouse, "_PAGE", 2)
    there.look_again()
    assert all(warehouse.find(there.dataset, name).there for name in ("students", "more_0", "more_1", "more_2"))
