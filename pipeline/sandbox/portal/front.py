"""The front page, the sign-in on two pages, and the tiles with their drop-down of roles."""

import select
import socket
from collections.abc import Iterator

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from pipeline.sandbox.portal.office import Office, Session
from pipeline.sandbox.portal.visit import COOKIE, office, session, signed_in

pages = Blueprint("front", __name__)
APPLICATIONS = {"EISPROD": "classic.district", "EISREPORTING": "viewer.home"}


@pages.get("/")
def home() -> Response:
    answer = make_response(render_template("front.html"))
    if office().session(request.cookies.get(COOKIE)) is None:
        answer.set_cookie(COOKIE, office().begin()[0], httponly=True, samesite="Lax")
    return answer


@pages.get("/signin")
def who() -> str:
    session()
    if office().manners.between() == "pick" and "other" not in request.args:
        return render_template("pick.html", users=sorted(office().logins))
    return render_template("signin.html")


@pages.post("/signin")
def name() -> str:
    found = session()
    found.user = request.form.get("loginfmt", "").strip().lower()
    if found.user not in office().logins:
        return render_template("signin.html", unknown=True)
    return render_template("password.html", user=found.user)


@pages.post("/signin/password")
def password() -> Answer | str:
    found = session()
    if found.user not in office().logins:
        return redirect(url_for("front.who"))
    answer = office().sign_in(found, request.form.get("passwd", ""))
    if answer == "welcome":
        between = office().manners.between()
        if between in ("stay", "notice"):
            return render_template(f"{between}.html", user=found.user)
        return redirect(url_for("front.tiles"), 303)
    if answer == "expired":
        return render_template("expired.html", user=found.user)
    if answer == "asked":
        return render_template("asked.html", user=found.user)
    return render_template("password.html", user=found.user, answer=answer)


@pages.get("/applications")
def tiles() -> str:
    _, login = signed_in()
    return render_template("tiles.html", applications=APPLICATIONS, user=login.user)


@pages.get("/applications/<application>/roles")
def roles(application: str) -> Response:
    _, login = signed_in()
    if application not in APPLICATIONS:
        abort(404)
    return jsonify(office().roles(login, application))


@pages.post("/launch")
def launch() -> Answer:
    """Into the window that the form has opened."""
    found, login = signed_in()
    application = request.form.get("application", "")
    if application not in APPLICATIONS:
        abort(400)
    ticket = office().launch(found, login, application, request.form.get("role", "")) or abort(400)
    return redirect(url_for(APPLICATIONS[application], ticket=ticket), 303)


@pages.get("/signout")
def sign_out() -> Answer:
    office().sign_out(request.cookies.get(COOKIE))
    return redirect(url_for("front.home"))


@pages.get("/presence")
def presence() -> Response:
    """A stream without events that is open for as long as the page of tiles is: its end tells when a browser left."""
    found, _ = signed_in()
    stream = _until_left(office(), found, request.environ["werkzeug.socket"])
    return Response(stream, mimetype="text/event-stream", headers={"Cache-Control": "no-store"})


def _until_left(desk: Office, found: Session, connection: socket.socket) -> Iterator[str]:
    yield ": here\n\n"
    with desk.present(found):
        select.select([connection], [], [])  # a browser says nothing more on it before it closes it
