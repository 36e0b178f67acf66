"""How attendance counts and who has taken it: full-time equivalents, conversions, attendance taken, memberships."""

from collections.abc import Iterator

from pipeline.sandbox.dice import mix
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.school_year import DAY, SchoolYear, school_year, us
from pipeline.sandbox.schools import School, Section
from pipeline.sandbox.timetable import period_id

HEADERS = {
    "fte.csv": "ID,SchoolID,YearID,Name,Description,FTE_Value,Dflt_Att_Mode_Code,Dflt_Conversion_Mode_Code",
    "attendance_conversion.csv": "ID,Name,SchoolID,YearID,Conversion_Mode_Code",
    "attendance_taken.csv": "ID,Att_Date,SchoolID,SectionID,PeriodID,TeacherID,YearID",
    "ps_membership_defaults.csv": "StudentID,SchoolID,YearID,Grade_Level,FTEID,Track,StudentMembership,FirstDay,"
    "LastDay",
}

_FTES = (("Full time", "All day, every day", "1"), ("Half time", "Pre-K, mornings", "0.5"))
_CONVERSIONS = (("Code to day", "codeday"), ("Period to day", "periodday"))
_TAKEN = 520  # apart from the chances of seats and posts


def fte_id(school: School, year: SchoolYear, grade: int) -> int:
    """fte.ID of a grade's students at a school: pre-kindergarten comes half the day."""
    return year.id * 1000 + school.id * 10 + int(grade < 0)


def write(tables: dict[str, Table], books: Books) -> None:
    """Fill the tables of HEADERS, but for what `add` adds. Full-time equivalents of last year stay for the
    enrolments that are over."""
    for school in books.server.schools:
        for year in (school_year(books.year.start - 1), books.year):
            tables["fte.csv"].extend(_ftes(school, year))
        tables["attendance_conversion.csv"].extend(_conversions(school, books.year))
        for section in school.sections():
            if section.period == 1:
                tables["attendance_taken.csv"].extend(_taken(books, school, section))


def add(tables: dict[str, Table], books: Books, who: Enrolled) -> None:
    """Add the membership of a student who has been to school."""
    where = (who.number_of_school, books.year.id, who.grade, fte_id(who.school, books.year, who.grade))
    days = (us(who.time.enters), us(who.time.leaves) if who.time.leaves else "")
    tables["ps_membership_defaults.csv"].add((who.id, *where, "", _FTES[who.grade < 0][2], *days))


def _ftes(school: School, year: SchoolYear) -> Iterator[Row]:
    for n, fte in enumerate(_FTES):
        yield year.id * 1000 + school.id * 10 + n, school.site.number, year.id, *fte, "ATT_ModeDaily", "codeday"


def _conversions(school: School, year: SchoolYear) -> Iterator[Row]:
    for n, (name, mode) in enumerate(_CONVERSIONS):
        yield year.id * 1000 + school.id * 10 + n, name, school.site.number, year.id, mode


def _taken(books: Books, school: School, section: Section) -> Iterator[Row]:
    """Each day of school before today, but for the one in 32 on which the teacher forgot."""
    year, term = books.year, books.year.terms[section.slot.term]
    over = min(books.as_of, term.last + DAY)
    rest = (school.site.number, section.id, period_id(school, year, section.period), section.teacher, year.id)
    for session in range(year.sessions_before(term.first), year.sessions_before(over)):
        if mix(books.seed, _TAKEN, books.server.number, section.id, session) % 32:
            yield section.id * 200 + session, us(year.sessions[session]), *rest
