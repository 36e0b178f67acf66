"""The way in, as plain functions: each makes one state true and returns what it made."""

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.catalogue import schemas
from pipeline.catalogue.feed import Feed
from pipeline.ground import journal, manifests, settings
from pipeline.ground.errors import ContractBroken, StaleFile, TransferIncomplete, WarehouseError
from pipeline.ground.patience import computing
from pipeline.ground.progress import Made
from pipeline.inbound import calendar, lastgood, lineends, loads, preparing
from pipeline.inbound.evidence import LandedTarget, PreparedTarget, VendorFileTarget
from pipeline.inbound.parts import Part
from pipeline.inbound.sources import fetch, printable, settled
from pipeline.outside.cloud import documents, helpers, storage, warehouse
from pipeline.outside.cloud.evidence import ObjectTarget, TableTarget
from pipeline.outside.sftp.sftp import Progress


def land(target: LandedTarget, progress: Progress) -> Made:
    """Copy the newest file of the part as it is, into the bucket and to our disk, then say so in its manifest. Raises
    VendorError, WarehouseError."""
    source = target.feed.source(target.part)
    file = VendorFileTarget(target.feed, target.part, target.date).newest()
    if file is None or not settled(source, file):
        raise TransferIncomplete(
            f"{source.name}'s {source.pattern} was there and is there no more, or is being written",
            expected="one file that stands still",
            next_step="run again in some minutes",
        )
    copy = target.folder / file.name
    fetch(source.place, file, new := manifests.beside(copy), progress)
    facts = {"name": file.name, "size": file.size, "mtime": file.mtime, "sha256": manifests.sha256(new)}
    before = documents.load(target.manifest_path)
    since = before.get("since", before["mtime"]) if before and before["name"] == file.name else file.mtime
    if since > file.mtime:  # a correction may carry an earlier time; what was older stays older
        facts["since"] = since
    same, mornings = _same_bytes(target, str(facts["sha256"]))
    if target.feed.repeats is not None and mornings > target.feed.repeats:
        new.unlink()
        told = {"sha256": facts["sha256"], "mornings": mornings}
        documents.save(_refused_as_stale(target), told, days=target.days)
        raise StaleFile(
            f"{printable(file.name)} ({source.name}) holds the same bytes as on each of the last {mornings} mornings",
            expected=f"other ones after at most {target.feed.repeats} mornings (`repeats` of the feed's row)",
            next_step="ask the vendor whether the export still runs; the last good table stays. If nothing did change, "
            "put `repeats` up in the catalogue's feeds.py",
        )
    told = {**facts, "landed_at": manifests.now(), **({"same_as": same.isoformat()} if same else {})}
    documents.keep_file(new, copy, str(facts["sha256"]), restricted=target.restricted, days=target.days)
    manifests.replace(copy, new, target.manifest_path, documents.put(target.manifest_path, told, days=target.days))
    return Made(bytes=file.size, words=printable(file.name) + (f", the same bytes as on {same}" if same else ""))


def _same_bytes(target: LandedTarget, sha256: str) -> tuple[dt.date | None, int]:
    """The last morning before whose file had the same bytes, and on how many in a row it was so, the refused ones among
    them. Where only so many are believed, days count that are the feed's, and others make no gap; else one is enough.
    """
    last, mornings = None, 0
    counts = target.feed.repeats is not None

    def of(day: dt.date) -> LandedTarget:
        return LandedTarget(target.feed, target.part, day)

    most = settings.load().district.landing_days
    for before in documents.by_days(target.date, most, lambda day: of(day).manifest_path):
        came, stale = documents.load(of(before).manifest_path), documents.load(_refused_as_stale(of(before)))
        held, own = came or stale, calendar.is_day(target.feed.days, before)
        if (held is None and own) or (held is not None and held["sha256"] != sha256):
            break
        if held is not None and (own or not counts):
            last, mornings = last or before, mornings + 1
        if not came and stale:  # which says how many were before it
            return last, mornings + int(stale["mornings"])
        if last and not counts:
            break
    return last, mornings


def _refused_as_stale(target: LandedTarget) -> Path:
    """The document that says of the date's file that it held the same bytes as too many before it."""
    return target.folder / f"{target.feed.name}.stale.json"


def again(feed: Feed, date: dt.date) -> int:
    """Forget what was landed for the date, so that the next run takes it anew; returns how many copies there were.

    What is made of it is made again only where the bytes are others.
    """
    landed = [LandedTarget(feed, source.name, date).manifest_path for source in feed.sources]
    there = [manifest for manifest in landed if documents.load(manifest)]
    for manifest in there:
        documents.remove(manifest)
    return len(there)


def prepare(target: PreparedTarget) -> Made:
    """Check the feed's parts against its contract and write them as one CSV, then its manifest.

    Raises ContractBroken; the refused file is then in quarantine with the reason beside it. The portal's downloads are
    removed when that is done, and their manifests say so.
    """
    done = target.manifest()
    if done is None:
        for landed in _landed(target):
            landed.copy()  # who waits for the bucket does not compute
        with computing.one():
            told = _prepare(target)
        calendar.learn(target.feed, manifests.beside(target.path), told["sha256"], target.date)
        done = documents.put(target.manifest_path, told, days=target.feed.landing_days)
        manifests.replace(target.path, manifests.beside(target.path), target.manifest_path, done)
        if helpers.are_there():  # one may be asked to go on with it
            store(target.feed, target.date)
    if target.downloads() and not stored_target(target.feed, target.date).exists():  # of which nobody has another copy
        store(target.feed, target.date)
    for landed in target.downloads():
        own = manifests.load(landed.manifest_path) or {}
        told = documents.load(landed.manifest_path) or {}
        if told.get("removed"):  # this one was left by a kill, and another machine has read one of its own since
            landed.manifest_path.unlink()
        else:
            documents.save(landed.manifest_path, {**own, "removed": True}, days=target.feed.landing_days)
        (landed.folder / str(own["name"])).unlink()
    return Made(done["rows"], done["size"], "; ".join(loads.remarks(done)))


def _landed(target: PreparedTarget) -> list[LandedTarget]:
    return [LandedTarget(target.feed, source.name, target.date) for source in target.feed.sources]


def _prepare(target: PreparedTarget) -> dict[str, Any]:
    """Write the CSV beside its place; returns what its manifest is to say."""
    landed, parts, digests = _landed(target), list[Part](), target.parts()
    try:
        parts += [_part(each) for each in landed]
        new = manifests.beside(target.path)
        done = preparing.prepare(parts, target.feed.contract, new, as_of=target.date)
    except ContractBroken as refusal:
        _quarantine(target, parts, refusal)
        raise
    finally:
        for each in landed:
            shutil.rmtree(_plain(each), ignore_errors=True)
    return {
        "rows": done.rows,
        "part_rows": done.part_rows,
        "size": done.size,
        "sha256": done.sha256,
        "line_ends": done.line_ends,
        "parts": digests,
        "encodings": done.encodings,
        "told": done.told,
        "contract": target.feed.contract.fingerprint,
        "prepared_at": manifests.now(),
    }


def _part(landed: LandedTarget) -> Part:
    """The landed copy, or the plain CSV that the feed's reader makes of it."""
    path = landed.copy()
    if landed.feed.reader is None:
        return Part(landed.part, path)
    plain = _plain(landed) / path.name
    landed.feed.reader(path, plain)
    return Part(landed.part, plain)


def _plain(landed: LandedTarget) -> Path:
    return landed.folder / f"{landed.feed.name}.plain"


def _quarantine(target: PreparedTarget, parts: list[Part], refusal: ContractBroken) -> None:
    """Keep the feed's files of this moment, and the reason, where no later file replaces them. Other machines know of
    the reason; the bytes are in the bucket since they landed, but for a report of the portal's."""
    digest = manifests.fingerprint(target.parts())[:12]
    folder = _quarantines(target.feed) / f"{target.date}-{digest}"
    for part in parts:
        kept = manifests.folder(folder / part.name) / part.path.name
        if not kept.exists():
            os.link(part.path, kept)
    told = {"found": refusal.found, "expected": refusal.expected, "next": refusal.next_step}
    documents.keep(folder / "reason.json", told, days=target.feed.landing_days)


def _quarantines(feed: Feed) -> Path:
    return settings.load().district.landing / "quarantine" / feed.name


def refused(feed: Feed, date: dt.date) -> dict[str, str]:
    """The feed's files of that date that lie in quarantine, here or on the machine that refused them: their folders,
    and what was found in them."""
    folder = _quarantines(feed)
    there = {name.split("/")[-2] for name in documents.names(documents.name_of(folder / f"{date}-"))}
    here = {reason.parent.name for reason in folder.glob(f"{date}-*/reason.json")}
    reasons = {str(folder / name): documents.load(folder / name / "reason.json") for name in sorted(there | here)}
    return {name: str(told.get("found", "")) for name, told in reasons.items() if told}


def refused_before(date: dt.date) -> int:
    """How many refused files of earlier dates still lie in quarantine."""
    folders = (settings.load().district.landing / "quarantine").glob("*/*")
    return sum(folder.name[:10] < date.isoformat() for folder in folders)


def stored_target(feed: Feed, date: dt.date) -> ObjectTarget:
    """The object that holds the feed's prepared CSV of the date."""
    prepared = PreparedTarget(feed, date)
    return _stored_as(prepared, prepared.manifest())


def _stored_as(prepared: PreparedTarget, told: dict[str, Any] | None) -> ObjectTarget:
    """The object of the prepared CSV of which that manifest tells."""
    expected = {"sha256": str(told["sha256"]), "rows": str(told["rows"]), **lineends.wanted(told)} if told else {}
    return ObjectTarget(prepared.object_name, expected)


def store(feed: Feed, date: dt.date) -> Made:
    """Put the prepared CSV into the bucket, over nothing but what was seen there."""
    prepared = PreparedTarget(feed, date)
    copy = prepared.copy()
    target = _stored_as(prepared, told := prepared.manifest() or {})
    facts = {"as_of": date.isoformat(), "contract": feed.contract.fingerprint, **lineends.told(told)}
    stored = storage.store_file(copy, target.name, {**target.expected, **facts}, over=target.found())
    return Made(int(target.expected["rows"]), stored.size, storage.uri(target.name))


def loaded_target(feed: Feed, date: dt.date) -> TableTarget:
    """The table that holds the feed's rows of the date; `as_of` is that of the file which stands for it."""
    as_of, print_ = lastgood.date_of(feed, date), table_fingerprint(feed, date)
    return TableTarget(feed.dataset, feed.name, {"as_of": as_of.isoformat(), "sha": print_} if print_ else {})


def table_fingerprint(feed: Feed, date: dt.date) -> str:
    """What the table's label `sha` must be: the prepared CSV and the schema that types it. '' before it is prepared."""
    manifest = PreparedTarget(feed, lastgood.date_of(feed, date)).manifest()
    return manifests.fingerprint(manifest["sha256"], feed.contract.fingerprint) if manifest else ""


def load(feed: Feed, date: dt.date) -> Made:
    """Replace the table by the object's rows, as one job whose id is made of table, date and fingerprint.

    Raises WarehouseError; the rows that stand there stay then, also where they are of a later file, up to `date`, than
    the one that would stand in: another machine had that.
    """
    labels, morning = loaded_target(feed, date).expected, date
    date = lastgood.date_of(feed, date)
    _refuse_an_older(feed, date, morning)
    source = stored_target(feed, date)
    stored = source.found()
    job = f"load-{feed.dataset}-{feed.name}-{date}-{labels['sha'][:16]}"
    lineends.refuse_too_large(stored)
    with journal.during(job, loads.told(feed, date, labels["sha"])), _typed_by(feed):
        rows = warehouse.load(
            storage.uri(source.name),
            feed.dataset,
            feed.name,
            feed.contract.columns,
            {**labels, "rows": source.expected["rows"]},
            job=job,
            line_ends=lineends.may_hold(stored),
        )
    return Made(rows, stored.size)


def _refuse_an_older(feed: Feed, date: dt.date, morning: dt.date) -> None:
    held = TableTarget(feed.dataset, feed.name, {}).as_of()
    if held is not None and date < held <= morning:
        raise WarehouseError(
            f"{feed.dataset}.{feed.name} holds the file of {held}, and the last one that this machine has is of {date}",
            expected="no older file in the place of a newer one",
            next_step=f"run on the machine that fetched the file of {held}; or, if the older one is to stand, delete "
            "the table, and run again: it is made of that one then",
        )


@contextmanager
def _typed_by(feed: Feed) -> Iterator[None]:
    """What BigQuery does not take of a file that kept its contract is told with the schema that types it."""
    try:
        yield
    except WarehouseError as error:
        if (error.answer, error.reason) != ("BadRequest", "invalid"):
            raise
        raise WarehouseError(
            error.found,
            expected=f"values of the types that {schemas.file(feed.dataset, feed.name)} says",
            next_step=f"correct the types there, as the file has them, or {error.next_step}",
        ) from None


def load_beside(feed: Feed, date: dt.date, print_: str, dataset: str, days: int) -> str:
    """Load the date's file, of the fingerprint `print_`, into a table of its own, which goes after `days`: the feed's
    holds a later one. Returns its `dataset.table`; '' when neither bucket nor disk has the file any more.
    """
    table = f"{feed.name}_{date:%Y%m%d}_{print_[:8]}"
    stored = stored_target(feed, date)
    if _stored_fingerprint(stored) != print_:
        if table_fingerprint(feed, date) != print_:
            return ""
        store(feed, date)
    told = stored.found().metadata
    if told["contract"] != feed.contract.fingerprint:
        return ""
    labels = {"as_of": date.isoformat(), "sha": print_, "rows": told["rows"]}
    if not TableTarget(dataset, table, labels).exists():
        job = f"load-{dataset}-{table}"
        ends = lineends.may_hold(stored.found())
        uri, columns = storage.uri(stored.name), feed.contract.columns
        warehouse.load(uri, dataset, table, columns, labels, job, days, line_ends=ends)
    return f"{dataset}.{table}"


def _stored_fingerprint(stored: ObjectTarget) -> str:
    """As `table_fingerprint`, of what lies in the bucket; '' when nothing does."""
    held = stored.found().metadata
    return manifests.fingerprint(held["sha256"], held["contract"]) if {"sha256", "contract"} <= held.keys() else ""
