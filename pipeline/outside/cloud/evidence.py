"""What "done" means in the cloud: an object, a table, a view, and what its metadata, labels or text must say now."""

import datetime as dt
from dataclasses import dataclass

from pipeline.outside.cloud import helpers, storage, texts, warehouse


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
        if not self.expected:
            return False
        is_so = self._is_told(warehouse.find(self.dataset, self.table).labels)
        return is_so or (helpers.are_there() and self.exists_now())

    def exists_now(self) -> bool:
        """By the table itself, as it is this moment."""
        return bool(self.expected) and self._is_told(warehouse.find_now(self.dataset, self.table).labels)

    def _is_told(self, held: dict[str, str]) -> bool:
        return all(held.get(key) == value for key, value in self.expected.items())


@dataclass(frozen=True)
class ViewTarget:
    """The warehouse's text of the view is `text`, and we deployed it."""

    dataset: str
    view: str
    text: str

    def exists(self) -> bool:
        is_so = texts.is_deployed(self.dataset, self.view, self.text)
        return is_so or (helpers.are_there() and texts.is_deployed_now(self.dataset, self.view, self.text))
