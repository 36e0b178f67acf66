"""The walk through the state's portal, with Chromium, against the sandbox's one: whole, and on its bad days."""

import logging
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bucketing
from pipeline import catalogue
from pipeline.ground import settings
from pipeline.ground.errors import ContractBroken, LoginRefused, VendorUnreachable
from pipeline.outside.browser import browser
from pipeline.outside.cloud import storage
from pipeline.outside.portals import eis, eis_pages
from pipeline.outside.portals.eis import Login, Wanted
from pipeline.outside.portals.eis_pages import Report
from pipeline.outside.refusals import Key
from pipeline.sandbox import activity, eis_errors
from pipeline.sandbox import eis as made
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.elsewhere import free_ports
from pipeline.sandbox.faults import FaultFile
from pipeline.sandbox.portal.manners import Manners
from pipeline.sandbox.portal.office import District, Office
from pipeline.sandbox.portal.server import Portal, logins
from riverbend import DAY, ROOT

STUDENTS, SEED = 60, 1
USERS = {"RSD": "riverbend-rsd", "BLF": "riverbend-blf"}
MAKE: dict[Report, Callable[..., bytes]] = {
    "ADMAudit": made.adm_audit,
    "StudentMembership": made.student_membership,
    "AllErr": eis_errors.all_errors,
}


def check(path: Path) -> None:
    if path.read_bytes().startswith((b"<", b"\n")):
        raise ContractBroken("a page", expected="a report", next_step="none")


class Errands:
    """The portal with its faults and log, and what came of one fetch."""

    def __init__(self, folder: Path, buckets: str) -> None:
        self.folder, self.buckets, port = folder, buckets, next(free_ports())
        self.address = f"http://127.0.0.1:{port}/"
        self.faults = FaultFile(folder / "faults.json")
        self._log = ActivityLog(folder / "portal.log")
        district = District(STUDENTS, SEED, lambda: DAY)
        office = Office(logins(USERS, folder / "secrets"), district, Manners(self.faults), self._log)
        self.server = Portal(office, port)
        self.files: dict[str, Path] = {}
        self.told: list[tuple[str, int, int]] = []

    @property
    def evidence(self) -> list[Path]:
        return sorted((self.folder / "diagnostics").glob("*"))

    def password(self, code: str) -> str:
        return (self.folder / "secrets" / f"eis_{code.lower()}_password").read_text().strip()

    def key(self, code: str, password: str | None = None) -> Key:
        return Key(f"portal-{code}", USERS[code], password or self.password(code), "the secret")

    def fetch(
        self, *wanted: tuple[Report, str], code: str = "RSD", password: str | None = None, patience: float = 20
    ) -> None:
        eis.fetch(
            self.address,
            Login(code, self.key(code, password)),
            [Wanted(report, school, catalogue.schools()[code][school], check) for report, school in wanted],
            self.folder / "landed",
            diagnostics=self.folder / "diagnostics",
            landed=lambda wanted, path: self.files.update({wanted.name: path}),
            progress=lambda *done: self.told.append(done),
            patience=patience,
        )

    def whole(self, report: Report, school: str, code: str = "RSD") -> bool:
        file = self.files[f"{report}-{school}"]
        alone = [*file.parent.iterdir()] == [file]
        return alone and file.read_bytes() == MAKE[report](made.roll(code, DAY, STUDENTS, SEED), [school])

    def sent(self) -> int:
        """How often a password came."""
        return len(self.events("sign-in", *(f"sign-in-{kind}" for kind in ("refused", "expired", "locked", "asked"))))

    def events(self, *names: str) -> list[dict[str, Any]]:
        return [event for event in activity.read(self.folder / "portal.log") if event["event"] in names]

    def configure(self) -> None:
        """With a bucket that nobody has written into."""
        told = f"landing = {self.folder}/ours\nbucket = {bucketing.new_name()}\n"
        told += f"[cloud]\nstorage_endpoint = {self.buckets}\n"
        (self.folder / "luigi.cfg").write_text(f"[sandbox]\nenabled = true\n[district]\n{told}")
        settings.load.cache_clear()
        storage.forget()

    def begin_anew(self) -> None:
        """Without faults, log, files and evidence of the test before."""
        refused = (self.folder / "ours").rglob("*.json")
        for path in (self.folder / "faults.json", self.folder / "portal.log", *self.evidence, *refused):
            path.unlink(missing_ok=True)
        self.configure()
        self.files.clear()
        self.told.clear()


@pytest.fixture(scope="module")
def running(buckets: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Errands]:
    errands = Errands(tmp_path_factory.mktemp("eis"), buckets)
    errands.configure()
    errands.server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("LUIGI_CONFIG_PATH", str(errands.folder / "luigi.cfg"))
        bucketing.nobody_asked_yet(patch)
        settings.load.cache_clear()
        yield errands
    settings.load.cache_clear()
    errands.server.stop()


@pytest.fixture
def portal(running: Errands) -> Errands:
    running.begin_anew()
    return running


def test_one_session_brings_all_reports_of_a_login_whatever_the_roles_are_called(portal: Errands) -> None:
    wanted: list[tuple[Report, str]] = [
        ("AllErr", "0210"),
        ("ADMAudit", "0210"),
        ("StudentMembership", "0210"),
        ("AllErr", "0105"),
    ]
    portal.fetch(*wanted)
    assert all(portal.whole(*one) for one in wanted)
    assert portal.told[-1] == ("RSD", 2, 2)
    assert [done for _, done, _ in portal.told] == [1, 1, 1, 2]
    assert len(portal.events("sign-in")) == 1
    assert len(portal.events("launch")) == 3
    assert [event["file"] for event in portal.events("download")].count("Sch0105AllErr.csv") == 1
    assert not portal.evidence
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (portal.folder / "landed").rglob("*")]
    assert set(modes) == {0o700, 0o600}


def test_the_other_login_on_a_slow_day_with_a_cut_and_a_log_of_every_word_but_the_password(
    portal: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    portal.faults.switch_on("portal-slow", "", {"seconds": 1.0, "at": "Viewer"})
    portal.faults.switch_on("portal-cut", "", {"times": 1})  # which Chromium takes up again by itself
    with caplog.at_level(logging.DEBUG):
        portal.fetch(("ADMAudit", "0805"), code="BLF")
    assert portal.whole("ADMAudit", "0805", "BLF")
    assert portal.password("BLF") not in caplog.text
    assert ", ".join(f'"{key}"' for key in portal.password("BLF")) not in caplog.text


def test_what_passes_is_tried_again_in_a_new_session_and_only_what_is_missing(portal: Errands) -> None:
    portal.faults.switch_on("portal-error", "", {"status": 500, "times": 1, "at": "/applications"})
    portal.faults.switch_on("portal-vanish", "", {"times": 1})
    portal.faults.switch_on("portal-error-page", "", {"times": 1})
    wanted: list[tuple[Report, str]] = [("ADMAudit", "0105"), ("StudentMembership", "0105"), ("AllErr", "0105")]
    portal.fetch(*wanted)
    assert all(portal.whole(*one) for one in wanted)
    assert len(portal.events("sign-in")) == 3
    assert [event["file"] for event in portal.events("download")] == [
        "StudentMembership.csv",  # a page under its name
        "Sch0105AllErr.csv",
        "ADMAudit.csv",
        "StudentMembership.csv",
    ]
    assert portal.told == [("RSD", 0, 1), ("RSD", 0, 1), ("RSD", 1, 1)]


def test_the_next_report_goes_on_after_one_that_never_comes(portal: Errands) -> None:
    portal.faults.switch_on("portal-error", "", {"status": 500, "times": 0, "at": "/Viewer1.aspx"})
    with pytest.raises(VendorUnreachable) as failure:
        portal.fetch(("ADMAudit", "0105"), ("StudentMembership", "0105"))
    assert portal.whole("StudentMembership", "0105")
    assert failure.value.found == (
        "1 of RSD's reports did not come out of the EIS portal in 3 sessions; "
        "ADMAudit-0105: Data reports, viewer: the site answers 500"
    )
    assert len(portal.events("sign-in")) == eis.SESSIONS
    assert len(portal.events("download")) == 1
    names = [path.name for path in portal.evidence]
    assert names == [f"RSD-ADMAudit-0105-Data-reports-viewer.{kind}" for kind in ("html", "png")]
    assert "Runtime Error (500)" in portal.evidence[0].read_text()


@pytest.mark.parametrize(("fault", "told"), [("portal-refused", "refuses"), ("portal-expired", "demands a new")])
def test_a_refused_password_is_tried_once(portal: Errands, fault: str, told: str) -> None:
    portal.faults.switch_on(fault, "", {})
    with pytest.raises(LoginRefused, match=told) as failure:
        portal.fetch(("ADMAudit", "0805"), code="BLF", password="a-wrong-one" if told == "refuses" else None)
    assert portal.sent() == 1
    kept = "".join(path.read_text() for path in portal.evidence if path.suffix == ".html")
    for secret in ("a-wrong-one", portal.password("BLF")):
        assert secret not in kept + str(failure.value)
    assert USERS["BLF"] not in kept
    portal.faults.switch_on(fault, "", {})
    begun = len(portal.events("open"))
    with pytest.raises(LoginRefused, match=r"was refused at \d\d-\d\d \d\d:\d\d.* are not sent again today"):
        portal.fetch(("AllErr", "0805"), code="BLF", password="a-wrong-one" if told == "refuses" else None)
    assert len(portal.events("open")) == begun  # no browser was started


@pytest.mark.parametrize("page", ["stay", "pick", "notice"])
def test_a_known_page_in_between_is_passed(portal: Errands, page: str) -> None:
    portal.faults.switch_on("portal-between", "", {"page": page})
    portal.fetch(("AllErr", "0805"), code="BLF", patience=60)
    assert portal.whole("AllErr", "0805", "BLF")
    assert portal.sent() == 1, portal.evidence
    assert not list((portal.folder / "ours").rglob("*.json"))  # nothing is kept as a refusal


def test_an_answer_that_nobody_knows_is_noticed_in_seconds_and_not_asked_for_twice(portal: Errands) -> None:
    """With a patience of minutes, of which most is left. Its one button leads nowhere."""
    patience = 300
    portal.faults.switch_on("portal-asks", "", {})
    begun = time.monotonic()
    for words in (r"neither lets riverbend-blf in nor refuses .* a page that is not known", "was refused at"):
        with pytest.raises(LoginRefused, match=words):
            portal.fetch(("ADMAudit", "0805"), code="BLF", patience=patience)
    assert portal.sent() == 1
    assert time.monotonic() - begun < patience / 3


def test_a_slow_answer_to_the_password_is_no_unknown_page(portal: Errands) -> None:
    portal.faults.switch_on("portal-slow", "", {"seconds": browser.STILL + 2, "at": "/signin/password"})
    portal.fetch(("AllErr", "0805"), code="BLF", patience=60)
    assert portal.whole("AllErr", "0805", "BLF")
    assert portal.sent() == 1


def test_a_password_without_any_answer_is_sent_three_times_a_day(portal: Errands) -> None:
    """By all runs together; another one is sent at once, and being let in ends the count."""
    portal.faults.switch_on("portal-error", "", {"status": 500, "times": 4, "at": "/signin/password"})
    with pytest.raises(VendorUnreachable, match="sign-in, the password: the site answers 500"):
        portal.fetch(("ADMAudit", "0805"), code="BLF", password="an-old-one")
    with pytest.raises(LoginRefused, match="was sent 3 times and not answered"):
        portal.fetch(("ADMAudit", "0805"), code="BLF", password="an-old-one")
    portal.fetch(("ADMAudit", "0805"), code="BLF")
    assert portal.whole("ADMAudit", "0805", "BLF")
    assert portal.sent() == 1  # the other four met an error
    assert not list((portal.folder / "ours").rglob("*.json"))


def test_pages_slower_than_the_callers_patience_are_told_in_one_sentence(portal: Errands) -> None:
    portal.faults.switch_on("portal-slow", "", {"seconds": 20.0, "at": "/signin"})
    with pytest.raises(VendorUnreachable, match=r"ADMAudit-0110: front page: waited 1 s for the link") as failure:
        portal.fetch(("ADMAudit", "0110"), patience=1)
    assert portal.password("RSD") not in str(failure.value)


def test_a_portal_that_says_nothing_is_waited_for_once_a_run(portal: Errands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in each session of each login and step: that would be an hour, in which nobody looks for anything else."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(portal, "address", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(VendorUnreachable, match=r"in 1 session; .*front page: waited 2 s for an answer") as first:
            portal.fetch(("ADMAudit", "0110"), patience=2)
        begun = time.monotonic()
        with pytest.raises(VendorUnreachable, match=r"in 0 sessions; .*not asked, since there was no answer") as second:
            portal.fetch(("ADMAudit", "0805"), code="BLF", patience=2)
        assert time.monotonic() - begun < 1
    assert first.value.shared == second.value.shared


@pytest.mark.parametrize(
    ("option", "school"),
    [
        (" School User (Riverbend Elementary School - Riverbend Schools) ", catalogue.schools()["RSD"]["0105"]),
        (" SCH_EC (Miller's Ford Middle School -  Riverbend Schools)\n", catalogue.schools()["RSD"]["0210"]),
        (" SCH_EC (Mill (North) - Ford - Riverbend Schools) ", "Mill (North) - Ford - Riverbend Schools"),
        (" District User (Riverbend Schools) ", None),
        (" District User (Riverbend Elementary School - Riverbend Schools) ", None),
    ],
)
def test_a_role_is_known_by_the_school_and_its_authority(option: str, school: str | None) -> None:
    assert eis_pages.role_of(option) == school
