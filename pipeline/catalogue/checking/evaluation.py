"""What the views make of their cases, on GoogleSQL's own reference implementation: where this machine has it."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from pipeline.catalogue import cases, schemas, sql
from pipeline.catalogue.cases import BLANKS, Case, Rows
from pipeline.catalogue.checking import analysis
from pipeline.catalogue.checking.found import error
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError, StatementRefused
from pipeline.outside import googlesql

Row = tuple[str, ...]


def wrong() -> Iterator[ConfigurationError]:
    """An error for each case whose view gives something else. Nothing is told of a view that has an error itself."""
    if not googlesql.installed():
        return
    for case in cases.all_of_them():
        if case.view in sql.names() and _is_sound(case.view):
            yield from _differences(case)


def given(case: Case, blank: str | None) -> tuple[list[str], Rows]:
    """Header and rows of what the case's view gives, as a case writes them.

    Raises StatementRefused, ConfigurationError, and ValueError where a value of the case is none of its column's type.
    """
    query = _query(sql.whole(case.view), sql.tables_below(case.view))
    rows = {
        table: [cases.filled(table, row, blank) for row in rows]
        for table, rows in case.inputs().items()
        if table in sql.tables_below(case.view)
    }
    found = query.rows(rows)
    names = list(query.names)
    return names, [dict(zip(names, map(str, row), strict=True)) for row in found]


@cache
def _query(text: str, tables: tuple[str, ...]) -> googlesql.Query:
    return googlesql.Query(text, {table: schemas.types(table) for table in tables})


def _is_sound(view: str) -> bool:
    try:
        return analysis.analyzed(view) is not None
    except StatementRefused:
        return False


def _differences(case: Case) -> Iterator[ConfigurationError]:
    file = case.folder / cases.EXPECTED
    header, expected = case.expected()
    wanted = Counter(tuple(map(str, row.values())) for row in expected)
    for blank, value in BLANKS.items():
        try:
            names, rows = given(case, value)
        except (StatementRefused, ConfigurationError, ValueError) as refused:
            told = refused.found if isinstance(refused, StatementRefused | ConfigurationError) else f"{refused}"
            yield error(Where(file), f"{case.name} cannot be evaluated: {told}", "rows of its view", "correct it")
            return
        found = Counter(tuple(row.values()) for row in rows)
        if names != header or found == wanted:  # another header is told where the cases are read
            continue
        missing, other = [*(wanted - found).elements()], [*(found - wanted).elements()]
        at = Where(file, 2 + [*(tuple(map(str, row.values())) for row in expected)].index(missing[0]) if missing else 1)
        words = (
            f"{case.name} is not what its view gives where an empty cell is {blank}: {_words(header, missing, other)}"
        )
        yield error(at, words, "rows that the view gives", "correct the case, or the view")
        return


def _words(header: list[str], missing: list[Row], other: list[Row]) -> str:
    """How many rows differ, and where the first one does from that which is most like it."""
    counts = f"{len(missing)} of its rows are not given, and {len(other)} other ones are"
    if not missing or not other:
        return counts
    row = missing[0]
    like = max(other, key=lambda each: sum(one == two for one, two in zip(row, each, strict=True)))
    pairs = zip(header, row, like, strict=True)
    return f"{counts}; {', '.join(f'{name} is {now!r}, not {was!r}' for name, was, now in pairs if was != now)}"
