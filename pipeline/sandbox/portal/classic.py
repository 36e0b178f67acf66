"""EIS classic: pages of HTML 4, each a table and a form that leads to the next one."""

from flask import Blueprint, Response, abort, render_template, request

from pipeline.sandbox import eis, eis_errors
from pipeline.sandbox.portal.downloads import attachment
from pipeline.sandbox.portal.visit import office, window

pages = Blueprint("classic", __name__, url_prefix="/eis/<ticket>")


@pages.get("/")
def district(ticket: str) -> str:
    return _page("district.html", ticket)


@pages.post("/year")
def year(ticket: str) -> str:
    return _page("year.html", ticket)


@pages.post("/menu")
def menu(ticket: str) -> str:
    return _page("menu.html", ticket)


@pages.get("/dynamic_errors")
def dynamic_errors(ticket: str) -> str:
    return _page("dynamic_errors.html", ticket)


@pages.post("/error_level")
def level(ticket: str) -> str:
    """A window may vanish here, in the middle of the way."""
    return _page("error_level.html", ticket, vanishes=office().manners.vanishes())


@pages.post("/error_report")
def error_report(ticket: str) -> str:
    if request.form.get("locat") != "S":
        return _page("no_errors.html", ticket)
    return _page("error_report.html", ticket)


@pages.post("/download")
def download(ticket: str) -> Response | str:
    launch = window(ticket)
    if request.form.get("select2") != "ALL" or launch.of_district:
        return _page("no_errors.html", ticket)
    return attachment(launch, f"Sch{launch.number}AllErr.csv", eis_errors.all_errors)


def _page(name: str, ticket: str, *, vanishes: bool = False) -> str:
    launch = window(ticket)
    if launch.application != "EISPROD":
        abort(404)
    district = eis.DISTRICTS[launch.login.server]
    return render_template(f"classic/{name}", ticket=ticket, launch=launch, district=district, vanishes=vanishes)
