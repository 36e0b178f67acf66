"""The two score files that SAVVAS puts into its folder every night, cumulative over the school year. [modelled]"""

import datetime as dt
from collections.abc import Iterator
from random import Random

from pipeline.sandbox.dice import below, mix
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.people import worker
from pipeline.sandbox.school_year import us
from pipeline.sandbox.schools import course_name

ASSESSMENTS = (
    "School,Class,Teacher,Program,Assessment,Submit Date,Student Name,Student Login,Student ID,Source ID,Raw Score,"
    "Max Score,% Score"
)
STANDARDS = (
    "School,Class,Teacher,Standard Code,Standard Description,Submit Date,Student Name,Student ID,Points Earned,"
    "Points Possible,% Score"
)

_EVERY = 18  # days between a student's assessments
# By slot of the week: the programme, its standards' code, what the standards say.
_PROGRAMS = (
    ("myView Literacy", "RL.KID", ("Determine a theme, using details", "Explain events", "Compare two characters")),
    ("enVision Mathematics", "NBT.A", ("Place value, to 1,000,000", 'Read "<" and ">"', "Add and subtract, fluently")),
)


def files(date: dt.date) -> dict[str, str]:
    """File name -> header, of the two files of a date."""
    return {
        f"SAVVAS_Realize_Assessment_Scores_{date:%Y%m%d}.csv": ASSESSMENTS,
        f"SAVVAS_Realize_Standards_Scores_{date:%Y%m%d}.csv": STANDARDS,
    }


def write(assessments: Table, standards: Table, books: Books, who: Enrolled) -> None:
    """Add a student's scores; three seats in ten use SAVVAS."""
    if who.seat * 7 % 10 > 2:
        return
    rng = Random(mix(books.seed, books.server.number, who.id, books.year.start, 11))
    classes = [_class(books, who, slot) for slot in range(len(_PROGRAMS))]
    last = min(who.time.leaves or books.as_of, books.as_of)
    for n, day in enumerate(_days(books, rng)):
        luck = rng.random()
        if who.time.enters <= day < last:
            slot = n % len(_PROGRAMS)
            assessments.add((*classes[slot], *_assessment(books, who, slot, n, day, luck)))
            standards.extend((*classes[slot], *row) for row in _standards(who, slot, day, luck))


def _days(books: Books, rng: Random) -> Iterator[dt.date]:
    """Any day of the calendar, the first within the first three, and never twice the same."""
    for n in range(len(books.year.days) // _EVERY):
        yield books.year.days[n * _EVERY + below(rng, _EVERY if n else 3)]


def _class(books: Books, who: Enrolled, slot: int) -> Row:
    section = who.school.section(who.grade, slot, who.group)
    teacher = worker(books.seed, books.server.code, section.teacher).name.listed
    return who.school.site.name, f"{course_name(section.subject, who.grade)} - {who.group + 1:02d}", teacher


def _assessment(books: Books, who: Enrolled, slot: int, n: int, day: dt.date, luck: float) -> Row:
    program, _, standards = _PROGRAMS[slot]
    book, title = f"{program}, Grade {max(who.grade, 0)}", f"Topic {n + 1} Assessment: {standards[n % 3]}"
    student = (who.person.name.listed, who.login, who.number, f"rb-{books.server.code.lower()}-{who.id}")
    return (book, title, us(day), *student, *_score(luck, 20 + n))


def _standards(who: Enrolled, slot: int, day: dt.date, luck: float) -> Iterator[Row]:
    """Two standards, which are not the same."""
    _, domain, descriptions = _PROGRAMS[slot]
    for k in range(2):
        code = (day.toordinal() + k) % len(descriptions)
        standard = (f"{max(who.grade, 0)}.{domain}.{code + 1}", descriptions[code])
        yield (*standard, us(day), who.person.name.listed, who.number, *_score(luck * (10 - k) / 10, 4 + code))


def _score(luck: float, most: int) -> tuple[int, int, str]:
    """Points, possible points, percent with one decimal rounded down; most students get more than half."""
    points = most - int((1 - luck) ** 2 * most * 0.9)
    tenths = points * 1000 // most
    return points, most, f"{tenths // 10}.{tenths % 10}"
