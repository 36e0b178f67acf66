"""Teachers' gradebooks: assignments, the grades of now and of last year, grade point averages. Grades 3 to 12.

A class group's grades are posted every ten days of school, on a day of its own, so that one tenth changes on a day.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pipeline.sandbox.dice import mix
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.school_year import DAY, school_year, us
from pipeline.sandbox.schools import School, Section, course_name, course_number, credit, slots

HEADERS = {
    "assignments.csv": "AssignmentSectionID,AssignmentID,SectionsDCID,Name,Category,DueDate,TotalPointValue,"
    "IsCountedInFinalGrade",
    "pgfinalgrades.csv": "DCID,StudentID,SectionID,FinalGradeName,Grade,Percent,LastGradeUpdate",
    "stored_grades.csv": "StoredGrades.DCID,StoredGrades.StudentID,StoredGrades.SectionID,StoredGrades.Course_Number,"
    "StoredGrades.Course_Name,StoredGrades.SchoolID,StoredGrades.TermID,StoredGrades.StoreCode,StoredGrades.Grade,"
    "StoredGrades.Percent,StoredGrades.GPA_Points,StoredGrades.EarnedCrHrs,StoredGrades.DateStored,"
    "StoredGrades.Grade_Level",
    "gpa_current.csv": "StudentID,Unweighted_GPA,Weighted_GPA,Calculated_On",
}

_GRADED = 3  # the first slots of every week, and their subjects: English, mathematics, science
_POSTED = 10  # days of school between two postings
_SET = 5  # days of school between two assignments
# Name, category, points, whether it counts.
_WORK = (
    ("Practice pages, set {}", "Homework", 10, 1),
    ('Quiz {}: "Show your work"', "Quiz", 20, 1),
    ("Exit ticket {}", "Classwork", 5, 0),
    ("Project {}, first draft", "Project", 50, 1),
    ("Unit {} test", "Test", 100, 1),
)


class Grade(NamedTuple):
    """A student's grade in one of the graded slots. `name` is S1, S2 or Y1, `session` the day of school on which it
    was posted, as an index into the year's."""

    slot: int
    name: str
    percent: int
    session: int


def write(tables: dict[str, Table], books: Books) -> None:
    """Fill assignments.csv; the other tables of HEADERS get their rows from `add`."""
    for school in books.server.schools:
        for section in school.sections():
            if section.grade >= 3 and section.subject <= _GRADED:
                tables["assignments.csv"].extend(_assignments(books, section))


def add(tables: dict[str, Table], books: Books, who: Enrolled) -> None:
    """Add the grades of a student who has been to school."""
    if who.grade < 3:
        return
    talent = mix(books.seed, books.server.number, who.id, 21)
    grades = list(_current(books, who, talent))
    tables["pgfinalgrades.csv"].extend(_posted(books, who, grades))
    if who.grade >= 9:
        tables["stored_grades.csv"].extend(_stored(books, who, talent))
        if grades:
            tables["gpa_current.csv"].add(_average(books, who, grades, talent))


def _assignments(books: Books, section: Section) -> Iterator[Row]:
    """One a week, due two days of school later. All sections of a course at a school are set the same."""
    sessions, shared = books.year.sessions, section.id - section.group
    for n, session in enumerate(range(section.id % _SET, books.year.sessions_before(books.as_of), _SET)):
        name, *rest, points, counts = _WORK[n % len(_WORK)]
        due = us(sessions[min(session + 2, len(sessions) - 1)])
        what = (name.format(n // len(_WORK) + 1), *rest, due, points, counts)
        yield section.id * 64 + n, shared * 64 + n, section.dcid, *what


@lru_cache(maxsize=512)
def _sections(school: School, grade: int, group: int) -> tuple[int, ...]:
    """The ids of a class group's graded sections."""
    return tuple(school.section(grade, slot, group).id for slot in range(_GRADED))


def _current(books: Books, who: Enrolled, talent: int) -> Iterator[Grade]:
    """The grades of each semester that has any, and of the year."""
    days, spring = who.days(books), books.year.sessions_before(books.year.terms[2].first)
    halves = (range(days.start, min(days.stop, spring)), range(max(days.start, spring), days.stop))
    group = _sections(who.school, who.grade, who.group)[0]
    postings = [(name, _last_posting(group, half)) for name, half in zip(("S1", "S2"), halves, strict=True)]
    for slot in range(_GRADED):
        terms = [Grade(slot, name, _percent(talent, slot, day), day) for name, day in postings if day is not None]
        yield from terms
        if terms:
            yield Grade(slot, "Y1", sum(term.percent for term in terms) // len(terms), terms[-1].session)


def _last_posting(group: int, days: range) -> int | None:
    """The last of `days` on which the group's grades were posted. Each year's first posting comes early."""
    last, turn = days.stop - 1, group % _POSTED
    session = last - (last - turn) % _POSTED if last >= _POSTED + turn else turn // 2
    return session if session in days else None


def _percent(talent: int, slot: int, session: int) -> int:
    """50 to 99: a student's talent, and up to five points of luck either way."""
    return 55 + talent % 40 + mix(talent, slot, session) % 11 - 5


def _letter(percent: int) -> tuple[str, int]:
    """The letter of a percentage, and its grade points."""
    points = max(0, min(4, percent // 10 - 5))
    return "FDCBA"[points], points


def _posted(books: Books, who: Enrolled, grades: list[Grade]) -> Iterator[Row]:
    sections = _sections(who.school, who.grade, who.group)
    for slot, name, percent, session in grades:
        id = who.id * 16 + slot * 4 + ("S1", "S2", "Y1").index(name)
        updated = us(books.year.sessions[session])
        yield id, who.id, sections[slot], name, _letter(percent)[0], percent, updated


def _average(books: Books, who: Enrolled, grades: list[Grade], talent: int) -> Row:
    """Three students of ten take harder classes, which weigh a point more each."""
    points = sum(_letter(grade.percent)[1] for grade in grades if grade.name == "Y1")
    harder = max(0, 3 - (talent >> 32) % 10)
    calculated = us(books.year.sessions[max(grade.session for grade in grades)])
    return who.id, _two_decimals(points), _two_decimals(points + harder), calculated


def _two_decimals(points: int) -> str:
    """The mean of the graded slots' points, rounded down."""
    hundredths = points * 100 // _GRADED
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _stored(books: Books, who: Enrolled, talent: int) -> Iterator[Row]:
    """Last year's final grades. Who came during this year brought none."""
    if who.time.enters > books.year.first:
        return
    year, grade = school_year(books.year.start - 1), who.grade - 1
    school, group = books.server.place(who.seat, grade)
    for slot in range(len(slots(grade))):
        section = school.section(grade, slot, group)
        letter, points = _letter(percent := _percent(talent, slot, -1))
        what = (course_number(section.subject, grade), course_name(section.subject, grade), school.site.number)
        term = section.slot.term
        earned = credit(section.subject, grade) if points else "0.0"
        grades = (("Y1", "S1", "S2")[term], letter, percent, points, earned, us(year.terms[term].last + DAY), grade)
        # Sections have the same ids every year; one of last year must not be taken for one of this.
        yield who.id * 8 + slot, who.id, year.id * 1_000_000 + section.id, *what, year.terms[term].id, *grades
