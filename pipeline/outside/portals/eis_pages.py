"""The pages of the state's EIS portal: what is on them, and the steps from one to the next.

Every selector is here, with its alternates; a portal that has been rebuilt is repaired here and nowhere else.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pipeline.ground.errors import LoginRefused
from pipeline.outside.browser.browser import Browser, Element, NoAnswer, NotSeen
from pipeline.outside.refusals import Key

Report = Literal["ADMAudit", "StudentMembership", "AllErr"]

_OVERLAY = Element("the loading overlay", (".orion-loading-overlay",))
_LOG_IN = Element("the link to the sign-in", ("#linkLogin",))
_USER = Element("the field for the user's name", ("[name='loginfmt']",))
_PASSWORD = Element("the field for the password", ("[name='passwd']",))
_GO_ON = Element("the button that goes on", ("#idSIButton9",))
_UNKNOWN = Element("a refusal of the user's name", ("#usernameError",))
_REFUSED = Element("a refusal of the password", ("#passwordError",))
_EXPIRED = Element("a demand for a new password", ("#ChangePasswordDescription", "#newPassword", "[name='newpasswd']"))
# What the sign-in puts between the password and the portal, or before the user's name.
_STAY = Element("the question whether to stay signed in", ("#KmsiDescription", "#KmsiCheckboxField"))
_NO = Element("the button No", ("#idBtn_Back",))
_PICK = Element("the choice of an account", ("#tilesHolder",))
_ANOTHER = Element("the choice of another account", ("#otherTile",))
# So many pages may stand in between.
_BETWEEN = 5
_BRANDING = Element("the page of applications", ("img.tdoe-branding",))
_ARROW = Element("the drop-down of roles", (".mat-select-arrow-wrapper",))
_LAUNCH = Element("the button Launch Application", ("//button[contains(normalize-space(), 'Launch Application')]",))
_DISTRICT = Element("the button of the district", ("[name='district']", "#district"))
_SUBMIT = Element("the button SUBMIT", ("input[type='submit'][value='SUBMIT']", "[name='SUBMIT']"))
_ERRORS = Element("the link Dynamic Errors", ("//a[normalize-space()='Dynamic Errors']",))
_GO = Element("the image GO", ("input[type='image'][alt='GO' i]", "input[type='image'][src*='go' i]"))
_LEVEL = Element("the choice of a level of errors", ("select[name='locat']", "select#locat"))
_WHAT = Element("the choice of a list of errors", ("select[name='select2']", "select#select2"))
_QUERIES = Element(
    "the menu's Research Queries", ("//*[@id='NavigationMenu']//a[normalize-space()='Research Queries']",)
)
_LINKS: dict[Report, Element] = {
    "ADMAudit": Element("the link of the ADM audit", ("#MainContent_HyperLink1",)),
    "StudentMembership": Element("the link of the student membership", ("#MainContent_HyperLink19",)),
}
_WORKING = Element("the viewer's wait", ("#ctl00_MainContent_ReportViewer1_AsyncWait",))
_EXPORT = Element("the viewer's export menu", ("img[alt='Export drop down menu']",))
_CSV = Element("the menu's CSV", ("a[alt='CSV (comma delimited)']", "a[title='CSV (comma delimited)']"))

# A school's role, as one of two names says it: " School User (Riverbend Elementary School - Riverbend Schools) ".
_ROLE = re.compile(r"(?:School User|SCH_EC) *\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Application:
    """One of the two behind the front page: its name, and its tile."""

    name: str
    tile: Element


_CLASSIC = Application("EIS classic", Element("the tile of EIS classic", ("img[src$='/applications/EISPROD.gif']",)))
_REPORTS = Application(
    "Data reports", Element("the tile of Data reports", ("img[src$='/applications/EISREPORTING.gif']",))
)


def application(report: Report) -> Application:
    """Where a report is found."""
    return _CLASSIC if report == "AllErr" else _REPORTS


def sign_in(browser: Browser, address: str, key: Key) -> str:
    """From the front page to the applications; returns the address of their page.

    Raises LoginRefused when the answer is a refusal, or a page that we do not know: that password must not be sent
    again, or the state locks the account. No answer at all is PageFailed, as anywhere; `key` keeps count of those.
    A portal that does not even give its front page is NoAnswer.
    """
    browser.page = "front page"
    try:
        browser.open(address)
    except NotSeen as silence:
        raise NoAnswer(silence.found, silence.evidence) from None
    browser.vanish(_OVERLAY)
    browser.click(_LOG_IN)
    browser.page = "sign-in, the user's name"
    if _next(browser, _USER, _PICK, after=_LOG_IN) == _PICK:  # whoever was here before: we say ourselves who we are
        browser.click(_ANOTHER)
    browser.type(_USER, key.user)
    browser.click(_GO_ON)
    if _next(browser, _PASSWORD, _UNKNOWN, after=_USER) == _UNKNOWN:
        raise _refused(browser, key, "does not know the user's name")
    browser.page = "sign-in, the password"
    browser.see(_PASSWORD)
    with key.knocking():
        browser.type(_PASSWORD, key.secret)
        browser.click(_GO_ON)
        answer = _answer(browser, key)
        if answer == _REFUSED:
            raise _refused(browser, key, "refuses the password (or has locked the account)")
        if answer == _EXPIRED:
            raise _refused(browser, key, "demands a new password, since the old one has expired")
        key.let_in()
    return browser.address()


def _next(browser: Browser, *elements: Element, after: Element) -> Element:
    """Which of `elements` comes; a notice with one button before it is passed. Raises NotSeen for any other page."""
    for _ in range(_BETWEEN):
        if found := browser.first_or_still(*elements, after=after):
            return found
        if not browser.press_only_button():
            break
    failed = browser.failed("a page that is not known, in the place of " + " or ".join(each.what for each in elements))
    raise NotSeen(failed.found, failed.evidence)


def _answer(browser: Browser, key: Key) -> Element:
    """What came of the password. The question whether to stay signed in is answered with No."""
    try:
        answer = _next(browser, _BRANDING, _REFUSED, _EXPIRED, _STAY, after=_PASSWORD)
        if answer == _STAY:
            browser.page = "sign-in, stay signed in"
            browser.click(_NO)
            answer = _next(browser, _BRANDING, _REFUSED, _EXPIRED, after=_NO)
    except NotSeen as failure:
        key.refused()
        raise LoginRefused(
            f"the EIS portal neither lets {key.user} in nor refuses the password; {failure.found}",
            expected="the page of applications",
            next_step=f"sign in there by hand once: it may ask for something; then `{key.retry}` and run again",
            shared=key.shared,
        ) from None
    return answer


def _refused(browser: Browser, key: Key, found: str) -> LoginRefused:
    key.refused()
    return LoginRefused(
        browser.failed(f"the EIS portal {found} of {key.user}").found,
        expected="to be let in with the password that is configured",
        next_step=f"sign in there by hand once, set a new password if it asks for one, and renew {key.renewed}",
        shared=key.shared,
    )


def applications(browser: Browser, address: str) -> None:
    """Be on the page of applications, as it comes from the portal."""
    browser.page = "page of applications"
    browser.open(address)
    browser.see(_BRANDING)


@contextlib.contextmanager
def launched(browser: Browser, application: Application, school: str) -> Iterator[None]:
    """Be in the application's own window, in the role of the school (as the portal's roles call it)."""
    browser.page = "page of applications"
    browser.click(application.tile)
    browser.click(_ARROW)
    option = Element(f"the option with a role of {school}", ("span.mat-option-text",))
    browser.click(option, having=lambda text: role_of(text) == school)
    with browser.window(f"the window of {application.name}", partial(browser.click, _LAUNCH)):
        yield


def role_of(option: str) -> str | None:
    """The school in the text of an option, `<school> - <authority>`; None when it is another role's."""
    found = _ROLE.fullmatch(option.strip())
    return " ".join(found[1].split()) if found else None


def download(browser: Browser, report: Report, folder: Path) -> Path:
    """The report, from the first page of its application's window. Raises PageFailed."""
    return _error_file(browser, folder) if report == "AllErr" else _viewed(browser, _LINKS[report], folder)


def _error_file(browser: Browser, folder: Path) -> Path:
    browser.page = "EIS classic, district"
    browser.click(_DISTRICT)
    browser.page = "EIS classic, school year"
    browser.click(_SUBMIT)
    browser.page = "EIS classic, menu"
    browser.click(_ERRORS)
    browser.page = "EIS classic, dynamic errors"
    browser.click(_GO)
    browser.page = "EIS classic, level of errors"
    browser.choose(_LEVEL, "School Level Errors")
    browser.click(_GO)
    browser.page = "EIS classic, list of errors"
    browser.choose(_WHAT, "Download All School Errors")
    return browser.download(folder, partial(browser.click, _GO))


def _viewed(browser: Browser, link: Element, folder: Path) -> Path:
    browser.page = "Data reports, menu"
    browser.click(_QUERIES)
    browser.page = "Data reports, research queries"
    browser.click(link)
    browser.page = "Data reports, viewer"
    browser.see(_EXPORT)
    browser.vanish(_WORKING)
    browser.click(_EXPORT)
    return browser.download(folder, partial(browser.click, _CSV))
