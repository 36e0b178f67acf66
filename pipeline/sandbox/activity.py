"""What the stand-ins were asked to do: JSON lines under the sandbox's log folder, which tests read.

No line holds a file's content or a secret.
"""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class ActivityLog:
    """Appends one JSON line an event. Safe to use from several threads of one process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()

    def write(self, **event: Any) -> None:
        """`event` with the time (seconds since 1970, not rounded: a test asks what came after an instant of its own)
        before it; the line is there when this returns.

        The file is opened each time, so that a test may remove it between two runs.
        """
        line = json.dumps({"time": time.time(), **event}) + "\n"
        with self._lock, self._path.open("a") as file:
            file.write(line)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a log, oldest first; none if there is no such file yet."""
    if path.exists():
        with path.open() as file:
            yield from map(json.loads, file)
