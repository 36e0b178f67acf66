"""Drop folders, and what a folder of files says of the feeds that look there."""

import fnmatch
import time
from collections.abc import Iterator, Mapping

from pipeline.catalogue import flows
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import DropFolder, Place, Source
from pipeline.outside.sftp.sftp import Listing, RemoteFile
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.here import CLOSE
from pipeline.run.doctor.lines import Line, count, good, warning


def drop_folders() -> tuple[str, ...]:
    """Those into which the district's own server writes, as a row names them."""
    return tuple(sorted({place.folder for place, _, _ in sources() if isinstance(place, DropFolder)}))


def sources() -> Iterator[tuple[Place, Source, Feed]]:
    """Where each part of each feed comes from."""
    for feed in flows.feeds():
        for source in feed.sources:
            yield source.place, source, feed


def drop_folder(asked: Asked, name: str) -> Iterator[Line]:
    """It is there, can be listed, and holds files of the feeds that look there."""
    place = next(place for place, _, _ in sources() if isinstance(place, DropFolder) and place.folder == name)
    yield told(f"{place.path}", place, place.look())


def told(where: str, place: Place, there: Mapping[str, RemoteFile]) -> Line:
    """What the files of the place say of the feeds that look there; `where` is what a person calls it."""
    wanted = [(source, feed) for other, source, feed in sources() if other == place]
    missing, newest = list[str](), 0.0
    for source, feed in wanted:
        found = [file for file in there.values() if fnmatch.fnmatchcase(file.name, source.pattern)]
        newest = max([newest, *(file.mtime for file in found)])
        if not found:
            missing.append(f"{source.pattern} ({feed.name})")
    untold = list(there.untold.values()) if isinstance(there, Listing) else []
    counts = f"{where}: {count(len(there), 'file')}"
    if untold:
        return warning(f"{counts}; {untold[0].found}", untold[0].next_step)
    if missing:
        return warning(
            f"{counts}, and none is called {', '.join(missing)}",
            "ask who writes it there whether that is its name and place; if it is not, correct `pattern` or the "
            "folder in the catalogue's feeds.py; if it only has not been written yet, nothing",
        )
    if newest - time.time() > CLOSE:
        return warning(
            f"{counts}, the newest of a time that is {(newest - time.time()) / 60:.0f} minutes ahead of our clock",
            "ask whose server it is to set its clock by the network, and to tell times in UTC: what belongs to a "
            "morning is judged by them (`fresh_from` of the feed's row)",
        )
    return good(f"{counts}, those of {count(len({feed.name for _, feed in wanted}), 'feed')} among them")
