"""A scratch dataset and scratch objects: what the real services do where the pipeline counts on it.

Each method tries one thing, by the adapters' own functions where they have one, and returns what came of it.
"""

import datetime as dt
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from google.api_core.exceptions import Conflict, PreconditionFailed
from google.cloud import bigquery

from pipeline.ground import cloud, settings
from pipeline.outside.cloud import aside, datasets, jobs, storage, texts, warehouse

# Below it lie all scratch objects, each trial's in a folder of its own.
PREFIX = "doctor"
# What a file of a vendor may hold: quotation marks, a line end in them, umlauts, leading zeros, an empty quoted value.
UGLY = 'id,name,note\n0004127,"O\'Brien, ""Bo""","two\nlines"\n0000001,Müller-Łukasz,""\n007,Nuñez,\n'
ROWS = (
    {"id": "0000001", "name": "Müller-Łukasz", "note": None},
    {"id": "0004127", "name": 'O\'Brien, "Bo"', "note": "two\nlines"},
    {"id": "007", "name": "Nuñez", "note": None},
)
VIEW = "-- Ümläut, \"marks\", a tab:\t.\nSELECT id, 'it\\'s' AS `Text`  FROM `{dataset}.ugly`\n\n-- its end\n"
# Labels are changed so often when a correction follows a load at once.
PATCHES = 6
# Seconds for which a change is waited for in a listing.
LONGEST = 30.0


@dataclass(frozen=True)
class _Column:
    name: str
    type: str = "STRING"
    mode: str = "NULLABLE"
    description: str = ""


COLUMNS = (_Column("id", mode="REQUIRED"), _Column("name"), _Column("note"))


@dataclass(frozen=True)
class Scratch:
    """One trial, in a dataset that is its own: see aside."""

    dataset: str

    @property
    def folder(self) -> str:
        return f"{PREFIX}/{self.dataset}"

    @property
    def _object(self) -> str:
        return f"{self.folder}/ugly.csv"

    @property
    def _labels(self) -> dict[str, str]:
        return {"as_of": dt.date.today().isoformat(), "sha": "0123abcd", "rows": str(len(ROWS))}

    @property
    def _table(self) -> str:
        return f"{self._place}.ugly"

    # ---------------------------------------------------------------------------------------------- objects

    def stored(self) -> None:
        """Put the ugly file into the bucket, which is made where there is none. Raises WarehouseError."""
        with tempfile.TemporaryDirectory() as own:
            file = Path(own) / "ugly.csv"
            file.write_text(UGLY, encoding="utf-8", newline="")
            storage.store_file(file, self._object, {"sha256": "0123abcd"}, storage.Stored(self._object))

    def second_write_refused(self) -> bool:
        """Whether a write that expects no object there is answered by 412. Raises WarehouseError."""
        with cloud.STORAGE.explained(f"writing {storage.uri(self._object)} once more"):
            try:
                storage._bucket().blob(self._object).upload_from_string(
                    "other", if_generation_match=0, **cloud.STORAGE.patience()
                )
            except PreconditionFailed:
                return True
        return False

    # ----------------------------------------------------------------------------------------------- tables

    def loaded(self) -> list[dict[str, Any]]:
        """The rows of the ugly file, loaded as a feed's is. Raises WarehouseError."""
        uri, job = storage.uri(self._object), f"doctor_{self.dataset}"
        warehouse.load(uri, self.dataset, "ugly", COLUMNS, self._labels, job, days=aside.DAYS)
        return warehouse.ask(f"SELECT * FROM `{self.dataset}.ugly` ORDER BY id", "reading the loaded rows")  # noqa: S608

    def job_id_refused(self) -> bool:
        """Whether a second job of one id is answered by 409; the first replaces the table. Raises WarehouseError."""
        config = warehouse.replacing(COLUMNS)
        uri, patience = storage.uri(self._object), cloud.BIGQUERY.patience()
        begin = partial(warehouse._client().load_table_from_uri, uri, self._table, **patience)
        with cloud.BIGQUERY.explained("loading twice under one job id"):
            first = jobs.finished(warehouse._client(), begin, config)
            try:
                begin(job_id=first.job_id, job_config=config)
            except Conflict:
                return True
        return False

    def labels(self) -> dict[str, str]:
        """The table's labels as they are now. Raises WarehouseError."""
        with cloud.BIGQUERY.explained("reading the table's labels"):
            return dict(warehouse._client().get_table(self._table, **cloud.BIGQUERY.patience()).labels)

    def labels_kept(self) -> bool:
        """Whether the labels are there after the load that came last. Raises WarehouseError."""
        return self._labels.items() <= self.labels().items()

    def patched(self) -> float:
        """Change the labels PATCHES times at once; the seconds that it took. Raises WarehouseError."""
        begun = time.monotonic()
        with cloud.BIGQUERY.explained(f"changing a table's labels {PATCHES} times"):
            for number in range(PATCHES):
                self._patch(f"n{number}")
        return time.monotonic() - begun

    def listed(self) -> float | None:
        """Seconds until a listing shows a label that was just changed; None when it does not within LONGEST.

        Raises WarehouseError.
        """
        with cloud.BIGQUERY.explained("listing what was just changed"):
            self._patch("now")
            begun = time.monotonic()
            while (waited := time.monotonic() - begun) < LONGEST:
                found = warehouse._client().list_tables(self._place, **cloud.BIGQUERY.patience())
                if any(item.table_id == "ugly" and item.labels.get("sha") == "now" for item in found):
                    return waited
                time.sleep(min(0.5, LONGEST))
        return None

    def _patch(self, sha: str) -> None:
        change = bigquery.Table(self._table)
        change.labels = {"sha": sha}
        warehouse._client().update_table(change, ["labels"], **cloud.BIGQUERY.patience())

    @property
    def _place(self) -> str:
        return datasets.place(self.dataset)

    # ------------------------------------------------------------------------------------- views and extracts

    def view_kept(self) -> bool:
        """Whether a view's text comes back byte for byte. Raises WarehouseError."""
        text = VIEW.format(dataset=self.dataset)
        texts.deploy(self.dataset, "ugly_view", text)
        warehouse.forget()
        return texts.of(self.dataset, "ugly_view") == text

    def extracted(self) -> int:
        """Write the table into the bucket and bring it back: its lines, with one header. Raises WarehouseError."""
        lines = 1
        for name in warehouse.extract(self.dataset, "ugly", f"{self.folder}/extract"):
            with tempfile.TemporaryDirectory() as own:
                storage.fetch(name, Path(own) / "extract.csv")
                lines += (Path(own) / "extract.csv").read_text(encoding="utf-8").count("\n") - 1
        return lines

    # ---------------------------------------------------------------------------------------------- the end

    def clear(self) -> None:
        """Remove its objects. Raises WarehouseError."""
        for name in storage.list_objects(f"{self.folder}/"):
            storage.remove(name)

    @staticmethod
    def sweep() -> None:
        """Remove the objects of trials that were killed: whose dataset has gone since. Raises WarehouseError."""
        there = aside.names()
        for name in storage.list_objects(f"{PREFIX}/"):
            if name.split("/")[1] not in there:
                storage.remove(name)

    @property
    def by_hand(self) -> tuple[str, str]:
        """How a person removes the dataset, and the objects."""
        place = f"{settings.load().district.project}:{self.dataset}"
        return f"bq rm -r -f -d {place}", f"gcloud storage rm -r {storage.uri(self.folder)}"
