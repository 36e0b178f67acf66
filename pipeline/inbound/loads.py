"""What the history is told of a table that is loaded (outbound/happened.py): counts, times and words, and no value."""

import datetime as dt
from typing import Any

from pipeline.catalogue.feed import Feed
from pipeline.inbound.evidence import LandedTarget, PreparedTarget


def told(feed: Feed, date: dt.date, sha: str) -> dict[str, Any]:
    """Of the feed's file of that date, which is prepared; `sha` is that of the table's label."""
    prepared = PreparedTarget(feed, date).manifest() or {}
    found = [LandedTarget(feed, source.name, date).manifest() for source in feed.sources]
    landed = [manifest for manifest in found if manifest]
    changed = max((manifest["mtime"] for manifest in landed), default=None)
    return {
        "kind": "table",
        "flow": feed.name,
        "dataset": feed.dataset,
        "date": date.isoformat(),
        "sha": sha,
        "rows": prepared.get("rows", 0),
        "parts": prepared.get("part_rows", {}),  # an older engine's manifest does not say
        "bytes": sum(int(manifest["size"]) for manifest in landed),
        "changed_at": changed and dt.datetime.fromtimestamp(changed, dt.UTC).isoformat(timespec="seconds"),
        "landed_at": max((manifest["landed_at"] for manifest in landed), default=None),
        "remarks": list(filter(None, (*remarks(prepared), same(landed)))),
    }


def remarks(prepared: dict[str, Any]) -> list[str]:
    """What the manifest of a prepared file says was odd in it."""
    odd = sorted({codec for codec in prepared.get("encodings", {}).values() if codec != "utf-8"})
    return ([f"was {', '.join(odd)}"] if odd else []) + list(prepared.get("told", []))


def same(landed: list[dict[str, Any]]) -> str:
    """That the vendor's files say today what they said on another day; '' where they do not."""
    days = sorted({str(manifest["same_as"]) for manifest in landed if "same_as" in manifest})
    return f"the same bytes as on {days[-1]}" if days and all("same_as" in each for each in landed) else ""
