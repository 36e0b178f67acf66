"""Copies of personal data do not stay longer than they are needed."""

import datetime as dt
import re
import shutil
from pathlib import Path

from pipeline import settings

_DATED = re.compile(r"^(\d{4}-\d{2}-\d{2})(?:-[0-9a-f]+)?$")


def old_copies(today: dt.date) -> list[Path]:
    """Remove the dated folders below the landing area (quarantine included) that are older than `landing_days`.

    What was made of them stands in the bucket and the warehouse; a re-run of such a date finds its files gone.
    Returns the folders that were removed.
    """
    told = settings.load().district
    oldest = today - dt.timedelta(days=told.landing_days)
    removed = []
    for folder in sorted([*told.landing.glob("*/*"), *told.landing.glob("quarantine/*/*")]):
        date = _date(folder.name)
        if date and folder.is_dir() and date < oldest:
            shutil.rmtree(folder)
            removed.append(folder)
    return removed


def _date(name: str) -> dt.date | None:
    """The date with which a folder's name begins, when the name is one of ours."""
    match = _DATED.match(name)
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
