# ruff: noqa: S608  (the names in these queries are the tests' own)
"""From what the tasks wrote down to rows of `operations.loads` and `runs`, once each; and what is usual by them."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clouds import Cloud, in_a_fork, set_up
from pipeline import __main__
from pipeline.ground import journal, manifests, settings
from pipeline.ground.errors import WarehouseError
from pipeline.outbound import entries, happened, history
from pipeline.outbound.history import Usual
from pipeline.outside.cloud import jobs, warehouse
from pipeline.run import chronicle
from pipeline.run.outcome import Outcome
from pipeline.sandbox.faults import FaultFile
from riverbend import PROJECT, Sandbox
from test_ledger import end, given, then_end

MONDAY = dt.date(2026, 11, 23)
RUN = "morning 2026-11-23T11:55:00+00:00"


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        monkeypatch.setenv(journal.RUN, RUN)
        monkeypatch.setattr(journal, "_root", lambda: tmp_path / "history")
        yield made
        for dataset in ("operations", "misc_imports"):
            warehouse._client().delete_dataset(f"{PROJECT}.{dataset}", delete_contents=True, not_found_ok=True)


def told(day: int = 23, rows: int = 310, sha: str = "aa", **changes: Any) -> dict[str, Any]:
    """What a task writes down of a load of `students`, with BLF's 100 rows."""
    return {
        "kind": "table",
        "flow": "students",
        "dataset": "misc_imports",
        "date": f"2026-11-{day}",
        "sha": sha,
        "rows": rows + 100,
        "parts": {"RSD": rows, "BLF": 100},
        "bytes": 1000,
        "changed_at": f"2026-11-{day}T10:00:00+00:00",
        "landed_at": f"2026-11-{day}T10:30:00+00:00",
        "begun_at": f"2026-11-{day}T11:00:00+00:00",
        "done_at": f"2026-11-{day}T11:00:02+00:00",
        "seconds": 1.5,
        "remarks": ["was cp1252"],
        **changes,
    }


def wrote(*loads: dict[str, Any]) -> None:
    for load in loads:
        journal.write(f"load-{load['flow']}-{load['date']}-{load['sha']}", load)


def table(name: str, columns: str = "*", order: str = "1") -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM `{PROJECT}.operations.{name}` ORDER BY {order}"
    return [row.values() for row in warehouse._client().query_and_wait(query)]


def count(name: str = "loads") -> int:
    number: int = table(name, "COUNT(*)")[0][0]
    return number


def next_run() -> None:
    """As the next run does."""
    warehouse.forget()
    happened.record()


# ------------------------------------------------------------------------------------------------- rows, once each


def test_where_nothing_happened_nothing_is_asked(there: Cloud) -> None:
    next_run()
    assert there.since() == []
    assert history.usual(["students"], MONDAY) == {}
    assert (history.rows_of("students", until=MONDAY), history.runs(until=MONDAY)) == ([], [])
    assert history.last_good() == {}
    assert there.asked("bigquery", "POST", "/queries") == []


def test_what_was_written_down_becomes_a_row_once(there: Cloud, tmp_path: Path) -> None:
    wrote(told())
    next_run()
    assert table("loads", "* EXCEPT (entry)") == [
        (
            *("table", "students", MONDAY, 410, 1000, ["RSD", "BLF"], [310, 100], "aa"),
            *(dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC), dt.datetime(2026, 11, 23, 10, 30, tzinfo=dt.UTC)),
            *(dt.datetime(2026, 11, 23, 11, 0, 2, tzinfo=dt.UTC), 1.5, ["was cp1252"], RUN),
        )
    ]
    assert list((tmp_path / "history").iterdir()) == []
    there.from_now_on()
    next_run()
    assert there.since() == []


def test_a_corrected_file_is_one_more_row_and_counts_for_its_day(there: Cloud) -> None:
    wrote(told(22), told())
    next_run()
    wrote(told(rows=300, sha="bb", begun_at="2026-11-23T12:00:00+00:00", done_at="2026-11-23T12:00:09+00:00"))
    next_run()
    assert count() == 3
    found = history.rows_of("students", until=MONDAY)
    assert [(point.date.day, point.rows) for point in found] == [(23, 400), (22, 410)]


def test_a_table_that_is_loaded_anew_is_one_more_row(there: Cloud) -> None:
    """The file of before, again: after a correction, or when somebody deleted the table."""
    wrote(told())
    next_run()
    wrote(told(begun_at="2026-11-23T12:00:00+00:00"))
    next_run()
    assert count() == 2


def test_a_set_is_a_row_with_its_files(there: Cloud) -> None:
    receipt = given(released={"by": "ada", "at": "x", "reason": "they moved"}, older_inputs={"students": "2026-11-20"})
    happened.given(receipt, 2.5)
    happened.given(receipt, None)  # when a run goes on with what a killed one left
    next_run()
    columns = "kind, flow, date, row_count, byte_count, parts, part_rows, done_at, seconds, remarks"
    assert table("loads", columns) == [
        (
            *("set", "clever_rosters", MONDAY, 40, 1998, ["schools.csv", "students.csv"], [20, 20]),
            *(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), None),
            ["somebody released it", "students was of 2026-11-20"],
        )
    ]
    happened.given(receipt, 2.5)
    next_run()
    assert count() == 1


def test_more_than_one_statement_holds(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happened, "AT_ONCE", 3)
    wrote(*(told(day) for day in range(10, 19)))
    next_run()
    assert count() == 9


def test_the_tables_lie_by_month(there: Cloud) -> None:
    wrote(told())
    next_run()
    made = warehouse._client().get_table(f"{PROJECT}.operations.loads")
    assert (made.time_partitioning.field, made.time_partitioning.type_) == ("date", "MONTH")
    assert made.clustering_fields == ["flow"]
    assert made.expires is None


# ------------------------------------------------------------------------------------------- what breaks in between


def test_a_load_that_a_kill_left_without_an_end_counts_when_the_table_says_so(there: Cloud) -> None:
    cut = {key: value for key, value in told().items() if key not in ("done_at", "seconds")}
    wrote(cut)
    next_run()
    assert journal.left()
    query = "SELECT 1 AS one"
    warehouse.freeze(query, "misc_imports", "students", {"as_of": "2026-11-23", "sha": "other"}, days=1)
    next_run()
    assert journal.left()
    warehouse.freeze(query, "misc_imports", "students", {"as_of": "2026-11-23", "sha": "aa"}, days=1)
    next_run()
    assert not journal.left()
    assert table("loads", "row_count, done_at, seconds") == [(410, dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC), None)]


def test_what_the_next_run_loads_is_not_a_killed_ones_too(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut() -> None:
        with journal.during("load-students", told()):
            end()

    assert in_a_fork(cut) == 9
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T12:15:00+00:00")
    with journal.during("load-students", told()):
        pass
    next_run()
    assert table("loads", "run") == [("morning 2026-11-23T12:15:00+00:00",)]


def test_a_kill_in_the_middle_of_writing_something_down_leaves_nothing(
    there: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever was just writing in another run, by hand or of the week, writes once more."""

    def cut() -> None:
        monkeypatch.setattr(manifests, "_flush", lambda path: end())
        wrote(told())

    assert in_a_fork(cut) == 9
    (draft,) = (tmp_path / "history").rglob(".*.part")
    next_run()
    assert draft.exists()  # this very run may be writing
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T12:15:00+00:00")
    flush = manifests._flush

    def swept(path: Path) -> None:
        monkeypatch.setattr(manifests, "_flush", flush)
        monkeypatch.setenv(journal.RUN, "week 2026-11-23T12:15:00+00:00")
        journal.left()
        monkeypatch.setenv(journal.RUN, "morning 2026-11-23T12:15:00+00:00")
        flush(path)

    monkeypatch.setattr(manifests, "_flush", swept)
    wrote(told(rows=311))
    assert not draft.parent.exists()
    next_run()
    assert [(*row,) for row in table("loads", "row_count")] == [(411,)]
    assert not list((tmp_path / "history").rglob("*"))


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
    wrote(told(), told(24))
    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        assert in_a_fork(happened.record) == 9
    next_run()
    next_run()
    assert count() == 2


def test_two_at_once_enter_once(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read what is left."""
    wrote(told(22))
    next_run()
    wrote(told(23), told(24))
    both, left = threading.Barrier(2, timeout=30), journal.left

    def together() -> Any:
        found = left()
        both.wait()
        return found

    monkeypatch.setattr(journal, "left", together)
    threads = [threading.Thread(target=happened.record) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count() == 3


def test_a_job_that_enters_what_the_tasks_did_is_not_taken_for_the_run_s_own(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may still be at work, though nobody waits for it any more."""
    named: list[str] = []
    enter = entries.enter

    def noted(script: str, job: str, *told: Any, **values: Any) -> None:
        named.append(job)
        enter(script, job, *told, **values)

    monkeypatch.setattr(entries, "enter", noted)
    begun = chronicle.begin("Morning", MONDAY)
    wrote(told())
    happened.record()
    assert (count(), len(named)) == (1, 1)
    assert chronicle.end(begun, Outcome(), [], news=True) == []
    assert (count(), count("runs")) == (1, 1)
    assert len({*named}) == 2


@pytest.mark.parametrize(
    "spoilt", [{}, {"kind": "table"}, told(date="soon"), told(parts=None), {**told(), "rows": "many"}]
)
def test_what_cannot_be_read_stops_nothing_else(there: Cloud, spoilt: dict[str, Any]) -> None:
    journal.write("spoilt", spoilt)
    wrote(told())
    next_run()
    assert count() == 1


def test_an_outage_is_a_remark_and_the_next_run_goes_on(
    running: Sandbox, sandbox: Sandbox, tmp_path: Path, there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = chronicle.begin("Morning", MONDAY)
    wrote(told())
    faults = FaultFile(sandbox.folder / "faults.json")
    faults.switch_on("bigquery", "", {"status": 503, "times": 0})
    hasty = tmp_path / "hasty" / tmp_path.name  # whose last part names the bucket
    hasty.mkdir(parents=True)
    outcome = Outcome()
    with monkeypatch.context() as patch, set_up(running, hasty, patch, timeout=1):
        (remark,) = chronicle.end(begun, outcome, [], news=True)
        with pytest.raises(WarehouseError):
            history.last_good()
    assert remark.startswith("the history was not completed, the next run goes on with it: ")
    assert "\n" not in remark
    assert outcome.code == 0
    sandbox.run("heal")
    next_run()
    assert (count(), count("runs")) == (1, 1)


def test_a_full_disk_is_only_logged(there: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, told: dict[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(manifests, "save", full)
    wrote(told())
    assert not journal.left()


# ---------------------------------------------------------------------------------------------------------- the runs


def run(name: str = "Morning", at: str = "11", *, news: bool = True, code: int = 0) -> None:
    begun = {**chronicle.begin(name, MONDAY), "began": f"2026-11-23T{at}:00:00+00:00"}
    assert chronicle.end(begun, Outcome(code), [], news=news) == []


def test_a_run_is_a_row_and_one_that_changed_nothing_is_none(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    run(at="11", code=20)
    there.from_now_on()
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T12:00:00+00:00")
    run(at="12", code=20, news=False)
    assert there.since() == []
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T13:00:00+00:00")
    run(at="13", code=0)
    found = history.runs(until=MONDAY)
    assert [(each.wrapper, each.began.hour, each.exit_code) for each in found] == [
        ("Morning", 7, 0),
        ("Morning", 5, 20),
    ]
    assert {each.ended is not None for each in found} == {True}
    assert history.runs(until=MONDAY - dt.timedelta(days=1)) == []


def test_a_killed_run_is_entered_by_the_next_one_without_an_end(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    chronicle.begin("Morning", MONDAY)
    monkeypatch.setenv(journal.RUN, "morning 2026-11-23T12:00:00+00:00")
    run(at="12")
    assert sorted(row[0] is None for row in table("runs", "exit_code")) == [False, True]


# -------------------------------------------------------------------------------------------------- what is usual


def test_the_usual_rows_are_those_of_the_last_ten_days_before(there: Cloud) -> None:
    wrote(*(told(day, rows=300 + day, sha=f"{day}") for day in range(10, 24)))
    next_run()
    there.from_now_on()
    found = history.usual(["students", ("students", "RSD"), ("students", "BLF"), "cc", ("students", "XY")], MONDAY)
    assert found == {
        "students": Usual(413, 422, 10),
        ("students", "RSD"): Usual(313, 322, 10),
        ("students", "BLF"): Usual(100, 100, 10),
    }
    assert len(there.asked("bigquery", "POST", "/queries")) == 1
    assert [str(found[name]) for name in ("students", ("students", "BLF"))] == ["usually 413–422", "usually 100"]  # noqa: RUF001
    assert history.usual(["students"], dt.date(2026, 11, 12)) == {"students": Usual(410, 411, 2)}
    assert history.usual(["students"], MONDAY + history.LONGEST + dt.timedelta(days=30)) == {}


def test_a_part_has_points_of_its_own(there: Cloud) -> None:
    wrote(told(22), told(23, parts={"RSD": 299}, sha="bb"))
    next_run()
    assert [(p.date.day, p.rows, p.bytes) for p in history.rows_of(("students", "RSD"), until=MONDAY)] == [
        (23, 299, None),
        (22, 310, None),
    ]
    assert [p.date.day for p in history.rows_of(("students", "BLF"), until=MONDAY)] == [22]
    assert [p.date.day for p in history.rows_of("students", days=1, until=MONDAY)] == [23]
    assert history.last_good() == {"students": MONDAY}


def test_moments_are_those_of_the_district(there: Cloud) -> None:
    wrote(told())
    next_run()
    (point,) = history.rows_of("students", until=MONDAY)
    assert point.done_at.tzinfo == settings.load().district.zone
    assert f"{point.done_at:%H:%M}" == "05:00"
    assert (point.parts, point.seconds, point.remarks) == ({"RSD": 310, "BLF": 100}, 1.5, ("was cp1252",))


# ---------------------------------------------------------------------------------------------------- the command


def test_the_command_tells_the_days_and_what_is_usual(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    wrote(told(20, rows=300, sha="a"), told(22, rows=309, sha="b"), told(rows=1310, seconds=None, landed_at=None))
    next_run()
    assert __main__.main(["history", "powerschool_combined.students", "--date", "2026-11-23"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "students: usually 400–409 rows (the last 2 days before)",  # noqa: RUF001
        "students RSD: usually 300–309 rows (the last 2 days before)",  # noqa: RUF001
        "students BLF: usually 100 rows (the last 2 days before)",
        "",
        "date         rows   bytes  came         loaded        took",
        "2026-11-23  1,410  1.0 kB               11-23 05:00         RSD 1,310, BLF 100; was cp1252",
        "2026-11-22    409  1.0 kB  11-22 04:30  11-22 05:00  1.5 s  RSD 309, BLF 100; was cp1252",
        "2026-11-20    400  1.0 kB  11-20 04:30  11-20 05:00  1.5 s  RSD 300, BLF 100; was cp1252",
    ]
    assert __main__.main(["history", "students RSD", "--date", "2026-11-23", "--days", "2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["usual"]) == ("students RSD", {"low": 300, "high": 309, "days": 2})
    assert [(day["date"], day["rows"]) for day in found["days"]] == [("2026-11-23", 1310), ("2026-11-22", 309)]


def test_a_file_s_name_is_that_of_each_set_that_has_it(there: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    happened.given(given(), 2.5)
    next_run()
    assert __main__.main(["history", "students.csv", "--date", "2026-11-23"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("clever_rosters/students.csv: no earlier day is known\n")
    assert "given" in out
    assert __main__.main(["history", "clever", "--date", "2026-11-20"]) == 0
    assert capsys.readouterr().out == "clever_rosters: the history knows no day of it\n"
