"""The web application: its parts, and what is true of every page."""

import base64

from flask import Flask, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from pipeline.sandbox.portal import classic, front, viewer
from pipeline.sandbox.portal.office import Office
from pipeline.sandbox.portal.visit import COOKIE, office

_PICTURE = base64.b64decode("R0lGODlhAQABAIAAACpphAAAACwAAAAAAQABAAACAkQBADs=")  # one pixel, drawn as large as need be
_SIGN_IN = ("/signin", "/signin/password")


def create_app(behind: Office) -> Flask:
    """The portal before an office, which remembers all that there is to remember."""
    app = Flask(__name__)
    app.extensions["office"] = behind
    for part in (front.pages, classic.pages, viewer.pages):
        app.register_blueprint(part)
    app.before_request(_first)
    app.add_url_rule("/healthz", "health", lambda: "ok")
    app.add_url_rule("/assets/<path:name>", "asset", _asset)
    return app


def _asset(name: str) -> Response:
    if not name.endswith(".gif"):
        abort(404)
    return Response(_PICTURE, mimetype="image/gif", headers={"Cache-Control": "max-age=3600"})


def _first() -> Answer | tuple[str, int] | None:
    """Before each page: the portal's manners; then who has not signed in is sent to the front page."""
    path = request.path
    if path == "/healthz" or path.startswith(("/assets/", "/favicon", "/presence")):
        return None
    office().manners.wait(path)
    if status := office().manners.error(path):
        return render_template("error.html", status=status), status
    session = office().session(request.cookies.get(COOKIE))
    if path == "/" or (session and (session.login or path in _SIGN_IN)):
        return None
    return redirect("/")
