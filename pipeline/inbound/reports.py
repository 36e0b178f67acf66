"""The state's portal's reports, as plain functions: what was downloaded, and the last report before."""

import datetime as dt
from pathlib import Path

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import PortalReport
from pipeline.ground import manifests
from pipeline.ground.errors import ContractBroken
from pipeline.ground.progress import Made
from pipeline.inbound import lineends
from pipeline.inbound.evidence import LandedTarget
from pipeline.outside.cloud import documents, storage, warehouse
from pipeline.outside.cloud.evidence import TableTarget


def land_report(target: LandedTarget, download: Path) -> None:
    """What the browser has downloaded and checked becomes the part's copy; then its manifest says so. Both stay on this
    machine: a download holds social security numbers. Raises WarehouseError, OSError."""
    copy = manifests.folder(target.folder) / target.feed.source(target.part).pattern
    facts = {"size": download.stat().st_size, "mtime": download.stat().st_mtime, "sha256": manifests.sha256(download)}
    told = {"name": copy.name, **facts, "landed_at": manifests.now()}
    documents.forget(target.manifest_path)  # that another one had been read
    manifests.replace(copy, download, target.manifest_path, told)


def check_report(feed: Feed, school: str, date: dt.date, download: Path) -> None:
    """Raise ContractBroken unless the download is the feed's report of that school, run on that date."""
    assert feed.reader is not None  # noqa: S101  (only a portal's feeds come here)
    plain = download.with_name(f".{download.name}.plain")
    try:
        facts = feed.reader(download, plain)
    finally:
        plain.unlink(missing_ok=True)
    if (
        facts.run_date not in (None, date)
        or facts.schools - {school}
        or not (facts.schools or _may_be_of(feed, school, download))
    ):
        about = ", ".join(sorted(facts.schools)) or "no school, by its rows and its name"
        raise ContractBroken(
            f"file {download.name}: a report of {facts.run_date or 'some day'} about {about}",
            expected=f"one of {date} about {school}",
            next_step="run again; if it stays so, look at the report in the portal",
        )


def _may_be_of(feed: Feed, school: str, download: Path) -> bool:
    """Of a report without a row: where the names of the feed's reports tell their schools, whether this one's does."""
    names = {source.place.school: source.pattern for source in feed.sources if isinstance(source.place, PortalReport)}
    tells = len({*names.values()}) == len(names) > 1
    return not tells or download.name.startswith(Path(names[school]).stem)


# ------------------------------------------------------------------------------------- the last report before


def earlier(feed: Feed, date: dt.date) -> storage.Stored | None:
    """The object of the newest earlier date that was made by the contract of now, if there is one."""
    found = [
        stored
        for name, stored in storage.under(feed.folder).items()
        if name.endswith(f"/{feed.file}")
        and name.split("/")[1] < date.isoformat()
        and stored.metadata.get("contract") == feed.contract.fingerprint
    ]
    return max(found, key=lambda stored: stored.name, default=None)


def previous_target(feed: Feed, date: dt.date) -> TableTarget:
    """`<table>_previous`, with the rows of the last report before the date; without any before the first."""
    before = earlier(feed, date)
    labels = {
        "as_of": before.metadata["as_of"] if before else "none",
        "sha": manifests.fingerprint(before.metadata["sha256"] if before else "", feed.contract.fingerprint),
    }
    return TableTarget(feed.dataset, f"{feed.name}_previous", labels)


def load_previous(feed: Feed, date: dt.date) -> Made:
    """Replace `<table>_previous` by the rows of the last report before the date."""
    before, target = earlier(feed, date), previous_target(feed, date)
    if before is None:
        warehouse.empty(target.dataset, target.table, feed.contract.columns, target.expected)
        return Made(0, words="no report before")
    rows = warehouse.load(
        storage.uri(before.name),
        target.dataset,
        target.table,
        feed.contract.columns,
        {**target.expected, "rows": before.metadata["rows"]},
        job=f"load-{target.dataset}-{target.table}-{date}-{target.expected['sha'][:16]}",
        line_ends=lineends.may_hold(before),
    )
    return Made(rows, before.size, before.metadata["as_of"])
