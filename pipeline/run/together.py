"""The central scheduler, as Luigi's worker asks it: a luigid of ours gets many calls in one, any other each by itself.

A call costs some milliseconds of a processor on both sides, whatever it says, and a morning of a thousand feeds has
twenty thousand of them. So what is told of tasks waits for the next question for work, or for Luigi's ping, a second at
most; and a question for work asks for as many tasks as there are places.
"""

import json
import threading
import time
from collections import deque
from typing import Any

from luigi.rpc import RemoteScheduler

# In a scheduling nobody asks for work. What was told goes out when it is so many tasks, or after so many seconds.
AT_ONCE, KEPT = 100, 0.5


class Together:
    """What Luigi's worker asks of a scheduler: these methods, and the rest as Luigi has it. Each raises RPCError."""

    def __init__(self, scheduler: RemoteScheduler) -> None:
        self._luigis: Any = scheduler
        self._is_ours: bool | None = None
        self._told: deque[tuple[str, dict[str, Any]]] = deque()  # by any thread
        self._sent = time.monotonic()
        self._sending = threading.RLock()  # what is told arrives in its order
        self._work: list[dict[str, Any]] = []
        self.places = 1  # how many are free, when work is asked for
        self.others: list[str] = []  # who else had work to do when that was asked last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._luigis, name)

    def add_task(self, **told: Any) -> None:
        self._tell("add_task", told)

    def set_task_status_message(self, task_id: str, status_message: str) -> None:
        self._tell("set_task_status_message", {"task_id": task_id, "status_message": status_message})

    def set_task_progress_percentage(self, task_id: str, progress_percentage: int) -> None:
        self._tell("set_task_progress_percentage", {"task_id": task_id, "progress_percentage": progress_percentage})

    def _tell(self, method: str, told: dict[str, Any]) -> None:
        if not self._ours():
            getattr(self._luigis, method)(**told)
            return
        self._told.append((method, told))
        if len(self._told) >= AT_ONCE or (method == "add_task" and time.monotonic() > self._sent + KEPT):
            self.flush()

    def add_worker(self, worker: str, info: Any) -> None:
        self.flush()
        self._luigis.add_worker(worker, info)

    def ping(self, **worker: str) -> Any:
        self.flush()
        return self._luigis.ping(**worker)

    def get_work(self, **asked: Any) -> dict[str, Any]:
        """The next task: of those that came with the last answer, as long as there are any."""
        if not self._ours():
            found: dict[str, Any] = self._luigis.get_work(**asked)
            return found
        if not self._work:
            self._work = self._send(asked, max(1, self.places))
            self.others = self._work[0].get("others", [])
        return self._work.pop(0)

    def is_promised(self) -> bool:
        """Whether there is work that the scheduler has given us, and that nobody has asked for yet."""
        return bool(self._work)

    def flush(self) -> None:
        """Tell what was not told yet."""
        if self._told:
            self._send()

    def _send(self, asked: dict[str, Any] | None = None, places: int = 1) -> list[dict[str, Any]]:
        with self._sending:
            told = [self._told.popleft() for _ in range(len(self._told))]
            try:
                found: list[dict[str, Any]] = self._luigis._request(
                    "/api/together", {"told": told, "asked": asked, "places": places}
                )
            except BaseException:
                self._told.extendleft(reversed(told))
                raise
            self._sent = time.monotonic()
            return found

    def _ours(self) -> bool:
        """Whether it is a luigid of ours. One that does not answer now counts as another: Luigi's calls ask again."""
        with self._sending:
            if self._is_ours is None:
                luigis = self._luigis
                try:
                    address = f"{luigis._url}/api/together"
                    luigis._fetcher.fetch(address, {"data": json.dumps({"told": []})}, luigis._connect_timeout)
                    self._is_ours = True
                except luigis._fetcher.raises:
                    self._is_ours = False
            return self._is_ours
