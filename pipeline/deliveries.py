"""Every set of files that goes out: one row each. Adding a file is a row here and a .sql file; nothing else knows."""

from pipeline.clever_rosters import CLEVER
from pipeline.dialect import Dialect
from pipeline.errors import ConfigurationError
from pipeline.limits import (
    ANY,
    DIGITS,
    EMAIL,
    FALL,
    MONTH_FIRST,
    PEOPLE,
    STUDENT_NUMBER,
    TEACHING,
    TYPED,
    YEAR_FIRST,
    Allowed,
    Churn,
    Reference,
    Window,
    Written,
)
from pipeline.savvas_rosters import SAVVAS
from pipeline.sets import Delivery, LandedCopy, ViewFile

__all__ = ["DELIVERIES", "Delivery", "LandedCopy", "ViewFile", "named"]

# What PowerSchool's AutoComm reads: no quotation marks, no header. Nothing published names its line end; ours is LF.
AUTOCOMM = Dialect(delimiter="\t", quoting="none", header=False, reserved='"')


# Of OTUS's file nothing may be empty; numbers with decimals come last.
_ATTENDANCE = ("student_number", "state_id", "school_id", "grade_level", "as_of_date")
_COUNTS = (
    *("days_enrolled", "days_present", "days_absent", "excused", "unexcused", "tardies", "incidents"),
    *("iss_days", "oss_days"),
)
# Who is missing is not deleted: the import leaves what it does not name. In the fall most of it begins anew.
FEW = Churn(drops=0.5, adds=1, windows=(Window(*FALL, Churn(drops=ANY, adds=ANY)),))


def google_for_powerschool(server: str, floor: int) -> ViewFile:
    """The Google accounts of the server's students."""
    return ViewFile(
        view=f"powerschool_imports.GoogleForPSImport_{server}",
        name=f"GoogleForPSImport_{server}.txt",
        key=("student_number",),
        required=("student_number", "import_email", "import_password"),
        floor=floor,
        layout="known",
        called="students",
        student="student_number",
        written=(Written(("student_number",), STUDENT_NUMBER), Written(("import_email",), EMAIL)),
        churn=PEOPLE,
    )


def response_to_intervention(server: str) -> ViewFile:
    """The interventions of the server's students: few, or none. Who is missing keeps what an import has written."""
    return ViewFile(
        view=f"powerschool_imports.RTI_{server}",
        name=f"RTI_{server}.txt",
        key=("student_number",),
        required=("student_number", "rti_tier", "rti_subject", "start_date"),
        floor=0,
        dialect=AUTOCOMM,
        called="students in an intervention",
        student="student_number",
        written=(Written(("student_number",), STUDENT_NUMBER), Written(("start_date",), MONTH_FIRST)),
        churn=FEW,
    )


def homeless_foster(server: str) -> ViewFile:
    """Who is homeless, in foster care or unaccompanied: few, or none, as in `response_to_intervention`."""
    return ViewFile(
        view=f"powerschool_imports.Homeless_Foster_{server}",
        name=f"Homeless_Foster_{server}.txt",
        key=("student_number",),
        required=("student_number", "foster_care", "unaccompanied"),
        floor=0,
        dialect=AUTOCOMM,
        called="students",
        student="student_number",
        allowed=(
            Allowed(("homeless_code",), ("HMLS1", "HMLS2", "HMLS3", "HMLS4")),
            Allowed(("foster_care", "unaccompanied"), ("Y", "N")),
        ),
        written=(Written(("student_number",), STUDENT_NUMBER),),
        churn=FEW,
    )


DELIVERIES = {
    delivery.name: delivery
    for delivery in (
        Delivery(
            name="clever_rosters", vendor="clever", folder="/home/{user}", files=CLEVER, gone="Clever would delete"
        ),
        Delivery(name="savvas_rosters", vendor="savvas", folder="/SIS", files=SAVVAS, gone="SAVVAS would delete"),
        Delivery(
            name="ellevation_rosters",
            vendor="ellevation",
            folder="/data",
            files=(
                ViewFile(
                    view="roster_files.Ellevation_Staff-Roster",
                    name="Ellevation_Staff-Roster.csv",
                    key=("StaffID", "SchoolCode"),
                    required=("StaffID", "FirstName", "LastName", "SchoolCode", "Role"),
                    called="staff",
                    school="SchoolCode",
                    people="StaffID",
                    allowed=(Allowed(("Role",), ("Teacher", "Lunch Staff", "Substitute", "Staff")),),
                    written=(Written(("Email",), EMAIL, TYPED),),
                    churn=PEOPLE,
                ),
                ViewFile(
                    view="roster_files.Ellevation_Student-Demographics",
                    name="Ellevation_Student-Demographics.csv",
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
                    ),
                    written=(
                        Written(("StudentID",), STUDENT_NUMBER),
                        Written(("BirthDate", "USEntryDate"), MONTH_FIRST),
                    ),
                    churn=PEOPLE,
                ),
                ViewFile(
                    view="roster_files.Ellevation_Student-Course-Schedules",
                    name="Ellevation_Student-Course-Schedules.csv",
                    key=("StudentID", "SchoolCode", "SectionID"),
                    required=("StudentID", "SchoolCode", "CourseID", "SectionID"),
                    called="students in sections",
                    school="SchoolCode",
                    student="StudentID",
                    references=(
                        Reference(("StudentID",), "Ellevation_Student-Demographics.csv", ("StudentID",)),
                        Reference(("TeacherStaffID",), "Ellevation_Staff-Roster.csv", ("StaffID",)),
                    ),
                    churn=TEACHING,
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
                    written=(
                        Written(("student_number",), STUDENT_NUMBER),
                        Written(("as_of_date",), YEAR_FIRST),
                        Written(_COUNTS[:-2], DIGITS),
                    ),
                    churn=PEOPLE,
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
            files=(
                google_for_powerschool("RSD", floor=50),
                google_for_powerschool("BLF", floor=5),
                ViewFile(
                    view="powerschool_imports.IEP_Import_RSD",
                    name="IEP_Import_RSD.txt",
                    key=("student_number",),
                    required=("student_number", "sped_code", "disability", "iep_start", "iep_end"),
                    dialect=AUTOCOMM,
                    called="students with a plan",
                    student="student_number",
                    written=(
                        Written(("student_number",), STUDENT_NUMBER),
                        Written(("sped_code",), DIGITS),
                        Written(("iep_start", "iep_end"), MONTH_FIRST),
                    ),
                    churn=FEW,
                ),
                *map(response_to_intervention, ("RSD", "BLF")),
                *map(homeless_foster, ("RSD", "BLF")),
            ),
            gone="PowerSchool would no longer be told of",
        ),
    )
}


def named(name: str) -> Delivery:
    """The delivery of that name, or a vendor's only one. Raises ConfigurationError."""
    found = [each for each in DELIVERIES.values() if name == each.name] or [
        each for each in DELIVERIES.values() if name == each.vendor
    ]
    if len(found) == 1:
        return found[0]
    raise ConfigurationError(
        f"{len(found)} deliveries are called {name}" if found else f"no delivery {name}",
        expected=f"one of {', '.join(each.name for each in found) or ', '.join(DELIVERIES)}",
        next_step="correct the name",
    )
