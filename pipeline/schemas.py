"""The contracts' columns: `schemas/<dataset>/<table>.json`, in BigQuery's own JSON schema format."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import ConfigurationError

FOLDER = Path(__file__).parent / "schemas"
TYPES = ("STRING", "INTEGER", "NUMERIC", "FLOAT", "DATE", "TIMESTAMP", "BOOLEAN")


@dataclass(frozen=True)
class Column:
    """One column of a table; `mode` is NULLABLE or REQUIRED."""

    name: str
    type: str = "STRING"
    mode: str = "NULLABLE"
    description: str = ""


@cache
def columns(dataset: str, table: str) -> tuple[Column, ...]:
    """The columns of `dataset.table`, in order. Raises ConfigurationError."""
    file = FOLDER / dataset / f"{table}.json"
    try:
        found = tuple(Column(**column) for column in json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{file.name} of {dataset}: {error}",
            expected=f"a list of name, type, mode and description in schemas/{dataset}/{table}.json",
            next_step="write it; the other files of that folder show the form",
        ) from error
    if wrong := sorted({column.type for column in found} - set(TYPES)):
        raise ConfigurationError(
            f"schemas/{dataset}/{table}.json has the type {', '.join(wrong)}",
            expected=f"one of {', '.join(TYPES)}",
            next_step="correct the schema; what is no number and no date is a STRING",
        )
    return found
