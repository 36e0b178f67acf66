"""What the district is: the folder that `[district] catalogue` names, and the rows that stand in it.

    feeds.py       FEEDS        the files that come in          pipeline/catalogue/feed.py says what a row is
    vendors.py     VENDORS      the servers we talk to          pipeline/outside/sftp/vendor.py
    deliveries.py  DELIVERIES   the sets that go out            pipeline/catalogue/delivery.py
    agreements.py  AGREEMENTS   what each vendor may get        pipeline/catalogue/agreement.py
    schools.py     SCHOOLS      the schools of each login at the portal: number and role, by login
    facts.py       FACTS        what the views say of the district itself, by name      pipeline/catalogue/sql.py
    schemas/       <dataset>/<table>.json                       pipeline/catalogue/schemas.py
    sql/           <dataset>/<view>.sql                         pipeline/catalogue/sql.py

The folder is a Python package of the district's own, wherever it lies; its modules import each other relatively.
Everything here raises ConfigurationError when the folder, or a row, is not as it must be.
"""

import importlib.util
import sys
import traceback
from collections.abc import Iterator, Sequence
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


def rows(module: str, name: str) -> tuple[Any, ...]:
    """The rows as they stand there, also those whose name stands there twice."""
    return tuple(_told(folder(), module, name))


class _Row(Protocol):
    @property
    def name(self) -> str: ...


@cache
def _rows(folder: Path, module: str, name: str) -> dict[str, Any]:
    """The rows by their names, each of which stands there once."""
    found = _told(folder, module, name)
    if not isinstance(found, list | tuple):
        raise _no_rows(f"{name} of {folder}/{module}.py is {type(found).__name__}", name)
    for place, row in enumerate(found, 1):
        if not isinstance(getattr(row, "name", None), str):
            raise _no_rows(f"row {place} of {name} in {folder}/{module}.py is {type(row).__name__}", name)
    for error in twice(found, folder / f"{module}.py", name):
        raise error
    return {row.name: row for row in found}


def _no_rows(found: str, name: str) -> ConfigurationError:
    return ConfigurationError(
        found,
        expected=f"{name} = (…), a row for each, with its name",
        next_step="correct it; docs/extend.md shows rows",
    )


def twice(rows: Sequence[_Row], file: Path, name: str) -> Iterator[ConfigurationError]:
    """An error for each row whose name a row above it has."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        if (above := first.setdefault(row.name, place)) != place:
            here, there = (where.row(file, name, each, len(rows), row.name) for each in (place, above))
            yield ConfigurationError(
                f"{here}: two rows of {file} are called {row.name} (the other one: line {there.line})",
                expected="names that stand there once",
                next_step="give one of them another name, or take it out",
            )


@cache
def _told(folder: Path, module: str, name: str) -> Any:
    """What the module of the catalogue says under that name."""
    package = _package(folder)
    try:
        spec = importlib.util.find_spec(f"{package.__name__}.{module}")
        if spec is None:
            raise ConfigurationError(
                f"no {module}.py in the catalogue {folder}",
                expected=f"{name} in it",
                next_step="write it (docs/extend.md shows how), or correct `catalogue` of [district]",
            )
        return getattr(importlib.import_module(spec.name), name)
    except PipelineError:
        raise
    except Exception as error:
        raise _broken(error, folder / f"{module}.py", name) from error


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


def _broken(error: Exception, file: Path, name: str) -> ConfigurationError:
    """The error of a module that cannot be read: which line of the catalogue's is at fault."""
    lines = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename).parent == file.parent]
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}, line {error.lineno}"
    else:
        where = f"{lines[-1].filename}, line {lines[-1].lineno}" if lines else f"{file}"
    return ConfigurationError(
        f"{where}: {type(error).__name__}: {error}",
        expected=f"rows of the catalogue, {name} in {file.name}",
        next_step="correct that line",
    )
