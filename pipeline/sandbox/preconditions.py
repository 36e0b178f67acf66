"""What Cloud Storage answers 412 to, put around the emulator's own handlers, which know no preconditions."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from gcp_storage_emulator import server as emulator
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.handlers import objects as handlers

from pipeline.sandbox.bucket import Objects

Query = dict[str, list[str]]
_CONDITIONS = {
    "ifGenerationMatch": ("generation", True),
    "ifGenerationNotMatch": ("generation", False),
    "ifMetagenerationMatch": ("metageneration", True),
    "ifMetagenerationNotMatch": ("metageneration", False),
}


def error(code: int, reason: str, message: str) -> dict[str, Any]:
    detail = {"domain": "global", "reason": reason, "message": message}
    return {"error": {"code": code, "message": message, "errors": [detail]}}


PRECONDITION_FAILED = error(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")


def broken_condition(query: Query, resource: dict[str, Any] | None) -> bool:
    """Whether a precondition of the request does not hold for the object as it is (None = there is none)."""
    for name, (of, equal) in _CONDITIONS.items():
        if name in query and (int(query[name][0]) == int((resource or {}).get(of, 0))) is not equal:
            return True
    return False


def guarded(handler: Callable[..., None]) -> Callable[..., None]:
    """The emulator's handler, behind the preconditions and the generation of its request."""

    def guard(request: Any, response: Any, storage: Objects, *rest: Any, **named: Any) -> None:
        target = _target(request, storage)
        resource = storage.found(*target) if target else None
        if target and broken_condition(request.query, resource):
            return refuse(response, PRECONDITION_FAILED)
        asked = request.query.get("generation", [None])[0] if "object_id" in request.params else None
        if asked and "softDeleted" not in request.query and (resource or {}).get("generation") != asked:
            return refuse(response, error(404, "notFound", "No such object generation."))
        return handler(request, response, storage, *rest, **named)

    return guard


def _target(request: Any, storage: Objects) -> tuple[str, str] | None:
    """(bucket, name) of the object that the request would read or change."""
    params, query = request.params, request.query
    if "dest_object_id" in params:
        return params["dest_bucket_name"], params["dest_object_id"]
    if "object_id" in params:
        return params["bucket_name"], params["object_id"]
    if "bucket_name" not in params or request.method == "GET":
        return None
    body = request.data if isinstance(request.data, dict) else {}
    name = query.get("name", [None])[0] or body.get("name") or body.get("meta", {}).get("name")
    return (params["bucket_name"], name) if name else None


def refuse(response: Any, error: dict[str, Any]) -> None:
    response.status = HTTPStatus(error["error"]["code"])
    response.json(error)


def _read_data(request_handler: Any, query: Query) -> Any:
    """The emulator's reader of bodies, but for uploads in two parts, which it takes apart as if an e-mail."""
    content_type = request_handler.headers.get("Content-Type") or ""
    if not content_type.startswith("multipart/related"):
        return _emulators_read_data(request_handler, query)
    raw = emulator._decode_raw_data(emulator._read_raw_data(request_handler), request_handler)
    return _two_parts(content_type, raw)


_emulators_read_data = emulator._read_data


def _two_parts(content_type: str, body: bytes) -> dict[str, Any]:
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        raise ValueError("multipart body without a boundary")
    mark = b"--" + boundary[1].encode()
    first = body.index(mark)
    second, last = body.index(mark, first + 1), body.rindex(mark)
    meta = body[first + len(mark) : second].partition(b"\r\n\r\n")[2]
    head, _, content = body[second + len(mark) : last].partition(b"\r\n\r\n")
    kind = re.search(rb"content-type:\s*([^\s;]+)", head, re.I)
    return {
        "meta": json.loads(meta),
        "content": content.removesuffix(b"\r\n"),
        "content-type": kind[1].decode() if kind else "application/octet-stream",
    }


def _insert_bucket(request: Any, response: Any, storage: Objects, *args: Any, **named: Any) -> None:
    """A new bucket is as the request wants it; the emulator would look at its name alone."""
    new = request.data.get("name") not in storage.buckets
    buckets.insert(request, response, storage, *args, **named)
    if new and (made := storage.buckets.get(request.data.get("name"))):
        storage.create_bucket(made["name"], buckets._patch_bucket(made, request.data))


def close_the_gaps() -> None:
    """Put our guards around the emulator's handlers; once in a process."""
    emulator._read_data = _read_data
    for _, methods in emulator.HANDLERS:
        for method, handler in methods.items():
            if handler.__module__ == handlers.__name__ and handler is not handlers.batch:
                methods[method] = guarded(handler)
            elif handler is buckets.insert:
                methods[method] = _insert_bucket
    handlers.insert = guarded(handlers.insert)  # the router's way for uploads without /upload before the path
