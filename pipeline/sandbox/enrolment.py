"""What a server knows of its students: who they are, their classes, their absences, what they did.

One pass over the seats; a student's rows do not depend on any other student's.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import NamedTuple

from pipeline.sandbox import conduct
from pipeline.sandbox.campus import mark_ids
from pipeline.sandbox.dice import below, mix, pick
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.people import Occupant, Student, address, occupants, student, worker
from pipeline.sandbox.school_year import DAY, SchoolYear, us
from pipeline.sandbox.schools import CHANGEABLE, School, Server, course_number, servers, slots
from pipeline.sandbox.transfers import Identity, Transfers, cohorts, last_change

HEADERS = {
    "students.csv": "ID,DCID,Student_Number,State_ID,Last_Name,First_Name,Middle_Name,Grade_Level,SchoolID,"
    "Enroll_Status,EntryDate,ExitDate,DOB,Gender,Ethnicity,Street,City,State,Zip,Home_Phone,Student_Email,"
    "Home_Language,LEP_Status,US_Entry_Date,Country_of_Birth,ESL_Teacher,FedEthnicity,LunchStatus,"
    "Sched_YearOfGraduation",
    "cc.csv": "CC.ID,CC.StudentID,CC.SectionID,CC.Course_Number,CC.TermID,CC.SchoolID,CC.TeacherID,CC.DateEnrolled,"
    "CC.DateLeft,CC.Expression",
    "attendance.csv": "ID,StudentID,SchoolID,Att_Date,Attendance_CodeID,Att_Mode_Code,PeriodID,YearID,CCID",
    "incidents.csv": "Incident_ID,SchoolID,StudentID,Incident_Date,Incident_Type,Action_Code,Action_Days",
}

_MARKED = "AAAAAAEEEEEEEEETTTTTTS"  # how often each mark is given
_INCIDENTS = ["Fighting, no injury", "Disruption", "Disruption", "Tobacco/Vaping", 'Use of "threatening" language']
_ACTIONS = [("ISS", "1.0"), ("ISS", "0.5"), ("OSS", "3.0"), ("OSS", "1.5"), ("DET", ""), ("CONF", ""), ("CONF", "")]


class Enrolled(NamedTuple):
    """A student on a seat: everything that the rows of one student are made of. `came` is the school year in which
    they took the seat from another, `chance` their own 64 bits, the same on whatever seat of either server."""

    seat: int
    id: int
    number: str
    person: Student
    time: Occupant
    school: School
    grade: int
    group: int
    came: int | None
    chance: int

    @property
    def number_of_school(self) -> str:
        return self.school.site.number

    def days(self, books: "Books") -> range:
        """Which days of school (indices into the year's sessions) the student has had."""
        year, leaves = books.year, self.time.leaves
        over = min(leaves, books.as_of) if leaves else books.as_of
        return range(year.sessions_before(self.time.enters), year.sessions_before(over))

    @property
    def state_id(self) -> int:
        return 1_000_000 + int(self.number) * 7_654_321 % 9_000_000

    @property
    def login(self) -> str:
        return f"{self.person.name.plain}{int(self.number)}"

    @property
    def email(self) -> str:
        return f"{self.login}@riverbend.example.org"


class Fortune(NamedTuple):
    """What one school year holds for a student, whatever day it is now. Days count from the first of the calendar."""

    moves: int | None
    new_address: tuple[str, str]
    changes_class: int | None
    illness: float
    incidents: tuple[tuple[int, str, tuple[str, str]], ...]


@dataclass(frozen=True)
class Books:
    """One server on one day."""

    server: Server
    seed: int
    year: SchoolYear
    as_of: dt.date
    all_seats: int

    @cached_property
    def transfers(self) -> Transfers:
        return Transfers(self.seed, *servers(self.all_seats))

    def students(self) -> Iterator[Enrolled]:
        """Everybody in students.csv, seat by seat."""
        rng = Random()
        for seat in range(self.server.seats):
            grade = self.server.cohort(seat, self.year.start)[0]
            school, group = self.server.place(seat, grade)
            for time, came in self._times(seat):
                identity = self.transfers.who(self.server, seat, time.turn, came)
                chance = mix(self.seed, *identity)
                rng.seed(chance)
                id = time.turn * self.server.seats + seat + 101
                person = student(rng, identity.seat, self.year.start - grade - 5)
                yield Enrolled(seat, id, self._number(identity), person, time, school, grade, group, came, chance)

    def _times(self, seat: int) -> Iterator[tuple[Occupant, int | None]]:
        """The seat's occupants, and the school year in which each took it from another."""
        transfers, start = self.transfers, self.year.start
        fate, past = transfers.fate(self.server, seat), cohorts(self.server, seat, start)
        before, day = last_change(fate, self.server, seat, start), transfers.day(self.server, seat, self.year)
        for time in occupants(fate, past, self.year, self.as_of, day):
            yield time, start if time.enters > self.year.first else before

    def _number(self, identity: Identity) -> str:
        """Seven digits, unlike the id's; one that a million seats have used up comes back after many years."""
        turn = identity.turn % min(64, 8_999_999 // self.all_seats)
        first_seat = self.transfers.rsd.seats if identity.server else 0
        return f"{(turn + 1) * self.all_seats - first_seat - identity.seat:07d}"

    def fortune(self, who: Enrolled, rng: Random) -> Fortune:
        """`rng` then goes on with the student's days of school."""
        rng.seed(mix(self.seed, self.server.number, who.id, self.year.start, 7))
        days = len(self.year.days)
        moves = below(rng, days) if rng.random() < 0.05 else None
        new_address, luck = address(rng), rng.random()
        changes = 5 + below(rng, days - 5) if rng.random() < 0.12 else None
        first = who.seat == 0
        incidents = tuple(
            (0 if first else below(rng, len(self.year.sessions)), kind, pick(rng, _ACTIONS))
            for kind in _INCIDENTS[:1] * first + [pick(rng, _INCIDENTS) for _ in range(3) if rng.random() < 0.02]
        )
        return Fortune(moves, new_address, changes, 0.5 if first else 0.02 + 0.12 * luck * luck, incidents)


def write(tables: dict[str, Table], books: Books) -> Iterator[Enrolled]:
    """Fill the tables of HEADERS, and yield each student who has been to school."""
    rng = Random()
    for who in books.students():
        fortune = books.fortune(who, rng)
        tables["students.csv"].add(_student(books, who, fortune))
        if who.time.status >= 0:
            tables["cc.csv"].extend(_classes(books, who, fortune))
            for incident in _incidents(books, who, fortune):
                tables["incidents.csv"].add(incident)
                tables["incident_data.csv"].extend(conduct.details(books.seed, books.server.number, incident[0]))
            tables["attendance.csv"].extend(_marks(books, who, fortune.illness, rng))
            yield who


def _student(books: Books, who: Enrolled, fortune: Fortune) -> Row:
    person, time = who.person, who.time
    moved = fortune.moves is not None and books.year.days[fortune.moves] <= books.as_of
    street, zip_code = fortune.new_address if moved else person.address
    esl = who.school.esl_teacher(who.id) if person.learner.status in "L12" else 0
    return (
        *(who.id, who.id + 2000, who.number, who.state_id),
        *(person.name.last, person.name.first, person.name.middle),
        *(who.grade, who.school.site.number, time.status, us(time.enters), us(time.leaves) if time.leaves else ""),
        *(person.dob, person.gender, person.ethnicity, street, "Riverbend", "TN", zip_code, person.phone),
        *(who.email, person.learner.language, person.learner.status),
        *(person.learner.us_entry, person.learner.country),
        worker(books.seed, books.server.code, esl).number if esl else "",
        *(person.hispanic, person.lunch, books.year.start + 13 - who.grade),
    )


class Lesson(NamedTuple):
    """A student's place in a section, as the rows of cc need it."""

    section: int
    course: str
    term: int
    teacher: int
    expression: str
    first: dt.date
    last: dt.date


@lru_cache(maxsize=512)
def _week(school: School, year: SchoolYear, grade: int, group: int) -> tuple[Lesson, ...]:
    """The lessons of a class group, one a slot."""
    lessons = []
    for place in range(len(slots(grade))):
        section = school.section(grade, place, group)
        term = year.terms[section.slot.term]
        course = course_number(section.subject, grade)
        lessons.append(
            Lesson(section.id, course, term.id, section.teacher, section.expression, term.first, term.last + DAY)
        )
    return tuple(lessons)


def _classes(books: Books, who: Enrolled, fortune: Fortune) -> Iterator[Row]:
    """Who leaves the school or changes a class leaves a negative SectionID behind."""
    week = _week(who.school, books.year, who.grade, who.group)
    changed = _change(books, who, fortune)
    for place, lesson in enumerate(week):
        left = changed if place == CHANGEABLE else None
        yield from _class(who, who.id * 16 + place, lesson, who.time.enters, left or who.time.leaves)
    if changed:
        other = _week(who.school, books.year, who.grade, (who.group + 1) % who.school.groups)[CHANGEABLE]
        yield from _class(who, who.id * 16 + 15, other, changed, who.time.leaves)


def _class(who: Enrolled, id: int, lesson: Lesson, enters: dt.date, leaves: dt.date | None) -> Iterator[Row]:
    first = max(enters, lesson.first)
    if first >= lesson.last or (leaves and first >= leaves):
        return
    dropped = leaves is not None and leaves < lesson.last
    section, last = (-lesson.section, leaves) if leaves and dropped else (lesson.section, lesson.last)
    days = (us(first), us(last))
    yield (
        id,
        who.id,
        section,
        lesson.course,
        lesson.term,
        who.number_of_school,
        lesson.teacher,
        *days,
        lesson.expression,
    )


def _change(books: Books, who: Enrolled, fortune: Fortune) -> dt.date | None:
    """The day on which the student has changed a class, if that day has come."""
    if fortune.changes_class is None or who.school.groups == 1:
        return None
    day = books.year.days[fortune.changes_class]
    here = who.time.enters < day <= books.as_of and (who.time.leaves is None or day < who.time.leaves)
    return day if here else None


def _incidents(books: Books, who: Enrolled, fortune: Fortune) -> Iterator[tuple[int, *tuple[object, ...]]]:
    sessions = books.year.sessions
    for n, (session, kind, action) in enumerate(fortune.incidents):
        if session in who.days(books):
            yield who.id * 8 + n, who.number_of_school, who.id, us(sessions[session]), kind, *action


def _marks(books: Books, who: Enrolled, illness: float, rng: Random) -> Iterator[Row]:
    """One draw for each day of school since the student entered, so that no day depends on a later one."""
    ids, sessions, draw = mark_ids(who.school, books.year), books.year.sessions, rng.random
    for session in who.days(books):
        chance = draw()
        if chance < illness or (session == 0 and who.seat == 0):
            mark = ids[_MARKED[int(chance / illness * len(_MARKED)) % len(_MARKED)]]
            day = us(sessions[session])
            yield who.id * 200 + session, who.id, who.number_of_school, day, mark, "ATT_ModeDaily", 0, books.year.id, 0
