"""The page in a real Chromium: readable by everybody, on a telephone, in the dark, on paper; and in the bucket."""

import base64
import datetime as dt
import socket
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

import invented
from clouds import Cloud, set_up
from pipeline.ground import settings
from pipeline.outside.browser import chromium
from pipeline.outside.cloud import storage
from pipeline.run import purge
from pipeline.run.page import asking, making, publishing, rendering, shelf
from pipeline.run.page.asking import Known
from pipeline.run.page.content import Morning
from riverbend import Sandbox

AXE = resources.files("axe_core_python").joinpath("axe.min.js").read_text()
# What is seen of it: width in pixels, dark or light, on a screen or on paper.
SEEN = {
    "light": (1280, "light", "screen"),
    "dark": (1280, "dark", "screen"),
    "telephone": (320, "light", "screen"),
    "telephone in the dark": (320, "dark", "screen"),
    "paper": (800, "light", "print"),
    "paper of a dark screen": (800, "dark", "print"),
}
# Of a sign whose meaning stands beside it, axe does not judge the contrast.
SIGN = "contains only non-text characters"
PAGES = ("usual.html", "large.html", "good.html", "index.html")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages as files, as they lie in a folder."""
    folder = tmp_path_factory.mktemp("pages")
    settings.load.cache_clear()
    large = invented.large(6, 3, 8)
    good = invented.shown(invented.reported(flows=[invented.delivery("clever_rosters"), invented.feed("students")]))
    (folder / "usual.html").write_text(rendering.page(invented.usual()))
    (folder / "large.html").write_text(rendering.page(large))
    (folder / "good.html").write_text(rendering.page(good))
    mornings = [Morning(dt.date(2026, 9, 1) + dt.timedelta(days=day), "amber", "x", day % 3 > 0) for day in range(80)]
    (folder / "index.html").write_text(rendering.calendar("Riverbend", mornings, pretends=True))
    return folder


@pytest.fixture(scope="module")
def browser(pages: Path) -> Iterator[WebDriver]:
    with chromium.started(pages.as_uri(), 30) as found:
        yield found


def devtools(browser: WebDriver, command: str, **words: Any) -> Any:
    return browser.execute("executeCdpCommand", {"cmd": command, "params": words})["value"]


def look(browser: WebDriver, page: Path, seen: str) -> None:
    width, scheme, medium = SEEN[seen]
    devtools(
        browser,
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    browser.get(page.as_uri())
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    devtools(browser, "Emulation.setEmulatedMedia", media=medium, features=features)


def violations(browser: WebDriver) -> list[str]:
    """What axe-core finds, also in what is folded up, by WCAG 2.2 AA and its best practices."""
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    browser.execute_script(AXE)
    found = browser.execute_async_script(
        "axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(arguments[0])"
    )
    assert len(found["passes"]) > 15
    unsure = [each for each in found["incomplete"] if each["id"] == "color-contrast"]
    told = [(each["id"], node) for each in (*found["violations"], *unsure) for node in each["nodes"]]
    return [f"{name}: {node['html'][:100]} {node['failureSummary']}" for name, node in told if SIGN not in f"{node}"]


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser: WebDriver, pages: Path, page: str, seen: str) -> None:
    look(browser, pages / page, seen)
    assert violations(browser) == []


def test_axe_would_find_something(browser: WebDriver, pages: Path) -> None:
    look(browser, pages / "usual.html", "light")
    browser.execute_script("document.documentElement.lang = ''; document.querySelector('.quiet').style.color = '#ccc'")
    assert {each.split(":")[0] for each in violations(browser)} == {"html-has-lang", "color-contrast"}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("seen", ["telephone", "light", "paper"])
def test_no_page_is_wider_than_its_place(browser: WebDriver, pages: Path, page: str, seen: str) -> None:
    look(browser, pages / page, seen)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    wide, place = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= place == SEEN[seen][0]


def test_the_dark_is_dark_and_paper_is_white(browser: WebDriver, pages: Path) -> None:
    def background(seen: str) -> str:
        look(browser, pages / "usual.html", seen)
        return str(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))

    assert background("light") == "rgb(255, 255, 255)"
    assert background("dark") == "rgb(20, 23, 27)"
    assert background("paper of a dark screen") == "rgb(255, 255, 255)"


def test_all_of_it_is_reached_by_the_keyboard_and_is_seen_then(browser: WebDriver, pages: Path) -> None:
    look(browser, pages / "usual.html", "light")
    count = "return document.querySelectorAll('a[href], summary, [tabindex=\"0\"]').length"
    wanted = browser.execute_script(count)
    keys = browser.find_element(By.TAG_NAME, "body")
    reached: list[str] = []
    for _ in range(wanted):
        keys.send_keys(Keys.TAB)
        keys = browser.switch_to.active_element
        outline = browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", keys)
        reached.append(f"{keys.id} {outline}")
    # What is folded up is reached when somebody has opened it.
    hidden = browser.execute_script("return document.querySelectorAll('details [tabindex=\"0\"]').length")
    assert len({*reached}) >= wanted - hidden
    assert {each.split(" ")[1] for each in reached[: wanted - hidden]} == {"solid"}


def test_the_first_key_leads_past_the_links(browser: WebDriver, pages: Path) -> None:
    look(browser, pages / "usual.html", "light")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.text == "To the morning"
    skip.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"


def test_a_summary_opens_without_a_script(browser: WebDriver, pages: Path) -> None:
    look(browser, pages / "usual.html", "light")
    trends = browser.find_element(By.CSS_SELECTOR, ".trends details")
    trends.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert trends.find_element(By.TAG_NAME, "table").is_displayed()
    assert trends.find_elements(By.TAG_NAME, "tr")[1].text == "11-27 4,000 1.2"


def test_no_script_runs_and_nothing_is_asked_of_anybody(browser: WebDriver, pages: Path) -> None:
    page, title = pages / "script.html", "Riverbend Schools: 27 November 2026, Something is broken"
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        source = f"http://127.0.0.1:{nobody.getsockname()[1]}/x"
        told = f"<script>document.title = 'it ran'</script><img src='{source}' onerror=\"document.title='it ran'\">"
        page.write_text((pages / "usual.html").read_text().replace("</body>", f"{told}</body>"))
        look(browser, page, "light")
        browser.execute_async_script("setTimeout(arguments[0], 100)")
        nobody.setblocking(False)
        with pytest.raises(BlockingIOError):
            nobody.accept()
    assert browser.title == title


def test_it_is_printed_on_paper(browser: WebDriver, pages: Path) -> None:
    look(browser, pages / "large.html", "paper")
    assert base64.b64decode(devtools(browser, "Page.printToPDF", printBackground=False)["data"])[:5] == b"%PDF-"
    assert not browser.find_element(By.TAG_NAME, "nav").is_displayed()


def test_the_calendar_leads_to_a_page_and_back(browser: WebDriver, pages: Path) -> None:
    (pages / "2026-11-19.html").write_bytes((pages / "usual.html").read_bytes())
    look(browser, pages / "index.html", "telephone")
    browser.find_element(By.CSS_SELECTOR, "main a").click()
    assert browser.find_element(By.TAG_NAME, "h1").text.endswith("Something is broken")
    browser.find_element(By.LINK_TEXT, "All mornings").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Mornings"


# ------------------------------------------------------------------------------------------------------- the bucket


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch, timeout=3) as made:
        config = tmp_path / "cloud.cfg"
        told = config.read_text().replace("[district]", f"[district]\nlanding = {tmp_path}/landing")
        config.write_text(f"{told}[report]\npublish = bucket\ndays = 10\n")
        settings.load.cache_clear()
        monkeypatch.setattr(asking, "known", lambda names, date: Known())
        yield made


def published() -> dict[str, tuple[str, str, bytes]]:
    """What lies in the bucket: its kind, what browsers keep of it, its bytes."""
    blobs = storage._client().list_blobs(settings.load().district.bucket)
    return {blob.name: (blob.content_type, blob.cache_control, blob.download_as_bytes()) for blob in blobs}


def test_pages_lie_in_the_bucket_below_a_prefix_of_their_own(there: Cloud) -> None:
    assert making.after_run(invented.reported()) == []
    page, index = (file.read_bytes() for file in (shelf.page(invented.FRIDAY), shelf.index()))
    assert published() == {
        "pages/2026-11-27.html": ("text/html", "no-cache", page),
        "pages/index.html": ("text/html", "no-cache", index),
    }
    there.from_now_on()
    assert making.after_run(invented.reported()) == []
    assert there.since() == []


def test_a_page_that_is_new_takes_the_place_of_the_old_one(there: Cloud) -> None:
    assert making.after_run(invented.reported()) == []
    there.from_now_on()
    assert making.after_run(invented.reported(invented.LOGIN)) == []
    assert b"Something is broken" in published()["pages/2026-11-27.html"][2]
    assert len(there.asked("storage", "POST", "/o")) == 2


def test_a_bucket_that_does_not_answer_is_a_remark_and_the_next_run_publishes(there: Cloud) -> None:
    there.sandbox.run("fault", "google", "unavailable", "--times", "0")
    remarks = making.after_run(invented.reported())
    there.sandbox.run("heal")
    assert len(remarks) == 1
    assert "pages/2026-11-27.html" in remarks[0]
    assert shelf.page(invented.FRIDAY).is_file()
    there.look_again()
    assert making.after_run(invented.reported()) == []
    assert "pages/2026-11-27.html" in published()


def test_old_pages_go_from_the_bucket(there: Cloud) -> None:
    for day in (17, 18):
        name = f"pages/2026-11-{day}.html"
        storage.store_text(name, b"x", publishing.CONTENT, "", {}, over=storage.Stored(name))
    storage.store_text("pages/index.html", b"x", publishing.CONTENT, "", {}, over=storage.Stored("pages/index.html"))
    assert list(purge.in_bucket(invented.FRIDAY)) == ["pages/2026-11-17.html"]
    assert sorted(published()) == ["pages/2026-11-18.html", "pages/index.html"]
