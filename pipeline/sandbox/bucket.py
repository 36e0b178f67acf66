"""The bucket behind the Cloud Storage stand-in: the emulator's index of objects, and their files on disk.

The emulator rewrites its index for every request, writes objects in place, and holds each in memory several
times. Here an object appears at once and whole, and the index follows a moment later, once for many requests.
"""

import base64
import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google_crc32c
from gcp_storage_emulator import storage as emulated
from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers import objects as handlers

BLOCK = 1 << 20
# The index follows after so many times as long as it took to write it the last time: between these seconds. What a
# killed process had not written there is not listed any more.
INDEX_SHARE, INDEX_DELAY, INDEX_DELAY_AT_MOST = 20, 0.5, 2.0
_CHECKSUM: Callable[[], Any] = google_crc32c.Checksum  # untyped


class Objects(emulated.Storage):  # type: ignore[misc]  # the emulator is untyped
    """The emulator's index of buckets and objects, and their files."""

    def __init__(self, data: Path, address: str) -> None:
        self._address = address
        self.lock = threading.RLock()
        self._changed = threading.Event()
        self._closed = False
        self._loaded = False
        super().__init__(data_dir=str(data))
        self.root = data / ".cloudstorage"
        self._store.write_bytes = self._write_whole
        self._forget_unfinished_uploads()
        self._loaded = True
        threading.Thread(target=self._write_index_often, name="storage-index", daemon=True).start()

    def found(self, bucket: str, name: str) -> dict[str, Any] | None:
        resource: dict[str, Any] | None = self.objects.get(bucket, {}).get(name)
        return resource

    def path(self, bucket: str, name: str) -> Path:
        path: Path = self._store._disk_path(self._object_path(bucket, name))
        return path

    def adopt(self, bucket: str, name: str, file: Path) -> None:
        """Make `file` (which is moved) the object's content. Raises NotFound if there is no such bucket."""
        hashes = Hashes()
        with file.open("rb") as content:
            while block := content.read(BLOCK):
                hashes.add(block)
        with self.lock:
            if bucket not in self.buckets:
                raise NotFound(bucket)
            resource = handlers._make_object_resource(self._address, bucket, name, "application/octet-stream", "0")
            self.finish(resource, file, hashes)

    def finish(self, resource: dict[str, Any], file: Path, hashes: "Hashes") -> None:
        """Move `file` to its place and list the object. The lock is held by the caller."""
        resource |= {"size": str(hashes.size), "md5Hash": hashes.md5(), "crc32c": hashes.crc32c()}
        resource["etag"] = resource["md5Hash"]
        place = self.path(resource["bucket"], resource["name"])
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        self.objects.setdefault(resource["bucket"], {})[resource["name"]] = resource
        self._write_config_to_file()

    def close(self) -> None:
        self._closed = True
        self._write_index()

    def _forget_unfinished_uploads(self) -> None:
        self.resumable: dict[str, dict[str, Any]] = {}
        shutil.rmtree(self.root / emulated.RESUMABLE_DIR, ignore_errors=True)
        (self.root / emulated.RESUMABLE_DIR).mkdir()

    def _write_whole(self, name: str, content: bytes) -> None:
        """A load job that reads the object meanwhile goes on reading the old one."""
        place = self._store._disk_path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = self.root / emulated.RESUMABLE_DIR / f"whole-{threading.get_ident()}"
        beside.write_bytes(content)
        beside.replace(place)

    def _write_config_to_file(self) -> None:
        self._changed.set()

    def _write_index_often(self) -> None:
        delay = INDEX_DELAY
        while not self._closed:
            if self._changed.wait(1):
                time.sleep(delay)
                delay = min(max(INDEX_DELAY, INDEX_SHARE * self._write_index()), INDEX_DELAY_AT_MOST)

    def _write_index(self) -> float:
        """Returns the seconds that it took."""
        self._changed.clear()
        with self.lock:
            begun = time.monotonic()
            names = ("buckets", "objects", "resumable", "bucket_iam_policies", "soft_deleted")
            self._write_whole(".meta", json.dumps({name: getattr(self, name) for name in names}).encode())
            return time.monotonic() - begun


class Hashes:
    """Size, MD5 and CRC32C of what passes by, as Cloud Storage writes them."""

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc32c: Any = _CHECKSUM()

    def add(self, block: bytes) -> None:
        self.size += len(block)
        self._md5.update(block)
        self._crc32c.update(block)

    def md5(self) -> str:
        return base64.b64encode(self._md5.digest()).decode()

    def crc32c(self) -> str:
        return base64.b64encode(self._crc32c.digest()).decode()
