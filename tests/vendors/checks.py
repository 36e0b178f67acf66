"""What a column may hold: a sentence for people and a test for machines. Unless `required`, it may also be empty."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

MONTH_FIRST = "MM/DD/YYYY"
YEAR_FIRST = "yyyy-mm-dd"
_FORMS = {
    MONTH_FIRST: re.compile(r"(?P<month>\d\d)/(?P<day>\d\d)/(?P<year>\d{4})", re.ASCII),
    YEAR_FIRST: re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII),
}


@dataclass(frozen=True)
class Check:
    expected: str
    holds: Callable[[str], bool]


def required(check: Check) -> Check:
    return Check(f"{check.expected}, never empty", lambda value: bool(value.strip()) and check.holds(value))


def pattern(expected: str, expression: str) -> Check:
    compiled = re.compile(expression, re.ASCII)
    return Check(expected, lambda value: not value or bool(compiled.fullmatch(value)))


def one_of(*words: str) -> Check:
    """One of a closed list, spelt like this."""
    return Check(f"one of {', '.join(words)}", lambda value: not value or value in words)


def one_of_any_case(*words: str) -> Check:
    folded = {word.casefold() for word in words}
    return Check(f"one of {', '.join(words)}", lambda value: not value or value.casefold() in folded)


def shorter(check: Check, most: int) -> Check:
    return Check(
        f"{check.expected}, of at most {most} characters", lambda value: len(value) <= most and check.holds(value)
    )


def small(check: Check) -> Check:
    return Check(f"{check.expected}, in small letters", lambda value: value == value.lower() and check.holds(value))


def date(form: str) -> Check:
    return Check(f"a day that exists, {form}", lambda value: not value or day(value, form) is not None)


def number(least: float, most: float) -> Check:
    return Check(f"a number from {least:g} to {most:g}", lambda value: not value or least <= _number(value) <= most)


@lru_cache(maxsize=50_000)
def day(value: str, form: str) -> dt.date | None:
    """The day that a text of the form means, or None."""
    found = _FORMS[form].fullmatch(value)
    try:
        return dt.date(**{name: int(digits) for name, digits in found.groupdict().items()}) if found else None
    except ValueError:
        return None


def _number(value: str) -> float:
    return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII) else float("nan")


ANYTHING = Check("anything", lambda value: True)
VALUE = required(Check("a value", lambda value: True))
EMPTY = Check("nothing: a password is not ours to send", lambda value: value == "")
EMAIL = pattern("an e-mail address", r'[^@\s,;<>"]+@[^@\s,;<>"]+\.[A-Za-z]{2,}')
PHONE = pattern("a telephone number", r"[\d ()+.x-]{7,}")
STATE = pattern("two capital letters", r"[A-Z]{2}")
ZIP = pattern("a ZIP code with its zeros", r"\d{5}(-\d{4})?")
YEAR = pattern("a year of four digits", r"(19|20)\d\d")
# The identity of a student at every vendor; a spreadsheet or a number column takes the zeros away.
STUDENT_NUMBER = required(pattern("7 digits with their zeros", r"\d{7}"))
STATE_ID = pattern("7 digits with their zeros", r"\d{7}")
