"""The adapter to Cloud Storage, through Google's client against the stand-in."""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud.storage.retry import DEFAULT_RETRY

from brokenline import line_to
from clouds import Cloud, set_up
from pipeline.ground.errors import WarehouseError
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.storage import Stored
from pipeline.sandbox.faults import FaultFile
from riverbend import Sandbox


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        yield made


def store(name: str, text: str = "id,name\n1,a\n", over: Stored | None = None, **metadata: str) -> Stored:
    return storage.store_json(name, {"text": text}, metadata, over or storage.find(name))


def test_the_bucket_is_made_when_the_first_object_comes(there: Cloud, tmp_path: Path) -> None:
    assert storage.list_objects("misc_imports/") == {}
    (tmp_path / "a.csv").write_text("id\n1\n")
    name = "misc_imports/2026-11-23/a.csv"
    stored = storage.store_file(tmp_path / "a.csv", name, {"sha256": "abc"}, over=storage.find(name))
    assert (stored.name, stored.size, stored.metadata) == (name, 5, {"sha256": "abc"})
    assert [event["status"] for event in there.asked("storage", "POST", "/b")] == [200]
    there.look_again()
    assert storage.find(name) == stored


def test_a_file_comes_back_as_it_went(there: Cloud, tmp_path: Path) -> None:
    content = bytes(range(256)) * 50_000  # more than Google's client sends in one piece
    (tmp_path / "a.bin").write_bytes(content)
    storage.store_file(tmp_path / "a.bin", "x/y/a.bin", {}, over=Stored("x/y/a.bin"))
    storage.fetch("x/y/a.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == content


def test_json_comes_back_as_it_went(there: Cloud) -> None:
    storage.store_json("x/y/a.json", {"name": "Núñez", "rows": 3}, {}, over=Stored("x/y/a.json"))
    assert storage.read_json("x/y/a.json") == {"name": "Núñez", "rows": 3}
    assert storage.read_json("x/y/none.json") is None


def put_json(name: str, text: str, over: Stored, folder: Path, **metadata: str) -> Stored:
    return storage.store_json(name, {"text": text}, metadata, over)


def put_file(name: str, text: str, over: Stored, folder: Path, **metadata: str) -> Stored:
    (folder / "sent.json").write_text(json.dumps({"text": text}))
    return storage.store_file(folder / "sent.json", name, metadata, over)


Put = Callable[..., Stored]
both = pytest.mark.parametrize("put", [put_json, put_file])


@both
def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(there: Cloud, tmp_path: Path, put: Put) -> None:
    seen = storage.find("x/y/a.json")
    first = put("x/y/a.json", "theirs", seen, tmp_path)
    for ours, metadata in (("ours", {}), ("ours!!", {}), ("theirs", {"sha256": "ours"})):
        with pytest.raises(WarehouseError, match="written by somebody else meanwhile"):
            put("x/y/a.json", ours, seen, tmp_path, **metadata)
        assert storage.read_json("x/y/a.json") == {"text": "theirs"}
    put("x/y/a.json", "ours", first, tmp_path)
    assert storage.read_json("x/y/a.json") == {"text": "ours"}


@both
@pytest.mark.parametrize("before", ["", "theirs"])
def test_an_answer_that_is_lost_makes_nobody_else_of_us(
    running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: Put, before: str
) -> None:
    """The line breaks when the bucket has the object, and before it can say so: the client writes once more."""
    with line_to(running.ports["storage"]) as line:
        behind = replace(running, ports={**running.ports, "storage": line.port})
        with set_up(behind, tmp_path, monkeypatch) as there:
            seen = put("x/y/a.json", before, storage.find("x/y/a.json"), tmp_path) if before else Stored("x/y/a.json")
            storage.list_objects("x/")
            address = f"http://127.0.0.1:{running.ports['storage']}/storage/v1/b/{there.bucket}/o/x%2Fy%2Fa.json"

            def written(moved: int) -> bool:
                with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(address, timeout=5) as answer:
                    return int(json.load(answer)["generation"]) != seen.generation
                return False

            if not before:
                put("x/y/b.json", "makes the bucket", Stored("x/y/b.json"), tmp_path)
            line.breaks(written)
            stored = put("x/y/a.json", "ours", seen, tmp_path, sha256="abc")
            assert line.cuts_left == 0
            there.look_again()
            assert storage.find("x/y/a.json") == stored
            assert stored.metadata == {"sha256": "abc"}
            assert storage.read_json("x/y/a.json") == {"text": "ours"}


def test_nobody_outside_may_read_the_bucket_and_what_is_deleted_is_gone(there: Cloud) -> None:
    """By default Cloud Storage would allow the first, and keep the second for a week."""
    store("x/y/a.json")
    made = storage._client().get_bucket(there.bucket)
    assert made.iam_configuration.public_access_prevention == "enforced"
    assert made.iam_configuration.uniform_bucket_level_access_enabled
    assert made.soft_delete_policy.retention_duration_seconds == 0


def test_one_listing_answers_for_a_prefix_and_knows_what_we_wrote(there: Cloud) -> None:
    store("x/y/a.json")
    there.look_again()
    there.from_now_on()
    for name in ("a", "b", "c", "a"):
        storage.find(f"x/y/{name}.json")
    written = store("x/y/b.json", digest="1")
    assert storage.find("x/y/b.json") == written
    assert storage.find("x/z/a.json").generation == 0
    assert len(there.asked("storage", "GET", "/o")) == 2
    assert there.asked("storage", "GET", ".json") == []


def test_what_is_removed_is_gone_and_may_be_removed_again(there: Cloud) -> None:
    store("x/y/a.json")
    for _ in range(2):
        storage.remove("x/y/a.json")
    there.look_again()
    assert storage.find("x/y/a.json").generation == 0


def test_an_outage_of_a_moment_is_not_noticed(there: Cloud, sandbox: Sandbox) -> None:
    store("x/y/a.json")
    FaultFile(sandbox.folder / "faults.json").switch_on("storage", "", {"status": 503, "times": 1})
    there.look_again()
    there.from_now_on()
    assert storage.find("x/y/a.json").generation
    assert [event["status"] for event in there.asked("storage", "GET", "/o")] == [503, 200]


@pytest.mark.parametrize("act", ["find", "store", "read", "remove"])
def test_a_longer_outage_is_explained_in_time(
    running: Sandbox, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    acts: dict[str, Callable[[], object]] = {
        "find": lambda: storage.find("x/y/a.json"),
        "store": lambda: store("x/y/a.json", over=Stored("x/y/a.json")),
        "read": lambda: storage.read_json("x/y/a.json"),
        "remove": lambda: storage.remove("x/y/a.json"),
    }
    FaultFile(sandbox.folder / "faults.json").switch_on("storage", "", {"status": 503, "times": 0})
    begun = time.monotonic()
    with (
        set_up(running, tmp_path, monkeypatch, timeout=1),
        pytest.raises(WarehouseError, match=r"gs://.*/x/y/.*(503|ServiceUnavailable|RetryError)"),
    ):
        acts[act]()
    assert time.monotonic() - begun < (DEFAULT_RETRY.timeout or 0) / 4  # for as long the client tries by itself


def test_a_large_file_is_sent_in_pieces_of_a_bound(
    there: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of which one is in memory at a time; small ones here, of a file that is just too large for one request."""
    monkeypatch.setattr(storage, "_PIECE", 1 << 20)
    (tmp_path / "big.csv").write_bytes(b"0123456789abcdef" * (17 << 15))
    name = "misc_imports/2026-11-23/big.csv"
    assert storage.store_file(tmp_path / "big.csv", name, {}, over=storage.find(name)).size == 17 << 19
    assert len(there.asked("storage", "PUT", "/o")) == 9
    storage.fetch(name, tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_bytes() == (tmp_path / "big.csv").read_bytes()
