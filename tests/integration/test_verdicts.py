# ruff: noqa: S608  (the names in these queries are the tests' own)
"""A set on its way: held, released, discarded, compared; against the sandbox's stand-ins by Google's own clients."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from clouds import Cloud, given, set_up
from pipeline import catalogue
from pipeline.catalogue import agreement, sql
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.limits import Churn
from pipeline.chain.tasks import CheckedSet, DeliveredSet
from pipeline.ground import manifests, settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import ConfigurationError, OnHold
from pipeline.inbound import sources, steps
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import diff, evidence, inspection, snapshots, verdicts, views
from pipeline.outside.cloud import storage, texts, warehouse
from riverbend import PROJECT, Sandbox
from test_restricted import use

FRIDAY, SATURDAY, MONDAY = (dt.date(2026, 11, day) for day in (20, 21, 23))

FEED = catalogue.feeds()["gpa_current"]  # the smallest table
VIEW = f"""SELECT studentid AS Student_id, unweighted_gpa AS School_id, weighted_gpa AS Last_name
FROM `{FEED.dataset}.{FEED.name}`
"""
FILE = ViewFile(
    "own_rosters.Students",
    "students.csv",
    key=("Student_id",),
    required=("Last_name",),
    called="students",
    school="School_id",
    student="Student_id",
    churn=Churn(slack=0),
)
ROSTERS = Delivery("own_rosters", "otus", "/home/incoming", (FILE,), gone="OTUS would delete")


@pytest.fixture
def district(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A view of the test's own and an agreement that lists all of it."""
    with set_up(running, tmp_path, monkeypatch) as made:
        use(running.config, tmp_path)
        own_view(tmp_path, monkeypatch)
        yield made
        sources.forget()
        for cached in (sql.text, sql.reads):
            cached.cache_clear()
        for dataset in ("powerschool_combined", "own_rosters", "deliveries"):
            warehouse._client().delete_dataset(f"{PROJECT}.{dataset}", delete_contents=True, not_found_ok=True)


def own_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = tmp_path / "sql" / FILE.view.replace(".", "/")
    view.parent.mkdir(parents=True)
    view.with_suffix(".sql").write_text(VIEW)
    monkeypatch.setattr(sql, "folder", lambda: tmp_path / "sql")
    listed = agreement.Agreement("test", "none", FRIDAY, {FILE.name: "Student_id School_id Last_name"})
    monkeypatch.setattr(agreement, "of", lambda vendor: listed)
    sources.forget()


def arrive(date: dt.date, students: dict[str, int], last_name: str = "Smith") -> None:
    """So many students a school, as the feed's file of the date; the view is deployed and its rows are frozen."""
    target = PreparedTarget(FEED, date)
    # In a column that no view reads, so that each test's file is another one, and the jobs that load it are
    # called otherwise: after a hundred of one name none more is begun.
    own = settings.load().district.bucket
    rows = [
        f"RSD,{school}{number:03},{school},{last_name},{own}"
        for school, count in students.items()
        for number in range(count)
    ]
    with manifests.written(target.path) as draft:
        head = ",".join(column.name for column in FEED.contract.columns)
        draft.write_text("\n".join([head, *rows, ""]))
    facts = {"rows": len(rows), "size": target.path.stat().st_size, "sha256": manifests.sha256(target.path)}
    manifests.save(target.manifest_path, {**facts, "contract": FEED.contract.fingerprint, "parts": target.parts()})
    steps.store(FEED, date)
    steps.load(FEED, date)
    dataset, view = FILE.view.split(".")
    texts.deploy(dataset, view, VIEW)
    snapshots.freeze(ROSTERS, FILE, date)


def delivered(date: dt.date, students: dict[str, int]) -> None:
    arrive(date, students)
    verdicts.check(ROSTERS, date)
    given(ROSTERS, date)
    as_the_next_run()


def as_the_next_run() -> None:
    storage.forget()
    warehouse.forget()


def verdict(date: dt.date) -> dict[str, Any]:
    found = storage.read_json(evidence.verdict_name(ROSTERS, date))
    assert found
    return found


def test_a_first_set_has_nothing_to_be_compared_with(district: Cloud) -> None:
    arrive(FRIDAY, {"0105": 20})
    assert verdicts.check(ROSTERS, FRIDAY).words == "5 checks passed"
    assert [each["passed"] for each in verdict(FRIDAY)["checks"]] == [True] * 5
    assert evidence.verdict_target(ROSTERS, FRIDAY).exists()


def test_a_short_set_is_on_hold_and_says_what_would_happen(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 40, "0110": 60})
    arrive(MONDAY, {"0105": 28, "0110": 60})
    district.from_now_on()
    with pytest.raises(OnHold) as held:
        verdicts.check(ROSTERS, MONDAY)
    assert len(district.asked("bigquery", "POST", "/queries")) == 1  # of its one file
    assert held.value.found == (
        "own_rosters for 2026-11-23 is on hold: OTUS would delete 12 of 100 students: 12 at school 0105; "
        "students.csv: share of the last students that are gone (12 of 100): 0.12, must be at most 0.05; "
        "students.csv: schools of whose students more than 15% are gone: 1, must be 0"
    )
    assert f"{MORNING} release own_rosters --date {MONDAY} --reason" in held.value.next_step
    assert "Smith" not in str(held.value)
    assert not evidence.verdict_target(ROSTERS, MONDAY).exists()
    assert len(verdict(MONDAY)["checks"]) == 15
    told = list(diff.lines(ROSTERS, MONDAY, rows=False))
    assert told == [
        "own_rosters for 2026-11-23: on hold",
        "",
        "                         last  gone  added  changed",
        "students.csv (students)   100    12      0        0",
        "  school 0105              40    12      0        0",
    ]
    keys = list(diff.lines(ROSTERS, MONDAY, rows=True))[len(told) :]
    assert keys[0].strip() == diff.WARNING
    assert keys[1:] == ["\nstudents.csv: Student_id", *(f"- 0105 0105{number:03}" for number in range(28, 40))]


def test_what_was_released_goes_and_the_receipt_says_by_whom(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 40})
    arrive(MONDAY, {"0105": 28})
    with pytest.raises(OnHold):
        verdicts.check(ROSTERS, MONDAY)
    assert verdicts.release(ROSTERS, MONDAY, "a bus route was lost") == [
        "students.csv: share of the last students that are gone (12 of 40): 0.3",
        "students.csv: schools of whose students more than 15% are gone: 1",
    ]
    assert evidence.verdict_target(ROSTERS, MONDAY).exists()
    given(ROSTERS, MONDAY)
    receipt = storage.read_json(evidence.receipt_target(ROSTERS, MONDAY).name)
    assert receipt
    released = receipt["released"]
    assert released["reason"] == "a bus route was lost"
    assert released["fingerprint"] == receipt["fingerprint"]
    assert released["by"]
    assert released["at"]
    contents = receipt["contents"]["students.csv"]
    assert (contents["columns"], contents["students"]) == (["Student_id", "School_id", "Last_name"], 28)
    with pytest.raises(ConfigurationError, match="is not on hold"):
        verdicts.release(ROSTERS, MONDAY, "again")


def test_data_that_changed_after_the_release_are_looked_at_anew(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 40})
    arrive(MONDAY, {"0105": 28})
    with pytest.raises(OnHold):
        verdicts.check(ROSTERS, MONDAY)
    arrive(MONDAY, {"0105": 20})
    with pytest.raises(OnHold, match="changed since it was put on hold"):
        verdicts.release(ROSTERS, MONDAY, "as looked at")
    assert "the data changed since" in "\n".join(diff.lines(ROSTERS, MONDAY, rows=False))
    arrive(MONDAY, {"0105": 28})
    verdicts.release(ROSTERS, MONDAY, "as looked at")
    assert evidence.verdict_target(ROSTERS, MONDAY).exists()
    arrive(MONDAY, {"0105": 20})
    assert not evidence.verdict_target(ROSTERS, MONDAY).exists()
    with pytest.raises(OnHold, match="OTUS would delete 20 of 40"):
        verdicts.check(ROSTERS, MONDAY)


def test_a_hold_expires_when_a_later_set_was_looked_at(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 40})
    arrive(SATURDAY, {"0105": 28})
    with pytest.raises(OnHold):
        verdicts.check(ROSTERS, SATURDAY)
    arrive(MONDAY, {"0105": 27})
    with pytest.raises(OnHold):
        verdicts.check(ROSTERS, MONDAY)
    for decide in (verdicts.release, verdicts.discard):
        with pytest.raises(ConfigurationError, match="for 2026-11-21 has expired: the set of 2026-11-23"):
            decide(ROSTERS, SATURDAY, "too late")
    verdicts.release(ROSTERS, MONDAY, "in time")


def test_a_discarded_set_is_nobody_s_business_any_more(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 40})
    arrive(MONDAY, {"0105": 28})
    with pytest.raises(OnHold):
        verdicts.check(ROSTERS, MONDAY)
    verdicts.discard(ROSTERS, MONDAY, "the export was broken off")
    assert verdicts.discarded(ROSTERS, MONDAY)
    assert verdict(MONDAY)["discarded"]["reason"] == "the export was broken off"
    assert len(verdict(MONDAY)["checks"]) == 15
    as_the_next_run()
    assert verdicts.discarded(ROSTERS, MONDAY)
    assert not verdicts.discarded(ROSTERS, FRIDAY)
    with pytest.raises(ConfigurationError, match="was discarded for 2026-11-23"):
        verdicts.release(ROSTERS, MONDAY, "after all")


@pytest.mark.parametrize("looks_anew", [False, True])
def test_a_discard_stays_that_comes_while_the_set_is_checked(
    district: Cloud, monkeypatch: pytest.MonkeyPatch, looks_anew: bool
) -> None:
    """With another machine at work each task of this one looks anew at what the bucket has."""
    delivered(FRIDAY, {"0105": 40})
    arrive(MONDAY, {"0105": 40})
    looked = inspection.of_set

    def meanwhile(*told: Any) -> Any:
        found = looked(*told)
        blob = storage._bucket().blob(evidence.verdict_name(ROSTERS, MONDAY))
        blob.metadata = {"may_go": "discarded", "fingerprint": ""}
        blob.upload_from_string(json.dumps({"may_go": "discarded"}))  # by `morning discard`
        if looks_anew:
            storage.forget()
        return found

    monkeypatch.setattr(inspection, "of_set", meanwhile)
    CheckedSet(date=MONDAY, delivery=ROSTERS).run()
    assert verdict(MONDAY)["may_go"] == "discarded"
    as_the_next_run()
    assert DeliveredSet(date=MONDAY, delivery=ROSTERS).superseded()


def test_a_set_that_was_discarded_before_it_is_checked_stays_so(district: Cloud) -> None:
    arrive(FRIDAY, {"0105": 40})
    task = CheckedSet(date=FRIDAY, delivery=ROSTERS)
    assert not task.superseded()
    verdicts.discard(ROSTERS, FRIDAY, "no school today")
    storage._remember(storage.Stored(evidence.verdict_name(ROSTERS, FRIDAY)))  # this run has looked before
    task.run()
    assert verdict(FRIDAY)["may_go"] == "discarded"


def test_a_verdict_is_of_what_was_checked(district: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine stores a correction while this one checks."""
    delivered(FRIDAY, {"0105": 40})
    arrive(MONDAY, {"0105": 40})
    looked, checked = inspection.of_set, list[str]()

    def meanwhile(*told: Any) -> Any:
        found = looked(*told)
        checked.append(evidence.fingerprint(ROSTERS, MONDAY))
        if len(checked) == 1:
            arrive(MONDAY, {"0105": 39})
            as_the_next_run()
        return found

    monkeypatch.setattr(inspection, "of_set", meanwhile)
    CheckedSet(date=MONDAY, delivery=ROSTERS).run()
    assert len(checked) == 2
    assert checked[0] != checked[1] == verdict(MONDAY)["fingerprint"] == evidence.fingerprint(ROSTERS, MONDAY)


def test_what_has_gone_and_what_is_to_come_cannot_be_discarded(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 40})
    with pytest.raises(ConfigurationError, match="has been delivered"):
        verdicts.discard(ROSTERS, FRIDAY, "too late")
    with pytest.raises(ConfigurationError, match="is still to come"):
        verdicts.discard(ROSTERS, dt.date(2199, 1, 1), "too early")


def test_a_set_can_be_discarded_before_anybody_looked_at_it(district: Cloud) -> None:
    verdicts.discard(ROSTERS, FRIDAY, "no school today")
    assert verdicts.discarded(ROSTERS, FRIDAY)
    with pytest.raises(ConfigurationError, match="nobody has looked at own_rosters for 2026-11-20 yet"):
        list(diff.lines(ROSTERS, FRIDAY, rows=False))


def test_a_column_that_the_agreement_does_not_list_stops_the_set(
    district: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = agreement.Agreement("test", "none", FRIDAY, {FILE.name: "Student_id School_id"})
    monkeypatch.setattr(agreement, "of", lambda vendor: less)
    arrive(FRIDAY, {"0105": 20})
    with pytest.raises(OnHold, match=r"columns that the agreement does not list \(Last_name\): 1, must be 0"):
        verdicts.check(ROSTERS, FRIDAY)


def test_a_file_that_goes_on_as_it_came_is_read_too(district: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "beyond", lambda vendor, file, columns: [])
    scores = Delivery("own_scores", "otus", "/home/incoming", (LandedCopy(FEED.name, "scores.csv"),))
    arrive(FRIDAY, {"0105": 3}, last_name="Díaz")
    assert verdicts.check(scores, FRIDAY).words == "2 checks passed"
    arrive(MONDAY, {"0105": 3}, last_name="Díaz".encode().decode("cp1252"))
    told = r"scores.csv: rows with text that was decoded wrongly before it came \(Ã© for é, or U\+FFFD\): 3, must be 0"
    with pytest.raises(OnHold, match=told):
        verdicts.check(scores, MONDAY)


def test_a_set_whose_school_column_was_not_sent_before_has_nothing_to_compare_with(district: Cloud) -> None:
    delivered(FRIDAY, {"0105": 20})
    last = snapshots.qualified(snapshots.snapshot_target(ROSTERS, FILE, FRIDAY))
    warehouse.ask(f"CREATE OR REPLACE TABLE `{last}` AS SELECT Student_id FROM `{last}`", "taking columns away")
    arrive(MONDAY, {"0105": 20})
    with pytest.raises(OnHold, match="tables with the last delivery's rows to compare with: 0"):
        verdicts.check(ROSTERS, MONDAY)


# A column of each kind of type that is no text, a line each; what it is called by, and how it is given as text.
TYPES = {
    "SAFE_CAST(studentid AS INT64)": ("INTEGER", "CAST(… AS STRING)"),
    "studentid = 'x'": ("BOOLEAN", "CAST(… AS STRING)"),
    "PARSE_DATE('%Y', '2026')": ("DATE", "FORMAT_DATE('%m/%d/%Y', …)"),
    "PARSE_TIMESTAMP('%Y', '2026')": ("TIMESTAMP", "FORMAT_TIMESTAMP('%m/%d/%Y %H:%M', …, '<time zone>')"),
    "[studentid]": ("ARRAY<STRING>", "ARRAY_TO_STRING(…, ', ') of an array of STRING"),
    "STRUCT(studentid AS a)": ("STRUCT", "each of its fields in a column of its own"),
}


def test_columns_that_are_no_text_are_told_before_anything_is_asked_of_them(district: Cloud) -> None:
    """Whatever `morning check` was not asked, or could not know."""
    arrive(FRIDAY, {"0105": 3})
    file = sql.file(FILE.view)
    kinds = "".join(f",\n  {expression} AS kind_{number}" for number, expression in enumerate(TYPES))
    file.write_text(VIEW.replace("\nFROM", f"{kinds}\nFROM"))
    sql.text.cache_clear()
    views.deploy(FILE.view)
    as_the_next_run()
    snapshots.freeze(ROSTERS, FILE, FRIDAY)
    district.from_now_on()
    with pytest.raises(ConfigurationError) as refused:
        verdicts.check(ROSTERS, FRIDAY)
    named = {f"kind_{number}": told for number, told in enumerate(TYPES.values())}
    assert refused.value.found == "; ".join(
        f"{file}, line {line}: {name} of own_rosters.Students is of type {type_}, and goes out"
        for line, (name, (type_, _)) in enumerate(named.items(), 2)
    )
    steps = [f"give {name} as text: {written}" for name, (_, written) in named.items()]
    assert refused.value.next_step == "; ".join([*steps, "then run again"])
    assert district.asked("bigquery", "POST", "/jobs") == district.asked("bigquery", "POST", "/queries") == []


# ------------------------------------------------------------------------------------------- the same period once more


@pytest.mark.parametrize("again", ["when-changed", "never-same-day"])
def test_a_correction_of_the_same_day_goes_by_the_row_s_word(
    district: Cloud, again: Literal["when-changed", "never-same-day"]
) -> None:
    rosters = replace(ROSTERS, again=again)
    delivered(FRIDAY, {"0105": 3})
    to_do = DeliveredSet(date=FRIDAY, delivery=rosters)
    assert to_do.output().exists()
    arrive(FRIDAY, {"0105": 3}, last_name="Jones")
    as_the_next_run()
    passed = again == "never-same-day"
    assert (to_do.output().exists(), to_do.superseded()) == (passed, passed)
    arrive(MONDAY, {"0105": 3}, last_name="Jones")
    as_the_next_run()
    next_day = DeliveredSet(date=MONDAY, delivery=rosters)
    assert (next_day.output().exists(), next_day.superseded()) == (False, False)
