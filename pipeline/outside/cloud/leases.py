"""Leases: which machine may do something just now, of all that share the bucket; an object each.

Whoever holds one writes the object anew every few seconds, over the generation that it wrote last and over nothing
else. A holder that was killed writes no more, and after LEASE another machine may take its place; the same machine may
at once, since a lock on its own disk says that the process is gone. One that only stood still finds its generation
gone, and knows it before that by its own clock: it asks `check` before each thing that it must not do twice. Two clocks
are never compared for it. (Burrows, "The Chubby lock service", OSDI 2006; the preconditions are Cloud Storage's.)

A holder may `note` what it is doing: who comes after it finds that.
"""

import fcntl
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol

from pipeline.ground import cloud, journal, manifests, settings
from pipeline.ground.errors import AtWorkElsewhere, PipelineError, WrittenByAnother
from pipeline.ground.patience import resting
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.storage import Stored

log = logging.getLogger(__name__)

# Seconds. A lease whose object nobody has written for LEASE may be taken by another machine; its holder writes it every
# BEAT, and believes in it for BELIEVED after that was done. Who waits for one looks every LOOK.
LEASE, BEAT, BELIEVED, LOOK = 60.0, 10.0, 45.0, 2.0
# Is told who is waited for.
Waiting = Callable[[str], object]


class Lease:
    """One that is held; `id` tells it from all others. `found` is what the holder before it had noted and not ended."""

    def __init__(self, name: str, stored: Stored, found: dict[str, Any] | None, about: str) -> None:
        self.name, self.found = name, found
        self.id = secrets.token_hex(16)
        self._noted = found
        self._told = {
            "lease": self.id,
            "machine": machine(),
            "who": f"{socket.gethostname()}, {journal.run()}",
            "since": manifests.now(),
            "about": about,
        }
        self._stored = stored
        self._lost, self._written, self._tried = False, 0.0, 0.0
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._write()

    def _write(self, unless_since: float = float("inf")) -> None:
        """But not if somebody has tried since that moment. Raises WrittenByAnother when another machine has it, and
        WarehouseError."""
        with self._writing:
            if self._lost or self._over.is_set() or self._tried > unless_since:
                return
            begun = _clock()
            try:
                self._stored = self._stored_over(self._stored)
            except WrittenByAnother:
                now = storage.look(self.name)  # a write of ours may have arrived of which the answer was lost
                self._lost = now.metadata.get("lease") != self.id
                if self._lost:
                    raise
                self._stored = self._stored_over(now)
            finally:
                self._tried = _clock()
            self._written = begun

    def _stored_over(self, before: Stored) -> Stored:
        told = {**self._told, "beat": secrets.token_hex(8)}
        return storage.store_json(self.name, self._noted or {}, told, over=before)

    def check(self) -> None:
        """Raises AtWorkElsewhere when it is another's by now, or may be: where the bucket has not answered for a while,
        it is asked once more."""
        asked = _clock()
        if self._is_believed():
            return
        with suppress(PipelineError), _briefly():
            self._write(unless_since=asked)
        if self._is_believed():
            return
        raise AtWorkElsewhere(
            f"another machine has taken over {storage.uri(self.name)}, or the bucket did not answer for too long",
            expected="this one to hold it until its work is done",
            next_step="nothing, where another machine goes on with it; else run again",
        )

    def _is_believed(self) -> bool:
        return not self._lost and _clock() < self._written + BELIEVED

    @property
    def lost(self) -> bool:
        """Whether it is known to be another machine's, or to have been."""
        return self._lost

    def is_anothers(self) -> bool:
        """The same, and the bucket is asked where it has not answered for a while."""
        with suppress(AtWorkElsewhere):
            self.check()
        return self._lost

    def note(self, told: Mapping[str, Any] | None) -> None:
        """Who comes after us finds this; None: nothing. Raises AtWorkElsewhere, WarehouseError."""
        if not told and not self._noted:
            return
        self._noted = dict(told) if told else None
        with suppress(WrittenByAnother):
            self._write()  # which proves more than the clock
        self.check()

    def beat(self) -> None:
        """Hold it until it ends: what a thread of its own does."""
        while not self._over.wait(BEAT) and not self._lost:
            with suppress(PipelineError), _briefly():  # one that is lost is told by `check`
                self._write()

    def end(self) -> None:
        """It is free. What is noted stays for whoever comes next."""
        with self._writing:
            self._over.set()
            if self._lost:
                return
            try:
                if self._noted:
                    storage.store_json(self.name, self._noted, {"beat": secrets.token_hex(8)}, over=self._stored)
                else:
                    storage.remove(self.name, only=self._stored)
            except PipelineError:
                log.warning("%s could not be given back, and ends by itself", self.name, exc_info=True)


def _briefly() -> AbstractContextManager[None]:
    """A longer try would sleep when the bucket answers again; and it may, though it was silent before."""
    return cloud.STORAGE.briefly(BEAT, anyway=True)


def _clock() -> float:
    """Seconds, also of those in which the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def machine() -> str:
    """What tells this machine from others, as long as its landing folder stays: also from one with a copy of it, but
    not from one that was cloned with its whole disk and kept its host name."""
    path = settings.load().district.landing / "machine"
    if not path.exists():
        draft = manifests.folder(path.parent) / f".machine.{secrets.token_hex(4)}"
        draft.write_text(secrets.token_hex(16))
        with suppress(FileExistsError):  # another process was faster
            os.link(draft, path)
        draft.unlink()
    return manifests.fingerprint(path.read_text(), path.stat().st_ino, socket.gethostname())


@contextmanager
def held(name: str, wait: float, waiting: Waiting = lambda who: None, about: str = "") -> Iterator[Lease]:
    """The block has the lease `name`, an object, which tells others what it is `about`. Another machine that is at work
    is waited for `wait` seconds at most; with 0 until it is known that it lives. Who waits rests, and calls `waiting`
    now and then. Raises AtWorkElsewhere, WarehouseError."""
    until = time.monotonic() + wait
    with _alone_on_this_machine(name, until, waiting):
        lease = _taken(name, until, waiting, about)
        threading.Thread(target=lease.beat, name=f"lease {name}", daemon=True).start()
        try:
            yield lease
        finally:
            lease.end()


@contextmanager
def _alone_on_this_machine(name: str, until: float, waiting: Waiting) -> Iterator[None]:
    """A lock of the disk's, which goes with its process."""
    path = settings.load().district.landing / "locks" / f"lease-{manifests.fingerprint(name)[:16]}.lock"
    manifests.folder(path.parent)
    who = "another process of this machine"
    with path.open("w") as file:
        while not _locked(file.fileno()):
            if time.monotonic() > until:
                raise _elsewhere(name, who)
            _pause(waiting, who)
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken(name: str, until: float, waiting: Waiting, about: str) -> Lease:
    """Ours, when nobody has it, or nobody has written it for as long as a lease lasts while we looked on."""
    first = seen = storage.look(name)
    since = _clock()
    while True:
        if _is_free(seen) or _clock() > since + LEASE:
            with suppress(WrittenByAnother):
                return Lease(name, seen, (storage.read_json(name) or None) if seen.generation else None, about)
        elif seen.generation != first.generation and time.monotonic() > until:
            raise _elsewhere(name, _holder(seen), seen.metadata)
        else:
            _pause(waiting, _holder(seen))
        now = storage.look(name)
        if now.generation != seen.generation:
            seen, since = now, _clock()


def _is_free(stored: Stored) -> bool:
    """Whether nobody holds it, or a process of this machine did, which is gone: its lock is ours."""
    return stored.metadata.get("machine", machine()) == machine()


def _holder(stored: Stored) -> str:
    who, since = stored.metadata.get("who", "another machine"), stored.metadata.get("since")
    return f"{who}, since {settings.load().district.local(since)}" if since else who


def holder(name: str) -> AtWorkElsewhere | None:
    """Who has it, as far as one look tells; None: nobody, or a process of this machine, which is gone. Raises
    WarehouseError."""
    seen = storage.look(name)
    return None if _is_free(seen) else _elsewhere(name, _holder(seen), seen.metadata)


def goes_on(name: str, waiting: Waiting = lambda who: None) -> bool:
    """Whether the other machine that has it goes on, or has ended in good order; False when nobody has written it for
    as long as a lease lasts. Raises WarehouseError."""
    first, since = storage.look(name), _clock()
    while not _is_free(first) and _clock() < since + LEASE:
        _pause(waiting, _holder(first))
        if storage.look(name).generation != first.generation:
            return True
    return _is_free(first)


def _pause(waiting: Waiting, who: str) -> None:
    with resting():
        waiting(who)
        time.sleep(LOOK)


def _elsewhere(name: str, who: str, told: Mapping[str, str] | None = None) -> AtWorkElsewhere:
    return AtWorkElsewhere(
        f"{who} is at work on {storage.uri(name)}",
        expected="one at a time",
        next_step="nothing while that goes on; if it hangs, end it: a minute later another takes over",
        **{key: (told or {}).get(key, "") for key in ("about", "since", "lease")},
    )


class Held(Protocol):
    """That this process may make things."""

    def check(self) -> object:
        """Raises AtWorkElsewhere when it may not any more."""
        ...


# That of the run which this process is, or helps.
_of_run: list[Held] = []


@contextmanager
def of_run(lease: Held) -> Iterator[None]:
    """In the block this process makes things as long as it has the lease."""
    _of_run.append(lease)
    try:
        yield
    finally:
        _of_run.remove(lease)


def is_held() -> bool:
    """Whether this process is in such a block."""
    return bool(_of_run)


def is_lost() -> bool:
    """Whether another machine may be at work instead of us."""
    try:
        still_at_work()
    except AtWorkElsewhere:
        return True
    return False


def still_at_work() -> None:
    """Asked before something is made. Raises AtWorkElsewhere when another machine may be at work instead of us."""
    for lease in _of_run:
        lease.check()
