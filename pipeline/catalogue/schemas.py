"""The contracts' columns: `schemas/<dataset>/<table>.json`, in BigQuery's own JSON schema format.

Beside BigQuery's own words a column may have a `form` (forms.py, beside this) and the share of its values that may
break it, `tolerated`, 0 when it does not say.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import forms
from pipeline.catalogue.limits import Form
from pipeline.ground.errors import ConfigurationError

TYPES = ("STRING", "INTEGER", "NUMERIC", "FLOAT", "DATE", "TIMESTAMP", "BOOLEAN")


def folder() -> Path:
    """Where the schemas lie."""
    return catalogue.folder() / "schemas"


@dataclass(frozen=True)
class Column:
    """One column of a table; `mode` is NULLABLE or REQUIRED.

    `form` is how its text is written, and `tolerated` the share of its values that may be written otherwise; `refers`
    is the feed whose key it holds. `max_length` counts characters; 0 is what values.py says for all.
    """

    name: str
    type: str = "STRING"
    mode: str = "NULLABLE"
    description: str = ""
    form: Form | None = None
    tolerated: float = 0
    refers: str = ""
    max_length: int = 0


def column_name(header: str) -> str:
    """A legal BigQuery column name for a vendor's header; the one rule, and the only one.

    A table prefix goes (`CC.ID` is `id`), `%` is `pct`, `#` is `number`, all else becomes lower case, and every
    run of other characters than a-z and 0-9 one `_`: `% Score` is `pct_score`, `Student ID` is `student_id`.
    """
    bare = re.sub(r"^\s*(?:\[\d+\])?\w+\.(?=\S)", "", header)
    words = bare.replace("%", " pct ").replace("#", " number ").lower()
    name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


@cache
def columns(dataset: str, table: str) -> tuple[Column, ...]:
    """The columns of `dataset.table`, in order. Raises ConfigurationError."""
    file = folder() / dataset / f"{table}.json"
    try:
        found = tuple(_column(**column) for column in json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{file.name} of {dataset}: {error}",
            expected=f"name, type, mode, description, form, tolerated, maxLength in schemas/{dataset}/{table}.json",
            next_step="write it; the other files of that folder show the form",
        ) from error
    if wrong := sorted({column.type for column in found} - set(TYPES)):
        raise ConfigurationError(
            f"schemas/{dataset}/{table}.json has the type {', '.join(wrong)}",
            expected=f"one of {', '.join(TYPES)}",
            next_step="correct the schema; what is no number and no date is a STRING",
        )
    return found


def _column(*, form: Any = None, maxLength: int = 0, **words: Any) -> Column:
    """A column as the file says it. Raises ValueError, TypeError."""
    if form is None:
        return Column(**words, max_length=maxLength)
    return Column(**words, max_length=maxLength, form=forms.parsed(form), refers=forms.feed_of(form))
