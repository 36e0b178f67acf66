"""A morning that several machines make: one has the run's lease and answers for it, the others help.

Each helper has a lease of its own, and watches the run's. It works as long as both stand. Whoever has taken the run's
lease waits until those have stopped who helped the one before: so nobody works for a run that is over beside a new one.
A helper has its own written before it looks at the run's, and a run its own before it looks for helpers: of two that
begin in the same moment one sees the other.

What another machine has made a second ago must be seen: see `look_anew`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipeline.ground import cloud
from pipeline.ground.errors import AtWorkElsewhere, PipelineError
from pipeline.outside.cloud import leases, storage, warehouse
from pipeline.outside.cloud.leases import Lease

# The bucket's folder with the leases of helpers, an object a machine.
FOLDER = "leases/helpers"
# Whether other machines make parts of the same morning, or have, as far as this process knows; whether this one helps.
_there, _helping = threading.Event(), threading.Event()


def are_there() -> bool:
    """Whether another machine makes parts of the same morning as this process, or has."""
    return _there.is_set()


def seen() -> None:
    """Another machine makes parts of the same morning."""
    _there.set()


def is_helping() -> bool:
    """Whether this process works for the run of another machine."""
    return _helping.is_set()


def look_anew() -> None:
    """Asked before something is made: what is known of the bucket and of the tables is from before, and another machine
    may have made any of it. A table that is not as it should be by the listing, which may be behind, is asked itself
    (cloud/evidence.py)."""
    storage.forget()
    warehouse.forget_listings()


class Helping:
    """That this machine works for the run of which the lease is the object `run`, and says that it is `of`."""

    def __init__(self, own: Lease, run: str, of: str) -> None:
        self._own, self._run, self._of = own, run, of
        self._over = threading.Event()

    def look(self) -> None:
        """See whether that run is still at work. Raises WarehouseError."""
        if storage.look(self._run).metadata.get("lease") != self._of:
            self._over.set()

    def watch(self) -> None:
        """Look until it is over: what a thread of its own does."""
        while not self._over.wait(leases.LOOK):
            with suppress(PipelineError), cloud.STORAGE.briefly(leases.BEAT, anyway=True):
                self.look()  # a bucket that is silent for long ends our own lease

    def check(self) -> None:
        """Raises AtWorkElsewhere when that run is over, or the next may take this machine for dead."""
        self._own.check()
        if self._over.is_set():
            raise AtWorkElsewhere(
                "the run that this machine helps is over",
                expected="it to be at work until all is made",
                next_step="nothing, where another one goes on with it; else run again",
            )

    def end(self) -> None:
        """Nobody looks any more."""
        self._over.set()


def _own() -> str:
    """The lease of this machine as a helper, an object."""
    return f"{FOLDER}/{leases.machine()}.json"


def end_what_was_left() -> None:
    """A process of this machine was killed while it helped: the next run need not wait until its lease has run out.
    Raises AtWorkElsewhere, WarehouseError."""
    with cloud.STORAGE.briefly(leases.BEAT):
        if storage.look(_own()).generation:
            with leases.held(_own(), 0):
                pass


@contextmanager
def helping(run: str, lease: str) -> Iterator[None]:
    """In the block this process makes things for the run that has the lease `run`, and says that it is `lease`, as long
    as it has it. Raises AtWorkElsewhere, WarehouseError."""
    with leases.held(_own(), 0, about=lease) as own:
        made = Helping(own, run, lease)
        made.look()
        threading.Thread(target=made.watch, name="the run that is helped", daemon=True).start()
        _there.set()
        _helping.set()
        try:
            with leases.of_run(made):
                yield
        finally:
            made.end()
            _helping.clear()


class _HelpsUs(Exception):
    """It is no helper of another run any more."""


def have_stopped(lease: str, wait: float, waiting: leases.Waiting) -> None:
    """Returns when nobody works any more for another run than that of the `lease`, and has seen who helps this one.
    Each is waited for `wait` seconds at most. Raises AtWorkElsewhere, WarehouseError."""
    there = storage.list_objects(f"{FOLDER}/")

    def still(who: str) -> None:
        if storage.look(name).metadata.get("about") == lease:
            raise _HelpsUs
        waiting(who)

    for name, stored in there.items():
        if stored.metadata.get("about") == lease:
            _there.set()
            continue
        try:
            with leases.held(name, wait, still):
                pass
        except _HelpsUs:
            _there.set()


@contextmanager
def looked_for() -> Iterator[None]:
    """In the block, in which this machine answers for the run, it learns of helpers within a beat: also of those of
    whom its central scheduler does not know."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(leases.BEAT) and not _there.is_set():
            with suppress(PipelineError), cloud.STORAGE.briefly(leases.BEAT, anyway=True):
                if storage.list_objects(f"{FOLDER}/"):
                    _there.set()

    threading.Thread(target=look, name="helpers", daemon=True).start()
    try:
        yield
    finally:
        over.set()
