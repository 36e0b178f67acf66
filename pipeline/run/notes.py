"""How a run ended, on whatever machine: one note a wrapper and date, which the next run's takes the place of.

Reading one imports no Luigi: the operator's commands do.
"""

import datetime as dt
from pathlib import Path
from typing import Any

from pipeline.ground import manifests, settings
from pipeline.outside.cloud import documents


def of(name: str, date: dt.date) -> dict[str, Any] | None:
    """What the last run of the wrapper for that date left; None when there was none."""
    return documents.latest(_path(name, date), "ended_at")


def keep(name: str, date: dt.date, told: dict[str, Any]) -> None:
    """Leave `told`, with the moment. Raises OSError."""
    documents.keep(_path(name, date), {"ended_at": manifests.now(), **told})


def _path(name: str, date: dt.date) -> Path:
    return settings.load().district.landing / "runs" / f"{name.lower()}-{date}.json"
