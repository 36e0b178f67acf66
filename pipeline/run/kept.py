"""Where the flows of this district keep their rows, and what of the bucket goes by itself, or never."""

from pipeline.catalogue import flows, sql
from pipeline.ground import settings
from pipeline.outbound import evidence, exports, extracts, ledgerrows, receipts, snapshots
from pipeline.outside.cloud import documents, warehouse
from pipeline.outside.cloud.standing import Rules

# So many days after the purge would have removed it.
_SPARE = 2


def datasets() -> set[str]:
    """Those of feeds' tables and of views, of frozen rows, and of the ledger."""
    views = {view.partition(".")[0] for view in sql.names()}
    own = {snapshots.DATASET, f"{snapshots.DATASET}{warehouse.RESTRICTED}", ledgerrows.DATASET}
    return {feed.dataset for feed in flows.feeds()} | views | own


# Below these prefixes nothing goes by its age: by what was given last it is not given again, the ledger is made of the
# receipts, and what belongs to no date holds until something else takes its place.
STAYS = (f"{documents.OPEN}/{documents.UNDATED}/", f"{evidence.LATEST}/", f"{receipts.FOLDER}/")
# Of older versions' rules.
_ONCE = (f"{documents.OPEN}/",)


def rules() -> Rules:
    """What the bucket itself removes, and what no rule of it must remove."""
    return Rules(tuple(goes().items()), STAYS, _ONCE)


def goes() -> dict[str, int]:
    """The age, in days, at which the bucket itself removes what lies below each of these prefixes. A run's purge does
    it sooner; but what holds passwords does not stay because nobody makes mornings any more."""
    landing_days = settings.load().district.landing_days
    own = [min(feed.landing_days, landing_days) for feed in flows.feeds() if feed.landing_days is not None]
    folders = {feed.folder for feed in flows.feeds() if warehouse.restricted(feed.dataset)}
    days = {
        **dict.fromkeys((*folders, exports.RESTRICTED), snapshots.RESTRICTED_DAYS),
        **dict.fromkeys((extracts.OPEN, extracts.RESTRICTED), 1),
        documents.RESTRICTED: max([snapshots.RESTRICTED_DAYS, *own]),
    }
    prefixes = {f"{folder}/": kept for folder, kept in days.items()} | {documents.DATED: landing_days}
    return {prefix: max(kept, 1) + _SPARE for prefix, kept in prefixes.items()}
