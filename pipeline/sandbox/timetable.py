"""When a school's sections meet, and who stands in front of them: cycle days, periods, meetings, section staff."""

from collections.abc import Iterator

from pipeline.sandbox.dice import mix
from pipeline.sandbox.enrolment import Books
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.school_year import DAY, SchoolYear, Term, us
from pipeline.sandbox.schools import School, Section

HEADERS = {
    "cycle_day.csv": "ID,SchoolID,Year_ID,Letter,Day_Number,Day_Name,Abbreviation",
    "periods.csv": "ID,SchoolID,Year_ID,Period_Number,Name,Abbreviation",
    "section_meeting.csv": "Section_Meeting.ID,Section_Meeting.SectionID,Section_Meeting.SchoolID,"
    "Section_Meeting.Year_ID,Section_Meeting.Cycle_Day_Letter,Section_Meeting.Period_Number",
    "section_teacher.csv": "ID,SectionID,TeacherID,RoleID,Priority_Order,Allocation,Start_Date,End_Date",
}

_PERIODS = 6
_STAFF = 510  # apart from the chances of seats and posts


def period_id(school: School, year: SchoolYear, number: int) -> int:
    """periods.ID of a school's period, which counts from 1."""
    return year.id * 1000 + school.id * 10 + number


def write(tables: dict[str, Table], books: Books) -> None:
    """Fill the tables of HEADERS."""
    for school in books.server.schools:
        tables["cycle_day.csv"].extend(_cycle(school, books.year))
        tables["periods.csv"].extend(_periods(school, books.year))
        for section in school.sections():
            tables["section_meeting.csv"].extend(_meetings(school, section, books.year))
            tables["section_teacher.csv"].extend(_staff(books, school, section))


def _cycle(school: School, year: SchoolYear) -> Iterator[Row]:
    """Elementary classes meet on five days, A to E; a secondary school's cycle is one day, A."""
    for number, letter in enumerate("ABCDE" if school.site.low <= 4 else "A", start=1):
        id = year.id * 1000 + school.id * 10 + number
        yield id, school.site.number, year.id, letter, number, f"Day {letter}", letter


def _periods(school: School, year: SchoolYear) -> Iterator[Row]:
    for number in range(1, _PERIODS + 1):
        id = period_id(school, year, number)
        yield id, school.site.number, year.id, number, f"Period {number}", f"P{number}"


def _meetings(school: School, section: Section, year: SchoolYear) -> Iterator[Row]:
    for n, letter in enumerate(section.letters):
        yield section.id * 5 + n, section.id, school.site.number, year.id, letter, section.period


def _staff(books: Books, school: School, section: Section) -> Iterator[Row]:
    """The lead teacher; in one section of eight a co-teacher; in one of five of those somebody in support, without
    dates. What is planned for the whole year is known from its first day."""
    term, first = books.year.terms[section.slot.term], section.id * 4
    yield first, section.id, section.teacher, 1, 1, 100, us(term.first), us(term.last)
    chance = mix(books.seed, _STAFF, books.server.number, section.id)
    if chance % 8:
        return
    partner = school.esl_teacher(chance >> 8) if chance >> 4 & 1 else school.colleague(section.teacher, chance >> 8)
    yield first + 1, section.id, partner, 2, 2, 50, *_span(term, chance >> 24)
    helper = school.colleague(section.teacher, chance >> 16)
    if chance >> 48 & 0xFF < 51 and helper != partner:
        yield first + 2, section.id, helper, 3, 3, 25, "", ""


def _span(term: Term, chance: int) -> tuple[str, str]:
    """Three co-teachers of five stay for the term; one goes during it, one comes during it."""
    turn = term.first + DAY * (14 + chance % ((term.last - term.first).days - 14))
    kind = (chance >> 12) % 5
    return us(turn if kind == 1 else term.first), us(turn if kind == 0 else term.last)
