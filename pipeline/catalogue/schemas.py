"""The contracts' columns: `schemas/<dataset>/<table>.json`, in BigQuery's own JSON schema format.

Beside BigQuery's own words a column may have a `form` (forms.py, beside this) and the share of its values that may
break it, `tolerated`, 0 when it does not say.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import forms, where
from pipeline.catalogue.limits import Form
from pipeline.ground.errors import ConfigurationError, did_you_mean

TYPES = ("STRING", "INTEGER", "NUMERIC", "FLOAT", "DATE", "TIMESTAMP", "BOOLEAN")
MODES = ("NULLABLE", "REQUIRED")


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


def file(dataset: str, table: str) -> Path:
    """Where the schema of `dataset.table` lies."""
    return folder() / dataset / f"{table}.json"


def of_table(name: str) -> tuple[str, str]:
    """Dataset and name of the schema of `dataset.table`; `<table>_previous` has the columns of the table."""
    dataset, _, table = name.removesuffix("_previous").partition(".")
    return dataset, table


def types(name: str) -> dict[str, str]:
    """The type of each column of `dataset.table`. Raises ConfigurationError."""
    return {column.name: column.type for column in columns(*of_table(name))}


@cache
def columns(dataset: str, table: str) -> tuple[Column, ...]:
    """The columns of `dataset.table`, in order. Raises ConfigurationError."""
    for error in wrong(dataset, table):
        raise error
    return tuple(_column(**column) for column in _told(dataset, table))


@cache
def wrong(dataset: str, table: str) -> tuple[ConfigurationError, ...]:
    """An error for each column that cannot be read, by file and line."""
    return tuple(_wrong(dataset, table))


def _wrong(dataset: str, table: str) -> Iterator[ConfigurationError]:
    try:
        told = _told(dataset, table)
    except ConfigurationError as error:
        yield error
        return
    there = file(dataset, table)
    for words in told:
        try:
            column = _column(**words)
        except (ValueError, TypeError) as error:
            yield ConfigurationError(
                f"{_line(there, words)}: {str(error).replace('_column()', 'a column')}",
                expected="name, type, mode, description, form, tolerated, maxLength of a column",
                next_step="correct that column; the other files of that folder show the form",
            )
            continue
        for word, found, known in (("type", column.type, TYPES), ("mode", column.mode, MODES)):
            if found not in known:
                yield ConfigurationError(
                    f"{_line(there, words)}: the column {column.name} has the {word} {found}",
                    expected=f"one of {', '.join(known)}",
                    next_step=did_you_mean(f"{found}".upper(), known, "correct the schema")
                    if word == "mode"
                    else "correct the schema; what is no number and no date is a STRING",
                )


def _told(dataset: str, table: str) -> list[dict[str, Any]]:
    """What the file says. Raises ConfigurationError."""
    there = file(dataset, table)
    try:
        found = json.loads(there.read_text())
        if not (isinstance(found, list) and all(isinstance(each, dict) for each in found)):
            raise ValueError("no list of columns")
    except (FileNotFoundError, ValueError) as error:
        what = "no such file" if isinstance(error, FileNotFoundError) else f"{error}"
        raise ConfigurationError(
            f"{there}, line {getattr(error, 'lineno', 1)}: {what}",
            expected=f"the columns of {dataset}.{table}, in schemas/{dataset}/{table}.json",
            next_step="correct or write it; the other files of that folder show the form",
        ) from error
    return found


def _line(there: Path, words: dict[str, Any]) -> where.Where:
    return where.text(there, f'"{words.get("name", "")}"')


def _column(*, name: str, form: Any = None, maxLength: int = 0, **words: Any) -> Column:
    """A column as the file says it. Raises ValueError, TypeError."""
    if form is None:
        return Column(name, **words, max_length=maxLength)
    return Column(name, **words, max_length=maxLength, form=forms.parsed(form), refers=forms.feed_of(form))
