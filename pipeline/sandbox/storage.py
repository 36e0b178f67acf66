"""Cloud Storage on loopback: gcp-storage-emulator, with what a write-once pipeline needs and it lacks.

The emulator ignores generation preconditions (it overwrites where Google answers 412) and serves one request at
a time. Here:

* preconditions.py: ifGenerationMatch and its kin, on every kind of upload, on copies, patches, deletes, reads;
* bucket.py: an object appears at once and whole;
* `Api`: threads and keep-alive; the bytes of large uploads and of all downloads go straight between socket
  and file, outside the lock.
"""

import json
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from gcp_storage_emulator import server as emulator
from gcp_storage_emulator import storage as emulated
from gcp_storage_emulator.handlers import objects as handlers

from pipeline.sandbox import badday
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.badday import BadDay, Trouble
from pipeline.sandbox.bucket import BLOCK, Hashes, Objects
from pipeline.sandbox.latency import Latency
from pipeline.sandbox.preconditions import PRECONDITION_FAILED, Query, broken_condition, close_the_gaps, error

HEALTH = "/healthz"
# An upload says in its body what it is to be called, before anything else.
_UPLOAD, _CALLED = "/upload/", re.compile(rb'"name": *("(?:[^"\\]|\\.)*")')
_MEDIA = re.compile(r"/(?:download/)?storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>.+)")


@dataclass
class Upload:
    """A resumable upload under way: what has come so far."""

    file: Path
    hashes: Hashes = field(default_factory=Hashes)


class Api(emulator.RequestHandler):  # type: ignore[misc]  # the emulator is untyped
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    uploads: dict[str, Upload]
    finished: dict[str, dict[str, Any]]  # what came of each resumable upload
    log: ActivityLog
    bad_day: BadDay
    latency: Latency
    rfile: Any
    wfile: Any
    stores = ""  # the object that the request asks for, where its path does not say it

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def send_response(self, code: int, message: str | None = None) -> None:
        """Written down before it is sent: who has the answer finds the line."""
        path = unquote(urlsplit(self.path).path)
        if path != HEALTH:
            stores = {"object": self.stores} if self.stores else {}
            self.log.write(server="storage", method=self.command, path=path, status=int(code), **stores)
        super().send_response(code, message)

    def _answer(self, method: str) -> None:
        url = urlsplit(self.path)
        self.stores = ""
        if url.path == HEALTH:
            self._send(200, {})
        else:
            self._answer_to(method, url.path, parse_qs(url.query))

    def _answer_to(self, method: str, path: str, query: Query) -> None:
        self.latency.wait("object")
        trouble = self.bad_day.of(badday.STORAGE, method, self.path)
        time.sleep(trouble.late)
        if trouble.lost or trouble.done:
            self._answer_otherwise(trouble, method, path, query)
        elif trouble.status:
            self._body_into(Hashes())
            self._refuse(trouble)
        else:
            self._answer_well(method, path, query)

    def _answer_otherwise(self, trouble: Trouble, method: str, path: str, query: Query) -> None:
        """Do what is asked for, and say something else, or nothing."""
        connection, self.wfile = self.wfile, BytesIO()
        try:
            self._answer_well(method, path, query)
            said = self.wfile.getvalue()
        finally:
            self.wfile = connection
        if trouble.done and said.startswith(b"HTTP/1.1 200"):
            self._refuse(trouble)
        elif trouble.done:
            self.wfile.write(said)
        else:
            self.close_connection = True

    def _refuse(self, trouble: Trouble) -> None:
        self._send(trouble.status, error(trouble.status, trouble.reason, trouble.message), dict(trouble.headers))

    def _answer_well(self, method: str, path: str, query: Query) -> None:
        media = _MEDIA.fullmatch(path)
        if path.endswith("/iam/testPermissions") and not self.bad_day.rights():
            self._send(200, {"kind": "storage#testIamPermissionsResponse", "permissions": ["storage.objects.get"]})
        elif method == "PUT" and "upload_id" in query:
            self._take_chunk(query)
        elif method == "GET" and media and query.get("alt") == ["media"]:
            self._send_object(media["bucket"], unquote(media["name"]), query)
        else:
            self._let_emulator_answer(method)

    def _let_emulator_answer(self, method: str) -> None:
        """Its body is read before the lock is taken: a slow client keeps nobody waiting."""
        if length := self.headers.get("Content-Length"):
            body = self.rfile.read(int(length))
            connection, self.rfile = self.rfile, BytesIO(body)
            names_it = method == "POST" and self.path.startswith(_UPLOAD) and "uploadType=media" not in self.path
            if names_it and (told := _CALLED.search(body)):
                self.stores = str(json.loads(told[1]))
        else:
            connection = self.rfile
        try:
            with self.storage.lock:
                emulator.Router(self).handle(method)
        finally:
            self.rfile = connection

    def _send(self, code: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(answer).encode()
        self.send_response(code, "Resume Incomplete" if code == 308 else None)
        sent = {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _body_into(self, hashes: Hashes, file: BinaryIO | None = None) -> None:
        """The request's body, by the block. A connection that breaks off leaves what has come."""
        missing = int(self.headers.get("Content-Length") or 0)
        while missing and (block := self.rfile.read(min(BLOCK, missing))):
            missing -= len(block)
            hashes.add(block)
            if file:
                file.write(block)

    def _take_chunk(self, query: Query) -> None:
        """One chunk, or the whole, of a resumable upload; Content-Range says which."""
        upload_id = query["upload_id"][0]
        if (finished := self.finished.get(upload_id)) is not None:  # the answer to its last piece was lost
            self._body_into(Hashes())
            return self._send(200, finished)
        resource = self.storage.resumable.get(upload_id)
        span = handlers._parse_resumable_content_range(self.headers.get("Content-Range"))
        if resource is None:
            self._body_into(Hashes())
            return self._send(404, error(404, "notFound", "No such upload."))
        part = self.storage.path(emulated.RESUMABLE_DIR, self.storage.safe_id(upload_id))
        upload = self.uploads.setdefault(upload_id, Upload(part))
        if span and span["start"] not in (None, upload.hashes.size):
            self._body_into(Hashes())
            return self._send(400, error(400, "invalid", f"expected a chunk that starts at {upload.hashes.size}"))
        with part.open("ab") as file:
            self._body_into(upload.hashes, file)
        if span and (span["total"] is None or upload.hashes.size < span["total"]):
            came = {"Range": f"bytes=0-{upload.hashes.size - 1}"} if upload.hashes.size else {}
            return self._send(308, {}, came)
        return self._finish(upload_id, upload, resource, query)

    def _finish(self, upload_id: str, upload: Upload, resource: dict[str, Any], query: Query) -> None:
        upload.file.touch()
        with self.storage.lock:
            self.uploads.pop(upload_id)
            self.storage.resumable.pop(upload_id)
            if broken_condition(query, self.storage.found(resource["bucket"], resource["name"])):
                code, answer = 412, PRECONDITION_FAILED
            elif _other_checksum(resource, upload.hashes):
                code, answer = 400, error(400, "invalid", "The checksum is not that of the bytes received.")
            else:
                self.storage.finish(resource, upload.file, upload.hashes)
                code, answer = 200, resource
                self.finished[upload_id] = resource
        upload.file.unlink(missing_ok=True)
        self._send(code, answer)

    def _send_object(self, bucket: str, name: str, query: Query) -> None:
        """The object's bytes, or a range of them, straight from the file."""
        with self.storage.lock:
            resource = self.storage.found(bucket, name)
            if resource is None or query.get("generation", [resource["generation"]])[0] != resource["generation"]:
                return self._send(404, error(404, "notFound", f"No such object: {bucket}/{name}"))
            if broken_condition(query, resource):
                return self._send(412, PRECONDITION_FAILED)
            file = self.storage.path(bucket, name).open("rb")
        with file:
            return self._send_file(file, resource)

    def _send_file(self, file: BinaryIO, resource: dict[str, Any]) -> None:
        size = int(resource["size"])
        span = re.fullmatch(r"\s*bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        start, end = (int(span[1]), min(int(span[2] or size), size - 1)) if span else (0, size - 1)
        if span and start >= size:
            return self._send(416, error(416, "requestedRangeNotSatisfiable", "The object is shorter."))
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        else:
            self.send_header("X-Goog-Hash", f"crc32c={resource['crc32c']},md5={resource['md5Hash']}")
        self.send_header("Content-Type", resource.get("contentType") or "application/octet-stream")
        self.send_header("X-Goog-Generation", resource["generation"])
        self.send_header("Content-Length", str(end - start + 1))
        self.end_headers()
        if end >= start and not isinstance(self.wfile, BytesIO):
            self.connection.sendfile(file, start, end - start + 1)
        return None


def _other_checksum(resource: dict[str, Any], hashes: Hashes) -> bool:
    told = ((resource.get("md5Hash"), hashes.md5()), (resource.get("crc32c"), hashes.crc32c()))
    return any(said and said != found for said, found in told)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class CloudStorage:
    """The running server; `objects` is what BigQuery's loads and extracts reach into."""

    name = "Cloud Storage"

    def __init__(self, data: Path, port: int, log: ActivityLog, bad_day: BadDay, latency: Latency) -> None:
        close_the_gaps()
        self.objects = Objects(data, f"http://127.0.0.1:{port}")
        own = {"uploads": {}, "finished": {}, "log": log, "bad_day": bad_day, "latency": latency}
        api = type("Connection", (Api,), own)
        self._server = _Server(("127.0.0.1", port), partial(api, self.objects), bind_and_activate=False)
        self._server.allow_reuse_address = True
        self._server.address_family = socket.AF_INET
        self._thread = threading.Thread(target=self._server.serve_forever, name="storage", daemon=True)

    def start(self) -> None:
        self._server.server_bind()
        self._server.server_activate()
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.objects.close()
