"""Debian's Chromium, started headless for one session and ended with it, whatever becomes of us.

The profile is made for the session, and goes with it: see leash.py. Selenium's own manager, which would ask the
internet for a driver, has no part in it.
"""

import contextlib
import ipaddress
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import urllib3
import websocket
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ChromeOptions
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.ground.errors import ConfigurationError

CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
# Of our environment the browser sees only this: it needs no secret.
_PASSED_ON = ("PATH", "LANG", "TZ", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "no_proxy")
_QUIET = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=Translate,OptimizationHints,MediaRouter,SpareRendererForSitePerProcess,BackForwardCache",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,1000",
)
# What is raised when the driver does not answer any more.
GONE = (urllib3.exceptions.HTTPError, websocket.WebSocketException, OSError)

# At DEBUG it writes every key that is typed.
logging.getLogger("selenium").setLevel(logging.INFO)
# It complains of every browser that is killed before it hangs up.
logging.getLogger("websocket").setLevel(logging.CRITICAL)


def versions() -> tuple[str, str]:
    """What the browser and its driver say of themselves. Raises ConfigurationError, where one is not there or they do
    not fit together: a driver drives a browser of its own major version."""
    said = [_said(program) for program in (CHROMIUM, CHROMEDRIVER)]
    majors = {found[1] if (found := re.search(r"(\d+)\.\d+", each)) else "" for each in said}
    if len(majors) > 1 or "" in majors:
        raise _no_browser(" and ".join(said))
    return said[0], said[1]


def _said(program: str) -> str:
    """As "Chromium 120.0.6099.224": the first two words of its version."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, env=_environment())
    except (OSError, subprocess.SubprocessError) as error:
        raise _no_browser(f"{program}: {type(error).__name__}") from None
    return " ".join(done.stdout.split()[:2])


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


@contextlib.contextmanager
def started(address: str, patience: float) -> Iterator[WebDriver]:
    """A browser for the site at `address`. A site on this machine is all that it can then reach.

    A call to it ends after `patience` seconds and some more. Raises ConfigurationError when there is no browser.
    """
    with contextlib.ExitStack() as after, _driver(patience) as connection:
        try:
            browser = WebDriver(connection, options=_options(address), file_detector=UselessFileDetector())
        except (WebDriverException, *GONE) as error:
            raise _no_browser(type(error).__name__) from None
        after.callback(_hang_up, browser)  # it would wait for answers if the browser still lived
        yield browser


@contextlib.contextmanager
def _driver(patience: float) -> Iterator[ChromeRemoteConnection]:
    """A running chromedriver; at the end it and its browser are killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.outside.browser.leash", CHROMEDRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
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
    """Close our ends. The browser is not asked to quit: it has been killed, which takes less time and always works."""
    with contextlib.suppress(WebDriverException, *GONE):
        socket: Any = driver._websocket_connection
        if socket is not None:
            socket.close()
    driver.command_executor.close()  # type: ignore[union-attr]
