"""The views: `sql/<dataset>/<view>.sql` is the text, the path the name, and what it reads stands in the text.

What a view says of the district itself is a fact of the catalogue (facts.py): `{{district_name}}` in the text is
replaced by the fact's text as a string literal of SQL.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue import schemas, where
from pipeline.ground import manifests
from pipeline.ground.errors import ConfigurationError, did_you_mean

# `{{name}}`, a fact; `dataset.table`, as our views write every table they read.
_FACT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_READ = re.compile(r"`([A-Za-z_]\w*)\.([A-Za-z_][\w-]*)`")


def folder() -> Path:
    """Where the views' texts lie."""
    return catalogue.folder() / "sql"


def names() -> tuple[str, ...]:
    """Every view, as `dataset.view`: as it was when it was first asked."""
    return _names(folder())


@cache
def _names(of: Path) -> tuple[str, ...]:
    return tuple(sorted(f"{file.parent.name}.{file.stem}" for file in of.glob("*/*.sql")))


def file(view: str) -> Path:
    """Where the text of `dataset.view` lies, or would."""
    dataset, _, name = view.partition(".")
    return folder() / dataset / f"{name}.sql"


@cache
def text(view: str) -> str:
    """The SELECT of `dataset.view`, with the district's facts in it. Raises ConfigurationError."""
    for error in unanswered(view):
        raise error
    return _FACT.sub(lambda found: _literal(catalogue.facts()[found[1]]), written(view))


def written(view: str) -> str:
    """The text of the view as it is written, without the facts. Raises ConfigurationError."""
    dataset, _, name = view.partition(".")
    try:
        return file(view).read_text()
    except FileNotFoundError:
        raise ConfigurationError(
            f"no file sql/{dataset}/{name}.sql",
            expected=f"the SELECT of the view {view}",
            next_step="write it, or correct the view's name in the catalogue's deliveries.py",
        ) from None


def unanswered(view: str) -> Iterator[ConfigurationError]:
    """An error for each fact that the view names, and that the catalogue's facts.py does not say."""
    facts = catalogue.facts()
    for name in dict.fromkeys(_FACT.findall(written(view))):
        if name not in facts:
            yield ConfigurationError(
                f"{where.text(file(view), name)}: the view {view} names the fact {name}",
                expected="a fact of the catalogue's facts.py",
                next_step=did_you_mean(name, facts, f"add {name} to FACTS in {catalogue.folder() / 'facts.py'}"),
            )
        elif not isinstance(facts[name], str) or not facts[name].strip():
            yield ConfigurationError(
                f"{where.entry(catalogue.folder() / 'facts.py', 'FACTS', name)}: {name} has no answer",
                expected=f"a text: the view {view} says it",
                next_step="write it there; only the district knows it",
            )


def _literal(text: str) -> str:
    """The text as a string literal of GoogleSQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\r", "\\r").replace("\n", "\\n")
    return f"'{escaped}'"


@cache
def reads(view: str) -> tuple[str, ...]:
    """The tables and views that the view's text names, as `dataset.name`, each once."""
    code = re.sub(r"--[^\n]*|/\*.*?\*/", "", written(view), flags=re.S)
    return tuple(sorted({f"{dataset}.{name}" for dataset, name in _READ.findall(code)}))


@cache
def views_below(view: str) -> tuple[str, ...]:
    """The view and every view that it reads, however deep."""
    below = [view]
    for name in reads(view):
        if name in names():
            below += views_below(name)
    return tuple(dict.fromkeys(below))


@cache
def tables_below(view: str) -> tuple[str, ...]:
    """The tables that the view reads, itself or by other views."""
    views = views_below(view)
    return tuple(sorted({name for each in views for name in reads(each)} - set(views)))


def elsewhere(view: str, places: Mapping[str, str]) -> str:
    """The text of the view, which reads what `places` names from there; its lines stay."""
    return _READ.sub(lambda found: f"`{places.get(f'{found[1]}.{found[2]}', f'{found[1]}.{found[2]}')}`", text(view))


def order(view: str) -> Iterator[str]:
    """The view and every view that it reads, each after those that it reads itself."""
    below = views_below(view)
    yield from TopologicalSorter(
        {each: [name for name in reads(each) if name in below] for each in below}
    ).static_order()


def whole(view: str) -> str:
    """The rows of `dataset.view` as one SELECT over tables alone: the views that it reads stand before it, by name."""
    return _after({name: text(name) for name in order(view)}, view)


def alone(view: str) -> str:
    """As `whole`, over no table either: each is one row of NULLs of its columns' types. Raises ConfigurationError."""
    tables = {table: _nulls(schemas.types(table)) for table in tables_below(view)}
    return _after(tables | {name: text(name) for name in order(view)}, view)


def _after(named: Mapping[str, str], view: str) -> str:
    told = ",\n".join(f"`{name}` AS (\n{words}\n)" for name, words in named.items())
    return f"WITH {told}\nSELECT * FROM `{view}`"


def _nulls(columns: Mapping[str, str]) -> str:
    """A SELECT of these columns; FLOAT is what schemas call FLOAT64."""
    typed = (f"CAST(NULL AS {'FLOAT64' if kind == 'FLOAT' else kind}) AS `{name}`" for name, kind in columns.items())
    return f"SELECT {', '.join(typed)}"


def fingerprint(view: str) -> str:
    """Changes when the text of the view, or of a view that it reads, does."""
    return manifests.fingerprint([text(each) for each in views_below(view)])
