"""Failures of one cause are told once, by the names that people use, with what they hold up; what is mended is gone."""

import datetime as dt
from dataclasses import replace

import pytest

from pipeline import catalogue
from pipeline.ground.command import MORNING
from pipeline.ground.errors import LoginRefused, OnHold, PipelineError, WarehouseError, parted
from pipeline.ground.progress import Event
from pipeline.outbound import verdicts
from pipeline.run import causes
from pipeline.run.causes import Cause, grouped, mended
from pipeline.run.failures import Failure, of_error, of_event, of_words
from pipeline.run.status import Flow, Seen

MONDAY = dt.date(2026, 11, 23)
STATE = [
    Flow("students", "in", "broken"),
    Flow("cc", "in", "loaded"),
    Flow("savvas_assessment_scores", "in", "late"),
    Flow("clever_rosters", "out", "blocked"),
    Flow("ellevation_rosters", "out", "delivered"),
    Flow("otus_scores", "out", "late"),
]


def failed(family: str, of: str, flow: str, error: PipelineError) -> Failure:
    """As a task tells it."""
    told = {"message": str(error), "error": type(error).__name__, "shared": error.shared}
    return of_event(Event("failed", family, of, flow, **told))  # type: ignore[arg-type]


def outage(what: str) -> WarehouseError:
    return WarehouseError(f"listing {what}", expected="an answer", next_step="wait", shared="BigQuery does not answer")


def one(*failures: Failure) -> Cause:
    (cause,) = grouped(failures, STATE, MONDAY)
    return cause


def test_what_has_a_cause_in_common_is_told_once_however_many_met_it() -> None:
    failures = [failed("LoadedTable", f"table{n}", f"table{n}", outage(f"table{n}")) for n in range(57)]
    cause = one(*failures)
    assert (cause.harm, len(cause.met)) == ("broken", 57)
    assert cause.found == "BigQuery does not answer; the first: listing table0"


def test_one_that_met_it_alone_is_told_in_its_own_words() -> None:
    assert one(failed("LoadedTable", "cc", "cc", outage("cc"))).found == "listing cc"


def test_the_same_sentences_are_one_cause_and_others_are_others() -> None:
    def missing(name: str) -> Failure:
        error = PipelineError(f"no secret {name}", expected="it", next_step="write it")
        return failed("LandedFile", f"students {name}", "students", error)

    found = grouped([missing("a"), missing("a"), missing("b")], STATE, MONDAY)
    assert [cause.found for cause in found] == ["no secret a", "no secret b"]


def test_the_same_words_of_another_kind_of_error_are_another_cause() -> None:
    shared = {"expected": "x", "next_step": "y", "shared": "z"}
    failures = [of_error(WarehouseError("a", **shared)), of_error(LoginRefused("a", **shared))]
    assert len(grouped(failures, STATE, MONDAY)) == 2


@pytest.mark.parametrize(
    ("family", "of", "flow", "called"),
    [
        ("Snapshot", "clever_rosters/students.csv", "clever_rosters", "Clever's students.csv"),
        ("ExportedFile", "savvas_rosters/STUDENT.txt", "savvas_rosters", "SAVVAS's STUDENT.txt"),
        ("LandedFile", "students RSD", "students", "students RSD"),
        ("CheckedSet", "clever_rosters", "clever_rosters", "clever_rosters"),
        (
            "EisAdmAuditStudentMembership",
            "ADMAudit, StudentMembership",
            "ADMAudit_stack",
            "ADMAudit, StudentMembership",
        ),
        (
            "DeployedView",
            "roster_files.Clever_students",
            "roster_files.Clever_students",
            "roster_files.Clever_students",
        ),
    ],
)
def test_names_are_those_that_people_say(family: str, of: str, flow: str, called: str) -> None:
    assert one(failed(family, of, flow, outage("x"))).met == (called,)


def test_every_delivery_has_somebody_to_whom_it_goes() -> None:
    assert {causes.vendor(name) for name in catalogue.deliveries()} == {
        *("Clever", "SAVVAS", "Ellevation", "OTUS", "the district")
    }


@pytest.mark.parametrize(
    ("flow", "blocks"),
    [
        ("students", ("clever_rosters",)),  # Ellevation has its set
        ("roster_files.Clever_students", ("clever_rosters",)),
        ("savvas_assessment_scores", ("otus_scores",)),
        ("clever_rosters", ()),
        ("", ()),
    ],
)
def test_a_cause_says_which_deliveries_wait_for_it(flow: str, blocks: tuple[str, ...]) -> None:
    assert one(failed("Task", flow, flow, outage("x"))).blocks == blocks


def test_the_worst_comes_first() -> None:
    late = Failure("late", "no file", next="wait", flow="savvas_assessment_scores")
    held = failed("CheckedSet", "otus_scores", "otus_scores", OnHold("x", expected="", next_step="y"))
    views = failed("DeployedView", "v", "roster_files.Clever_students", outage("x"))
    nothing = of_words("found: no scheduler\nexpected: one\nnext: start it")
    assert [cause.harm for cause in grouped([late, held, nothing, views], STATE, MONDAY)] == [
        *("broken", "broken", "on hold", "late")
    ]
    assert grouped([late, held, nothing, views], STATE, MONDAY)[0].blocks == ("clever_rosters",)


def held(name: str, part: str = "") -> Failure:
    """A set on hold that may be released; the table `part` shows why."""
    error = OnHold(f"{name} is on hold", expected="none", next_step=verdicts.advice([name], MONDAY))
    shared = f"{part}, usually 409–414" if part else ""  # noqa: RUF001
    return replace(failed("CheckedSet", name, name, error), shared=shared, table=part.partition(" ")[0])


def test_sets_on_hold_for_one_table_are_one_cause_and_one_command_releases_them() -> None:
    cause = one(held("savvas_rosters", "students RSD 310"), held("ellevation_rosters", "students RSD 310"))
    assert (cause.name, cause.flows) == ("students", ("ellevation_rosters", "savvas_rosters"))
    assert cause.found == (
        "students RSD 310, usually 409–414; ellevation_rosters is on hold; savvas_rosters is on hold"  # noqa: RUF001
    )
    assert cause.commands == (
        f"{MORNING} diff ellevation_rosters --date {MONDAY}",
        f"{MORNING} diff savvas_rosters --date {MONDAY}",
        f'{MORNING} release ellevation_rosters savvas_rosters --date {MONDAY} --reason "..."',
    )


def test_a_set_on_hold_alone_is_called_by_its_name_or_by_the_table_that_shows_why() -> None:
    assert [one(held("otus_scores")).name, one(held("otus_scores", "cc RSD 3")).name] == ["otus_scores", "cc"]
    assert one(held("otus_scores", "cc RSD 3")).found.startswith("cc RSD 3, usually")
    assert len(grouped([held("otus_scores"), held("clever_rosters")], STATE, MONDAY)) == 2


def test_what_no_release_can_let_go_names_none() -> None:
    advice = "have the agreement with clever (Clever 2026) changed; a release cannot let it go"
    error = OnHold("columns that the agreement does not list", expected="none", next_step=advice)
    hold = failed("CheckedSet", "clever_rosters", "clever_rosters", error)
    assert not causes.releasable(hold, MONDAY)
    assert (one(hold).do, one(hold).commands) == (advice, ())
    assert len(grouped([hold, held("savvas_rosters", "students RSD 310")], STATE, MONDAY)) == 2


def late(feed: str, part: str, **words: str) -> Failure:
    told = {"expected": "the file by 05:00", "next": "nothing before 10:00", "shared": "files are not in x:/y", **words}
    return Failure("late", f"{feed} {part}: nothing", task="VendorFile", of=f"{feed} {part}", flow=feed, **told)


def test_late_files_of_one_folder_are_one_cause_unless_their_hours_or_reasons_are_others() -> None:
    assert one(late("cc", "RSD"), late("students", "RSD")).met == ("cc RSD", "students RSD")
    assert len(grouped([late("cc", "RSD"), late("terms", "RSD", next="nothing before 12:00")], STATE, MONDAY)) == 2
    assert len(grouped([late("cc", "RSD"), late("terms", "RSD", shared="")], STATE, MONDAY)) == 2


def test_commands_are_those_that_can_be_pasted() -> None:
    step = f"renew `luigi.cfg`; then `{MORNING} retry-login clever`, or `chmod 600 /x/y`"
    cause = one(of_error(PipelineError("x", expected="y", next_step=step)))
    assert cause.commands == (f"{MORNING} retry-login clever", "chmod 600 /x/y")


def test_a_cause_keeps_its_name_while_only_numbers_change() -> None:
    def named(words: str) -> str:
        return one(of_words(words)).name

    assert named("found: after 3 s\nexpected: x\nnext: y") == named("found: after 14 s\nexpected: x\nnext: y")
    assert named("found: after 3 s\nexpected: x\nnext: y") != named("found: the disk is full\nexpected: x\nnext: y")


@pytest.mark.parametrize(
    ("failure", "gone"),
    [
        (Failure("broken", "x", flow="students"), False),
        (Failure("broken", "x", flow="cc"), True),
        (Failure("broken", "x", flow="cc students"), False),
        (Failure("broken", "x"), False),
        (Failure("broken", "x", flow="roster_files.a"), False),
        (Failure("broken", "x", flow="roster_files.b"), True),
        (Failure("broken", "x", flow="terms"), False),
        (Failure("on hold", "x", flow="clever_rosters"), True),  # it was released, and its turn comes
        (Failure("on hold", "x", flow="savvas_rosters"), False),
        (Failure("late", "x", next="wait", flow="cc"), True),
        (Failure("late", "x; goes on with that of Friday", flow="cc"), False),
    ],
)
def test_what_is_mended_is_gone(failure: Failure, *, gone: bool) -> None:
    terms, savvas = Flow("terms", "in", "loaded", stale=True), Flow("savvas_rosters", "out", "on hold")
    assert mended(failure, Seen([*STATE, terms, savvas], [], {"roster_files.b"})) == gone


@pytest.mark.parametrize(
    "words", ["found: a\nexpected: b\nnext: c", "found: a\nb\nexpected: c; d\nnext: e\nf", "a", ""]
)
def test_a_message_is_parted_into_its_sentences_and_put_together_again(words: str) -> None:
    found, expected, following = parted(words)
    error = Failure("broken", found, expected, following)
    assert str(error) == words
    assert str(replace(error, shared="x")) == words
