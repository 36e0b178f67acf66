"""SAVVAS: the nine files of the rosters (EasyBridge), every value quoted, with what it wants of them; its scores."""

from dataclasses import replace
from typing import Literal

from pipeline.catalogue.conditions import in_order, in_school_year
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.limits import (
    ADDRESSES,
    EMAIL,
    OF_SCHOOLS,
    PHONE,
    SCHOOLS,
    STATE,
    TEACHERS,
    TYPED,
    YEAR,
    YEAR_FIRST,
    ZIP,
    Allowed,
    Apart,
    Form,
    Longest,
    Personal,
    Reference,
    Written,
)
from pipeline.catalogue.place import SftpFolder, Source
from pipeline.catalogue.terms import Terms

_QUOTED = Dialect(quoting="all")
_GRADES = ("PK", "KG", *(f"{grade:02}" for grade in range(1, 13)))
_ADDRESS = (Written(("state",), STATE), Written(("zip",), ZIP), Written(("phone",), PHONE))
_YEAR = Written(("school_year",), YEAR)
_DAYS = Written(("date_start", "date_end"), YEAR_FIRST)
# Known of the accounts that the rosters become: 64 characters for a name, 32 for an id, 128 for a user's name and
# 320 for an address; people sign in with small letters.
_NAMES = Longest(("last_name", "first_name", "middle_name"), 64)
_EMAILS = Longest(("email",), 320)
_SMALL = Form("small letters", r"\P{Lu}*")
_UNBROKEN = Form("small letters without blanks", r"[^\p{Lu}\s]*")


def _in(file: str, column: str, to: str = "") -> Reference:
    return Reference((column,), f"{file}.txt", (to or column,))


_OF_YEAR = _in("CODE_DISTRICT", "school_year", "current_school_year")
_IN_ORDER = in_order("date_start", "date_end", YEAR_FIRST)
_IN_YEAR = in_school_year("date_start", "school_year", YEAR_FIRST)


def _file(views: str, name: str) -> tuple[str, str]:
    """Its view and its name."""
    return f"{views}.SAVVAS_{name}", f"{name}.txt"


def rosters(views: str, terms: Terms, *, students: int, schools: int = 1) -> tuple[ViewFile, ...]:
    """The nine files, of the views `<views>.SAVVAS_<file>`; at least so many students and schools are believed."""
    dates = replace(terms.dates, columns=("school_year", "date_start", "date_end"))
    return (
        ViewFile(
            *_file(views, "CODE_DISTRICT"),
            key=("district_code",),
            required=("district_code", "district_name", "current_school_year"),
            dialect=_QUOTED,
            layout="known",
            written=(Written(("current_school_year",), YEAR), *_ADDRESS),
            one=("current_school_year",),
            churn=SCHOOLS,
            column_churn=(OF_SCHOOLS,),
        ),
        ViewFile(
            *_file(views, "SCHOOL"),
            key=("school_code",),
            required=("school_code", "school_name", "district_code"),
            floor=schools,
            dialect=_QUOTED,
            layout="known",
            called="schools",
            school="school_code",
            references=(_in("CODE_DISTRICT", "district_code"),),
            allowed=(Allowed(("grade_start", "grade_end"), _GRADES),),
            written=_ADDRESS,
            churn=SCHOOLS,
            column_churn=(OF_SCHOOLS,),
        ),
        ViewFile(
            *_file(views, "STUDENT"),
            key=("student_code",),
            required=("student_code", "last_name", "first_name", "student_number"),
            floor=students,
            dialect=_QUOTED,
            layout="known",
            called="students",
            student="student_number",
            references=(_in("ENROLLMENT", "student_code"),),
            allowed=(Allowed(("gender_code",), ("F", "M")),),
            written=(
                Written(("student_code", "student_number"), terms.student_number),
                Written(("dob",), YEAR_FIRST),
                Written(("email",), EMAIL, TYPED),
                Written(("email",), _SMALL),
                Written(("federated_id",), _UNBROKEN),
            ),
            longest=(_NAMES, _EMAILS, Longest(("student_code", "student_number"), 32), Longest(("federated_id",), 128)),
            personal=(Personal(("email", "student_number", "federated_id")),),
            same=(terms.same_students,),
            mapped=(terms.codes.genders,),
            apart=(Apart("federated_id", "STAFF.txt", "federated_id"), Apart("email", "STAFF.txt", "email")),
            churn=terms.people,
            column_churn=(replace(ADDRESSES, columns=("email", "federated_id")),),
        ),
        ViewFile(
            *_file(views, "STAFF"),
            key=("staff_code",),
            required=("staff_code", "last_name", "first_name", "email", "staff_number"),
            dialect=_QUOTED,
            layout="known",
            called="staff",
            references=(_in("ASSIGNMENT", "staff_code"),),
            written=(
                Written(("email",), EMAIL, TYPED),
                Written(("email", "username"), _SMALL),
                Written(("federated_id",), _UNBROKEN),
            ),
            longest=(
                _NAMES,
                _EMAILS,
                Longest(("staff_code", "staff_number"), 32),
                Longest(("username", "federated_id"), 128),
                Longest(("title", "password"), 0),
            ),
            personal=(Personal(("email", "staff_number", "username", "federated_id")),),
            same=(terms.same_staff,),
            churn=terms.people,
            column_churn=(replace(ADDRESSES, columns=("email", "federated_id")),),
        ),
        ViewFile(
            *_file(views, "PIF_SECTION"),
            key=("native_section_code",),
            required=("native_section_code", "school_code", "school_year", "section_name", "date_start", "date_end"),
            dialect=_QUOTED,
            layout="known",
            called="sections",
            school="school_code",
            references=(_in("SCHOOL", "school_code"), _OF_YEAR, _in("PIF_SECTION_STAFF", "native_section_code")),
            written=(_YEAR, _DAYS),
            conditions=(_IN_ORDER, _IN_YEAR),
            churn=terms.teaching,
            column_churn=(dates,),
        ),
        ViewFile(
            *_file(views, "PIF_SECTION_STAFF"),
            key=("section_teacher_code",),
            required=(
                *("section_teacher_code", "staff_code", "native_section_code", "school_year"),
                *("date_start", "date_end", "teacher_of_record"),
            ),
            dialect=_QUOTED,
            layout="known",
            called="staff in sections",
            references=(_in("PIF_SECTION", "native_section_code"), _in("STAFF", "staff_code"), _OF_YEAR),
            allowed=(Allowed(("teacher_of_record",), ("true", "false")),),
            written=(_YEAR, _DAYS),
            conditions=(_IN_ORDER, _IN_YEAR),
            churn=terms.teaching,
            column_churn=(dates, replace(TEACHERS, columns=("staff_code",))),
        ),
        ViewFile(
            *_file(views, "PIF_SECTION_STUDENT"),
            key=("section_student_code",),
            required=(
                *("section_student_code", "student_code", "native_section_code", "school_year"),
                *("date_start", "date_end"),
            ),
            floor=students,
            dialect=_QUOTED,
            layout="known",
            called="students in sections",
            student="student_code",
            references=(_in("PIF_SECTION", "native_section_code"), _in("STUDENT", "student_code"), _OF_YEAR),
            written=(_YEAR, _DAYS),
            conditions=(_IN_ORDER, _IN_YEAR),
            churn=terms.teaching,
            column_churn=(dates,),
        ),
        ViewFile(
            *_file(views, "ENROLLMENT"),
            key=("native_enrollment_code",),
            required=("native_enrollment_code", "student_code", "school_year", "school_code", "grade_code"),
            floor=students,
            dialect=_QUOTED,
            layout="known",
            called="enrolments",
            school="school_code",
            people="student_code",
            student="student_code",
            references=(_in("STUDENT", "student_code"), _in("SCHOOL", "school_code"), _OF_YEAR),
            allowed=(Allowed(("grade_code",), _GRADES, TYPED),),
            written=(_YEAR, Written(("date_enrolled", "date_withdrawn"), YEAR_FIRST)),
            conditions=(in_order("date_enrolled", "date_withdrawn", YEAR_FIRST),),
            churn=terms.people,
            column_churn=(
                replace(terms.grades, columns=("school_year", "school_code", "grade_code", "date_enrolled")),
            ),
        ),
        ViewFile(
            *_file(views, "ASSIGNMENT"),  # meaning of a row open: its view says what to ask SAVVAS
            key=("native_assignment_code",),
            required=("native_assignment_code", "staff_code", "school_year", "institution_code", "position_code"),
            dialect=_QUOTED,
            layout="known",
            called="posts",
            school="institution_code",
            references=(_in("STAFF", "staff_code"), _in("SCHOOL", "institution_code", "school_code"), _OF_YEAR),
            written=(_YEAR, _DAYS),
            conditions=(_IN_ORDER,),
            column_churn=(replace(terms.grades, columns=("school_year", "date_start", "date_end")),),
            churn=terms.people,
        ),
    )


_SCORES = {
    "Assessment": ("student_id", "class", "assessment", "submit_date"),
    "Standards": ("student_id", "class", "standard_code", "submit_date"),
}


def scores(server: SftpFolder, kind: Literal["Assessment", "Standards"], *, dataset: str) -> Feed:
    """The newest score file of that kind."""
    return Feed(
        name=f"savvas_{kind.lower()}_scores",
        dataset=dataset,
        folder=dataset,
        file=f"savvas_{kind.lower()}_scores.csv",
        sources=(Source("savvas", server, f"SAVVAS_Realize_{kind}_Scores*.csv"),),
        key=_SCORES[kind],
    )
