"""The bucket: objects with the digest of their bytes as metadata, written under generation preconditions."""

import base64
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import google.cloud.storage as gcs
import google_crc32c
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Conflict, NotFound, PreconditionFailed

from pipeline.ground import cloud, settings
from pipeline.ground.errors import WarehouseError, WrittenByAnother
from pipeline.ground.looks import Looks

# Else each process's client asks, in a thread, for what its traces would say of the bucket (and needs the right to).
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


# Bytes of a large file that are sent, and held in memory, at a time: the client's own number is a hundred megabytes.
_PIECE = 16 << 20


@dataclass(frozen=True)
class Stored:
    """An object as the bucket tells it: generation 0 means that there is none."""

    name: str
    generation: int = 0
    size: int = 0
    metadata: dict[str, str] = field(default_factory=dict)


@cloud.per_process
def _client() -> gcs.Client:
    told = settings.load()
    client = gcs.Client(
        project=told.district.project,
        credentials=cloud.credentials(told.cloud.storage_endpoint),
        client_options=ClientOptions(api_endpoint=told.cloud.storage_endpoint or None),
    )
    return cloud.roomy(client)


def _bucket() -> gcs.Bucket:
    return _client().bucket(settings.load().district.bucket)


def uri(name: str) -> str:
    """The object's address, gs://bucket/name."""
    return f"gs://{settings.load().district.bucket}/{name}"


# ---------------------------------------------------------------------------- what is there: one listing a prefix


def find(name: str) -> Stored:
    """The object as it is, by one listing of its `<folder>/<date>/` a process. Raises WarehouseError."""
    return _listings.at(_prefix(name)).get(name, Stored(name))


def under(folder: str) -> dict[str, Stored]:
    """The objects of a folder, of all dates, by one listing a process. Raises WarehouseError."""
    return _listings.at(f"{folder}/")


def look(name: str) -> Stored:
    """The object as it is this moment, by a request of its own: another machine may have written it since the listing.
    Raises WarehouseError."""
    with cloud.STORAGE.explained(f"looking at {uri(name)}"):
        try:
            return _remember(_stored(_bucket().get_blob(name, **cloud.STORAGE.patience()), name))
        except NotFound:  # there is no bucket
            return Stored(name)


def _prefix(name: str) -> str:
    return "/".join(name.split("/")[:2]) + "/"


def list_objects(prefix: str) -> dict[str, Stored]:
    """The objects whose names begin with `prefix`; none when there is no bucket."""
    with cloud.STORAGE.explained(f"listing {uri(prefix)}"):
        try:
            found = _client().list_blobs(
                settings.load().district.bucket,
                prefix=prefix,
                fields="items(name,generation,size,metadata),nextPageToken",
                **cloud.STORAGE.patience(),
            )
            return {blob.name: _stored(blob, blob.name) for blob in found}
        except NotFound:
            return {}


_listings = Looks(list_objects)
forget = _listings.forget
# A forked task looks for itself: what the scheduling process saw is older.
os.register_at_fork(after_in_child=forget)


def is_out() -> bool:
    """Whether the bucket has answered nobody in this process who listed something."""
    return bool(_listings.failed()) and not _listings.answered()


def _stored(blob: gcs.Blob | None, name: str) -> Stored:
    if blob is None:
        return Stored(name)
    return Stored(name, int(blob.generation or 0), int(blob.size or 0), dict(blob.metadata or {}))


def _remember(stored: Stored) -> Stored:
    if (listed := _listings.known(_prefix(stored.name))) is not None:
        listed[stored.name] = stored
    return stored


# ------------------------------------------------------------------------------------------------- in and out


def store_file(path: Path, name: str, metadata: dict[str, str], over: Stored) -> Stored:
    """Put the file's bytes under `name`, over what `over` says is there and nothing else; checksum verified.

    Raises WarehouseError; WrittenByAnother when somebody else wrote the object since `over` was seen.
    """

    def upload(blob: gcs.Blob) -> None:
        blob.chunk_size = _PIECE
        blob.upload_from_filename(
            str(path), if_generation_match=over.generation, checksum="crc32c", **cloud.STORAGE.patience()
        )

    return _store(upload, name, metadata, path.stat().st_size, _pieces(path))


def store_json(name: str, content: dict[str, Any], metadata: dict[str, str], over: Stored) -> Stored:
    """Put `content` as JSON under `name`, like `store_file`. What is no UTF-8 in a file's name is written as JSON's own
    escape."""
    text = (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode(errors="backslashreplace")
    return store_text(name, text, "application/json", "", metadata, over)


def store_text(
    name: str, text: bytes, content_type: str, cached: str, metadata: dict[str, str], over: Stored
) -> Stored:
    """Put `text` under `name`, like `store_file`; `cached` is what Cache-Control says, '' for its default."""

    def upload(blob: gcs.Blob) -> None:
        blob.cache_control = cached or None
        blob.upload_from_string(
            text,
            content_type=content_type,
            if_generation_match=over.generation,
            checksum="crc32c",
            **cloud.STORAGE.patience(),
        )

    return _store(upload, name, metadata, len(text), [text])


def _crc32c(pieces: Iterable[bytes]) -> str:
    """The checksum of the bytes, as Cloud Storage writes it."""
    return base64.b64encode(reduce(google_crc32c.extend, pieces, 0).to_bytes(4)).decode()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            yield piece


def _store(
    upload: Callable[[gcs.Blob], None], name: str, metadata: dict[str, str], size: int, pieces: Iterable[bytes]
) -> Stored:
    blob = _bucket().blob(name)
    blob.metadata = metadata
    with cloud.STORAGE.explained(f"writing {uri(name)}"):
        try:
            _uploaded(upload, blob)
        except PreconditionFailed:
            blob = _if_ours(name, metadata, size, pieces)
    if blob.size != size:
        raise WarehouseError(
            f"{uri(name)} has {blob.size} bytes", expected=f"the {size} that were sent", next_step="run again"
        )
    return _remember(_stored(blob, name))


def _uploaded(upload: Callable[[gcs.Blob], None], blob: gcs.Blob) -> None:
    try:
        upload(blob)
    except NotFound:
        _create_bucket()
        upload(blob)


def _if_ours(name: str, metadata: dict[str, str], size: int, pieces: Iterable[bytes]) -> gcs.Blob:
    """The object that stands there: what we wrote, when the answer to that was lost and the client wrote once more.

    Raises WrittenByAnother when it is not exactly that.
    """
    found = _bucket().get_blob(name, **cloud.STORAGE.patience())
    told = found and (found.metadata or {}, found.size, found.crc32c)
    if told == (metadata, size, _crc32c(pieces)):
        return found
    raise WrittenByAnother(
        f"{uri(name)} was written by somebody else meanwhile",
        expected="only this run to write it",
        next_step="run again; if it happens again, look for a second pipeline on this bucket",
    )


def _create_bucket() -> None:
    told = settings.load().district
    bucket = _bucket()
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = "enforced"
    # Deleted means gone: for a week, by default, Cloud Storage would keep what the purge removes.
    bucket.soft_delete_policy.retention_duration_seconds = 0
    try:
        _client().create_bucket(bucket, location=told.location, **cloud.STORAGE.patience())
    except Conflict:
        return  # another worker was faster


def read_json(name: str) -> dict[str, Any] | None:
    """The JSON object under `name`, or None when there is none."""
    with cloud.STORAGE.explained(f"reading {uri(name)}"):
        try:
            content = json.loads(_bucket().blob(name).download_as_bytes(**cloud.STORAGE.patience()))
        except NotFound:
            return None
    return content if isinstance(content, dict) else None


def fetch(name: str, to: Path) -> None:
    """Bring the object's bytes to the file `to`; the client verifies their checksum."""
    with cloud.STORAGE.explained(f"reading {uri(name)}"):
        _bucket().blob(name).download_to_filename(str(to), **cloud.STORAGE.patience())


def remove(name: str, only: Stored | None = None) -> None:
    """Delete the object, if it is there; with `only`, if it is still that one."""
    one = {"if_generation_match": only.generation} if only else {}
    with cloud.STORAGE.explained(f"deleting {uri(name)}"):
        try:
            _bucket().blob(name).delete(**one, **cloud.STORAGE.patience())
        except PreconditionFailed:
            return
        except NotFound:
            pass
    if (listed := _listings.known(_prefix(name))) is not None:
        listed.pop(name, None)
