"""The graph, as far as it is known without asking anybody: what needs what, for the morning and the clock's steps."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import luigi
import pytest
from luigi.parameter import ParameterVisibility

from pipeline import catalogue, morning
from pipeline.catalogue import flows, sql
from pipeline.chain import paths
from pipeline.chain.base import ChainTask, DeliveryParameter, FeedParameter
from pipeline.chain.portal import FIRST, PortalTask
from pipeline.chain.tasks import (
    DeliveredSet,
    DeployedView,
    ExportedFile,
    LandedFile,
    LoadedTable,
    PreparedFile,
    StoredObject,
    VendorFile,
    delivered,
    exported,
    tables,
)
from pipeline.ground import manifests
from pipeline.ground.errors import ConfigurationError
from pipeline.outbound import evidence
from pipeline.run.outcome import tasks_below

from .conftest import Configure

MONDAY = dt.date(2026, 11, 23)
# What cron asks for, and the names that the clock's steps have always had.
WRAPPERS = ("Morning", "Week")
REHEARSALS = ("MorningRehearsal", "WeekRehearsal")
STEPS = (
    "BigqueryOperations",
    "SftpOperations",
    "SftpOperationsMisc",
    "BigqueryOperationsMisc",
    "SftpOperationsLocal",
)
everywhere = pytest.mark.parametrize("name", [*WRAPPERS, *REHEARSALS, *STEPS])


def root(name: str) -> luigi.Task:
    task = getattr(morning, name)(date=MONDAY)
    assert isinstance(task, luigi.Task)
    return task


def below(task: luigi.Task) -> list[luigi.Task]:
    found: list[luigi.Task] = task.deps()  # type: ignore[no-untyped-call]
    return found


def ids(name: str) -> set[str]:
    return {task.task_id for task in tasks_below(root(name))}


def circles(task: luigi.Task, above: tuple[str, ...], seen: set[str]) -> Iterator[tuple[str, ...]]:
    """The ways that lead from a task back to itself."""
    if task.task_id in above:
        yield (*above, task.task_id)
    elif task.task_id not in seen:
        for each in below(task):
            yield from circles(each, (*above, task.task_id), seen)
        seen.add(task.task_id)


@everywhere
def test_no_task_needs_itself(name: str) -> None:
    assert list(circles(root(name), (), set())) == []


@everywhere
def test_all_begins_with_a_vendors_file_or_the_portal(name: str) -> None:
    task = root(name)
    leaves = [each for each in tasks_below(task) if not below(each) and each is not task]
    assert [leaf for leaf in leaves if not isinstance(leaf, VendorFile | PortalTask)] == []
    assert not [each for each in tasks_below(task) if isinstance(each, VendorFile) and below(each)]


@everywhere
def test_one_date_for_all(name: str) -> None:
    assert {getattr(task, "date", None) for task in tasks_below(root(name))} == {MONDAY}


def test_morning_and_week_hold_everything() -> None:
    both = tasks_below(root("Morning")) + tasks_below(root("Week"))
    assert {task.feed.name for task in both if isinstance(task, LoadedTable)} == set(catalogue.feeds())
    assert {task.delivery.name for task in both if isinstance(task, DeliveredSet)} == set(catalogue.deliveries())


def clock_s_own(task: luigi.Task) -> list[luigi.Task]:
    """What a wrapper asks for, by the clock's steps or itself."""
    return [
        each
        for below_it in below(task)
        for each in (below(below_it) if isinstance(below_it, luigi.WrapperTask) else [below_it])
    ]


@pytest.mark.parametrize(("name", "last"), [("Morning", delivered), ("MorningRehearsal", exported)])
def test_the_clock_s_steps_leave_nothing_out_and_ask_for_nothing_twice(
    name: str, last: Callable[..., tuple[luigi.Task, ...]]
) -> None:
    views = [DeployedView(date=MONDAY, view=view) for view in flows.views()]
    whole = [*tables(flows.feeds(), MONDAY), *views, *last(flows.deliveries("daily"), MONDAY)]
    asked = [task.task_id for task in clock_s_own(root(name))]
    assert sorted(asked) == sorted(task.task_id for task in whole)
    steps = {type(task).__name__ for task in below(root(name)) if isinstance(task, luigi.WrapperTask)}
    given = {"SftpOperations", "SftpOperationsLocal"} if name == "Morning" else set()
    assert steps == {"BigqueryOperations", "BigqueryOperationsMisc", *given}


def test_what_no_step_takes_a_morning_asks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A district may have other datasets, and nothing in those of the steps."""
    feeds = tuple(replace(feed, dataset="ours") for feed in flows.feeds())
    monkeypatch.setattr(flows, "feeds", lambda: feeds)
    monkeypatch.setattr(flows, "views", tuple)
    asked = below(root("Morning"))
    assert {task.feed for task in asked if isinstance(task, LoadedTable)} == {*feeds}
    steps = {type(task).__name__ for task in asked if isinstance(task, luigi.WrapperTask)}
    assert steps == {"SftpOperations", "SftpOperationsLocal"}


def test_luigi_s_pages_show_what_tells_tasks_apart() -> None:
    """And their ids tell the date besides: a scheduler takes two of one id for one."""
    for task in every_task():
        parameters = task.get_params()  # type: ignore[no-untyped-call]
        shown = {name for name, each in parameters if each.visibility == ParameterVisibility.PUBLIC}
        assert shown == {"date"} if isinstance(task, luigi.WrapperTask) else "date" not in shown
        assert type(task)(**{**task.param_kwargs, "date": MONDAY - dt.timedelta(days=1)}).task_id != task.task_id


@pytest.mark.parametrize("step", STEPS)
def test_an_old_step_is_a_part_of_them(step: str) -> None:
    assert ids(step) - {root(step).task_id} <= ids("Morning") | ids("Week")


def test_morning_asks_for_every_layer_itself() -> None:
    """Luigi looks below a task only when it is incomplete: a table below a delivery that was made must not be lost."""
    asked = {task.task_id for task in clock_s_own(root("Morning"))}
    loaded = {task.task_id for task in tasks_below(root("Morning")) if isinstance(task, LoadedTable)}
    assert loaded <= asked


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_rehearsal_is_all_but_the_giving(name: str) -> None:
    whole, rehearsed = (tasks_below(root(each)) for each in (name, f"{name}Rehearsal"))
    given = {task.task_id for task in whole if isinstance(task, DeliveredSet)}
    assert given
    wrappers = {task.task_id for task in (*whole, *rehearsed) if isinstance(task, luigi.WrapperTask)}
    assert {task.task_id for task in whole} - given - wrappers == {task.task_id for task in rehearsed} - wrappers


def test_scores_are_passed_on_after_their_contract_was_kept() -> None:
    written = below(DeliveredSet(date=MONDAY, delivery=catalogue.deliveries()["otus_scores"]))
    (set_to_go,) = {task for each in written for task in below(each)}
    stored = [task for task in below(set_to_go) if isinstance(task, StoredObject)]
    assert {task.feed.name for task in stored} == {"savvas_assessment_scores", "savvas_standards_scores"}
    assert {task.feed for each in stored for task in below(each) if isinstance(task, PreparedFile)} == {
        task.feed for task in stored
    }


# -------------------------------------------------------------------------------------------------- parameters


def every_task() -> list[luigi.Task]:
    found = {task.task_id: task for name in (*WRAPPERS, *STEPS) for task in tasks_below(root(name))}
    return list(found.values())


def test_names_of_tasks_are_unique() -> None:
    families = [task.task_family for task in {type(task): task for task in every_task()}.values()]
    assert len(families) == len(set(families))
    assert not [family for family in families if "." in family]


def test_what_a_task_is_about_is_said_of_one_task_alone() -> None:
    """A run's outcome is told apart by it: a set's file may be called as another's."""
    tasks = [task for task in every_task() if isinstance(task, ChainTask)]
    told = [(task.task_family, task.of()) for task in tasks]
    assert len(told) == len(set(told))
    own = catalogue.deliveries()["clever_rosters"]
    (first, second) = (exported([each], MONDAY)[0] for each in (own, replace(own, name="twin_rosters")))
    assert isinstance(first, ExportedFile)
    assert isinstance(second, ExportedFile)
    assert (first.file, first.of() != second.of()) == (second.file, True)


def test_parameters_survive_being_written() -> None:
    """A forked worker, the scheduler and the command line hold them as text."""
    for task in every_task():
        text = task.to_str_params()  # type: ignore[no-untyped-call]
        assert type(task).from_str_params(text) == task  # type: ignore[no-untyped-call]


def test_no_parameter_could_hold_a_secret() -> None:
    """Parameters stand in task ids, in logs, and in the visualiser."""
    known = {"date", "feed", "part", "view", "delivery", "file"}
    named = {name for task in every_task() for name, _ in task.get_params()}  # type: ignore[no-untyped-call]
    assert named == known


def test_unknown_feed_or_delivery_is_no_parameter() -> None:
    with pytest.raises(ConfigurationError, match="no feed is called studnets") as caught:
        FeedParameter().parse("studnets")
    assert caught.value.next_step == "did you mean students?"
    with pytest.raises(ConfigurationError, match="no delivery is called nobody") as caught:
        DeliveryParameter().parse("nobody")
    assert "clever_rosters" in caught.value.expected


def test_tasks_say_what_they_are_about() -> None:
    said = [(task.task_family, task.of()) for task in every_task() if isinstance(task, ChainTask)]
    assert all(of for _, of in said)
    assert LandedFile(date=MONDAY, feed=catalogue.feeds()["cc"], part="BLF").of() == "cc BLF"


def test_nothing_waits_for_a_feed_that_is_off(configure: Configure) -> None:
    configure(district={"off": "TN_options_report_2014 easyiep"})
    asked = {str(task) for task in tasks_below(morning.Morning(date=MONDAY))}
    assert any("RTI_RSD" in task for task in asked)
    assert [task for task in asked if "TN_options" in task or "IEP_Import" in task or "iep_plans" in task] == []
    assert DeliveryParameter().parse("powerschool_imports").view_files == flows.named("district").view_files


def test_what_is_sent_comes_before_what_is_not() -> None:
    """Whatever the bytes of a feed of no delivery; and the portal's steps before all."""
    sent = flows.named("ellevation_rosters")
    given = {name for each in flows.here().values() for file in each.view_files for name in sql.views_below(file.view)}
    (view, *_) = {*sql.names()} - given
    (unsent, *_) = {*flows.feeds()} - {feed for each in flows.here().values() for feed in flows.inputs(each)}
    below = [task for task in tasks_below(DeliveredSet(date=MONDAY, delivery=sent)) if isinstance(task, ChainTask)]
    assert {LandedFile, LoadedTable, DeployedView, DeliveredSet} <= {type(task) for task in below}
    many = 1 << 38  # bytes
    assert min(task.priority for task in below) > many + PreparedFile(date=MONDAY, feed=unsent).priority
    assert DeployedView(date=MONDAY, view=view).priority < paths.SENT
    assert max(task.priority for task in below) < FIRST


def way(task: luigi.Task, above: dict[str, set[luigi.Task]]) -> float:
    """The seconds of the longest way from a task to a vendor, by the graph itself; minus infinity of one to none."""
    ends = isinstance(task, DeliveredSet)
    longest = max((way(each, above) for each in above.get(task.task_id, ())), default=0.0 if ends else float("-inf"))
    return longest + paths.SECONDS.get(task.task_family, 0.0)


def test_the_longest_way_to_a_vendor_comes_first() -> None:
    """As the catalogue says it, which is as the graph has it; and no task comes before one that it needs."""
    tasks = {task.task_id: task for name in WRAPPERS for task in tasks_below(root(name))}
    chain = [task for task in tasks.values() if isinstance(task, ChainTask) and not isinstance(task, PortalTask)]
    above: dict[str, set[luigi.Task]] = {}
    for task in chain:
        for each in below(task):
            above.setdefault(each.task_id, set()).add(task)
    ways = {task.task_id: way(task, above) for task in chain}
    assert len({*ways.values()}) > 15
    for task in chain:
        is_sent, left = divmod(task.priority, paths.SENT)
        assert bool(is_sent) == (ways[task.task_id] > 0)
        if is_sent:
            assert left // paths.TENTH == round(10 * ways[task.task_id])
        assert all(each.priority >= task.priority for each in below(task) if each.task_id in ways)


def test_a_larger_file_comes_first_among_equals_alone() -> None:
    small, large, huge = (paths.priority("LandedFile", "students", size) for size in (0, 1 << 20, 1 << 60))
    assert small < large < huge < paths.priority("LandedFile", "students") + paths.TENTH


def test_what_the_catalogue_has_wrong_has_no_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes it says what is wrong; nobody is kept from scheduling."""

    def wrong(_: str) -> None:
        raise ConfigurationError("a row", expected="another", next_step="correct it")

    paths.known.cache_clear()
    monkeypatch.setattr(sql, "reads", wrong)
    assert DeployedView(date=MONDAY, view=sql.names()[0]).priority == 0


def test_a_set_that_is_half_way_at_its_vendor_comes_before_other_sets() -> None:
    first, second = (DeliveredSet(date=MONDAY, delivery=each) for each in [*catalogue.deliveries().values()][:2])
    assert first.priority == second.priority
    trail = evidence.trail_path(second.delivery.name)
    manifests.folder(trail.parent)
    trail.write_text("{}")
    longest = max(task.priority for task in tasks_below(first) if isinstance(task, ChainTask))
    assert longest < second.priority < FIRST
