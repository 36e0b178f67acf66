"""Enrolments that are over: last year's, of everybody who was at the server then."""

from collections.abc import Iterator

from pipeline.sandbox.attending import fte_id
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.people import EPOCH
from pipeline.sandbox.school_year import DAY, school_year, us

HEADERS = {"reenrollments.csv": "ID,StudentID,SchoolID,Grade_Level,EntryDate,ExitDate,EntryCode,ExitCode,FTEID"}


def add(tables: dict[str, Table], books: Books, who: Enrolled) -> None:
    """Add the earlier enrolment of a student who has been to school."""
    tables["reenrollments.csv"].extend(_last_year(books, who))


def _last_year(books: Books, who: Enrolled) -> Iterator[Row]:
    """Who went up from a school's last grade left that school (T), the others were promoted (P). One who came in the
    middle of that year was a transfer (TR)."""
    start = books.year.start - 1
    grade, begun = books.server.cohort(who.seat, start)
    if start < EPOCH or who.came == books.year.start or begun != books.server.cohort(who.seat, books.year.start)[1]:
        return
    year, (school, _) = school_year(start), books.server.place(who.seat, grade)
    entry = books.transfers.day(books.server, who.seat, year) if who.came == start else year.first
    codes = ("TR" if who.came == start else "E", "P" if school == who.school else "T")
    days = (us(entry), us(year.last + DAY))
    yield who.id * 16 + grade + 1, who.id, school.site.number, grade, *days, *codes, fte_id(school, year, grade)
