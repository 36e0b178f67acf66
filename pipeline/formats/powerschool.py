"""PowerSchool's student information system: its exports, which come in, and what its imports read.

An account import has a header; the other three kinds are AutoComm's, which reads no quotation marks and no header.
"""

import datetime as dt
from dataclasses import replace

from pipeline.catalogue.conditions import in_order, says_something
from pipeline.catalogue.days import SaysSchoolDays
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.limits import (
    ADDRESSES,
    ANY,
    EMAIL,
    MONTH_FIRST,
    OTHERS,
    TWO_DIGITS,
    Allowed,
    Apart,
    Churn,
    ColumnChurn,
    Form,
    Mapped,
    Personal,
    Same,
    Window,
    Written,
)
from pipeline.catalogue.place import DropFolder, Source
from pipeline.catalogue.terms import Codes, Terms

# What PowerSchool's AutoComm reads: no quotation marks, no header. Nothing published names its line end; ours is LF.
AUTOCOMM = Dialect(delimiter="\t", quoting="none", header=False, reserved='"')

# The other servers of the district.
Others = tuple[str, ...]


# What tells the rows of an export apart on one server, where it is not `id`.
KEYS = {
    "assignments": ("assignmentsectionid",),
    "custom": ("studentid",),
    "easyiep": ("studentid",),
    "gpa_current": ("studentid",),
    "incidents": ("incident_id",),
    "incident_data": ("incident_detail_id",),
    "pgfinalgrades": ("dcid",),
    "ps_membership_defaults": (
        "studentid",
        "schoolid",
        "firstday",
    ),
    "schools": ("school_number",),
    "sped": ("studentid",),
    "stored_grades": ("dcid",),
    "terms": (
        "id",
        "schoolid",
    ),
}
# Typed by people.
NAMES = ("last_name", "first_name", "middle_name")


def export(stem: str, *key: str, servers: tuple[str, ...], floor: int = 1) -> Feed:
    """The export `<stem>.csv` of the PowerSchool servers, stacked by column name. Each of `servers` must send it.

    `key` is that of `KEYS`, where the row gives none.
    """
    tag = "district_identification"
    return Feed(
        name=stem,
        dataset="powerschool_combined",
        folder="powerschool_combined",
        file=f"{stem}.csv",
        sources=tuple(Source(server, DropFolder(f"powerschool_{server.lower()}"), f"{stem}.csv") for server in servers),
        key=(tag, *(key or KEYS.get(stem, ("id",)))),
        floor=floor,
        due=dt.time(5, 0),
        tag=tag,
        says=SaysSchoolDays("date_value", "insession") if stem == "calendar_day" else None,
    )


# The first and the last day, month and day, of those with which a term begins.
Days = tuple[tuple[int, int], tuple[int, int]]
# Then all sections and all who sit in them may be others, but not fewer by a third.
TAUGHT_ANEW = Churn(drops=ANY, school_drops=ANY, adds=ANY, changes=ANY, shrinks=0.34)
# In the fall the last grade of every school has left it, and all others are a grade up.
NEW_YEAR = Churn(drops=0.2, school_drops=0.45, adds=0.25, changes=ANY)


def codes(students: str) -> Codes:
    """The codes that the views have words for; `students` is the view of those who are there. [modelled]"""
    return Codes(
        genders=Mapped(students, "gender", ("F", "M", "X")),
        ethnicities=Mapped(students, "ethnicity", ("A", "B", "H", "I", "M", "P", "W")),
        hispanic=Mapped(students, "fedethnicity", ("0", "1", "false", "true", "False", "True", "FALSE", "TRUE")),
        english_learners=Mapped(students, "lep_status", ("L", "1", "2", "3", "4", "F", "N")),
        lunches=Mapped(students, "lunchstatus", ("F", "FDC", "R", "P")),
        special_education=Mapped("powerschool_combined.sped", "sped_status", ("E", "G", "R", "X")),
    )


def terms(student_number: Form, state_id: Form, spring: Days, fall: Days, codes: Codes) -> Terms:
    """The terms of a district that has PowerSchool; `spring` and `fall` are the days with which its terms begin."""
    return Terms(
        student_number=student_number,
        state_id=state_id,
        people=Churn(windows=(Window(*fall, NEW_YEAR),)),
        teaching=Churn(windows=(Window(*spring, TAUGHT_ANEW), Window(*fall, TAUGHT_ANEW))),
        # In the fall everybody is a grade up, the last grade of a school is at the next one, and plans are renewed.
        grades=ColumnChurn(windows=(Window(*fall, OTHERS),)),
        # With a term come other days and other teachers.
        dates=ColumnChurn(windows=(Window(*spring, OTHERS), Window(*fall, OTHERS))),
        # Whose numbers are used on several servers, and what tells that it is the same person.
        same_staff=Same(
            "powerschool_combined.teachers",
            "teachernumber",
            ("last_name", "email_addr", "sif_stateprid"),
            among=("status", "1"),
        ),
        same_students=Same(
            "powerschool_combined.students",
            "student_number",
            ("last_name", "student_email", "state_id"),
            among=("enroll_status", "0"),
        ),
        codes=codes,
    )


def _elsewhere(others: Others, column: str = "student_number") -> tuple[Apart, ...]:
    """A student is on one server: on another one the number, and the address, is nobody's, or somebody else's."""
    return tuple(Apart(column, f"GoogleForPSImport_{other}.txt", column) for other in others)


def google_accounts(views: str, terms: Terms, server: str, *, others: Others, floor: int) -> ViewFile:
    """The Google accounts of the server's students."""
    return ViewFile(
        view=f"{views}.GoogleForPSImport_{server}",
        name=f"GoogleForPSImport_{server}.txt",
        key=("student_number",),
        required=("student_number", "import_email", "import_password"),
        floor=floor,
        layout="known",
        called="students",
        student="student_number",
        same=(terms.same_students,),
        written=(Written(("student_number",), terms.student_number), Written(("import_email",), EMAIL)),
        personal=(Personal(("import_email",)),),
        apart=(*_elsewhere(others), *_elsewhere(others, "import_email")),
        churn=terms.people,
        column_churn=(replace(ADDRESSES, columns=("import_email",)),),
        kept=("import_email",),
    )


def response_to_intervention(views: str, terms: Terms, server: str, few: Churn, *, others: Others) -> ViewFile:
    """The interventions of the server's students: few, or none. Who is missing keeps what an import has written."""
    return ViewFile(
        view=f"{views}.RTI_{server}",
        name=f"RTI_{server}.txt",
        key=("student_number",),
        required=("student_number", "rti_tier", "rti_subject", "start_date"),
        floor=0,
        dialect=AUTOCOMM,
        called="students in an intervention",
        student="student_number",
        same=(terms.same_students,),
        allowed=(
            Allowed(("rti_tier",), ("1", "2", "3")),
            Allowed(("rti_subject",), ("Reading", "Math", "Writing", "Behavior")),
        ),
        written=(Written(("student_number",), terms.student_number), Written(("start_date",), MONTH_FIRST)),
        apart=_elsewhere(others),
        churn=few,
    )


def homeless_foster(views: str, terms: Terms, server: str, few: Churn, *, others: Others) -> ViewFile:
    """Who is homeless, in foster care or unaccompanied: few, or none, as in `response_to_intervention`."""
    return ViewFile(
        view=f"{views}.Homeless_Foster_{server}",
        name=f"Homeless_Foster_{server}.txt",
        key=("student_number",),
        required=("student_number", "foster_care", "unaccompanied"),
        floor=0,
        dialect=AUTOCOMM,
        called="students",
        student="student_number",
        same=(terms.same_students,),
        allowed=(
            Allowed(("homeless_code",), ("HMLS1", "HMLS2", "HMLS3", "HMLS4")),
            Allowed(("foster_care", "unaccompanied"), ("Y", "N")),
        ),
        written=(Written(("student_number",), terms.student_number),),
        conditions=(says_something("homeless_code", "foster_care", "unaccompanied"),),
        apart=_elsewhere(others),
        churn=few,
    )


def plans(
    views: str, terms: Terms, server: str, few: Churn, *, others: Others, leaves_with: tuple[str, ...] = ()
) -> ViewFile:
    """The students of the server with an individual education programme, and its days."""
    return ViewFile(
        view=f"{views}.IEP_Import_{server}",
        name=f"IEP_Import_{server}.txt",
        key=("student_number",),
        required=("student_number", "sped_code", "disability", "iep_start", "iep_end"),
        leaves_with=leaves_with,
        dialect=AUTOCOMM,
        called="students with a plan",
        student="student_number",
        same=(terms.same_students,),
        written=(
            Written(("student_number",), terms.student_number),
            Written(("sped_code", "disability"), TWO_DIGITS),
            Written(("iep_start", "iep_end"), MONTH_FIRST),
        ),
        conditions=(in_order("iep_start", "iep_end", MONTH_FIRST),),
        apart=_elsewhere(others),
        churn=few,
        column_churn=(replace(terms.grades, columns=("iep_start", "iep_end")),),
    )
