"""What the portal remembers: who may sign in, who has, and in which role an application was opened."""

import contextlib
import datetime as dt
import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.sandbox import eis
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.portal.manners import Manners
from pipeline.sandbox.schools import Site, servers

TRIES = 3  # refused in a row, and the account is locked for as long as the portal runs
GONE = 0.5  # seconds in which a browser that left the page of tiles may come back to it

Answer = Literal["welcome", "refused", "locked", "expired", "asked"]


@dataclass(frozen=True)
class Login:
    """One account at the state: of a district with its schools, or of the one school that there is."""

    user: str
    server: str
    password: Path

    @property
    def sites(self) -> tuple[Site, ...]:
        return next(server.sites for server in servers(2) if server.code == self.server)

    @property
    def of_district(self) -> bool:
        return len(self.sites) > 1


@dataclass(frozen=True)
class Launch:
    """An application in its window. `schools` are those of the role; the district's is all of them."""

    application: str
    login: Login
    session: int
    schools: tuple[Site, ...]

    @property
    def of_district(self) -> bool:
        return len(self.schools) > 1

    @property
    def number(self) -> str:
        """The school's, or the one that stands for the district."""
        return "0000" if self.of_district else self.schools[0].number


@dataclass
class Session:
    """A browser that came to the front page; `login` is whose it is once it has signed in."""

    number: int
    user: str = ""
    login: Login | None = None
    tiles: int = 0
    over: bool = False
    launches: dict[str, Launch] = field(default_factory=dict)


@dataclass(frozen=True)
class District:
    """Whose reports these are: its size and seed, and which day it is (None before the first one was made)."""

    students: int
    seed: int
    day: Callable[[], dt.date | None]

    def roll(self, code: str) -> eis.Roll | None:
        date = self.day()
        return eis.roll(code, date, self.students, self.seed) if date else None


class Office:
    """All of the portal's state. Safe to use from several threads."""

    def __init__(self, logins: list[Login], district: District, manners: Manners, log: ActivityLog) -> None:
        self.logins = {login.user: login for login in logins}
        self.district, self.manners, self.log = district, manners, log
        self._sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._refused: Counter[str] = Counter()
        self._visits: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def session(self, cookie: str | None) -> Session | None:
        return self._sessions.get(cookie or "")

    def begin(self) -> tuple[str, Session]:
        """A new session and the cookie that stands for it."""
        cookie, session = secrets.token_urlsafe(24), Session(next(self._numbers))
        self._sessions[cookie] = session
        self.log.write(event="open", session=session.number)
        return cookie, session

    def sign_in(self, session: Session, password: str) -> Answer:
        """Try a password for the user whom the session has named."""
        answer = self._judge(session.user, password)
        if answer == "welcome":
            session.login = self.logins[session.user]
        event = {"welcome": "sign-in"}.get(answer, f"sign-in-{answer}")
        self.log.write(event=event, session=session.number, user=session.user)
        return answer

    def _judge(self, user: str, password: str) -> Answer:
        right = secrets.compare_digest(password.encode(), self.logins[user].password.read_text().strip().encode())
        with self._lock:
            if self._refused[user] >= TRIES:
                return "locked"
            if not right or self.manners.refuses():
                self._refused[user] += 1
                return "refused"
            self._refused[user] = 0
            return "expired" if self.manners.expired() else "asked" if self.manners.asks() else "welcome"

    def roles(self, login: Login, application: str) -> list[tuple[str, str]]:
        """(number, text) of each role that an application's drop-down offers; what a school's is called alternates."""
        with self._lock:
            self._visits[login.user, application] += 1
            name = self.manners.role(self._visits[login.user, application])
        authority = eis.DISTRICTS[login.server][1]
        district = [("0000", f"District User ({authority})")] if login.of_district else []
        return district + [(site.number, f"{name} ({site.name} - {authority})") for site in login.sites]

    def launch(self, session: Session, login: Login, application: str, role: str) -> str | None:
        """Open an application; what its window's addresses begin with, or None for a role that there is not."""
        sites = tuple(site for site in login.sites if role in (site.number, "0000"))
        if not sites or (role == "0000" and not login.of_district):
            return None
        ticket = secrets.token_urlsafe(9)
        launch = session.launches[ticket] = Launch(application, login, session.number, sites)
        self.log.write(event="launch", session=session.number, application=application, school=launch.number)
        return ticket

    def sign_out(self, cookie: str | None) -> None:
        if session := self._sessions.pop(cookie or "", None):
            session.over = True
            self.log.write(event="sign-out", session=session.number, user=session.user)

    @contextlib.contextmanager
    def present(self, session: Session) -> Iterator[None]:
        """While a browser shows the page of tiles; after the last of them it has left, though it did not sign out."""
        with self._lock:
            session.tiles += 1
        yield
        left = time.time()
        time.sleep(GONE)
        with self._lock:
            session.tiles -= 1
            if not session.tiles and not session.over:
                self.log.write(time=round(left, 3), event="close", session=session.number, user=session.user)
