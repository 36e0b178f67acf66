"""The state's portal, whole and misbehaving, as HTTP shows it; a browser walks through it elsewhere."""

import datetime as dt
import http.client
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from pipeline.sandbox import activity, eis, eis_errors
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.elsewhere import free_ports
from pipeline.sandbox.faults import FaultFile
from pipeline.sandbox.portal.manners import Manners
from pipeline.sandbox.portal.office import District, Office
from pipeline.sandbox.portal.server import Portal, logins
from riverbend import DAY, Sandbox

USERS = {"RSD": "riverbend-rsd", "BLF": "riverbend-blf"}
STUDENTS, SEED = 60, 1
WRONG = "not-the-password"


class Log(ActivityLog):
    """An activity log whose next event can be waited for."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.happened: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def write(self, **event: Any) -> None:
        super().write(**event)
        self.happened[event["event"]].set()


class State:
    """The running portal, its faults, its log and its secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, next(free_ports())
        self.log = Log(folder / "portal.log")
        self.faults = FaultFile(folder / "faults.json")
        district = District(STUDENTS, SEED, lambda: DAY)
        known = logins(USERS, folder / "secrets")
        self.server = Portal(Office(known, district, Manners(self.faults), self.log), self.port)

    def password(self, code: str = "RSD") -> str:
        return (self.folder / "secrets" / f"eis_{code.lower()}_password").read_text()

    def on(self, name: str, **options: Any) -> None:
        self.faults.switch_on(name, "", options)

    def events(self) -> list[dict[str, Any]]:
        return list(activity.read(self.folder / "portal.log"))

    def names(self) -> list[str]:
        return [event["event"] for event in self.events()]


class Visitor:
    """One browser: its cookies; every answer as (status, address, text), redirects followed."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, **form: str) -> tuple[int, str, str]:
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._opener.open(self.address + path, data, timeout=10) as answer:
                self.headers = answer.headers
                return answer.status, urllib.parse.urlsplit(answer.url).path, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, path, answer.read().decode()

    def sign_in(self, password: str, user: str = "riverbend-rsd") -> tuple[int, str, str]:
        self.ask("/")
        self.ask("/signin", loginfmt=user)
        return self.ask("/signin/password", passwd=password)

    def launch(self, application: str, role: str) -> str:
        """What the addresses of the application's window begin with."""
        status, path, _ = self.ask("/launch", application=application, role=role)
        assert status == 200
        return path.rpartition("/")[0]

    def errors(self, school: str) -> tuple[int, str, str]:
        window = self.launch("EISPROD", school)
        self.ask(f"{window}/error_report", locat="S")
        return self.ask(f"{window}/download", select2="ALL")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path)
    made.server.start()
    yield made
    made.server.stop()


@pytest.fixture
def visitor(state: State) -> Visitor:
    """Signed in as RSD."""
    made = Visitor(state.port)
    assert made.sign_in(state.password())[1] == "/applications"
    return made


def test_the_markup_of_the_way_in(state: State) -> None:
    visitor = Visitor(state.port)
    _, _, front = visitor.ask("/")
    assert 'class="orion-loading-overlay"' in front and 'id="linkLogin"' in front
    _, _, name = visitor.ask("/signin")
    assert 'name="loginfmt"' in name and 'id="idSIButton9"' in name and 'name="passwd"' not in name
    _, _, password = visitor.ask("/signin", loginfmt="riverbend-blf")
    assert 'name="passwd"' in password and 'id="idSIButton9"' in password
    _, where, tiles = visitor.ask("/signin/password", passwd=state.password("BLF"))
    assert where == "/applications"
    assert 'class="tdoe-branding"' in tiles and "mat-select-arrow-wrapper" in tiles and "Launch Application" in tiles
    for name in ("EISPROD", "EISREPORTING"):
        assert f"src='/assets/img/applications/{name}.gif'" in tiles
        assert visitor.ask(f"/assets/img/applications/{name}.gif")[0] == 200
        assert visitor.headers["Content-Type"] == "image/gif"


@pytest.mark.parametrize("path", ["/applications", "/eis/abc/", "/reports/abc/Default.aspx", "/signin/password"])
def test_who_is_not_signed_in_is_sent_to_the_front_page(state: State, path: str) -> None:
    assert Visitor(state.port).ask(path)[1] == "/"


def test_a_wrong_password_is_counted_and_the_third_locks_the_account(state: State) -> None:
    for _ in range(3):
        _, where, page = Visitor(state.port).sign_in(WRONG)
        assert where == "/signin/password" and 'id="passwordError"' in page and "incorrect" in page
    assert "locked" in Visitor(state.port).sign_in(state.password())[2]
    assert Visitor(state.port).sign_in(state.password("BLF"), "riverbend-blf")[1] == "/applications"
    assert state.names().count("sign-in-refused") == 3
    assert WRONG not in (state.folder / "portal.log").read_text()
    assert state.password() not in (state.folder / "portal.log").read_text()


def test_an_unknown_user_is_told_so(state: State) -> None:
    visitor = Visitor(state.port)
    visitor.ask("/")
    assert 'id="usernameError"' in visitor.ask("/signin", loginfmt="somebody")[2]


def test_the_roles_are_called_otherwise_at_every_second_visit(state: State, visitor: Visitor) -> None:
    first, second, third = (visitor.ask("/applications/EISPROD/roles")[2] for _ in range(3))
    assert first == third != second
    assert "District User (Riverbend Schools)" in first and "District User (Riverbend Schools)" in second
    assert "School User (Miller's Ford Middle School - Riverbend Schools)" in first
    assert "SCH_EC (Miller's Ford Middle School - Riverbend Schools)" in second
    for sch_ec, name in ((False, "School User"), (True, "SCH_EC")):
        state.on("portal-role", sch_ec=sch_ec)
        shown = f"{name} (Riverbend Elementary School - Riverbend Schools)"
        assert all(shown in visitor.ask("/applications/EISPROD/roles")[2] for _ in range(2))


def test_a_schools_login_has_its_school_only(state: State) -> None:
    visitor = Visitor(state.port)
    visitor.sign_in(state.password("BLF"), "riverbend-blf")
    assert visitor.ask("/applications/EISPROD/roles")[2].count("(") == 1
    for role in ("0105", "0000"):
        assert visitor.ask("/launch", application="EISPROD", role=role)[0] == 400


def test_the_way_through_eis_classic(visitor: Visitor) -> None:
    window = visitor.launch("EISPROD", "0210")
    assert 'NAME="district"' in visitor.ask(f"{window}/")[2]
    assert 'NAME="SUBMIT"' in visitor.ask(f"{window}/year", district="997")[2]
    assert ">Dynamic Errors</A>" in visitor.ask(f"{window}/menu", SUBMIT="SUBMIT")[2]
    assert 'TYPE="image"' in visitor.ask(f"{window}/dynamic_errors")[2]
    assert "School Level Errors" in visitor.ask(f"{window}/error_level", **{"go.x": "1"})[2]
    assert "Download All School Errors" in visitor.ask(f"{window}/error_report", locat="S")[2]
    text = visitor.ask(f"{window}/download", select2="ALL")[2]
    assert visitor.headers["Content-Disposition"] == 'attachment; filename="Sch0210AllErr.csv"'
    assert text.encode() == eis_errors.all_errors(eis.roll("RSD", DAY, STUDENTS, SEED), ["0210"])


@pytest.mark.parametrize(
    ("link", "name", "make"), [(1, "ADMAudit", eis.adm_audit), (19, "StudentMembership", eis.student_membership)]
)
def test_the_way_through_the_data_reports(visitor: Visitor, link: int, name: str, make: Any) -> None:
    window = visitor.launch("EISREPORTING", "0305")
    assert 'id="NavigationMenu"' in visitor.ask(f"{window}/Default.aspx")[2]
    queries = visitor.ask(f"{window}/ResearchQueries.aspx")[2]
    [where] = re.findall(rf'id="MainContent_HyperLink{link}"\s+href="([^"]+)"', queries)
    page = visitor.ask(where)[2]
    assert 'id="ctl00_MainContent_ReportViewer1_AsyncWait"' in page
    markup, _, script = page.partition("<script>")
    assert "Export drop down menu" in script and "Export drop down menu" not in markup
    text = visitor.ask(f"{window}/Export{link}.axd")[2]
    assert visitor.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    assert text.encode() == make(eis.roll("RSD", DAY, STUDENTS, SEED), ["0305"])


def test_each_window_has_its_own_role(visitor: Visitor) -> None:
    windows = {school: visitor.launch("EISREPORTING", school) for school in ("0105", "0205")}
    for school, window in windows.items():
        assert f",{school}," in visitor.ask(f"{window}/Export19.axd")[2]
    district = visitor.ask(f"{visitor.launch('EISREPORTING', '0000')}/Export19.axd")[2]
    assert all(f",{site}," in district for site in ("0105", "0110", "0205", "0210", "0305"))
    window = visitor.launch("EISPROD", "0000")
    assert "School Level Errors" not in visitor.ask(f"{window}/error_level", go="1")[2]


def test_what_happened_is_written_down(state: State, visitor: Visitor) -> None:
    visitor.errors("0105")
    assert visitor.ask("/signout")[1] == "/"
    assert visitor.ask("/applications")[1] == "/"
    assert state.names()[:5] == ["open", "sign-in", "launch", "download", "sign-out"]
    download = state.events()[3]
    assert (download["file"], download["school"]) == ("Sch0105AllErr.csv", "0105")
    assert len({event["session"] for event in state.events()[:5]}) == 1


def test_a_browser_that_goes_without_a_word_is_noticed(state: State, visitor: Visitor) -> None:
    stream = http.client.HTTPConnection("127.0.0.1", state.port, timeout=10)
    stream.request("GET", "/presence", headers={"Cookie": "; ".join(f"{c.name}={c.value}" for c in visitor.cookies)})
    answer = stream.getresponse()
    assert answer.readline() == b": here\n"
    before = time.time()
    answer.close()
    stream.close()
    assert state.log.happened["close"].wait(10)
    [closed] = [event for event in state.events() if event["event"] == "close"]
    assert closed["session"] == 1 and before - 0.1 < closed["time"]


def test_slow_pages(state: State, visitor: Visitor) -> None:
    state.on("portal-slow", seconds=0.3, at="/applications")
    started = time.monotonic()
    visitor.ask("/applications")
    assert time.monotonic() - started >= 0.3
    state.on("portal-slow", seconds=60.0, at="/nowhere")
    assert visitor.ask("/applications")[0] == 200


def test_errors_so_many_times_and_where_asked(state: State, visitor: Visitor) -> None:
    state.on("portal-error", status=500, times=2, at="/applications")
    assert visitor.ask("/")[0] == 200
    assert [visitor.ask("/applications")[0] for _ in range(3)] == [500, 500, 200]
    assert visitor.ask("/healthz")[0] == 200


def test_a_window_closes_itself_half_way(state: State, visitor: Visitor) -> None:
    state.on("portal-vanish", times=2)
    classic, reports = visitor.launch("EISPROD", "0105"), visitor.launch("EISREPORTING", "0105")
    assert "window.close()" in visitor.ask(f"{classic}/error_level", go="1")[2]
    assert "window.close()" in visitor.ask(f"{reports}/Viewer1.aspx")[2]
    assert "window.close()" not in visitor.ask(f"{reports}/Viewer1.aspx")[2]


def test_an_expired_and_a_refused_password(state: State) -> None:
    state.on("portal-expired")
    assert 'id="newPassword"' in Visitor(state.port).sign_in(state.password())[2]
    assert 'id="passwordError"' in Visitor(state.port).sign_in(WRONG)[2]
    state.on("portal-refused")
    assert 'id="passwordError"' in Visitor(state.port).sign_in(state.password())[2]
    assert state.names().count("sign-in-expired") == 1 and "sign-in" not in state.names()


def test_a_download_breaks_off(state: State, visitor: Visitor) -> None:
    state.on("portal-cut", times=1)
    with pytest.raises(http.client.IncompleteRead):
        visitor.errors("0105")
    assert visitor.errors("0105")[0] == 200


def test_an_error_page_under_a_reports_name(state: State, visitor: Visitor) -> None:
    state.on("portal-error-page", times=1)
    status, _, text = visitor.errors("0105")
    assert status == 200 and text.startswith("<!DOCTYPE html>")
    assert visitor.headers["Content-Disposition"] == 'attachment; filename="Sch0105AllErr.csv"'
    assert visitor.errors("0105")[2].startswith("SCHOOL_YEAR,")


def test_the_sandbox_serves_it_with_its_faults(sandbox: Sandbox) -> None:
    visitor = Visitor(sandbox.ports["portal"])
    password = (sandbox.folder / "secrets" / "eis_rsd_password").read_text()
    sandbox.run("fault", "portal-expired")
    assert 'id="newPassword"' in visitor.sign_in(password)[2]
    sandbox.run("heal")
    assert visitor.sign_in(password)[1] == "/applications"
    window = visitor.launch("EISREPORTING", "0105")
    today = dt.date.fromisoformat((sandbox.folder / "last_day").read_text().strip())
    assert f"Run date: {eis.day(today)}" in visitor.ask(f"{window}/Export1.axd")[2]
    assert [event["event"] for event in sandbox.events("portal")][-1] == "download"
