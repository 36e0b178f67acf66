"""What BigQuery refuses and GoogleSQL's analyzer does not: read from the resolved statement, and counted."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

# Of a statement as it is sent, and of one with all its views in it (BigQuery's "Quotas and limits"), in bytes.
SENT = 1_000_000
RESOLVED = 12_000_000
# Of a view's text, in characters, and of views upon views.
VIEW = 256_000
LEVELS = 16
_NAME = re.compile(r"[A-Za-z_]\w{0,299}")
_INNER = 0
# What a statement consists of, beside types, signatures and values.
_NODES = ("Resolved", "AnyResolved")
_EQUAL = {"ZetaSQL:$equal", "ZetaSQL:$is_not_distinct_from"}


def beyond(sql: str, statement: Any) -> Iterator[str]:
    """Each reason in a sentence."""
    if (size := len(sql.encode())) > SENT:
        yield f"the statement has {size:,} bytes; BigQuery takes {SENT:,}"
    if "output_column_list" in statement.DESCRIPTOR.fields_by_name:
        yield from _columns([each.name for each in statement.output_column_list])
    for node in _below(statement):
        kind = node.DESCRIPTOR.name
        if kind == "ResolvedJoinScanProto" and node.join_type != _INNER and not _paired(node):
            yield "an outer join whose condition says of no column of one side that it equals one of the other"
        elif kind == "ResolvedSubqueryExprProto" and node.parameter_list:
            names = ", ".join(sorted({each.column.name for each in node.parameter_list}))
            yield f"a subquery that depends on the row it is asked for ({names})"


def _columns(names: list[str]) -> Iterator[str]:
    """Column names are compared without regard to case."""
    for name, count in Counter(name.lower() for name in names).items():
        if count > 1:
            yield f"{count} columns are called {name}"
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"a column is called {name!r}" if not name.startswith("$") else "a column has no name"


def _below(node: Any) -> Iterator[Any]:
    """The node and all nodes in it, which may lie deeper than Python calls functions."""
    left = [node]
    while left:
        yield (node := left.pop())
        for field, value in node.ListFields():
            if field.message_type is not None and field.message_type.name.startswith(_NODES):
                left += value if field.is_repeated else [value]


def _paired(join: Any) -> bool:
    """Whether one of the conditions that must all hold says that a value of one side equals one of the other."""
    left, right = _given(join.left_scan), _given(join.right_scan)
    for each in _parts(join.join_expr):
        call = _call(each)
        if call is not None and call.function.name in _EQUAL:
            one, other = (_used(argument) for argument in call.argument_list)
            if one and other and ((one <= left and other <= right) or (one <= right and other <= left)):
                return True
    return False


def _given(side: Any) -> set[int]:
    """The columns of a side of a join, by their numbers."""
    node = side
    while node.DESCRIPTOR.name != "ResolvedScanProto":
        node = getattr(node, node.WhichOneof("node")) if node.DESCRIPTOR.oneofs else node.parent
    return {column.column_id for column in node.column_list}


def _used(expression: Any) -> set[int]:
    refs = (each for each in _below(expression) if each.DESCRIPTOR.name == "ResolvedColumnRefProto")
    return {each.column.column_id for each in refs}


def _call(expression: Any) -> Any | None:
    """The call of a function that the expression is; None when it is something else."""
    base = expression.resolved_function_call_base_node
    if not base.HasField("resolved_function_call_node"):
        return None
    return base.resolved_function_call_node.parent


def _parts(expression: Any) -> Iterator[Any]:
    """The conditions that an AND joins; the condition itself where there is none."""
    call = _call(expression)
    if call is not None and call.function.name == "ZetaSQL:$and":
        for each in call.argument_list:
            yield from _parts(each)
    else:
        yield expression
