"""What is done to files: each fault replaces one file by a damaged one, and keeps the first original aside.

A damaged file is written elsewhere and moved into place, so that no server ever shows half of it by accident.
`heal` puts an original back unless the vendor has written the file anew since; it then has the time of now,
as when the vendor sends it again.
"""

import csv
import io
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.sandbox.faults import Fault, FaultFile, next_id
from pipeline.sandbox.places import Places

Rows = list[list[str]]
# What a vendor corrects, the likeliest first, and what identifies a row and so stays.
_LIKELY = [re.compile(words, re.I) for words in ("raw score|points earned", "street|room|phone|max_enrollment")]
_IDENTITY = re.compile(r"id$|number$|login|code|date|class$|assessment$", re.I)


def newest(places: Places, pattern: str) -> Path:
    """The newest file that matches a pattern relative to the SFTP roots. Raises FileNotFoundError."""
    found = [path for path in places.sftp.glob(pattern) if path.is_file()]
    if not found or not all(path.resolve().is_relative_to(places.sftp.resolve()) for path in found):
        raise FileNotFoundError(f"nothing under {places.sftp} matches {pattern}")
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def damage(places: Places, name: str, pattern: str, options: dict[str, Any]) -> str:
    """Do the file fault `name`; one line that says what was done."""
    path = newest(places, pattern)
    record = FaultFile(places.faults)
    with record.change() as faults:
        kept = _keep(places, faults, path)
        _DO[name](places, path, options)
        left = None if name == "late" else _identity(path, growing=name == "growing")
        where = str(path.relative_to(places.sftp))
        faults[:] = [replace(fault, left=left) if fault.path == where else fault for fault in faults]
        faults.append(Fault(next_id(faults), name, "", options, where, kept, left))
    return f"{name}: {where}"


def _keep(places: Places, faults: list[Fault], path: Path) -> str:
    """A copy of the file as it was before the first fault that is on for it."""
    where = str(path.relative_to(places.sftp))
    if earlier := next((fault for fault in faults if fault.path == where), None):
        return earlier.kept
    places.aside.mkdir(parents=True, exist_ok=True)
    kept = f"{time.time_ns()}-{path.name}"
    shutil.copy2(path, places.aside / kept)
    return kept


def _identity(path: Path, *, growing: bool = False) -> list[int]:
    """Tells the file that a fault left from one that the vendor wrote later."""
    found = path.stat()
    return [found.st_ino] if growing else [found.st_ino, found.st_mtime_ns]


def heal(places: Places, only: str = "") -> list[str]:
    """Undo the faults that are on (or those called `only`); one line for each."""
    record = FaultFile(places.faults)
    with record.change() as faults:
        undone = [fault for fault in faults if only in ("", fault.name)]
        faults[:] = [fault for fault in faults if fault not in undone]
        said = [f"{fault.name} {fault.target}".strip() + ": over" for fault in undone if not fault.path]
        files = {fault.path: fault for fault in undone if fault.path}
        return said + [_put_back(places, fault) for fault in files.values()]


def _put_back(places: Places, fault: Fault) -> str:
    path, kept = places.sftp / fault.path, places.aside / fault.kept
    there = _identity(path)[: len(fault.left or [0, 0])] if path.exists() else None
    if there != fault.left:
        kept.unlink(missing_ok=True)
        return f"{fault.name}: {fault.path} was written anew since, and stays"
    if not kept.exists():
        return f"{fault.name}: the original of {fault.path} is gone"
    if fault.name != "taken":
        os.utime(kept)
    kept.replace(path)
    return f"{fault.name}: {fault.path} is as it was"


def take_delivered(places: Places, vendor: str) -> str:
    """The vendor removes every file that it did not write itself."""
    from pipeline.sandbox import folders

    account = places.account(vendor)
    own = [account.root / folder for folder in folders.own(places, vendor)]
    files = [
        path
        for path in sorted(account.root.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(folder) for folder in own)
    ]
    with FaultFile(places.faults).change() as faults:
        for path in files:
            kept = _keep(places, faults, path)
            path.unlink()
            faults.append(Fault(next_id(faults), "taken", vendor, {}, str(path.relative_to(places.sftp)), kept))
    return f"taken: {len(files)} files of {vendor}"


def grow(places: Places, faults: FaultFile) -> None:
    """One more piece for each growing file; the running sandbox calls it every 0.2 s."""
    for fault in faults.active():
        path = places.sftp / fault.path
        if fault.name == "growing" and path.exists() and _identity(path, growing=True) == fault.left:
            _append(path)


def _append(path: Path) -> None:
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 100))
        piece = file.read(64)
        file.seek(end)
        file.write(piece)


def _replace(places: Places, path: Path, content: bytes) -> None:
    places.aside.mkdir(parents=True, exist_ok=True)
    beside = places.aside / "beside"
    beside.write_bytes(content)
    beside.chmod(path.stat().st_mode)
    beside.replace(path)


def _late(places: Places, path: Path, options: dict[str, Any]) -> None:
    path.unlink()


def _truncated(places: Places, path: Path, options: dict[str, Any]) -> None:
    content = path.read_bytes()
    if options["mid_row"]:
        cut = int(len(content) * options["keep"])
        _replace(places, path, content[: cut - 1 if content[cut - 1 : cut] == b"\n" else cut])
        return
    header, *rows = content.splitlines(keepends=True)
    _replace(places, path, header + b"".join(rows[: int(len(rows) * options["keep"])]))


def _again(places: Places, path: Path, options: dict[str, Any]) -> None:
    _replace(places, path, path.read_bytes())


def _stale(places: Places, path: Path, options: dict[str, Any]) -> None:
    earlier = path.stat().st_mtime - 3600 * options["hours"]
    _replace(places, path, path.read_bytes())
    os.utime(path, (earlier, earlier))


def _empty(places: Places, path: Path, options: dict[str, Any]) -> None:
    _replace(places, path, b"")


def _header_only(places: Places, path: Path, options: dict[str, Any]) -> None:
    _replace(places, path, path.read_bytes().partition(b"\n")[0] + b"\n")


def _encoding(places: Places, path: Path, options: dict[str, Any]) -> None:
    _replace(places, path, path.read_text("utf-8-sig").encode(options["to"], errors="replace"))


def _growing(places: Places, path: Path, options: dict[str, Any]) -> None:
    _replace(places, path, path.read_bytes())
    _append(path)


def _corrected(places: Places, path: Path, options: dict[str, Any]) -> None:
    """One line in the middle of the file differs; every other byte is as it was."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    delimiter = _delimiter(lines[0])
    [header] = csv.reader([lines[0]], delimiter=delimiter)
    number, row, column = _changeable(lines, header, delimiter)
    row[column] = _another(row[column])
    lines[number] = _written([row], delimiter, quote_all=lines[number].startswith('"'))
    _replace(places, path, "".join(lines).encode())


def _changeable(lines: list[str], header: list[str], delimiter: str) -> tuple[int, list[str], int]:
    """(line, its fields, the column to change), of the first line after the middle that has such a field."""
    columns = sorted(
        (place for place, name in enumerate(header) if not _IDENTITY.search(name)),
        key=lambda place: [not words.search(header[place]) for words in _LIKELY],
    )
    for number in [*range(len(lines) // 2, len(lines)), *range(1, len(lines) // 2)]:
        [row] = csv.reader([lines[number]], delimiter=delimiter)
        for column in columns if len(row) == len(header) and number > 0 else []:
            if row[column]:
                return number, row, column
    raise ValueError("no row has a value that could be corrected")


def _another(value: str) -> str:
    """A number's neighbour, or the text with a small addition."""
    if re.fullmatch(r"\d+", value):
        return str(int(value) - 1 if int(value) else 1).zfill(len(value))
    return value + " B"


def _header(places: Places, path: Path, options: dict[str, Any]) -> None:
    def change(rows: Rows) -> Rows:
        header = rows[0]
        if options["rename"]:
            old, _, new = options["rename"].partition("=")
            header[header.index(old)] = new
        if options["add"]:
            return [[*row, options["add"] if row is header else ""] for row in rows]
        if options["drop"]:
            place = header.index(options["drop"])
            return [row[:place] + row[place + 1 :] for row in rows]
        if options["move"]:
            place = header.index(options["move"])
            return [row[:place] + row[place + 1 :] + [row[place]] for row in rows]
        return rows

    _rewrite(places, path, change)


def _zeros(places: Places, path: Path, options: dict[str, Any]) -> None:
    def change(rows: Rows) -> Rows:
        return [rows[0], *([re.sub(r"^0+(?=\d+$)", "", value) for value in row] for row in rows[1:])]

    _rewrite(places, path, change)


def _booleans(places: Places, path: Path, options: dict[str, Any]) -> None:
    words = {"1": "True", "0": "False"}

    def change(rows: Rows) -> Rows:
        place = rows[0].index(options["column"])
        return [rows[0], *([*row[:place], words.get(row[place], row[place]), *row[place + 1 :]] for row in rows[1:])]

    _rewrite(places, path, change)


def _rewrite(places: Places, path: Path, change: Callable[[Rows], Rows]) -> None:
    text = path.read_text("utf-8")
    delimiter = _delimiter(text.partition("\n")[0])
    rows = change(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    _replace(places, path, _written(rows, delimiter, quote_all=text.startswith('"')).encode())


def _written(rows: Rows, delimiter: str, *, quote_all: bool) -> str:
    out = io.StringIO(newline="")
    csv.writer(
        out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    ).writerows(rows)
    return out.getvalue()


def _delimiter(header: str) -> str:
    return "\t" if header.count("\t") > header.count(",") else ","


_DO: dict[str, Callable[[Places, Path, dict[str, Any]], None]] = {
    "late": _late,
    "corrected": _corrected,
    "truncated": _truncated,
    "again": _again,
    "stale": _stale,
    "header": _header,
    "empty": _empty,
    "header-only": _header_only,
    "encoding": _encoding,
    "zeros": _zeros,
    "booleans": _booleans,
    "growing": _growing,
}
