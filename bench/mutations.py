"""The mutants of a module: those of cosmic-ray's operators, and of three more for a catalogue's rows and for SQL."""

import difflib
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from parso import parse
from parso.python.tree import Keyword

# Of cosmic-ray's ways to replace an operator by another one: the nearest others. `|` is left out, as most are types.
_NEAREST = re.compile(
    r"Operator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|BitAnd_BitOr|RShift_LShift|LShift_RShift|Eq_NotEq"
    r"|NotEq_Eq|Lt_LtE?|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is|Delete_USub|Delete_Not)$"
)
# Names of variables would have to be given; without a decorator (a dataclass, a cache) all tests fall, or none can.
_LEFT_OUT = ("VariableReplacer", "VariableInserter", "RemoveDecorator")
# Lines whose mutants say nothing: a decorator's terms (frozen), a heading's types, an import, what the log is told.
_HARMLESS_LINES = re.compile(r"@|log\.|class |def |import |from |__all__")
# Words of SQL and of patterns, and what takes their place.
_WORDS = {
    " AND ": " OR ",
    " OR ": " AND ",
    " = ": " != ",
    " != ": " = ",
    " > ": " >= ",
    " < ": " <= ",
    " IS NULL": " IS NOT NULL",
    " IS NOT NULL": " IS NULL",
    "NOT ": "",
    "MIN(": "MAX(",
    "MAX(": "MIN(",
    "LOGICAL_OR(": "LOGICAL_AND(",
    "LOGICAL_AND(": "LOGICAL_OR(",
    "DISTINCT ": "",
    "LOWER(": "(",
    "FULL OUTER JOIN": "LEFT JOIN",
    r"\A": "",
    r"\z": "",
}


class Operator(Protocol):
    """What cosmic-ray asks of an operator; nodes are parso's."""

    def mutation_positions(self, node: Any) -> Iterable[object]: ...
    def mutate(self, node: Any, index: int) -> Any: ...


class Struck:
    """A tuple, list or set without one of its values, a call without one of its named arguments."""

    def mutation_positions(self, node: Any) -> list[Any]:
        if node.type == "arglist":
            return [each for each in node.children if each.type == "argument" and each.children[1] == "="]
        listed = node.type == "testlist_comp" or (node.type == "dictorsetmaker" and ":" not in node.children)
        if not listed or any(each.type == "sync_comp_for" for each in node.children):
            return []
        return [each for each in node.children if each != ","]

    def mutate(self, node: Any, index: int) -> Any:
        struck = self.mutation_positions(node)[index]
        kept = [each.get_code() for each in node.children if each is not struck and each != ","]
        node.children = [parse("".join(f"{each}," for each in kept))]
        return node


class Skipped:
    """A statement that calls something, raises something, or changes what is there already, not done."""

    def mutation_positions(self, node: Any) -> list[Any]:
        if node.type != "simple_stmt":
            return []
        done = node.children[0]
        changes = done.type == "expr_stmt" and (done.children[0].type != "name" or done.children[1].type == "augassign")
        return [done] if changes or done.type in ("atom_expr", "raise_stmt", "yield_expr") else []

    def mutate(self, node: Any, index: int) -> Any:
        done = node.children[0]
        node.children[0] = Keyword("pass", done.start_pos, done.get_first_leaf().prefix)
        return node


class Reworded:
    """Text (no docstring) with another word of SQL, or a pattern that is no longer of the whole value."""

    def mutation_positions(self, node: Any) -> list[tuple[str, int]]:
        if node.type not in ("string", "fstring_string") or node.parent.type == "simple_stmt":
            return []
        return [(word, each.start()) for word in _WORDS for each in re.finditer(re.escape(word), node.value)]

    def mutate(self, node: Any, index: int) -> Any:
        word, place = self.mutation_positions(node)[index]
        node.value = node.value[:place] + _WORDS[word] + node.value[place + len(word) :]
        return node


@dataclass(frozen=True)
class Mutant:
    """A module's text with one change: of the line with this number, from what it `was` to what it is `now`."""

    line: int
    was: str
    now: str
    code: str


def operators() -> list[Operator]:
    """All that are used."""
    names = [name for name in operator_names() if not name.endswith(_LEFT_OUT)]
    near = [name for name in names if "Operator_" not in name or _NEAREST.search(name)]
    return [*(get_operator(name)() for name in near), Struck(), Skipped(), Reworded()]


def places(source: str) -> list[tuple[Operator, int]]:
    """Where each operator can change something, numbered; some of it says nothing, or is the same twice."""
    nodes = list(ast_nodes(get_ast(source)))
    return [
        (operator, number)
        for operator in operators()
        for number in range(sum(len(list(operator.mutation_positions(node))) for node in nodes))
    ]


def mutants(source: str, seed: str) -> Iterator[Mutant]:
    """All mutants of a module that Python can read, each once, in an order of the seed."""
    found = places(source)
    random.Random(seed).shuffle(found)
    seen = {source}
    for operator, number in found:
        code = mutate_code(source, operator, number)
        if code and code not in seen and _readable(code):
            seen.add(code)
            mutant = _mutant(source, code)
            if not _HARMLESS_LINES.match(mutant.was):
                yield mutant


def _readable(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _mutant(source: str, code: str) -> Mutant:
    before, after = source.splitlines(), code.splitlines()
    same = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    first = same[0].size if same[0].a == 0 else 0
    last = same[-2].size if same[-2].a + same[-2].size == len(before) else 0
    was, now = (" ".join(map(str.strip, lines[first : len(lines) - last])) for lines in (before, after))
    return Mutant(first + 1, was, now, code)
