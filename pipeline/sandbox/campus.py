"""What a school is before a student comes: schools, terms, calendar, courses, sections and staff of one server."""

import datetime as dt
from collections.abc import Iterator

from pipeline.sandbox.dice import mix
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.people import fate, occupants, worker
from pipeline.sandbox.school_year import SchoolYear, us
from pipeline.sandbox.schools import SUBJECTS, Post, School, Server, course_name, course_number, credit, slots

HEADERS = {
    "schools.csv": "ID,School_Number,Name,Abbreviation,Low_Grade,High_Grade,Principal,Principal_Email,School_Address,"
    "School_City,School_State,School_Zip,School_Phone",
    "teachers.csv": "ID,DCID,TeacherNumber,Last_Name,First_Name,Middle_Name,Email_Addr,Title,SchoolID,Status,"
    "StaffStatus,SIF_StatePrid",
    "courses.csv": "ID,Course_Number,Course_Name,Credit_Hours,Subject",
    "sections.csv": "ID,DCID,Course_Number,SchoolID,TermID,Teacher,Section_Number,Expression,Room,Max_Enrollment",
    "terms.csv": "ID,SchoolID,YearID,Name,Abbreviation,FirstDay,LastDay,IsYearRec,Portion",
    "attendance_code.csv": "ID,SchoolID,YearID,Att_Code,Description,Presence_Status_CD,Calculate_ADA_YN",
    "calendar_day.csv": "ID,SchoolID,Date_Value,InSession,MembershipValue,Note",
}

_MARKS = (
    ("", "Present", "Present"),
    ("A", "Absent, Unexcused", "Absent"),
    ("E", "Absent, Excused", "Absent"),
    ("T", "Tardy", "Present"),
    ("S", "In-School Suspension", "Present"),
)
_STAFF = 500  # between the seats' and the posts' chances


def mark_ids(school: School, year: SchoolYear) -> dict[str, int]:
    """Code -> attendance_code.ID, at a school."""
    first = year.id * 1000 + school.id * 10
    return {code: first + n for n, (code, *_) in enumerate(_MARKS)}


def write(tables: dict[str, Table], server: Server, seed: int, year: SchoolYear, as_of: dt.date) -> None:
    """Fill the tables of HEADERS."""
    tables["courses.csv"].extend(_courses(server))
    for school in server.schools:
        tables["schools.csv"].add(_school(server, school, seed))
        tables["terms.csv"].extend(_terms(school, year))
        tables["attendance_code.csv"].extend(_marks(school, year))
        tables["calendar_day.csv"].extend(_calendar(school, year))
        tables["sections.csv"].extend(_sections(school, year))
        tables["teachers.csv"].extend(_staff(server, school, seed, year, as_of))


def _school(server: Server, school: School, seed: int) -> Row:
    site, principal = school.site, worker(seed, server.code, school.principal)
    grades = (site.low, site.high)
    name = f"{principal.name.first} {principal.name.last}"
    where = (site.street, "Riverbend", "TN", "00118", site.phone)
    return (school.id, site.number, site.name, site.abbreviation, *grades, name, principal.email, *where)


def _terms(school: School, year: SchoolYear) -> Iterator[Row]:
    for term in year.terms:
        days = (us(term.first), us(term.last))
        whole = int(term.portion == 1)
        yield (term.id, school.site.number, year.id, term.name, term.abbreviation, *days, whole, term.portion)


def _marks(school: School, year: SchoolYear) -> Iterator[Row]:
    ids = mark_ids(school, year)
    for code, description, presence in _MARKS:
        yield ids[code], school.site.number, year.id, code, description, presence, 1


def _calendar(school: School, year: SchoolYear) -> Iterator[Row]:
    for n, day in enumerate(year.calendar):
        note = year.holidays.get(day, "Summer" if day > year.last else "")
        open_ = int(day.weekday() < 5 and not note)
        yield (year.id * 10 + school.id) * 1000 + n, school.site.number, us(day), open_, open_, note


def _courses(server: Server) -> Iterator[Row]:
    for grade in server.grades:
        for subject in sorted({subject for slot in slots(grade) for subject in slot.subjects}):
            id = (grade + 1) * 100 + subject
            names = (course_number(subject, grade), course_name(subject, grade))
            yield id, *names, credit(subject, grade), SUBJECTS[subject][1]


def _sections(school: School, year: SchoolYear) -> Iterator[Row]:
    for section in school.sections():
        number = course_number(section.subject, section.grade)
        term, room = year.terms[section.slot.term].id, f"{section.teacher % 3 + 1}{section.teacher % 40:02d}"
        where = (number, school.site.number, term, section.teacher, f"{section.group + 1:02d}", section.expression)
        yield (section.id, section.dcid, *where, room, 28)


def _staff(server: Server, school: School, seed: int, year: SchoolYear, as_of: dt.date) -> Iterator[Row]:
    """Those who teach stay all year; a post of the others changes hands as a student's seat does."""
    for post in school.posts():
        if post.staff_status == 1 or post.title == "Principal":
            yield _worker(server, school, seed, post, post.id, post.status)
            continue
        for occupant in occupants(fate(mix(seed, _STAFF), server.number, post.id), 0, year, as_of):
            if occupant.status >= 0:
                id = post.id + occupant.turn * server.posts
                yield _worker(server, school, seed, post, id, 1 if occupant.status == 0 else 2)


def _worker(server: Server, school: School, seed: int, post: Post, id: int, status: int) -> Row:
    person = worker(seed, server.code, id)
    name = (person.name.last, person.name.first, person.name.middle)
    place = (post.title, school.site.number, status, post.staff_status, _licence(server, seed, post, id))
    return (id, id + 700, person.number, *name, person.email, *place)


def _licence(server: Server, seed: int, post: Post, id: int) -> str:
    """Nine digits, each number once in the district; the cafeteria and one of twelve others have none."""
    if post.staff_status == 3 or mix(seed, _STAFF, server.number, id, 2) % 12 == 0:
        return ""
    return f"{(id * 2 + server.number) * 7_654_321 % 999_999_937:09d}"
