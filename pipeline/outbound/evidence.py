"""What "done" means on the way out: what a set would be now, and the receipt that says the vendor was given it."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import agreement, limits
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.ground import manifests, settings
from pipeline.inbound import lastgood
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import columns
from pipeline.outbound.snapshots import snapshot_target
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.evidence import ObjectTarget
from pipeline.outside.sftp import connections

# The code that says of a set whether it may go.
JUDGES = (
    *(
        Path(__file__).with_name(f"{name}.py")
        for name in ("inspection", "checks", "churn", "columns", "garbled", "holders", "references")
    ),
    Path(limits.__file__),
)


# What is true of each delivery now; one listing tells all of it.
LATEST = "deliveries/latest"


def receipt_name(delivery: str, period: dt.date) -> str:
    """The object that holds the receipt of the delivery of that period."""
    return f"deliveries/{period}/{delivery}/receipt.json"


def latest_name(delivery: str) -> str:
    """The object that holds a copy of the delivery's last receipt."""
    return f"{LATEST}/{delivery}.json"


def latest_period(delivery: str) -> dt.date | None:
    """The period of the last delivery that went out, of whatever day."""
    text = storage.find(latest_name(delivery)).metadata.get("period")
    return dt.date.fromisoformat(text) if text else None


@dataclass(frozen=True)
class ReceiptTarget:
    """The vendor was given the delivery of the period: the receipt says so, with the fingerprint of what was given.

    The receipts of a delivery are `deliveries/<period>/<delivery>/receipt.json`; `deliveries/latest/<delivery>.json`
    is a copy of the last one, so that one look tells whether a later delivery has gone out. The receipt is the
    evidence; a copy that lags behind is made again, and nothing is sent for it. `address` is a digest of where it goes.
    """

    delivery: Delivery
    period: dt.date
    fingerprint: str
    address: str

    @property
    def name(self) -> str:
        return receipt_name(self.delivery.name, self.period)

    @property
    def latest_name(self) -> str:
        return latest_name(self.delivery.name)

    def latest(self) -> dt.date | None:
        """The period of the last delivery that went out, of whatever day."""
        return latest_period(self.delivery.name)

    def for_the_period(self) -> bool:
        """Whether the set was given, there, and is not given again before the next period, whatever changed since; but
        where it is wanted once more, or came too slowly."""
        held = storage.find(self.name).metadata
        once = self.delivery.again == "never-same-day" and held.get("address") == self.address
        return once and bool(held.get("fingerprint"))

    def exists(self) -> bool:
        held, latest = storage.find(self.name).metadata, self.latest()
        if latest is None or latest < self.period:
            return False
        return self.for_the_period() or held.get("fingerprint") == self.fingerprint


# ------------------------------------------------------------------------------------ a set as it is now


def folder(delivery: Delivery) -> str:
    """Where the delivery goes on its vendor's server."""
    return connections.folder(catalogue.vendors()[delivery.vendor], delivery.folder)


def outbox() -> Path:
    """Where files are rendered and trails are kept."""
    return settings.load().district.landing / "outbox"


def trail_path(delivery: str) -> Path:
    """Where the delivery's trail is, while a set is on its way."""
    return outbox() / f"{delivery}.json"


def address(delivery: Delivery) -> dict[str, str]:
    """To whom the delivery goes, and where: vendor, our account on its server, folder there."""
    account = settings.load().account(delivery.vendor)
    server = f"{account.user}@{account.host}:{account.port}"
    return {"vendor": delivery.vendor, "server": server, "folder": folder(delivery)}


def fingerprint(delivery: Delivery, date: dt.date) -> str:
    """What the delivery would be now: every file's frozen rows or landed bytes, how it is written, the limits of its
    row and those of every column, the code that judges it, what its vendor's agreement lists of it and until when, and
    where it goes."""
    frozen = [made_of(delivery, file, date) for file in delivery.view_files]
    copies = [made_of(delivery, copy, date) for copy in delivery.copies]
    terms = agreement.terms(delivery.vendor, [file.name for file in delivery.files])
    return manifests.fingerprint(frozen, copies, terms, address(delivery), repr(columns.USUAL), code(*JUDGES))


def made_of(delivery: Delivery, file: ViewFile | LandedCopy, date: dt.date) -> tuple[str, Any]:
    """What the file would be made of now: its row, and the inputs of its frozen rows, or what landed."""
    if isinstance(file, ViewFile):
        return repr(file), snapshot_target(delivery, file, date).expected
    feed = catalogue.feeds()[file.feed]
    return repr(file), PreparedTarget(feed, lastgood.date_of(feed, date)).parts()


@cache
def code(*modules: Path) -> str:
    """Changes when the text of one of them does: what other code made of the same says nothing of this one."""
    return manifests.fingerprint([hashlib.sha256(module.read_bytes()).hexdigest() for module in modules])


def verdict_name(delivery: Delivery, date: dt.date) -> str:
    """The object that holds the verdict of the period."""
    return f"deliveries/{delivery.period(date)}/{delivery.name}/verdict.json"


def receipt_target(delivery: Delivery, date: dt.date) -> ReceiptTarget:
    """The receipt of the delivery as it would be made now."""
    where = manifests.fingerprint(address(delivery))
    return ReceiptTarget(delivery, delivery.period(date), fingerprint(delivery, date), where)


def verdict_target(delivery: Delivery, date: dt.date) -> ObjectTarget:
    """The verdict on exactly this set: that it may go."""
    return ObjectTarget(verdict_name(delivery, date), {"fingerprint": fingerprint(delivery, date), "may_go": "yes"})
