"""Tell every receiver what is new for it, all of them side by side, each within its bound."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from pipeline.ground import border, secrets, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.patience import bounded
from pipeline.ground.receivers import Receiver
from pipeline.run.notify import addresses, books, pages
from pipeline.run.notify.books import Book
from pipeline.run.notify.pages import Page, Turn

# Seconds for one receiver: its messages go side by side, and another process may be at one just now.
PATIENCE = 2 * addresses.PATIENCE + 5
# The page of a receiver's address, as it is when it has heard what there is to say.
Hear = Callable[[Receiver, Page], Page]


def tell(hear: Hear, now: dt.datetime) -> list[str]:
    """Tell what each receiver's pages hold when it has heard what `hear` says, and what was held back until now;
    returns what went wrong, in three sentences each."""

    def one(name: str, receiver: Receiver) -> list[str]:
        return _caught(name, lambda: _told(name, receiver, lambda page: pages.turn(hear(receiver, page), now)))

    return [line for lines in _side_by_side(one, settings.load().receivers.items()) for line in lines]


def _side_by_side(
    one: Callable[[str, Receiver], list[str]], items: Iterable[tuple[str, Receiver]]
) -> Iterator[list[str]]:
    jobs = list(items)
    with ThreadPoolExecutor(max(1, len(jobs))) as pool:
        yield from pool.map(lambda item: one(*item), jobs)


def _caught(name: str, action: Callable[[], list[str]]) -> list[str]:
    """What the action says, or its error: whoever cannot be told keeps nobody else from being told."""
    try:
        with border.around(f"the receiver {name}", "telling it how the morning went"):
            return bounded(PATIENCE, action, f"telling {name}")
    except PipelineError as error:
        return [secrets.told(error)]


def _told(name: str, receiver: Receiver, turn: Callable[[Page], Turn]) -> list[str]:
    with books.opened(name) as book:
        if book.pages and not any(turn(page).message for page in book.pages):
            for at, page in enumerate(book.pages):
                book.write(at, turn(page).unsent)
            return []
        if not book.pages and turn(Page()).message is None:
            return []
        found = addresses.of(name, receiver)  # not before something is to be sent
        book.fit(len(found))
        with ThreadPoolExecutor(len(found)) as pool:
            said = pool.map(lambda address: _sent(book, address, turn), found)
            return [line for lines in said for line in lines]


def _sent(book: Book, address: addresses.Address, turn: Callable[[Page], Turn]) -> list[str]:
    """Send what is due at the address, and write it down; what was not sent is held."""
    at = address.number - 1
    due = turn(book.pages[at])
    if due.message is None:
        book.write(at, due.unsent)
        return []
    try:
        remark = addresses.send(address, due.message)
    except PipelineError as error:
        book.write(at, due.unsent)
        return [secrets.told(error)]
    book.write(at, due.sent)
    return [remark] if remark else []
