"""What the state's EIS portal reports of a school: ADM audit, student membership; the errors are in eis_errors.py.

The state knows what was transmitted by the evening before a day. As everything of the district, a report depends on
the day, the number of students and the seed alone, and is made when the portal is asked for it.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pipeline.sandbox.dice import mix
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row
from pipeline.sandbox.school_year import DAY, on
from pipeline.sandbox.schools import School, servers

# The state's names of the two districts, by server. [modelled]
DISTRICTS = {"RSD": ("997", "Riverbend Schools"), "BLF": ("998", "Bluff Landing Foundation")}
ADM_AUDIT = (
    "SchoolYear,DistrictNo,SchoolNo,SchoolName,StudentStateId,StudentName,Grade,InstructionalProgram,ServiceDistrict,"
    "ADMPeriod,DaysEnrolled,ADM"
)
MEMBERSHIP = (
    "SchoolYear,DistrictNo,SchoolNo,SchoolName,StudentStateId,StudentName,Grade,EnrollmentDate,EnrollmentReason,"
    "WithdrawalDate,WithdrawalReason,PrimaryDistrict,PrimarySchool"
)
PERIOD = 20  # days of school in one of the state's reporting periods


@dataclass(frozen=True)
class Roll:
    """What the state knows of one server's schools on the morning of `date`."""

    code: str
    date: dt.date
    students: int
    seed: int

    @cached_property
    def books(self) -> Books:
        server = next(server for server in servers(self.students) if server.code == self.code)
        return Books(server, self.seed, *on(self.date), self.students)

    @cached_property
    def enrolled(self) -> list[Enrolled]:
        """Everybody who has been to school this year."""
        return [who for who in self.books.students() if who.time.status >= 0]

    @property
    def transmitted(self) -> dt.date:
        return self.date - DAY

    def schools(self, numbers: Iterable[str]) -> list[School]:
        wanted = set(numbers)
        return [school for school in self.books.server.schools if school.site.number in wanted]

    def of(self, school: School) -> Iterator[Enrolled]:
        return (who for who in self.enrolled if who.school is school)

    def head(self, school: School) -> Row:
        """The columns with which every row of the viewer's reports begins."""
        return self.books.year.start, DISTRICTS[self.code][0], school.site.number, school.site.name


@lru_cache(maxsize=2)
def roll(code: str, date: dt.date, students: int, seed: int) -> Roll:
    """Kept, so that the schools' reports of one day are made from one pass over the students."""
    return Roll(code, date, students, seed)


def day(date: dt.date) -> str:
    """M/D/YYYY, unpadded."""
    return f"{date.month}/{date.day}/{date.year}"


def adm_audit(roll: Roll, schools: Iterable[str]) -> bytes:
    """A row for each student and reporting period that has begun. [modelled]"""
    return _report("ADM Audit Report", ADM_AUDIT, roll, schools, _audited)


def student_membership(roll: Roll, schools: Iterable[str]) -> bytes:
    """A row for each student's time at the school. [modelled]"""
    return _report("Student Membership Report", MEMBERSHIP, roll, schools, _member)


def _report(
    title: str, header: str, roll: Roll, schools: Iterable[str], rows: Callable[[Roll, Enrolled], Iterator[Row]]
) -> bytes:
    """As the report viewer exports it: two lines before the header, CRLF, quotes where they are needed."""
    out = io.StringIO(newline="")
    out.write(f"{title}\r\nRun date: {day(roll.date)}\r\n{header}\r\n")
    writer = csv.writer(out)
    for school in roll.schools(schools):
        head = roll.head(school)
        for who in roll.of(school):
            writer.writerows((*head, *row) for row in rows(roll, who))
    return out.getvalue().encode()


def _audited(roll: Roll, who: Enrolled) -> Iterator[Row]:
    days = who.days(roll.books)
    program, home = "PK" if who.grade < 0 else "1", DISTRICTS[roll.code][0]
    for period in range(days.start // PERIOD, -(-days.stop // PERIOD) if days else 0):
        here = min(days.stop, (period + 1) * PERIOD) - max(days.start, period * PERIOD)
        yield *_student(who), program, home, period + 1, here, f"{here / PERIOD:.4f}"


def _member(roll: Roll, who: Enrolled) -> Iterator[Row]:
    """One student in two hundred has their primary school elsewhere."""
    district, school = DISTRICTS[roll.code][0], who.number_of_school
    if mix(who.chance, 11) % 200 == 0:
        district, school = "901", "0025"
    entry = "E" if who.time.enters == roll.books.year.first else "TR"
    left = (day(who.time.leaves), f"{mix(who.chance, 12) % 8 + 1:02d}") if who.time.leaves else ("", "")
    yield *_student(who), day(who.time.enters), entry, *left, district, school


def _student(who: Enrolled) -> Row:
    grade = {-1: "P4", 0: "K"}.get(who.grade, f"{who.grade:02d}")
    return who.state_id, who.person.name.listed, grade
