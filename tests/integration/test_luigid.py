"""The central scheduler's pages: what is left of other mornings, what was mended, the history that is not kept."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.rpc import RemoteScheduler

from pipeline.run.luigid import SAYS
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
