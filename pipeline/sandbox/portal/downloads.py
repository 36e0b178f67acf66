"""A report as a download: whole, or as the portal's bad days have it."""

from collections.abc import Callable, Iterable

from flask import Response, abort, render_template

from pipeline.sandbox.eis import Roll
from pipeline.sandbox.portal.office import Launch
from pipeline.sandbox.portal.visit import office

Make = Callable[[Roll, Iterable[str]], bytes]


def report(launch: Launch, make: Make) -> bytes:
    """What `make` makes for the schools of the window's role. Ends the request with 503 before the first day."""
    roll = office().district.roll(launch.login.server) or abort(503)
    return make(roll, [site.number for site in launch.schools])


def attachment(launch: Launch, name: str, make: Make) -> Response:
    manners = office().manners
    content, kind = report(launch, make), "text/csv"
    if manners.error_page():
        content, kind = render_template("error.html", status=500).encode(), "text/html"
    sent = content[: len(content) // 2] if manners.cut() else content
    answer = Response(sent, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Length"] = str(len(content))  # of a cut one, more than comes
    office().log.write(event="download", session=launch.session, file=name, school=launch.number, bytes=len(sent))
    return answer
