"""What must be true of each row of a file that goes out, where that takes more than one column to say."""

from dataclasses import dataclass

from pipeline.catalogue.limits import Form


@dataclass(frozen=True)
class Condition:
    """`sql` is true of each row; `{column}` in it is the value of one of `columns`, '' for none.

    `words` say what a row is that breaks it.
    """

    words: str
    columns: tuple[str, ...]
    sql: str
    tolerated: float = 0


def in_order(first: str, last: str, form: Form) -> Condition:
    """The day `last` is not before `first`; one that cannot be read is the business of its form."""
    days = (f"SAFE.PARSE_DATE('{form.day}', {{{column}}})" for column in (first, last))
    sql = f"COALESCE({' <= '.join(days)}, TRUE)"
    return Condition(f"whose {last} is before {first}", (first, last), sql)


def in_school_year(day: str, year: str, form: Form) -> Condition:
    """The day lies in the school year that begins in `year`: between the summer before it and the one after it."""
    # Numbers and no days of that year: there is no 1st of June of the year 37000, and BigQuery gives the query up.
    own, of_day = f"SAFE_CAST({{{year}}} AS INT64)", f"FROM SAFE.PARSE_DATE('{form.day}', {{{day}}}))"
    same = f"EXTRACT(YEAR {of_day} = {own} AND EXTRACT(MONTH {of_day} >= 6"
    after = f"EXTRACT(YEAR {of_day} - 1 = {own} AND EXTRACT(MONTH {of_day} <= 8"
    sql = f"COALESCE(({same}) OR ({after}), TRUE)"
    return Condition(f"whose {day} is not in the {year}", (day, year), sql)


def add_up(total: str, *parts: str) -> Condition:
    """The numbers of `parts` together are that of `total`."""
    numbers = [f"SAFE_CAST({{{column}}} AS FLOAT64)" for column in (*parts, total)]
    sql = f"COALESCE(ABS({' + '.join(numbers[:-1])} - {numbers[-1]}) < 0.01, TRUE)"
    return Condition(f"whose {total} is not {' and '.join(parts)} together", (*parts, total), sql)


def says_something(*columns: str, nothing: tuple[str, ...] = ("", "N")) -> Condition:
    """Not all of `columns` say `nothing`: a row that says nothing overwrites what was known."""
    words = ", ".join(f"'{word}'" for word in nothing)
    sql = f"NOT ({' AND '.join(f'{{{column}}} IN ({words})' for column in columns)})"
    return Condition(f"that say nothing in {', '.join(columns)}", columns, sql)


def different(*columns: str) -> Condition:
    """No value stands in two of `columns`."""
    pairs = (
        f"({{{one}}} != '' AND {{{one}}} = {{{other}}})"
        for place, one in enumerate(columns)
        for other in columns[place + 1 :]
    )
    return Condition(f"that name the same in two of {', '.join(columns)}", columns, f"NOT ({' OR '.join(pairs)})")
