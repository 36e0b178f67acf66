"""OTUS's count of attendance and discipline, a week at a time."""

from dataclasses import replace

from pipeline.catalogue.conditions import add_up
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import (
    ANY,
    DAYS,
    DIGITS,
    OTHERS,
    YEAR_FIRST,
    Agreeing,
    Allowed,
    Personal,
    Written,
)
from pipeline.catalogue.terms import Terms

# Of OTUS's file nothing may be empty.
_ATTENDANCE = ("student_number", "state_id", "school_id", "grade_level", "as_of_date")
_DAYS = ("days_enrolled", "days_present", "days_absent", "excused", "unexcused", "iss_days", "oss_days")
_COUNTS = ("tardies", "incidents", *_DAYS)


def attendance_discipline(views: str, terms: Terms, *, students: int) -> tuple[ViewFile, ...]:
    """The one file, of the view `<views>.OTUS_Attendance_Discipline`; `students` is the fewest that are believed."""
    # From week to week everybody has more days.
    weekly = replace(
        terms.people,
        changes=ANY,
        windows=tuple(replace(each, churn=replace(each.churn, changes=ANY)) for each in terms.people.windows),
    )
    return (
        ViewFile(
            view=f"{views}.OTUS_Attendance_Discipline",
            name="OTUS_Attendance_Discipline.csv",
            key=("student_number",),
            required=(*_ATTENDANCE, *_COUNTS),
            floor=students,
            called="students",
            school="school_id",
            student="student_number",
            allowed=(Allowed(("grade_level",), tuple(map(str, range(-1, 13)))),),
            written=(
                Written(("student_number",), terms.student_number),
                Written(("state_id",), terms.state_id),
                Written(("school_id", "tardies", "incidents"), DIGITS),
                Written(("as_of_date",), YEAR_FIRST),
                Written(_DAYS, DAYS),
            ),
            personal=(Personal(("state_id",)),),
            same=(terms.same_students,),
            agreeing=(Agreeing("school_id", ("as_of_date",)),),
            conditions=(add_up("days_enrolled", "days_present", "days_absent"),),
            churn=weekly,
            column_churn=(
                replace(OTHERS, columns=("as_of_date", *_COUNTS)),
                replace(terms.grades, columns=("school_id", "grade_level")),
            ),
        ),
    )
