"""A real browser, and what can be waited for in it: elements, windows, downloads.

A page that is not as it must be ends in PageFailed: one sentence without a word out of the page, and evidence in a
folder. Selenium's own exceptions quote pages; they never leave this module.
"""

import contextlib
import queue
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    NoSuchWindowException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait

from pipeline.outside.browser import chromium, diagnostics
from pipeline.outside.browser.chromium import GONE

_LOOK = 0.05  # seconds between two looks at a page
# Seconds for which a page that has come stands still before it is believed to show nothing more.
STILL = 4.0
# Seconds for a window to open.
WINDOW = 30.0
# The address of a window whose page has not come.
_BLANK = "about:blank"
# What tells whether a page stands still: is it loaded, which one is it, how much is on it.
_SHAPE = "return [document.readyState, location.href, document.body ? document.body.innerHTML.length : 0].join(' ')"
# All that can be pressed on a page in sight, and all that asks for an input.
_BUTTONS = "input[type='submit'], input[type='button'], button"
_INPUTS = "input:not([type='submit']):not([type='button']):not([type='hidden']), select, textarea"
_STATUS = "const page = performance.getEntriesByType('navigation')[0]; return page ? page.responseStatus : 0"
T = TypeVar("T")


class PageFailed(Exception):
    """What was found on a page instead of what was expected. `evidence` is the picture of it, if there could be one."""

    def __init__(self, found: str, evidence: Path | None = None) -> None:
        self.found, self.evidence = found, evidence
        super().__init__(found)


class NotSeen(PageFailed):
    """What was waited for did not come into sight."""


class NoAnswer(NotSeen):
    """The site gave no page at all."""


class ErrorPage(PageFailed):
    """The site answered with an HTTP status of 400 or more."""


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
    diagnostics: Path
    page: str = "the start"
    about: str = "session"
    _ended: queue.SimpleQueue[tuple[str, str]] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        with self._told():
            self.driver.set_page_load_timeout(self.patience)
            self.driver.browsing_context.add_event_handler(
                "download_end",
                lambda event: self._ended.put((event.download_params.status, event.download_params.filepath or "")),
            )

    def open(self, address: str) -> None:
        with self._told():
            diagnostics.scripts(self.driver, on=True)
            self.driver.get(address)

    def address(self) -> str:
        with self._told():
            return self.driver.current_url

    def wait(self, for_what: str, look: Callable[[], T | None], within: float | None = None) -> T:
        """What `look` finds as soon as it finds something, `within` so many seconds where our patience is longer.

        A page that answers with an error is not waited for.
        """
        patience = self.patience if within is None else min(within, self.patience)

        def once(_: WebDriver) -> T | None:
            if (found := look()) is None:
                self._refuse_error_page()
            return found

        waiting = WebDriverWait(
            self.driver,
            patience,
            poll_frequency=_LOOK,
            ignored_exceptions=(
                StaleElementReferenceException,
                ElementClickInterceptedException,
                ElementNotInteractableException,
            ),
        )
        with self._told(for_what, patience):
            return waiting.until(once)  # type: ignore[return-value]

    def first(self, *elements: Element) -> Element:
        """Which of `elements` comes into sight first."""
        return self.wait(
            " or ".join(element.what for element in elements),
            lambda: next((element for element in elements if self._visible(element)), None),
        )

    def first_or_still(self, *elements: Element, after: Element) -> Element | None:
        """Which of `elements` comes into sight first; None when another page has come, which shows none of them.

        The former page is the one on which `after` is in sight: as long as it is, the next one is waited for.
        """
        stands = ("", 0.0)

        def look() -> Element | bool | None:
            nonlocal stands
            for element in elements:
                if self._visible(element):
                    return element
            shape = "" if self._visible(after) else str(self.driver.execute_script(_SHAPE))
            if not shape.startswith("complete") or shape != stands[0]:
                stands = (shape, time.monotonic())
                return None
            return True if time.monotonic() > stands[1] + STILL else None

        found = self.wait(" or ".join(element.what for element in elements), look)
        return found if isinstance(found, Element) else None

    def press_only_button(self) -> bool:
        """Press the button of a page that has only one and asks for nothing; whether it was one, and is left."""
        with self._told("a page with one button"):
            buttons = [each for each in self.driver.find_elements(By.CSS_SELECTOR, _BUTTONS) if each.is_displayed()]
            inputs = [each for each in self.driver.find_elements(By.CSS_SELECTOR, _INPUTS) if each.is_displayed()]
            if len(buttons) != 1 or inputs:
                return False
            buttons[0].click()
            with contextlib.suppress(TimeoutException):
                WebDriverWait(self.driver, STILL, poll_frequency=_LOOK).until(staleness_of(buttons[0]))
                return True
        return False

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

    def choose(self, element: Element, text: str) -> None:
        """The option of that text in a drop-down."""

        def choose() -> bool | None:
            for found in self._visible(element):
                with contextlib.suppress(NoSuchElementException):  # its options may come late
                    Select(found).select_by_visible_text(text)
                    return True
            return None

        self.wait(f"{element.what}, with {text}", choose)

    @contextlib.contextmanager
    def window(self, what: str, open: Callable[[], None]) -> Iterator[None]:
        """Be in the window that `open` opens; at the end all windows but this one are closed.

        A window is there at once, however long its page takes: a browser that opens none has had its day (BrowserGone).
        It is entered when its page has come, and not spoken to before: a command that meets the very first navigation
        of a window can lose its answer, and chromedriver then waits for it until the limit of a page is over.
        """
        with self._told():
            home, before = self.driver.current_window_handle, {*self._addresses()}
        open()
        try:
            window = self.wait(what, lambda: next(iter(self._addresses().keys() - before), None), within=WINDOW)
        except NotSeen as failure:
            raise BrowserGone(failure.found, failure.evidence) from None
        try:
            self.wait(f"the page in {what}", lambda: self._addresses().get(window, "closed") != _BLANK or None)
            with self._told(what):
                self.driver.switch_to.window(window)
            yield
        finally:
            self._back_to(home)

    def _addresses(self) -> dict[str, str]:
        """Each window, and where its page is: as the browser tells it without asking the page."""
        return {str(info.context): str(info.url) for info in self.driver.browsing_context.get_tree(max_depth=0)}

    def _back_to(self, home: str) -> None:
        with contextlib.suppress(PageFailed), self._told():  # what failed before is told, not what follows from it
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
            self.driver.browser.set_download_behavior(allowed=True, destination_folder=str(folder.absolute()))
        while not self._ended.empty():
            self._ended.get()
        begin()
        status, path = self.wait("the end of the download", self._download_ended)
        if status != "complete":
            raise self.failed("the download broke off")
        sizes: list[int] = []
        self.wait("the downloaded file to settle", lambda: _settled(Path(path), sizes))
        if not sizes[-1]:
            raise self.failed("an empty file was downloaded")
        return Path(path)

    def _download_ended(self) -> tuple[str, str] | None:
        with contextlib.suppress(queue.Empty):
            return self._ended.get(timeout=_LOOK)
        return None

    def failed(self, found: str) -> PageFailed:
        """To be raised; the evidence is taken now, before anything else happens to the page."""
        return PageFailed(*self._evidence(found))

    def _evidence(self, found: str) -> tuple[str, Path | None]:
        return f"{self.page}: {found}", self._picture()

    def _picture(self) -> Path | None:
        try:
            return diagnostics.taken(self.driver, self.diagnostics, f"{self.about} {self.page}")
        except (WebDriverException, *GONE):  # no window, or no browser, to take it from
            return None

    def _visible(self, element: Element) -> list[WebElement]:
        found: list[WebElement] = []
        for selector in element.selectors:
            by = By.XPATH if selector.startswith("//") else By.CSS_SELECTOR
            found += [one for one in self.driver.find_elements(by, selector) if one.is_displayed()]
        return found

    def _refuse_error_page(self) -> None:
        if (status := self.driver.execute_script(_STATUS)) and status >= 400:
            raise ErrorPage(f"{self.page}: the site answers {status}", self._picture())

    @contextlib.contextmanager
    def _told(self, for_what: str = "an answer", patience: float | None = None) -> Iterator[None]:
        """Selenium's exceptions as ours, and nothing of theirs in it."""
        try:
            yield
        except TimeoutException:
            waited = self.patience if patience is None else patience
            raise NotSeen(*self._evidence(f"waited {waited:g} s for {for_what}")) from None
        except NoSuchWindowException:
            raise PageFailed(f"{self.page}: the window closed by itself, while waiting for {for_what}") from None
        except WebDriverException as error:
            raise self.failed(f"{type(error).__name__} while waiting for {for_what}") from None
        except GONE as error:
            raise BrowserGone(f"{self.page}: the browser is gone ({type(error).__name__})") from None


def _settled(file: Path, sizes: list[int]) -> bool | None:
    """Whether the file has the size of the look before (the last one of `sizes`), and no part of it lies beside."""
    if any(file.parent.glob("*.crdownload")) or not file.is_file():
        return None
    sizes.append(file.stat().st_size)
    return sizes[-2:] == [sizes[-1]] * 2 or None


@contextlib.contextmanager
def session(address: str, diagnostics: Path, *, patience: float) -> Iterator[Browser]:
    """A browser of its own for the site at `address`; nothing of it is there afterwards.

    `diagnostics` is where evidence goes. Raises ConfigurationError when there is no browser, and PageFailed when it
    goes at once.
    """
    with chromium.started(address, patience) as driver:
        yield Browser(driver, patience, diagnostics)
