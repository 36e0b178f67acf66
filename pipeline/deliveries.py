"""Every set of files that goes out: one row each. Adding a file is a row here and a .sql file; nothing else knows."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pipeline.dialect import CSV, Dialect


@dataclass(frozen=True)
class ViewFile:
    """A file made of a view's rows: `view` is `dataset.view`, `name` the file's name at the vendor.

    The rows are sorted by `key`, whose values together occur once; a column of `required` always has a value.
    Under `floor` rows, or when more than `max_drop` of the keys of the last accepted delivery are gone, the
    delivery is put on hold.
    """

    view: str
    name: str
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    floor: int = 1
    max_drop: float = 0.2
    dialect: Dialect = CSV


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


DELIVERIES = {
    delivery.name: delivery
    for delivery in (
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
    )
}
