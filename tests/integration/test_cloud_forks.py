"""Google's clients and what is known of the cloud, on both sides of a fork."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds import Cloud, in_a_fork, set_up
from pipeline.outside.cloud import storage, texts, warehouse
from riverbend import Sandbox


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        storage.store_json("x/y/a.json", {}, {"seen": "first"}, over=storage.find("x/y/a.json"))
        texts.deploy(made.dataset, "one", "SELECT 1 AS id")
        made.from_now_on()
        yield made


def test_a_client_belongs_to_one_process(there: Cloud) -> None:
    ours = (id(storage._client()), id(warehouse._client()))

    def child() -> None:
        assert ours != (id(storage._client()), id(warehouse._client()))

    assert in_a_fork(child) == 0
    assert ours == (id(storage._client()), id(warehouse._client()))


def test_a_worker_asks_for_itself_what_the_scheduler_has_listed(there: Cloud) -> None:
    known = storage.find("x/y/a.json")
    old = storage.Stored("x/y/a.json")  # as if listed before it was written
    storage._listings.at("x/y/")["x/y/a.json"] = old
    warehouse._listings.at(there.dataset).clear()
    there.from_now_on()

    def child() -> None:
        for _ in range(2):
            assert storage.find("x/y/a.json") == known
            assert storage.find("x/y/none.json").generation == 0
            assert warehouse.find(there.dataset, "one").there
            assert texts.of(there.dataset, "one") == "SELECT 1 AS id"

    assert in_a_fork(child) == 0
    assert len(there.asked("storage", "GET", "/o")) == 1
    assert len(there.asked("bigquery", "GET", f"/{there.dataset}/tables")) == 1
    assert storage.find("x/y/a.json") == old


def test_workers_that_find_no_bucket_make_one(
    running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with set_up(running, tmp_path, monkeypatch):
        pids = []
        for name in ("a", "b"):
            pids.append(os.fork())
            if not pids[-1]:
                try:
                    storage.store_json(f"x/y/{name}.json", {}, {}, over=storage.Stored(f"x/y/{name}.json"))
                    os._exit(0)
                finally:  # a child must not go on with the tests
                    os._exit(70)
        assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0]
        assert sorted(storage.list_objects("x/")) == ["x/y/a.json", "x/y/b.json"]
