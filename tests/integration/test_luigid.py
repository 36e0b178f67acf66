"""The central scheduler's pages: what is left of other mornings, what was mended, the history that is not kept."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.rpc import RemoteScheduler, RPCError

from pipeline.run.luigid import SAYS
from pipeline.run.together import Together
from sshd import free_port

ROOT = Path(__file__).parents[2]
TODAY, YESTERDAY = "2025-11-18", "2025-11-17"


class Pages:
    """A scheduler of this engine's, and who talks to it."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        scheduler: Any = RemoteScheduler(self.address)  # type: ignore[no-untyped-call]
        scheduler.get_work(worker="nobody")  # it answers
        self._scheduler = scheduler

    def add(
        self, family: str, date: str, status: str = "DONE", worker: str = "morning", deps: tuple[str, ...] = ()
    ) -> str:
        name = f"{family}_{date}"
        params = {"date": date}
        self._scheduler.add_task(
            worker=worker, task_id=name, family=family, params=params, status=status, deps=[*deps], expl="why"
        )
        return name

    def shown(self) -> dict[str, str]:
        """Every task, and its status."""
        found: dict[str, str] = {}
        for status in ("DONE", "FAILED", "PENDING", "RUNNING", "UNKNOWN"):
            found |= dict.fromkeys(self._scheduler.task_list(status=status, upstream_status=""), status)
        return found

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=10) as answer:  # noqa: S310  (an address of this machine)
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.reason


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, state = free_port(), tmp_path_factory.mktemp("luigid") / "state.pickle"
    words = ["--address", "127.0.0.1", "--port", str(port), "--state-path", str(state)]
    with subprocess.Popen([sys.executable, "-m", "pipeline.run.luigid", *words], cwd=ROOT) as process:
        yield port
        process.terminate()
        process.wait(20)
    assert state.is_file()  # what it knows is kept


@pytest.fixture
def pages(port: int) -> Pages:
    found = Pages(port)
    found.add("Week", "1999-01-01")  # what the test before has left
    return found


def test_a_new_morning_shows_nothing_of_yesterdays(pages: Pages) -> None:
    old = [pages.add("LoadedTable", YESTERDAY), pages.add("VendorFile", YESTERDAY, "FAILED")]
    assert pages.shown().keys() >= {*old}
    root = pages.add("Morning", TODAY, "PENDING", deps=("LoadedTable_x",))
    assert pages.shown().keys() & {*old, root} == {root}
    assert not [name for name in pages.shown() if "1999" in name]


def test_one_that_has_nothing_to_do_does_so_too(pages: Pages) -> None:
    old = pages.add("LoadedTable", YESTERDAY)
    pages.add("Morning", TODAY)
    assert old not in pages.shown()


def test_what_was_red_goes_when_a_run_begins_and_what_is_done_stays(pages: Pages) -> None:
    red, waits, done = (pages.add(f"{status}Task", TODAY, status) for status in ("FAILED", "PENDING", "DONE"))
    assert pages.shown()[red] == "FAILED"
    pages.add("Morning", TODAY, "PENDING")
    assert pages.shown().keys() & {red, waits, done} == {done}


def test_a_week_takes_nothing_from_a_morning_that_is_at_work(pages: Pages) -> None:
    other = pages.add("LandedFile", YESTERDAY, "PENDING", worker="somebody")
    running = pages.add("Snapshot", YESTERDAY, "RUNNING", worker="morning")
    pages.add("Week", TODAY, "PENDING", worker="week")
    assert pages.shown().keys() >= {other, running}


def test_an_old_step_by_hand_takes_nothing_away(pages: Pages) -> None:
    red = pages.add("VendorFile", YESTERDAY, "FAILED")
    pages.add("SftpOperationsMisc", TODAY, "PENDING", worker="by hand")
    assert pages.shown()[red] == "FAILED"


@pytest.mark.parametrize("path", ["/history", "/history/by_name/Morning", "/history/by_params/Morning", "/tasklist"])
def test_the_history_that_is_not_kept_is_an_empty_page(pages: Pages, path: str) -> None:
    status, text = pages.get(path)
    assert (status, "<html" in text) == (200, True)


@pytest.mark.parametrize("path", ["/history/by_id/3", "/history/by_task_id/Morning_x"])
def test_what_it_does_not_have_is_not_found(pages: Pages, path: str) -> None:
    assert pages.get(path) == (404, "no history is kept")


@pytest.mark.parametrize("name", SAYS)
def test_the_pages_scripts_are_luigis_but_for_what_names_a_task(pages: Pages, name: str) -> None:
    """A Luigi whose scripts say it otherwise fails here."""
    text = (Path(luigi.__file__).parent / f"static/visualiser/js/{name}.js").read_text()
    for luigis, ours in SAYS[name].items():
        assert text.count(luigis) == 1
        text = text.replace(luigis, ours)
    assert pages.get(f"/static/visualiser/js/{name}.js") == (200, text)
    assert pages.get("/static/visualiser/js/util.js")[0] == 200


BROWSER = ("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom")


def test_a_browser_draws_the_graph_with_tasks_that_can_be_told_apart(pages: Pages, tmp_path: Path) -> None:
    pages.add("Morning", TODAY, "PENDING", deps=("Left", "Right"))
    for name, params in (("Left", {"feed": "<i>students", "part": "RSD"}), ("Right", {"feed": "schools"})):
        pages._scheduler.add_task(worker="morning", task_id=name, family="LandedFile", params=params, status="FAILED")
    url = f"{pages.address}/static/visualiser/index.html#tab=graph&taskId=Morning_{TODAY}"
    begun = time.monotonic()
    page = subprocess.run(
        [*BROWSER, f"--user-data-dir={tmp_path}", url], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert time.monotonic() - begun < 100
    assert "LandedFile &lt;i&gt;students RSD</text>" in page
    assert "LandedFile schools</text>" in page
    assert page.count('fill="#DD0000"') >= 2


def together(pages: Pages) -> Any:
    return Together(pages._scheduler)


def test_many_calls_are_one(pages: Pages) -> None:
    """What is told waits for the question for work, which brings as many tasks as there are places."""
    ours, asked = together(pages), {"worker": "many", "host": "here", "current_tasks": []}
    names = [f"Many_{number}" for number in range(5)]
    for name in names:
        ours.add_task(worker="many", task_id=name, family="Many", params={}, priority=-len(name))
    assert not pages.shown().keys() & {*names}
    ours.places = 3
    first = [ours.get_work(**asked)["task_id"] for _ in range(3)]
    assert first == names[:3]
    shown = pages.shown()
    assert {shown[name] for name in first} == {"RUNNING"}
    assert {shown[name] for name in names[3:]} == {"PENDING"}
    ours.set_task_status_message(names[0], "half of it")
    ours.set_task_progress_percentage(names[0], 50)
    ours.ping(worker="many")
    running = pages._scheduler.task_list(status="RUNNING", upstream_status="")[names[0]]
    assert (running["status_message"], running["progress_percentage"]) == ("half of it", 50)
    for name in first:
        ours.add_task(worker="many", task_id=name, status="DONE")
    ours.places = 32
    last = [ours.get_work(**asked)["task_id"] for _ in range(3)]
    assert last == [*names[3:], None]
    assert {pages.shown()[name] for name in first} == {"DONE"}


def test_what_was_told_is_kept_when_nobody_hears_it(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = together(pages)
    ours.add_task(worker="many", task_id="Kept_1", family="Kept", params={})
    address = pages._scheduler._url
    monkeypatch.setattr(pages._scheduler, "_rpc_retry_attempts", 1)
    monkeypatch.setattr(pages._scheduler, "_url", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RPCError):
        ours.flush()
    ours.add_task(worker="many", task_id="Kept_2", family="Kept", params={})
    monkeypatch.setattr(pages._scheduler, "_url", address)
    ours.flush()
    assert pages.shown().keys() >= {"Kept_1", "Kept_2"}


def until_it_answers(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)


def test_another_luigid_is_asked_as_luigi_asks_it(tmp_path: Path) -> None:
    port = free_port()
    luigid = str(Path(sys.executable).with_name("luigid"))
    words = ["--address", "127.0.0.1", "--port", str(port), "--state-path", str(tmp_path / "state.pickle")]
    with subprocess.Popen([luigid, *words], cwd=tmp_path) as process:
        try:
            until_it_answers(port)
            pages = Pages(port)
            ours = together(pages)
            ours.add_task(worker="many", task_id="Plain_1", family="Plain", params={})
            assert pages.shown() == {"Plain_1": "PENDING"}
            ours.places = 3
            replies = [ours.get_work(worker="many", host="here", current_tasks=["Plain_1"][:given]) for given in (0, 1)]
            assert [reply["task_id"] for reply in replies] == ["Plain_1", None]
        finally:
            process.terminate()
            process.wait(20)


def test_a_worker_takes_nothing_that_was_forgotten(pages: Pages) -> None:
    """A run that was killed knew it; Luigi would hand it out."""
    for name in ("Gone_1", "Gone_2", "Gone_3"):
        pages._scheduler.add_task(worker="again", task_id=name, family="Gone", params={})
    pages.add("Morning", TODAY, "DONE", worker="again")
    for name in ("Waits_1", "Waits_2", "Waits_3", "Waits_4"):
        pages._scheduler.add_task(worker="again", task_id=name, family="Waits", params={}, runnable=False)
    assert pages._scheduler.get_work(worker="again", host="here", current_tasks=[])["task_id"] is None
