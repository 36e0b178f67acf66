"""What BigQuery's stand-in says of its datasets, tables, views: written into its database as before, and read from
memory. A morning reads a thousand descriptions, and each was a query; this process alone writes them."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_lock = threading.RLock()
# By class, and there by the ids that name one. A description is not changed: another one takes its place.
_held: dict[type[Any], dict[tuple[str, ...], Any]] = {}


def read(model: type[Any], kind: str, keys: tuple[str, ...]) -> list[Any]:
    """All of a kind whose first ids are these; the first question of a kind reads all of it from the database."""
    from local_bigquery.engine.database import RESOURCES, fetch

    with _lock:
        if model not in _held:
            ids = RESOURCES[kind]
            rows = fetch(f"SELECT {', '.join(ids)}, resource FROM emulator.{kind}")  # noqa: S608
            _held[model] = {tuple(key): model.model_validate_json(resource) for *key, resource in rows}
        held = _held[model]
        if len(keys) == len(RESOURCES[kind]):
            return [held[keys]] if keys in held else []
        return [each for key, each in held.items() if key[: len(keys)] == keys]


def saving(save: Callable[..., Any]) -> Callable[..., Any]:
    """`save`, and then it is remembered."""

    @wraps(save)
    def saved(resource: Any, *keys: str) -> Any:
        with _lock:
            kept = save(resource, *keys)
            if (held := _held.get(type(resource))) is not None:
                held[keys] = kept
        return kept

    return saved


def deleting(delete: Callable[..., None]) -> Callable[..., None]:
    """`delete`, of all whose first ids are these, and then they are forgotten."""

    @wraps(delete)
    def deleted(model: type[Any], *keys: str) -> None:
        with _lock:
            try:
                delete(model, *keys)
            except BaseException:  # half of it may be done
                _held.pop(model, None)
                raise
            held = _held.get(model, {})
            for key in [key for key in held if key[: len(keys)] == keys]:
                del held[key]

    return deleted


def is_view(*table: str) -> bool:
    """Whether its description says so: it may be one, and have none."""
    from local_bigquery.catalog import metadata
    from local_bigquery.models import Table

    stored = metadata.load(Table, *table)
    return bool(stored and stored.view and stored.view.query)
