"""Every file that comes in: one row each. Adding a feed is a row here and a schema file; nothing else knows of it."""

from dataclasses import replace
from functools import partial

from pipeline.catalogue.place import SftpFolder
from pipeline.formats import clever, easyiep, eis, savvas
from pipeline.formats.powerschool import NAMES, export

from .schools import SCHOOLS

powerschool = partial(export, servers=("RSD", "BLF"))
# Every file there must be some feed's: `others` names those that are known and not wanted.
IDENTITIES = SftpFolder("clever_reports", "idm-sensitive-exports", others=())
SCORES = SftpFolder("savvas", "/scores")

FEEDS = (
    powerschool("assignments", floor=0),  # none before the first
    powerschool("attendance"),
    powerschool("attendance_code"),
    powerschool("attendance_conversion"),
    powerschool("attendance_taken"),
    replace(powerschool("calendar_day", floor=100), dated="as_of"),  # so that views know which day it is
    powerschool("cc", floor=50),
    powerschool("classifications"),
    powerschool("courses", floor=5),
    powerschool("custom", floor=50),
    powerschool("cycle_day"),
    powerschool("easyiep", servers=("RSD",)),  # legacy; BLF's special education never was in it
    powerschool("fte"),
    powerschool("gpa_current", floor=0),  # only where there are grades 9 to 12
    powerschool("incidents", floor=0),  # a quiet school has none
    powerschool("incident_data", floor=0),
    powerschool("periods", floor=5),
    powerschool("pgfinalgrades", floor=0),
    powerschool("ps_membership_defaults", floor=50),
    powerschool("reenrollments", floor=10),
    powerschool("schools"),
    powerschool("section_meeting", floor=50),
    powerschool("section_teacher", floor=20),
    powerschool("sections", floor=5),
    powerschool("sped"),
    powerschool("stored_grades", floor=0),  # likewise
    # In two weeks somebody comes, leaves or moves. Names are typed by people.
    replace(powerschool("students", floor=50), repeats=14, trimmed=NAMES),
    replace(powerschool("teachers", floor=5), trimmed=NAMES),
    powerschool("terms"),
    clever.identities(
        *(IDENTITIES, "students", "google_students_passwords", "clever_id"),
        dataset="misc_imports",
        ignored=("provisioned_password",),
        layout="known",
    ),
    clever.identities(
        *(IDENTITIES, "students", "google_students_provisioned", "student_number"),
        dataset="misc_imports_restricted",
        ignored=("clever_id", "sis_id", "google_id"),
        layout="known",
    ),
    clever.identities(
        *(IDENTITIES, "teachers", "google_teachers_passwords", "clever_id"),
        dataset="misc_imports",
        ignored=("provisioned_password",),
        layout="modelled",
    ),
    # Without EasyIEP, the row's name goes into `off`.
    easyiep.options(SftpFolder("easyiep", "Reports"), dataset="misc_imports"),
    savvas.scores(SCORES, "Assessment", dataset="misc_imports"),
    savvas.scores(SCORES, "Standards", dataset="misc_imports"),
    *eis.reports(SCHOOLS),
)
