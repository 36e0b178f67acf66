"""What BigQuery's stand-in has translated, kept beside its data: to translate a query takes longer than to run it.

A translation depends on the text, on what the statement is called with, and on what the catalogue answered while it was
made. Those answers are kept with it, and asked for again before it is used. How a run calls its own tables is no part
of it: the same statement of another run's is not translated again. `sources.py` puts the decorators into the stand-in's
sources.
"""

import contextvars
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

Translate = Callable[[Any, Any], tuple[str, dict[str, Any]]]
Answers = dict[str, str]
FILE = "translations.jsonl"
# The environment's name for a file that the servers of several districts share, where there is one.
SHARED = "SANDBOX_TRANSLATIONS"
# A file that has grown beyond is begun anew: most statements name a day, and are asked for on that day only.
MOST_BYTES = 8_000_000
# What these statements become does not depend on the catalogue alone.
_PASSING = ("@@", "SYSTEM_TIME", "INFORMATION_SCHEMA")
# What of a table's description changes from load to load; no translation looks at it.
_VOLATILE = {"etag", "labels", "description", "creationTime", "lastModifiedTime", "expirationTime"}
_TEXT = "text_of_the_statement"
# A run's own table is called by a day and a digest of its rows.
_OWN = re.compile(r"(?<![0-9A-Za-z])\d{8}_[0-9a-f]{8}(?![0-9A-Za-z])")

_questions: dict[str, Callable[..., Any]] = {}
_told: dict[str, Callable[[Any], str]] = {}
_writing = threading.Lock()


class Names:
    """What a statement calls a run's own tables by, each by a number in its place, and back."""

    def __init__(self, statement: str) -> None:
        own = dict.fromkeys(_OWN.findall(statement))
        self._numbers = {name: f"00000000_{number:08x}" for number, name in enumerate(own)}
        self._names = {number: name for name, number in self._numbers.items()}

    def numbered(self, text: str) -> str:
        return _OWN.sub(lambda found: self._numbers.get(found[0], found[0]), text)

    def named(self, text: str) -> str:
        return _OWN.sub(lambda found: self._names.get(found[0], found[0]), text)


@dataclass(frozen=True)
class Translation:
    """All with numbers in the place of a run's own names."""

    sql: str
    used: list[str]
    """The parameters that it needs."""
    referenced: list[list[str]]
    """The tables and views that it names: project, dataset, name."""
    answers: Answers

    def holds(self, names: Names) -> bool:
        return all(_ask(names.named(asked), names) == answer for asked, answer in self.answers.items())


# What is learned of the catalogue by the translation that is being made.
_learned: contextvars.ContextVar[tuple[Answers, Names] | None] = contextvars.ContextVar("learned", default=None)


def asked(told: Callable[[Any], str] = repr) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A question to the catalogue, by texts or classes; `told` says what of its answer counts.

    What it asks others in its turn is part of its answer.
    """

    def decorate(question: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{question.__module__}.{question.__qualname__}"
        _questions[name], _told[name] = question, told

        @wraps(question)
        def answer(*args: Any) -> Any:
            if (learned := _learned.get()) is None:
                return question(*args)
            token, raised = _learned.set(None), None
            try:
                found = question(*args)
            except Exception as error:
                raised = error
                raise
            finally:
                _learned.reset(token)
                answers, names = learned
                written = json.dumps([name, *args], default=lambda model: {"model": model.__name__})
                answered = type(raised).__name__ if raised else told(found)
                answers[names.numbered(written)] = _digest(names.numbered(answered))
            return found

        return answer

    return decorate


def _ask(written: str, names: Names) -> str:
    name, *args = json.loads(written)
    from local_bigquery import models

    args = [getattr(models, arg["model"]) if isinstance(arg, dict) else arg for arg in args]
    try:
        return _digest(names.numbered(_told[name](_questions[name](*args))))
    except Exception as error:  # noqa: BLE001  # that it fails is an answer
        return _digest(type(error).__name__)


def names_and_kinds(objects: list[tuple[str, str, int]]) -> str:
    """Of the objects of a dataset; not how many rows they have."""
    return repr([(name, kind) for name, kind, _ in objects])


def lasting(resources: list[Any]) -> str:
    """Of the descriptions of tables; of when one expires, whether it has."""
    from local_bigquery.catalog.tables import expired
    from local_bigquery.models import Table

    return repr(
        [
            (isinstance(each, Table) and expired(each), {k: v for k, v in each.dump().items() if k not in _VOLATILE})
            for each in resources
        ]
    )


def with_its_text(parse: Callable[[str], list[Any]]) -> Callable[[str], list[Any]]:
    """`parse`, whose one tree knows what text it is of."""

    @wraps(parse)
    def parsed(sql: str) -> list[Any]:
        trees = parse(sql)
        if len(trees) == 1:
            trees[0].meta[_TEXT] = sql
        return trees

    return parsed


def kept(translate: Translate) -> Translate:
    """`translate`; of a statement about rows that was translated before, with the same answers of the catalogue, what
    it was then."""

    @wraps(translate)
    def translated(tree: Any, context: Any) -> tuple[str, dict[str, Any]]:
        names = Names(tree.meta.get(_TEXT) or "")
        if (key := _key(tree, context, names)) is None:
            return translate(tree, context)
        if not ((found := _known().get(key)) and found.holds(names)):
            found = _translated(translate, tree, context, names)
            _keep(key, found)
        context.used.clear()
        context.used.update(found.used)
        context.referenced.update(tuple(map(names.named, name)) for name in found.referenced)
        return names.named(found.sql), {name: context.values[name] for name in found.used}

    return translated


def _translated(translate: Translate, tree: Any, context: Any, names: Names) -> Translation:
    before, context.referenced = context.referenced, set()
    answers: Answers = {}
    token = _learned.set((answers, names))
    try:
        sql, bound = translate(tree, context)
        referenced = sorted([names.numbered(part) for part in name] for name in context.referenced)
        return Translation(names.numbered(sql), sorted(bound), referenced, answers)
    finally:
        _learned.reset(token)
        context.referenced = before | context.referenced


def _key(tree: Any, context: Any, names: Names) -> str | None:
    """What a translation depends on beside the catalogue; None where something else counts too."""
    from sqlglot import exp

    text, about_rows = tree.meta.get(_TEXT), exp.Query | exp.Insert | exp.Update | exp.Delete
    own = (context.variables, context.functions, context.temporary, context.settings, context.position)
    if text is None or not isinstance(tree, about_rows) or any(own) or any(word in text.upper() for word in _PASSING):
        return None
    with_what = (context.project_id, context.dataset_id, sorted(context.parameters.items()), sorted(context.values))
    return _digest(repr((_translator(), names.numbered(text), with_what)))


_PROGRAMS = ("bigquery", "catalogue", "described", "sources", "strict", "withs")


@cache
def _translator() -> str:
    """Changes with the programs that translate."""
    ours = b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in _PROGRAMS)
    return f"{version('local-bigquery')} {version('sqlglot')} {hashlib.sha256(ours).hexdigest()}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _file() -> Path:
    if shared := os.environ.get(SHARED):
        return Path(shared)
    from local_bigquery.settings import settings

    return Path(settings.data_dir) / FILE


@cache
def _known() -> dict[str, Translation]:
    """By key; the last line of one counts. A process that was killed has left half a line."""
    found: dict[str, Translation] = {}
    file = _file()
    try:
        if file.stat().st_size > MOST_BYTES:
            file.unlink(missing_ok=True)
        text = file.read_text(errors="replace")
    except FileNotFoundError:
        return found
    for line in text.splitlines():
        try:
            told = json.loads(line)
            key = told.pop("key")
            found[key] = Translation(**told)
        except (ValueError, TypeError, KeyError):
            continue
    return found


def _keep(key: str, translation: Translation) -> None:
    line = json.dumps({"key": key, **asdict(translation)})
    with _writing, _file().open("ab", buffering=0) as file:  # at once: others may write there, too
        _known()[key] = translation
        file.write(f"\n{line}\n".encode())  # half a line before it ends here
