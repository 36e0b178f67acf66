"""One look a place and process: a vendor's folder, a dataset, a prefix of the bucket; and several places at once."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Generic, TypeVar

from pipeline.ground.errors import PipelineError

P = TypeVar("P")
T = TypeVar("T")


class NotYet(PipelineError):
    """A look is still out, and who asked does not wait for it: a question of when, and of nothing that is wrong."""


class Looks(Generic[P, T]):
    """What is at each place, as `look` saw it the first time.

    A look that failed fails again at once: in an outage every task that needs it says so, and none waits for it anew.
    Who asks while another thread is looking gets what that one sees.
    """

    def __init__(self, look: Callable[[P], T]) -> None:
        self._look = look
        self._seen: dict[P, Future[T]] = {}
        self._missed: dict[P, PipelineError] = {}
        self._lock = threading.Lock()

    def at(self, place: P, within: float | None = None) -> T:
        """What is there. Raises PipelineError; with `within` NotYet, when it is not known after so many seconds."""
        seen = self.begin(place, aside=within is not None)
        if not seen.done() and not wait([seen], within).done:
            raise NotYet(
                f"nobody knows yet what is at {place}", expected="an answer", next_step="wait for it, and ask again"
            )
        try:
            return seen.result()
        except PipelineError as error:
            self._missed[place] = error
            raise

    def begin(self, place: P, aside: bool = False) -> "Future[T]":
        """Look, unless somebody has, or is looking now; `aside`, in a thread of its own. What goes wrong is told to
        whoever asks."""
        with self._lock:
            seen = self._seen.get(place)
            first = seen is None
            if seen is None:
                seen = self._seen[place] = Future()
        if first and aside:
            threading.Thread(target=self._see, args=(place, seen), daemon=True).start()
        elif first:
            self._see(place, seen)
        return seen

    def _see(self, place: P, seen: "Future[T]") -> None:
        try:
            seen.set_result(self._look(place))
        except PipelineError as error:
            seen.set_exception(error)
        except BaseException as error:  # noqa: BLE001  (raised to whoever asks)
            self._seen.pop(place, None)  # nobody has looked, then
            seen.set_exception(error)

    def known(self, place: P) -> T | None:
        """What is there, if somebody has looked and saw it. Waits for a look that is on its way."""
        seen = self._seen.get(place)
        return None if seen is None or seen.exception() else seen.result()

    def failed(self) -> dict[P, PipelineError]:
        """The errors that somebody met who asked, by place."""
        return dict(self._missed)

    def answered(self) -> bool:
        """Whether any look has seen something by now."""
        return any(seen.done() and not seen.exception() for seen in [*self._seen.values()])

    def places(self) -> list[P]:
        """Where somebody has looked, in that order."""
        return list(self._seen)

    def forget(self) -> None:
        """Look again: what is known is from before."""
        self._seen.clear()
        self._missed.clear()


def ahead(looks: Iterable[Callable[[], object]]) -> None:
    """Begin all these looks at the same time, and wait for none: who needs one later waits for that one alone."""
    for look in looks:
        threading.Thread(target=_quietly, args=(look,), daemon=True).start()


def _quietly(look: Callable[[], object]) -> None:
    with suppress(Exception):
        look()
