"""BigQuery's stand-in as it is seen from outside: what a bad day does to its answers, and the log of them (ASGI)."""

import asyncio
import contextvars
import json
from collections.abc import Iterable
from typing import Any

from pipeline.sandbox import badday
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.badday import BadDay, Trouble
from pipeline.sandbox.latency import Latency

# What the activity log tells of the request that is being answered.
REQUEST: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("request", default=None)


class Observed:
    """The application, behind what a bad day does to its answers and in front of the activity log (ASGI)."""

    def __init__(self, application: Any, log: ActivityLog, bad_day: BadDay, latency: Latency) -> None:
        self._application, self._log, self._bad_day, self._latency = application, log, bad_day, latency

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if scope["path"] == "/healthz":
            await _send(send, 200, {})
            return
        await self._latency.request()
        note: dict[str, str] = {"path": scope["path"]}
        REQUEST.set(note)
        trouble = self._bad_day.of(badday.BIGQUERY, scope["method"], scope["path"])
        await asyncio.sleep(trouble.late)

        def write(message: dict[str, Any]) -> None:
            if status := message.get("status"):
                self._log.write(server="bigquery", method=scope["method"], status=status, **note)

        async def noting(message: dict[str, Any]) -> None:
            """Written down before it is sent: who has the answer finds the line."""
            write(message)
            await send(message)

        async def losing(message: dict[str, Any]) -> None:
            write(message)

        if trouble.status:
            await _read_body(receive)
            await _send_error(noting, trouble)
        elif trouble.lost:
            await self._application(scope, receive, losing)
            await _hang_up(send)
        else:
            await self._application(scope, receive, noting)


async def _hang_up(send: Any) -> None:
    """End the connection without an answer: uvicorn knows no such thing, and would answer 500 for us."""
    cycle = send.__self__
    cycle.transport.abort()
    while not cycle.disconnected:
        await asyncio.sleep(0)


async def _read_body(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


async def _send_error(send: Any, trouble: Trouble) -> None:
    detail = {"reason": trouble.reason, "message": trouble.message, "domain": "global"}
    told = {"error": {"code": trouble.status, "message": trouble.message, "errors": [detail]}}
    await _send(send, trouble.status, told, trouble.headers)


async def _send(send: Any, status: int, told: dict[str, Any], more: Iterable[tuple[str, str]] = ()) -> None:
    body = json.dumps(told).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **dict(more)}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
