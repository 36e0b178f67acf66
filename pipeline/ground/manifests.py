"""Files on disk that are there and whole, or not there; and the manifest beside each that says what it is.

A manifest is written last. A kill at any instant leaves either no manifest (the work is done again) or a whole
file with a true manifest. Files hold personal data: 0600 in folders of 0700.
"""

import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def folder(path: Path) -> Path:
    """`path` as a folder; it, and what is missing above it, is made so that only we may enter."""
    for each in reversed((path, *path.parents)):
        if not each.is_dir():
            each.mkdir(mode=0o700, exist_ok=True)
    return path


def beside(path: Path) -> Path:
    """Where a whole new file waits to take the place of `path`, by `replace`."""
    return path.with_name(f".{path.name}.new")


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path`, flushed to disk, when the block ends well; else it goes.

    The temporary name is always the same one: what a killed run left is overwritten, not piled up.
    """
    folder(path.parent)
    draft = path.with_name(f".{path.name}.part")
    with suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600)) as own:  # open: its number is nobody else's
        try:
            yield draft
            _flush(draft)
            draft.replace(path)
        except BaseException:  # it may be what has filled the disk
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(own.fileno()), draft.stat()):  # or it is somebody's later one
                    draft.unlink()
            raise
    _flush(path.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save(path: Path, manifest: dict[str, Any]) -> None:
    """Write `manifest` as JSON, atomically. What is no UTF-8 in a file's name is written as JSON's own escape."""
    with written(path) as draft:
        draft.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", errors="backslashreplace")


def replace(path: Path, new: Path, manifest_path: Path, manifest: dict[str, Any]) -> None:
    """The file `new`, which lies beside `path`, takes its place, and `manifest` that of the old one's manifest.

    What tells of the old file goes first: a kill in between leaves a file of which nothing is told, never one of which
    something wrong is.
    """
    manifest_path.unlink(missing_ok=True)
    _flush(folder(manifest_path.parent))
    new.replace(path)
    save(manifest_path, manifest)


def now() -> str:
    """The moment, as manifests tell it: UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def load(path: Path) -> dict[str, Any] | None:
    """The manifest, or None when there is none (or what is there is not one of ours)."""
    try:
        manifest = json.loads(_text(path))
    except (FileNotFoundError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


# The texts of files that were read, each with what its file was then: inode, bytes, time of the last change (ns).
_texts: dict[str, tuple[tuple[int, int, int], str]] = {}
# A file that was changed within so many nanoseconds may change once more and look the same: its text is not kept.
_RACY = 100_000_000


def _text(path: Path) -> str:
    """The file's text: a morning asks for each manifest a hundred times, and nearly none changes in between."""
    name, found = os.fspath(path), path.stat()
    mark = (found.st_ino, found.st_size, found.st_mtime_ns)
    held = _texts.get(name)
    if held and held[0] == mark:
        return held[1]
    text = path.read_text()
    if time.time_ns() - found.st_mtime_ns > _RACY:
        _texts[name] = mark, text
    return text


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*parts: object) -> str:
    """40 hex digits that change when any part does; short enough for a label (63 characters at most)."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:40]
