"""The books of who was told what: a file a receiver, `<landing>/runs/told/<receiver>.json`, with a page an address.

A page is written when its message has gone, at once: a kill in between leads to one message twice, never to none. Other
machines know of it by the bucket; one that cannot ask there goes by what it told itself.
"""

import fcntl
import logging
import os
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.ground import manifests, settings
from pipeline.outside.cloud import documents
from pipeline.run.notify import pages
from pipeline.run.notify.pages import Page

log = logging.getLogger(__name__)


class Book:
    """The pages of one receiver, in the order of its secret's lines; threads may write into it."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self.pages = _read(path)

    def fit(self, number: int) -> None:
        """It has so many pages: a further address knows nothing yet."""
        self.pages = [*self.pages[:number], *(Page() for _ in range(number - len(self.pages)))]

    def write(self, at: int, page: Page) -> None:
        """Set a page, atomically; nothing is written where nothing changes. Raises OSError."""
        with self._lock:
            if self.pages[at] != page:
                self.pages[at] = page
                told = {"addresses": [each.as_json() for each in self.pages], "written_at": manifests.now()}
                documents.keep(self._path, told)


@contextmanager
def opened(receiver: str) -> Iterator[Book]:
    """The book of the receiver, which is nobody else's in this block: a run and a watch may come together. Where the
    disk takes no lock, people are told all the same, and the bucket remembers it."""
    folder = settings.load().district.landing / "runs" / "told"
    name = urllib.parse.quote(receiver, safe=" ")
    with _alone(folder / f".{name}.lock"):
        documents.look(path := folder / f"{name}.json")
        yield Book(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with ExitStack() as block:
        try:
            manifests.folder(path.parent)
            lock = block.enter_context(os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            log.warning("no lock at %s: %s", path, error)
        yield


def _read(path: Path) -> list[Page]:
    """The pages; none where there are none, or where somebody else has written."""
    try:
        return [pages.page(each) for each in (documents.latest(path, "written_at") or {"addresses": []})["addresses"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
