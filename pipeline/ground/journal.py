"""What happened and does not stand in the history yet: a file each, which goes when it has been entered.

    <landing>/history/<day>-<run>/<name>.json

Those of one run lie in one folder. A run that is killed leaves its own to the next one; what nobody enters goes with
the day's other copies (`landing_days`). Nothing here may fail a task: what cannot be written is only logged.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.ground import manifests, settings

log = logging.getLogger(__name__)

# Tells a run's tasks, in whatever process, which run they are of.
RUN = "PIPELINE_RUN"


def run() -> str:
    """The run that this process belongs to: the wrapper and when it began; "by hand" outside of one."""
    return os.environ.get(RUN, "by hand")


def write(name: str, told: dict[str, Any]) -> None:
    """Keep what happened under that name, of this run, in the place of what an earlier one said under it."""
    try:
        file = folder() / f"{name}.json"
        for other in _root().glob(f"*/{file.name}"):
            if other != file:
                other.unlink(missing_ok=True)
        told = {**told, "run": run()}
        try:
            manifests.save(file, told)
        except FileNotFoundError:  # another run has swept the draft away
            manifests.save(file, told)
    except OSError as error:
        log.warning("the history will not have %s: %s", name, type(error).__name__)


@contextmanager
def during(name: str, told: dict[str, Any]) -> Iterator[None]:
    """Keep it before the block, without an end, and once more when the block has ended well, with one."""
    told, begun = {**told, "begun_at": manifests.now()}, time.monotonic()
    write(name, told)
    yield
    write(name, {**told, "done_at": manifests.now(), "seconds": round(time.monotonic() - begun, 1)})


def forget(name: str) -> None:
    """Nothing of that name happened in this run after all."""
    remove(folder() / f"{name}.json")


def left() -> dict[str, dict[Path, dict[str, Any]]]:
    """What is not entered yet, by run (as its folder is called) and file, oldest first. Sweeps first."""
    for draft in _root().glob("*/.*.part"):  # of a kill in the middle of a writing
        if draft.parent != folder():
            remove(draft)
    found: dict[str, dict[Path, dict[str, Any]]] = {}
    for file in sorted(_root().glob("*/*.json")):
        if told := manifests.load(file):
            found.setdefault(file.parent.name, {})[file] = told
    return found


def remove(file: Path) -> None:
    """It is entered; the run's folder goes with its last file."""
    try:
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):
            file.parent.rmdir()
    except OSError as error:
        log.warning("%s stays: %s", file, type(error).__name__)


def _root() -> Path:
    return settings.load().district.landing / "history"


def folder() -> Path:
    """Where what this run tells lies."""
    return _root() / f"{settings.load().today()}-{manifests.fingerprint(run())[:12]}"
