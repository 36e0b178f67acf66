"""What the pipeline counts on in Cloud Storage, asked of the stand-in through Google's own client."""

import base64
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.api_core.exceptions import NotFound, PreconditionFailed, ServiceUnavailable
from google.cloud.storage import Bucket

from riverbend import Sandbox

LARGE = 9_000_000  # more than Google's client sends in one piece


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "large.bin"
    file.write_bytes(os.urandom(LARGE))
    return file


def test_an_object_is_created_once(bucket: Bucket) -> None:
    bucket.blob("once/a.csv").upload_from_string("a", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("once/a.csv").upload_from_string("b", if_generation_match=0)
    assert bucket.blob("once/a.csv").download_as_bytes() == b"a"


@pytest.mark.parametrize("chunk", [None, 1 << 20], ids=["one request", "chunks"])
def test_a_large_object_is_created_once(bucket: Bucket, large: Path, chunk: int | None) -> None:
    name = f"once/large-{chunk}"
    first = bucket.blob(name, chunk_size=chunk)
    first.metadata = {"sha256": "abc"}
    first.upload_from_filename(large, if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob(name, chunk_size=chunk).upload_from_filename(large, if_generation_match=0)
    found = bucket.get_blob(name)
    assert found is not None
    assert (found.size, found.metadata) == (LARGE, {"sha256": "abc"})
    digest = hashlib.md5(large.read_bytes(), usedforsecurity=False).digest()
    assert found.md5_hash == base64.b64encode(digest).decode()


def test_a_large_object_comes_back_as_it_went(bucket: Bucket, large: Path, tmp_path: Path) -> None:
    bucket.blob("back/large").upload_from_filename(large)
    bucket.blob("back/large").download_to_filename(tmp_path / "back", checksum="crc32c")
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    assert bucket.blob("back/large").download_as_bytes(start=5, end=14) == large.read_bytes()[5:15]


def test_an_overwrite_needs_the_generation_that_is_there(bucket: Bucket) -> None:
    blob = bucket.blob("generation/a")
    blob.upload_from_string("one")
    seen = blob.generation
    bucket.blob("generation/a").upload_from_string("two", if_generation_match=seen)
    with pytest.raises(PreconditionFailed):
        bucket.blob("generation/a").upload_from_string("three", if_generation_match=seen)
    with pytest.raises(PreconditionFailed):
        bucket.blob("generation/a").delete(if_generation_match=seen)
    with pytest.raises(NotFound):
        bucket.blob("generation/a", generation=seen).download_as_bytes()
    assert bucket.blob("generation/a").download_as_bytes() == b"two"


def test_of_many_writers_at_once_one_wins(bucket: Bucket) -> None:
    def write(turn: int) -> int:
        try:
            bucket.blob("race").upload_from_string(str(turn), if_generation_match=0)
        except PreconditionFailed:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(8))) == 1


def test_a_listing_has_the_prefix_the_order_and_the_metadata(bucket: Bucket) -> None:
    for name in ("list/b.csv", "list/a é#?.csv", "listless.csv"):
        blob = bucket.blob(name)
        blob.metadata = {"sha256": name}
        blob.upload_from_string(name)
    found = list(bucket.list_blobs(prefix="list/"))
    assert [(blob.name, blob.metadata) for blob in found] == [
        ("list/a é#?.csv", {"sha256": "list/a é#?.csv"}),
        ("list/b.csv", {"sha256": "list/b.csv"}),
    ]


def test_a_patch_keeps_the_generation(bucket: Bucket) -> None:
    blob = bucket.blob("patched")
    blob.upload_from_string("x")
    before = (blob.generation, blob.metageneration)
    blob.metadata = {"state": "held"}
    blob.patch()
    assert blob.generation == before[0]
    assert blob.metageneration == before[1] + 1
    with pytest.raises(PreconditionFailed):
        blob.patch(if_metageneration_match=before[1])


def test_what_is_not_there_is_not_found(bucket: Bucket) -> None:
    assert bucket.get_blob("absent") is None
    for act in (bucket.blob("absent").download_as_bytes, bucket.blob("absent").delete):
        with pytest.raises(NotFound):
            act()


def test_a_fault_answers_so_often_and_is_written_down(sandbox: Sandbox, bucket: Bucket) -> None:
    sandbox.run("fault", "storage", "--status", "503", "--times", "2")
    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            bucket.get_blob("faulty", retry=None)
    assert bucket.get_blob("faulty", retry=None) is None
    asked = [event["status"] for event in sandbox.events("cloud") if event["path"].endswith("/faulty")]
    assert asked == [503, 503, 404]


def test_the_log_says_what_an_upload_is_called(running: Sandbox, bucket: Bucket, large: Path) -> None:
    """Also of one in pieces, and of nothing else."""
    before = len(running.events("cloud"))
    small = bucket.blob('told/a "b".csv')
    small.metadata = {"name": "another"}
    small.upload_from_string('"name": "none"')
    bucket.blob("told/large").upload_from_filename(large)
    small.download_as_bytes()
    told = [event.get("object") for event in running.events("cloud")[before:]]
    assert list(filter(None, told)) == ['told/a "b".csv', "told/large"]
    assert told[-1] is None
