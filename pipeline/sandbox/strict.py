"""What BigQuery's stand-in would take and BigQuery does not: refused, so that the sandbox fails where BigQuery would.

DuckDB knows words that GoogleSQL does not, and turns values into other types by itself. What a statement's text tells
is refused before it is read (`refusing`), what its tree tells with the types of its columns while it is translated
(`be_strict`). The one is put into local-bigquery by `sources.py`, the other by `bigquery.py`. Google's own analyzer, in
the tests and in `morning check`, refuses all that is left.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")
Rule = Callable[[Any, Any], Any]

# Literals, names in backticks and comments: nothing in them is SQL.
_QUOTED = re.compile(
    r"""'''.*?'''|\"""(?:.*?)\"""|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`\n]*`|(?:--|\#)[^\n]*|/\*.*?\*/""", re.S
)
_FOREIGN = {
    r"::": 'Syntax error: Unexpected ":"',
    r"%": 'Syntax error: Unexpected "%"',
    r"(?<!:)//": 'Syntax error: Unexpected "/"',
    r"\bILIKE\b": "Syntax error: Unexpected identifier ILIKE",
    r"\b(?:TRY_CAST|STRPTIME|STRFTIME|MEDIAN|ROW|EPOCH)\s*\(": "Function not found",
    r"\bEXTRACT\s*\(\s*(?:DOW|DOY|EPOCH|CENTURY|DECADE)\b": "A valid date part name is required",
    r"\bANY_VALUE\s*\([^()]*\bORDER\s+BY\b": "Aggregate function ANY_VALUE does not support ORDER BY in arguments",
}
_REFUSED = [(re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in _FOREIGN.items()]
_CAST = re.compile(r"\b(?:SAFE_)?CAST\s*\(", re.IGNORECASE)
_TYPE = re.compile(r"\bAS\s+(VARCHAR|TEXT|CHAR|DOUBLE|REAL|FLOAT|HUGEINT)\s*$", re.IGNORECASE)
# An INT64 as text; DuckDB also takes 5.0, 1e3, .5, 1_000 and 0b1.
_WHOLE = r"\s*[+-]?(\d+|0[xX][0-9a-fA-F]+)\s*"
# A text with these is no number and no truth; DuckDB takes 1_000 and 1.
_NO_NUMBER = r"(?s).*_.*"
_NO_TRUTH = r"(?s).*[01].*"


def refusing(parse: Callable[[str], T]) -> Callable[[str], T]:
    """`parse`, but of no statement with words that are DuckDB's and not GoogleSQL's."""

    @wraps(parse)
    def strict(sql: str) -> T:
        from local_bigquery.errors import BigQueryError

        code = _QUOTED.sub("''", sql)
        for pattern, reason in _REFUSED:
            if found := pattern.search(code):
                raise BigQueryError("invalidQuery", f"{reason}: {found[0].strip()}")
        for cast in _CAST.finditer(code):
            if found := _TYPE.search(_within(code[cast.end() :])):
                raise BigQueryError("invalidQuery", f"Type not found: {found[1]}")
        return parse(sql)

    return strict


def _within(code: str) -> str:
    """What stands before the bracket that closes the one before the text."""
    depth = 1
    for bracket in re.finditer(r"[()]", code):
        depth += 1 if bracket[0] == "(" else -1
        if not depth:
            return code[: bracket.start()]
    return code


def be_strict() -> None:
    """Once in a process: further rules, of which each looks at a node of a statement's tree when its parts are done."""
    from local_bigquery.sql import rules
    from local_bigquery.sql.rules.safe import safe_function

    place = rules.NODE_RULES.index(safe_function)
    rules.NODE_RULES[place] = _safe_days(safe_function)
    rules.NODE_RULES[:0] = [_same_kinds, _truth, _text_alone, _one_counted, _seen_after_distinct, _one_meaning]
    rules.NODE_RULES.append(_well_written)
    rules.NODE_RULES.append(_days)


# ----------------------------------------------------------------------------------------------------------- types


def _family(node: Any) -> str:
    """Whether an expression is text, a number or a truth; '' where that is not known, and of what is none of them."""
    from sqlglot import exp

    value = node.unalias()
    kind = value.type
    if kind is None or isinstance(value, exp.Null):
        return ""
    types = exp.DataType
    families = {"STRING": types.TEXT_TYPES, "a number": types.NUMERIC_TYPES, "BOOL": {types.Type.BOOLEAN}}
    return next((name for name, kinds in families.items() if kind.this in kinds), "")


def _refuse(reason: str) -> None:
    from local_bigquery.errors import BigQueryError

    raise BigQueryError("invalidQuery", reason)


def _must_agree(nodes: list[Any], where: str) -> None:
    found = sorted({family for node in nodes if (family := _family(node))})
    if len(found) > 1:
        _refuse(f"No matching signature for {where} for argument types: {', '.join(found)}")


def _same_kinds(node: Any, context: Any) -> Any:
    """IN, CASE and UNION ask for values of one kind."""
    from sqlglot import exp

    if isinstance(node, exp.In):
        _must_agree([node.this, *node.expressions], "operator IN")
    elif isinstance(node, exp.Case) and node.this:
        _must_agree([node.this, *(each.this for each in node.args["ifs"])], "operator CASE")
    elif isinstance(node, exp.SetOperation):
        for pair in zip(node.left.selects, node.right.selects, strict=False):
            _must_agree([*pair], "columns of a UNION")
    return node


def _truth(node: Any, context: Any) -> Any:
    """A condition is no number and no text."""
    from sqlglot import exp

    if isinstance(node, exp.Where | exp.Having) and _family(node.this) not in ("", "BOOL"):
        _refuse(f"A condition should return type BOOL, but returns {_family(node.this)}")
    return node


def _text_alone(node: Any, context: Any) -> Any:
    """What is done to text is done to no number, and no character of a text has a place in brackets."""
    from sqlglot import exp

    if isinstance(node, exp.Length | exp.Lower | exp.Upper | exp.Trim) and _family(node.this) == "a number":
        _refuse(f"No matching signature for function {node.sql_name()} for argument types: a number")
    if isinstance(node, exp.Bracket) and _family(node.this) == "STRING":
        _refuse("Subscript access using [INT64] is not supported on values of type STRING")
    return node


def _one_counted(node: Any, context: Any) -> Any:
    from sqlglot import exp

    if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct) and len(node.this.expressions) > 1:
        _refuse("No matching signature for aggregate function COUNT: DISTINCT takes one expression")
    return node


def _seen_after_distinct(node: Any, context: Any) -> Any:
    from sqlglot import exp

    if isinstance(node, exp.Select) and node.args.get("distinct") and node.args.get("order"):
        shown = {*node.named_selects, *(each.unalias().sql() for each in node.selects)}
        for column in node.args["order"].find_all(exp.Column):
            if "*" not in shown and not {column.name, column.sql()} & shown:
                _refuse(
                    f"ORDER BY clause expression references column {column.name}, not visible after SELECT DISTINCT"
                )
    return node


def _one_meaning(node: Any, context: Any) -> Any:
    """A name of two columns of a subquery means neither."""
    from sqlglot import exp

    if not isinstance(node, exp.Select) or not node.args.get("from_"):
        return node
    sources = [node.args["from_"].this, *(join.this for join in node.args.get("joins") or ())]
    queries = [each.this for each in sources if isinstance(each, exp.Subquery) and isinstance(each.this, exp.Query)]
    twice = {name for query in queries for name in query.named_selects if query.named_selects.count(name) > 1}
    for column in (each for shown in node.selects for each in shown.find_all(exp.Column)) if twice else ():
        if column.name in twice:
            _refuse(f"Column name {column.name} is ambiguous")
    return node


# ---------------------------------------------------------------------------------------------------------- values


def _is_text(value: Any) -> Any:
    """SQL of whether the value is text: where the tree does not know, DuckDB does."""
    from sqlglot import exp

    return exp.func("typeof", value.copy()).eq(exp.Literal.string("VARCHAR"))


def _well_written(node: Any, context: Any) -> Any:
    """A text that is cast is written as GoogleSQL writes the type: of INT64 a whole number."""
    from sqlglot import exp

    if not isinstance(node, exp.Cast) or _family(node.this) == "a number" or node.this.is_number:
        return node
    types = exp.DataType
    text = exp.cast(node.this.copy(), "VARCHAR")
    if node.to.is_type(*types.INTEGER_TYPES):
        badly = exp.not_(_matches(text, _WHOLE))
    elif node.to.is_type(*types.REAL_TYPES):
        badly = _matches(text, _NO_NUMBER)
    elif node.to.is_type(types.Type.BOOLEAN):
        badly = _matches(text, _NO_TRUTH)
    else:
        return node
    words = "Bad int64 value: " if node.to.is_type(*types.INTEGER_TYPES) else f"Bad {node.to.sql().lower()} value: "
    instead = exp.null() if isinstance(node, exp.TryCast) else _error(words, node.this)
    return _chosen(exp.and_(_is_text(node.this), badly), instead, node)


def _matches(text: Any, pattern: str) -> Any:
    from sqlglot import exp

    return exp.func("regexp_full_match", text, exp.Literal.string(pattern))


def _days(node: Any, context: Any) -> Any:
    """The first day of GoogleSQL is 0001-01-01, and none is infinite."""
    from sqlglot import exp

    if isinstance(node, exp.StrToDate) and not isinstance(node.parent, exp.SafeFunc):
        return _of_our_era(node, _error("Failed to parse input string ", node.this))
    if isinstance(node, exp.Cast) and node.to.is_type("date") and _family(node.this) == "STRING":
        if isinstance(node.this, exp.Literal) and not node.this.name.startswith("0000"):
            return node
        return _of_our_era(node, None if isinstance(node, exp.TryCast) else _error("Invalid date: ", node.this))
    return node


def _safe_days(rule: Rule) -> Rule:
    """`rule`, which makes NULL of the error of a SAFE function, and NULL of a day before the first."""

    def made(node: Any, context: Any) -> Any:
        from sqlglot import exp

        is_day = isinstance(node, exp.SafeFunc) and isinstance(node.this, exp.StrToDate)
        found = rule(node, context)
        return _of_our_era(found, None) if is_day else found

    return made


def _of_our_era(day: Any, otherwise: Any) -> Any:
    from sqlglot import exp

    year = exp.func("datepart", exp.Literal.string("year"), day.copy())
    return _chosen(exp.or_(year < 1, exp.func("isinf", day.copy())), otherwise or exp.null(), day)


def _chosen(condition: Any, instead: Any, usual: Any) -> Any:
    """`instead` where the condition holds, of the type that `usual` has: rules for what stands around it ask for it."""
    from sqlglot import exp

    found = exp.Case(ifs=[exp.If(this=condition, true=instead)], default=usual.copy())
    found.type = usual.type
    return found


def _error(words: str, value: Any) -> Any:
    from sqlglot import exp

    return exp.func("error", exp.DPipe(this=exp.Literal.string(words), expression=exp.cast(value.copy(), "VARCHAR")))
