"""Whether a value of a prepared CSV holds a line end. BigQuery cannot divide such a file: one reader reads it alone,
and takes no more than 4 GB of it (Tigani and Naidu, Google BigQuery Analytics, "Limits and Quotas" of load jobs)."""

from collections.abc import Mapping
from typing import Any

from pipeline.ground.errors import WarehouseError
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.storage import Stored

# Bytes of a file that cannot be divided.
LARGEST = 4 << 30


def known(prepared: Mapping[str, Any]) -> bool:
    """Whether the manifest of a prepared CSV says it, where that matters; an older engine's does not."""
    return "line_ends" in prepared or prepared["size"] <= LARGEST


def told(prepared: Mapping[str, Any]) -> dict[str, str]:
    """What the object's metadata say, of what the manifest says."""
    return {"line_ends": "no"} if prepared.get("line_ends") is False else {}


def wanted(prepared: Mapping[str, Any]) -> dict[str, str]:
    """Of these, what the metadata must say for the object to count: of so large a file, all of it."""
    return told(prepared) if prepared["size"] > LARGEST else {}


def may_hold(stored: Stored) -> bool:
    """Whether a value of the object may hold a line end."""
    return stored.metadata.get("line_ends") != "no"


def refuse_too_large(stored: Stored) -> None:
    """Raises WarehouseError, where BigQuery would not take it."""
    if may_hold(stored) and stored.size > LARGEST:
        raise WarehouseError(
            f"{storage.uri(stored.name)} has {stored.size:,} bytes, and its values may hold line ends",
            expected=f"at most {LARGEST:,}, which is all that BigQuery takes of such a file",
            next_step="write the columns that hold line ends into `trimmed` of the feed's row, which makes blanks of "
            "them: then it takes a larger one; or ask the vendor for smaller files",
        )
