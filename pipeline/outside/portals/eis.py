"""Reports from the state's EIS portal: one browser session for a login and all that is wanted of it.

What fails is told in a sentence and the next report goes on; what is missing then is tried again in a new session.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pipeline.ground.errors import PipelineError, VendorUnreachable
from pipeline.outside.browser import browser as browsers
from pipeline.outside.browser.browser import Browser, BrowserGone, NoAnswer, PageFailed
from pipeline.outside.portals import eis_pages
from pipeline.outside.portals.eis_pages import Report
from pipeline.outside.refusals import Key

SESSIONS = 3
GIVES_UP_AFTER = 3  # failures in a row: this session, or the portal, is no good

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Login:
    """An account at the portal: the server's code whose schools it sees, as `RSD`, and what opens it."""

    name: str
    key: Key


@dataclass(frozen=True)
class Wanted:
    """A report of a school: its number, `0105`, and what the portal's roles call it, `<school> - <authority>`.

    `check` raises PipelineError when a file is not that report.
    """

    report: Report
    school: str
    role: str
    check: Callable[[Path], None] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.report}-{self.school}"


@dataclass
class _Errand:
    """What is wanted of one login, how far it has come, and why what is missing is missing."""

    login: Login
    missing: list[Wanted]
    folder: Path
    landed: Callable[[Wanted, Path], None]
    progress: Progress
    why: dict[Wanted, PageFailed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.missing.sort(key=lambda wanted: (wanted.school, wanted.report == "AllErr"))
        self._schools = len({wanted.school for wanted in self.missing})

    def visits(self) -> Iterable[list[Wanted]]:
        """What is missing, by the window in which it is found."""
        for _, wanted in groupby(self.missing[:], lambda one: (one.school, eis_pages.application(one.report))):
            yield list(wanted)

    def came(self, wanted: Wanted, path: Path) -> None:
        self.missing.remove(wanted)
        self.landed(wanted, path)
        self.progress(self.login.name, self._schools - len({one.school for one in self.missing}), self._schools)


def fetch(
    address: str,
    login: Login,
    wanted: Iterable[Wanted],
    folder: Path,
    *,
    diagnostics: Path,
    landed: Callable[[Wanted, Path], None],
    progress: Progress,
    patience: float,
) -> None:
    """Bring every wanted report into a folder of its own, `<folder>/<report>-<school>/`.

    `landed` is called for each as soon as it is there, whole and checked; `progress` after it, with the login's name,
    how many schools are done, and of how many. A page, and the making of a report, may take `patience` seconds.

    Raises LoginRefused at the first refusal (or when there was one today), and VendorUnreachable for what is missing
    after the last session, with the reason for each; what has landed stays. Pictures of the pages that failed are in
    `diagnostics`.
    """
    errand, tried = _Errand(login, list(wanted), folder, landed, progress), 0
    while errand.missing and tried < SESSIONS and address not in _silent:
        tried += 1
        login.key.refuse_to_knock()
        try:
            with browsers.session(address, diagnostics, patience=patience) as browser:
                _one_session(browser, address, errand)
        except PageFailed as failure:
            errand.why.update(dict.fromkeys(errand.missing, failure))
            if isinstance(failure, NoAnswer):
                _silent[address] = PageFailed(f"not asked, since there was no answer before: {failure.found}")
    if errand.missing:
        if not tried:
            errand.why.update(dict.fromkeys(errand.missing, _silent[address]))
        raise _still_missing(errand, tried, diagnostics)


# Portals that gave nothing to this process, each after all its patience: nobody waits for one a second time. The next
# run asks again.
_silent: dict[str, PageFailed] = {}


def _one_session(browser: Browser, address: str, errand: _Errand) -> None:
    """Sign in and fetch what is missing, as far as it goes. Raises PageFailed when it cannot begin."""
    browser.about = f"{errand.login.name} sign-in"
    home = eis_pages.sign_in(browser, address, errand.login.key)
    in_a_row = 0
    for visit in errand.visits():
        while visit:
            try:
                _one_window(browser, visit, errand)
                in_a_row = 0
            except PageFailed as failure:
                errand.why[visit.pop(0)] = failure
                in_a_row += 1
                if isinstance(failure, BrowserGone) or in_a_row == GIVES_UP_AFTER or not _home(browser, home):
                    return


def _one_window(browser: Browser, visit: list[Wanted], errand: _Errand) -> None:
    """Fetch a visit's reports, one after the other; what has come is taken off the list. Raises PageFailed."""
    browser.about = f"{errand.login.name} {visit[0].name}"
    with eis_pages.launched(browser, eis_pages.application(visit[0].report), visit[0].role):
        while visit:
            browser.about = f"{errand.login.name} {visit[0].name}"
            path = eis_pages.download(browser, visit[0].report, errand.folder / visit[0].name)
            _checked(browser, visit[0], path)
            errand.came(visit.pop(0), path)


def _checked(browser: Browser, wanted: Wanted, path: Path) -> None:
    try:
        wanted.check(path)
    except PipelineError as error:
        path.unlink()  # it may hold anything
        raise PageFailed(f"{browser.page}: the file is not the report: {error.found}") from None


def _home(browser: Browser, address: str) -> bool:
    """Whether the page of applications is there again."""
    try:
        eis_pages.applications(browser, address)
    except PageFailed:
        return False
    return True


def _still_missing(errand: _Errand, tried: int, diagnostics: Path) -> VendorUnreachable:
    """A report that was not come to has no reason of its own: its session ended before."""
    reasons = [
        f"{wanted.name}: {errand.why[wanted].found if wanted in errand.why else 'its turn did not come'}"
        for wanted in errand.missing
    ]
    sessions = "1 session" if tried == 1 else f"{tried} sessions"
    return VendorUnreachable(
        f"{len(reasons)} of {errand.login.name}'s reports did not come out of the EIS portal in {sessions}; "
        + "; ".join(reasons),
        expected="every report, whole",
        next_step="nothing: the next run fetches what is missing. If it stays so, look at the pictures in "
        f"{diagnostics}",
        shared="the EIS portal does not give its reports",
    )
