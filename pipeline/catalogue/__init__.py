"""What the district is: the folder that `[district] catalogue` names, and the rows that stand in it.

    feeds.py       FEEDS        the files that come in          pipeline/catalogue/feed.py says what a row is
    vendors.py     VENDORS      the servers we talk to          pipeline/outside/sftp/vendor.py
    deliveries.py  DELIVERIES   the sets that go out            pipeline/catalogue/delivery.py
    agreements.py  AGREEMENTS   what each vendor may get        pipeline/catalogue/agreement.py
    schools.py     SCHOOLS      the schools of each login at the portal: number and role, by login
    facts.py       FACTS        what the views say of the district itself, by name      pipeline/catalogue/sql.py
    flows/         <vendor>.py  further FEEDS, VENDORS, DELIVERIES, AGREEMENTS: all that concerns one vendor
    schemas/       <dataset>/<table>.json                       pipeline/catalogue/schemas.py
    sql/           <dataset>/<view>.sql                         pipeline/catalogue/sql.py

The folder is a Python package of the district's own, wherever it lies; its modules import each other relatively.
Everything here raises ConfigurationError when the folder, or a row, is not as it must be.
"""

import importlib.util
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.catalogue import where
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError, PipelineError

if TYPE_CHECKING:
    from pipeline.catalogue.agreement import Agreement
    from pipeline.catalogue.delivery import Delivery
    from pipeline.catalogue.feed import Feed
    from pipeline.outside.sftp.vendor import Vendor

# What the district's package is called among Python's modules, wherever it lies.
PACKAGE = "district_catalogue"


def folder() -> Path:
    """Where the catalogue lies."""
    return settings.load().district.catalogue


def feeds() -> dict[str, "Feed"]:
    """Every file that comes in, by the feed's name."""
    found: dict[str, Feed] = _rows(folder(), "feeds", "FEEDS")
    return found


def vendors() -> dict[str, "Vendor"]:
    """Everybody whose server we talk to, by name."""
    found: dict[str, Vendor] = _rows(folder(), "vendors", "VENDORS")
    return found


def deliveries() -> dict[str, "Delivery"]:
    """Every set that goes out, by name; with what the configuration switches off."""
    found: dict[str, Delivery] = _rows(folder(), "deliveries", "DELIVERIES")
    return found


def agreements() -> dict[str, "Agreement"]:
    """What may go to whom, by the agreement's name."""
    found: dict[str, Agreement] = _rows(folder(), "agreements", "AGREEMENTS")
    return found


def schools() -> dict[str, dict[str, str]]:
    """The schools of each login at the portal, and their roles there; none where the catalogue has no schools.py."""
    if not (folder() / "schools.py").is_file():
        return {}
    found: dict[str, dict[str, str]] = _told(folder(), "schools", "SCHOOLS")
    return found


def facts() -> dict[str, str]:
    """What the views say of the district itself, by name; none where the catalogue has no facts.py."""
    if not (folder() / "facts.py").is_file():
        return {}
    found: dict[str, str] = _told(folder(), "facts", "FACTS")
    return found


def rows(module: str, name: str) -> list[tuple[Path, tuple[Any, ...]]]:
    """The rows as they stand there, by file, also those whose name stands there twice."""
    return [(file, tuple(found)) for file, found in _files(folder(), module, name)]


def pages(there: Path) -> list[str]:
    """The modules of the catalogue that hold all of one vendor, by their names among its modules."""
    return [f"flows.{file.stem}" for file in sorted(there.glob("flows/*.py")) if not file.stem.startswith("_")]


def said(page: str) -> dict[str, Any]:
    """Everything that a vendor's page says, by name."""
    _told(folder(), page, "", ())
    return {**vars(sys.modules[f"{PACKAGE}.{page}"])}


def file_of(there: Path, module: str) -> Path:
    """Where a module of the catalogue stands."""
    return there / f"{module.replace('.', '/')}.py"


class _Row(Protocol):
    @property
    def name(self) -> str: ...


@cache
def _rows(folder: Path, module: str, name: str) -> dict[str, Any]:
    """The rows by their names, each of which stands there once."""
    found = _files(folder, module, name)
    for file, here in found:
        if not isinstance(here, list | tuple):
            raise _no_rows(f"{name} of {file} is {type(here).__name__}", name)
        for place, row in enumerate(here, 1):
            if not isinstance(getattr(row, "name", None), str):
                raise _no_rows(f"row {place} of {name} in {file} is {type(row).__name__}", name)
    for error in twice(found, name):
        raise error
    return {row.name: row for _, here in found for row in here}


def _files(folder: Path, module: str, name: str) -> list[tuple[Path, Any]]:
    """What the module says under that name, and what each vendor's page does, by file."""
    told = {module: _told(folder, module, name), **{page: _told(folder, page, name, ()) for page in pages(folder)}}
    return [(file_of(folder, each), said) for each, said in told.items() if each == module or said]


def _no_rows(found: str, name: str) -> ConfigurationError:
    return ConfigurationError(
        found,
        expected=f"{name} = (…), a row for each, with its name",
        next_step="correct it; docs/extend.md shows rows",
    )


def twice(files: Sequence[tuple[Path, Sequence[_Row]]], name: str) -> Iterator[ConfigurationError]:
    """An error for each row whose name a row above it has, or one of an earlier file."""
    first: dict[str, tuple[Path, int, int]] = {}
    for file, rows in files:
        for place, row in enumerate(rows):
            this = (file, place, len(rows))
            if (above := first.setdefault(row.name, this)) != this:
                here, there = (where.row(in_, name, at, total, row.name) for in_, at, total in (this, above))
                files_ = " and ".join(dict.fromkeys(f"{each[0]}" for each in (above, this)))
                other = f"line {there.line}" if there.file == here.file else f"{there}"
                yield ConfigurationError(
                    f"{here}: two rows of {files_} are called {row.name} (the other one: {other})",
                    expected="names that stand there once",
                    next_step="give one of them another name, or take it out",
                )


@cache
def _told(folder: Path, module: str, name: str, otherwise: Any = None) -> Any:
    """What the module of the catalogue says under that name; `otherwise`, if that is given, where it says nothing."""
    package = _package(folder)
    try:
        with _leaving_no_trace():
            spec = importlib.util.find_spec(f"{package.__name__}.{module}")
            if spec is None:
                raise ConfigurationError(
                    f"no {module}.py in the catalogue {folder}",
                    expected=f"{name} in it",
                    next_step="write it (docs/extend.md shows how), or correct `catalogue` of [district]",
                )
            found = importlib.import_module(spec.name)
        return getattr(found, name) if otherwise is None else getattr(found, name, otherwise)
    except PipelineError:
        raise
    except Exception as error:
        raise _broken(error, folder, file_of(folder, module), name) from error


@contextmanager
def _leaving_no_trace() -> Iterator[None]:
    """Nothing is written into the district's folder: no compiled modules."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _package(folder: Path) -> ModuleType:
    """The folder as a package. Another folder takes its place; that is for tests, a process has one district."""
    held = sys.modules.get(PACKAGE)
    if held is not None and list(held.__path__) == [str(folder)]:
        return held
    if not folder.is_dir():
        raise ConfigurationError(
            f"no folder {folder}",
            expected="the district's catalogue, which `catalogue` of [district] names (relative to its file)",
            next_step="correct `catalogue`, or write the catalogue",
        )
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    spec = importlib.util.spec_from_loader(PACKAGE, None, is_package=True)
    assert spec is not None  # noqa: S101  (without a loader none is looked for)
    package = importlib.util.module_from_spec(spec)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package
    return package


def _broken(error: Exception, folder: Path, file: Path, name: str) -> ConfigurationError:
    """The error of a module that cannot be read: which line of the catalogue's is at fault."""
    lines = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename).is_relative_to(folder)]
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}, line {error.lineno}"
    else:
        where = f"{lines[-1].filename}, line {lines[-1].lineno}" if lines else f"{file}"
    return ConfigurationError(
        f"{where}: {type(error).__name__}: {error}",
        expected=f"rows of the catalogue, {name} in {file.name}",
        next_step="correct that line",
    )
