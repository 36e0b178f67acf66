"""A district's calendar as a file that somebody types: a line for each day, or days, that differ from Monday to Friday.

    # What stands behind the days is for people.
    covers  2026-08-03 to 2027-07-30
    off     2026-09-07                  Labor Day
    off     2026-12-21 to 2027-01-04    Winter Break
    off     2027-05-29 to 2027-07-30    Summer
    school  2027-02-20                  instead of a day of snow

`covers` says for which days the file holds, once a year: beyond them it says nothing. Among these, Monday to Friday are
school days but for what is `off`; `school` has the last word.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalogue.days import Known, is_weekday
from pipeline.ground.errors import ConfigurationError, did_you_mean

WORDS = ("covers", "off", "school")
_LINE = re.compile(r"(?P<word>\S+)\s+(?P<first>\S+)(?:\s+to\s+(?P<last>\S+))?(?:\s.*)?")
_EXPECTED = "a line as `off 2026-12-21 to 2027-01-04 Winter Break`, of one day as `off 2026-09-07 Labor Day`"


@dataclass(frozen=True)
class _Said:
    """One line: its number, its word, its days."""

    number: int
    word: str
    first: dt.date
    last: dt.date

    def days(self) -> Iterator[dt.date]:
        return (self.first + dt.timedelta(days=n) for n in range((self.last - self.first).days + 1))


def read(path: Path) -> tuple[Known, list[ConfigurationError]]:
    """What the file says, and an error for each line that is wrong; what is wrong says nothing."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no text of UTF-8"
        return Known((), frozenset()), [_error(path, 0, f"the calendar cannot be read: {what}")]
    said: list[_Said] = []
    errors: list[ConfigurationError] = []
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            one = _said(path, number, text)
            (errors if isinstance(one, ConfigurationError) else said).append(one)  # type: ignore[arg-type]
    covers = tuple((each.first, each.last) for each in said if each.word == "covers")
    if not covers and not errors:
        errors.append(_error(path, 0, "no line says which days the calendar covers", "covers 2026-08-03 to 2027-07-30"))
    known = Known(covers, frozenset())
    errors += [
        _error(path, each.number, f"{each.first} to {each.last} is not among the days that the calendar covers")
        for each in said
        if covers and each.word != "covers" and not (known.reaches(each.first) and known.reaches(each.last))
    ]
    return Known(covers, _school(said)), errors


def _said(path: Path, number: int, text: str) -> _Said | ConfigurationError:
    found = _LINE.fullmatch(text)
    if found is None:
        return _error(path, number, f"{text!r} names no day")
    if found["word"] not in WORDS:
        return _error(
            path, number, f"a line begins with {found['word']!r}", f"one of {', '.join(WORDS)}", found["word"]
        )
    days: list[dt.date] = []
    for day in (found["first"], found["last"] or found["first"]):
        try:
            days.append(dt.date.fromisoformat(day))
        except ValueError:
            return _error(path, number, f"{day!r} is no date as 2026-11-23")
    if not dt.timedelta() <= days[1] - days[0] < dt.timedelta(days=1000):
        return _error(path, number, f"{days[0]} to {days[1]} is no time from a day to a later one, of a year or so")
    return _Said(number, found["word"], *days)


def _school(said: list[_Said]) -> frozenset[dt.date]:
    by_word = {word: {day for each in said if each.word == word for day in each.days()} for word in WORDS}
    usual = {day for day in by_word["covers"] if is_weekday(day)}
    return frozenset((usual - by_word["off"]) | by_word["school"])


def _error(path: Path, number: int, found: str, expected: str = _EXPECTED, word: str = "") -> ConfigurationError:
    where = f"{path}, line {number}" if number else f"{path}"
    correct = "correct that line" if number else "correct `calendar` of [district], or the file"
    return ConfigurationError(
        f"{where}: {found}", expected=expected, next_step=did_you_mean(word, WORDS, correct) if word else correct
    )
