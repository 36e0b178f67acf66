"""The views: `sql/<dataset>/<view>.sql` is the text, the path the name, and what it reads stands in the text."""

import re
from functools import cache
from pathlib import Path

from pipeline import catalogue
from pipeline.ground import manifests
from pipeline.ground.errors import ConfigurationError

# `dataset.table`, as our views write every table they read.
_READ = re.compile(r"`([A-Za-z_]\w*)\.([A-Za-z_][\w-]*)`")


def folder() -> Path:
    """Where the views' texts lie."""
    return catalogue.folder() / "sql"


def names() -> list[str]:
    """Every view, as `dataset.view`."""
    return sorted(f"{file.parent.name}.{file.stem}" for file in folder().glob("*/*.sql"))


@cache
def text(view: str) -> str:
    """The SELECT of `dataset.view`. Raises ConfigurationError."""
    dataset, _, name = view.partition(".")
    file = folder() / dataset / f"{name}.sql"
    try:
        return file.read_text()
    except FileNotFoundError:
        raise ConfigurationError(
            f"no file sql/{dataset}/{name}.sql",
            expected=f"the SELECT of the view {view}",
            next_step="write it, or correct the view's name in the catalogue's deliveries.py",
        ) from None


@cache
def reads(view: str) -> tuple[str, ...]:
    """The tables and views that the view's text names, as `dataset.name`, each once."""
    code = re.sub(r"--[^\n]*|/\*.*?\*/", "", text(view), flags=re.S)
    return tuple(sorted({f"{dataset}.{name}" for dataset, name in _READ.findall(code)}))


@cache
def views_below(view: str) -> tuple[str, ...]:
    """The view and every view that it reads, however deep."""
    below = [view]
    for name in reads(view):
        if (folder() / name.replace(".", "/")).with_name(f"{name.partition('.')[2]}.sql").is_file():
            below += views_below(name)
    return tuple(dict.fromkeys(below))


@cache
def tables_below(view: str) -> tuple[str, ...]:
    """The tables that the view reads, itself or by other views."""
    views = views_below(view)
    return tuple(sorted({name for each in views for name in reads(each)} - set(views)))


def fingerprint(view: str) -> str:
    """Changes when the text of the view, or of a view that it reads, does."""
    return manifests.fingerprint([text(each) for each in views_below(view)])
