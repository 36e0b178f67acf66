"""The files for PowerSchool's imports: accounts under a header, the other three kinds AutoComm's."""

from dataclasses import replace

from pipeline.catalogue.conditions import in_order, says_something
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.dialect import Dialect
from pipeline.catalogue.limits import (
    ADDRESSES,
    ANY,
    EMAIL,
    FALL,
    GRADES,
    MONTH_FIRST,
    PEOPLE,
    SAME_STUDENTS,
    STUDENT_NUMBER,
    TWO_DIGITS,
    Allowed,
    Apart,
    Churn,
    Personal,
    Window,
    Written,
)

# What PowerSchool's AutoComm reads: no quotation marks, no header. Nothing published names its line end; ours is LF.
AUTOCOMM = Dialect(delimiter="\t", quoting="none", header=False, reserved='"')
# Who is missing is not deleted: the import leaves what it does not name. In the fall most of it begins anew, also where
# there was none: at most as many as a quarter of the district may be.
FEW = Churn(drops=0.5, adds=1, windows=(Window(*FALL, Churn(drops=ANY, adds=ANY, changes=ANY, from_nothing=1000)),))
OTHER = {"RSD": "BLF", "BLF": "RSD"}


def _elsewhere(server: str) -> Apart:
    """A student is on one server: on the other one the number is nobody's, or somebody else's."""
    return Apart("student_number", f"GoogleForPSImport_{OTHER[server]}.txt", "student_number")


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
        same=(SAME_STUDENTS,),
        written=(Written(("student_number",), STUDENT_NUMBER), Written(("import_email",), EMAIL)),
        personal=(Personal(("import_email",)),),
        apart=(
            _elsewhere(server),
            Apart("import_email", f"GoogleForPSImport_{OTHER[server]}.txt", "import_email"),
        ),
        churn=PEOPLE,
        column_churn=(replace(ADDRESSES, columns=("import_email",)),),
        kept=("import_email",),
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
        same=(SAME_STUDENTS,),
        allowed=(
            Allowed(("rti_tier",), ("1", "2", "3")),
            Allowed(("rti_subject",), ("Reading", "Math", "Writing", "Behavior")),
        ),
        written=(Written(("student_number",), STUDENT_NUMBER), Written(("start_date",), MONTH_FIRST)),
        apart=(_elsewhere(server),),
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
        same=(SAME_STUDENTS,),
        allowed=(
            Allowed(("homeless_code",), ("HMLS1", "HMLS2", "HMLS3", "HMLS4")),
            Allowed(("foster_care", "unaccompanied"), ("Y", "N")),
        ),
        written=(Written(("student_number",), STUDENT_NUMBER),),
        conditions=(says_something("homeless_code", "foster_care", "unaccompanied"),),
        apart=(_elsewhere(server),),
        churn=FEW,
    )


POWERSCHOOL = (
    google_for_powerschool("RSD", floor=50),
    google_for_powerschool("BLF", floor=5),
    ViewFile(
        view="powerschool_imports.IEP_Import_RSD",
        name="IEP_Import_RSD.txt",
        key=("student_number",),
        required=("student_number", "sped_code", "disability", "iep_start", "iep_end"),
        leaves_with=("TN_options_report_2014",),
        dialect=AUTOCOMM,
        called="students with a plan",
        student="student_number",
        same=(SAME_STUDENTS,),
        written=(
            Written(("student_number",), STUDENT_NUMBER),
            Written(("sped_code", "disability"), TWO_DIGITS),
            Written(("iep_start", "iep_end"), MONTH_FIRST),
        ),
        conditions=(in_order("iep_start", "iep_end", MONTH_FIRST),),
        apart=(_elsewhere("RSD"),),
        churn=FEW,
        column_churn=(replace(GRADES, columns=("iep_start", "iep_end")),),
    ),
    *map(response_to_intervention, ("RSD", "BLF")),
    *map(homeless_foster, ("RSD", "BLF")),
)
