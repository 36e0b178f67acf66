"""Whether a value of a prepared CSV holds a line end. BigQuery cannot divide such a file: one reader reads it alone,
and takes no more than 4 GB of it (Tigani and Naidu, Google BigQuery Analytics, "Limits and Quotas" of load jobs)."""

from collections.abc import Mapping
from typing import Any

from pipeline.ground.errors import WarehouseError
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.storage import Stored

# Bytes of a file that cannot be divided.
LARGEST = 4 << 30


def told(prepared: Mapping[str, Any]) -> dict[str, str]:
    """What the object's metadata say, of what the manifest of the prepared CSV says; an older engine's does not."""
    return {"line_ends": "no"} if prepared.get("line_ends") is False else {}


def of(stored: Stored) -> bool:
    """Whether a value of the object may hold one."""
    return stored.metadata.get("line_ends") != "no"


def refuse_too_large(stored: Stored) -> None:
    """Raises WarehouseError, where BigQuery would not take it."""
    if of(stored) and stored.size > LARGEST:
        raise WarehouseError(
            f"{storage.uri(stored.name)} has {stored.size:,} bytes, and line ends within its values",
            expected=f"at most {LARGEST:,}, which is all that BigQuery takes of such a file",
            next_step="write the columns that hold line ends into `trimmed` of the feed's row, which makes blanks of "
            "them: then it takes a file of any size; or ask the vendor for smaller ones",
        )
