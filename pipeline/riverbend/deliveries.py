"""Every set of files that goes out: one row each. Adding a file is a row here and a .sql file; nothing else knows."""

from dataclasses import replace

from pipeline.catalogue.conditions import add_up
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.catalogue.limits import (
    ADDRESSES,
    ANY,
    DAYS,
    DIGITS,
    EMAIL,
    ETHNICITIES,
    GENDERS,
    GRADES,
    MONTH_FIRST,
    OTHERS,
    PEOPLE,
    PHONE,
    SAME_STAFF,
    SAME_STUDENTS,
    STATE,
    STATE_ID,
    STUDENT_NUMBER,
    TEACHERS,
    TEACHING,
    TYPED,
    YEAR_FIRST,
    ZIP,
    Agreeing,
    Allowed,
    Personal,
    Reference,
    Written,
)

from .clever_rosters import CLEVER
from .powerschool_imports import POWERSCHOOL
from .savvas_rosters import SAVVAS

# Of OTUS's file nothing may be empty.
_ATTENDANCE = ("student_number", "state_id", "school_id", "grade_level", "as_of_date")
_DAYS = ("days_enrolled", "days_present", "days_absent", "excused", "unexcused", "iss_days", "oss_days")
_COUNTS = ("tardies", "incidents", *_DAYS)
# From week to week everybody has more days.
WEEKLY = replace(
    PEOPLE, changes=ANY, windows=tuple(replace(each, churn=replace(each.churn, changes=ANY)) for each in PEOPLE.windows)
)


DELIVERIES = (
    Delivery(name="clever_rosters", vendor="clever", folder="/home/{user}", files=CLEVER, gone="Clever would delete"),
    Delivery(name="savvas_rosters", vendor="savvas", folder="/SIS", files=SAVVAS, gone="SAVVAS would delete"),
    Delivery(
        name="ellevation_rosters",
        vendor="ellevation",
        folder="/data",
        files=(
            ViewFile(
                view="roster_files.Ellevation_Staff-Roster",
                name="Staff-Roster.csv",
                key=("StaffID", "SchoolCode"),
                required=("StaffID", "FirstName", "LastName", "SchoolCode", "Role"),
                called="staff",
                school="SchoolCode",
                people="StaffID",
                allowed=(Allowed(("Role",), ("Teacher", "Lunch Staff", "Substitute", "Staff")),),
                written=(Written(("Email",), EMAIL, TYPED),),
                personal=(Personal(("Email",)),),
                same=(SAME_STAFF,),
                agreeing=(Agreeing("StaffID", ("FirstName", "LastName", "Email")),),
                churn=PEOPLE,
                column_churn=(replace(ADDRESSES, columns=("Email",)),),
            ),
            ViewFile(
                view="roster_files.Ellevation_Student-Demographics",
                name="Student-Demographics.csv",
                key=("StudentID",),
                required=("FirstName", "LastName", "ActiveStatus", "SchoolCode", "StudentID", "GradeLevel"),
                floor=50,
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
                    Written(("StudentID",), STUDENT_NUMBER),
                    Written(("BirthDate", "USEntryDate"), MONTH_FIRST),
                    Written(("StudentStateID",), STATE_ID),
                    Written(("State",), STATE, TYPED),
                    Written(("Zip",), ZIP, TYPED),
                    Written(("HomePhone",), PHONE, TYPED),
                ),
                personal=(Personal(("StudentStateID",)),),
                same=(SAME_STUDENTS,),
                mapped=(GENDERS, ETHNICITIES),
                agreeing=(Agreeing("SchoolCode", ("SchoolName",)),),
                churn=PEOPLE,
                column_churn=(
                    replace(GRADES, columns=("SchoolCode", "SchoolName", "GradeLevel")),
                    replace(GRADES, columns=("ESLTeacher",), moves=ANY),
                ),
            ),
            ViewFile(
                view="roster_files.Ellevation_Student-Course-Schedules",
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
                written=(Written(("StudentID",), STUDENT_NUMBER),),
                agreeing=(Agreeing("SectionID", ("SchoolCode", "CourseID", "CourseName")),),
                churn=TEACHING,
                column_churn=(replace(TEACHERS, columns=("TeacherStaffID",)),),
            ),
        ),
        gone="Ellevation would drop",
    ),
    Delivery(
        name="otus_scores",
        vendor="otus",
        folder="/home/incoming",
        files=(  # SAVVAS's bytes: OTUS's rule of no blanks is kept in what we write ourselves
            LandedCopy("savvas_assessment_scores", "savvas_assessment_scores.csv", student="student_id"),
            LandedCopy("savvas_standards_scores", "savvas_standards_scores.csv", student="student_id"),
        ),
    ),
    Delivery(
        name="otus_attendance_discipline",
        vendor="otus",
        folder="/home/incoming",
        files=(
            ViewFile(
                view="roster_files.OTUS_Attendance_Discipline",
                name="OTUS_Attendance_Discipline.csv",
                key=("student_number",),
                required=(*_ATTENDANCE, *_COUNTS),
                floor=50,
                called="students",
                school="school_id",
                student="student_number",
                allowed=(Allowed(("grade_level",), tuple(map(str, range(-1, 13)))),),
                written=(
                    Written(("student_number",), STUDENT_NUMBER),
                    Written(("state_id",), STATE_ID),
                    Written(("school_id", "tardies", "incidents"), DIGITS),
                    Written(("as_of_date",), YEAR_FIRST),
                    Written(_DAYS, DAYS),
                ),
                personal=(Personal(("state_id",)),),
                same=(SAME_STUDENTS,),
                agreeing=(Agreeing("school_id", ("as_of_date",)),),
                conditions=(add_up("days_enrolled", "days_present", "days_absent"),),
                churn=WEEKLY,
                column_churn=(
                    replace(OTHERS, columns=("as_of_date", *_COUNTS)),
                    replace(GRADES, columns=("school_id", "grade_level")),
                ),
            ),
        ),
        cadence="weekly",
        again="never-same-day",  # what it counts goes on all week: a set of Thursday is no correction of Monday's
        gone="OTUS would no longer hear of",
    ),
    Delivery(
        name="powerschool_imports",
        vendor="district",
        folder="/PS_imports",
        files=POWERSCHOOL,
        gone="PowerSchool would no longer be told of",
    ),
)
