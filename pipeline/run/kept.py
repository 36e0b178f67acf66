"""Where the flows of this district keep their rows."""

from pipeline.catalogue import flows, sql
from pipeline.outbound import ledgerrows, snapshots
from pipeline.outside.cloud import warehouse


def datasets() -> set[str]:
    """Those of feeds' tables and of views, of frozen rows, and of the ledger."""
    views = {view.partition(".")[0] for view in sql.names()}
    own = {snapshots.DATASET, f"{snapshots.DATASET}{warehouse.RESTRICTED}", ledgerrows.DATASET}
    return {feed.dataset for feed in flows.feeds()} | views | own
