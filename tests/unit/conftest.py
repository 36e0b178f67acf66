"""Every test has a configuration of its own, and knows nothing of what another one has read or looked at."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from luigi.task_register import Register

import bucketing
from pipeline.chain.base import ask_anew
from pipeline.ground import cloud, manifests, secrets, settings
from pipeline.inbound import lastgood, sources
from pipeline.outside.cloud import storage, warehouse

# The same cases in every run; `pytest --hypothesis-profile=explore tests/unit` looks further.
hypothesis.settings.register_profile("quick", max_examples=150, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", max_examples=5000, deadline=None, database=None)
hypothesis.settings.load_profile("quick")

Configure = Callable[..., settings.Settings]
# What only a district knows.
ANSWERS = {
    "district": {
        "name": "Elsewhere",
        "timezone": "Europe/Vienna",
        "project": "elsewhere",
        "location": "EU",
        "bucket": "elsewhere-morning",
        "landing": "/srv/landing",
        "drop": "/srv/drop",
        "logs": "/srv/log",
        "catalogue": "catalogue",
    },
    "secrets": {"folder": "/srv/secrets"},
    "sftp": {"known_hosts": "/srv/known_hosts"},
}


@pytest.fixture
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the configuration and its folders lie: beside tmp_path, which stays empty."""
    return tmp_path_factory.mktemp("own")


@pytest.fixture
def lay(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lays a configuration over the repository's; whoever asks for a setting reads it, which most tests do not."""
    world: dict[str, dict[str, str]] = {}

    def write(**sections: dict[str, str]) -> None:
        if not world:
            world.update(sections)
        lines = []
        for section in world.keys() | sections.keys():
            entries = {**world.get(section, {}), **sections.get(section, {})}
            lines += [f"[{section.replace('__', ':')}]", *(f"{key} = {value}" for key, value in entries.items())]
        file = own_folder / "luigi.cfg"
        file.write_text("\n".join(lines))
        monkeypatch.setenv("LUIGI_CONFIG_PATH", str(file))
        settings.load.cache_clear()

    return write


@pytest.fixture
def configure(lay: Callable[..., None]) -> Configure:
    """Lays a configuration over the repository's, `section={"key": "value"}`, and returns what is then in force.

    The test's own world stays below it: a test that changes one setting must not write into the checkout's folders.
    """

    def written(**sections: dict[str, str]) -> settings.Settings:
        lay(**sections)
        return settings.load()

    return written


@pytest.fixture(scope="session")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Cloud Storage of this process."""
    with bucketing.serving(tmp_path_factory.mktemp("storage")) as address:
        yield address


@pytest.fixture(autouse=True)
def own_world(
    own_folder: Path, lay: Callable[..., None], buckets: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Folders and a bucket of its own, a warehouse where nobody listens, empty caches, and no secret known."""
    monkeypatch.chdir(Path(__file__).parents[2])
    nobody = "http://127.0.0.1:9"
    lay(
        sandbox={"enabled": "true"},
        district={
            "bucket": bucketing.new_name(),
            "landing": f"{own_folder}/landing",
            "drop": f"{own_folder}/drop",
            "logs": f"{own_folder}/log",
            "grace_hours": "1000000",  # no deadline is over, whenever this runs
        },
        cloud={"storage_endpoint": buckets, "bigquery_endpoint": nobody},
        secrets={"folder": f"{own_folder}/secrets"},
    )
    monkeypatch.setattr(secrets, "_known", set())
    for service in (cloud.STORAGE, cloud.BIGQUERY, cloud.SECRETS):  # what one test does not reach, the next one may
        monkeypatch.setattr(service, "silent", "")
    monkeypatch.setattr(manifests, "_flush", lambda path: None)  # no test outlives a power cut; it costs half the time
    logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)  # it tells each request
    for forget in (
        sources.forget,
        lastgood.forget,
        storage.forget,
        warehouse.forget,
        ask_anew,
        Register.clear_instance_cache,
    ):
        forget()
    yield
    settings.load.cache_clear()
    logging.captureWarnings(False)


@pytest.fixture
def no_bucket(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What [cloud] says when nobody listens where the bucket should be."""
    bucketing.nobody_asked_yet(monkeypatch)
    return {"storage_endpoint": "http://127.0.0.1:9", "timeout": "1"}
