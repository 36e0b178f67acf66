"""The portal as one of the sandbox's servers, and the passwords of its logins."""

import logging
import secrets
import socket
import threading
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.days import last_made
from pipeline.sandbox.eis import DISTRICTS
from pipeline.sandbox.faults import FaultFile
from pipeline.sandbox.places import Places
from pipeline.sandbox.portal.app import create_app
from pipeline.sandbox.portal.manners import Manners
from pipeline.sandbox.portal.office import District, Login, Office


def portal(places: Places, faults: FaultFile) -> "Portal":
    """As luigi.cfg has it, with the reports of the last day that was made."""
    sandbox = places.settings.sandbox
    users = {code: login.user for code, login in places.settings.logins.items() if code in DISTRICTS}
    district = District(sandbox.students, sandbox.seed, lambda: last_made(places))
    log = ActivityLog(places.log / "portal.log")
    known = logins(users, places.settings.secrets.folder.absolute())
    return Portal(Office(known, district, Manners(faults), log), places.portal_port)


def logins(users: dict[str, str], folder: Path) -> list[Login]:
    """The accounts, `users` by server; their passwords lie in the folder, invented when they are not there."""
    return [Login(user, code, _password(folder / f"eis_{code.lower()}_password")) for code, user in users.items()]


def _password(path: Path) -> Path:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18))
    return path


class _Quiet(WSGIRequestHandler):
    """The activity log tells what happened."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


class Portal:
    """One thread a request."""

    name = "EIS portal"

    def __init__(self, office: Office, port: int) -> None:
        self._app, self._port = create_app(office), port
        logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def start(self) -> None:
        """Returns when the port listens. Raises OSError if it is taken."""
        with socket.create_server(("127.0.0.1", self._port), backlog=128) as listener:
            self._server: BaseWSGIServer = make_server(
                "127.0.0.1", self._port, self._app, threaded=True, request_handler=_Quiet, fd=listener.fileno()
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="portal", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
