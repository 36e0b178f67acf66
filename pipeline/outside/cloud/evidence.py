"""What "done" means in the cloud: an object, a table, a view, and what its metadata, labels or text must say now."""

import datetime as dt
from dataclasses import dataclass

from pipeline.outside.cloud import storage, texts, warehouse


@dataclass(frozen=True)
class ObjectTarget:
    """The object is in the bucket and its metadata hold `expected`."""

    name: str
    expected: dict[str, str]

    def found(self) -> storage.Stored:
        return storage.find(self.name)

    def exists(self) -> bool:
        held = self.found().metadata
        return bool(self.expected) and all(held.get(key) == value for key, value in self.expected.items())


@dataclass(frozen=True)
class TableTarget:
    """The table is in the warehouse and its labels are `expected` (among others)."""

    dataset: str
    table: str
    expected: dict[str, str]

    def as_of(self) -> dt.date | None:
        """The date of what the table holds; None when there is no table or it is being replaced."""
        text = warehouse.find(self.dataset, self.table).labels.get("as_of", "")
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return None

    def exists(self) -> bool:
        held = warehouse.find(self.dataset, self.table).labels
        return bool(self.expected) and all(held.get(key) == value for key, value in self.expected.items())


@dataclass(frozen=True)
class ViewTarget:
    """The warehouse's text of the view is `text`, and we deployed it."""

    dataset: str
    view: str
    text: str

    def exists(self) -> bool:
        return texts.is_deployed(self.dataset, self.view, self.text)
