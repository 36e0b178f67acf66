"""Which sets a date asks for: those of whose days it is one; and those of which all came all the same."""

import datetime as dt

from pipeline.catalogue import flows
from pipeline.catalogue.delivery import Delivery
from pipeline.inbound import calendar, expected, lastgood


def wanted(delivery: Delivery, date: dt.date) -> bool:
    """Whether the set of that date is to be made.

    On one of its days it is, also of the last good file of a feed that expects none today, unless none is kept. On
    another day it is when all that it is made of came for that date; where its days are weekdays by name, it is not.
    """
    feeds = flows.inputs(delivery)
    if is_due(delivery, date):
        return all(lastgood.held(feed, date) for feed in feeds)
    return isinstance(delivery.days, str) and all(expected.came(feed, date) for feed in feeds)


def is_due(delivery: Delivery, date: dt.date) -> bool:
    """Whether the date is one of the set's days; of a set of the week, whether its week has one."""
    if delivery.cadence == "weekly" and isinstance(delivery.days, str):
        monday = delivery.period(date)
        return any(calendar.is_day(delivery.days, monday + dt.timedelta(days=n)) for n in range(7))
    return calendar.is_day(delivery.days, date)


def remarks(date: dt.date, cadence: str) -> list[str]:
    """A sentence for each set whose day it is and that is not made, since nothing is kept of a feed which expects
    nothing that day."""
    found = []
    for delivery in flows.deliveries(cadence):
        lacks = sorted(feed.name for feed in flows.inputs(delivery) if not lastgood.held(feed, date))
        if is_due(delivery, date) and lacks:
            found.append(
                f"found: {date} is a day of {delivery.name}, and none of {', '.join(lacks)}, of which no earlier file "
                "is kept\nexpected: the days of a set among those of what it is made of\n"
                "next: change `days` of one of the rows"
                + (", or run the week once more when they have come" if cadence == "weekly" else "")
            )
    return found
