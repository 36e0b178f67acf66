"""A machine that helps another one's run: when it may work, when it stops, what it sees, and who goes on."""

import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import luigi
import pytest
from luigi.rpc import RemoteScheduler

from clouds import Cloud, in_a_fork
from pipeline.chain import portal
from pipeline.chain.base import ChainTask
from pipeline.chain.portal import EisSchoolErrorReports
from pipeline.ground import manifests
from pipeline.ground.errors import AtWorkElsewhere, ContractBroken, WarehouseError, WrittenByAnother
from pipeline.ground.progress import Made
from pipeline.inbound import sources
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import rendering, snapshots
from pipeline.outside.cloud import helpers, leases, storage, texts, warehouse
from pipeline.outside.cloud.evidence import ObjectTarget, TableTarget, ViewTarget
from pipeline.run import alone
from pipeline.run.alone import AtWork
from pipeline.run.worker import Threads
from pipeline.run.working import Work
from test_giving import refusing
from test_leases import another_machine, dies
from test_leases import in_haste as in_haste
from test_leases import there as there
from test_luigid import port as port
from test_verdicts import FEED, FILE, FRIDAY, ROSTERS, arrive, as_the_next_run
from test_verdicts import district as district

MORNING = "Morning of 2026-11-20"
DATE = dt.date(2026, 11, 20)


@pytest.fixture(autouse=True)
def nobody_yet() -> Iterator[None]:
    """A process knows for good of a helper that it has seen."""
    helpers._there.clear()
    yield
    helpers._there.clear()


@pytest.fixture
def run(there: Cloud, tmp_path: Path) -> Iterator[leases.Lease]:
    """Another machine is at work on the morning; this process is a second one."""
    with ExitStack() as first, another_machine(tmp_path / "two"):
        with another_machine(tmp_path / "three"):
            lease = first.enter_context(leases.held(alone.AT_WORK, 0, about=MORNING))
        yield lease


@pytest.fixture
def helper(run: leases.Lease) -> Iterator[AtWork]:
    """This process helps it."""
    with ExitStack() as block:
        at_work = AtWork(block, MORNING, quiet=True, helps=True)
        assert at_work.begin()
        yield at_work


def until(true: Callable[[], bool]) -> bool:
    """Whether it became so."""
    end = time.monotonic() + 20
    while time.monotonic() < end and not true():
        time.sleep(0.02)  # the bucket tells nobody
    return true()


# ---------------------------------------------------------------------------------------- when it may, and who goes on


def test_a_helper_works_as_long_as_the_run_that_it_helps(helper: AtWork, run: leases.Lease) -> None:
    assert helpers.is_helping()
    assert helpers.are_there()
    assert helper.helped
    assert "is at work" in helper.helped.found
    leases.still_at_work()
    run.end()
    assert until(leases.is_lost)
    with pytest.raises(AtWorkElsewhere, match="is over"):
        leases.still_at_work()
    assert helper.stop_helping()
    assert not helpers.is_helping()
    assert storage.list_objects(f"{helpers.FOLDER}/") == {}
    assert helper.begin()  # what is left is this machine's
    assert helper.helped is None
    assert helper.shared
    leases.still_at_work()


def test_a_run_that_was_helped_is_not_helped_twice(helper: AtWork, run: leases.Lease) -> None:
    """Nothing was left for this machine; that the other one lives is known at its next beat."""
    helper.stop_helping()
    assert not helper.begin()
    assert helper.helped


def test_the_next_run_on_the_same_morning_is_helped_too(helper: AtWork, run: leases.Lease, tmp_path: Path) -> None:
    run.end()
    assert until(leases.is_lost)
    helper.stop_helping()
    with ExitStack() as first:
        with another_machine(tmp_path / "four"):
            first.enter_context(leases.held(alone.AT_WORK, 0, about=MORNING))
        assert helper.begin()
        assert helpers.is_helping()
        assert helper.helped


def test_who_helped_a_machine_that_died_answers_for_the_morning(helper: AtWork, run: leases.Lease) -> None:
    run._over.set()  # as of a killed process
    leases.still_at_work()  # nobody else is at work
    helper.stop_helping()
    begun = time.monotonic()
    assert helper.begin()
    assert time.monotonic() - begun > leases.LEASE / 2
    assert helper.helped is None
    assert not helpers.is_helping()


def test_of_two_that_begin_at_once_one_helps_at_once(run: leases.Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one was faster by a moment: nobody waits for its next beat."""
    holder, looks = leases.holder, list[str]()

    def nobody_yet(name: str) -> AtWorkElsewhere | None:
        looks.append(name)
        return holder(name) if len(looks) > 1 else None

    monkeypatch.setattr(leases, "holder", nobody_yet)
    monkeypatch.setattr(run, "_write", lambda **_: None)
    with ExitStack() as block:
        at_work = AtWork(block, MORNING, quiet=True, helps=True)
        assert at_work.begin()
        assert helpers.is_helping()
        assert at_work.helped


@pytest.mark.parametrize("helps", [True, False])
def test_only_who_is_told_to_and_only_with_just_that(
    run: leases.Lease, monkeypatch: pytest.MonkeyPatch, helps: bool
) -> None:
    monkeypatch.setattr(alone, "WAITS", 0.0)
    with ExitStack() as block, pytest.raises(AtWorkElsewhere):
        AtWork(block, "Week of 2026-11-20" if helps else MORNING, quiet=True, helps=helps).begin()


def test_a_helper_that_does_not_see_the_bucket_does_nothing(there: Cloud) -> None:
    with ExitStack() as block, refusing("leases/"), pytest.raises(WarehouseError):
        AtWork(block, MORNING, quiet=True, helps=True).begin()


def held_by(helper: AtWork) -> helpers.Helping:
    (held,) = leases._of_run
    assert isinstance(held, helpers.Helping)
    return held


def lost(held: leases.Held) -> bool:
    try:
        held.check()
    except AtWorkElsewhere:
        return True
    return False


def new_run(waiting: Callable[[str], object] = lambda who: None) -> None:
    """Returns when a new run may begin on this machine."""
    with leases.held(alone.AT_WORK, 0, about="Morning of 2026-11-21"):
        helpers.have_stopped("a lease", 20, waiting)


def test_a_new_run_begins_when_those_have_stopped_who_helped_the_one_before(
    helper: AtWork, run: leases.Lease, tmp_path: Path
) -> None:
    """A task in hand, which asks before its next write, may take a while."""
    held, waits, order = held_by(helper), threading.Event(), list[str]()

    def hand() -> None:
        waits.wait(20)
        assert until(lambda: lost(held))
        order.append("stopped")
        held._own.end()

    thread = threading.Thread(target=hand)
    thread.start()
    run.end()
    with another_machine(tmp_path / "four"):
        new_run(lambda who: waits.set())
    order.append("begun")
    thread.join()
    assert order == ["stopped", "begun"]


def test_who_helps_the_new_run_itself_is_not_waited_for(helper: AtWork, run: leases.Lease) -> None:
    """Also one that begins to while it is waited for."""
    begun = time.monotonic()
    helpers.have_stopped(run.id, 20, lambda who: None)
    assert time.monotonic() - begun < leases.LEASE / 2
    held, told = held_by(helper), list[str]()

    def waiting(who: str) -> None:
        told.append(who)
        held._own._told["about"] = "the new run's"

    helpers.have_stopped("the new run's", 20, waiting)
    assert told
    assert time.monotonic() - begun < 15
    held.check()


def test_who_helped_is_told_whether_somebody_answers_for_the_run(helper: AtWork, run: leases.Lease) -> None:
    """All is made. One that lives, or has ended in good order, does; where it is dead, this machine does."""
    helper.stop_helping()
    assert helper.is_over()
    run.end()
    assert helper.is_over()
    assert helper.helped


def test_who_helped_a_machine_that_died_at_its_end_answers_for_the_run(helper: AtWork, run: leases.Lease) -> None:
    helper.stop_helping()
    run._over.set()  # as of a killed process
    assert not helper.is_over()
    assert helper.helped is None
    leases.still_at_work()


def test_who_answers_learns_of_helpers_of_whom_its_scheduler_does_not_know(
    there: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as block:
        AtWork(block, MORNING, quiet=True).begin()
        assert not helpers.are_there()
        name = f"{helpers.FOLDER}/other.json"
        storage.store_json(name, {}, {}, over=storage.Stored(name))
        assert until(helpers.are_there)


def test_a_helper_that_stood_still_for_long_has_no_right_any_more(
    helper: AtWork, run: leases.Lease, tmp_path: Path
) -> None:
    held = held_by(helper)
    held.look = lambda: None  # type: ignore[method-assign]  # as of a stopped process
    beat, held._own._write = held._own._write, lambda **_: None  # type: ignore[method-assign]
    run.end()
    with another_machine(tmp_path / "four"):
        new_run()
    held._own._write = beat  # type: ignore[method-assign]  # it goes on
    held._own._written -= leases.BELIEVED
    assert lost(held)


def test_a_helper_that_was_killed_is_in_nobodys_way_on_its_own_machine(run: leases.Lease) -> None:
    def helps() -> None:
        with ExitStack() as block:
            AtWork(block, MORNING, quiet=True, helps=True).begin()
            os._exit(9)

    for _ in range(2):
        dies(helps)
        assert len(storage.list_objects(f"{helpers.FOLDER}/")) == 1
    with ExitStack() as block:
        at_work = AtWork(block, MORNING, quiet=True, helps=True)
        assert not at_work.is_over()  # nothing is left to do
        assert storage.list_objects(f"{helpers.FOLDER}/") == {}
        assert at_work.begin()
        leases.still_at_work()


# -------------------------------------------------------------------------------------------------------- what it sees


@pytest.fixture
def company(there: Cloud) -> Cloud:
    """Another machine makes parts of the same."""
    helpers.seen()
    return there


def test_a_table_that_another_machine_has_made_is_seen_whatever_a_listing_says(there: Cloud) -> None:
    warehouse.make_dataset(there.dataset, None)
    target = TableTarget(there.dataset, "new", {"sha": "a"})
    view = ViewTarget(there.dataset, "seen", "SELECT 1 AS one")
    assert not target.exists()
    assert not view.exists()

    def other_machine() -> None:
        warehouse.freeze("SELECT 1 AS one", there.dataset, "new", {"sha": "a"}, days=1)
        texts.deploy(there.dataset, "seen", "SELECT 1 AS one")

    assert in_a_fork(other_machine) == 0
    assert not target.exists()
    assert not view.exists()
    helpers.seen()
    assert target.exists()
    assert view.exists()
    assert not TableTarget(there.dataset, "new", {"sha": "b"}).exists()
    assert not ViewTarget(there.dataset, "seen", "SELECT 2 AS one").exists()
    assert not TableTarget(there.dataset, "none", {"sha": "a"}).exists()


class Kept(ChainTask):
    """An object with these words."""

    words: luigi.Parameter[str] = luigi.Parameter()
    meanwhile: ClassVar[list[str]] = []  # what another machine writes, the moment before this one does
    tries: ClassVar[list[str]] = []

    def output(self) -> ObjectTarget:
        return ObjectTarget("kept/2026-11-20/one.json", {"words": self.words})

    def flow(self) -> str:
        return "kept"

    def make(self) -> Made:
        self.tries.append(self.words)
        found = self.output().found()
        if self.meanwhile:
            theirs = storage._bucket().blob(found.name)
            theirs.metadata = {"words": self.meanwhile.pop()}
            theirs.upload_from_string("{}")
        storage.store_json(found.name, {"by": "us"}, {"words": self.words}, over=found)
        return Made(words="kept")


class Above(Kept):
    """It needs the other."""

    def requires(self) -> tuple[luigi.Task, ...]:
        return (Kept(date=DATE, words="below"),)

    def output(self) -> ObjectTarget:
        return ObjectTarget("kept/2026-11-20/above.json", {"words": self.words})


@pytest.fixture
def kept(there: Cloud) -> None:
    Kept.meanwhile.clear()
    Kept.tries.clear()
    storage.store_json("kept/the.bucket", {}, {}, over=storage.Stored("kept/the.bucket"))


@pytest.mark.usefixtures("kept")
def test_what_another_machine_wrote_meanwhile_counts_when_it_is_what_was_to_be_made() -> None:
    Kept.meanwhile.append("mine")
    task = Kept(date=DATE, words="mine")
    task.run()
    assert Kept.tries == ["mine"]
    assert storage.read_json("kept/2026-11-20/one.json") == {}
    assert task.complete()


@pytest.mark.usefixtures("kept")
def test_what_another_machine_wrote_meanwhile_and_is_something_else_is_written_over_once() -> None:
    Kept.meanwhile += ["again", "theirs"]
    with pytest.raises(WrittenByAnother):
        Kept(date=DATE, words="mine").run()
    assert Kept.tries == ["mine", "mine"]
    Kept.meanwhile.append("theirs")
    Kept(date=DATE, words="mine").run()
    assert storage.look("kept/2026-11-20/one.json").metadata == {"words": "mine"}


class Wrong(Kept):
    """What is wrong with it is its own."""

    def make(self) -> Made:
        self.tries.append(self.words)
        raise ContractBroken("1 row", expected="2 rows", next_step="ask the vendor")


@pytest.mark.usefixtures("kept", "company")
@pytest.mark.parametrize(("kind", "tries"), [(Kept, 3), (Wrong, 1)])
def test_what_failed_for_what_another_machine_had_in_hand_is_made_in_one_more_pass(
    kind: type[Kept], tries: int, port: int
) -> None:
    """Where two machines have a scheduler each, either makes what the other one has in hand."""
    Kept.meanwhile += ["again", "theirs"]
    words = [kind.__name__, "--date", f"{DATE}", "--words", "mine", "--scheduler-port", f"{port}", "--no-lock"]
    assert Work(kind(date=DATE, words="mine"), words, "morning").do() == []
    assert len(Kept.tries) == tries


def test_who_was_disturbed_looks_at_the_vendors_anew(district: Cloud) -> None:
    """Or it would make what is older over what the other machine has made of a correction."""
    place = FEED.sources[0].place
    sources.look(place)
    for error, known in ((ContractBroken, True), (WrittenByAnother, False)):
        Kept(date=DATE, words="mine").on_failure(error("this", expected="that", next_step="nothing"))
        assert (sources._looks.known(place) is not None) is known


@pytest.mark.usefixtures("kept")
def test_a_task_sees_what_another_machine_has_made_before_it_works(company: Cloud) -> None:
    assert not Kept(date=DATE, words="below").output().exists()
    with pytest.raises(WrittenByAnother, match="Kept kept is not done, as this machine sees it"):
        Above(date=DATE, words="above").run()
    assert in_a_fork(lambda: Kept(date=DATE, words="below").run()) == 0
    Kept.tries.clear()
    Above(date=DATE, words="above").run()
    assert Kept.tries == ["above"]
    assert in_a_fork(lambda: Above(date=DATE, words="other").run()) == 0
    Above(date=DATE, words="other").run()
    assert Kept.tries == ["above"], "the other machine had made it"


class OnDisk(Kept):
    """A file on this machine's disk."""

    on_disk = True
    disk: ClassVar[Path]

    def output(self) -> luigi.LocalTarget:  # type: ignore[override]
        return luigi.LocalTarget(f"{self.disk}/{self.words}")  # type: ignore[no-untyped-call]

    def make(self) -> Made:
        self.tries.append("on disk")
        (self.disk / self.words).touch()
        return Made(words="made")


class OnlyThere(OnDisk):
    """Of a download that this machine does not have."""

    anywhere = False


class OfDisk(Kept):
    """It is made of that file."""

    needs: luigi.Parameter[str] = luigi.Parameter()

    def requires(self) -> tuple[luigi.Task, ...]:
        return ({"OnDisk": OnDisk, "OnlyThere": OnlyThere}[self.needs](date=DATE, words="below"),)


@pytest.mark.usefixtures("kept")
def test_what_is_on_the_other_machine_s_disk_alone_is_made_here_as_well(company: Cloud, tmp_path: Path) -> None:
    OnDisk.disk = tmp_path
    OfDisk(date=DATE, words="above", needs="OnDisk").run()
    assert OnDisk.tries == ["on disk", "above"]
    (tmp_path / "below").unlink()
    with pytest.raises(WrittenByAnother, match="OnlyThere kept is not done, as this machine sees it"):
        OfDisk(date=DATE, words="other", needs="OnlyThere").run()
    assert OnDisk.tries == ["on disk", "above"]


def frozen(target: TableTarget) -> str:
    """What the label of the frozen rows says of the view; "" where there are none."""
    as_the_next_run()
    return warehouse.find(target.dataset, target.table).labels.get("sql", "")


def test_rows_of_another_version_than_the_prepared_one_are_not_frozen(district: Cloud) -> None:
    """The scheduler says that the table is loaded: with the file that another machine had seen at the vendor."""
    arrive(FRIDAY, {"0105": 3})
    target = PreparedTarget(FEED, FRIDAY)
    told = manifests.load(target.manifest_path)
    assert told
    target.path.write_text(target.path.read_text().replace("Smith", "Sutton"))
    told |= {"size": target.path.stat().st_size, "sha256": manifests.sha256(target.path)}
    manifests.save(target.manifest_path, told)
    helpers.seen()
    with pytest.raises(WrittenByAnother, match="does not hold the rows of which the set was to be made"):
        snapshots.freeze(ROSTERS, FILE, FRIDAY)
    assert frozen(snapshots.snapshot_target(ROSTERS, FILE, FRIDAY)) == ""


def test_rows_of_a_table_that_another_machine_loads_meanwhile_say_nothing(
    district: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(FRIDAY, {"0105": 3})
    target, freeze = snapshots.snapshot_target(ROSTERS, FILE, FRIDAY), warehouse.freeze
    assert frozen(target) not in ("", warehouse.IN_WORK)

    def meanwhile(*words: Any, **more: Any) -> int:
        assert in_a_fork(lambda: warehouse._label(FEED.dataset, FEED.name, {"sha": "another"})) == 0
        return freeze(*words, **more)

    monkeypatch.setattr(warehouse, "freeze", meanwhile)
    helpers.seen()
    with pytest.raises(WrittenByAnother, match="does not hold the rows of which the set was to be made"):
        snapshots.freeze(ROSTERS, FILE, FRIDAY)
    assert frozen(target) == warehouse.IN_WORK


def test_rows_that_another_machine_freezes_anew_are_not_written_out(district: Cloud, tmp_path: Path) -> None:
    """They were checked, and are others by now."""
    arrive(FRIDAY, {"0105": 3})
    target = snapshots.snapshot_target(ROSTERS, FILE, FRIDAY)
    assert frozen(target) not in ("", warehouse.IN_WORK)
    helpers.seen()
    assert rendering.of_view(FILE, target, tmp_path / "checked.csv") == 3
    assert in_a_fork(lambda: warehouse._label(target.dataset, target.table, {"sql": warehouse.IN_WORK})) == 0
    with pytest.raises(WrittenByAnother, match=f"{target.table} does not hold the rows of which the set"):
        rendering.of_view(FILE, target, tmp_path / "others.csv")
    assert not (tmp_path / "others.csv").exists()


# --------------------------------------------------------------------------------------------------------- one browser


def test_one_machine_has_a_browser_at_a_time(there: Cloud, tmp_path: Path) -> None:
    here, seen = EisSchoolErrorReports(date=DATE), list[str]()
    with ExitStack() as first:
        here._alone(first)()
        with another_machine(tmp_path / "two"), ExitStack() as second:
            other = EisSchoolErrorReports(date=DATE)
            portal._held.clear()  # the other machine's is none of this process's

            def waits(who: str) -> None:
                seen.append(who)
                first.close()

            other._wait = waits  # type: ignore[method-assign]
            other._alone(second)()
            assert seen


def test_a_step_that_was_given_up_keeps_no_other_one_of_its_run_waiting(there: Cloud) -> None:
    with ExitStack() as hangs, ExitStack() as other:
        EisSchoolErrorReports(date=DATE)._alone(hangs)()
        begun = time.monotonic()
        EisSchoolErrorReports(date=DATE)._alone(other)()
        assert time.monotonic() - begun < 1
    assert storage.list_objects("leases/") == {}


def test_without_the_bucket_a_browser_is_had_all_the_same(there: Cloud) -> None:
    """The run has said that nobody knows of other machines."""
    with refusing("leases/"), ExitStack() as block:
        EisSchoolErrorReports(date=DATE)._alone(block)()


# ----------------------------------------------------------------------------------------- one more of Luigi's workers


class Slow(luigi.Task):
    """Which another worker has in hand."""

    done: ClassVar[threading.Event] = threading.Event()

    def complete(self) -> bool:
        return self.done.is_set()

    def run(self) -> None:
        raise AssertionError("it is another worker's")


class Last(luigi.Task):
    """It needs what the other worker makes."""

    ran: ClassVar[list[bool]] = []

    def requires(self) -> Slow:
        return Slow()  # type: ignore[no-untyped-call]

    def complete(self) -> bool:
        return bool(self.ran)

    def run(self) -> None:
        self.ran.append(helpers.are_there())


@pytest.mark.parametrize(
    ("name", "ends"),
    # That one first: the scheduler remembers a helper for a while.
    [("week-here", "DONE"), ("morning-there-helps-0123", "DONE"), ("morning-there-helps-0123", "FAILED")],
)
def test_a_worker_stays_as_long_as_another_one_has_something_in_hand(port: int, name: str, ends: str) -> None:
    """More may come of it. One of another run, which has just ended, is no helper."""
    Slow.done.clear()
    Last.ran.clear()
    other: Any = RemoteScheduler(f"http://127.0.0.1:{port}")  # type: ignore[no-untyped-call]
    slow = Slow().task_id  # type: ignore[no-untyped-call]
    other.add_task(worker=name, task_id=slow, family="Slow", params={})
    assert other.get_work(worker=name)["task_id"] == slow
    begun = time.monotonic()

    def end() -> None:
        while time.monotonic() < begun + 2:
            other.ping(worker=name)
            time.sleep(0.2)
        Slow.done.set()
        other.add_task(worker=name, task_id=slow, family="Slow", params={}, status=ends)

    thread = threading.Thread(target=end)
    thread.start()
    luigi.build(  # type: ignore[no-untyped-call]
        [Last()],  # type: ignore[no-untyped-call]
        worker_scheduler_factory=Threads(),
        scheduler_host="127.0.0.1",
        scheduler_port=port,
        no_lock=True,
    )
    thread.join()
    assert helpers.are_there() == ("helps" in name)
    assert Last.ran == (["helps" in name] if ends == "DONE" else [])


def test_a_helper_whose_run_is_over_waits_for_nobody(helper: AtWork, run: leases.Lease, port: int) -> None:
    """Whatever its scheduler said of others when it was asked last."""
    Slow.done.clear()
    Last.ran.clear()
    other: Any = RemoteScheduler(f"http://127.0.0.1:{port}")  # type: ignore[no-untyped-call]
    slow = Slow().task_id  # type: ignore[no-untyped-call]
    other.add_task(worker="morning-there", task_id=slow, family="Slow", params={})
    assert other.get_work(worker="morning-there")["task_id"] == slow
    over = threading.Event()

    def pinging() -> None:
        while not over.wait(0.2):
            other.ping(worker="morning-there")

    thread, begun = threading.Thread(target=pinging), time.monotonic()
    thread.start()
    threading.Timer(2, run.end).start()
    luigi.build(  # type: ignore[no-untyped-call]
        [Last()],  # type: ignore[no-untyped-call]
        worker_scheduler_factory=Threads(),
        scheduler_host="127.0.0.1",
        scheduler_port=port,
        no_lock=True,
    )
    assert 2 < time.monotonic() - begun < 15
    over.set()
    thread.join()


def test_a_helper_leaves_what_is_on_the_disk_of_the_one_that_answers(helper: AtWork, port: int) -> None:
    """Nobody else is given it, and the helper's own worker ends."""

    class Here(ChainTask):
        anywhere, ran = False, list[str]()

        def complete(self) -> bool:
            return False

        def run(self) -> None:
            self.ran.append("here")

    luigi.build(  # type: ignore[no-untyped-call]
        [Here(date=DATE)],
        worker_scheduler_factory=Threads(),
        scheduler_host="127.0.0.1",
        scheduler_port=port,
        no_lock=True,
    )
    assert Here.ran == []
