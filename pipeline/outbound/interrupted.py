"""Sets that a run left half-way at a vendor: the next run completes them, before it asks for anything of today.

By what is at the vendor, where that is all; where a part of a set has taken its place and the rest is not there, by
what is kept of it in the bucket.
"""

import datetime as dt
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from pipeline import catalogue
from pipeline.ground import border
from pipeline.ground.errors import AtWorkElsewhere, ConfigurationError, OnHold, PipelineError, VendorError
from pipeline.outbound import exports, giving, pushes, verdicts
from pipeline.outbound.evidence import latest_period, trail_path
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.leases import Lease
from pipeline.outside.sftp import sftp
from pipeline.outside.sftp.trail import Trail
from pipeline.outside.sftp.vendor import Vendor

log = logging.getLogger(__name__)


def finish() -> Iterator[str | PipelineError]:
    """Complete the sets that a killed run left half-way at a vendor, and name them; those of which nothing has taken
    its place there, and not all has come, stay.

    It needs nothing of today, so that a vendor gets its whole set also when today's is late, or on hold. What stands
    against one comes as its error, and the next one is completed all the same.
    """
    for delivery in pushes.left():
        try:
            with (
                border.around(f"the interrupted push of {delivery}", "completing it", VendorError),
                ExitStack() as block,
            ):
                try:
                    lease = block.enter_context(pushes.of(delivery, 0))
                except AtWorkElsewhere as error:  # it is not interrupted
                    log.info("%s is on its way: %s", delivery, error)
                    continue
                done = _finished(trail_path(delivery), lease)
        except PipelineError as error:
            yield error
        else:
            yield from [done] if done else []


def _finished(path: Path, lease: Lease) -> str:
    """The set that is complete now; nothing when there is none, when it needs our files, or must not go any more."""
    trail = Trail.left(path, lease)
    try:
        if trail is None or not (trail.given() or _completed(trail)):
            return ""
        giving.received(trail)
    finally:
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)  # what was brought for it, now or by the killed run
    return f"{trail.receipt['delivery']} of {trail.receipt['period']}"


def _completed(trail: Trail) -> bool:
    """Complete the set at its vendor: by what is there, or, where a part of it has taken its place and the rest is not
    there, by what is kept of it. One of which nothing has gone, and which must not go, ends."""
    told = trail.receipt
    if told["delivery"] not in catalogue.deliveries() or told["vendor"] not in catalogue.vendors():
        raise ConfigurationError(
            f"{trail.path} tells of an interrupted push of {told['delivery']} to {told['vendor']}",
            expected="both in the catalogue's deliveries.py and vendors.py",
            next_step="give the row its old name for one run, so that the set is completed and has its receipt; or, if "
            "the vendor shall not have the rest of it, remove that file and the object "
            f"{storage.uri(pushes.name(told['delivery']))}",
        )
    vendor, delivery = catalogue.vendors()[told["vendor"]], catalogue.deliveries()[told["delivery"]]
    latest = latest_period(delivery.name)
    if latest and latest > _period(trail):  # another machine gave it, after this one had died
        giving.give_way(trail)
        return False
    try:
        if sftp.finish(vendor, told["folder"], trail, _still_agreed(trail)):
            return True
    except OnHold:
        trail.end()
        return False
    return giving.is_there(told, delivery) and bool(trail.begun()) and _completed_from_what_is_kept(vendor, trail)


def _completed_from_what_is_kept(vendor: Vendor, trail: Trail) -> bool:
    """Send the rest of a set, of which a part has taken its place. Raises OnHold when it must not be sent any more: the
    part stays there until the next set takes its place."""
    told, still_agreed = trail.receipt, _still_agreed(trail)
    still_agreed()
    files = exports.bring(told["delivery"], _period(trail), told["files"], trail.path.with_suffix(""))
    if files is None:
        return False
    sftp.push(vendor, told["folder"], files, trail=trail, may_go=still_agreed)
    return True


def _still_agreed(trail: Trail) -> Callable[[], object]:
    delivery = catalogue.deliveries()[trail.receipt["delivery"]]
    return lambda: verdicts.ask_again_of_left(delivery, _period(trail), trail.receipt)


def _period(trail: Trail) -> dt.date:
    return dt.date.fromisoformat(trail.receipt["period"])
