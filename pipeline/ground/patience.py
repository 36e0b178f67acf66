"""How long we wait for a server, at most: one bound for every wait on a connection, whatever the library does itself.

paramiko waits without any bound for the answer to a subsystem and for a server that takes no more bytes, an hour for
a channel, and for each byte anew. So a second thread looks at the clock and ends the connection; the wait then ends.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """Calls `end` once when a wait lasts longer than `seconds`, or beyond the moment `until` (of time.monotonic).

    `until` bounds many waits as a whole, and may be set anew. It is told within a tenth of `seconds`.
    """

    def __init__(self, seconds: float, end: Callable[[], None]) -> None:
        self.seconds, self._end = seconds, end
        self.until: float | None = None
        self._since: float | None = None
        self._late, self._over = False, threading.Event()
        threading.Thread(target=self._look, name="patience", daemon=True).start()

    def _look(self) -> None:
        while not self._over.wait(self.seconds / 10):
            since = self._since  # which the waiting thread may take away at any time
            if since is not None and time.monotonic() > self._ends(since):
                self._late = True
                self._end()
                return

    def _ends(self, since: float) -> float:
        return min(since + self.seconds, self.until or since + self.seconds)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """The server is to do something in this block. Raises TimeoutError in the place of what then goes wrong."""
        self._since = time.monotonic()
        try:
            yield
        except Exception:
            if self._late:
                raise TimeoutError(f"no end of {what}") from None
            raise
        finally:
            self._since = None

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self._over.set()


def bounded(seconds: float, action: Callable[[], T], what: str, late: Callable[[T], object] = lambda _: None) -> T:
    """What `action` returns: of a wait that has no bound of its own, such as a name's resolver or a mount that hangs.

    It has a thread of its own, which is given up after `seconds`; `late` gets what it returns after that. Raises
    TimeoutError, and whatever it raises.
    """
    done = begun(action, what)
    try:
        return done.result(seconds)
    except TimeoutError:
        if done.done():  # in the last moment, or it is its own
            return done.result()
        done.add_done_callback(lambda ended: None if ended.exception() else late(ended.result()))
        raise TimeoutError(f"no end of {what}") from None


def moving(seconds: float, action: Callable[[Callable[[], None]], T], what: str) -> T:
    """What `action` returns, as above; it is given up when it has not said for `seconds` that it has come on, which it
    does by calling what it gets. Who waits rests."""
    last = time.monotonic()

    def on() -> None:
        nonlocal last
        last = time.monotonic()

    done = begun(lambda: action(on), what)
    with resting():
        while not done.done():
            left = last + seconds - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no end of {what}")
            wait([done], left)
    return done.result()


def begun(action: Callable[[], T], what: str) -> "Future[T]":
    """What `action` returns in a thread of its own, which keeps no process alive."""
    done: Future[T] = Future()

    def work() -> None:
        try:
            done.set_result(action())
        except BaseException as error:  # noqa: BLE001  (raised to whoever waits)
            done.set_exception(error)

    threading.Thread(target=work, name=what, daemon=True).start()
    return done


# The threads that wait for a server just now and compute nothing.
_resting: set[int] = set()


@contextmanager
def resting() -> Iterator[None]:
    """In this block the thread waits for somebody: meanwhile its place among the workers may be another's."""
    own = threading.get_ident()
    outer = own in _resting
    _resting.add(own)
    try:
        yield
    finally:
        if not outer:
            _resting.discard(own)


def rests(thread: int | None) -> bool:
    """Whether the thread of that number is in such a block."""
    return thread in _resting


class Places:
    """So many at the same time; who waits for a place rests."""

    def __init__(self, number: int) -> None:
        self._free = threading.Semaphore(number)
        os.register_at_fork(after_in_child=lambda: self.__init__(number))  # type: ignore[misc]

    @contextmanager
    def one(self) -> Iterator[None]:
        """The block has one."""
        with resting():
            self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


# Tasks that compute: more of them at once than processors gain nothing, and each holds a file's rows in memory.
computing = Places(4)


class Turns:
    """One at a time for each name; who waits for a turn rests. A thread may have one twice."""

    def __init__(self) -> None:
        self._turns: dict[str, threading.RLock] = {}
        os.register_at_fork(after_in_child=self._turns.clear)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """The block is nobody else's."""
        turn = self._turns.setdefault(name, threading.RLock())  # in one step: two who ask first get the same
        with resting():
            turn.acquire()
        try:
            yield
        finally:
            turn.release()
