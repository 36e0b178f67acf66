"""A real browser, and what can be waited for in it: elements, windows, downloads.

Debian's Chromium and chromedriver, headless; the profile is made for the session and goes with it (see leash.py).
Nothing is fetched but what the pages ask for. A page that is not as it must be ends in PageFailed: one sentence
without a word out of the page, and evidence in a folder. Selenium's own exceptions quote pages and never leave here.
"""

import contextlib
import ipaddress
import logging
import os
import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import urllib3
import websocket
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchWindowException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver import ChromeOptions
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from pipeline import evidence
from pipeline.errors import ConfigurationError

CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
# Of our environment the browser sees only this: it needs no secret.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY")
_QUIET = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=Translate,OptimizationHints,MediaRouter,PasswordManagerOnboarding",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,1000",
)
_LOOK = 0.05  # seconds between two looks at a page
_STATUS = "const page = performance.getEntriesByType('navigation')[0]; return page ? page.responseStatus : 0"
_GONE = (urllib3.exceptions.HTTPError, websocket.WebSocketException, OSError)  # the driver does not answer any more
T = TypeVar("T")

# At DEBUG it writes every key that is typed.
logging.getLogger("selenium").setLevel(logging.INFO)


class PageFailed(Exception):
    """What was found on a page instead of what was expected. `evidence` is the picture of it, if there could be one."""

    def __init__(self, found: str, evidence: Path | None = None) -> None:
        self.found, self.evidence = found, evidence
        super().__init__(found)


class BrowserGone(PageFailed):
    """The browser itself does not answer: this session is over."""


@dataclass(frozen=True)
class Element:
    """Something on a page: what a person calls it, and its selectors (CSS, or XPath from // on). Any may match."""

    what: str
    selectors: tuple[str, ...]


@dataclass
class Browser:
    """One session. `page` is where we are and `about` what for: both go into sentences and names of evidence.

    Every wait ends after `patience` seconds, in PageFailed.
    """

    driver: WebDriver
    patience: float
    evidence: Path
    page: str = "the start"
    about: str = "session"
    _ended: queue.SimpleQueue[tuple[str, str]] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.driver.set_page_load_timeout(self.patience)
        self.driver.browsing_context.add_event_handler(
            "download_end",
            lambda event: self._ended.put((event.download_params.status, event.download_params.filepath or "")),
        )

    def open(self, address: str) -> None:
        with self._told():
            self.driver.get(address)

    def wait(self, for_what: str, look: Callable[[], T | None]) -> T:
        """What `look` finds as soon as it finds something. A page that answers with an error is not waited for."""

        def once(_: WebDriver) -> T | None:
            if (found := look()) is None:
                self._refuse_error_page()
            return found

        waiting = WebDriverWait(
            self.driver,
            self.patience,
            poll_frequency=_LOOK,
            ignored_exceptions=(
                StaleElementReferenceException,
                ElementClickInterceptedException,
                ElementNotInteractableException,
            ),
        )
        with self._told(for_what):
            return waiting.until(once)  # type: ignore[return-value]

    def first(self, *elements: Element) -> Element:
        """Which of `elements` comes into sight first."""
        return self.wait(
            " or ".join(element.what for element in elements),
            lambda: next((element for element in elements if self._visible(element)), None),
        )

    def see(self, element: Element) -> None:
        self.first(element)

    def vanish(self, element: Element) -> None:
        """Wait until `element` is not in sight. One that was never there has vanished."""
        self.wait(f"the end of {element.what}", lambda: None if self._visible(element) else True)

    def click(self, element: Element, having: Callable[[str], bool] | None = None) -> None:
        """Click on the first one in sight that is enabled (and whose text is such); again if something is before it."""

        def click() -> bool | None:
            for found in self._visible(element):
                if found.is_enabled() and (having is None or having(found.text)):
                    found.click()
                    return True
            return None

        self.wait(element.what, click)

    def type(self, element: Element, text: str) -> None:
        def type() -> bool | None:
            for found in self._visible(element):
                found.clear()
                found.send_keys(text)
                return True
            return None

        self.wait(element.what, type)

    @contextlib.contextmanager
    def window(self, what: str, open: Callable[[], None]) -> Iterator[None]:
        """Be in the window that `open` opens; at the end all windows but this one are closed."""
        with self._told():
            home, before = self.driver.current_window_handle, set(self.driver.window_handles)
        open()
        self.wait(what, lambda: self._enter(set(self.driver.window_handles) - before))
        try:
            yield
        finally:
            self._back_to(home)

    def _enter(self, windows: set[str]) -> bool | None:
        for window in windows:
            self.driver.switch_to.window(window)
            return True
        return None

    def _back_to(self, home: str) -> None:
        with self._told():
            for window in self.driver.window_handles:
                if window != home:
                    self.driver.switch_to.window(window)
                    self.driver.close()
            self.driver.switch_to.window(home)

    def download(self, folder: Path, begin: Callable[[], None]) -> Path:
        """The whole file that `begin` makes the browser put into `folder`, which is emptied before."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        with self._told():
            self.driver.browser.set_download_behavior(allowed=True, destination_folder=str(folder))
        while not self._ended.empty():
            self._ended.get()
        begin()
        status, path = self.wait("the end of the download", self._download_ended)
        if status != "complete":
            raise self.failed("the download broke off")
        return self.wait("the downloaded file, settled", lambda: _settled(folder, Path(path)))

    def _download_ended(self) -> tuple[str, str] | None:
        with contextlib.suppress(queue.Empty):
            return self._ended.get(timeout=_LOOK)
        return None

    def failed(self, found: str) -> PageFailed:
        """To be raised; the evidence is taken now, before anything else happens to the page."""
        return PageFailed(f"{self.page}: {found}", self._picture())

    def _picture(self) -> Path | None:
        try:
            return evidence.taken(self.driver, self.evidence, f"{self.about} {self.page}")
        except (WebDriverException, *_GONE):  # no window, or no browser, to take it from
            return None

    def _visible(self, element: Element) -> list[WebElement]:
        found: list[WebElement] = []
        for selector in element.selectors:
            by = By.XPATH if selector.startswith("//") else By.CSS_SELECTOR
            found += [one for one in self.driver.find_elements(by, selector) if one.is_displayed()]
        return found

    def _refuse_error_page(self) -> None:
        if (status := self.driver.execute_script(_STATUS)) and status >= 400:
            raise self.failed(f"the portal answers {status}")

    @contextlib.contextmanager
    def _told(self, for_what: str = "an answer") -> Iterator[None]:
        """Selenium's exceptions as ours, and nothing of theirs in it."""
        try:
            yield
        except TimeoutException:
            raise self.failed(f"waited {self.patience:g} s for {for_what}") from None
        except NoSuchWindowException:
            raise PageFailed(f"{self.page}: the window closed by itself, while waiting for {for_what}") from None
        except WebDriverException as error:
            raise self.failed(f"{type(error).__name__} while waiting for {for_what}") from None
        except _GONE as error:
            raise BrowserGone(f"{self.page}: the browser is gone ({type(error).__name__})") from None


def _settled(folder: Path, file: Path) -> Path | None:
    """The file, if the browser keeps no part of it beside and it does not grow. Raises PageFailed when it is empty."""
    size = file.stat().st_size if file.parent == folder and file.is_file() else None
    if size is None or any(folder.glob("*.crdownload")):
        return None
    if not size:
        raise PageFailed("an empty file was downloaded")
    return file


@contextlib.contextmanager
def session(address: str, diagnostics: Path, *, patience: float = 60) -> Iterator[Browser]:
    """A browser with a profile of its own, for the site at `address`. Nothing of it is there afterwards.

    A site on this machine is all that it can then reach. Raises ConfigurationError when there is no browser.
    """
    with _driver_at(patience) as connection:
        try:
            driver = WebDriver(connection, options=_options(address), file_detector=UselessFileDetector())
        except (WebDriverException, *_GONE) as error:
            raise _no_browser(type(error).__name__) from None
        try:
            yield Browser(driver, patience, diagnostics)
        finally:
            _hang_up(driver)


@contextlib.contextmanager
def _driver_at(patience: float) -> Iterator[ChromeRemoteConnection]:
    """A running chromedriver; at the end it and its browser are killed."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.leash", CHROMEDRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    ) as leash:
        assert leash.stdin and leash.stdout  # noqa: S101  # they are pipes
        try:
            if not (port := leash.stdout.readline().strip().decode()):
                raise _no_browser("no chromedriver")
            yield _connection(f"http://127.0.0.1:{port}", patience)
        finally:
            leash.stdin.close()


def _connection(address: str, patience: float) -> ChromeRemoteConnection:
    config = ClientConfig(address, timeout=int(patience) + 30, websocket_timeout=patience, websocket_interval=0.01)
    return ChromeRemoteConnection(address, ignore_proxy=True, client_config=config)


def _no_browser(found: str) -> ConfigurationError:
    return ConfigurationError(
        f"the browser does not start ({found})",
        expected=f"{CHROMIUM} and {CHROMEDRIVER}, of one version",
        next_step="apt-get install chromium chromium-driver",
    )


def _options(address: str) -> ChromeOptions:
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    options.page_load_strategy = "eager"
    options.enable_bidi = True
    host = urlsplit(address).hostname or ""
    wanted = [*_QUIET]
    if os.geteuid() == 0:
        wanted.append("--no-sandbox")  # Chromium's sandbox refuses to work for root
    if _on_this_machine(host):
        wanted.append(f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}")
    for argument in wanted:
        options.add_argument(argument)
    options.add_experimental_option(
        "prefs", {"credentials_enable_service": False, "profile.password_manager_enabled": False}
    )
    return options


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hang_up(driver: WebDriver) -> None:
    """Close our connections. The browser is not asked to quit: it is killed, which takes less time and always works."""
    with contextlib.suppress(WebDriverException, *_GONE):
        socket: Any = driver._websocket_connection
        if socket is not None:
            socket.close()
    driver.command_executor.close()  # type: ignore[union-attr]
