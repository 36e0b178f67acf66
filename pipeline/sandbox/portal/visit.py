"""Who is asking: the session behind a request, and the application's window that it comes from."""

from flask import abort, current_app, request

from pipeline.sandbox.portal.office import Launch, Login, Office, Session

COOKIE = "orion"


def office() -> Office:
    found: Office = current_app.extensions["office"]
    return found


def session() -> Session:
    """Ends the request with 400 if the browser has none."""
    return office().session(request.cookies.get(COOKIE)) or abort(400)


def signed_in() -> tuple[Session, Login]:
    found = session()
    return found, found.login or abort(400)


def window(ticket: str) -> Launch:
    """Ends the request with 404 if no such window of this session was opened."""
    return session().launches.get(ticket) or abort(404)
