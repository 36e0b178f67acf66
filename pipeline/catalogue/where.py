"""Where something stands in a district's catalogue: file and line, found in the texts themselves.

A row may be written out, made by a vendor's format, or one of several that a format makes (`*reports(...)`): the line
is that of the element which makes it.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Where:
    """A line of a file, counted from 1; `node` is what stands there, in a Python module."""

    file: Path
    line: int = 1
    node: ast.AST | None = None

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"

    def word(self, *words: str) -> "Where":
        """The line on which the first of `words` that stands below the node is written; else this line."""
        for word in words:
            if self.node and (found := next((each for each in ast.walk(self.node) if _is(each, word)), None)):
                return replace(self, line=found.lineno)  # type: ignore[attr-defined]
        return self

    def element(self, argument: str, place: int, total: int, name: str) -> "Where":
        """The element that makes the row at `place`, of `total`, in an argument of the call; else this line."""
        given = [each for each in ast.walk(self.node) if isinstance(each, ast.keyword)] if self.node else []
        value = next((each.value for each in given if each.arg == argument), None)
        found = _element(value, place, total, name) if value else None
        return Where(self.file, found.lineno, found) if found else self


def row(file: Path, variable: str, place: int, total: int, name: str) -> Where:
    """The row at `place`, of `total`, of what a module says under `variable`; `name` is what the row is called."""
    value = _value(_parsed(_text(file)), variable)
    found = _element(value, place, total, name) if value else None
    if isinstance(found, ast.Starred) or found is None:  # the row may stand in a file of its own
        for each in [file, *sorted(file.parent.rglob("*.py"))]:
            if call := _call(_parsed(_text(each)), name):
                return Where(each, call.lineno, call)
    node = found or value
    return Where(file, node.lineno, node) if node else Where(file)


def entry(file: Path, variable: str, key: str) -> Where:
    """The line of a dictionary's key."""
    value = _value(_parsed(_text(file)), variable)
    return Where(file, value.lineno, value).word(key) if value else Where(file)


def text(file: Path, *words: str) -> Where:
    """The first line of a text that holds one of `words`, the first word first; else line 1."""
    lines = _text(file).splitlines()
    for word in words:
        for number, line in enumerate(lines, 1):
            if word in line:
                return Where(file, number)
    return Where(file)


def _is(node: ast.AST, word: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == word


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.is_file() else ""


@cache
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):  # told when the module is loaded
        return ast.Module([], [])


def _value(module: ast.Module, variable: str) -> ast.expr | None:
    for each in module.body:
        targets: Sequence[ast.expr] = each.targets if isinstance(each, ast.Assign) else ()
        targets = [each.target] if isinstance(each, ast.AnnAssign) else targets
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            return each.value  # type: ignore[attr-defined, no-any-return]
    return None


def _element(value: ast.expr, place: int, total: int, name: str) -> ast.expr | None:
    """The element that makes the row; None where the text does not tell."""
    if isinstance(value, ast.Call):  # one format makes them all, or `tuple(...)`
        return value
    if not isinstance(value, ast.Tuple | ast.List):
        return None
    stars = [number for number, each in enumerate(value.elts) if isinstance(each, ast.Starred)]
    if not stars:
        return value.elts[place] if len(value.elts) == total else None
    if place < stars[0]:
        return value.elts[place]
    if total - place < len(value.elts) - stars[-1]:
        return value.elts[place - total]
    return _saying(value.elts[stars[0] : stars[-1] + 1], name)


def _saying(elements: Sequence[ast.expr], name: str) -> ast.expr:
    """The first element with that word in it, or else the first of those that make several rows."""
    return next((each for each in elements if any(_is(below, name) for below in ast.walk(each))), elements[0])


def _call(module: ast.Module, name: str) -> ast.Call | None:
    """The call whose first argument, or whose `name`, is that word."""
    calls: Iterable[ast.AST] = ast.walk(module)
    for each in calls:
        if isinstance(each, ast.Call):
            named = [*each.args[:1], *(word.value for word in each.keywords if word.arg == "name")]
            if any(_is(word, name) for word in named):
                return each
    return None
