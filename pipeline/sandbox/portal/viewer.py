"""Data reports: a menu, the research queries, and a report viewer that shows a report when it has been made."""

from flask import Blueprint, Response, abort, jsonify, render_template

from pipeline.sandbox import eis
from pipeline.sandbox.portal.downloads import Make, attachment, report
from pipeline.sandbox.portal.visit import office, window

pages = Blueprint("viewer", __name__, url_prefix="/reports/<ticket>")
# Number of its link: the file's name, what makes it. The other links lead to reports that nobody has made.
REPORTS: dict[int, tuple[str, Make]] = {
    1: ("ADMAudit", eis.adm_audit),
    19: ("StudentMembership", eis.student_membership),
}
QUERIES = {1: "ADM Audit", 2: "ADM Summary", 7: "Attendance Detail", 12: "Class Roster", 19: "Student Membership"}


@pages.get("/Default.aspx")
def home(ticket: str) -> str:
    return _page("home.html", ticket)


@pages.get("/ResearchQueries.aspx")
def queries(ticket: str) -> str:
    return _page("queries.html", ticket, queries=QUERIES)


@pages.get("/Viewer<int:number>.aspx")
def viewer(ticket: str, number: int) -> str:
    """A window may vanish here, while it waits."""
    title = QUERIES.get(number) or abort(404)
    return _page("viewer.html", ticket, number=number, title=title, vanishes=office().manners.vanishes())


@pages.get("/Viewer<int:number>.axd")
def made(ticket: str, number: int) -> Response:
    """Answers when the report has been made."""
    _, make = REPORTS.get(number) or abort(404)
    return jsonify(lines=report(window(ticket), make).count(b"\n"))


@pages.get("/Export<int:number>.axd")
def export(ticket: str, number: int) -> Response:
    name, make = REPORTS.get(number) or abort(404)
    return attachment(window(ticket), f"{name}.csv", make)


def _page(name: str, ticket: str, **more: object) -> str:
    launch = window(ticket)
    if launch.application != "EISREPORTING":
        abort(404)
    return render_template(f"viewer/{name}", ticket=ticket, launch=launch, **more)
