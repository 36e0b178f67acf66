"""A page where its readers find it: in the bucket, below a prefix of its own, or in a folder of this machine.

Nobody is given a right to read it: whoever may read the bucket's prefix, or the folder, reads it.
"""

from pathlib import Path

from pipeline.ground import manifests, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.storage import Stored

# Below it in the bucket.
PREFIX = "pages"
# A reader's browser asks each time whether there is a newer one: a page changes while a morning goes on.
CONTENT, CACHED = "text/html; charset=utf-8", "no-cache"


def publish(file: Path) -> None:
    """Lay a copy of the page where `[report] publish` says. Raises PipelineError, OSError."""
    told = settings.load().report
    if told.to_bucket:
        _to_bucket(file)
    elif told.folder:
        _to_folder(file, told.folder)


def _to_bucket(file: Path) -> None:
    name = f"{PREFIX}/{file.name}"
    digest = manifests.sha256(file)
    there = storage.list_objects(name).get(name, Stored(name))
    if there.metadata.get("sha256") != digest:
        storage.store_text(name, file.read_bytes(), CONTENT, CACHED, {"sha256": digest}, over=there)


def _to_folder(file: Path, folder: Path) -> None:
    """Who may read what lies there is the folder's own matter."""
    if not folder.is_dir():
        raise ConfigurationError(
            f"the page was not published: {folder} is no folder",
            expected="the folder that `publish` of [report] names",
            next_step=f"make it (`sudo install -d -o $(id -un) -m 755 {folder}`), or correct [report] publish",
        )
    with manifests.written(folder / file.name) as draft:
        draft.write_bytes(file.read_bytes())
        draft.chmod(0o644)
