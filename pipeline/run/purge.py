"""Copies of personal data do not stay longer than they are needed, and passwords go with the next day's run."""

import datetime as dt
import fnmatch
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue.feed import Feed
from pipeline.ground import settings
from pipeline.ground.errors import PipelineError
from pipeline.inbound.evidence import spare_copies
from pipeline.outbound import exports, extracts, snapshots
from pipeline.outside.cloud import documents, storage, warehouse
from pipeline.outside.cloud.storage import Stored
from pipeline.run.page import publishing, shelf
from pipeline.run.rehearsal import FOLDER

GIGABYTE = 10**9
_DATED = re.compile(r"^(\d{4}-\d{2}-\d{2})(?:-[0-9a-f]+)?$")
# As outbound names a snapshot, and the objects of its extract.
_EXTRACT = re.compile(r"__(\d{4})(\d{2})(\d{2})_[0-9a-f]+(?:-\d+)?\.csv$")


def old_copies(today: dt.date) -> Iterator[str]:
    """Remove what is too old on `today`, on disk and in the bucket, and name it. Raises WarehouseError, OSError.

    What was made of it stands in the warehouse; a re-run of such a date finds its files gone. Nothing of `today`
    itself goes. BigQuery drops frozen rows by itself.
    """
    yield from map(str, on_disk(today))
    yield from map(storage.uri, in_bucket(today))


def left_files() -> None:
    """Remove what a killed run left on its way: a portal's raw downloads, which hold social security numbers, and files
    for vendors, which lie in the bucket. Raises OSError.

    Of a run's beginning only: a step that is at work has its files there.
    """
    landing = settings.load().district.landing
    for folder in (landing / "downloads", *landing.glob("outbox/*/")):
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


# -------------------------------------------------------------------------------------------------------- on disk


def on_disk(today: dt.date) -> Iterator[Path]:
    """The dated folders of the landing area (quarantine included) that are `landing_days` old; sooner, the copies of a
    feed that says so, records of refused logins, and what a rehearsal laid there; and what a killed run left on an
    earlier day in an outbox, or of the portal's downloads; and old pages of mornings."""
    told = settings.load().district
    yield from _folders([*told.landing.glob("*/*"), *told.landing.glob("quarantine/*/*")], today, told.landing_days)
    for folder in ("refused", FOLDER):
        yield from _folders(told.landing.glob(f"{folder}/*"), today, 1)
    for feed in catalogue.feeds().values():
        if feed.landing_days is not None:
            yield from _of_feed(feed, today, min(feed.landing_days, told.landing_days))
    yield from _pages(today)
    for file in sorted([*told.landing.glob("outbox/*/*"), *told.landing.glob("downloads/*/*/*")]):
        if dt.datetime.fromtimestamp(file.stat().st_mtime, told.zone).date() < today:
            file.unlink()
            yield file


def _old(folders: Iterable[Path], today: dt.date, days: int) -> list[Path]:
    """Those of the folders that are named for a date `days` or more before `today`; never for `today` itself."""
    first = today - dt.timedelta(days=max(days, 1) - 1)  # the first that stays
    return [each for each in sorted(folders) if each.is_dir() and (_date(each.name) or first) < first]


def _folders(folders: Iterable[Path], today: dt.date, days: int) -> Iterator[Path]:
    for folder in _old(folders, today, days):
        shutil.rmtree(folder)
        yield folder


def _pages(today: dt.date) -> Iterator[Path]:
    """The pages of mornings that are `days` of [report] old: ours, and those in the folder of `publish`."""
    told = settings.load().report
    first = _first_page(today)
    for folder in (shelf.folder(), *([told.folder] if told.folder else [])):
        for file in [*shelf.old(folder, first)]:
            file.unlink()
            yield file


def _first_page(today: dt.date) -> dt.date:
    """The date of the oldest page that stays."""
    return today - dt.timedelta(days=max(settings.load().report.days, 1) - 1)


def _of_feed(feed: Feed, today: dt.date, days: int) -> Iterator[Path]:
    """One feed's copies out of folders that it shares with others, and its quarantine."""
    landing = settings.load().district.landing
    yield from _folders((landing / "quarantine" / feed.name).glob("*"), today, days)
    for folder in _old((landing / feed.folder).glob("*"), today, days):
        for file in _copies(feed, folder):
            file.unlink()
            yield file
        for emptied in (*(folder / source.name for source in feed.sources), folder):
            with suppress(OSError):  # others' copies are in it
                emptied.rmdir()


def _copies(feed: Feed, folder: Path) -> list[Path]:
    """What landed (by the feed's patterns: a manifest may be missing), the prepared CSV, both in work, and what
    tells of them."""
    manifest = f"{feed.name}.manifest.json"
    wanted = {source.name: (source.pattern, manifest, f"{feed.name}.stale.json") for source in feed.sources}
    found = [*folder.iterdir(), *(file for part in wanted for file in (folder / part).glob("*"))]

    def ours(file: Path) -> bool:
        patterns = (feed.file, manifest) if file.parent == folder else wanted[file.parent.name]
        finished = re.sub(r"^\.+(.*?)(\.new)?(\.part)?$", r"\1", file.name)
        return file.is_file() and any(fnmatch.fnmatchcase(finished, pattern) for pattern in patterns)

    return sorted(filter(ours, found))


def beyond_size(today: dt.date) -> Iterator[Path]:
    """Of what the bucket has as well, the oldest mornings' copies, until those of the days before `today` take
    `landing_gigabytes`. Raises WarehouseError, OSError.

    A run's end alone asks for it: another run's files are in use.
    """
    told, feeds = settings.load().district, catalogue.feeds()
    days = {(date, feed.name) for feed in feeds.values() for date in _dates(told.landing / feed.folder) if date < today}
    folders = {told.landing / feeds[name].folder / f"{date}" for date, name in days}
    over = sum(_size(file) for folder in folders for file in folder.rglob("*")) - told.landing_gigabytes * GIGABYTE
    for date, name in sorted(days):
        if over <= 0:
            return
        for file in spare_copies(feeds[name], date):
            if over > 0 and (size := _size(file)):
                file.unlink()
                yield file
                over -= size


def _size(file: Path) -> int:
    """The bytes that would be free without it: none of a file that lies in quarantine, too, or is no file."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else 0


def _dates(folder: Path) -> set[dt.date]:
    return {date for each in folder.glob("*") if (date := _date(each.name))}


def _date(name: str) -> dt.date | None:
    """The date with which a folder's name begins, when the name is one of ours."""
    match = _DATED.match(name)
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


# --------------------------------------------------------------------------------------------------- in the bucket


def in_bucket(today: dt.date) -> Iterator[str]:
    """The names of objects that went: of restricted feeds and of vendors' files with restricted access those of earlier
    days, of vendors' other files what is `sent_days` old, what landed and what is told of it as soon as its copies on
    disk, extracts that a killed run left on an earlier day, and pages of mornings that are `days` of [report] old."""
    first = today - dt.timedelta(days=snapshots.RESTRICTED_DAYS - 1)  # the first that stays
    sent_first = today - dt.timedelta(days=max(settings.load().district.sent_days, 1) - 1)
    restricted = {feed.folder for feed in catalogue.feeds().values() if warehouse.restricted(feed.dataset)}
    shown_first, landing_days = _first_page(today), settings.load().district.landing_days
    rules: dict[str, tuple[Callable[[Stored], dt.date | None], dt.date]] = {
        **dict.fromkeys(sorted(restricted), (_date_of_dated, first)),
        exports.RESTRICTED: (_date_of_export, first),
        exports.OPEN: (_date_of_export, sent_first),
        publishing.PREFIX: (lambda stored: shelf.date_of(stored.name.split("/")[-1]), shown_first),
        extracts.OPEN: (_date_of_extract, today),
        extracts.RESTRICTED: (_date_of_extract, today),
        documents.OPEN: (partial(_last_day_of_document, otherwise=landing_days), today),
        documents.RESTRICTED: (partial(_last_day_of_document, otherwise=snapshots.RESTRICTED_DAYS), today),
    }
    with ThreadPoolExecutor(len(rules)) as pool:
        listed = [pool.submit(storage.list_objects, f"{folder}/") for folder in rules]
    failed: list[PipelineError] = []
    for there, (date, stays) in zip(listed, rules.values(), strict=True):
        try:
            for name, stored in sorted(there.result().items()):
                if (date(stored) or stays) < stays:
                    storage.remove(name)
                    yield name
        except PipelineError as error:  # the other folders' go all the same
            failed.append(error)
    if failed:
        raise failed[0]


def _date_of_dated(stored: Stored) -> dt.date | None:
    return _date(stored.name.split("/")[1])


def _last_day_of_document(stored: Stored, otherwise: int) -> dt.date | None:
    """The last day on which it stays; `otherwise` is for how many days, where it does not say so itself."""
    date = _date_of_dated(stored)
    days = documents.days_of(stored, settings.load().district.landing_days, otherwise)
    return date and date + dt.timedelta(days=max(days, 1) - 1)


def _date_of_export(stored: Stored) -> dt.date | None:
    return _date(exports.written_on(stored))


def _date_of_extract(stored: Stored) -> dt.date | None:
    match = _EXTRACT.search(stored.name)
    return _date("-".join(match.groups())) if match else None
