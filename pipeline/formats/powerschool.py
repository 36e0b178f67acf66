"""PowerSchool's student information system: its exports, which come in, and what its imports read.

An account import has a header; the other three kinds are AutoComm's, which reads no quotation marks and no header.
"""

import datetime as dt
from dataclasses import replace

from pipeline.catalogue.conditions import in_order, says_something
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.limits import (
    ADDRESSES,
    EMAIL,
    MONTH_FIRST,
    TWO_DIGITS,
    Allowed,
    Apart,
    Churn,
    Personal,
    Written,
)
from pipeline.catalogue.place import DropFolder, Source
from pipeline.catalogue.terms import Terms

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
