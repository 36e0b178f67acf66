"""Every file that comes in: one row each. Adding a feed is a row here and a schema file; nothing else knows of it."""

import datetime as dt
from dataclasses import replace

from pipeline.catalogue.feed import Feed, Reader
from pipeline.catalogue.place import DropFolder, PortalReport, Report, SftpFolder, Source
from pipeline.inbound.readers import error_report, viewer_report

from .schools import SCHOOLS


def powerschool(stem: str, *key: str, floor: int = 1, servers: tuple[str, ...] = ("RSD", "BLF")) -> Feed:
    """The export `<stem>.csv` of the PowerSchool servers, stacked by column name. Each of `servers` must send it."""
    tag = "district_identification"
    return Feed(
        name=stem,
        dataset="powerschool_combined",
        folder="powerschool_combined",
        file=f"{stem}.csv",
        sources=tuple(Source(server, DropFolder(f"powerschool_{server.lower()}"), f"{stem}.csv") for server in servers),
        key=(tag, *(key or ("id",))),
        floor=floor,
        due=dt.time(5, 0),
        tag=tag,
    )


def savvas(kind: str, *key: str) -> Feed:
    """The newest score file of that kind on SAVVAS's server."""
    return Feed(
        name=f"savvas_{kind.lower()}_scores",
        dataset="misc_imports",
        folder="misc_imports",
        file=f"savvas_{kind.lower()}_scores.csv",
        sources=(Source("savvas", SftpFolder("savvas", "/scores"), f"SAVVAS_Realize_{kind}_Scores*.csv"),),
        key=key,
    )


# Every file there must be some feed's: `others` names those that are known and not wanted.
IDENTITIES = SftpFolder("clever_reports", "idm-sensitive-exports", others=())


def identities(whose: str, name: str, *key: str, dataset: str = "misc_imports", ignored: tuple[str, ...]) -> Feed:
    """Columns of Clever's identity export `google-<whose>-passwords.csv`. Our copies of it go after a day: the file
    holds passwords, whatever of it is loaded."""
    return Feed(
        name=name,
        dataset=dataset,
        folder=dataset,
        file=f"{name}.csv",
        sources=(Source("clever", IDENTITIES, f"google-{whose}-passwords.csv"),),
        key=key,
        ignored=ignored,
        landing_days=1,
    )


def eis(report: Report, file: str, reader: Reader, *key: str) -> Feed:
    """A report of the state's portal for every school, stacked; `file` is its name there, with {school}.

    What was downloaded goes as soon as it is read: the error reports hold social security numbers.
    """
    return Feed(
        name=f"{report}_stack",
        dataset="eis",
        folder="EIS",
        file=f"{report}_stack.csv",
        sources=tuple(
            Source(f"{login}-{school}", PortalReport(login, school, role, report), file.format(school=school))
            for login, schools in SCHOOLS.items()
            for school, role in schools.items()
        ),
        key=key,
        floor=0,  # a school without an error, a report before its period
        due=dt.time(8, 0),
        landing_days=1,
        reader=reader,
    )


NAMES = ("last_name", "first_name", "middle_name")
ERROR_TEXTS = (
    *(f"{whose}_{which}_nm" for whose in ("student", "staff") for which in ("first", "middle", "last", "suffix")),
    "error_desc",
    "detail_info",
)

FEEDS = (
    powerschool("assignments", "assignmentsectionid", floor=0),  # none before the first
    powerschool("attendance"),
    powerschool("attendance_code"),
    powerschool("attendance_conversion"),
    powerschool("attendance_taken"),
    replace(powerschool("calendar_day", floor=100), dated="as_of"),  # so that views know which day it is
    powerschool("cc", floor=50),
    powerschool("classifications"),
    powerschool("courses", floor=5),
    powerschool("custom", "studentid", floor=50),
    powerschool("cycle_day"),
    powerschool("easyiep", "studentid", servers=("RSD",)),  # legacy; BLF's special education never was in it
    powerschool("fte"),
    powerschool("gpa_current", "studentid", floor=0),  # only where there are grades 9 to 12
    powerschool("incidents", "incident_id", floor=0),  # a quiet school has none
    powerschool("incident_data", "incident_detail_id", floor=0),
    powerschool("periods", floor=5),
    powerschool("pgfinalgrades", "dcid", floor=0),
    powerschool("ps_membership_defaults", "studentid", "schoolid", "firstday", floor=50),
    powerschool("reenrollments", floor=10),
    powerschool("schools", "school_number"),
    powerschool("section_meeting", floor=50),
    powerschool("section_teacher", floor=20),
    powerschool("sections", floor=5),
    powerschool("sped", "studentid"),
    powerschool("stored_grades", "dcid", floor=0),  # likewise
    # In two weeks somebody comes, leaves or moves. Names are typed by people.
    replace(powerschool("students", floor=50), repeats=14, trimmed=NAMES),
    replace(powerschool("teachers", floor=5), trimmed=NAMES),
    powerschool("terms", "id", "schoolid"),
    replace(
        identities(
            "students",
            "google_students_passwords",
            "clever_id",
            ignored=("provisioned_password",),
        ),
        layout="known",
    ),
    replace(
        identities(
            "students",
            "google_students_provisioned",
            "student_number",
            dataset="misc_imports_restricted",
            ignored=("clever_id", "sis_id", "google_id"),
        ),
        layout="known",
    ),
    identities("teachers", "google_teachers_passwords", "clever_id", ignored=("provisioned_password",)),
    Feed(  # legacy: the state put TN PULSE in EasyIEP's place in 2023. Without it, the row's name goes into `off`.
        name="TN_options_report_2014",
        dataset="misc_imports",
        folder="misc_imports",
        file="TN_options_report_2014.txt",
        sources=(Source("easyiep", SftpFolder("easyiep", "Reports"), "TN-Options Report 2014.txt"),),
        key=("student_number", "option"),
        delimiter="\t",
    ),
    savvas("Assessment", "student_id", "class", "assessment", "submit_date"),
    savvas("Standards", "student_id", "class", "standard_code", "submit_date"),
    eis(
        "ADMAudit",
        "ADMAudit.csv",
        viewer_report,
        *("schoolyear", "districtno", "schoolno", "studentstateid", "instructionalprogram", "admperiod"),
    ),
    eis(
        "StudentMembership",
        "StudentMembership.csv",
        viewer_report,
        *("schoolyear", "districtno", "schoolno", "studentstateid", "enrollmentdate"),
    ),
    # No key: an error may stand there twice, and what numbers its lines is not public.
    # What is odd in a name may be the very error that the row reports.
    replace(eis("AllErr", "Sch{school}AllErr.csv", error_report), layout="known", trimmed=ERROR_TEXTS),
)
