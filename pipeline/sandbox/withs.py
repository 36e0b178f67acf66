"""A query's own tables (WITH) may be called as tables are: BigQuery takes `dataset.table` in backticks as one name.

local-bigquery takes it for a table of a dataset, and finds none.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

Parse = Callable[[str], list[Any]]


def naming(parse: Parse) -> Parse:
    """`parse`, with one word in the place of each such name."""

    @wraps(parse)
    def named(sql: str) -> list[Any]:
        trees = parse(sql)
        for tree in trees:
            _name(tree)
        return trees

    return named


def _name(tree: Any) -> None:
    from sqlglot import exp

    own = {cte.alias: cte.alias.replace(".", "__") for cte in tree.find_all(exp.CTE) if "." in cte.alias}
    if not own:
        return
    for cte in tree.find_all(exp.CTE):
        if cte.alias in own:
            cte.args["alias"].set("this", exp.to_identifier(own[cte.alias], quoted=True))
    for table in tree.find_all(exp.Table):
        said = ".".join(part.name for part in table.parts)
        if said in own:
            called = table.alias or table.name
            word = exp.to_identifier(own[said], quoted=True)
            table.replace(exp.Table(this=word, alias=exp.TableAlias(this=exp.to_identifier(called, quoted=True))))
