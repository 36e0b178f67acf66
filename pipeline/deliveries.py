"""Every set of files that goes out: one row each. Adding a file is a row here and a .sql file; nothing else knows."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pipeline.dialect import CSV, Dialect
from pipeline.feeds import Layout


@dataclass(frozen=True)
class ViewFile:
    """A file made of a view's rows: `view` is `dataset.view`, `name` the file's name at the vendor.

    The rows are sorted by `key`, whose values together occur once; a column of `required` always has a value.
    Under `floor` rows, or when more than `max_drop` of the keys of the last accepted delivery are gone, the
    delivery is put on hold. `layout` tells whether the columns are the vendor's published ones or modelled by us.
    """

    view: str
    name: str
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    floor: int = 1
    max_drop: float = 0.2
    dialect: Dialect = CSV
    layout: Layout = "modelled"


@dataclass(frozen=True)
class LandedCopy:
    """A feed's file, byte for byte as it landed (once its contract was found kept), under the name `name`."""

    feed: str
    name: str


@dataclass(frozen=True)
class Delivery:
    """The files of one vendor that belong together; `folder` is where they go on its server."""

    name: str
    vendor: str
    folder: str
    files: tuple[ViewFile | LandedCopy, ...]
    cadence: Literal["daily", "weekly"] = "daily"

    def period(self, date: dt.date) -> dt.date:
        """The day that a delivery of `date` counts for: the date itself, or the Monday of its week."""
        return date - dt.timedelta(days=date.weekday()) if self.cadence == "weekly" else date

    @property
    def view_files(self) -> tuple[ViewFile, ...]:
        return tuple(file for file in self.files if isinstance(file, ViewFile))

    @property
    def copies(self) -> tuple[LandedCopy, ...]:
        return tuple(file for file in self.files if isinstance(file, LandedCopy))


# What PowerSchool's AutoComm reads: no quotation marks, no header. Nothing published names its line end; ours is LF.
AUTOCOMM = Dialect(delimiter="\t", quoting="none", header=False)


def clever(name: str, *key: str, required: tuple[str, ...] = (), floor: int = 1) -> ViewFile:
    """A file of Clever's rosters: `students` is the view Clever_students and the file students.csv."""
    return ViewFile(
        view=f"roster_files.Clever_{name}",
        name=f"{name}.csv",
        key=key,
        required=required,
        floor=floor,
        layout="known",
    )


def savvas(name: str, *required: str, floor: int = 1, max_drop: float = 0.2) -> ViewFile:
    """A file of EasyBridge's set, every value quoted. The first of `required` is the key."""
    return ViewFile(
        view=f"roster_files.SAVVAS_{name}",
        name=f"{name}.txt",
        key=required[:1],
        required=required,
        floor=floor,
        max_drop=max_drop,
        dialect=Dialect(quoting="all"),
        layout="known",
    )


def google_for_powerschool(server: str, floor: int) -> ViewFile:
    """The Google accounts of the server's students."""
    return ViewFile(
        view=f"powerschool_imports.GoogleForPSImport_{server}",
        name=f"GoogleForPSImport_{server}.txt",
        key=("student_number",),
        required=("student_number", "import_email", "import_password"),
        floor=floor,
        layout="known",
    )


def autocomm(kind: str, *required: str, floor: int, max_drop: float = 0.2) -> ViewFile:
    """A file of the district's own PowerSchool, one row a student. What an import does not name stays there."""
    return ViewFile(
        view=f"powerschool_imports.{kind}",
        name=f"{kind}.txt",
        key=("student_number",),
        required=("student_number", *required),
        floor=floor,
        max_drop=max_drop,
        dialect=AUTOCOMM,
    )


DELIVERIES = {
    delivery.name: delivery
    for delivery in (
        Delivery(
            name="clever_rosters",
            vendor="clever",
            folder="/home/{user}",
            files=(
                clever("schools", "School_id", required=("School_id", "School_name", "School_number")),
                clever(
                    "teachers",
                    *("School_id", "Teacher_id"),
                    required=("School_id", "Teacher_id", "Last_name", "First_name"),
                ),
                clever(
                    "staff",
                    *("School_id", "Staff_id"),
                    required=("School_id", "Staff_id", "Staff_email", "First_name", "Last_name"),
                ),
                clever(
                    "students",  # one row a contact
                    *("Student_id", "Contact_sis_id", "Contact_name"),
                    required=("School_id", "Student_id", "Last_name", "First_name"),
                    floor=50,
                ),
                clever("sections", "Section_id", required=("School_id", "Section_id", "Teacher_id")),
                clever(
                    "enrollments",
                    *("Section_id", "Student_id"),
                    required=("School_id", "Section_id", "Student_id"),
                    floor=50,
                ),
            ),
        ),
        Delivery(
            name="savvas_rosters",
            vendor="savvas",
            folder="/SIS",
            files=(
                savvas("CODE_DISTRICT", "district_code", "district_name", "current_school_year"),
                # A school that is missing takes all its people with it: any one is too many.
                savvas("SCHOOL", "school_code", "school_name", "district_code", floor=2, max_drop=0.01),
                savvas("STUDENT", "student_code", "last_name", "first_name", "student_number", floor=50),
                savvas("STAFF", "staff_code", "last_name", "first_name", "staff_number"),
                savvas("PIF_SECTION", "native_section_code", "school_code", "school_year", "section_name"),
                savvas("PIF_SECTION_STAFF", "section_teacher_code", "staff_code", "native_section_code", "school_year"),
                savvas(
                    "PIF_SECTION_STUDENT",
                    *("section_student_code", "student_code", "native_section_code", "date_start", "school_year"),
                    floor=50,
                ),
                savvas(
                    "ENROLLMENT",
                    *("native_enrollment_code", "student_code", "school_year", "school_code", "grade_code"),
                    floor=50,
                ),
                savvas("ASSIGNMENT", "native_assignment_code", "staff_code", "school_year", "institution_code"),
            ),
        ),
        Delivery(
            name="ellevation_rosters",
            vendor="ellevation",
            folder="/data",
            files=(
                ViewFile(
                    view="roster_files.Ellevation_Staff-Roster",
                    name="Ellevation_Staff-Roster.csv",
                    key=("StaffID", "SchoolCode"),
                    required=("StaffID", "FirstName", "LastName", "SchoolCode"),
                ),
                ViewFile(
                    view="roster_files.Ellevation_Student-Course-Schedules",
                    name="Ellevation_Student-Course-Schedules.csv",
                    key=("StudentID", "SchoolCode", "SectionID"),
                    required=("StudentID", "SchoolCode", "CourseID", "SectionID"),
                ),
                ViewFile(
                    view="roster_files.Ellevation_Student-Demographics",
                    name="Ellevation_Student-Demographics.csv",
                    key=("StudentID",),
                    required=("FirstName", "LastName", "SchoolCode", "StudentID", "GradeLevel"),
                    floor=50,
                    layout="partly known",
                ),
            ),
        ),
        Delivery(
            name="otus_scores",
            vendor="otus",
            folder="/home/incoming",
            files=(
                LandedCopy("savvas_assessment_scores", "savvas_assessment_scores.csv"),
                LandedCopy("savvas_standards_scores", "savvas_standards_scores.csv"),
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
                    required=("student_number", "school_id", "grade_level", "as_of_date"),
                    floor=50,
                ),
            ),
            cadence="weekly",
        ),
        Delivery(
            name="powerschool_imports",
            vendor="district",
            folder="/PS_imports",
            files=(
                google_for_powerschool("RSD", floor=50),
                google_for_powerschool("BLF", floor=5),
                autocomm("IEP_Import_RSD", "sped_code", floor=1),
                # Few students, or none; one who is missing is not deleted: the import leaves what it does not name.
                autocomm("RTI_RSD", "rti_tier", floor=0, max_drop=0.5),
                autocomm("RTI_BLF", "rti_tier", floor=0, max_drop=0.5),
                autocomm("Homeless_Foster_RSD", "foster_care", "unaccompanied", floor=0, max_drop=0.5),
                autocomm("Homeless_Foster_BLF", "foster_care", "unaccompanied", floor=0, max_drop=0.5),
            ),
        ),
    )
}
