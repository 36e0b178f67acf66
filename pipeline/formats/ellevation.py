"""Ellevation's three files: staff, students, and who sits in which section."""

from dataclasses import replace

from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import (
    ADDRESSES,
    ANY,
    EMAIL,
    MONTH_FIRST,
    PHONE,
    STATE,
    TEACHERS,
    TYPED,
    ZIP,
    Agreeing,
    Allowed,
    Personal,
    Reference,
    Written,
)
from pipeline.catalogue.terms import Terms


def rosters(views: str, terms: Terms, *, students: int) -> tuple[ViewFile, ...]:
    """The three files, of the views `<views>.Ellevation_<file>`; `students` is the fewest that are believed."""
    return (
        ViewFile(
            view=f"{views}.Ellevation_Staff-Roster",
            name="Staff-Roster.csv",
            key=("StaffID", "SchoolCode"),
            required=("StaffID", "FirstName", "LastName", "SchoolCode", "Role"),
            called="staff",
            school="SchoolCode",
            people="StaffID",
            allowed=(Allowed(("Role",), ("Teacher", "Lunch Staff", "Substitute", "Staff")),),
            written=(Written(("Email",), EMAIL, TYPED),),
            personal=(Personal(("Email",)),),
            same=(terms.same_staff,),
            agreeing=(Agreeing("StaffID", ("FirstName", "LastName", "Email")),),
            churn=terms.people,
            column_churn=(replace(ADDRESSES, columns=("Email",)),),
        ),
        ViewFile(
            view=f"{views}.Ellevation_Student-Demographics",
            name="Student-Demographics.csv",
            key=("StudentID",),
            required=("FirstName", "LastName", "ActiveStatus", "SchoolCode", "StudentID", "GradeLevel"),
            floor=students,
            layout="partly known",
            called="students",
            school="SchoolCode",
            student="StudentID",
            allowed=(
                Allowed(("ActiveStatus",), ("Active",)),
                Allowed(("GradeLevel",), ("PK", "K", *map(str, range(1, 13))), TYPED),
                Allowed(("Gender",), ("F", "M", "X"), TYPED),
            ),
            written=(
                Written(("StudentID",), terms.student_number),
                Written(("BirthDate", "USEntryDate"), MONTH_FIRST),
                Written(("StudentStateID",), terms.state_id),
                Written(("State",), STATE, TYPED),
                Written(("Zip",), ZIP, TYPED),
                Written(("HomePhone",), PHONE, TYPED),
            ),
            personal=(Personal(("StudentStateID",)),),
            same=(terms.same_students,),
            mapped=(terms.codes.genders, terms.codes.ethnicities),
            agreeing=(Agreeing("SchoolCode", ("SchoolName",)),),
            churn=terms.people,
            column_churn=(
                replace(terms.grades, columns=("SchoolCode", "SchoolName", "GradeLevel")),
                replace(terms.grades, columns=("ESLTeacher",), moves=ANY),
            ),
        ),
        ViewFile(
            view=f"{views}.Ellevation_Student-Course-Schedules",
            name="Student-Course-Schedules.csv",
            key=("StudentID", "SchoolCode", "SectionID"),
            required=("StudentID", "SchoolCode", "CourseID", "SectionID"),
            called="students in sections",
            school="SchoolCode",
            student="StudentID",
            references=(
                Reference(("StudentID",), "Student-Demographics.csv", ("StudentID",)),
                Reference(("SchoolCode",), "Student-Demographics.csv", ("SchoolCode",)),
                Reference(("TeacherStaffID",), "Staff-Roster.csv", ("StaffID",)),
            ),
            written=(Written(("StudentID",), terms.student_number),),
            agreeing=(Agreeing("SectionID", ("SchoolCode", "CourseID", "CourseName")),),
            churn=terms.teaching,
            column_churn=(replace(TEACHERS, columns=("TeacherStaffID",)),),
        ),
    )
