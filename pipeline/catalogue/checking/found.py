"""The catalogue as it stands in its files: its rows, also those of a name that stands there twice, and their lines."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipeline import catalogue
from pipeline.catalogue import where
from pipeline.catalogue.agreement import Agreement
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, PipelineError, did_you_mean
from pipeline.outside.sftp.vendor import Vendor

KINDS: dict[str, tuple[str, type[Any]]] = {
    "feeds": ("FEEDS", Feed),
    "vendors": ("VENDORS", Vendor),
    "deliveries": ("DELIVERIES", Delivery),
    "agreements": ("AGREEMENTS", Agreement),
}


@dataclass(frozen=True)
class Catalogue:
    """The rows that could be read, by module and by file; `unread` are the modules that could not, or of which a row is
    none."""

    files: dict[str, list[tuple[Path, tuple[Any, ...]]]]
    unread: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def rows(self) -> dict[str, tuple[Any, ...]]:
        return {module: tuple(row for _, rows in files for row in rows) for module, files in self.files.items()}

    @property
    def feeds(self) -> tuple[Feed, ...]:
        return self.rows["feeds"]

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        return self.rows["vendors"]

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        return self.rows["deliveries"]

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        return self.rows["agreements"]

    @cached_property
    def schools(self) -> Mapping[str, Any]:
        return catalogue.schools() if self.knows("schools") else {}

    def knows(self, *modules: str) -> bool:
        """Whether all of them could be read: else nothing can be said of what they lack."""
        return self.unread.isdisjoint(modules)

    def single(self, *modules: str) -> bool:
        """Whether each could be read, and has no name twice."""
        named = [[row.name for row in self.rows.get(module, ())] for module in modules]
        return self.knows(*modules) and all(len({*names}) == len(names) for names in named)

    def of_table(self, name: str) -> Feed | None:
        """The feed that fills `dataset.table`, if one does."""
        return next((feed for feed in self.feeds if f"{feed.dataset}.{feed.name}" == name), None)

    def where(self, module: str, row: Any) -> Where:
        """Where the row stands."""
        file, rows = next(each for each in self.files[module] if any(one is row for one in each[1]))
        place = next(number for number, each in enumerate(rows) if each is row)
        return where.row(file, KINDS[module][0], place, len(rows), row.name)

    def where_file(self, delivery: Delivery, file: ViewFile | LandedCopy) -> Where:
        """Where the file of the delivery stands."""
        place = next(number for number, each in enumerate(delivery.files) if each is file)
        return self.where("deliveries", delivery).element("files", place, len(delivery.files), file.name)


def path(module: str) -> Path:
    return catalogue.file_of(catalogue.folder(), module)


def error(at: Where | Path, found: str, expected: str, next_step: str) -> ConfigurationError:
    """What is wrong there, in three sentences."""
    there = at if isinstance(at, Where) else Where(at)
    return ConfigurationError(f"{there}: {found}", expected=expected, next_step=next_step)


def read() -> tuple[Catalogue, list[ConfigurationError]]:
    """The catalogue, and what of its modules cannot be used."""
    files: dict[str, list[tuple[Path, tuple[Any, ...]]]] = {module: [] for module in KINDS}
    unread: dict[str, list[ConfigurationError]] = {}
    for module, (name, kind) in KINDS.items():
        try:
            found = catalogue.rows(module, name)
        except PipelineError as broken:
            unread[module] = [_at(path(module), broken)]
        except TypeError:
            unread[module] = [_no_rows(module, name)]
        else:
            if wrong := [each for file, rows in found for each in _no_words(file, name, rows, kind)]:
                unread[module] = wrong
            else:
                files[module] = found
    for module, tell in (("schools", catalogue.schools), ("facts", catalogue.facts)):
        try:
            if not isinstance(tell(), dict):
                unread[module] = [_no_rows(module, module.upper())]
        except PipelineError as broken:
            unread[module] = [_at(path(module), broken)]
    errors = [each for told in unread.values() for each in told]
    for module, (name, _) in KINDS.items():
        errors += catalogue.twice(files[module], name)
    errors += [] if unread else _called_otherwise()
    return Catalogue(files, frozenset(unread)), errors


def _called_otherwise() -> Iterator[ConfigurationError]:
    """An error for rows of a vendor's page that stand below another name than those that are looked for."""
    kinds, names = tuple(kind for _, kind in KINDS.values()), [name for name, _ in KINDS.values()]
    for page in catalogue.pages(catalogue.folder()):
        for name, rows in catalogue.said(page).items():
            if name in names or not isinstance(rows, list | tuple) or not rows:
                continue
            if all(isinstance(row, kinds) for row in rows):
                at = where.row(path(page), name, 0, len(rows), rows[0].name)
                expected = f"one of {', '.join(names)}"
                yield error(at, f"rows called {name}", expected, did_you_mean(name, names, "rename them"))


def _at(file: Path, broken: PipelineError) -> ConfigurationError:
    """The error with its file and line, where it does not say them itself."""
    found = broken.found if ", line " in broken.found.partition(": ")[0] else f"{file}, line 1: {broken.found}"
    return ConfigurationError(found, expected=broken.expected, next_step=broken.next_step)


def _no_rows(module: str, name: str) -> ConfigurationError:
    at = where.row(path(module), name, 0, 0, name)
    return error(at, f"{name} holds no rows", "a tuple of rows (of schools and facts: a dictionary)", "correct it")


def _no_words(file_: Path, name: str, rows: tuple[Any, ...], kind: type[Any]) -> Iterator[ConfigurationError]:
    """An error for each row that is none, or that says a word of another kind than it must be."""
    for place, row in enumerate(rows):
        at = where.row(file_, name, place, len(rows), f"{getattr(row, 'name', '')}")
        if not isinstance(row, kind):
            yield error(at, f"a {type(row).__name__} among {name}", f"rows of {kind.__name__}", "take it out")
            continue
        yield from _words(at, row)
        if isinstance(row, Delivery) and isinstance(row.files, tuple):
            for number, file in enumerate(row.files):
                there = at.element("files", number, len(row.files), f"{getattr(file, 'name', '')}")
                if isinstance(file, ViewFile | LandedCopy):
                    yield from _words(there, file)
                else:
                    found = f"a {type(file).__name__} among the files of {row.name}"
                    yield error(there, found, "a ViewFile or a LandedCopy each", "take it out")


def _words(at: Where, row: Any) -> Iterator[ConfigurationError]:
    hints = typing.get_type_hints(type(row))
    for each in dataclasses.fields(row):
        value = getattr(row, each.name)
        if not _fits(value, hints[each.name]):
            yield error(
                at.word(value) if isinstance(value, str) and value else at,
                f"{each.name} of {row.name} is {value!r}",
                f"{_spelled(hints[each.name])}" + (', as ("id",)' if isinstance(value, str) else ""),
                f"correct {each.name} in that row",
            )


def _fits(value: Any, hint: Any) -> bool:
    """Whether the value is of the kind that the row's class says; of what is not plain data, nothing is asked."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return value in inner
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        return all(_fits(each, inner[0]) for each in value) if inner[1:] == (...,) else len(value) == len(inner)
    if origin is dict:
        return isinstance(value, dict) and all(isinstance(each, str) for pair in value.items() for each in pair)
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint) if isinstance(hint, type) and not typing.is_typeddict(hint) else True


def _spelled(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (typing.Union, types.UnionType):
        return ", or ".join("None" if each is types.NoneType else _spelled(each) for each in inner)
    if origin is tuple and typing.get_origin(inner[0]) is Literal:
        return f"a tuple of {', '.join(map(str, typing.get_args(inner[0])))}"
    if origin is tuple:
        return f"a tuple of {getattr(inner[0], '__name__', 'rows')}"
    return f"a {getattr(hint, '__name__', hint)}"
