"""Every file that comes in: one row each, and one schema (schemas/<dataset>/<feed>.json)."""

#: with rosters
from dataclasses import replace
from functools import partial

#: with savvas powerschool+clever
from pipeline.catalogue.place import SftpFolder
#: with powerschool+clever
from pipeline.formats import clever
#: with eis
from pipeline.formats import eis
#: with savvas
from pipeline.formats import savvas
#: with rosters
from pipeline.formats.powerschool import NAMES, export
#: with eis

from .schools import SCHOOLS
#: with rosters
from .terms import SERVERS

powerschool = partial(export, servers=SERVERS)
#: with powerschool+clever
IDENTITIES = SftpFolder("clever_reports", "idm-sensitive-exports", others=())
#: with savvas
SCORES = SftpFolder("savvas", "/scores")
#: always

FEEDS = (
#: with rosters
    powerschool("attendance", floor=0),
    powerschool("attendance_code"),
    replace(powerschool("calendar_day"), dated="as_of"),  # so that views know which day it is
    powerschool("cc"),
#: with powerschool
    powerschool("classifications", floor=0),
#: with rosters
    powerschool("courses"),
    powerschool("custom"),
    powerschool("gpa_current", floor=0),
    powerschool("incident_data", floor=0),
    powerschool("incidents", floor=0),
    powerschool("reenrollments", floor=0),
    powerschool("schools"),
    powerschool("section_meeting"),
    powerschool("section_teacher"),
    powerschool("sections"),
    powerschool("sped", floor=0),
    replace(powerschool("students"), repeats=14, trimmed=NAMES),
    replace(powerschool("teachers"), trimmed=NAMES),
    powerschool("terms"),
#: with powerschool+clever
    clever.identities(
        *(IDENTITIES, "students", "google_students_provisioned", "student_number"),
        dataset="misc_imports_restricted",
        ignored=("clever_id", "sis_id", "google_id"),
        layout="known",
    ),
#: with savvas
    savvas.scores(SCORES, "Assessment", dataset="misc_imports"),
    savvas.scores(SCORES, "Standards", dataset="misc_imports"),
#: with eis
    *eis.reports(SCHOOLS),
#: always
)
