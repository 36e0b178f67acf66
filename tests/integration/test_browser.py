"""The browser against pages that misbehave, each in its own way."""

import contextlib
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from pipeline.ground.errors import ConfigurationError
from pipeline.outside.browser import browser as browsers
from pipeline.outside.browser import chromium
from pipeline.outside.browser.browser import Browser, Element, ErrorPage, PageFailed

NAME, SSN, TYPED, NUMBER = "Núñez-O'Brien", "912-34-5678", "hunter2-of-the-portal", "0004127"
PEOPLE = f"""<title>Report of {NAME}</title><!-- {NAME} --><script>var all = ["{NAME}"]; setInterval(() => {{
  document.querySelector('td').textContent = "{NAME}"; }}, 1)</script>
<h1>{NAME}: server error</h1><p data-student="{NUMBER}">{SSN}</p>
<img alt="{NAME}" title="{SSN}" src="/x.gif?{NUMBER}">
<table><tr><td>{NAME}</td><td><a href="/{NUMBER}/{NUMBER}?s={SSN}">{NAME}</a></td></tr></table>
<form><label>School year</label><input name=passwd type=password><input type=hidden value="{SSN}">
<textarea>{NAME}</textarea><button>Continue</button></form><iframe srcdoc="<p>{NAME} {SSN}</p>"></iframe>"""
LATE = """<div id=overlay style="position:fixed;inset:0;background:#fff"></div><script>
setTimeout(() => overlay.remove(), 200);
setTimeout(() => document.body.insertAdjacentHTML('beforeend', `<form action=/next target=_blank>
  <select name=s><option>A<option>B</select><button>Open</button></form>`), 100)</script>"""
PAGES = {
    "/late": LATE,
    "/next": "<p id=here>here</p><script>if (location.search == '?s=A') window.close()</script>",
    "/opener": "<a href=/slow target=_blank rel=opener>Open</a>",
    "/slow": "<p>slow</p>",
    "/people": PEOPLE,
    "/files": "".join(f"<a id={name} href=/{name}>{name}</a> " for name in ("whole", "cut", "empty", "failing")),
}
FILES = {"/whole": (5000, 5000), "/cut": (5000, 2500), "/empty": (0, 0)}


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path in FILES:
            length, sent = FILES[path]
            self._answer(200, b"x" * sent, length, ("Content-Disposition", "attachment; filename=report.csv"))
        elif path in PAGES:
            time.sleep(1.5 if path == "/slow" else 0)  # as a site that thinks for so long
            page = f"<!DOCTYPE html><meta charset=utf-8>{PAGES[path]}".encode()
            self._answer(200, page, len(page), ("Content-Type", "text/html"))
        else:
            self._answer(500, b"<h1>broken</h1>", 15, ("Content-Type", "text/html"))

    def _answer(self, status: int, body: bytes, length: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(length))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def one(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsers.session(site, tmp_path_factory.mktemp("diagnostics") / "pages", patience=4) as found:
        yield found


@pytest.fixture
def at(one: Browser, site: str) -> Callable[[str], Browser]:
    """The shared session, at a page of the site."""

    def opened(path: str) -> Browser:
        one.page = f"page {path}"
        one.open(site + path)
        return one

    return opened


def named(selector: str) -> Element:
    return Element(f"the {selector}", (selector,))


def test_what_comes_late_is_waited_for_and_windows_are_closed_again(at: Callable[[str], Browser]) -> None:
    browser = at("/late")
    browser.choose(named("select"), "B")
    browser.vanish(named("#overlay"))
    with browser.window("the other window", partial(browser.click, named("button"))):
        browser.see(named("#here"))
    assert len(browser.driver.window_handles) == 1
    assert browser.address().endswith("/late")


def test_a_window_is_entered_when_its_page_has_come_however_late_that_is(
    at: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsers, "WINDOW", 0.8)
    browser = at("/opener")
    with browser.window("the other window", partial(browser.click, named("a"))):
        assert browser.driver.execute_script("return location.pathname") == "/slow"
    assert browser.address().endswith("/opener")


def test_a_window_that_closes_itself_is_told_in_a_sentence(at: Callable[[str], Browser]) -> None:
    browser = at("/late")
    with (
        pytest.raises(PageFailed, match=r"the window closed by itself|waited 4 s for the other window"),
        browser.window("the other window", partial(browser.click, named("button"))),
    ):
        browser.vanish(named("#here"))
        browser.see(named("#there"))
    assert browser.address().endswith("/late")


def test_an_error_page_is_not_waited_for(at: Callable[[str], Browser]) -> None:
    browser = at("/nothing")  # whoever waits to the end is told NotSeen
    with pytest.raises(ErrorPage, match=r"^page /nothing: the site answers 500$"):
        browser.click(named("#button"))


def test_what_fails_leaves_evidence_with_nobodys_data_in_it(at: Callable[[str], Browser]) -> None:
    browser = at("/people")
    browser.type(named("[name=passwd]"), TYPED)
    browser.patience, browser.about = 0.3, "RSD AllErr-0105"
    with pytest.raises(PageFailed, match=r"^page /people: waited 0.3 s for the #lever$") as failure:
        browser.click(named("#lever"))
    browser.patience = 4
    picture = failure.value.evidence
    assert picture is not None
    source = picture.with_suffix(".html")
    assert picture.name == "RSD-AllErr-0105-page-people.png"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (picture, source, picture.parent)] == [0o600, 0o600, 0o700]
    assert picture.read_bytes().startswith(b"\x89PNG")
    kept = source.read_text()
    for secret in (NAME, "Brien", SSN, "5678", TYPED, NUMBER):
        assert secret not in kept
        assert secret not in repr(failure.value)
    assert "School year" in kept
    assert "Continue" in kept
    assert "<h1>aaaaa-a'aaaaa: server error</h1>" in kept
    shown = browser.driver.execute_script("return [document.body.innerText, frames[0].document.body.innerText].join()")
    assert SSN not in shown
    assert NAME not in shown


def test_a_download_is_whole_or_fails(at: Callable[[str], Browser], tmp_path: Path) -> None:
    browser = at("/files")
    for folder in (tmp_path / "a", tmp_path / "b", tmp_path / "b"):
        file = browser.download(folder, partial(browser.click, named("#whole")))
        assert (file, file.stat().st_size, [*folder.iterdir()]) == (folder / "report.csv", 5000, [file])
    with pytest.raises(PageFailed, match="the download broke off"):
        browser.download(tmp_path / "c", partial(browser.click, named("#cut")))
    with pytest.raises(PageFailed, match="empty file"):
        at("/files").download(tmp_path / "d", partial(browser.click, named("#empty")))
    with pytest.raises(ErrorPage, match="the site answers 500"):
        at("/files").download(tmp_path / "e", partial(browser.click, named("#failing")))


def test_a_download_s_folder_may_be_relative(
    at: Callable[[str], Browser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the landing folder of the repository's own luigi.cfg is; Chromium takes only absolute ones."""
    monkeypatch.chdir(tmp_path)
    browser = at("/files")
    file = browser.download(Path("reports"), partial(browser.click, named("#whole")))
    assert file.stat().st_size == 5000
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["report.csv"]


def test_a_killed_run_leaves_neither_processes_nor_a_profile_and_no_secret_reaches_them(
    site: str,
) -> None:
    program = (
        "import signal, sys; from pathlib import Path; from pipeline.outside.browser import browser\n"
        "with browser.session(sys.argv[1], Path('unused'), patience=60) as found:\n"
        "    found.open(sys.argv[1] + '/late'); print('up', flush=True); signal.pause()"
    )
    environment = {**os.environ, "PIPELINE_SECRET_PORTAL": TYPED}
    run = subprocess.Popen([sys.executable, "-c", program, site], stdout=subprocess.PIPE, env=environment, text=True)
    with run, contextlib.ExitStack() as at_last:
        at_last.callback(run.kill)
        assert run.stdout
        assert run.stdout.readline() == "up\n"
        family = psutil.Process(run.pid).children(recursive=True)
        assert any("chromium" in one.name() for one in family)
        folder = Path(next(one for one in family if one.name() == "chromedriver").cwd())
        assert list(folder.iterdir())
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                assert TYPED not in one.environ().values()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert not folder.exists()


def test_without_a_browser_there_is_one_sentence(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "CHROMEDRIVER", str(tmp_path / "none"))
    with (
        pytest.raises(ConfigurationError, match="the browser does not start"),
        browsers.session(site, tmp_path, patience=5),
    ):
        pass
