"""The nine files of SAVVAS's rosters (EasyBridge), every value quoted, with what SAVVAS wants of them."""

from pipeline.dialect import Dialect
from pipeline.limits import (
    EMAIL,
    PEOPLE,
    SCHOOLS,
    STUDENT_NUMBER,
    TEACHING,
    TYPED,
    YEAR,
    YEAR_FIRST,
    Allowed,
    Longest,
    Reference,
    Written,
)
from pipeline.sets import ViewFile

_QUOTED = Dialect(quoting="all")
_GRADES = ("PK", "K", *map(str, range(1, 13)))
_YEAR = Written(("school_year",), YEAR)
_DAYS = Written(("date_start", "date_end"), YEAR_FIRST)
# Known of the accounts that the rosters become: 64 characters for a name, 32 for an id, 128 for a user's name.
_NAMES = Longest(("last_name", "first_name", "middle_name"), 64)


def _in(file: str, column: str, to: str = "") -> Reference:
    return Reference((column,), f"{file}.txt", (to or column,))


def _file(name: str) -> tuple[str, str]:
    """Its view and its name."""
    return f"roster_files.SAVVAS_{name}", f"{name}.txt"


SAVVAS = (
    ViewFile(
        *_file("CODE_DISTRICT"),
        key=("district_code",),
        required=("district_code", "district_name", "current_school_year"),
        dialect=_QUOTED,
        layout="known",
        written=(Written(("current_school_year",), YEAR),),
        churn=SCHOOLS,
    ),
    ViewFile(
        *_file("SCHOOL"),
        key=("school_code",),
        required=("school_code", "school_name", "district_code"),
        floor=2,
        dialect=_QUOTED,
        layout="known",
        called="schools",
        school="school_code",
        references=(_in("CODE_DISTRICT", "district_code"),),
        allowed=(Allowed(("grade_start", "grade_end"), _GRADES),),
        churn=SCHOOLS,
    ),
    ViewFile(
        *_file("STUDENT"),
        key=("student_code",),
        required=("student_code", "last_name", "first_name", "student_number"),
        floor=50,
        dialect=_QUOTED,
        layout="known",
        called="students",
        student="student_number",
        allowed=(Allowed(("gender_code",), ("F", "M")),),
        written=(
            Written(("student_code", "student_number"), STUDENT_NUMBER),
            Written(("dob",), YEAR_FIRST),
            Written(("email",), EMAIL, TYPED),
        ),
        longest=(_NAMES, Longest(("student_code",), 32), Longest(("federated_id",), 128)),
        churn=PEOPLE,
    ),
    ViewFile(
        *_file("STAFF"),
        key=("staff_code",),
        required=("staff_code", "last_name", "first_name", "staff_number"),
        dialect=_QUOTED,
        layout="known",
        called="staff",
        written=(Written(("email",), EMAIL, TYPED),),
        longest=(_NAMES, Longest(("staff_code",), 32), Longest(("federated_id",), 128), Longest(("password",), 0)),
        churn=PEOPLE,
    ),
    ViewFile(
        *_file("PIF_SECTION"),
        key=("native_section_code",),
        required=("native_section_code", "school_code", "school_year", "section_name", "date_start", "date_end"),
        dialect=_QUOTED,
        layout="known",
        called="sections",
        school="school_code",
        references=(_in("SCHOOL", "school_code"),),
        written=(_YEAR, _DAYS),
        churn=TEACHING,
    ),
    ViewFile(
        *_file("PIF_SECTION_STAFF"),
        key=("section_teacher_code",),
        required=(
            *("section_teacher_code", "staff_code", "native_section_code", "school_year"),
            *("date_start", "date_end", "teacher_of_record"),
        ),
        dialect=_QUOTED,
        layout="known",
        called="staff in sections",
        references=(_in("PIF_SECTION", "native_section_code"), _in("STAFF", "staff_code")),
        allowed=(Allowed(("teacher_of_record",), ("true", "false")),),
        written=(_YEAR, _DAYS),
        churn=TEACHING,
    ),
    ViewFile(
        *_file("PIF_SECTION_STUDENT"),
        key=("section_student_code",),
        required=(
            *("section_student_code", "student_code", "native_section_code", "school_year"),
            *("date_start", "date_end"),
        ),
        floor=50,
        dialect=_QUOTED,
        layout="known",
        called="students in sections",
        student="student_code",
        references=(_in("PIF_SECTION", "native_section_code"), _in("STUDENT", "student_code")),
        written=(_YEAR, _DAYS),
        churn=TEACHING,
    ),
    ViewFile(
        *_file("ENROLLMENT"),
        key=("native_enrollment_code",),
        required=("native_enrollment_code", "student_code", "school_year", "school_code", "grade_code"),
        floor=50,
        dialect=_QUOTED,
        layout="known",
        called="enrolments",
        school="school_code",
        people="student_code",
        student="student_code",
        references=(_in("STUDENT", "student_code"), _in("SCHOOL", "school_code")),
        allowed=(Allowed(("grade_code",), _GRADES, TYPED),),
        written=(_YEAR, Written(("date_enrolled", "date_withdrawn"), YEAR_FIRST)),
        churn=PEOPLE,
    ),
    ViewFile(
        *_file("ASSIGNMENT"),
        key=("native_assignment_code",),
        required=("native_assignment_code", "staff_code", "school_year", "institution_code", "position_code"),
        dialect=_QUOTED,
        layout="known",
        called="posts",
        school="institution_code",
        references=(_in("STAFF", "staff_code"), _in("SCHOOL", "institution_code", "school_code")),
        written=(_YEAR, _DAYS),
        churn=PEOPLE,
    ),
)
