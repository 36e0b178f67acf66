"""The state's list of a school's errors: 32 columns, ASCII, LF and no quoting at all, so that the commas of
DETAIL_INFO make some rows longer than the header.

An error comes up one day and is cleared weeks later, when another may come up in its place: from day to day a few
are new, a few are gone and most stay. Numbers, texts and social security numbers are invented; the latter begin with 9,
as those that are issued do not.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.sandbox.dice import mix
from pipeline.sandbox.eis import DISTRICTS, Roll, day, roll
from pipeline.sandbox.enrolment import Enrolled
from pipeline.sandbox.people import Worker, worker
from pipeline.sandbox.school_year import DAY
from pipeline.sandbox.schools import School, Section, course_name, course_number, servers

HEADER = (
    "SCHOOL_YEAR,TRANSMIT_DATE,FILE_NAME,DISTRICT_NO,DISTRICT_NAME,SCHOOL_NO,SCHOOL_NAME,ERROR_GROUP,ERROR_DATE,"
    "ERROR_NO,ERROR_DESC,SEVERITY_CODE,SEVERITY_DESCR,CALNO200DAY,SCHCALNO,LOCALCLASSNO,COURSE_NO,STUDENT_SSN,"
    "STUDENT_PIN,STUDENT_FIRST_NM,STUDENT_MIDDLE_NM,STUDENT_LAST_NM,STUDENT_SUFFIX_NM,STAFF_SSN,STAFF_TLN,"
    "STAFF_FIRST_NM,STAFF_MIDDLE_NM,STAFF_LAST_NM,STAFF_SUFFIX_NM,DETAIL_INFO,LINE_ID,EXTRACT_ID"
)
SEVERITIES = {80: "Fatal Field", 90: "Fatal Extract Record", 92: "Approval Blocked"}


class Kind(NamedTuple):
    """One of the state's errors. `detail` may name course, class, period, grade and date."""

    group: str
    number: int
    severity: int
    text: str
    detail: str


_OF_STUDENTS = (
    Kind("STUDENT", 1012, 80, "Student birth date is not valid for grade", "Grade {grade}"),
    Kind("STUDENT", 1015, 80, "Native language is missing for an English learner", "Field NATIVE_LANG is blank"),
    Kind("STUDENT", 1031, 90, "Student PIN is in use at another school", "Enrolled at 0025 since {date}"),
    Kind("STUDENT CLASSIFICATION", 1107, 80, "Classification overlaps", "Class. J, from {date}, to open end"),
    Kind("STUDENT CLASSIFICATION", 1109, 80, "Classification code is unknown", 'Code "{grade}X" sent on {date}'),
    Kind("STUDENT ENROLLMENT", 1204, 90, "Enrollment date is not an instructional day", "Calendar 1, day {date}"),
    Kind("STUDENT ENROLLMENT", 1210, 92, "Enrollment overlaps with another district", "From {date}"),
    Kind("STUDENT CLASS", 1305, 80, "Student class minutes exceed the day", "{course}, period {period}, 425 min"),
    Kind("STUDENT CLASS", 1306, 80, "Student class assignment has no class", "Class {section} period {period}"),
    Kind("ATTENDANCE", 1402, 80, "Absence on a day without school", "Type A on {date}"),
)
_OF_CLASSES = (
    Kind("CLASS SECTION", 2104, 80, "Course is not approved for this grade", "{course}, grade {grade}"),
    Kind("CLASS SECTION", 2110, 92, "Class has no teacher of record", "Class {section} from {date}"),
    Kind("STAFF ASSIGNMENT", 2203, 80, "Teacher licence has no endorsement for course", "Course {number}"),
    Kind("STAFF ASSIGNMENT", 2207, 90, "Staff member is not active on this date", "{date}"),
)
_OF_CALENDARS = (
    Kind(
        "SCHOOL CALENDAR", 3001, 92, "Instructional days do not add up to 180", "S1 86, S2 92, stockpile 13, total 178"
    ),
    Kind("SCHOOL CALENDAR", 3004, 80, "Event has no type", "Day {date}"),
)
_CLASSES = ("STUDENT CLASS", "CLASS SECTION", "STAFF ASSIGNMENT")  # the groups that name a class
_CYCLE = 160  # days from one error in a place to the next one


class About(NamedTuple):
    """Whom and what an error is about; what does not apply is blank."""

    section: Section | None = None
    student: Enrolled | None = None
    staff: Worker | None = None
    staff_ssn: str = ""


class Error(NamedTuple):
    kind: Kind
    since: dt.date
    calendar: int
    about: About


def all_errors(roll: Roll, schools: Iterable[str]) -> bytes:
    """`Sch<nnnn>AllErr.csv` of these schools."""
    lines = [HEADER]
    for school in roll.schools(schools):
        extract = 40_000_000 + roll.transmitted.toordinal() % 100_000 * 100 + int(school.site.number) % 100
        for number, error in enumerate(_errors(roll, school), start=1):
            lines.append(",".join((*_place(roll, school), *_what(error), *_whom(error), str(number), str(extract))))
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def ssns(date: dt.date, students: int, seed: int) -> set[str]:
    """Every social security number that a list of that day could show."""
    found = set()
    for server in servers(students):
        day_roll = roll(server.code, date, students, seed)
        found |= {_student_ssn(who) for who in day_roll.enrolled}
        found |= {_staff_ssn(day_roll, s.teacher) for school in server.schools for s in school.sections()}
    return found


def _errors(roll: Roll, school: School) -> Iterator[Error]:
    number = roll.books.server.number
    for who in roll.of(school):
        if who.time.status == 0 and (since := _open(roll, who.chance, who.time.enters, share=32)):
            place = mix(who.chance, since.toordinal())
            section = who.school.section(who.grade, place % 3, who.group)
            yield _error(_OF_STUDENTS, place, since, About(section, student=who))
    for section in school.sections():
        chance = mix(roll.seed, number, section.id, 21)
        if since := _open(roll, chance, roll.books.year.first, share=22):
            staff = worker(roll.seed, roll.code, section.teacher)
            about = About(section, staff=staff, staff_ssn=_staff_ssn(roll, section.teacher))
            yield _error(_OF_CLASSES, mix(chance, since.toordinal()), since, about)
    chance = mix(roll.seed, number, school.id, 22)
    if since := _open(roll, chance, roll.books.year.first, share=70):
        yield _error(_OF_CALENDARS, chance, since, About())


def _open(roll: Roll, chance: int, begins: dt.date, share: int) -> dt.date | None:
    """Since when there is an error in a place, if there is one: `share` of a hundred days, on average."""
    turn, age = divmod(roll.transmitted.toordinal() + chance % _CYCLE, _CYCLE)
    length = _CYCLE * share * (50 + mix(chance, turn) % 101) // 10_000
    since = roll.transmitted - DAY * age
    return since if age < length and since >= begins else None


def _error(kinds: tuple[Kind, ...], chance: int, since: dt.date, about: About) -> Error:
    return Error(kinds[(chance >> 8) % len(kinds)], since, 1, about)


def _place(roll: Roll, school: School) -> tuple[str, ...]:
    district, name = DISTRICTS[roll.code]
    file = f"EIS_{district}_{roll.transmitted:%Y%m%d}.zip"
    head = (str(roll.books.year.start), day(roll.transmitted), file, district, name)
    return *head, school.site.number, _ascii(school.site.name)


def _what(error: Error) -> tuple[str, ...]:
    kind, section = error.kind, error.about.section if error.kind.group in _CLASSES else None
    head = (kind.group, day(error.since), str(kind.number), kind.text, str(kind.severity), SEVERITIES[kind.severity])
    where = (_class(section), course_number(section.subject, section.grade)) if section else ("", "")
    return *head, str(error.calendar), f"{error.calendar:02d}", *where


def _whom(error: Error) -> tuple[str, ...]:
    student, staff = error.about.student, error.about.staff
    of_student = (_student_ssn(student), str(student.state_id), *_name(student.person.name)) if student else ("",) * 6
    of_staff = (error.about.staff_ssn, _licence(staff), *_name(staff.name)) if staff else ("",) * 6
    return *of_student, *of_staff, _detail(error)


def _detail(error: Error) -> str:
    section = error.about.section
    words = {"date": day(error.since)}
    if section:
        course, number = (of(section.subject, section.grade) for of in (course_name, course_number))
        where = {"section": _class(section), "period": section.period, "grade": section.grade}
        words |= {"course": _ascii(course), "number": number} | {name: str(value) for name, value in where.items()}
    return error.kind.detail.format(**words)


def _class(section: Section) -> str:
    return f"{course_number(section.subject, section.grade)}-{section.group + 1:02d}"


def _name(name: tuple[str, str, str]) -> tuple[str, str, str, str]:
    """First, middle and last name, and the suffix that elsewhere follows the last one's comma."""
    first, middle, last = map(_ascii, name)
    last, _, suffix = last.partition(", ")
    return first, middle, last, suffix


def _ascii(text: str) -> str:
    """Without the diacritics, which the state does not know."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _student_ssn(who: Enrolled) -> str:
    return _ssn(mix(who.chance, 31))


def _staff_ssn(roll: Roll, id: int) -> str:
    return _ssn(mix(roll.seed, roll.books.server.number, id, 32))


def _ssn(chance: int) -> str:
    return f"9{chance % 100_000_000:08d}"


def _licence(staff: Worker) -> str:
    """The teacher licence number, six digits."""
    return f"{int(staff.number[2:7]) * 7919 % 900_000 + 100_000}"
