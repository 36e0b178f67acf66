"""A page is made when there is something new to show: after a run, and by hand.

Neither makes a morning worse: what goes wrong is a remark. A run after which nothing has changed makes none.
"""

import datetime as dt
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from pipeline import VERSION
from pipeline.ground import border, manifests, secrets, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.patience import bounded
from pipeline.run import notes, report
from pipeline.run.page import asking, gathering, publishing, shelf
from pipeline.run.page.shelf import Note
from pipeline.run.report import Report

# Seconds for all of it.
PATIENCE = 60
_WRAPPERS = ("Morning", "Week")


def after_run(found: Report) -> list[str]:
    """Make the page of the run's date, where something is new, and publish it; returns what went wrong. A rehearsal,
    and a run of one flow alone, leave the page as it is."""
    if found.wrapper not in _WRAPPERS:
        return []
    try:
        with border.around("the page of the morning", "making it"):
            return bounded(PATIENCE, lambda: _after(found), "making the page")
    except PipelineError as error:
        return [secrets.told(error)]


def _after(found: Report) -> list[str]:
    known = shelf.note(found.date)
    if known is None or not known.whole or known.told.get(found.wrapper) != _told(found):
        others = [name for name in _WRAPPERS if name != found.wrapper and notes.of(name, found.date)]
        known = _made(found, [report.of(name, found.date) for name in others], known)
    elif known.published == settings.load().report.publish:
        return []
    return _published(known)


def by_hand(date: dt.date) -> tuple[Path, list[str]]:
    """Make the page of the date anew and publish it; where it lies, and what went wrong. Raises PipelineError."""
    day = report.of_day(date)
    week = [day.week] if notes.of("Week", date) else []
    return shelf.page(date), _published(_made(day.morning, week, shelf.note(date)))


def _made(found: Report, others: list[Report], known: Note | None) -> Note:
    """The page of the report and, where the other wrapper ran, of that one's."""
    from pipeline.run.page import rendering  # a run after which nothing has changed need not wait for what draws

    reports = sorted([found, *others], key=lambda each: each.wrapper != _WRAPPERS[0])
    names = tuple(flow.flow for flow in found.flows)
    google = asking.known(names, found.date)
    now = dt.datetime.now(settings.load().district.zone)
    earlier = [each for each in shelf.mornings() if each.date < found.date]
    shown = gathering.shown(reports, google, earlier, now)
    shown = replace(shown, mornings=(*(each for each in shown.mornings if each.date < found.date), shown.morning))
    told = {**(known.told if known else {}), found.wrapper: _told(found)}
    made = Note(shown.morning, told, whole=not google.missing and not found.as_of)
    shelf.keep(rendering.page(shown), made)
    pretends = settings.load().sandbox.enabled
    shelf.keep_index(rendering.calendar(found.district, shelf.mornings(), pretends=pretends))
    return made


def _told(found: Report) -> str:
    """Changes when there is something else to show; when the run took place is nothing new."""
    told = asdict(replace(found, last_run=None, next_run=None, as_of=None))
    return manifests.fingerprint(VERSION, _templates(), bool(found.as_of), told)


@cache
def _templates() -> str:
    """Changes when pages look otherwise."""
    files = sorted(file for file in Path(__file__).parent.iterdir() if file.is_file())
    return manifests.fingerprint(*(file.read_text() for file in files))


def _published(known: Note) -> list[str]:
    """Publish the page and the calendar; what went wrong. The next run tries again."""
    place = settings.load().report.publish
    if not place:
        return []
    try:
        with border.around("the page of the morning", "publishing it"):
            publishing.publish(shelf.page(known.morning.date))
            publishing.publish(shelf.index())
            shelf.tell(replace(known, published=place))
    except PipelineError as error:
        return [secrets.told(error)]
    return []
