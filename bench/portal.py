"""Measures the portal alone: both logins, six schools, three reports, as the two steps of a morning fetch them.

    python -m bench.portal [--students 4000]

Prints where the time goes and the most memory that the browser, its driver and their leash held together (sum of PSS,
sampled five times a second). See README.md.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import psutil

from bench.morning import held
from pipeline import catalogue
from pipeline.catalogue.place import Report
from pipeline.chain import portal
from pipeline.ground import settings
from pipeline.outside.browser import browser as browsers
from pipeline.outside.portals import eis, eis_pages
from pipeline.outside.refusals import Key
from pipeline.sandbox.elsewhere import free_ports

DAY = "2026-11-23"
Seconds = Counter[str]


def main() -> None:
    """Measure once, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.portal", description=__doc__)
    parser.add_argument("--students", type=int, default=4000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _portal(Path(name), asked.students) as address:
        folder = Path(name)
        (folder / "luigi.cfg").write_text(f"[sandbox]\nenabled = true\n[district]\nlanding = {folder}/landing\n")
        os.environ["LUIGI_CONFIG_PATH"] = str(folder / "luigi.cfg")
        settings.load.cache_clear()
        seconds: Seconds = Counter()
        _time(seconds)
        done = threading.Event()
        peak: list[float] = []
        sampler = threading.Thread(target=_sample, args=(done, peak))
        sampler.start()
        begun, reports = time.monotonic(), 0
        for step in portal.STEPS:
            for login in catalogue.schools():
                reports += _fetch(address, folder, step.reports, login)
        took = time.monotonic() - begun
        done.set()
        sampler.join()
    print(f"{reports} reports in {took:.1f} s (aim 45), peak {max(peak):.0f} MB (aim 600)")
    seconds["other"] = took - sum(seconds.values())  # type: ignore[assignment]
    for what, each in seconds.most_common():
        print(f"| {what} | {each:.1f} |")


@contextlib.contextmanager
def _portal(folder: Path, students: int) -> Iterator[str]:
    """The portal's address, once it listens."""
    port = next(free_ports())
    words = ["--port", str(port), "--date", DAY, "--students", str(students), "--secrets", str(folder / "secrets")]
    process = subprocess.Popen([sys.executable, "-m", "pipeline.sandbox.portal", *words], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        yield process.stdout.readline().decode().strip()  # it listens then
    finally:
        process.terminate()
        process.wait()


def _fetch(address: str, folder: Path, reports: tuple[Report, ...], login: str) -> int:
    user, password = f"riverbend-{login.lower()}", (folder / "secrets" / f"eis_{login.lower()}_password").read_text()
    wanted = [
        eis.Wanted(report, school, role, lambda path: None)
        for report in reports
        for school, role in catalogue.schools()[login].items()
    ]
    eis.fetch(
        address,
        eis.Login(login, Key(f"portal-{login}", user, password.strip(), "its secret")),
        wanted,
        folder / "downloads",
        diagnostics=folder / "diagnostics",
        landed=lambda each, path: path.unlink(),
        progress=lambda *_: None,
        patience=60,
    )
    return len(wanted)


def _time(seconds: Seconds) -> None:
    """Let the walk's parts count their time."""

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            begun = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[name] += time.monotonic() - begun  # type: ignore[assignment]

        return wrapper

    def entered(name: str, manager: Callable[..., Any]) -> Callable[..., Any]:
        @contextlib.contextmanager
        def wrapper(*args: Any, **kwargs: Any) -> Iterator[Any]:
            made = manager(*args, **kwargs)
            value = timed(f"{name}: begin", made.__enter__)()
            try:
                yield value
            finally:
                timed(f"{name}: end", made.__exit__)(None, None, None)

        return wrapper

    browsers.session = entered("browser", browsers.session)
    eis_pages.launched = entered("application's window", eis_pages.launched)
    eis_pages.sign_in = timed("sign-in", eis_pages.sign_in)
    eis_pages._error_file = timed("error file: its pages and download", eis_pages._error_file)
    eis_pages._viewed = timed("viewer: its pages, the report, download", eis_pages._viewed)


def _sample(done: threading.Event, peak: list[float]) -> None:
    me = psutil.Process()
    while not done.wait(0.2):
        peak.append(sum(held(process.pid)[0] for process in _family(me)))


def _family(me: psutil.Process) -> list[psutil.Process]:
    """What we have started but the portal: the leash, the driver and the browser."""
    found = me.children(recursive=True)
    with contextlib.suppress(psutil.Error):
        return [each for each in found if "pipeline.sandbox.portal" not in " ".join(each.cmdline())]
    return found


if __name__ == "__main__":
    main()
