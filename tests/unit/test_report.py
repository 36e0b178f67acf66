"""How a morning stands by what its last run left: what is still to be made, holds that another run made, notes of other
versions, and what could not be looked at."""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.ground import settings
from pipeline.ground.errors import LoginRefused, OnHold, PipelineError
from pipeline.inbound import lateness
from pipeline.outbound import verdicts
from pipeline.outside import refusals
from pipeline.outside.refusals import Key
from pipeline.run import notes, releasing, report, status
from pipeline.run.failures import Failure, kept, of_error, of_words
from pipeline.run.notify import promises
from pipeline.run.outcome import Outcome
from pipeline.run.status import Flow, Seen

from .conftest import Configure

MONDAY = dt.date(2026, 11, 23)
STUDENTS = Flow("students", "in", "loaded")
CLEVER = Flow("clever_rosters", "out", "delivered")
WEEKLY = Flow("otus_attendance_discipline", "out", "waiting", cadence="weekly")
Sees = Callable[..., None]


@pytest.fixture
def sees(monkeypatch: pytest.MonkeyPatch) -> Sees:
    """What a look sees now."""
    monkeypatch.setattr(verdicts, "hold", lambda delivery, date: hold(delivery.name))

    def set_to(*flows: Flow, failures: tuple[Failure, ...] = ()) -> None:
        monkeypatch.setattr(status, "seen", lambda *_: Seen([*flows], [*failures], set()))

    return set_to


def hold(name: str) -> OnHold:
    return OnHold(f"{name} is on hold", expected="none", next_step=verdicts.advice([name], MONDAY))


def held(name: str) -> Failure:
    told = {"error": "OnHold", "task": "CheckedSet", "of": name, "flow": name}
    return Failure("on hold", f"{name} is on hold", "none", verdicts.advice([name], MONDAY), **told)


def note(wrapper: str, *failures: Failure, exit_code: int = 0, **more: Any) -> None:
    notes.keep(wrapper, MONDAY, {**Outcome(exit_code, [*failures]).as_json(), **more})


@pytest.mark.parametrize(
    ("state", "standing", "code", "left"),
    [
        ((STUDENTS, CLEVER, WEEKLY), "done", 0, ()),  # the week's are the weekly wrapper's
        ((STUDENTS, replace(CLEVER, state="waiting")), "not done", 20, ("clever_rosters",)),  # released, or corrected
        ((replace(STUDENTS, state="landed"), CLEVER), "not done", 20, ("students",)),  # the run was killed
        ((replace(STUDENTS, state="late"), CLEVER), "not done", 20, ("students",)),
        ((replace(STUDENTS, state="not today"), replace(CLEVER, state="not today")), "done", 0, ()),
    ],
)
def test_a_morning_of_which_something_is_left_is_not_done(
    sees: Sees, state: tuple[Flow, ...], standing: str, code: int, left: tuple[str, ...]
) -> None:
    sees(*state)
    note("Morning")
    found = report.of("Morning", MONDAY)
    assert (found.standing, found.code, found.left) == (standing, code, left)
    assert report.of_day(MONDAY).code == code
    assert (f"{len(left)} still to be made" in found.headline) == bool(left)


def test_nothing_is_left_of_a_day_that_is_still_to_come(sees: Sees) -> None:
    sees(replace(CLEVER, state="waiting"))
    found = report.of("Morning", settings.load().today() + dt.timedelta(days=1))
    assert (found.standing, found.code) == ("done", 0)


def test_a_hold_that_another_run_made_is_a_cause_with_its_command(sees: Sees) -> None:
    sees(STUDENTS, replace(CLEVER, state="on hold"))
    note("Morning")
    found = report.of("Morning", MONDAY)
    ((cause),) = found.causes
    assert (found.code, cause.name, cause.flows) == (40, "clever_rosters", ("clever_rosters",))
    assert any("release clever_rosters" in command for command in cause.commands)


def test_both_wrappers_holds_of_one_table_are_one_cause_and_are_released_together(sees: Sees) -> None:
    sees(replace(CLEVER, state="on hold"), replace(WEEKLY, state="on hold"))
    short = "students RSD 310, usually 409–414"  # noqa: RUF001
    note("Morning", replace(held("clever_rosters"), shared=short, table="students"), exit_code=40)
    note("Week", replace(held("otus_attendance_discipline"), shared=short, table="students"), exit_code=40)
    day = report.of_day(MONDAY)
    (cause,) = day.causes
    assert cause.flows == ("clever_rosters", "otus_attendance_discipline")
    assert day.as_json()["week"]["standing"] == "on hold"
    assert releasing.named([], "students", MONDAY) == ["clever_rosters", "otus_attendance_discipline"]
    with pytest.raises(PipelineError, match="nothing is on hold for cc"):
        releasing.named([], "cc", MONDAY)


def test_a_hold_of_the_week_alone_is_the_day_s(sees: Sees) -> None:
    sees(CLEVER, replace(WEEKLY, state="on hold"))
    note("Morning")
    day = report.of_day(MONDAY)
    assert (day.morning.code, day.week.code, day.code) == (0, 40, 40)
    assert day.as_json()["exit"] == 40


def test_only_some_flows_tell_of_these_alone(sees: Sees) -> None:
    others = Failure("broken", "no such schema", flow="terms", of="terms")
    sees(STUDENTS, CLEVER, failures=(others, replace(others, flow="")))
    found = report.of("Only-students", MONDAY, Outcome(), {"students"})
    assert ([flow.flow for flow in found.flows], len(found.causes)) == (["students"], 1)


@pytest.mark.parametrize(
    ("left", "found"),
    [
        ({"exit": 0}, []),
        ({"exit": 30, "failed": [], "late": []}, ["the last run ended with 30, and another version"]),
        ({"exit": 20, "failures": "?"}, ["the last run ended with 20, and another version"]),
        ({"a": 1}, []),
        ({"exit": 30, "failures": [{"harm": "broken", "found": "x", "of_tomorrow": 1}]}, ["x"]),
    ],
)
def test_a_note_of_another_version_is_read_as_far_as_it_goes(left: dict[str, Any], found: list[str]) -> None:
    said = [failure.found for failure in kept(left)]
    assert [told.startswith(words) for told, words in zip(said, found, strict=True)] == [True] * len(found)
    assert status.from_json({"flows": [{"flow": "a", "of_tomorrow": 1}]}) == {}


def test_what_nobody_could_look_at_is_as_of_when_somebody_could(sees: Sees) -> None:
    """However many runs have failed since: each keeps it in its own note."""
    told = asdict(replace(CLEVER, as_of="2026-11-23T11:00:00+00:00"))
    note("Morning", flows=[told, asdict(STUDENTS)])
    known = status.from_json(notes.of("Morning", MONDAY) or {})
    assert known["clever_rosters"].as_of == "2026-11-23T11:00:00+00:00"
    assert known["students"].as_of == (notes.of("Morning", MONDAY) or {})["ended_at"]
    sees(replace(known["clever_rosters"], stale=True), replace(known["students"], stale=True))
    as_of = report.of("Morning", MONDAY, Outcome()).as_of
    assert as_of is not None
    assert as_of.isoformat() == "2026-11-23T05:00:00-06:00"
    sees(STUDENTS)
    assert report.of("Morning", MONDAY, Outcome()).as_of is None


def test_a_schedule_that_is_none_is_a_remark(sees: Sees, configure: Configure) -> None:
    today = configure(district={"schedule": "every morning"}).today()
    sees(STUDENTS)
    found = report.of("Morning", today, Outcome())
    assert (found.code, found.next_run) == (0, None)
    assert "[district] schedule = every morning" in found.remarks[0]


def test_what_is_told_as_a_failure_is_no_remark_besides(sees: Sees) -> None:
    sees(STUDENTS)
    failure = of_words("found: x\nexpected: y\nnext: z")
    outcome = Outcome(30, [failure], remarks=[str(failure), "another one"])
    assert report.of("Morning", MONDAY, outcome).remarks == ("another one",)


def test_what_was_late_is_broken_when_its_deadline_has_come_since(sees: Sees, monkeypatch: pytest.MonkeyPatch) -> None:
    sees(replace(STUDENTS, state="late"))
    late = Failure("late", "students RSD: nothing", next="nothing before 10:00", of="students RSD", flow="students")
    note("Morning", late, exit_code=20)
    assert report.of("Morning", MONDAY).code == 20
    monkeypatch.setattr(lateness, "overdue", lambda *_: True)
    assert report.of("Morning", MONDAY).code == 30


def test_a_login_that_is_let_again_is_no_cause_any_more(sees: Sees) -> None:
    """The next run tries it; until then what it kept from coming is still to be made."""
    otus, clever = (Key(name, "riverbend", "old", f"the secret {name}") for name in ("otus", "clever"))
    told = []
    for key in (otus, clever):
        key.refused()
        with pytest.raises(LoginRefused) as refused:
            key.refuse_to_knock()
        told.append(replace(of_error(refused.value), task="DeliveredSet", flow=f"{key.name}_rosters"))
    sees(STUDENTS, replace(CLEVER, state="broken"))
    note("Morning", *told, exit_code=30)
    assert len(report.of_day(MONDAY).causes) == 2
    assert refusals.forget("clever")
    sees(STUDENTS, replace(CLEVER, state="waiting"))
    assert [cause.met for cause in report.of_day(MONDAY).causes] == [("otus_rosters",)]
    assert [cause.met for cause in report.of("Morning", MONDAY).causes] == [("otus_rosters",)]
    assert refusals.forget("otus")
    found = report.of("Morning", MONDAY)
    assert (found.causes, found.standing, found.left) == ((), "not done", ("clever_rosters",))


def test_a_run_that_ends_tells_what_it_was_refused_whatever_a_person_does_meanwhile(sees: Sees) -> None:
    """It has made nothing of it: only what is told later is left to the next run."""
    refused = replace(of_words("not let in"), shared="the login clever is not taken", flow="clever_rosters")
    sees(STUDENTS, replace(CLEVER, state="broken"))
    found = report.of("Morning", MONDAY, Outcome(30, [refused]))
    assert (found.standing, found.code) == ("broken", 30)


def test_of_a_step_with_several_logins_all_must_be_let_again(sees: Sees) -> None:
    keys = [Key(f"portal-{name}", "riverbend", "old", f"the secret {name}") for name in ("RSD", "BLF")]
    for key in keys:
        key.refused()
    refused = replace(of_words("not let in"), shared=" and ".join(key.shared for key in keys), flow="students")
    sees(replace(STUDENTS, state="broken"))
    note("Morning", refused, exit_code=30)
    for key in keys:
        assert len(report.of("Morning", MONDAY).causes) == 1
        assert refusals.forget(key.name)
    assert report.of("Morning", MONDAY).causes == ()


def test_what_was_refused_on_an_earlier_day_is_as_it_was_told(sees: Sees) -> None:
    """Its record goes with its day, and nobody has let it in again."""
    sees(STUDENTS, replace(CLEVER, state="broken"))
    refused = replace(of_words("not let in"), shared="the login clever is not taken", flow="clever_rosters")
    note("Morning", refused, exit_code=30, ended_at="2026-11-23T12:00:00+00:00")
    assert len(report.of_day(MONDAY).causes) == 1


@pytest.mark.parametrize(("hours", "until"), [("0", "10:00"), ("3", "13:00"), ("20", "2026-11-24 06:00")])
def test_a_deadline_is_told_with_the_hours_that_are_granted(configure: Configure, hours: str, until: str) -> None:
    configure(district={"grace_hours": hours})
    feed = catalogue.feeds()["students"]
    told = lateness.Late(feed, "RSD", "nothing", False, lateness._told(lateness.deadline(feed, MONDAY), MONDAY))
    assert told.error().next_step.startswith(f"nothing before {until}, its deadline")


def test_a_catalogue_that_cannot_be_read_owes_a_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[object]:
        raise PipelineError("line 3", expected="a row", next_step="correct it")

    monkeypatch.setattr(flows, "feeds", broken)
    assert promises.is_expected(MONDAY)
