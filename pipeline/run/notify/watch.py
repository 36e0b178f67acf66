"""What a second call of cron, or another machine, tells of a morning that is not done: that nobody made it, above all.

On the machine of the mornings a run leaves a note. On any other one the receipts in the bucket are all that is seen,
and enough: a set that was given has one.
"""

import datetime as dt
import fcntl
from contextlib import suppress
from pathlib import Path

from pipeline.catalogue import flows
from pipeline.catalogue.delivery import Delivery
from pipeline.ground import border, logs, secrets, settings
from pipeline.ground.command import MORNING
from pipeline.ground.console import say
from pipeline.ground.errors import PipelineError
from pipeline.ground.receivers import Receiver
from pipeline.inbound import calendar
from pipeline.outbound import evidence
from pipeline.outside.cloud import storage
from pipeline.run import notes
from pipeline.run.notify import pages, promises, telling
from pipeline.run.notify.pages import Page

WRAPPER = "Morning"
ENDS: dict[object, str] = {20: "late", 30: "broken", 40: "with a set on hold"}


def main(date: dt.date, by: dt.time | None, *, quiet: bool) -> int:
    """Tell, and print, that the morning is not done; returns 30 then, and 0 when there is nothing to tell. A quiet
    watch prints it once a day."""
    logs.nowhere()
    told = settings.load()
    now = dt.datetime.now(told.district.zone)
    words = found(date, by or told.notify.by, now)
    remarks = tell(date, words, now)
    before = (notes.of("Watch", date) or {}) if quiet else {}
    if words and not before.get("told"):
        say(secrets.redact(f"{WRAPPER} {date}: {words}\nnext: `{MORNING} status` says where every flow stands"))
    for remark in remarks:
        if remark not in before.get("remarks", []):
            say(remark, error=True)
    if words or remarks:
        with suppress(OSError):  # on a disk that takes nothing the next watch prints it once more
            notes.keep("Watch", date, {"told": bool(words), "remarks": remarks})
    return 30 if words else 0


def found(date: dt.date, by: dt.time, now: dt.datetime) -> str:
    """What is to be told of the morning of `date`; '' while nothing is: it is done, its time has not come, or the date
    has no morning."""
    if now < settings.load().district.moment(date, by) or not promises.is_expected(date):
        return ""
    note = notes.of(WRAPPER, date)
    if note and note.get("exit") == 0:
        return ""
    try:
        with border.around("the bucket", "looking for the receipts of the day"):
            missing = _not_given(date)
    except PipelineError as error:
        return f"whether the morning is done by {by:%H:%M} cannot be seen: {error.found}"
    if not missing and note is None and not _here():
        return ""
    return _why(note, by) + (f"; not given: {', '.join(missing)}" if missing else "")


def tell(date: dt.date, words: str, now: dt.datetime) -> list[str]:
    """Tell the receivers, once a day each, and send what was held back until now; returns what went wrong."""
    links = settings.load().notify

    def hear(receiver: Receiver, page: Page) -> Page:
        return pages.overdue(page, date, words, receiver.states, links) if words else pages.in_time(page, date)

    return telling.tell(hear, now)


def _why(note: dict[str, object] | None, by: dt.time) -> str:
    """What is seen of runs here."""
    if note:
        return f"not done by {by:%H:%M}: the last run ended {ENDS.get(note.get('exit'), 'in a way that is not known')}"
    if not _here():
        return f"not done by {by:%H:%M}"
    if since := _at_work():
        return f"not done by {by:%H:%M}: no run has ended, and one is at work ({since})"
    return f"not done by {by:%H:%M}: no run took place"


def _locks() -> Path:
    """What the wrappers make at their first call."""
    return settings.load().district.landing / "locks"


def _here() -> bool:
    """Whether this is the machine of the mornings."""
    return _locks().is_dir()


def _at_work() -> str:
    """Who holds the lock of the daily run, as wrapper.sh writes it; '' where nobody does."""
    try:
        with (_locks() / "daily.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.readline().strip() or "just starting"
    except OSError:
        pass
    return ""


def _not_given(date: dt.date) -> list[str]:
    """The day's sets that have no receipt, and that nobody has discarded. Raises WarehouseError."""
    wanted = [each for each in flows.deliveries("daily") if calendar.is_day(each.days, date)]
    return [each.name for each in wanted if not _given(each, date)]


def _given(delivery: Delivery, date: dt.date) -> bool:
    if storage.find(evidence.receipt_name(delivery.name, delivery.period(date))).generation:
        return True
    return storage.find(evidence.verdict_name(delivery, date)).metadata.get("may_go") == "discarded"
