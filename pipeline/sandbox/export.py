"""Several CSV files written row by row side by side, which appear under their names only when all are whole."""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = Sequence[object]


class Table:
    """One file on its way: UTF-8, comma, minimal quoting, LF, header first; `rows` counts what follows it."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path, self._draft, self.rows = path, path.with_name(f".{path.name}.part"), 0
        self._file = self._draft.open("w", encoding="utf-8", newline="")
        self._writer: Any = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(header)

    def add(self, row: Row) -> None:
        self._writer.writerow(row)
        self.rows += 1

    def extend(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.add(row)

    def close(self) -> None:
        self._file.close()

    def publish(self, mtime: float) -> None:
        os.utime(self._draft, (mtime, mtime))
        self._draft.replace(self._path)

    def discard(self) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)


@contextmanager
def exports(folder: Path, headers: Mapping[str, Sequence[str]], mtime: float) -> Iterator[dict[str, Table]]:
    """Tables by file name. After the block every file is in `folder`, last modified at `mtime` (seconds since
    1970), in the place of what was there before; if the block raises, nothing in the folder has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Table] = {}
    try:
        for name, header in headers.items():
            tables[name] = Table(folder / name, header)
        yield tables
        for table in tables.values():
            table.close()
        for table in tables.values():
            table.publish(mtime)
    finally:
        for table in tables.values():
            table.discard()
