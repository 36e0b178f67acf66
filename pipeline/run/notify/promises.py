"""What a morning owes by now: whether there is one, which of its files are due, whether its time has passed."""

import datetime as dt

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.ground import settings
from pipeline.ground.errors import PipelineError
from pipeline.inbound import calendar
from pipeline.run.report import Report


def is_expected(date: dt.date) -> bool:
    """Whether anything is made on that date: a day without school owes nothing. Where nobody can tell, it is."""
    try:
        return _is_expected(date)
    except PipelineError:
        return True


def _is_expected(date: dt.date) -> bool:
    days = {feed.days for feed in flows.feeds()} | {delivery.days for delivery in flows.deliveries("daily")}
    return any(calendar.is_day(each, date) for each in days)


def missed(report: Report, now: dt.datetime) -> str:
    """That the morning is not done at the time for which it was promised, where that is so; '' otherwise."""
    told = settings.load()
    by = told.notify.done_by
    if by is None or report.wrapper != "Morning" or report.standing == "done" or not is_expected(report.date):
        return ""
    return f"Not done by {by:%H:%M}." if now >= told.district.moment(report.date, by) else ""


def early(report: Report, now: dt.datetime) -> frozenset[str]:
    """The names of the causes of late files that are not due yet: each good morning begins with them."""
    late = [cause for cause in report.causes if cause.harm == "late" and cause.flows]
    return frozenset(cause.name for cause in late if not any(_is_due(each, report.date, now) for each in cause.flows))


def _is_due(name: str, date: dt.date, now: dt.datetime) -> bool:
    """Whether the feed's file is to be there by now."""
    feed = catalogue.feeds().get(name)
    return feed is None or now >= settings.load().district.moment(date, feed.due)
