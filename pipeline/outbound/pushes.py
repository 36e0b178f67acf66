"""Of a delivery one push is on its way at a time, on whatever machine; and what one left half-way, any can complete.

The lease of a push is the object `deliveries/latest/<delivery>/push.json`, and its trail is noted there. So a machine
whose disk is lost, or that never comes back, leaves nothing that only it knew.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pipeline.ground.errors import PipelineError
from pipeline.ground.patience import Turns
from pipeline.outbound.evidence import LATEST, latest_name, outbox, trail_path
from pipeline.outside.cloud import leases, storage
from pipeline.outside.cloud.leases import Lease
from pipeline.outside.sftp.trail import Trail

# A push of another machine is waited for so many seconds: a large set over a slow line takes a while.
PATIENCE = 1800.0
_FILE = "push.json"
_turns = Turns()


def name(delivery: str) -> str:
    """The lease of the delivery's push, an object."""
    return f"{LATEST}/{delivery}/{_FILE}"


@contextmanager
def of(delivery: str, wait: float, waiting: leases.Waiting = lambda who: None) -> Iterator[Lease]:
    """The block alone pushes the delivery; its trail file is what was left, here or by another machine.

    Raises AtWorkElsewhere when another machine goes on with it after `wait` seconds; WarehouseError.
    """
    with _turns.of(delivery), leases.held(name(delivery), wait, waiting) as lease:
        Trail.found(trail_path(delivery), lease.found)
        storage.look(latest_name(delivery))  # another machine may have given a set just now
        yield lease


def noted(delivery: str) -> dict[str, Any] | None:
    """What the trail of a push says that is at work, or was left half-way, on some machine. Raises WarehouseError."""
    place = name(delivery)
    return (storage.read_json(place) or None) if storage.find(place).generation else None


def left() -> list[str]:
    """The deliveries of which a push was left half-way or is at work, as far as that can be seen now."""
    found = {path.stem for path in outbox().glob("*.json")}
    with suppress(PipelineError):  # of a bucket that does not answer, whoever needs it says so
        names = (each.split("/") for each in storage.under(LATEST))
        found |= {parts[2] for parts in names if parts[3:] == [_FILE]}
    return sorted(found)
