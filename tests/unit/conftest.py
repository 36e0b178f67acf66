"""Every test has a configuration of its own, and knows nothing of what another one has read or looked at."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from luigi.task_register import Register

from pipeline import secrets, settings, sources, storage, warehouse

# The same cases in every run; `pytest --hypothesis-profile=explore tests/unit` looks further.
hypothesis.settings.register_profile("quick", max_examples=150, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", max_examples=5000, deadline=None, database=None)
hypothesis.settings.load_profile("quick")

Configure = Callable[..., settings.Settings]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Lays a configuration over the repository's, `section={"key": "value"}`, and returns what is then in force."""

    def write(**sections: dict[str, str]) -> settings.Settings:
        lines = []
        for section, entries in sections.items():
            lines += [f"[{section.replace('__', ':')}]", *(f"{key} = {value}" for key, value in entries.items())]
        file = tmp_path / "luigi.cfg"
        file.write_text("\n".join(lines))
        monkeypatch.setenv("LUIGI_CONFIG_PATH", str(file))
        settings.load.cache_clear()
        return settings.load()

    return write


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Folders below tmp_path, addresses where nobody listens, empty caches, and no secret known."""
    monkeypatch.chdir(Path(__file__).parents[2])
    nobody = "http://127.0.0.1:9"
    configure(
        district={"landing": f"{tmp_path}/landing", "drop": f"{tmp_path}/drop", "logs": f"{tmp_path}/log"},
        cloud={"storage_endpoint": nobody, "bigquery_endpoint": nobody},
        secrets={"folder": f"{tmp_path}/secrets"},
    )
    monkeypatch.setattr(secrets, "_known", set())
    for forget in (sources.forget, storage.forget, warehouse.forget, Register.clear_instance_cache):
        forget()
    yield
    settings.load.cache_clear()
    logging.captureWarnings(False)
